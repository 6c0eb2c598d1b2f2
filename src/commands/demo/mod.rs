//! `keyport demo`: accounts, keys and registered records to look at, for screenshots and for trying the portal out.
//!
//! Passwords and keys follow from the instance secret, so a second run makes nothing and prints the same.

mod accounts;
mod integrations;
mod keys;
mod registry;
mod reports;
mod scene;
mod usage;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Serialize;

use self::accounts::{ACCOUNTS, DAY, DemoAccount};
use self::scene::{Event, Scene, perform};
use super::{CommandError, opened, print, refuse};
use crate::clock::{SharedClock, Timestamp};
use crate::config::Config;
use crate::crypto::random::{base62_text, system_rng};
use crate::domain::accounts as domain_accounts;
use crate::domain::audit::Act;
use crate::domain::security::password::NewPassword;
use crate::domain::text::{EmailAddress, Name};
use crate::secret::Secret;
use crate::server::{self, chain};
use crate::store::Db;

/// When the accounts were made.
const ACCOUNT_AGE: i64 = 640 * DAY;

#[derive(Serialize)]
struct Made {
    accounts: Vec<MadeAccount>,
}

#[derive(Serialize)]
struct MadeAccount {
    email: &'static str,
    password: String,
    name: &'static str,
    operator: bool,
    keys: Vec<keys::MadeKey>,
}

/// Fills the database, or finds that it has been filled, and prints what there is.
///
/// # Errors
/// If there are other accounts and `force` is not given, or the database fails.
pub fn run(
    config: &Config,
    clock: &SharedClock,
    json: bool,
    force: bool,
) -> Result<(), CommandError> {
    let opened = opened(config, clock)?;
    let now = clock.now();
    let (made, new) = opened.pool.write_now(|db| {
        let others = domain_accounts::list(db)?
            .iter()
            .any(|account| !ACCOUNTS.iter().any(|demo| demo.email == account.email));
        if others && !force {
            return refuse(
                "the database has other accounts: use an empty one, or --force to add to it",
            );
        }
        let suffix = &config.registry.suffix;
        let emails = ACCOUNTS.iter().map(|demo| demo.email);
        let mut scene = Scene::new(db, &opened.policy, suffix, now, emails)?;
        let events = events(db, config, &scene)?;
        perform(db, &mut scene, events)?;
        Ok((made(db, &scene)?, registry::new_grantees(&scene)))
    })?;
    // Files are written chunk by chunk, so not in that transaction.
    if let Some((organization, outsider)) = new {
        let act = Act::by_command(now, opened.policy.secrets.audit_keys());
        reports::publish(&opened.pool, clock, &act, &organization, outsider)?;
    }
    if json {
        let text = serde_json::to_string_pretty(&made).map_err(std::io::Error::from)?;
        return print(text);
    }
    for account in &made.accounts {
        let role = if account.operator { " (operator)" } else { "" };
        print(format!(
            "{}\t{}\t{}{role}",
            account.email, account.password, account.name
        ))?;
    }
    print("Sign in with one of these addresses and passwords. --json prints the keys as well.")
}

/// What is missing yet.
fn events(db: &mut Db, config: &Config, scene: &Scene<'_>) -> Result<Vec<Event>, CommandError> {
    let mut events = Vec::new();
    for demo in &ACCOUNTS {
        if scene.find(demo.email).is_none() {
            events.push(Event::new(ACCOUNT_AGE, |db, scene, at| {
                make_account(db, scene, at, demo)
            }));
            events.extend(
                demo.keys
                    .iter()
                    .flat_map(|key| keys::events(demo.email, key)),
            );
        }
    }
    if scene.find(integrations::HOLDER).is_none() {
        events.extend(integrations::events(&server::providers(config)?.catalog));
    }
    if config.registry.enabled {
        events.extend(registry::events(db, scene)?);
    }
    Ok(events)
}

/// Everything that there is now. The texts are the same at every run.
fn made(db: &mut Db, scene: &Scene<'_>) -> Result<Made, CommandError> {
    let mut accounts = Vec::new();
    for demo in &ACCOUNTS {
        let account = scene.account(demo.email)?;
        let mut keys = Vec::new();
        for key in demo.keys {
            keys.extend(keys::find(db, scene, &account, key)?);
        }
        accounts.push(MadeAccount {
            email: demo.email,
            password: password(scene, demo),
            name: demo.name,
            operator: demo.operator,
            keys,
        });
    }
    Ok(Made { accounts })
}

fn password(scene: &Scene<'_>, demo: &DemoAccount) -> String {
    let rng = &mut StdRng::from_seed(scene.policy.secrets.demo_seed(demo.email));
    base62_text(rng, 16)
}

fn make_account(
    db: &mut Db,
    scene: &mut Scene<'_>,
    at: Timestamp,
    demo: &'static DemoAccount,
) -> Result<(), CommandError> {
    let rng = &mut system_rng();
    let email = EmailAddress::parse(demo.email).or_else(|error| refuse(error.to_string()))?;
    let name = Name::parse(demo.name).or_else(|error| refuse(error.to_string()))?;
    let password = NewPassword::parse(Secret::new(password(scene, demo)))
        .or_else(|error| refuse(error.to_string()))?;
    let act = scene.by_command(at);
    let hash = password.hash(rng);
    let account = domain_accounts::sign_up(db, &act, rng, &name, &email, Some(&hash))
        .or_else(|error| refuse(chain(&error)))?;
    if demo.operator {
        domain_accounts::set_operator(db, &act, account.id, true)?;
    }
    scene.add(demo.email, account);
    Ok(())
}
