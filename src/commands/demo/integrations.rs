//! Provider keys of the demonstration: one that works, one that is refused, and one of the server; and calls with them. None of
//! them is real, and no provider is asked about them.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::accounts::{DAY, HOUR};
use super::keys;
use super::scene::{Event, Scene};
use super::usage::write_calls;
use crate::clock::Timestamp;
use crate::commands::{CommandError, refuse};
use crate::crypto::random::{base62_text, system_rng};
use crate::domain::api_keys;
use crate::domain::audit::Act;
use crate::domain::integrations::calls::{note_refused, note_used};
use crate::domain::integrations::provider_keys::{self, Owner};
use crate::domain::integrations::providers::{Provider, ProviderCatalog};
use crate::domain::integrations::sealing::NewProviderKey;
use crate::domain::integrations::sharing::{self, Access};
use crate::ids::ProviderKeyId;
use crate::secret::Secret;
use crate::server::chain;
use crate::store::Db;

/// Whose keys they are.
pub(super) const HOLDER: &str = "maren@example.com";
/// Which of that account's keys calls providers.
const CALLER: &str = "Mobile app, staging";
/// Minutes ago.
const LAST_CALL: i64 = DAY + HOUR;
/// Which providers it calls, and how often a day at most.
const CALLED: [(&str, i64); 2] = [("openai", 180), ("anthropic", 60)];
/// What each made-up key begins with, and its length after that.
const MADE_UP: [(&str, &str, usize); 3] = [
    ("openai", "sk-proj-", 40),
    ("anthropic", "sk-ant-", 40),
    ("groq", "gsk_", 40),
];

/// How the keys came to be what they are.
pub(super) fn events(catalog: &ProviderCatalog) -> Vec<Event> {
    let mut events = Vec::new();
    let found = |slug: &str| catalog.find(slug).cloned();
    if let Some(provider) = found("openai") {
        events.push(Event::new(157 * DAY, move |db, scene, at| {
            let owner = Owner::Account(scene.account(HOLDER)?.id);
            let id = save(db, scene, at, owner, &provider)?;
            Ok(note_used(db, id, ago(scene, LAST_CALL))?)
        }));
    }
    if let Some(provider) = found("anthropic") {
        events.push(Event::new(31 * DAY, move |db, scene, at| {
            let owner = Owner::Account(scene.account(HOLDER)?.id);
            let id = save(db, scene, at, owner, &provider)?;
            note_used(db, id, ago(scene, LAST_CALL))?;
            let since = ago(scene, 20 * HOUR);
            Ok(note_refused(db, id, 401, "invalid x-api-key", since)?)
        }));
    }
    if let Some(provider) = found("groq") {
        events.push(Event::new(90 * DAY, move |db, scene, at| {
            save(db, scene, at, Owner::Instance, &provider)?;
            let act = scene.by_command(at);
            sharing::set(db, &act, &provider.slug, Access::All, &[])
                .or_else(|error| refuse(chain(&error)))
        }));
    }
    events.push(Event::new(LAST_CALL, |db, scene, at| {
        let (policy, account) = (scene.policy, scene.account(HOLDER)?);
        let found = keys::id_of(scene, HOLDER, CALLER)?;
        let rng = &mut StdRng::from_seed(policy.secrets.demo_seed("calls"));
        match api_keys::find(db, account.id, found)? {
            Some(key) => write_calls(db, rng, &key, at, &CALLED),
            None => refuse(format!("{CALLER} was not made")),
        }
    }));
    events
}

/// So many minutes before the command runs.
fn ago(scene: &Scene<'_>, minutes: i64) -> Timestamp {
    scene.now - chrono::TimeDelta::minutes(minutes)
}

/// Saves a made-up key, as one that the provider has taken.
fn save(
    db: &mut Db,
    scene: &Scene<'_>,
    at: Timestamp,
    owner: Owner,
    provider: &Arc<Provider>,
) -> Result<ProviderKeyId, CommandError> {
    let slug = &provider.slug;
    let (begins, length) = MADE_UP
        .iter()
        .find(|(known, ..)| known == slug)
        .map_or(("", 40), |(_, begins, length)| (*begins, *length));
    let text = format!("{begins}{}", base62_text(&mut system_rng(), length));
    let new =
        NewProviderKey::parse(&Secret::new(text)).or_else(|error| refuse(error.to_string()))?;
    let act: Act = match owner {
        Owner::Account(_) => scene.by(&scene.account(HOLDER)?, at),
        Owner::Instance => scene.by_command(at),
    };
    let secrets = &scene.policy.secrets;
    provider_keys::save(db, &act, secrets, owner, provider, &new, true)
        .or_else(|error| refuse(chain(&error)))?;
    let kept = provider_keys::find(db, secrets, owner, slug)?;
    match kept.current {
        Some(key) => Ok(key.id),
        None => refuse(format!("the {slug} key was not saved")),
    }
}
