//! Keys that were found in public: they are ended at once, and their owners are told.

use super::accounts;
use super::api_keys::key_string::{self, PresentedKey};
use super::api_keys::policy::KeyPolicy;
use super::api_keys::{self, ChangeKeyError, rotation};
use super::audit::{Act, Action, Actor, Outcome};
use super::mail::{LeakFate, Mail, MailedKey, OncePer, Outbox, Recipient};
use super::verification;
use super::verification::record::SecretMatch;
use crate::store::{Db, StoreError};

pub use crate::outbound::leak_keys::{BadSignature, LeakKeys};

/// Characters of the place that are kept.
const MOST_URL_CHARS: usize = 500;

/// Where a key was found.
#[derive(Clone, Debug, Default)]
pub struct FoundAt {
    /// An address, as the reporter gives it.
    pub url: Option<String>,
}

impl FoundAt {
    /// What is shown of an address that anyone may have made up: cut, without hidden characters and secrets; nothing that
    /// is no http or https address.
    pub fn at(url: &str) -> Self {
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        let shown = key_string::without_secrets(url);
        let url = shown
            .chars()
            .filter(|c| !super::text::is_hidden(*c))
            .take(MOST_URL_CHARS)
            .collect();
        Self {
            url: is_web.then_some(url),
        }
    }
}

/// Ends what was found: the key, or, if it is a secret that another one has replaced, that secret alone. The owner gets one
/// mail for each secret, however often it is reported. True if it is or was a key of this instance, also if it had ended
/// before.
///
/// # Errors
/// If the database fails. Nothing was changed then.
pub fn report(
    db: &mut Db,
    act: &Act,
    policy: &KeyPolicy,
    outbox: &Outbox,
    presented: &PresentedKey,
    found_at: &FoundAt,
) -> Result<bool, StoreError> {
    let Some(found) = verification::recognise(db, policy, presented)? else {
        return Ok(false);
    };
    let (key, owner) = (&found.record, found.record.owner.id);
    let works = key.ends_at > act.now;
    let had_ended = if key.is_deactivated {
        LeakFate::WasDeactivated
    } else {
        LeakFate::HadExpired
    };
    let (is_news, number, fate) = match found.secret {
        SecretMatch::Replaced { number, ends_at } => {
            let old_works = ends_at > act.now && key.has_overlap_at(act.now);
            if old_works {
                ended(rotation::end_old_secret(db, act, owner, key.id))?;
            }
            let fate = if works {
                LeakFate::OldSecretEnded
            } else {
                had_ended
            };
            (old_works, number, fate)
        }
        SecretMatch::Current | SecretMatch::Wrong => {
            let fate = if works {
                ended(api_keys::deactivate(db, act, owner, key.id))?;
                LeakFate::Deactivated
            } else {
                had_ended
            };
            (works, key.secret_number(), fate)
        }
    };
    let mail = Mail::KeyLeaked {
        fate,
        key: MailedKey {
            id: key.id.to_string(),
            prefix: key.prefix(),
            name: key.name.to_string(),
            is_deleted: api_keys::find(db, owner, key.id)?.is_none(),
        },
        url: found_at.url.clone(),
        source: match &act.actor {
            Actor::LeakReport { source } => source.clone(),
            actor => actor.words(),
        },
    };
    // A closed account has no address.
    let holder = accounts::find(db, owner)?.filter(|account| account.closed_at.is_none());
    let is_first = match holder {
        Some(account) => {
            let occasion = OncePer::Key {
                id: key.id,
                what: &number.to_string(),
            };
            outbox.queue_once(db, act.now, Recipient::from(&account), &mail, occasion)?
        }
        None => false,
    };
    // The same report again says nothing new.
    if is_news || is_first {
        let prefix = key.prefix();
        act.record(
            db,
            Some(owner),
            Action::KeyLeak,
            Some(&prefix),
            Outcome::Done,
        )?;
    }
    Ok(true)
}

/// A key that is gone from the lists, or that someone has just ended, needs no ending.
fn ended<T>(result: Result<T, ChangeKeyError>) -> Result<(), StoreError> {
    match result {
        Ok(_) | Err(ChangeKeyError::NotFound | ChangeKeyError::StillActive) => Ok(()),
        Err(ChangeKeyError::Store(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_shown_and_nothing_secret_in_them() {
        assert_eq!(FoundAt::at("javascript:alert(1)").url, None);
        assert_eq!(FoundAt::at("").url, None);
        let shown = FoundAt::at("https://git.example/a?b\u{202E}c").url.unwrap();
        assert_eq!(shown, "https://git.example/a?bc");
        assert_eq!(
            FoundAt::at(&format!("https://{}", "a".repeat(900)))
                .url
                .unwrap()
                .len(),
            500
        );
    }
}
