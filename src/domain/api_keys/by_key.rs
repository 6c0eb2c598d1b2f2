//! Keys made by keys: no more scopes, no longer life than the one that asks, and once for each idempotency key.

use rand::CryptoRng;

use super::key_string::FullKey;
use super::policy::KeyPolicy;
use super::scopes::{Access, KEYS_VERIFY, KEYS_WRITE, Scope, ScopeCatalog};
use super::{ApiKey, CreateKeyError, NewApiKey, create, find};
use crate::clock::Timestamp;
use crate::domain::audit::Act;
use crate::domain::housekeeping::IDEMPOTENCY_LIFE;
use crate::domain::verification::Accepted;
use crate::store::idempotency_keys::{self as uses, IdempotencyKeyRow};
use crate::store::{Db, StoreError, accounts};

/// What a request to make a key led to.
pub enum CreationByKey {
    /// A new key.
    Made(ApiKey, FullKey),
    /// The key that an earlier request with the same idempotency key made.
    MadeBefore(ApiKey),
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateByKeyError {
    /// The key would have more scopes than its maker.
    #[error("the key would have more scopes than its maker")]
    MoreScopes,
    /// The key could be used from more addresses than its maker.
    #[error("the key could be used from more addresses than its maker")]
    MoreAddresses,
    /// The key would outlive its maker, which ends at this time.
    #[error("the key would outlive its maker")]
    LongerLife(Timestamp),
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyConflict,
    /// As for every key.
    #[error(transparent)]
    Create(#[from] CreateKeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The access that a key gets from the one that makes it, if none is named: all of it but managing and verifying keys.
/// `None` if nothing is left.
pub fn inherited(caller: &Access, catalog: &ScopeCatalog) -> Option<Access> {
    if *caller == Access::All {
        return Some(Access::All);
    }
    let mut scopes = caller.scopes(catalog);
    scopes.retain(|scope| scope.as_str() != KEYS_WRITE && scope.as_str() != KEYS_VERIFY);
    (!scopes.is_empty()).then_some(Access::Chosen(scopes))
}

/// Makes a key for the caller's account. `idempotency` holds the digests of the idempotency key and of the body.
///
/// # Errors
/// If the key would exceed its maker, the idempotency key was used with another body, or [`create`] fails.
pub fn create_by_key(
    db: &mut Db,
    act: &Act,
    policy: &KeyPolicy,
    rng: &mut impl CryptoRng,
    caller: &Accepted,
    new: NewApiKey,
    idempotency: Option<(Vec<u8>, Vec<u8>)>,
) -> Result<CreationByKey, CreateByKeyError> {
    let owner = caller.key.owner.id;
    // Two requests with one idempotency key take turns here.
    accounts::lock(db, owner)?;
    if let Some((key_digest, body_digest)) = &idempotency
        && let Some(row) = uses::find(db, owner, key_digest)?
    {
        if act.now < row.created_at + IDEMPOTENCY_LIFE {
            if row.body_digest != *body_digest {
                return Err(CreateByKeyError::IdempotencyConflict);
            }
            if let Some(key) = find(db, owner, row.api_key_id)? {
                return Ok(CreationByKey::MadeBefore(key));
            }
        }
        uses::delete(db, owner, key_digest)?;
    }
    check_within(caller, &new, &policy.scopes)?;
    let (key, full_key) = create(db, act, policy, rng, owner, new)?;
    if let Some((key_digest, body_digest)) = idempotency {
        uses::insert(
            db,
            &IdempotencyKeyRow {
                account_id: owner,
                key_digest,
                body_digest,
                api_key_id: key.id,
                created_at: act.now,
            },
        )?;
    }
    Ok(CreationByKey::Made(key, full_key))
}

fn check_within(
    caller: &Accepted,
    new: &NewApiKey,
    catalog: &ScopeCatalog,
) -> Result<(), CreateByKeyError> {
    let exceeds_scopes = match (&new.access, &caller.key.access) {
        (Access::All, Access::All) => false,
        // "All" grows when the operator defines another scope; a chosen set does not.
        (Access::All, Access::Chosen(_)) => true,
        (Access::Chosen(scopes), access) => {
            let allowed = access.scopes(catalog);
            scopes.iter().any(|scope: &Scope| !allowed.contains(scope))
        }
    };
    if exceeds_scopes {
        return Err(CreateByKeyError::MoreScopes);
    }
    if !(new.allowed_addresses).are_within(&caller.key.allowed_addresses) {
        return Err(CreateByKeyError::MoreAddresses);
    }
    if new.expires_at.unwrap_or(Timestamp::NEVER) > caller.key.ends_at {
        return Err(CreateByKeyError::LongerLife(caller.key.ends_at));
    }
    Ok(())
}
