//! Accounts.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::accounts;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// An account as it is stored.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
pub struct AccountRow {
    /// Random, and the public id as well.
    pub id: AccountId,
    /// Lower case; one account an address.
    pub email: String,
    /// As the holder wrote it.
    pub name: String,
    /// A name of the IANA time zone database.
    pub time_zone: String,
    /// PHC string; `None` until a password was set.
    pub password_hash: Option<String>,
    /// When the password was set.
    pub password_set_at: Option<Timestamp>,
    /// True for operators.
    pub is_operator: bool,
    /// Since when the account may do nothing, if so.
    pub disabled_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// Adds an account.
///
/// # Errors
/// [`super::Constraint::AccountEmail`] if the address is taken.
pub fn insert(db: &mut Db, row: &AccountRow) -> Result<(), StoreError> {
    diesel::insert_into(accounts::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The account with this id.
pub fn find(db: &mut Db, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
    Ok(accounts::table
        .find(id)
        .select(AccountRow::as_select())
        .first(db)
        .optional()?)
}

/// The account with this address, which must be in lower case.
pub fn find_by_email(db: &mut Db, email: &str) -> Result<Option<AccountRow>, StoreError> {
    Ok(accounts::table
        .filter(accounts::email.eq(email))
        .select(AccountRow::as_select())
        .first(db)
        .optional()?)
}

/// All accounts by address.
pub fn list(db: &mut Db) -> Result<Vec<AccountRow>, StoreError> {
    Ok(accounts::table
        .order(accounts::email)
        .select(AccountRow::as_select())
        .load(db)?)
}

/// How many accounts there are.
pub fn count(db: &mut Db) -> Result<i64, StoreError> {
    Ok(accounts::table.count().get_result(db)?)
}

/// Makes this transaction the only one that adds keys to the account until it ends.
pub fn lock(db: &mut Db, id: AccountId) -> Result<(), StoreError> {
    match db {
        Db::Postgres(connection) => {
            accounts::table
                .find(id)
                .select(accounts::id)
                .for_no_key_update()
                .first::<AccountId>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    Ok(())
}

/// Changes what the holder may change on the profile page.
pub fn set_profile(
    db: &mut Db,
    id: AccountId,
    name: &str,
    time_zone: &str,
) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set((accounts::name.eq(name), accounts::time_zone.eq(time_zone)))
        .execute(db)?;
    Ok(())
}

/// Sets the password, or replaces its hash.
pub fn set_password(
    db: &mut Db,
    id: AccountId,
    hash: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set((
            accounts::password_hash.eq(hash),
            accounts::password_set_at.eq(at),
        ))
        .execute(db)?;
    Ok(())
}

/// Gives or takes the operator role.
pub fn set_operator(db: &mut Db, id: AccountId, is_operator: bool) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set(accounts::is_operator.eq(is_operator))
        .execute(db)?;
    Ok(())
}

/// Disables the account from `at` on, or enables it with `None`.
pub fn set_disabled(db: &mut Db, id: AccountId, at: Option<Timestamp>) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set(accounts::disabled_at.eq(at))
        .execute(db)?;
    Ok(())
}
