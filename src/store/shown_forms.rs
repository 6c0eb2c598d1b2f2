//! One-time forms that have shown a full key.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::shown_forms;
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};

/// A used form as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = shown_forms)]
pub struct ShownFormRow {
    /// SHA-256 of account and form id.
    pub form_digest: Vec<u8>,
    /// Who sent it.
    pub account_id: AccountId,
    /// The key that it created.
    pub api_key_id: ApiKeyId,
    /// When.
    pub created_at: Timestamp,
}

/// Remembers a form.
///
/// # Errors
/// [`super::Constraint::ShownForm`] if it was used before.
pub fn insert(db: &mut Db, row: &ShownFormRow) -> Result<(), StoreError> {
    diesel::insert_into(shown_forms::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The key that a form has shown.
pub fn find(db: &mut Db, form_digest: &[u8]) -> Result<Option<ApiKeyId>, StoreError> {
    Ok(shown_forms::table
        .find(form_digest)
        .select(shown_forms::api_key_id)
        .first(db)
        .optional()?)
}

/// Forgets forms used before `at`.
pub fn delete_before(db: &mut Db, at: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(shown_forms::table.filter(shown_forms::created_at.lt(at))).execute(db)?)
}
