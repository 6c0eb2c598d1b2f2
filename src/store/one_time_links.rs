//! Links that work once: for setting a password, or confirming an address.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::one_time_links;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// A one-time link as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = one_time_links)]
pub struct OneTimeLinkRow {
    /// SHA-256 of the token in the link.
    pub token_digest: Vec<u8>,
    /// Whom it is for.
    pub account_id: AccountId,
    /// What it is good for.
    pub purpose: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was used, if so.
    pub used_at: Option<Timestamp>,
    /// The address that it confirms, if that is what it is good for.
    pub email: Option<String>,
}

/// Adds a link.
pub fn insert(db: &mut Db, row: &OneTimeLinkRow) -> Result<(), StoreError> {
    diesel::insert_into(one_time_links::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The link with this digest of its token.
pub fn find(db: &mut Db, token_digest: &[u8]) -> Result<Option<OneTimeLinkRow>, StoreError> {
    Ok(one_time_links::table
        .find(token_digest)
        .select(OneTimeLinkRow::as_select())
        .first(db)
        .optional()?)
}

/// Marks the link as used; false if someone else used it first.
pub fn set_used(db: &mut Db, token_digest: &[u8], at: Timestamp) -> Result<bool, StoreError> {
    let changed = diesel::update(
        one_time_links::table
            .find(token_digest)
            .filter(one_time_links::used_at.is_null()),
    )
    .set(one_time_links::used_at.eq(at))
    .execute(db)?;
    Ok(changed > 0)
}

/// Removes an account's unused links for this purpose, so that only the newest works.
pub fn delete_unused(db: &mut Db, account_id: AccountId, purpose: &str) -> Result<(), StoreError> {
    diesel::delete(
        one_time_links::table
            .filter(one_time_links::account_id.eq(account_id))
            .filter(one_time_links::purpose.eq(purpose))
            .filter(one_time_links::used_at.is_null()),
    )
    .execute(db)?;
    Ok(())
}

/// Removes all of an account's unused links.
pub fn delete_all_unused(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    diesel::delete(
        one_time_links::table
            .filter(one_time_links::account_id.eq(account_id))
            .filter(one_time_links::used_at.is_null()),
    )
    .execute(db)?;
    Ok(())
}

/// The account's unused link for this purpose that works at `now`.
pub fn find_unused(
    db: &mut Db,
    account_id: AccountId,
    purpose: &str,
    now: Timestamp,
) -> Result<Option<OneTimeLinkRow>, StoreError> {
    Ok(one_time_links::table
        .filter(one_time_links::account_id.eq(account_id))
        .filter(one_time_links::purpose.eq(purpose))
        .filter(one_time_links::used_at.is_null())
        .filter(one_time_links::expires_at.gt(now))
        .select(OneTimeLinkRow::as_select())
        .first(db)
        .optional()?)
}

/// Removes all links of an account.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    diesel::delete(one_time_links::table.filter(one_time_links::account_id.eq(account_id)))
        .execute(db)?;
    Ok(())
}

/// Removes links that stopped working before this instant.
pub fn delete_expired(db: &mut Db, before: Timestamp) -> Result<usize, StoreError> {
    Ok(
        diesel::delete(one_time_links::table.filter(one_time_links::expires_at.le(before)))
            .execute(db)?,
    )
}
