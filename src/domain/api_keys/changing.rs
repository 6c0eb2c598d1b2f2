//! What is done to a key once there is one: renamed, limited, deactivated, deleted.

use super::{ApiKey, find, record};
use crate::domain::audit::{Act, Action};
use crate::domain::integrations::limits::CallLimits;
use crate::domain::text::Name;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::api_keys as rows;
use crate::store::{Db, StoreError};

/// Why nothing was done to a key.
#[derive(Debug, thiserror::Error)]
pub enum ChangeKeyError {
    /// No such key of this account.
    #[error("there is no such key")]
    NotFound,
    /// Only ended keys can be deleted.
    #[error("the key is active")]
    StillActive,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Renames a key, active or not.
///
/// # Errors
/// If the account has no such key, or the database fails.
pub fn rename(
    db: &mut Db,
    act: &Act,
    owner: AccountId,
    id: ApiKeyId,
    name: &Name,
) -> Result<ApiKey, ChangeKeyError> {
    let key = find(db, owner, id)?.ok_or(ChangeKeyError::NotFound)?;
    if key.name == name.as_str() {
        return Ok(key);
    }
    rows::set_name(db, id, name.as_str())?;
    record(db, act, &key, Action::KeyRename)?;
    Ok(ApiKey {
        name: name.as_str().to_owned(),
        ..key
    })
}

/// Sets which calls of providers a key may make, active or not.
///
/// # Errors
/// If the account has no such key, or the database fails.
pub fn limit_calls(
    db: &mut Db,
    act: &Act,
    owner: AccountId,
    id: ApiKeyId,
    limits: CallLimits,
) -> Result<ApiKey, ChangeKeyError> {
    let key = find(db, owner, id)?.ok_or(ChangeKeyError::NotFound)?;
    if key.call_limits == limits {
        return Ok(key);
    }
    rows::set_call_limits(db, id, limits.to_stored().as_deref())?;
    record(db, act, &key, Action::KeyLimitCalls)?;
    Ok(ApiKey {
        call_limits: limits,
        ..key
    })
}

/// What deactivating did.
#[derive(Debug)]
pub enum Deactivated {
    /// The key worked until now.
    Now(ApiKey),
    /// The key had ended before; nothing was changed.
    Before(ApiKey),
}

impl Deactivated {
    /// The key as it is now.
    pub fn into_key(self) -> ApiKey {
        match self {
            Self::Now(key) | Self::Before(key) => key,
        }
    }
}

/// Ends a key for ever. Once this is committed, no request that begins later is accepted.
///
/// # Errors
/// If the account has no such key, or the database fails.
pub fn deactivate(
    db: &mut Db,
    act: &Act,
    owner: AccountId,
    id: ApiKeyId,
) -> Result<Deactivated, ChangeKeyError> {
    let by = act.actor.words();
    let Some(key) = find(db, owner, id)? else {
        return Err(ChangeKeyError::NotFound);
    };
    if !rows::set_deactivated(db, id, act.now, &by)? {
        let key = find(db, owner, id)?.ok_or(ChangeKeyError::NotFound)?;
        return Ok(Deactivated::Before(key));
    }
    record(db, act, &key, Action::KeyDeactivate)?;
    Ok(Deactivated::Now(ApiKey {
        deactivated_at: Some(act.now),
        deactivated_by: Some(by),
        ends_at: act.now,
        ..key
    }))
}

/// Removes an ended key from the lists.
///
/// # Errors
/// If the account has no such key, it is active, or the database fails.
pub fn delete(
    db: &mut Db,
    act: &Act,
    owner: AccountId,
    id: ApiKeyId,
) -> Result<ApiKey, ChangeKeyError> {
    let key = find(db, owner, id)?.ok_or(ChangeKeyError::NotFound)?;
    if !rows::set_deleted(db, id, act.now)? {
        return Err(ChangeKeyError::StillActive);
    }
    record(db, act, &key, Action::KeyDelete)?;
    Ok(key)
}
