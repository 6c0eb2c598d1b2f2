//! What verification reads: how far the database has moved, what moved, and the records of keys with their owners.
//!
//! Nothing here writes, except that old steps are pruned. Queries are written for the native connection of each engine,
//! so that they stay in its statement cache, and without `first`, which adds `LIMIT ?`: SQLite plans a statement anew
//! each time a value is bound that its plan depends on.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use super::accounts::AccountRow;
use super::api_keys::ApiKeyRow;
use super::connection::Db;
use super::error::StoreError;
use super::schema::{
    accounts, api_keys, replaced_secrets, verification_changes, verification_epoch,
};
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};

/// How far the database has moved. Two readings that are equal mean that nothing that decides a verdict has changed
/// between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Epoch {
    /// Counts the steps.
    pub epoch: i64,
    /// Drawn anew at each step: after a restore the count may repeat, this does not.
    pub nonce: i64,
}

/// What one step changed.
#[derive(Clone, Copy, Debug, Queryable)]
pub struct Change {
    /// Epoch of the step.
    pub epoch: i64,
    /// Nonce of the step.
    pub nonce: i64,
    /// The key that was changed.
    pub api_key_id: Option<ApiKeyId>,
    /// The account that was changed. Neither key nor account: anything may have changed.
    pub account_id: Option<AccountId>,
}

/// A secret that a rotation has replaced.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = replaced_secrets)]
pub struct ReplacedSecretRow {
    /// Of which key.
    pub api_key_id: ApiKeyId,
    /// Which of its secrets, counted from 1.
    pub number: i64,
    /// HMAC-SHA256 of the full key.
    pub digest: Vec<u8>,
    /// Under which instance secret the digest was made.
    pub digest_secret_id: String,
    /// When another secret took its place.
    pub replaced_at: Timestamp,
    /// Until when it works beside that one.
    pub ends_at: Timestamp,
}

/// A key as verification needs it.
pub struct VerificationRow {
    /// The key.
    pub key: ApiKeyRow,
    /// Its owner.
    pub owner: AccountRow,
    /// Its replaced secrets, newest first, at most [`RECOGNISED_SECRETS`].
    pub replaced: Vec<ReplacedSecretRow>,
}

/// Replaced secrets of a key that are told from wrong ones. Older digests are kept, but no longer looked at: what a
/// request costs must not grow with how often a key was rotated.
pub const RECOGNISED_SECRETS: i64 = 100;

/// Where the database is now.
pub fn read_epoch(db: &mut Db) -> Result<Epoch, StoreError> {
    let columns = (verification_epoch::epoch, verification_epoch::nonce);
    let query = verification_epoch::table.select(columns);
    Ok(match db {
        Db::Postgres(connection) => query.get_result(connection)?,
        Db::Sqlite(connection) => query.get_result(connection)?,
    })
}

/// The step of this epoch and all later ones, oldest first; at most `limit` rows.
pub fn changes_from(db: &mut Db, epoch: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
    Ok(verification_changes::table
        .filter(verification_changes::epoch.ge(epoch))
        .order((verification_changes::epoch, verification_changes::id))
        .limit(limit)
        .select((
            verification_changes::epoch,
            verification_changes::nonce,
            verification_changes::api_key_id,
            verification_changes::account_id,
        ))
        .load(db)?)
}

/// The keys of these ids, deleted ones included. Ids without a key are left out.
pub fn read_keys(db: &mut Db, ids: &[ApiKeyId]) -> Result<Vec<VerificationRow>, StoreError> {
    let found = match db {
        Db::Postgres(connection) => api_keys::table
            .inner_join(accounts::table)
            .filter(api_keys::id.eq_any(ids))
            .select((ApiKeyRow::as_select(), AccountRow::as_select()))
            .load(connection)?,
        Db::Sqlite(connection) => one_by_one(connection, ids)?,
    };
    let mut rows = Vec::with_capacity(found.len());
    for (key, owner) in found {
        let replaced = if key.secret_number > 1 {
            list_replaced(db, key.id, RECOGNISED_SECRETS)?
        } else {
            Vec::new()
        };
        rows.push(VerificationRow {
            key,
            owner,
            replaced,
        });
    }
    Ok(rows)
}

/// One key, also within a writing transaction.
pub fn read_key(db: &mut Db, id: ApiKeyId) -> Result<Option<VerificationRow>, StoreError> {
    let found = api_keys::table
        .inner_join(accounts::table)
        .filter(api_keys::id.eq(id))
        .select((ApiKeyRow::as_select(), AccountRow::as_select()))
        .get_result(db)
        .optional()?;
    let Some((key, owner)) = found else {
        return Ok(None);
    };
    Ok(Some(VerificationRow {
        replaced: list_replaced(db, id, RECOGNISED_SECRETS)?,
        key,
        owner,
    }))
}

/// SQLite prepares `IN (…)` anew for each number of values; one cached statement in a loop, within one read
/// transaction, is faster.
fn one_by_one(
    connection: &mut SqliteConnection,
    ids: &[ApiKeyId],
) -> Result<Vec<(ApiKeyRow, AccountRow)>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    connection.batch_execute("BEGIN")?;
    for id in ids {
        let row = api_keys::table
            .inner_join(accounts::table)
            .filter(api_keys::id.eq(id))
            .select((ApiKeyRow::as_select(), AccountRow::as_select()))
            .get_result(connection)
            .optional();
        match row {
            Ok(row) => found.extend(row),
            Err(error) => {
                // The first error is the one to tell; the caller drops the connection.
                drop(connection.batch_execute("ROLLBACK"));
                return Err(error.into());
            }
        }
    }
    connection.batch_execute("COMMIT")?;
    Ok(found)
}

/// The key's replaced secrets, newest first.
pub fn list_replaced(
    db: &mut Db,
    id: ApiKeyId,
    limit: i64,
) -> Result<Vec<ReplacedSecretRow>, StoreError> {
    Ok(replaced_secrets::table
        .filter(replaced_secrets::api_key_id.eq(id))
        .order(replaced_secrets::number.desc())
        .limit(limit)
        .select(ReplacedSecretRow::as_select())
        .load(db)?)
}

/// Keeps a secret that a rotation replaces.
pub fn insert_replaced(db: &mut Db, row: &ReplacedSecretRow) -> Result<(), StoreError> {
    diesel::insert_into(replaced_secrets::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Replaces the digest of a replaced secret by one of the same secret under another instance secret; false if it is
/// another one by now.
pub fn set_replaced_digest(
    db: &mut Db,
    id: ApiKeyId,
    number: i64,
    old: &[u8],
    new: &[u8],
    digest_secret_id: &str,
) -> Result<bool, StoreError> {
    let changed = diesel::update(
        replaced_secrets::table
            .find((id, number))
            .filter(replaced_secrets::digest.eq(old)),
    )
    .set((
        replaced_secrets::digest.eq(new),
        replaced_secrets::digest_secret_id.eq(digest_secret_id),
    ))
    .execute(db)?;
    Ok(changed > 0)
}

/// Ends all replaced secrets of a key that still work at `at`.
pub fn end_replaced(db: &mut Db, id: ApiKeyId, at: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::update(
        replaced_secrets::table
            .filter(replaced_secrets::api_key_id.eq(id))
            .filter(replaced_secrets::ends_at.gt(at)),
    )
    .set(replaced_secrets::ends_at.eq(at))
    .execute(db)?)
}

/// Removes all steps but the newest `keep`. Who is further behind drops all that it remembers.
pub fn prune_changes(db: &mut Db, keep: i64) -> Result<(), StoreError> {
    let Epoch { epoch, .. } = read_epoch(db)?;
    diesel::delete(
        verification_changes::table.filter(verification_changes::epoch.lt(epoch - keep)),
    )
    .execute(db)?;
    Ok(())
}
