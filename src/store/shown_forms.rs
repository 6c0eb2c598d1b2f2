//! One-time forms that have shown a full key, or recovery codes.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{shown_code_forms, shown_forms};
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

/// Remembers a form that has shown recovery codes.
///
/// # Errors
/// [`super::Constraint::ShownCodeForm`] if it was used before.
pub fn insert_for_codes(
    db: &mut Db,
    form_digest: &[u8],
    account_id: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    diesel::insert_into(shown_code_forms::table)
        .values((
            shown_code_forms::form_digest.eq(form_digest),
            shown_code_forms::account_id.eq(account_id),
            shown_code_forms::created_at.eq(at),
        ))
        .execute(db)?;
    Ok(())
}

/// True if a form has shown recovery codes.
pub fn has_shown_codes(db: &mut Db, form_digest: &[u8]) -> Result<bool, StoreError> {
    let found: i64 = shown_code_forms::table
        .find(form_digest)
        .count()
        .get_result(db)?;
    Ok(found > 0)
}

/// Forgets forms for recovery codes that were used before `at`.
pub fn delete_for_codes_before(db: &mut Db, at: Timestamp) -> Result<usize, StoreError> {
    let old = shown_code_forms::table.filter(shown_code_forms::created_at.lt(at));
    Ok(diesel::delete(old).execute(db)?)
}
