//! `keyport key …`: API keys, for those with a shell on the server.

use clap::Subcommand;

use super::{CommandError, account, confirmed_account, opened, opened_to_read, print, refuse};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::random::system_rng;
use crate::domain::api_keys::addresses::AllowedAddresses;
use crate::domain::api_keys::expiry::{Expiry, Life};
use crate::domain::api_keys::policy::KeyPolicy;
use crate::domain::api_keys::rate_limit::RateLimit;
use crate::domain::api_keys::scopes::{Access, needs_operator};
use crate::domain::api_keys::{self, Deactivated, KeyList, KeyState, NewApiKey};
use crate::domain::audit::Act;
use crate::domain::integrations::limits::CallLimits;
use crate::domain::mail::Outbox;
use crate::domain::text::Name;
use crate::ids::ApiKeyId;

/// What can be done to keys.
#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a key; prints the full key and nothing else.
    Create {
        /// Address of the account it acts as.
        #[arg(long)]
        account: String,
        /// Its name.
        #[arg(long)]
        name: String,
        /// 1h, 7d, 30d, 90d, 1y or never. Without it 90d, or the longest of them that the settings allow.
        #[arg(long)]
        expires_in: Option<String>,
        /// A scope; may be repeated. Without any, all but managing and verifying keys.
        #[arg(long)]
        scope: Vec<String>,
        /// An address or CIDR block that it may be used from; may be repeated. Without any, everywhere.
        #[arg(long, value_name = "ADDRESS")]
        allow: Vec<String>,
        /// Requests a minute that it may make.
        #[arg(long, value_name = "REQUESTS")]
        rate_limit: Option<i64>,
    },
    /// List an account's keys.
    List {
        /// Its address.
        #[arg(long)]
        account: String,
    },
    /// Deactivate a key, for ever.
    Deactivate {
        /// Its id or prefix.
        key: String,
    },
}

/// Runs one of them.
///
/// # Errors
/// If the arguments are refused or the database fails.
pub fn run(config: &Config, clock: &SharedClock, command: KeyCommand) -> Result<(), CommandError> {
    let opened = match command {
        KeyCommand::List { .. } => opened_to_read(config, clock)?,
        _ => opened(config, clock)?,
    };
    let (pool, policy) = (opened.pool, opened.policy);
    let outbox = Outbox::new(policy.secrets.clone());
    let act = Act::by_command(clock.now(), policy.secrets.audit_keys());
    match command {
        KeyCommand::Create {
            account: email,
            name,
            expires_in,
            scope,
            allow,
            rate_limit,
        } => {
            let allowed_addresses = AllowedAddresses::parse(allow.iter().map(String::as_str))
                .or_else(|error| refuse(format!("bad --allow: {error}")))?;
            let rate_limit = (rate_limit.map(RateLimit::new).transpose())
                .or_else(|error| refuse(format!("bad --rate-limit: {error}")))?;
            let name =
                Name::parse(&name).or_else(|error| refuse(format!("bad --name: {error}")))?;
            let expiry = match expires_in.as_deref() {
                None => Expiry::After(Life::suggested(policy.longest_life)),
                Some("never") => Expiry::Never,
                Some(word) => match Life::from_word(word) {
                    Some(life) => Expiry::After(life),
                    None => return refuse("bad --expires-in: write 1h, 7d, 30d, 90d, 1y or never"),
                },
            };
            let full_key = pool.write_now(|db| {
                let owner = confirmed_account(db, &email)?;
                let expires_at = expiry
                    .resolve(act.now, owner.time_zone, policy.longest_life)
                    .or_else(|error| refuse(format!("bad --expires-in: {error}")))?;
                let access = access(&policy, &scope, owner.is_operator)?;
                let new = NewApiKey {
                    name,
                    expires_at,
                    access,
                    allowed_addresses,
                    rate_limit,
                    call_limits: CallLimits::default(),
                };
                let made = api_keys::create(db, &act, &policy, &mut system_rng(), owner.id, new);
                match made {
                    Ok((key, full_key)) => {
                        outbox.tell_created(db, &act, &key)?;
                        Ok(full_key)
                    }
                    Err(error) => refuse(crate::server::chain(&error)),
                }
            })?;
            print(full_key.reveal())
        }
        KeyCommand::List { account: email } => {
            let keys = pool.read_now(|db| {
                let owner = account(db, &email)?;
                let page = api_keys::list(db, owner.id, KeyList::All, None, None, 100_000)?;
                Ok::<_, CommandError>(page.keys)
            })?;
            for key in keys {
                let state = match key.state_at(act.now) {
                    KeyState::Active => "active",
                    KeyState::Expired => "expired",
                    KeyState::Deactivated => "deactivated",
                };
                let end = key
                    .ended_at(act.now)
                    .or(key.expires_at)
                    .map_or_else(|| "never".to_owned(), |at| at.to_rfc3339());
                print(format!("{}\t{state}\t{end}\t{}", key.prefix, key.name))?;
            }
            Ok(())
        }
        KeyCommand::Deactivate { key } => {
            let text = key.rsplit('_').next().unwrap_or_default();
            let Ok(id) = text.parse::<ApiKeyId>() else {
                return refuse(
                    "write the key's id or prefix, like kp_Zx5bTn0vGf; never the full key",
                );
            };
            let done = pool.write_now(|db| {
                let Some(found) = api_keys::find_anyones(db, id)? else {
                    return refuse(format!("there is no key {id}"));
                };
                match api_keys::deactivate(db, &act, found.account_id, id) {
                    Ok(done) => {
                        outbox.tell_deactivated(db, &act, &done)?;
                        Ok(done)
                    }
                    Err(error) => refuse(crate::server::chain(&error)),
                }
            })?;
            match done {
                Deactivated::Now(key) => print(format!("{} was deactivated.", key.prefix)),
                Deactivated::Before(key) => print(format!(
                    "{} had already ended at {}.",
                    key.prefix,
                    key.ends_at.to_rfc3339()
                )),
            }
        }
    }
}

fn access(policy: &KeyPolicy, names: &[String], is_operator: bool) -> Result<Access, CommandError> {
    if names.is_empty() {
        return Ok(Access::All);
    }
    let mut scopes = std::collections::BTreeSet::new();
    for name in names {
        let Some(scope) = policy.scopes.find(name) else {
            return refuse(format!("bad --scope: there is no scope {name}"));
        };
        if needs_operator(name) && !is_operator {
            return refuse(format!("bad --scope: only operators may have {name}"));
        }
        scopes.insert(scope.clone());
    }
    Ok(Access::Chosen(scopes))
}
