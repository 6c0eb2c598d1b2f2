//! What an account created with which `Idempotency-Key`.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::idempotency_keys;
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};

/// A used idempotency key as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys)]
pub struct IdempotencyKeyRow {
    /// Whose it is.
    pub account_id: AccountId,
    /// SHA-256 of the header's value.
    pub key_digest: Vec<u8>,
    /// SHA-256 of the body that came with it.
    pub body_digest: Vec<u8>,
    /// What was created.
    pub api_key_id: ApiKeyId,
    /// When.
    pub created_at: Timestamp,
}

/// Remembers a use.
///
/// # Errors
/// [`super::Constraint::IdempotencyKey`] if another request was faster.
pub fn insert(db: &mut Db, row: &IdempotencyKeyRow) -> Result<(), StoreError> {
    diesel::insert_into(idempotency_keys::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The earlier use of this key by this account.
pub fn find(
    db: &mut Db,
    account_id: AccountId,
    key_digest: &[u8],
) -> Result<Option<IdempotencyKeyRow>, StoreError> {
    Ok(idempotency_keys::table
        .find((account_id, key_digest))
        .select(IdempotencyKeyRow::as_select())
        .first(db)
        .optional()?)
}

/// Forgets one use.
pub fn delete(db: &mut Db, account_id: AccountId, key_digest: &[u8]) -> Result<(), StoreError> {
    diesel::delete(idempotency_keys::table.find((account_id, key_digest))).execute(db)?;
    Ok(())
}

/// Forgets uses before `at`.
pub fn delete_before(db: &mut Db, at: Timestamp) -> Result<usize, StoreError> {
    Ok(
        diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(at)))
            .execute(db)?,
    )
}
