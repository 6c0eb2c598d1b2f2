//! Accounts.

use diesel::prelude::*;

use super::api_keys::lower;
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
    /// Since when its address waits to be confirmed; `None` once it was.
    pub unverified_since: Option<Timestamp>,
    /// When its holder closed it.
    pub closed_at: Option<Timestamp>,
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

/// The operators who are enabled, so that none of them can stop being one before this transaction ends.
pub fn lock_operators(db: &mut Db) -> Result<Vec<AccountId>, StoreError> {
    let query = accounts::table
        .filter(accounts::is_operator)
        .filter(accounts::disabled_at.is_null())
        .order(accounts::id)
        .select(accounts::id);
    Ok(match db {
        Db::Postgres(connection) => query.for_no_key_update().load(connection)?,
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(connection) => query.load(connection)?,
    })
}

/// Narrows the list of accounts by what was typed into the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFilter {
    /// `LIKE` pattern for address and name, in lower case, escaped with a backslash.
    pub pattern: String,
    /// Accounts that match as well, since a key of theirs does.
    pub owners: Vec<AccountId>,
}

/// Where a page of accounts begins: right behind (or, backwards, right before) this address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEdge {
    /// The address at the edge.
    pub email: String,
    /// True to read towards the beginning of the list.
    pub backwards: bool,
}

/// Up to `limit` accounts by address behind the edge (or before it, if that reads backwards).
pub fn list_page(
    db: &mut Db,
    filter: Option<&AccountFilter>,
    edge: Option<&AccountEdge>,
    limit: i64,
) -> Result<Vec<AccountRow>, StoreError> {
    let mut query = accounts::table
        .select(AccountRow::as_select())
        .limit(limit)
        .into_boxed();
    if let Some(AccountFilter { pattern, owners }) = filter {
        let in_email = accounts::email.like(pattern.clone()).escape('\\');
        let in_name = lower(accounts::name).like(pattern.clone()).escape('\\');
        let owns = accounts::id.eq_any(owners.clone());
        query = query.filter(in_email.or(in_name).or(owns));
    }
    let backwards = edge.is_some_and(|edge| edge.backwards);
    if let Some(AccountEdge { email, .. }) = edge {
        query = if backwards {
            query.filter(accounts::email.lt(email.clone()))
        } else {
            query.filter(accounts::email.gt(email.clone()))
        };
    }
    query = if backwards {
        query.order(accounts::email.desc())
    } else {
        query.order(accounts::email.asc())
    };
    let mut rows = query.load(db)?;
    if backwards {
        rows.reverse();
    }
    Ok(rows)
}

/// How many accounts match the filter.
pub fn count_matching(db: &mut Db, filter: Option<&AccountFilter>) -> Result<i64, StoreError> {
    let Some(AccountFilter { pattern, owners }) = filter else {
        return count(db);
    };
    let in_email = accounts::email.like(pattern.clone()).escape('\\');
    let in_name = lower(accounts::name).like(pattern.clone()).escape('\\');
    let owns = accounts::id.eq_any(owners.clone());
    Ok(accounts::table
        .filter(in_email.or(in_name).or(owns))
        .count()
        .get_result(db)?)
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

/// Sets the password.
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

/// Replaces the hash of the same password, unless another password was set meanwhile.
pub fn replace_hash(db: &mut Db, id: AccountId, old: &str, new: &str) -> Result<(), StoreError> {
    diesel::update(
        accounts::table
            .find(id)
            .filter(accounts::password_hash.eq(old)),
    )
    .set(accounts::password_hash.eq(new))
    .execute(db)?;
    Ok(())
}

/// Changes the address, which must be in lower case, and takes it for confirmed.
///
/// # Errors
/// [`super::Constraint::AccountEmail`] if the address is taken.
pub fn set_email(db: &mut Db, id: AccountId, email: &str) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set((
            accounts::email.eq(email),
            accounts::unverified_since.eq(None::<Timestamp>),
        ))
        .execute(db)?;
    Ok(())
}

/// Notes that the address was confirmed.
pub fn set_verified(db: &mut Db, id: AccountId) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set(accounts::unverified_since.eq(None::<Timestamp>))
        .execute(db)?;
    Ok(())
}

/// Removes accounts whose address was not confirmed since `before`.
pub fn delete_unverified(db: &mut Db, before: Timestamp) -> Result<usize, StoreError> {
    Ok(
        diesel::delete(accounts::table.filter(accounts::unverified_since.le(before)))
            .execute(db)?,
    )
}

/// Takes the password away: no one signs in with one until another is set.
pub fn clear_password(db: &mut Db, id: AccountId) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set((
            accounts::password_hash.eq(None::<String>),
            accounts::password_set_at.eq(None::<Timestamp>),
        ))
        .execute(db)?;
    Ok(())
}

/// Removes an account whose address was not confirmed; false if there is none with this id.
pub fn delete_one_unverified(db: &mut Db, id: AccountId) -> Result<bool, StoreError> {
    let unverified = accounts::table
        .find(id)
        .filter(accounts::unverified_since.is_not_null());
    Ok(diesel::delete(unverified).execute(db)? > 0)
}

/// Closes the account: what says whose it was is replaced, and it is disabled for good.
pub fn set_closed(
    db: &mut Db,
    id: AccountId,
    email: &str,
    name: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set((
            accounts::email.eq(email),
            accounts::name.eq(name),
            accounts::time_zone.eq("UTC"),
            accounts::password_hash.eq(None::<String>),
            accounts::password_set_at.eq(None::<Timestamp>),
            accounts::is_operator.eq(false),
            accounts::disabled_at.eq(at),
            accounts::closed_at.eq(at),
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

/// Disables the account from `at` on, or enables it with `None`. One that was closed stays as it is.
pub fn set_disabled(db: &mut Db, id: AccountId, at: Option<Timestamp>) -> Result<(), StoreError> {
    diesel::update(
        accounts::table
            .find(id)
            .filter(accounts::closed_at.is_null()),
    )
    .set(accounts::disabled_at.eq(at))
    .execute(db)?;
    Ok(())
}
