//! Sessions of signed-in accounts, found by the digest of their id.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::sessions;
use crate::clock::Timestamp;
use crate::ids::{AccountId, SessionId};

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
    /// When it began under this id.
    pub created_at: Timestamp,
    /// The last request, to the minute.
    pub last_seen_at: Timestamp,
    /// What it is named by; `None` if the version before has made it.
    pub public_id: Option<SessionId>,
    /// When the account signed in.
    pub signed_in_at: Option<Timestamp>,
    /// From which address it signed in; may be empty.
    pub address: String,
    /// With which client, as that named itself; may be empty.
    pub client: String,
    /// Until when the second step may follow the password. Such a session is nobody's yet, and in no list of sessions;
    /// `None`: its account is signed in.
    pub pending_until: Option<Timestamp>,
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

/// Ends an account's session with this public id; false if there is none.
pub fn delete_by_public_id(
    db: &mut Db,
    account_id: AccountId,
    public_id: SessionId,
) -> Result<bool, StoreError> {
    let session = sessions::table
        .filter(sessions::account_id.eq(account_id))
        .filter(sessions::public_id.eq(public_id));
    Ok(diesel::delete(session).execute(db)? > 0)
}

/// True if a session of another account has this public id.
pub fn is_of_another(
    db: &mut Db,
    account_id: AccountId,
    public_id: SessionId,
) -> Result<bool, StoreError> {
    let found: i64 = sessions::table
        .filter(sessions::account_id.ne(account_id))
        .filter(sessions::public_id.eq(public_id))
        .count()
        .get_result(db)?;
    Ok(found > 0)
}

/// Ends all sessions of an account but the one with this public id.
pub fn delete_others(
    db: &mut Db,
    account_id: AccountId,
    public_id: Option<SessionId>,
) -> Result<usize, StoreError> {
    let all = sessions::table.filter(sessions::account_id.eq(account_id));
    Ok(match public_id {
        None => diesel::delete(all).execute(db)?,
        Some(kept) => {
            let is_other = sessions::public_id
                .is_null()
                .or(sessions::public_id.ne(kept));
            diesel::delete(all.filter(is_other)).execute(db)?
        }
    })
}

/// Sessions of an account that were used after `idle_since` and begun after `begun_after`, last used first.
pub fn list_live(
    db: &mut Db,
    account_id: AccountId,
    idle_since: Timestamp,
    begun_after: Timestamp,
) -> Result<Vec<SessionRow>, StoreError> {
    Ok(sessions::table
        .filter(sessions::account_id.eq(account_id))
        .filter(sessions::pending_until.is_null())
        .filter(sessions::last_seen_at.gt(idle_since))
        .filter(sessions::created_at.gt(begun_after))
        .order((sessions::last_seen_at.desc(), sessions::public_id))
        .select(SessionRow::as_select())
        .load(db)?)
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
        .filter(sessions::pending_until.is_null())
        .filter(sessions::last_seen_at.gt(idle_since))
        .filter(sessions::created_at.gt(begun_after))
        .count()
        .get_result(db)?)
}

/// Removes sessions that waited for a second step until `at` or earlier.
pub fn delete_pending(db: &mut Db, at: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(sessions::table.filter(sessions::pending_until.le(at))).execute(db)?)
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
