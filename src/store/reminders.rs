//! Which keys end soon, and up to when their owners have been reminded.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{accounts, api_keys, reminder_progress};
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};

/// A key that ends, with whom to tell.
#[derive(Clone, Debug, Queryable)]
pub struct EndingRow {
    /// Which key.
    pub id: ApiKeyId,
    /// The brand it was made under.
    pub brand: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Its owner.
    pub account_id: AccountId,
    /// The owner's address.
    pub email: String,
}

/// Up to when reminders have been queued, `None` if never. Until the transaction ends, no one else queues any.
pub fn lock_progress(db: &mut Db) -> Result<Option<Timestamp>, StoreError> {
    let query = reminder_progress::table.select(reminder_progress::reached_at);
    let reached: Timestamp = match db {
        Db::Postgres(connection) => query.for_update().first(connection)?,
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(connection) => query.first(connection)?,
    };
    Ok((reached.as_millis() > 0).then_some(reached))
}

/// Notes that reminders have been queued up to `at`.
pub fn set_progress(db: &mut Db, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(reminder_progress::table)
        .set(reminder_progress::reached_at.eq(at))
        .execute(db)?;
    Ok(())
}

/// Up to `limit` keys that time ends after `after` (at that instant, those with a larger id than the one given) and at
/// `until` at the latest: no one ended or deleted them, and their owner is not disabled. Soonest end first.
pub fn list_ending(
    db: &mut Db,
    after: (Timestamp, Option<ApiKeyId>),
    until: Timestamp,
    limit: i64,
) -> Result<Vec<EndingRow>, StoreError> {
    let (at, id) = after;
    let mut query = api_keys::table
        .inner_join(accounts::table)
        .filter(api_keys::expires_at.is_not_null())
        .filter(api_keys::deactivated_at.is_null())
        .filter(api_keys::deleted_at.is_null())
        .filter(accounts::disabled_at.is_null())
        .filter(api_keys::ends_at.ge(at))
        .filter(api_keys::ends_at.le(until))
        .order((api_keys::ends_at, api_keys::id))
        .limit(limit)
        .select((
            api_keys::id,
            api_keys::brand,
            api_keys::name,
            api_keys::created_at,
            api_keys::ends_at,
            api_keys::account_id,
            accounts::email,
        ))
        .into_boxed();
    query = match id {
        Some(id) => {
            let same_instant = api_keys::ends_at.eq(at).and(api_keys::id.gt(id));
            query.filter(api_keys::ends_at.gt(at).or(same_instant))
        }
        None => query.filter(api_keys::ends_at.gt(at)),
    };
    Ok(query.load(db)?)
}
