//! `keyport user …`: accounts, for those with a shell on the server.

use std::io::Read as _;

use clap::Subcommand;

use super::{CommandError, account, confirmed_account, opened, opened_to_read, print, refuse};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::random::system_rng;
use crate::domain::accounts::{self, SignUpError};
use crate::domain::audit::Act;
use crate::domain::passwords;
use crate::domain::security::password::NewPassword;
use crate::domain::text::{EmailAddress, Name};
use crate::secret::Secret;
use crate::server::Opened;

/// What can be done to accounts.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Make an account; prints a one-time link to set its password, which works for 24 hours.
    Add {
        /// Its address.
        email: String,
        /// Its name; the part of the address before the @ if none is given.
        #[arg(long)]
        name: Option<String>,
        /// Read the password from standard input instead of printing a link.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all accounts.
    List,
    /// Disable an account: its sessions end, its keys are refused from the next request on.
    Disable {
        /// Its address.
        email: String,
    },
    /// Enable a disabled account.
    Enable {
        /// Its address.
        email: String,
    },
    /// Make an account an operator.
    Operator {
        /// Its address.
        email: String,
        /// Take the role away.
        #[arg(long)]
        off: bool,
    },
}

/// Runs one of them.
///
/// # Errors
/// If the arguments are refused or the database fails.
pub fn run(config: &Config, clock: &SharedClock, command: UserCommand) -> Result<(), CommandError> {
    let Opened { pool, policy } = match command {
        UserCommand::List => opened_to_read(config, clock)?,
        _ => opened(config, clock)?,
    };
    let act = Act::by_command(clock.now(), policy.secrets.audit_keys());
    match command {
        UserCommand::Add {
            email,
            name,
            password_stdin,
        } => {
            let Ok(address) = EmailAddress::parse(&email) else {
                return refuse(format!("“{email}” is not an email address"));
            };
            let default = address.as_str().split('@').next().unwrap_or_default();
            let name = match Name::parse(name.as_deref().unwrap_or(default)) {
                Ok(name) => name,
                Err(error) => return refuse(format!("bad --name: {error}")),
            };
            let hash = match password_stdin {
                true => Some(read_password(address.as_str())?.hash(&mut system_rng())),
                false => None,
            };
            let token = pool.write_now(|db| {
                let rng = &mut system_rng();
                let made = accounts::sign_up(db, &act, rng, &name, &address, hash.as_ref());
                let made = match made {
                    Ok(made) => made,
                    Err(SignUpError::EmailTaken) => {
                        return refuse(format!(
                            "there is already an account with the address {address}"
                        ));
                    }
                    Err(SignUpError::Store(error)) => return Err(error.into()),
                };
                match hash {
                    Some(_) => Ok(None),
                    None => Ok(Some(passwords::make_link(db, &act, rng, made.id)?)),
                }
            })?;
            match token {
                None => print(format!("{address} can sign in now.")),
                Some(token) => print(format!(
                    "Set a password within 24 hours:\n{}password/reset?token={}",
                    config.public_url,
                    token.expose()
                )),
            }
        }
        UserCommand::List => {
            let all = pool.read_now(accounts::list)?;
            for account in all {
                let mut words = Vec::new();
                if account.is_operator {
                    words.push("operator");
                }
                if account.closed_at.is_some() {
                    words.push("closed");
                } else if account.disabled_at.is_some() {
                    words.push("disabled");
                }
                if account.unverified_since.is_some() {
                    words.push("address not confirmed");
                }
                if account.password_set_at.is_none() && account.closed_at.is_none() {
                    words.push("no password yet");
                }
                print(format!(
                    "{}\t{}\t{}\t{}",
                    account.id,
                    account.email,
                    account.name,
                    words.join(", ")
                ))?;
            }
            Ok(())
        }
        UserCommand::Disable { email } => {
            pool.write_now(|db| {
                let found = account(db, &email)?;
                Ok::<_, CommandError>(accounts::disable(db, &act, found.id)?)
            })?;
            print(format!(
                "{email} is disabled: its keys are refused from now on."
            ))
        }
        UserCommand::Enable { email } => {
            pool.write_now(|db| {
                let found = account(db, &email)?;
                Ok::<_, CommandError>(accounts::enable(db, &act, found.id)?)
            })?;
            print(format!("{email} is enabled."))
        }
        UserCommand::Operator { email, off } => {
            pool.write_now(|db| {
                let found = match off {
                    true => account(db, &email)?,
                    false => confirmed_account(db, &email)?,
                };
                Ok::<_, CommandError>(accounts::set_operator(db, &act, found.id, !off)?)
            })?;
            let state = if off {
                "no longer an operator"
            } else {
                "an operator now"
            };
            print(format!("{email} is {state}."))
        }
    }
}

fn read_password(email: &str) -> Result<NewPassword, CommandError> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .or_else(|error| refuse(format!("cannot read the password: {error}")))?;
    // The line end is the shell's, not the password's.
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    match NewPassword::parse(Secret::new(text)).and_then(|password| password.for_account(email)) {
        Ok(password) => Ok(password),
        Err(error) => refuse(error.to_string()),
    }
}
