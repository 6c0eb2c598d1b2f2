//! Makes the keys of the demonstration.

use chrono::TimeDelta;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Serialize;

use super::accounts::{ACCOUNTS, DemoKey};
use super::scene::{Event, Scene};
use super::usage::write_usage;
use crate::clock::Timestamp;
use crate::commands::{CommandError, refuse};
use crate::domain::accounts::Account;
use crate::domain::api_keys::addresses::AllowedAddresses;
use crate::domain::api_keys::key_string::FullKey;
use crate::domain::api_keys::scopes::Access;
use crate::domain::api_keys::{self, KeyState, NewApiKey};
use crate::domain::integrations::limits::CallLimits;
use crate::domain::text::Name;
use crate::ids::ApiKeyId;
use crate::server::chain;
use crate::store::Db;
use crate::store::last_uses::{self, LastUseRow};

/// A key as it is printed.
#[derive(Serialize)]
pub(super) struct MadeKey {
    id: String,
    name: &'static str,
    state: &'static str,
    key: String,
}

/// How a key came to be what it is.
pub(super) fn events(email: &'static str, demo: &'static DemoKey) -> Vec<Event> {
    let mut events = vec![Event::new(demo.age, move |db, scene, at| {
        make(db, scene, at, email, demo)
    })];
    events.extend(demo.deactivated.map(|ago| {
        Event::new(ago, move |db, scene, at| {
            let account = scene.account(email)?;
            let id = ApiKeyId::random(&mut generator(scene, email, demo));
            let act = scene.by(&account, at);
            api_keys::deactivate(db, &act, account.id, id)
                .or_else(|error| refuse(chain(&error)))?;
            Ok(())
        })
    }));
    events
}

/// The key's own generator: what is drawn for one key never shifts the next one's.
fn generator(scene: &Scene<'_>, email: &str, demo: &DemoKey) -> StdRng {
    let seed = scene
        .policy
        .secrets
        .demo_seed(&format!("{email}/{}", demo.name));
    StdRng::from_seed(seed)
}

/// The id of a key of an account of the demonstration.
pub(super) fn id_of(scene: &Scene<'_>, email: &str, name: &str) -> Result<ApiKeyId, CommandError> {
    let account = ACCOUNTS.iter().find(|account| account.email == email);
    let demo = account.and_then(|account| account.keys.iter().find(|key| key.name == name));
    match demo {
        Some(demo) => Ok(ApiKeyId::random(&mut generator(scene, email, demo))),
        None => refuse(format!("{email} has no key {name}")),
    }
}

/// The key, unless it was deleted.
pub(super) fn find(
    db: &mut Db,
    scene: &Scene<'_>,
    account: &Account,
    demo: &'static DemoKey,
) -> Result<Option<MadeKey>, CommandError> {
    let rng = &mut generator(scene, &account.email, demo);
    let id = ApiKeyId::random(rng);
    let Some(key) = api_keys::find(db, account.id, id)? else {
        return Ok(None);
    };
    Ok(Some(MadeKey {
        id: key.id.to_string(),
        name: demo.name,
        state: match key.state_at(scene.now) {
            KeyState::Active => "active",
            KeyState::Expired => "expired",
            KeyState::Deactivated => "deactivated",
        },
        key: FullKey::generate(&scene.policy.brand, id, rng)
            .reveal()
            .to_owned(),
    }))
}

fn make(
    db: &mut Db,
    scene: &Scene<'_>,
    at: Timestamp,
    email: &str,
    demo: &DemoKey,
) -> Result<(), CommandError> {
    let account = scene.account(email)?;
    let rng = &mut generator(scene, email, demo);
    let access = match demo.scopes {
        [] => Access::All,
        names => Access::from_stored(Some(&names.join(" "))),
    };
    let new = NewApiKey {
        name: Name::parse(demo.name).or_else(|error| refuse(error.to_string()))?,
        expires_at: demo.life.map(|life| at + TimeDelta::minutes(life)),
        access,
        allowed_addresses: AllowedAddresses::default(),
        rate_limit: None,
        call_limits: CallLimits::default(),
    };
    let act = scene.by(&account, at);
    let (key, _) = api_keys::create(db, &act, scene.policy, rng, account.id, new)
        .or_else(|error| refuse(chain(&error)))?;
    if let Some((ago, address, client)) = demo.used {
        let last = scene.now - TimeDelta::minutes(ago);
        write_usage(db, rng, &key, last, address, client)?;
        let mut uses = [LastUseRow {
            api_key_id: key.id,
            used_at: last,
            address: address.to_owned(),
            client: client.to_owned(),
        }];
        last_uses::upsert(db, &mut uses)?;
    }
    Ok(())
}
