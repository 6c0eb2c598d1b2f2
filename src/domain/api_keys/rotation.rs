//! Rotating a key: it keeps its id, name, limits and end, and gets another secret, shown once.
//!
//! 1. The account is locked, so that rotations, and the counting of keys, take turns.
//! 2. A secret that an earlier rotation left working ends: at most two work at once.
//! 3. The current secret is kept as a replaced one. It works for the chosen overlap, and never longer than the key.
//! 4. The key's row gets the new digest, if the key has not ended in between.

use chrono::TimeDelta;
use rand::CryptoRng;

use super::key_string::{Brand, FullKey};
use super::policy::KeyPolicy;
use super::{ApiKey, ChangeKeyError, KeyState, find, record};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::domain::audit::{Act, Action};
use crate::ids::{AccountId, ApiKeyId};
use crate::store::api_keys::{self as rows, NewSecret};
use crate::store::shown_forms::ShownFormRow;
use crate::store::verification::{self, ReplacedSecretRow};
use crate::store::{Db, StoreError, accounts, last_uses, shown_forms};

/// How long the old secret works beside the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Not at all.
    None,
    /// 1 hour.
    Hour,
    /// 24 hours: what is preselected.
    Day,
    /// 7 days.
    Week,
}

impl Overlap {
    /// All of them, shortest first.
    pub const ALL: [Self; 4] = [Self::None, Self::Hour, Self::Day, Self::Week];

    /// The word of forms and of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    /// Reads that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|overlap| overlap.word() == word)
    }

    /// How long that is.
    pub fn duration(self) -> TimeDelta {
        match self {
            Self::None => TimeDelta::zero(),
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::hours(24),
            Self::Week => TimeDelta::days(7),
        }
    }
}

/// A key with its new secret.
pub struct Rotated {
    /// The key.
    pub key: ApiKey,
    /// With the new secret; nowhere else.
    pub full_key: FullKey,
}

/// Why a key was not rotated. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateKeyError {
    /// No such key of this account.
    #[error("there is no such key")]
    NotFound,
    /// An ended key stays as it is.
    #[error("the key has ended")]
    Ended,
    /// The one-time form was used before.
    #[error("the form was used before")]
    FormUsed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Rotates a key.
///
/// # Errors
/// If the account has no such key, it has ended, or the database fails.
pub fn rotate(
    db: &mut Db,
    act: &Act,
    policy: &KeyPolicy,
    rng: &mut impl CryptoRng,
    owner: AccountId,
    id: ApiKeyId,
    overlap: Overlap,
) -> Result<Rotated, RotateKeyError> {
    accounts::lock(db, owner)?;
    let key = find(db, owner, id)?.ok_or(RotateKeyError::NotFound)?;
    if key.state_at(act.now) != KeyState::Active {
        return Err(RotateKeyError::Ended);
    }
    let current = rows::current_secret(db, id)?.ok_or(RotateKeyError::NotFound)?;
    let number = current.secret_number;
    let old_ends_at = (act.now + overlap.duration()).min(key.ends_at);
    let earlier = verification::list_replaced(db, id, 1)?.pop();
    // The prefix stays, also where new keys have another brand by now.
    let brand: Brand = current
        .brand
        .parse()
        .unwrap_or_else(|_bad| policy.brand.clone());
    let full_key = FullKey::generate(&brand, id, rng);
    let digest = full_key.digest(policy.secrets.current_digest_key());
    let new = NewSecret {
        digest: digest.as_bytes().to_vec(),
        digest_secret_id: policy.secrets.current_id().to_owned(),
        number: number + 1,
        overlap_ends_at: (old_ends_at > act.now).then_some(old_ends_at),
    };
    // The key's row before its replaced secrets, as everywhere: whoever else changes the key waits here, holding nothing.
    if !rows::set_secret(db, id, act.now, &new)? {
        return Err(RotateKeyError::Ended);
    }
    verification::end_replaced(db, id, act.now)?;
    verification::insert_replaced(
        db,
        &ReplacedSecretRow {
            api_key_id: id,
            number,
            digest: current.digest,
            digest_secret_id: current.digest_secret_id,
            replaced_at: act.now,
            ends_at: old_ends_at,
        },
    )?;
    // While two secrets worked, each one's use was noted apart, and the key's last use may be the other one's.
    if let Some(last_use) = &key.last_use
        && earlier.is_none_or(|earlier| earlier.ends_at <= last_use.at)
    {
        last_uses::upsert_secret(db, id, number, last_use.at)?;
    }
    record(db, act, &key, Action::KeyRotate)?;
    Ok(Rotated {
        key: ApiKey {
            secret_number: new.number,
            overlap_ends_at: new.overlap_ends_at,
            ..key
        },
        full_key,
    })
}

/// [`rotate`] from a one-time form: sent a second time, it changes nothing.
///
/// # Errors
/// As [`rotate`], and if the form was used before.
#[expect(
    clippy::too_many_arguments,
    reason = "a form's id beside what every rotation takes"
)]
pub fn rotate_from_form(
    db: &mut Db,
    act: &Act,
    policy: &KeyPolicy,
    rng: &mut impl CryptoRng,
    owner: AccountId,
    id: ApiKeyId,
    overlap: Overlap,
    form_id: &str,
) -> Result<Rotated, RotateKeyError> {
    let form_digest = sha256(format!("{owner}/{form_id}").as_bytes()).to_vec();
    // The lock comes first: of two that send one form at once, the second waits here and then finds the row.
    accounts::lock(db, owner)?;
    if shown_forms::find(db, &form_digest)?.is_some() {
        return Err(RotateKeyError::FormUsed);
    }
    let rotated = rotate(db, act, policy, rng, owner, id, overlap)?;
    shown_forms::insert(
        db,
        &ShownFormRow {
            form_digest,
            account_id: owner,
            api_key_id: id,
            created_at: act.now,
        },
    )?;
    Ok(rotated)
}

/// Ends the secret before the current one now; false if it had ended.
///
/// # Errors
/// If the account has no such key, or the database fails.
pub fn end_old_secret(
    db: &mut Db,
    act: &Act,
    owner: AccountId,
    id: ApiKeyId,
) -> Result<bool, ChangeKeyError> {
    let key = find(db, owner, id)?.ok_or(ChangeKeyError::NotFound)?;
    let has_overlap = rows::end_overlap(db, id, act.now)?;
    let ended = verification::end_replaced(db, id, act.now)?;
    if !has_overlap && ended == 0 {
        return Ok(false);
    }
    record(db, act, &key, Action::KeyEndOldSecret)?;
    Ok(true)
}

/// The two secrets of a key while both work.
#[derive(Clone, Copy, Debug)]
pub struct TwoSecrets {
    /// Since when there is the new one.
    pub since: Timestamp,
    /// When the new one was last used.
    pub new_used_at: Option<Timestamp>,
    /// Until when the old one works.
    pub old_ends_at: Timestamp,
    /// When the old one was last used.
    pub old_used_at: Option<Timestamp>,
}

/// The key's two secrets; `None` if only one works at `now`.
///
/// # Errors
/// If the database fails.
pub fn two_secrets(
    db: &mut Db,
    key: &ApiKey,
    now: Timestamp,
) -> Result<Option<TwoSecrets>, StoreError> {
    let Some(old_ends_at) = key.overlap_at(now) else {
        return Ok(None);
    };
    let Some(old) = verification::list_replaced(db, key.id, 1)?.pop() else {
        return Ok(None);
    };
    let uses = last_uses::list_secret_uses(db, key.id)?;
    let used_at = |number: i64| {
        let of_number = uses.iter().find(|(known, _)| *known == number);
        of_number.map(|(_, used_at)| *used_at)
    };
    Ok(Some(TwoSecrets {
        since: old.replaced_at,
        new_used_at: used_at(key.secret_number),
        old_ends_at,
        old_used_at: used_at(old.number),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_read_back_from_their_words() {
        for overlap in Overlap::ALL {
            assert_eq!(Overlap::from_word(overlap.word()), Some(overlap));
        }
        assert_eq!(Overlap::from_word("2h"), None);
    }
}
