//! Who may use the instance's own provider keys.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{accounts, provider_grants, shared_providers};
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// The word for every account.
pub const ALL: &str = "all";
/// The word for those with a grant.
pub const CHOSEN: &str = "chosen";

/// An account that was chosen.
#[derive(Clone, Debug, Queryable)]
pub struct GrantedAccount {
    /// Which.
    pub id: AccountId,
    /// Its address.
    pub email: String,
    /// Its name.
    pub name: String,
}

#[derive(Insertable)]
#[diesel(table_name = provider_grants)]
struct GrantRow<'a> {
    provider: &'a str,
    account_id: AccountId,
    granted_at: Timestamp,
}

/// Makes sure that there is a row for the provider, for chosen accounts at first, and that no other transaction changes the
/// sharing or the instance's keys of the provider before this one ends.
pub fn lock(db: &mut Db, provider: &str) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO shared_providers (provider, access) VALUES ($1, $2)
         ON CONFLICT (provider) DO UPDATE SET access = shared_providers.access",
    )
    .bind::<Text, _>(provider)
    .bind::<Text, _>(CHOSEN)
    .execute(db)?;
    Ok(())
}

/// [`ALL`] or [`CHOSEN`]; `None` if no one has said.
pub fn access(db: &mut Db, provider: &str) -> Result<Option<String>, StoreError> {
    Ok(shared_providers::table
        .find(provider)
        .select(shared_providers::access)
        .first(db)
        .optional()?)
}

/// Sets who may use it. It must be locked.
pub fn set_access(db: &mut Db, provider: &str, access: &str) -> Result<(), StoreError> {
    diesel::update(shared_providers::table.find(provider))
        .set(shared_providers::access.eq(access))
        .execute(db)?;
    Ok(())
}

/// Forgets who may use it, with all grants.
pub fn delete(db: &mut Db, provider: &str) -> Result<(), StoreError> {
    let grants = provider_grants::table.filter(provider_grants::provider.eq(provider));
    diesel::delete(grants).execute(db)?;
    diesel::delete(shared_providers::table.find(provider)).execute(db)?;
    Ok(())
}

/// Slugs of the providers that this account may use with the instance's key, if there is one.
pub fn list_for_account(db: &mut Db, account_id: AccountId) -> Result<Vec<String>, StoreError> {
    let mut slugs: Vec<String> = shared_providers::table
        .filter(shared_providers::access.eq(ALL))
        .select(shared_providers::provider)
        .load(db)?;
    let granted: Vec<String> = provider_grants::table
        .filter(provider_grants::account_id.eq(account_id))
        .select(provider_grants::provider)
        .load(db)?;
    slugs.extend(granted);
    slugs.sort();
    slugs.dedup();
    Ok(slugs)
}

/// True if the account was chosen.
pub fn has_grant(db: &mut Db, provider: &str, account_id: AccountId) -> Result<bool, StoreError> {
    let found = provider_grants::table
        .find((provider, account_id))
        .select(provider_grants::account_id);
    Ok(found.first::<AccountId>(db).optional()?.is_some())
}

/// The accounts that were chosen, by address.
pub fn list_granted(db: &mut Db, provider: &str) -> Result<Vec<GrantedAccount>, StoreError> {
    Ok(provider_grants::table
        .inner_join(accounts::table)
        .filter(provider_grants::provider.eq(provider))
        .order(accounts::email)
        .select((accounts::id, accounts::email, accounts::name))
        .load(db)?)
}

/// Chooses an account. The sharing must be locked, and the account not be chosen yet.
pub fn grant(
    db: &mut Db,
    provider: &str,
    account_id: AccountId,
    granted_at: Timestamp,
) -> Result<(), StoreError> {
    diesel::insert_into(provider_grants::table)
        .values(GrantRow {
            provider,
            account_id,
            granted_at,
        })
        .execute(db)?;
    Ok(())
}

/// Takes a choice back.
pub fn ungrant(db: &mut Db, provider: &str, account_id: AccountId) -> Result<(), StoreError> {
    diesel::delete(provider_grants::table.find((provider, account_id))).execute(db)?;
    Ok(())
}

/// Takes back all choices of an account, which is closed.
pub fn ungrant_account(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    let mine = provider_grants::table.filter(provider_grants::account_id.eq(account_id));
    diesel::delete(mine).execute(db)?;
    Ok(())
}
