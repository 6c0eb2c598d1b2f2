//! `keyport secret`: rotating the instance secret.
//!
//! 1. `rotate` puts a new secret in front of the others; those are kept for reading. Each instance takes it on when it is
//!    started again. With several instances, `rotate --prepare` first: all of them must know a secret before one of them
//!    makes anything under it; then `promote`.
//! 2. Digests of keys and replaced secrets move as they are presented, sealed values within the hour, sessions as their
//!    browsers come back.
//! 3. `status` says what still depends on which; `retire` takes one away that nothing needs any more.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{CommandError, create_private, opened, opened_to_read, print, refuse};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::instance_secret::{InstanceSecretError, InstanceSecrets};
use crate::crypto::random::system_rng;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::secret_rotation::{Dependents, dependents};
use crate::secret::Secret;
use crate::server::{Opened, secret_file};
use crate::store::StoreError;

/// What to do with the instance secret.
#[derive(Subcommand)]
pub enum SecretCommand {
    /// Make a new instance secret; the ones before are kept for reading.
    Rotate {
        /// Only let it be known; keyport secret promote makes it the current one.
        #[arg(long)]
        prepare: bool,
    },
    /// Make a secret that is known the current one.
    Promote {
        /// Its id.
        id: String,
    },
    /// Say what depends on which secret.
    Status,
    /// Take away a secret that nothing depends on.
    Retire {
        /// Its id.
        id: String,
        /// Also if something depends on it, which then stops working.
        #[arg(long)]
        force: bool,
    },
}

/// Runs one of them.
///
/// # Errors
/// If the secret does not come from a file, the arguments are refused, or the file or the database fails.
pub fn run(
    config: &Config,
    clock: &SharedClock,
    command: SecretCommand,
) -> Result<(), CommandError> {
    // Opened before anything is changed: a secret that does not belong to the database must not be rotated.
    let opened = match command {
        SecretCommand::Status => opened_to_read(config, clock)?,
        _ => opened(config, clock)?,
    };
    let all = list(&opened, clock)?;
    match command {
        SecretCommand::Status => status(&all),
        SecretCommand::Rotate { prepare } => {
            let text = read(config)?;
            let new = readable(InstanceSecrets::with_new(
                &text,
                &mut system_rng(),
                !prepare,
            ))?;
            let id = new_id(&text, &new)?;
            write(&secret_file(config), &new)?;
            record(
                config,
                clock,
                if prepare { "prepare" } else { "rotate" },
                &id,
            )?;
            match prepare {
                true => print(format!(
                    "Instances know the new secret {id} once they are started again. When all were: keyport secret promote {id}"
                )),
                false => print(format!(
                    "{id} is the current secret now, for each instance once it is started again. keyport secret status says what still depends on the ones before."
                )),
            }
        }
        SecretCommand::Promote { id } => {
            let text = read(config)?;
            let Some(new) = readable(InstanceSecrets::with_current(&text, &id))? else {
                return refuse(format!(
                    "there is no secret {id}: see keyport secret status"
                ));
            };
            write(&secret_file(config), &new)?;
            record(config, clock, "promote", &id)?;
            print(format!(
                "{id} is the current secret now, for each instance once it is started again."
            ))
        }
        SecretCommand::Retire { id, force } => {
            let Some(one) = all.iter().find(|one| one.id == id) else {
                return refuse(format!(
                    "there is no secret {id}: see keyport secret status"
                ));
            };
            if one.is_current {
                return refuse(format!(
                    "{id} is the current secret: rotate or promote another first"
                ));
            }
            if one.are_needed() && !force {
                return refuse(format!(
                    "{id} is needed by {}: wait until they have moved, or add --force, and they stop working",
                    words(one)
                ));
            }
            let Some(new) = readable(InstanceSecrets::without(&read(config)?, &id))? else {
                return refuse(format!(
                    "there is no secret {id}: see keyport secret status"
                ));
            };
            record(config, clock, "retire", &id)?;
            write(&secret_file(config), &new)?;
            print(format!(
                "{id} is gone, for each instance once it is started again."
            ))
        }
    }
}

fn status(all: &[Dependents]) -> Result<(), CommandError> {
    for one in all {
        let state = match (one.is_current, one.are_needed()) {
            (true, _) => "current",
            (false, true) => "needed",
            (false, false) => "not needed",
        };
        print(format!("{}\t{state}\t{}", one.id, words(one)))?;
        if !one.is_current {
            print(format!("\t\t{}", cost(one)))?;
        }
    }
    Ok(())
}

fn words(one: &Dependents) -> String {
    let uses = &one.uses;
    format!(
        "{} active keys, {} ended keys, {} old secrets in their overlap, {} replaced secrets, {} recovery codes, {} sealed values",
        uses.active_keys,
        uses.ended_keys,
        uses.overlaps,
        uses.replaced,
        uses.recovery_codes,
        uses.sealed
    )
}

/// What retiring a secret takes away beyond what works, and can be waited for only in part.
fn cost(one: &Dependents) -> String {
    let uses = &one.uses;
    let unrecognised = uses.ended_keys + uses.replaced;
    let unrecognised = match unrecognised {
        0 => String::new(),
        count => format!(
            "whoever presents one of the {count} ended keys and replaced secrets is answered invalid_key and no longer \
             noticed (those that are presented before move by themselves), "
        ),
    };
    format!(
        "once it is retired, {unrecognised}browsers that have not come back since it was replaced are signed out, and \
         unsubscribe links in mails that were sent under it lead to a page that says so"
    )
}

fn list(opened: &Opened, clock: &SharedClock) -> Result<Vec<Dependents>, CommandError> {
    let now = clock.now();
    let listed: Result<_, StoreError> =
        (opened.pool).read_now(|db| dependents(db, now, &opened.policy.secrets));
    Ok(listed?)
}

/// Opened anew: the database learns the new secret's fingerprint.
fn record(config: &Config, clock: &SharedClock, what: &str, id: &str) -> Result<(), CommandError> {
    let opened = opened(config, clock)?;
    let act = Act::by_command(clock.now(), opened.policy.secrets.audit_keys());
    let target = format!("{what} {id}");
    opened
        .pool
        .write_now(|db| act.record(db, None, Action::SecretChange, Some(&target), Outcome::Done))?;
    Ok(())
}

fn read(config: &Config) -> Result<Secret<String>, CommandError> {
    if config.secret.is_some() {
        return refuse(
            "the instance secret comes from KEYPORT_SECRET: put a new entry, id:base64 of 32 random bytes, in front of the \
             others there, and start each instance again",
        );
    }
    let path = secret_file(config);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) => refuse(format!("cannot read {}: {error}", path.display())),
    }
}

fn readable<T>(result: Result<T, InstanceSecretError>) -> Result<T, CommandError> {
    result.or_else(|error| refuse(format!("bad instance secret: {error}")))
}

/// The id that only the second text has.
fn new_id(before: &Secret<String>, after: &Secret<String>) -> Result<String, CommandError> {
    let (before, after) = (
        readable(InstanceSecrets::parse(before))?,
        readable(InstanceSecrets::parse(after))?,
    );
    let new = after.ids().find(|id| before.position(id).is_none());
    match new {
        Some(id) => Ok(id.to_owned()),
        None => refuse("the new secret is not there"),
    }
}

/// Whole, or not at all: written beside it and put in its place.
fn write(path: &Path, text: &Secret<String>) -> Result<(), CommandError> {
    let draft: PathBuf = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = create_private(&draft)?;
    let written = file
        .write_all(text.expose().as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&draft, path));
    if let Err(error) = written {
        // What went wrong first is what is told.
        drop(std::fs::remove_file(&draft));
        return refuse(format!("cannot write {}: {error}", path.display()));
    }
    Ok(())
}
