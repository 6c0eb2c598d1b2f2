//! The browsers that accounts were signed in with.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::known_devices;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// Notes that the account was signed in with this browser; false if it was not known before.
pub fn touch(
    db: &mut Db,
    account_id: AccountId,
    token_digest: &[u8],
    at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = diesel::update(known_devices::table.find((account_id, token_digest)))
        .set(known_devices::last_seen_at.eq(at))
        .execute(db)?;
    Ok(changed > 0)
}

/// True if the account is known with this browser.
pub fn is_known(
    db: &mut Db,
    account_id: AccountId,
    token_digest: &[u8],
) -> Result<bool, StoreError> {
    let found: i64 = known_devices::table
        .find((account_id, token_digest))
        .count()
        .get_result(db)?;
    Ok(found > 0)
}

/// Adds a browser, unless someone else adds it in this moment.
pub fn insert(
    db: &mut Db,
    account_id: AccountId,
    token_digest: &[u8],
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = diesel::insert_into(known_devices::table).values((
        known_devices::account_id.eq(account_id),
        known_devices::token_digest.eq(token_digest),
        known_devices::first_seen_at.eq(at),
        known_devices::last_seen_at.eq(at),
    ));
    match db {
        Db::Postgres(connection) => query.on_conflict_do_nothing().execute(connection)?,
        Db::Sqlite(connection) => query.on_conflict_do_nothing().execute(connection)?,
    };
    Ok(())
}

/// How many browsers the account is known with.
pub fn count(db: &mut Db, account_id: AccountId) -> Result<i64, StoreError> {
    Ok(known_devices::table
        .filter(known_devices::account_id.eq(account_id))
        .count()
        .get_result(db)?)
}

/// Forgets all browsers of an account.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    diesel::delete(known_devices::table.filter(known_devices::account_id.eq(account_id)))
        .execute(db)?;
    Ok(())
}

/// Forgets browsers that were not seen since.
pub fn delete_unseen(db: &mut Db, since: Timestamp) -> Result<usize, StoreError> {
    Ok(
        diesel::delete(known_devices::table.filter(known_devices::last_seen_at.le(since)))
            .execute(db)?,
    )
}
