//! The provider keys of an account, or of the instance itself: saving, replacing, checking and removing them.
//!
//! A check is a call to the provider, so it is made outside of any transaction: first [`find`] or [`to_check`], then the
//! call, then [`save`] or [`note_checked`] with what it has shown. Both look again at what is there by then.
//!
//! The key that is in use goes on working until its successor was taken by the provider. One that could not be checked yet
//! waits beside it, unless the one in use works no more.

use super::custom::{self, NewCustomProvider};
use super::providers::Provider;
use super::sealing::{self, NewProviderKey};
use super::{Checked, Said};
use crate::clock::Timestamp;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::random::system_rng;
use crate::domain::audit::{Act, Action, Outcome};
use crate::ids::{AccountId, ProviderKeyId};
use crate::secret::Secret;
use crate::store::provider_keys::{self as rows, CURRENT, PENDING, ProviderKeyRow, RefusalRow};
use crate::store::{Db, StoreError, accounts, custom_providers, shared_providers};

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An account's.
    Account(AccountId),
    /// The instance's own.
    Instance,
}

impl Owner {
    pub(super) fn account_id(self) -> Option<AccountId> {
        match self {
            Self::Account(id) => Some(id),
            Self::Instance => None,
        }
    }

    /// Keeps others from changing its keys of this provider until the transaction ends. False if the account is closed.
    fn lock(self, db: &mut Db, slug: &str) -> Result<bool, StoreError> {
        let Self::Account(id) = self else {
            shared_providers::lock(db, slug)?;
            return Ok(true);
        };
        accounts::lock(db, id)?;
        let account = accounts::find(db, id)?;
        Ok(account.is_some_and(|account| account.closed_at.is_none()))
    }

    fn record(
        self,
        db: &mut Db,
        act: &Act,
        action: Action,
        slug: &str,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let target = match self {
            Self::Account(_) => slug.to_owned(),
            Self::Instance => format!("{slug}, for the server"),
        };
        act.record(db, self.account_id(), action, Some(&target), outcome)
    }
}

/// How a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The provider took it when it was last asked.
    Working,
    /// The provider refuses it.
    Refused {
        /// With which status.
        status: i64,
        /// Its words; may be empty.
        words: String,
        /// Since when.
        since: Timestamp,
    },
    /// The provider could not be asked yet.
    NotChecked,
    /// It was sealed with an instance secret that is gone, or its row was altered.
    CannotBeOpened,
}

/// A key, without itself.
#[derive(Clone, Debug)]
pub struct ProviderKey {
    /// Its id.
    pub id: ProviderKeyId,
    /// Slug of its provider.
    pub provider: String,
    /// The first 4 and the last 4 characters; empty for short ones.
    pub hint: String,
    /// How it stands.
    pub state: State,
    /// When it was saved.
    pub created_at: Timestamp,
    /// When the provider was last asked.
    pub checked_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    is_pending: bool,
}

/// What is kept for one provider.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The key that calls are made with.
    pub current: Option<ProviderKey>,
    /// The one that takes its place once it could be checked.
    pub pending: Option<ProviderKey>,
}

/// All keys of an owner, by slug of the provider.
///
/// # Errors
/// If the database fails.
pub fn list(
    db: &mut Db,
    secrets: &InstanceSecrets,
    owner: Owner,
) -> Result<Vec<(String, Kept)>, StoreError> {
    let mut all: Vec<(String, Kept)> = Vec::new();
    for row in rows::list(db, owner.account_id())? {
        if all.last().is_none_or(|(slug, _)| *slug != row.provider) {
            all.push((row.provider.clone(), Kept::default()));
        }
        if let Some((_, kept)) = all.last_mut() {
            kept.take(shown(secrets, row));
        }
    }
    Ok(all)
}

/// What an owner keeps for one provider.
///
/// # Errors
/// If the database fails.
pub fn find(
    db: &mut Db,
    secrets: &InstanceSecrets,
    owner: Owner,
    slug: &str,
) -> Result<Kept, StoreError> {
    let mut kept = Kept::default();
    for row in rows::list_for_provider(db, owner.account_id(), slug)? {
        kept.take(shown(secrets, row));
    }
    Ok(kept)
}

impl Kept {
    fn take(&mut self, key: ProviderKey) {
        match key.is_pending {
            true => self.pending = Some(key),
            false => self.current = Some(key),
        }
    }

    /// True if there is nothing.
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.pending.is_none()
    }
}

fn shown(secrets: &InstanceSecrets, row: ProviderKeyRow) -> ProviderKey {
    let state = match (sealing::open(secrets, &row), row.refused_since) {
        (None, _) => State::CannotBeOpened,
        (Some(_), Some(since)) => State::Refused {
            status: row.refused_status.unwrap_or_default(),
            words: row.refused_words.unwrap_or_default(),
            since,
        },
        (Some(_), None) if row.checked_at.is_none() => State::NotChecked,
        (Some(_), None) => State::Working,
    };
    ProviderKey {
        id: row.id,
        is_pending: row.place == PENDING,
        provider: row.provider,
        hint: row.hint,
        state,
        created_at: row.created_at,
        checked_at: row.checked_at,
        last_used_at: row.last_used_at,
    }
}

/// What became of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The provider took it; it is in use.
    Connected,
    /// It is in use, and could not be checked.
    NotChecked,
    /// It waits beside the one in use, since it could not be checked.
    Waits,
}

/// Why a key was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The account was closed, or its provider was removed meanwhile.
    #[error("there is no such provider any more")]
    Gone,
    /// The provider to add cannot be added.
    #[error(transparent)]
    Add(#[from] custom::AddProviderError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Saves a key that the provider has taken (`is_accepted`), or that could not be checked.
///
/// # Errors
/// If the provider is there no more as it was checked, or the database fails.
pub fn save(
    db: &mut Db,
    act: &Act,
    secrets: &InstanceSecrets,
    owner: Owner,
    provider: &Provider,
    new: &NewProviderKey,
    is_accepted: bool,
) -> Result<Saved, SaveError> {
    if !owner.lock(db, &provider.slug)? {
        return Err(SaveError::Gone);
    }
    if let (true, Owner::Account(id)) = (provider.is_custom, owner) {
        // Removed and added anew elsewhere meanwhile: this key was not meant for that.
        let now = custom::find(db, id, &provider.slug)?;
        if now.as_deref() != Some(provider) {
            return Err(SaveError::Gone);
        }
    }
    let (saved, replaces) = put(db, act, secrets, owner, &provider.slug, new, is_accepted)?;
    let action = match replaces {
        true => Action::ProviderKeyReplace,
        false => Action::ProviderKeySave,
    };
    owner.record(db, act, action, &provider.slug, Outcome::Done)?;
    Ok(saved)
}

/// Adds a provider together with its key.
///
/// # Errors
/// If the provider cannot be added, or the database fails.
pub fn add_with_key(
    db: &mut Db,
    act: &Act,
    secrets: &InstanceSecrets,
    account_id: AccountId,
    custom: &NewCustomProvider,
    new: &NewProviderKey,
    is_accepted: bool,
) -> Result<Saved, SaveError> {
    custom::insert(db, act, account_id, custom)?;
    let owner = Owner::Account(account_id);
    let slug = &custom.provider().slug;
    let (saved, _) = put(db, act, secrets, owner, slug, new, is_accepted)?;
    custom::record_added(db, act, account_id, slug)?;
    owner.record(db, act, Action::ProviderKeySave, slug, Outcome::Done)?;
    Ok(saved)
}

/// Puts the key where it belongs; true if there was another one.
fn put(
    db: &mut Db,
    act: &Act,
    secrets: &InstanceSecrets,
    owner: Owner,
    slug: &str,
    new: &NewProviderKey,
    is_accepted: bool,
) -> Result<(Saved, bool), StoreError> {
    let kept = find(db, secrets, owner, slug)?;
    let still_works = kept.current.as_ref().is_some_and(|key| match key.state {
        State::Working | State::NotChecked => true,
        State::Refused { .. } | State::CannotBeOpened => false,
    });
    let waits = still_works && !is_accepted;
    let replaces = !kept.is_empty();
    let old = kept.current.iter().filter(|_| !waits);
    let mut gone: Vec<ProviderKeyId> = old.chain(&kept.pending).map(|key| key.id).collect();
    // In the order in which they are sealed anew, so that neither waits for the other.
    gone.sort_unstable();
    for id in gone {
        rows::delete(db, id)?;
    }
    let id = ProviderKeyId::random(&mut system_rng());
    rows::insert(
        db,
        &ProviderKeyRow {
            id,
            account_id: owner.account_id(),
            provider: slug.to_owned(),
            place: if waits { PENDING } else { CURRENT }.to_owned(),
            sealed: new.seal(secrets, owner.account_id(), slug, id),
            hint: new.hint(),
            checked_at: is_accepted.then_some(act.now),
            refused_status: None,
            refused_words: None,
            refused_since: None,
            created_at: act.now,
            last_used_at: None,
        },
    )?;
    let saved = match (is_accepted, waits) {
        (true, _) => Saved::Connected,
        (false, true) => Saved::Waits,
        (false, false) => Saved::NotChecked,
    };
    Ok((saved, replaces))
}

/// A key that is to be checked. Cannot be printed.
#[derive(Clone, Debug)]
pub struct ToCheck {
    /// Which.
    pub id: ProviderKeyId,
    /// The key itself, for [`super::ProviderClient::check`].
    pub secret: Secret<String>,
}

/// The key of an owner that a check is about: the one that waits, else the one in use. The inner `None` if it does not open,
/// the outer one if there is none.
///
/// # Errors
/// If the database fails.
pub fn to_check(
    db: &mut Db,
    secrets: &InstanceSecrets,
    owner: Owner,
    slug: &str,
) -> Result<Option<Option<ToCheck>>, StoreError> {
    let mut keys = rows::list_for_provider(db, owner.account_id(), slug)?;
    keys.sort_by_key(|row| row.place != PENDING);
    if keys.is_empty() {
        return Ok(None);
    }
    let opened = keys.iter().find_map(|row| {
        let secret = sealing::open(secrets, row)?;
        Some(ToCheck { id: row.id, secret })
    });
    Ok(Some(opened))
}

/// What a check has led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckEnd {
    /// The key in use works.
    Works,
    /// The provider took the key that waited: it is in use now.
    Replaced,
    /// The provider refuses the key in use.
    Refused(Said),
    /// The provider refused the key that waited, and it was dropped.
    Dropped(Said),
    /// It could not be checked, for this reason; nothing has changed.
    Unknown(String),
    /// The key is gone.
    Gone,
}

/// Writes down what a check has shown.
///
/// # Errors
/// If the database fails.
pub fn note_checked(
    db: &mut Db,
    act: &Act,
    owner: Owner,
    slug: &str,
    key_id: ProviderKeyId,
    checked: Checked,
) -> Result<CheckEnd, StoreError> {
    let said = match checked {
        Checked::Accepted => None,
        Checked::Refused(said) => Some(said),
        Checked::Unreachable(words) | Checked::Unclear(words) | Checked::NotAllowed(words) => {
            return Ok(CheckEnd::Unknown(words));
        }
    };
    let is_open = owner.lock(db, slug)?;
    let keys = rows::list_for_provider(db, owner.account_id(), slug)?;
    let Some(row) = keys.iter().find(|row| row.id == key_id && is_open) else {
        return Ok(CheckEnd::Gone);
    };
    let is_pending = row.place == PENDING;
    let (action, outcome) = match (&said, is_pending) {
        (None, true) => (Action::ProviderKeyReplace, Outcome::Done),
        (None, false) => (Action::ProviderKeyCheck, Outcome::Done),
        (Some(_), _) => (Action::ProviderKeyCheck, Outcome::Refused),
    };
    let end = match (said, is_pending) {
        (None, false) => {
            rows::set_accepted(db, key_id, act.now)?;
            CheckEnd::Works
        }
        (None, true) => {
            for old in keys.iter().filter(|row| row.place == CURRENT) {
                rows::delete(db, old.id)?;
            }
            rows::promote(db, key_id, act.now)?;
            CheckEnd::Replaced
        }
        (Some(said), false) => {
            let refusal = RefusalRow {
                status: i64::from(said.status),
                words: &said.words,
                since: act.now,
            };
            rows::set_refused(db, key_id, refusal)?;
            CheckEnd::Refused(said)
        }
        (Some(said), true) => {
            rows::delete(db, key_id)?;
            CheckEnd::Dropped(said)
        }
    };
    owner.record(db, act, action, slug, outcome)?;
    Ok(end)
}

/// Removes what an owner keeps for a provider, and the provider itself if the account has added it. False if there is
/// nothing.
///
/// # Errors
/// If the database fails.
pub fn remove(db: &mut Db, act: &Act, owner: Owner, slug: &str) -> Result<bool, StoreError> {
    owner.lock(db, slug)?;
    let keys = rows::list_for_provider(db, owner.account_id(), slug)?;
    let had_custom = match owner {
        Owner::Account(id) => custom_providers::delete(db, id, slug)?,
        Owner::Instance => {
            shared_providers::delete(db, slug)?;
            false
        }
    };
    for row in &keys {
        rows::delete(db, row.id)?;
    }
    if !keys.is_empty() {
        owner.record(db, act, Action::ProviderKeyRemove, slug, Outcome::Done)?;
    }
    if had_custom {
        owner.record(db, act, Action::ProviderRemove, slug, Outcome::Done)?;
    }
    Ok(!keys.is_empty() || had_custom)
}

/// Removes all that an account keeps, which is being closed. Its own act is what is written down.
///
/// # Errors
/// If the database fails.
pub fn forget(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    rows::delete_for_account(db, account_id)?;
    custom_providers::delete_for_account(db, account_id)?;
    Ok(())
}
