//! Providers that accounts have added for themselves.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::custom_providers;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// A custom provider as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = custom_providers)]
pub struct CustomProviderRow {
    /// Whose it is.
    pub account_id: AccountId,
    /// Its name in paths.
    pub slug: String,
    /// Where it is.
    pub base_url: String,
    /// How the key is sent.
    pub auth: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// Adds a provider. The account must be locked.
pub fn insert(db: &mut Db, row: &CustomProviderRow) -> Result<(), StoreError> {
    diesel::insert_into(custom_providers::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The account's provider of this name.
pub fn find(
    db: &mut Db,
    account_id: AccountId,
    slug: &str,
) -> Result<Option<CustomProviderRow>, StoreError> {
    Ok(custom_providers::table
        .find((account_id, slug))
        .select(CustomProviderRow::as_select())
        .first(db)
        .optional()?)
}

/// All providers of an account, by name.
pub fn list(db: &mut Db, account_id: AccountId) -> Result<Vec<CustomProviderRow>, StoreError> {
    Ok(custom_providers::table
        .filter(custom_providers::account_id.eq(account_id))
        .order(custom_providers::slug)
        .select(CustomProviderRow::as_select())
        .load(db)?)
}

/// Removes one; false if there is none.
pub fn delete(db: &mut Db, account_id: AccountId, slug: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(custom_providers::table.find((account_id, slug))).execute(db)? > 0)
}

/// Removes all of an account, which is closed.
pub fn delete_for_account(db: &mut Db, account_id: AccountId) -> Result<usize, StoreError> {
    let mine = custom_providers::table.filter(custom_providers::account_id.eq(account_id));
    Ok(diesel::delete(mine).execute(db)?)
}
