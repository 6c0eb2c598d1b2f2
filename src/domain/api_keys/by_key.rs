//! Keys made and rotated by keys: no more scopes and addresses, no longer life than the one that asks, and once for each
//! idempotency key.

use rand::CryptoRng;

use super::addresses::AllowedAddresses;
use super::key_string::FullKey;
use super::policy::KeyPolicy;
use super::rotation::{Overlap, RotateKeyError, Rotated, rotate};
use super::scopes::{Access, INTEGRATIONS_USE, KEYS_VERIFY, KEYS_WRITE, Scope, ScopeCatalog};
use super::{ApiKey, CreateKeyError, NewApiKey, create, find};
use crate::clock::Timestamp;
use crate::domain::audit::Act;
use crate::domain::housekeeping::IDEMPOTENCY_LIFE;
use crate::domain::integrations::limits::CallLimits;
use crate::domain::verification::Accepted;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::idempotency_keys::{self as uses, IdempotencyKeyRow};
use crate::store::{Db, StoreError, accounts};

/// Names a request, so that repeating it does nothing again.
pub struct Idempotency {
    /// SHA-256 of the name.
    pub key_digest: Vec<u8>,
    /// SHA-256 of what is asked for.
    pub request_digest: Vec<u8>,
}

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
    /// The key could make calls of providers that its maker may not.
    #[error("the key could make more calls of providers than its maker")]
    MoreCalls,
    /// The key would outlive its maker, which ends at this time.
    #[error("the key would outlive its maker")]
    LongerLife(Timestamp),
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyConflict,
    /// As for every key.
    #[error(transparent)]
    Create(#[from] CreateKeyError),
    /// As for every rotation.
    #[error(transparent)]
    Rotate(#[from] RotateKeyError),
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

/// Makes a key for the caller's account.
///
/// # Errors
/// If the key would exceed its maker, the idempotency key was used for another request, or [`create`] fails.
pub fn create_by_key(
    db: &mut Db,
    act: &Act,
    policy: &KeyPolicy,
    rng: &mut impl CryptoRng,
    caller: &Accepted,
    new: NewApiKey,
    idempotency: Option<Idempotency>,
) -> Result<CreationByKey, CreateByKeyError> {
    let owner = caller.key.owner.id;
    if let Some(key) = made_before(db, act, owner, idempotency.as_ref())? {
        return Ok(CreationByKey::MadeBefore(key));
    }
    let wanted = Extent {
        access: &new.access,
        addresses: &new.allowed_addresses,
        calls: &new.call_limits,
        ends_at: new.expires_at.unwrap_or(Timestamp::NEVER),
    };
    check_within(caller, wanted, &policy.scopes)?;
    let (key, full_key) = create(db, act, policy, rng, owner, new)?;
    remember(db, act, owner, key.id, idempotency)?;
    Ok(CreationByKey::Made(key, full_key))
}

/// What a request to rotate a key led to.
pub enum RotationByKey {
    /// A new secret.
    Made(Rotated),
    /// The key that an earlier request with the same idempotency key rotated.
    MadeBefore(ApiKey),
}

/// Rotates a key of the caller's account.
///
/// # Errors
/// If the key exceeds the caller, the idempotency key was used for another request, or [`rotate`] fails.
#[expect(
    clippy::too_many_arguments,
    reason = "the caller and its idempotency key beside what every rotation takes"
)]
pub fn rotate_by_key(
    db: &mut Db,
    act: &Act,
    policy: &KeyPolicy,
    rng: &mut impl CryptoRng,
    caller: &Accepted,
    id: ApiKeyId,
    overlap: Overlap,
    idempotency: Option<Idempotency>,
) -> Result<RotationByKey, CreateByKeyError> {
    let owner = caller.key.owner.id;
    if let Some(key) = made_before(db, act, owner, idempotency.as_ref())? {
        return Ok(RotationByKey::MadeBefore(key));
    }
    let key = find(db, owner, id)?.ok_or(RotateKeyError::NotFound)?;
    let has = Extent {
        access: &key.access,
        addresses: &key.allowed_addresses,
        calls: &key.call_limits,
        ends_at: key.ends_at,
    };
    check_within(caller, has, &policy.scopes)?;
    let rotated = rotate(db, act, policy, rng, owner, id, overlap)?;
    remember(db, act, owner, id, idempotency)?;
    Ok(RotationByKey::Made(rotated))
}

/// The key of an earlier request with this idempotency key. Two such requests take turns from here on.
fn made_before(
    db: &mut Db,
    act: &Act,
    owner: AccountId,
    idempotency: Option<&Idempotency>,
) -> Result<Option<ApiKey>, CreateByKeyError> {
    accounts::lock(db, owner)?;
    let Some(idempotency) = idempotency else {
        return Ok(None);
    };
    let Some(row) = uses::find(db, owner, &idempotency.key_digest)? else {
        return Ok(None);
    };
    if act.now < row.created_at + IDEMPOTENCY_LIFE {
        if row.body_digest != idempotency.request_digest {
            return Err(CreateByKeyError::IdempotencyConflict);
        }
        if let Some(key) = find(db, owner, row.api_key_id)? {
            return Ok(Some(key));
        }
    }
    uses::delete(db, owner, &idempotency.key_digest)?;
    Ok(None)
}

fn remember(
    db: &mut Db,
    act: &Act,
    owner: AccountId,
    api_key_id: ApiKeyId,
    idempotency: Option<Idempotency>,
) -> Result<(), StoreError> {
    let Some(idempotency) = idempotency else {
        return Ok(());
    };
    uses::insert(
        db,
        &IdempotencyKeyRow {
            account_id: owner,
            key_digest: idempotency.key_digest,
            body_digest: idempotency.request_digest,
            api_key_id,
            created_at: act.now,
        },
    )
}

/// How far a key reaches.
#[derive(Clone, Copy)]
struct Extent<'a> {
    access: &'a Access,
    addresses: &'a AllowedAddresses,
    calls: &'a CallLimits,
    ends_at: Timestamp,
}

fn check_within(
    caller: &Accepted,
    wanted: Extent<'_>,
    catalog: &ScopeCatalog,
) -> Result<(), CreateByKeyError> {
    let exceeds_scopes = match (wanted.access, &*caller.key.usable_access()) {
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
    if !wanted.addresses.are_within(&caller.key.allowed_addresses) {
        return Err(CreateByKeyError::MoreAddresses);
    }
    if wanted.access.allows(INTEGRATIONS_USE) && !wanted.calls.are_within(&caller.key.call_limits) {
        return Err(CreateByKeyError::MoreCalls);
    }
    if wanted.ends_at > caller.key.ends_at {
        return Err(CreateByKeyError::LongerLife(caller.key.ends_at));
    }
    Ok(())
}
