//! API keys.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::last_uses::LastUseRow;
use super::schema::{api_key_last_uses, api_keys, replaced_secrets};
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};

/// A key as it is stored.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
pub struct ApiKeyRow {
    /// The public middle part of the key.
    pub id: ApiKeyId,
    /// Whose it is.
    pub account_id: AccountId,
    /// The brand it was made under: the first part of the key.
    pub brand: String,
    /// As the holder wrote it.
    pub name: String,
    /// HMAC-SHA256 of the full key.
    pub digest: Vec<u8>,
    /// Under which instance secret the digest was made.
    pub digest_secret_id: String,
    /// Chosen scopes, separated by spaces; `None` for all that the account may do.
    pub scopes: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When time ends it; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When someone ended it, if so.
    pub deactivated_at: Option<Timestamp>,
    /// Who ended it, in words for people.
    pub deactivated_by: Option<String>,
    /// When it stops working, for whichever reason; [`Timestamp::NEVER`] if nothing ends it.
    pub ends_at: Timestamp,
    /// When it was removed from the lists, if so.
    pub deleted_at: Option<Timestamp>,
    /// Addresses and CIDR blocks from which it may be used, separated by spaces; `None` for everywhere.
    pub allowed_addresses: Option<String>,
    /// Requests a minute; `None` for no limit.
    pub rate_limit: Option<i64>,
    /// Which of its secrets is the current one, counted from 1.
    pub secret_number: i64,
    /// Until when the secret before it works as well.
    pub overlap_ends_at: Option<Timestamp>,
    /// Which calls of providers it may make, as far as they are limited.
    pub call_limits: Option<String>,
}

/// What a rotation changes of a key.
pub struct NewSecret {
    /// HMAC-SHA256 of the new full key.
    pub digest: Vec<u8>,
    /// Under which instance secret the digest was made.
    pub digest_secret_id: String,
    /// Which of the key's secrets it is, counted from 1.
    pub number: i64,
    /// Until when the one before works as well.
    pub overlap_ends_at: Option<Timestamp>,
}

/// A key with its last use.
pub type ApiKeyWithUse = (ApiKeyRow, Option<LastUseRow>);

/// Which keys of an account to list, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyList {
    /// Keys that work at this instant, soonest end first.
    Active(Timestamp),
    /// Keys that have ended by this instant, latest end first.
    Inactive(Timestamp),
    /// All keys, latest end first.
    All,
}

/// Where a page of a list begins: right behind (or, backwards, right before) this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCursor {
    /// The end of the key at the edge.
    pub ends_at: Timestamp,
    /// Its id, for keys that end at one instant.
    pub id: ApiKeyId,
    /// True to read towards the beginning of the list.
    pub backwards: bool,
}

/// Narrows a list by what was typed into the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFilter {
    /// `LIKE` pattern for the name, in lower case, escaped with a backslash.
    pub name_pattern: String,
    /// Ids that begin with what was typed, first and last.
    pub ids: Option<(ApiKeyId, ApiKeyId)>,
}

/// Adds a key.
pub fn insert(db: &mut Db, row: &ApiKeyRow) -> Result<(), StoreError> {
    diesel::insert_into(api_keys::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The account's key with this id, unless it was deleted or is someone else's.
pub fn find_for_account(
    db: &mut Db,
    account_id: AccountId,
    id: ApiKeyId,
) -> Result<Option<ApiKeyWithUse>, StoreError> {
    Ok(api_keys::table
        .left_join(api_key_last_uses::table)
        .filter(api_keys::id.eq(id))
        .filter(api_keys::account_id.eq(account_id))
        .filter(api_keys::deleted_at.is_null())
        .select((ApiKeyRow::as_select(), Option::<LastUseRow>::as_select()))
        .first(db)
        .optional()?)
}

/// Whose key this is, deleted or not.
pub fn owner_of(db: &mut Db, id: ApiKeyId) -> Result<Option<AccountId>, StoreError> {
    Ok(api_keys::table
        .find(id)
        .select(api_keys::account_id)
        .first(db)
        .optional()?)
}

/// Owners and names of the keys of these ids, deleted ones included.
pub fn names(
    db: &mut Db,
    ids: &[ApiKeyId],
) -> Result<Vec<(ApiKeyId, AccountId, String)>, StoreError> {
    Ok(api_keys::table
        .filter(api_keys::id.eq_any(ids.to_vec()))
        .select((api_keys::id, api_keys::account_id, api_keys::name))
        .load(db)?)
}

/// Up to `limit` keys of an account behind the cursor (or before it, if that reads backwards), in the list's order.
pub fn list_for_account(
    db: &mut Db,
    account_id: AccountId,
    list: KeyList,
    filter: Option<&KeyFilter>,
    cursor: Option<KeyCursor>,
    limit: i64,
) -> Result<Vec<ApiKeyWithUse>, StoreError> {
    let mut query = api_keys::table
        .left_join(api_key_last_uses::table)
        .filter(api_keys::account_id.eq(account_id))
        .filter(api_keys::deleted_at.is_null())
        .select((ApiKeyRow::as_select(), Option::<LastUseRow>::as_select()))
        .limit(limit)
        .into_boxed();
    let sorted_ascending = match list {
        KeyList::Active(now) => {
            query = query.filter(api_keys::ends_at.gt(now));
            true
        }
        KeyList::Inactive(now) => {
            query = query.filter(api_keys::ends_at.le(now));
            false
        }
        KeyList::All => false,
    };
    if let Some(filter) = filter {
        let name_matches = lower(api_keys::name)
            .like(filter.name_pattern.clone())
            .escape('\\');
        query = match filter.ids {
            Some((first, last)) => query.filter(name_matches.or(api_keys::id.between(first, last))),
            None => query.filter(name_matches),
        };
    }
    let backwards = cursor.is_some_and(|cursor| cursor.backwards);
    let read_ascending = sorted_ascending != backwards;
    if let Some(KeyCursor { ends_at, id, .. }) = cursor {
        let same_end = api_keys::ends_at.eq(ends_at);
        query = if read_ascending {
            query.filter(
                api_keys::ends_at
                    .gt(ends_at)
                    .or(same_end.and(api_keys::id.gt(id))),
            )
        } else {
            query.filter(
                api_keys::ends_at
                    .lt(ends_at)
                    .or(same_end.and(api_keys::id.lt(id))),
            )
        };
    }
    query = if read_ascending {
        query.order((api_keys::ends_at.asc(), api_keys::id.asc()))
    } else {
        query.order((api_keys::ends_at.desc(), api_keys::id.desc()))
    };
    let mut rows = query.load(db)?;
    if backwards {
        rows.reverse();
    }
    Ok(rows)
}

/// How many keys of the account work at `now`. Deleted keys never do.
pub fn count_active(db: &mut Db, account_id: AccountId, now: Timestamp) -> Result<i64, StoreError> {
    Ok(api_keys::table
        .filter(api_keys::account_id.eq(account_id))
        .filter(api_keys::ends_at.gt(now))
        .count()
        .get_result(db)?)
}

/// How many keys of each of these accounts work at `now`; accounts without any are left out.
pub fn count_active_of(
    db: &mut Db,
    ids: &[AccountId],
    now: Timestamp,
) -> Result<Vec<(AccountId, i64)>, StoreError> {
    Ok(api_keys::table
        .filter(api_keys::account_id.eq_any(ids.to_vec()))
        .filter(api_keys::ends_at.gt(now))
        .group_by(api_keys::account_id)
        .select((api_keys::account_id, diesel::dsl::count_star()))
        .load(db)?)
}

/// How many of the account's keys work at `now` and end by `until`.
pub fn count_ending(
    db: &mut Db,
    account_id: AccountId,
    now: Timestamp,
    until: Timestamp,
) -> Result<i64, StoreError> {
    Ok(api_keys::table
        .filter(api_keys::account_id.eq(account_id))
        .filter(api_keys::ends_at.gt(now))
        .filter(api_keys::ends_at.le(until))
        .count()
        .get_result(db)?)
}

/// How many listed keys of the account have ended by `now`.
pub fn count_inactive(
    db: &mut Db,
    account_id: AccountId,
    now: Timestamp,
) -> Result<i64, StoreError> {
    Ok(api_keys::table
        .filter(api_keys::account_id.eq(account_id))
        .filter(api_keys::ends_at.le(now))
        .filter(api_keys::deleted_at.is_null())
        .count()
        .get_result(db)?)
}

/// Up to `limit` keys that work at `now`, were made before `since` and not used after it; longest unused first.
pub fn list_unused(
    db: &mut Db,
    account_id: AccountId,
    now: Timestamp,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKeyWithUse>, StoreError> {
    Ok(api_keys::table
        .left_join(api_key_last_uses::table)
        .filter(api_keys::account_id.eq(account_id))
        .filter(api_keys::ends_at.gt(now))
        .filter(api_keys::created_at.lt(since))
        .filter(
            api_key_last_uses::used_at
                .is_null()
                .or(api_key_last_uses::used_at.lt(since)),
        )
        .order((api_key_last_uses::used_at.asc(), api_keys::id.asc()))
        .limit(limit)
        .select((ApiKeyRow::as_select(), Option::<LastUseRow>::as_select()))
        .load(db)?)
}

/// When any key of the account was last used.
pub fn last_use_of_account(
    db: &mut Db,
    account_id: AccountId,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(api_keys::table
        .inner_join(api_key_last_uses::table)
        .filter(api_keys::account_id.eq(account_id))
        .order(api_key_last_uses::used_at.desc())
        .select(api_key_last_uses::used_at)
        .first(db)
        .optional()?)
}

/// Renames a key.
pub fn set_name(db: &mut Db, id: ApiKeyId, name: &str) -> Result<(), StoreError> {
    diesel::update(api_keys::table.find(id))
        .set(api_keys::name.eq(name))
        .execute(db)?;
    Ok(())
}

/// Sets which calls of providers a key may make; `None` for any.
pub fn set_call_limits(db: &mut Db, id: ApiKeyId, limits: Option<&str>) -> Result<(), StoreError> {
    diesel::update(api_keys::table.find(id))
        .set(api_keys::call_limits.eq(limits))
        .execute(db)?;
    Ok(())
}

/// Gives a key that works at `at` another secret; false, and no change, if it has ended by then.
pub fn set_secret(
    db: &mut Db,
    id: ApiKeyId,
    at: Timestamp,
    new: &NewSecret,
) -> Result<bool, StoreError> {
    let changed = diesel::update(api_keys::table.find(id).filter(api_keys::ends_at.gt(at)))
        .set((
            api_keys::digest.eq(&new.digest),
            api_keys::digest_secret_id.eq(&new.digest_secret_id),
            api_keys::secret_number.eq(new.number),
            api_keys::overlap_ends_at.eq(new.overlap_ends_at),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

/// Replaces the digest of a key's secret by one of the same secret under another instance secret; false if the key has
/// another secret by now.
pub fn set_digest(
    db: &mut Db,
    id: ApiKeyId,
    old: &[u8],
    new: &[u8],
    digest_secret_id: &str,
) -> Result<bool, StoreError> {
    let changed = diesel::update(api_keys::table.find(id).filter(api_keys::digest.eq(old)))
        .set((
            api_keys::digest.eq(new),
            api_keys::digest_secret_id.eq(digest_secret_id),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

/// Ends the overlap of a key's secrets at `at`; false, and no change, if there is none.
pub fn end_overlap(db: &mut Db, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
    let changed = diesel::update(
        api_keys::table
            .find(id)
            .filter(api_keys::overlap_ends_at.gt(at)),
    )
    .set(api_keys::overlap_ends_at.eq(at))
    .execute(db)?;
    Ok(changed > 0)
}

/// Deactivates a key that works at `at`; false, and no change, if it had ended by then.
pub fn set_deactivated(
    db: &mut Db,
    id: ApiKeyId,
    at: Timestamp,
    by: &str,
) -> Result<bool, StoreError> {
    let changed = diesel::update(api_keys::table.find(id).filter(api_keys::ends_at.gt(at)))
        .set((
            api_keys::deactivated_at.eq(at),
            api_keys::deactivated_by.eq(by),
            api_keys::ends_at.eq(at),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

/// The account's keys that are active at `now`, so that no one else changes them before this transaction ends.
pub fn lock_active(
    db: &mut Db,
    account_id: AccountId,
    now: Timestamp,
) -> Result<Vec<ApiKeyId>, StoreError> {
    let query = api_keys::table
        .filter(api_keys::account_id.eq(account_id))
        .filter(api_keys::ends_at.gt(now))
        .order(api_keys::id)
        .select(api_keys::id);
    Ok(match db {
        Db::Postgres(connection) => query.for_no_key_update().load(connection)?,
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(connection) => query.load(connection)?,
    })
}

/// Replaces the words for who ended the account's keys, where they are these.
pub fn rename_deactivator(
    db: &mut Db,
    account_id: AccountId,
    old: &str,
    new: &str,
) -> Result<(), StoreError> {
    let ended = api_keys::table
        .filter(api_keys::account_id.eq(account_id))
        .filter(api_keys::deactivated_by.eq(old));
    diesel::update(ended)
        .set(api_keys::deactivated_by.eq(new))
        .execute(db)?;
    Ok(())
}

/// Removes a key that has ended by `at` from the lists; false if it still works.
pub fn set_deleted(db: &mut Db, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
    let changed = diesel::update(
        api_keys::table
            .find(id)
            .filter(api_keys::ends_at.le(at))
            .filter(api_keys::deleted_at.is_null()),
    )
    .set(api_keys::deleted_at.eq(at))
    .execute(db)?;
    Ok(changed > 0)
}

/// The secret of a key that a rotation replaces.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct CurrentSecretRow {
    /// The brand of the key, which stays.
    pub brand: String,
    /// HMAC-SHA256 of the full key.
    pub digest: Vec<u8>,
    /// Under which instance secret the digest was made.
    pub digest_secret_id: String,
    /// Which of the key's secrets it is, counted from 1.
    pub secret_number: i64,
}

/// The key's current secret.
pub fn current_secret(db: &mut Db, id: ApiKeyId) -> Result<Option<CurrentSecretRow>, StoreError> {
    Ok(api_keys::table
        .find(id)
        .select(CurrentSecretRow::as_select())
        .first(db)
        .optional()?)
}

/// True if a key of this id exists, deleted or not.
pub fn exists(db: &mut Db, id: ApiKeyId) -> Result<bool, StoreError> {
    Ok(diesel::select(diesel::dsl::exists(api_keys::table.find(id))).get_result(db)?)
}

diesel::define_sql_function! {
    /// Lower case: of ASCII letters on SQLite, of all letters on PostgreSQL.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Brands and names of the keys of these ids, deleted ones included.
pub fn labels(
    db: &mut Db,
    ids: &[ApiKeyId],
) -> Result<Vec<(ApiKeyId, String, String)>, StoreError> {
    Ok(api_keys::table
        .filter(api_keys::id.eq_any(ids.to_vec()))
        .select((api_keys::id, api_keys::brand, api_keys::name))
        .load(db)?)
}

/// When the secrets of these keys were last replaced; keys whose never was are left out.
pub fn rotated_at(
    db: &mut Db,
    ids: &[ApiKeyId],
) -> Result<Vec<(ApiKeyId, Option<Timestamp>)>, StoreError> {
    Ok(replaced_secrets::table
        .filter(replaced_secrets::api_key_id.eq_any(ids.to_vec()))
        .group_by(replaced_secrets::api_key_id)
        .select((
            replaced_secrets::api_key_id,
            diesel::dsl::max(replaced_secrets::replaced_at),
        ))
        .load(db)?)
}
