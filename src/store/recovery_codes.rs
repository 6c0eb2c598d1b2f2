//! Recovery codes, known by their digests.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::recovery_codes;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// A recovery code as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = recovery_codes)]
pub struct RecoveryCodeRow {
    /// Whose it is.
    pub account_id: AccountId,
    /// HMAC-SHA256 of the code.
    pub digest: Vec<u8>,
    /// The instance secret that the digest was made under.
    pub digest_secret_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used, if so.
    pub used_at: Option<Timestamp>,
}

/// Adds a code.
pub fn insert(db: &mut Db, row: &RecoveryCodeRow) -> Result<(), StoreError> {
    diesel::insert_into(recovery_codes::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The code with this digest, used or not.
pub fn find(
    db: &mut Db,
    account_id: AccountId,
    digest: &[u8],
) -> Result<Option<RecoveryCodeRow>, StoreError> {
    Ok(recovery_codes::table
        .find((account_id, digest))
        .select(RecoveryCodeRow::as_select())
        .first(db)
        .optional()?)
}

/// Uses a code up; false if it was used before. However many ask at once, one of them hears yes.
pub fn set_used(
    db: &mut Db,
    account_id: AccountId,
    digest: &[u8],
    at: Timestamp,
) -> Result<bool, StoreError> {
    let unused = recovery_codes::table
        .find((account_id, digest))
        .filter(recovery_codes::used_at.is_null());
    let changed = diesel::update(unused)
        .set(recovery_codes::used_at.eq(at))
        .execute(db)?;
    Ok(changed > 0)
}

/// How many of the account's codes are unused.
pub fn count_unused(db: &mut Db, account_id: AccountId) -> Result<i64, StoreError> {
    Ok(recovery_codes::table
        .filter(recovery_codes::account_id.eq(account_id))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(db)?)
}

/// Removes all codes of the account.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<usize, StoreError> {
    let all = recovery_codes::table.filter(recovery_codes::account_id.eq(account_id));
    Ok(diesel::delete(all).execute(db)?)
}
