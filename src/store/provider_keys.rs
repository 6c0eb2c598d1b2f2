//! Keys for the APIs of other providers, sealed: of accounts, and of the instance itself.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::provider_keys;
use super::secret_uses::begins_with;
use crate::clock::Timestamp;
use crate::ids::{AccountId, ProviderKeyId};

/// The word for a key that is used.
pub const CURRENT: &str = "current";
/// The word for a key that waits until it could be checked.
pub const PENDING: &str = "pending";

/// A provider key as it is stored.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = provider_keys)]
pub struct ProviderKeyRow {
    /// Its id, which it is sealed for.
    pub id: ProviderKeyId,
    /// Whose it is; `None`: the instance's own.
    pub account_id: Option<AccountId>,
    /// Slug of the provider.
    pub provider: String,
    /// [`CURRENT`] or [`PENDING`].
    pub place: String,
    /// The key, sealed.
    pub sealed: Vec<u8>,
    /// What is shown of it.
    pub hint: String,
    /// When the provider last said whether it takes it.
    pub checked_at: Option<Timestamp>,
    /// With which status it was refused.
    pub refused_status: Option<i64>,
    /// The provider's words about that.
    pub refused_words: Option<String>,
    /// Since when it is refused.
    pub refused_since: Option<Timestamp>,
    /// When it was saved.
    pub created_at: Timestamp,
    /// When it was last used; some seconds are not noted.
    pub last_used_at: Option<Timestamp>,
}

/// What a provider said of a key.
#[derive(Clone, Copy, Debug)]
pub struct RefusalRow<'a> {
    /// The status.
    pub status: i64,
    /// Its words.
    pub words: &'a str,
    /// Since when.
    pub since: Timestamp,
}

/// Adds a key. The account, or the sharing of the instance's, must be locked.
pub fn insert(db: &mut Db, row: &ProviderKeyRow) -> Result<(), StoreError> {
    diesel::insert_into(provider_keys::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// All keys of an account, or with `None` of the instance; by provider, the current one first.
pub fn list(db: &mut Db, account_id: Option<AccountId>) -> Result<Vec<ProviderKeyRow>, StoreError> {
    let all = provider_keys::table
        .order((provider_keys::provider, provider_keys::place))
        .select(ProviderKeyRow::as_select());
    Ok(match account_id {
        Some(id) => all.filter(provider_keys::account_id.eq(id)).load(db)?,
        None => all.filter(provider_keys::account_id.is_null()).load(db)?,
    })
}

/// The keys of an account, or with `None` of the instance, for one provider; the current one first.
pub fn list_for_provider(
    db: &mut Db,
    account_id: Option<AccountId>,
    provider: &str,
) -> Result<Vec<ProviderKeyRow>, StoreError> {
    let all = provider_keys::table
        .filter(provider_keys::provider.eq(provider))
        .order(provider_keys::place)
        .select(ProviderKeyRow::as_select());
    Ok(match account_id {
        Some(id) => all.filter(provider_keys::account_id.eq(id)).load(db)?,
        None => all.filter(provider_keys::account_id.is_null()).load(db)?,
    })
}

/// The current keys that a call by this account may use: its own, then the instance's.
pub fn list_for_call(
    db: &mut Db,
    account_id: AccountId,
    provider: &str,
) -> Result<Vec<ProviderKeyRow>, StoreError> {
    let mut rows: Vec<ProviderKeyRow> = provider_keys::table
        .filter(provider_keys::provider.eq(provider))
        .filter(provider_keys::place.eq(CURRENT))
        .filter(
            provider_keys::account_id
                .eq(account_id)
                .or(provider_keys::account_id.is_null()),
        )
        .select(ProviderKeyRow::as_select())
        .load(db)?;
    rows.sort_by_key(|row| row.account_id.is_none());
    Ok(rows)
}

/// Removes a key; false if it is gone.
pub fn delete(db: &mut Db, id: ProviderKeyId) -> Result<bool, StoreError> {
    Ok(diesel::delete(provider_keys::table.find(id)).execute(db)? > 0)
}

/// Removes all keys of an account, which is closed; how many.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<usize, StoreError> {
    let mine = provider_keys::table.filter(provider_keys::account_id.eq(account_id));
    Ok(diesel::delete(mine).execute(db)?)
}

/// Makes a pending key the current one, which the provider took. The one before must be gone.
pub fn promote(db: &mut Db, id: ProviderKeyId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(provider_keys::table.find(id))
        .set((
            provider_keys::place.eq(CURRENT),
            provider_keys::checked_at.eq(Some(at)),
        ))
        .execute(db)?;
    Ok(())
}

/// Notes that the provider took the key; nothing is left of what it said before. False if the key is gone.
pub fn set_accepted(db: &mut Db, id: ProviderKeyId, at: Timestamp) -> Result<bool, StoreError> {
    let changed = diesel::update(provider_keys::table.find(id))
        .set((
            provider_keys::checked_at.eq(Some(at)),
            provider_keys::refused_status.eq(None::<i64>),
            provider_keys::refused_words.eq(None::<String>),
            provider_keys::refused_since.eq(None::<Timestamp>),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

/// Notes that the provider refused the key, and when it was asked. Since when is kept of the first time in a row. False if
/// the key is gone.
pub fn set_refused(
    db: &mut Db,
    id: ProviderKeyId,
    refusal: RefusalRow<'_>,
) -> Result<bool, StoreError> {
    let at = refusal.since;
    let said = (
        provider_keys::checked_at.eq(Some(at)),
        provider_keys::refused_status.eq(Some(refusal.status)),
        provider_keys::refused_words.eq(Some(refusal.words)),
    );
    let row = provider_keys::table.find(id);
    let again = row.filter(provider_keys::refused_since.is_not_null());
    if diesel::update(again).set(said).execute(db)? > 0 {
        return Ok(true);
    }
    let changed = diesel::update(row)
        .set((said, provider_keys::refused_since.eq(Some(at))))
        .execute(db)?;
    Ok(changed > 0)
}

/// Notes that a key was used, unless that was noted after `unless_after`.
pub fn set_used(
    db: &mut Db,
    id: ProviderKeyId,
    at: Timestamp,
    unless_after: Timestamp,
) -> Result<(), StoreError> {
    let due = provider_keys::table.find(id).filter(
        provider_keys::last_used_at
            .is_null()
            .or(provider_keys::last_used_at.le(unless_after)),
    );
    diesel::update(due)
        .set(provider_keys::last_used_at.eq(Some(at)))
        .execute(db)?;
    Ok(())
}

/// Keys whose sealed value does not begin with `header`; at most `limit`.
pub fn list_sealed_elsewhere(
    db: &mut Db,
    header: &[u8],
    limit: i64,
) -> Result<Vec<ProviderKeyRow>, StoreError> {
    Ok(provider_keys::table
        .filter(diesel::dsl::not(begins_with(
            provider_keys::sealed.nullable(),
            header,
        )))
        .order(provider_keys::id)
        .limit(limit)
        .select(ProviderKeyRow::as_select())
        .load(db)?)
}

/// Replaces the sealed value of a key, if it is still `old`.
pub fn set_sealed(
    db: &mut Db,
    id: ProviderKeyId,
    old: &[u8],
    new: &[u8],
) -> Result<(), StoreError> {
    let row = provider_keys::table
        .find(id)
        .filter(provider_keys::sealed.eq(old));
    diesel::update(row)
        .set(provider_keys::sealed.eq(new))
        .execute(db)?;
    Ok(())
}
