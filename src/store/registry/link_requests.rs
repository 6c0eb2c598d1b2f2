//! Requests to be linked to a contact that whoever reads its mail answers.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::ids::{AccountId, LinkRequestId};
use crate::store::schema::link_requests;
use crate::store::{Db, StoreError};

/// A request as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = link_requests)]
pub struct LinkRequestRow {
    /// Names it.
    pub id: LinkRequestId,
    /// Who asked.
    pub account_id: AccountId,
    /// To be linked to which contact.
    pub contact: String,
    /// SHA-256 of the token in the mailed link.
    pub token_digest: Vec<u8>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When the link stops working.
    pub expires_at: Timestamp,
    /// When the link was used, if so.
    pub used_at: Option<Timestamp>,
}

/// Adds a request.
pub fn insert(db: &mut Db, row: &LinkRequestRow) -> Result<(), StoreError> {
    diesel::insert_into(link_requests::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The request with this digest of its token.
pub fn find(db: &mut Db, token_digest: &[u8]) -> Result<Option<LinkRequestRow>, StoreError> {
    Ok(link_requests::table
        .filter(link_requests::token_digest.eq(token_digest))
        .select(LinkRequestRow::as_select())
        .first(db)
        .optional()?)
}

/// Marks a request as used; false if someone else used it first.
pub fn set_used(db: &mut Db, id: LinkRequestId, at: Timestamp) -> Result<bool, StoreError> {
    let open = link_requests::table
        .find(id)
        .filter(link_requests::used_at.is_null());
    let changed = diesel::update(open)
        .set(link_requests::used_at.eq(at))
        .execute(db)?;
    Ok(changed > 0)
}

/// Removes an account's unused requests for this contact, so that only the newest works.
pub fn delete_unused(db: &mut Db, account_id: AccountId, contact: &str) -> Result<(), StoreError> {
    let mine = link_requests::table
        .filter(link_requests::account_id.eq(account_id))
        .filter(link_requests::contact.eq(contact))
        .filter(link_requests::used_at.is_null());
    diesel::delete(mine).execute(db)?;
    Ok(())
}

/// Removes all unused requests of an account.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    let mine = link_requests::table
        .filter(link_requests::account_id.eq(account_id))
        .filter(link_requests::used_at.is_null());
    diesel::delete(mine).execute(db)?;
    Ok(())
}

/// The unused requests of an account that still work, the newest first.
pub fn list_open(
    db: &mut Db,
    account_id: AccountId,
    now: Timestamp,
) -> Result<Vec<LinkRequestRow>, StoreError> {
    Ok(link_requests::table
        .filter(link_requests::account_id.eq(account_id))
        .filter(link_requests::used_at.is_null())
        .filter(link_requests::expires_at.gt(now))
        .order((link_requests::created_at.desc(), link_requests::id))
        .select(LinkRequestRow::as_select())
        .load(db)?)
}

/// Removes requests whose link stopped working before this instant.
pub fn delete_expired(db: &mut Db, before: Timestamp) -> Result<usize, StoreError> {
    let old = link_requests::table.filter(link_requests::expires_at.le(before));
    Ok(diesel::delete(old).execute(db)?)
}
