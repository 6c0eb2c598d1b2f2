//! From a presented key to a verdict, in the order that the documentation gives: known id and right secret, owner
//! enabled, not deactivated, not expired, scope.
//!
//! The row is read for this request and for no other: nothing is remembered, so nothing can be stale.

use super::accounts::Account;
use super::api_keys::ApiKey;
use super::api_keys::key_string::PresentedKey;
use super::api_keys::policy::KeyPolicy;
use crate::clock::Timestamp;
use crate::store::api_keys as rows;
use crate::store::{Db, StoreError};

/// A key that was accepted, with its owner.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The key.
    pub key: ApiKey,
    /// Its owner.
    pub owner: Account,
}

/// Why a key was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such key: an unknown id, or a wrong secret. The two are not told apart.
    Unknown,
    /// Its owner may do nothing at present.
    OwnerDisabled,
    /// Someone ended it at this time.
    Deactivated(Timestamp),
    /// It ended by itself at this time.
    Expired(Timestamp),
    /// It may not be used for this scope.
    MissingScope(String),
}

/// Judges a presented key for a request that needs `scope` (`None`: any key will do).
///
/// `now` is asked for after the row was read: a key that expires while the database is slow is expired.
///
/// # Errors
/// If the database fails: that is neither a yes nor a no.
pub fn verify(
    db: &mut Db,
    now: impl FnOnce() -> Timestamp,
    policy: &KeyPolicy,
    presented: &PresentedKey,
    scope: Option<&str>,
) -> Result<Result<Accepted, Refusal>, StoreError> {
    let found = rows::find_with_owner(db, presented.id)?;
    let secret_id = found.as_ref().map(|(row, _)| row.digest_secret_id.as_str());
    // Unknown ids cost the same digest and comparison as known ones.
    let digest_key = secret_id
        .and_then(|id| policy.secrets.digest_key(id))
        .unwrap_or_else(|| policy.secrets.current_digest_key());
    let digest = presented.digest(&digest_key);
    let stored: &[u8] = found.as_ref().map_or(&[0; 32], |(row, _)| &row.digest);
    let matches = digest.matches(stored);
    let Some((row, owner)) = found.filter(|_| matches) else {
        return Ok(Err(Refusal::Unknown));
    };
    let accepted = Accepted {
        key: row.into(),
        owner: owner.into(),
    };
    Ok(match refusal(&accepted, now(), scope) {
        Some(refusal) => Err(refusal),
        None => Ok(accepted),
    })
}

/// The verdict on a key whose secret was right: `None` for yes.
pub fn refusal(candidate: &Accepted, now: Timestamp, scope: Option<&str>) -> Option<Refusal> {
    let Accepted { key, owner } = candidate;
    if owner.disabled_at.is_some() {
        return Some(Refusal::OwnerDisabled);
    }
    if let Some(at) = key.deactivated_at {
        return Some(Refusal::Deactivated(at));
    }
    if key.ends_at <= now {
        return Some(Refusal::Expired(key.ends_at));
    }
    match scope {
        Some(scope) if !key.access.allows(scope) => Some(Refusal::MissingScope(scope.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_keys::scopes::{Access, KEYS_WRITE};
    use crate::ids::{AccountId, ApiKeyId};
    use chrono::TimeDelta;
    use chrono_tz::Tz;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn candidate() -> Accepted {
        let account_id: AccountId = "0000000001".parse().unwrap();
        Accepted {
            key: ApiKey {
                id: "0000000002".parse::<ApiKeyId>().unwrap(),
                account_id,
                prefix: "kp_0000000002".to_owned(),
                name: "Key".to_owned(),
                access: Access::All,
                created_at: NOW,
                expires_at: None,
                deactivated_at: None,
                deactivated_by: None,
                ends_at: Timestamp::NEVER,
                last_use: None,
            },
            owner: Account {
                id: account_id,
                email: "a@b.example".to_owned(),
                name: "A".to_owned(),
                time_zone: Tz::UTC,
                password_set_at: None,
                is_operator: false,
                disabled_at: None,
                created_at: NOW,
            },
        }
    }

    #[test]
    fn a_key_expires_at_the_very_millisecond() {
        let mut candidate = candidate();
        let end = NOW + TimeDelta::hours(1);
        candidate.key.expires_at = Some(end);
        candidate.key.ends_at = end;
        let before = end - TimeDelta::milliseconds(1);
        assert_eq!(refusal(&candidate, before, None), None);
        assert_eq!(refusal(&candidate, end, None), Some(Refusal::Expired(end)));
    }

    #[test]
    fn refusals_come_in_the_documented_order() {
        let mut candidate = candidate();
        assert_eq!(
            refusal(&candidate, NOW, Some(KEYS_WRITE)),
            Some(Refusal::MissingScope(KEYS_WRITE.to_owned()))
        );
        candidate.key.ends_at = NOW;
        candidate.key.expires_at = Some(NOW);
        assert_eq!(
            refusal(&candidate, NOW, Some(KEYS_WRITE)),
            Some(Refusal::Expired(NOW))
        );
        candidate.key.deactivated_at = Some(NOW);
        assert_eq!(
            refusal(&candidate, NOW, Some(KEYS_WRITE)),
            Some(Refusal::Deactivated(NOW))
        );
        candidate.owner.disabled_at = Some(NOW);
        assert_eq!(
            refusal(&candidate, NOW, Some(KEYS_WRITE)),
            Some(Refusal::OwnerDisabled)
        );
    }
}
