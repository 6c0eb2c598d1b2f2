//! API keys: what they are, and everything that can be done with one.
//!
//! A key is active until its end, by the clock (expired) or by someone (deactivated), whichever comes first; an
//! ended key stays ended. Deleting an ended key only hides it: its digest stays, so that presenting it is still
//! recognised.

pub mod addresses;
pub mod by_key;
mod changing;
pub mod expiry;
pub mod key_string;
mod listing;
pub mod policy;
pub mod rate_limit;
pub mod rotation;
pub mod scopes;

use rand::CryptoRng;

use self::addresses::AllowedAddresses;
use self::key_string::FullKey;
use self::policy::KeyPolicy;
use self::rate_limit::RateLimit;
use self::scopes::Access;
use super::accounts::Account;
use super::audit::{Act, Action, Outcome};
use super::integrations::limits::CallLimits;
use super::text::Name;
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::api_keys::{self as rows, ApiKeyRow, ApiKeyWithUse};
use crate::store::{Constraint, Db, StoreError, accounts, shown_forms};

pub use self::changing::{ChangeKeyError, Deactivated, deactivate, delete, limit_calls, rename};
pub use self::listing::{
    KeyCounts, KeyCursor, KeyFilter, KeyList, KeyPage, SOON, count, filter, list, list_unused,
};

/// Whether a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It works.
    Active,
    /// Time ended it.
    Expired,
    /// Someone ended it.
    Deactivated,
}

/// The last accepted request of a key.
#[derive(Clone, Debug)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub address: String,
    /// By which client, as it names itself; may be empty.
    pub client: String,
}

/// An API key as its owner sees it: everything but the secret, which no one has but them.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The public id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub account_id: AccountId,
    /// `<brand>_<id>`: the part of the key that is shown.
    pub prefix: String,
    /// As its owner wrote it.
    pub name: String,
    /// What it may be used for.
    pub access: Access,
    /// From where it may be used.
    pub allowed_addresses: AllowedAddresses,
    /// How many requests a minute it may make; `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// Which calls of providers it may make.
    pub call_limits: CallLimits,
    /// Which of its secrets is the current one, counted from 1.
    pub secret_number: i64,
    /// Until when the secret before it works as well.
    pub overlap_ends_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When time ends it; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When someone ended it, if so.
    pub deactivated_at: Option<Timestamp>,
    /// Who ended it, if someone did: the end of a sentence that begins with "by".
    pub deactivated_by: Option<String>,
    /// When it stops working for whichever reason; [`Timestamp::NEVER`] if nothing ends it.
    pub ends_at: Timestamp,
    /// Its last accepted request.
    pub last_use: Option<LastUse>,
}

impl ApiKey {
    /// Whether it works at `now`.
    pub fn state_at(&self, now: Timestamp) -> KeyState {
        if self.deactivated_at.is_some() {
            KeyState::Deactivated
        } else if self.ends_at <= now {
            KeyState::Expired
        } else {
            KeyState::Active
        }
    }

    /// When it ended, if it has ended by `now`.
    pub fn ended_at(&self, now: Timestamp) -> Option<Timestamp> {
        (self.state_at(now) != KeyState::Active).then_some(self.ends_at)
    }

    /// Until when two of its secrets work, if they do at `now`.
    pub fn overlap_at(&self, now: Timestamp) -> Option<Timestamp> {
        let ends_at = self.overlap_ends_at?.min(self.ends_at);
        (ends_at > now).then_some(ends_at)
    }

    /// Where a list that goes on behind this key begins (or, backwards, the one before it).
    pub fn cursor(&self, backwards: bool) -> KeyCursor {
        KeyCursor {
            ends_at: self.ends_at,
            id: self.id,
            backwards,
        }
    }
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: row.id,
            account_id: row.account_id,
            prefix: key_string::prefix(&row.brand, row.id),
            name: row.name,
            access: Access::from_stored(row.scopes.as_deref()),
            allowed_addresses: AllowedAddresses::from_stored(row.allowed_addresses.as_deref()),
            rate_limit: row.rate_limit.map(RateLimit::from_stored),
            call_limits: CallLimits::from_stored(row.call_limits.as_deref()),
            secret_number: row.secret_number,
            overlap_ends_at: row.overlap_ends_at,
            created_at: row.created_at,
            expires_at: row.expires_at,
            deactivated_at: row.deactivated_at,
            deactivated_by: row.deactivated_by,
            ends_at: row.ends_at,
            last_use: None,
        }
    }
}

impl From<ApiKeyWithUse> for ApiKey {
    fn from((row, last_use): ApiKeyWithUse) -> Self {
        Self {
            last_use: last_use.map(|last_use| LastUse {
                at: last_use.used_at,
                address: last_use.address,
                client: last_use.client,
            }),
            ..row.into()
        }
    }
}

/// A key that is to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its name.
    pub name: Name,
    /// When time shall end it; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// What it may be used for.
    pub access: Access,
    /// From where it may be used.
    pub allowed_addresses: AllowedAddresses,
    /// How many requests a minute it may make; `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// Which calls of providers it may make.
    pub call_limits: CallLimits,
}

/// Why a key was not made. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// The account has as many active keys as it may have.
    #[error("the account has {0} active keys, the most it may have")]
    LimitReached(i64),
    /// The one-time form was used before, for this key.
    #[error("the form was used before")]
    FormUsed(ApiKeyId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a key. The full key is in the second half of the answer and nowhere else.
///
/// # Errors
/// If the account has too many active keys, or the database fails.
pub fn create(
    db: &mut Db,
    act: &Act,
    policy: &KeyPolicy,
    rng: &mut impl CryptoRng,
    owner: AccountId,
    new: NewApiKey,
) -> Result<(ApiKey, FullKey), CreateKeyError> {
    // Counted under the lock, so that parallel requests cannot pass the limit together.
    accounts::lock(db, owner)?;
    if rows::count_active(db, owner, act.now)? >= policy.max_active {
        return Err(CreateKeyError::LimitReached(policy.max_active));
    }
    let mut id = ApiKeyId::random(rng);
    while rows::exists(db, id)? {
        id = ApiKeyId::random(rng);
    }
    let full_key = FullKey::generate(&policy.brand, id, rng);
    let row = ApiKeyRow {
        id,
        account_id: owner,
        brand: policy.brand.as_str().to_owned(),
        name: new.name.as_str().to_owned(),
        digest: full_key
            .digest(policy.secrets.current_digest_key())
            .as_bytes()
            .to_vec(),
        digest_secret_id: policy.secrets.current_id().to_owned(),
        scopes: new.access.to_stored(),
        created_at: act.now,
        expires_at: new.expires_at,
        deactivated_at: None,
        deactivated_by: None,
        ends_at: new.expires_at.unwrap_or(Timestamp::NEVER),
        deleted_at: None,
        allowed_addresses: new.allowed_addresses.to_stored(),
        rate_limit: new.rate_limit.map(|limit| limit.requests().into()),
        secret_number: 1,
        overlap_ends_at: None,
        call_limits: new.call_limits.to_stored(),
    };
    rows::insert(db, &row)?;
    let key = ApiKey::from(row);
    record(db, act, &key, Action::KeyCreate)?;
    Ok((key, full_key))
}

/// [`create`] from a one-time form: sent a second time, it makes nothing.
///
/// # Errors
/// As [`create`], and if the form was used before.
pub fn create_from_form(
    db: &mut Db,
    act: &Act,
    policy: &KeyPolicy,
    rng: &mut impl CryptoRng,
    owner: AccountId,
    form_id: &str,
    new: NewApiKey,
) -> Result<(ApiKey, FullKey), CreateKeyError> {
    let form_digest = sha256(format!("{owner}/{form_id}").as_bytes()).to_vec();
    // The lock comes first: of two that send one form at once, the second waits here and then finds the row.
    accounts::lock(db, owner)?;
    if let Some(shown) = shown_forms::find(db, &form_digest)? {
        return Err(CreateKeyError::FormUsed(shown));
    }
    let created = create(db, act, policy, rng, owner, new)?;
    let form = shown_forms::ShownFormRow {
        form_digest,
        account_id: owner,
        api_key_id: created.0.id,
        created_at: act.now,
    };
    match shown_forms::insert(db, &form) {
        Ok(()) => Ok(created),
        // Cannot happen under the lock; if it did, undoing all is the safe answer.
        Err(StoreError::Broken(Constraint::ShownForm)) => {
            Err(CreateKeyError::FormUsed(form.api_key_id))
        }
        Err(error) => Err(error.into()),
    }
}

/// The account's key with this id; `None` if there is none, it was deleted, or it is someone else's.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, owner: AccountId, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    Ok(rows::find_for_account(db, owner, id)?.map(ApiKey::from))
}

/// The key with this id, whosever it is, unless it was deleted: for operators and commands.
///
/// # Errors
/// If the database fails.
pub fn find_anyones(db: &mut Db, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    match rows::owner_of(db, id)? {
        Some(owner) => find(db, owner, id),
        None => Ok(None),
    }
}

fn record(db: &mut Db, act: &Act, key: &ApiKey, action: Action) -> Result<(), StoreError> {
    act.record(
        db,
        Some(key.account_id),
        action,
        Some(&key.prefix),
        Outcome::Done,
    )
}

/// True if `owner` may choose what only operators may: the scope for verifying other people's keys.
pub fn may_choose_operator_scopes(owner: &Account) -> bool {
    owner.is_operator
}
