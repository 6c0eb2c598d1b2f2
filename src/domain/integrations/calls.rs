//! The one way in which a provider key is opened for calls, and what is noted after one.

use std::sync::Arc;

use chrono::TimeDelta;

use super::providers::{Provider, ProviderCatalog};
use super::{custom, sealing};
use crate::clock::Timestamp;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::ids::{AccountId, ProviderKeyId};
use crate::secret::Secret;
use crate::store::provider_keys::{self as rows, ProviderKeyRow, RefusalRow};
use crate::store::{Db, StoreError, shared_providers};

/// The use of a key is noted once in this time at most.
const NOTE_USE_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A provider key that is opened for calls. Cannot be printed, and is wiped when it goes.
#[derive(Debug)]
pub struct Opened {
    /// Which key, for [`note_refused`] and the like.
    pub key_id: ProviderKeyId,
    /// What is called.
    pub provider: Arc<Provider>,
    /// The key itself, for [`super::ProviderClient::send`].
    pub secret: Secret<String>,
    /// True if the provider refused it when it last said so.
    pub is_refused: bool,
    /// True if the provider has said anything of it yet.
    pub is_checked: bool,
    /// When it was last used, as far as it was noted.
    pub last_used_at: Option<Timestamp>,
}

impl Opened {
    /// True if this use should be noted.
    pub fn is_use_due(&self, now: Timestamp) -> bool {
        self.last_used_at
            .is_none_or(|at| at <= now - NOTE_USE_EVERY)
    }

    /// True if a good answer tells something new: [`note_accepted`].
    pub fn is_acceptance_news(&self) -> bool {
        self.is_refused || !self.is_checked
    }
}

/// Why no call can be made.
#[derive(Debug, thiserror::Error)]
pub enum CallRefusal {
    /// There is no provider of this name.
    #[error("there is no such provider")]
    UnknownProvider,
    /// There is no key for it.
    #[error("there is no key for this provider")]
    NoKey,
    /// The key was sealed with an instance secret that is gone, or its row was altered.
    #[error("the key cannot be opened")]
    CannotBeOpened,
    /// The instance has a key for it, and this account may not use it.
    #[error("the account may not use the instance's key")]
    NotAllowed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the key that a call by this account to this provider is made with: the account's own, else the instance's if the
/// account may use it. A provider that the account has added itself goes before one of the same name in the catalog, and
/// is called with the account's key only.
///
/// # Errors
/// If there is none, it does not open, or the database fails.
pub fn open_for_call(
    db: &mut Db,
    catalog: &ProviderCatalog,
    secrets: &InstanceSecrets,
    account: AccountId,
    slug: &str,
) -> Result<Opened, CallRefusal> {
    let custom = custom::find(db, account, slug)?;
    let is_custom = custom.is_some();
    let provider = match custom.or_else(|| catalog.find(slug).cloned()) {
        Some(provider) => provider,
        None => return Err(CallRefusal::UnknownProvider),
    };
    let mut keys = rows::list_for_call(db, account, slug)?;
    if is_custom {
        // The instance's key is not for a server of the account's choice.
        keys.retain(|row| row.account_id.is_some());
    }
    let Some(row) = keys.into_iter().next() else {
        return Err(CallRefusal::NoKey);
    };
    if row.account_id.is_none() && !may_use_shared(db, slug, account)? {
        return Err(CallRefusal::NotAllowed);
    }
    opened(secrets, provider, &row).ok_or(CallRefusal::CannotBeOpened)
}

fn opened(
    secrets: &InstanceSecrets,
    provider: Arc<Provider>,
    row: &ProviderKeyRow,
) -> Option<Opened> {
    Some(Opened {
        key_id: row.id,
        provider,
        secret: sealing::open(secrets, row)?,
        is_refused: row.refused_since.is_some(),
        is_checked: row.checked_at.is_some(),
        last_used_at: row.last_used_at,
    })
}

fn may_use_shared(db: &mut Db, slug: &str, account: AccountId) -> Result<bool, StoreError> {
    match shared_providers::access(db, slug)?.as_deref() {
        Some(shared_providers::ALL) => Ok(true),
        Some(_) => shared_providers::has_grant(db, slug, account),
        None => Ok(false),
    }
}

/// Notes that the provider refused a key in a call, with its words as [`super::refusal_words`] made them.
///
/// # Errors
/// If the database fails.
pub fn note_refused(
    db: &mut Db,
    key_id: ProviderKeyId,
    status: u16,
    words: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let refusal = RefusalRow {
        status: i64::from(status),
        words,
        since: now,
    };
    rows::set_refused(db, key_id, refusal).map(drop)
}

/// Notes that the provider took a key that was refused before, or not checked yet.
///
/// # Errors
/// If the database fails.
pub fn note_accepted(db: &mut Db, key_id: ProviderKeyId, now: Timestamp) -> Result<(), StoreError> {
    rows::set_accepted(db, key_id, now).map(drop)
}

/// Notes that a key was used, if that was not noted within the last minute.
///
/// # Errors
/// If the database fails.
pub fn note_used(db: &mut Db, key_id: ProviderKeyId, now: Timestamp) -> Result<(), StoreError> {
    rows::set_used(db, key_id, now, now - NOTE_USE_EVERY)
}
