//! Sessions of signed-in accounts, found by the digest of their id.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::sessions;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// A session as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub struct SessionRow {
    /// SHA-256 of the session id; the id itself is only in the browser's cookie.
    pub id_digest: Vec<u8>,
    /// Whose session it is.
    pub account_id: AccountId,
    /// What the session remembers, as JSON.
    pub state: String,
    /// When the account signed in.
    pub created_at: Timestamp,
    /// The last request, to the minute.
    pub last_seen_at: Timestamp,
}

/// Adds a session.
pub fn insert(db: &mut Db, row: &SessionRow) -> Result<(), StoreError> {
    diesel::insert_into(sessions::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The session with this digest of its id.
pub fn find(db: &mut Db, id_digest: &[u8]) -> Result<Option<SessionRow>, StoreError> {
    Ok(sessions::table
        .find(id_digest)
        .select(SessionRow::as_select())
        .first(db)
        .optional()?)
}

/// Replaces what the session remembers; false if it is gone.
pub fn set_state(db: &mut Db, id_digest: &[u8], state: &str) -> Result<bool, StoreError> {
    let changed = diesel::update(sessions::table.find(id_digest))
        .set(sessions::state.eq(state))
        .execute(db)?;
    Ok(changed > 0)
}

/// Notes that the session was used.
pub fn set_last_seen(db: &mut Db, id_digest: &[u8], at: Timestamp) -> Result<(), StoreError> {
    diesel::update(sessions::table.find(id_digest))
        .set(sessions::last_seen_at.eq(at))
        .execute(db)?;
    Ok(())
}

/// Ends one session.
pub fn delete(db: &mut Db, id_digest: &[u8]) -> Result<(), StoreError> {
    diesel::delete(sessions::table.find(id_digest)).execute(db)?;
    Ok(())
}

/// Ends all sessions of an account.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<usize, StoreError> {
    Ok(diesel::delete(sessions::table.filter(sessions::account_id.eq(account_id))).execute(db)?)
}

/// How many sessions of an account were used after `idle_since` and begun after `begun_after`.
pub fn count_live(
    db: &mut Db,
    account_id: AccountId,
    idle_since: Timestamp,
    begun_after: Timestamp,
) -> Result<i64, StoreError> {
    Ok(sessions::table
        .filter(sessions::account_id.eq(account_id))
        .filter(sessions::last_seen_at.gt(idle_since))
        .filter(sessions::created_at.gt(begun_after))
        .count()
        .get_result(db)?)
}

/// Removes sessions last used before `idle_since` or begun before `begun_before`.
pub fn delete_ended(
    db: &mut Db,
    idle_since: Timestamp,
    begun_before: Timestamp,
) -> Result<usize, StoreError> {
    Ok(diesel::delete(
        sessions::table.filter(
            sessions::last_seen_at
                .le(idle_since)
                .or(sessions::created_at.le(begun_before)),
        ),
    )
    .execute(db)?)
}
