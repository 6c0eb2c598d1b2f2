//! Invitations to sign up.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::invitations;
use crate::clock::Timestamp;
use crate::ids::InvitationId;

/// An invitation as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
pub struct InvitationRow {
    /// Random; names it in the list.
    pub id: InvitationId,
    /// SHA-256 of the token in the link.
    pub token_digest: Vec<u8>,
    /// Who may sign up, in lower case.
    pub email: String,
    /// Who invites, in words.
    pub invited_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was used, if so.
    pub used_at: Option<Timestamp>,
}

/// Adds an invitation.
pub fn insert(db: &mut Db, row: &InvitationRow) -> Result<(), StoreError> {
    diesel::insert_into(invitations::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The invitation with this digest of its token.
pub fn find(db: &mut Db, token_digest: &[u8]) -> Result<Option<InvitationRow>, StoreError> {
    Ok(invitations::table
        .filter(invitations::token_digest.eq(token_digest))
        .select(InvitationRow::as_select())
        .first(db)
        .optional()?)
}

/// Marks the invitation as used; false if it was used or withdrawn first.
pub fn set_used(db: &mut Db, id: InvitationId, at: Timestamp) -> Result<bool, StoreError> {
    let changed = diesel::update(
        invitations::table
            .find(id)
            .filter(invitations::used_at.is_null()),
    )
    .set(invitations::used_at.eq(at))
    .execute(db)?;
    Ok(changed > 0)
}

/// Invitations that were not used, newest first, also those that have expired.
pub fn list_unused(db: &mut Db) -> Result<Vec<InvitationRow>, StoreError> {
    Ok(invitations::table
        .filter(invitations::used_at.is_null())
        .order((invitations::created_at.desc(), invitations::id))
        .select(InvitationRow::as_select())
        .load(db)?)
}

/// Removes an invitation that was not used, and returns it; `None` if there is none with this id.
pub fn delete_unused(db: &mut Db, id: InvitationId) -> Result<Option<InvitationRow>, StoreError> {
    let unused = invitations::table
        .find(id)
        .filter(invitations::used_at.is_null());
    let found = unused
        .select(InvitationRow::as_select())
        .first(db)
        .optional()?;
    let deleted = diesel::delete(unused).execute(db)?;
    Ok(found.filter(|_| deleted > 0))
}

/// Removes what is left of invitations to this address, used or not.
pub fn delete_for_email(db: &mut Db, email: &str) -> Result<(), StoreError> {
    diesel::delete(invitations::table.filter(invitations::email.eq(email))).execute(db)?;
    Ok(())
}

/// Removes invitations that stopped working before this instant.
pub fn delete_expired(db: &mut Db, before: Timestamp) -> Result<usize, StoreError> {
    Ok(
        diesel::delete(invitations::table.filter(invitations::expires_at.le(before)))
            .execute(db)?,
    )
}
