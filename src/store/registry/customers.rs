//! Customers: whom networks are reassigned to that have no organization of their own.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::store::schema::customers;
use crate::store::{Db, StoreError};

/// A customer as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customers, treat_none_as_null = true)]
pub struct CustomerRow {
    /// Its name in the registry.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The organization whose customer it is.
    pub organization: String,
    /// The network that it was made under.
    pub network: String,
    /// True if name and street are hidden from others.
    pub is_private: bool,
    /// Lines.
    pub street: String,
    /// Town.
    pub city: String,
    /// Code of the state or province.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Two letters of ISO 3166-1.
    pub country: String,
    /// Lines.
    pub comment: String,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

/// Adds a customer.
pub fn insert(db: &mut Db, row: &CustomerRow) -> Result<(), StoreError> {
    diesel::insert_into(customers::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// True if there is a customer with this handle.
pub fn exists(db: &mut Db, handle: &str) -> Result<bool, StoreError> {
    let found = customers::table.find(handle).select(customers::handle);
    Ok(found.first::<String>(db).optional()?.is_some())
}

/// The customer with this handle.
pub fn find(db: &mut Db, handle: &str) -> Result<Option<CustomerRow>, StoreError> {
    Ok(customers::table
        .find(handle)
        .select(CustomerRow::as_select())
        .first(db)
        .optional()?)
}

/// The same, and no other transaction changes it until this one ends.
pub fn lock(db: &mut Db, handle: &str) -> Result<Option<CustomerRow>, StoreError> {
    match db {
        Db::Postgres(connection) => {
            customers::table
                .find(handle)
                .select(customers::handle)
                .for_update()
                .first::<String>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    find(db, handle)
}

/// Up to `limit` customers behind this handle, by handle.
pub fn list_behind(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<CustomerRow>, StoreError> {
    Ok(customers::table
        .filter(customers::handle.gt(handle))
        .order(customers::handle)
        .limit(limit)
        .select(CustomerRow::as_select())
        .load(db)?)
}

/// Writes all of a customer anew but its handle.
pub fn update(db: &mut Db, row: &CustomerRow) -> Result<(), StoreError> {
    diesel::update(customers::table.find(&row.handle))
        .set(row)
        .execute(db)?;
    Ok(())
}

/// Removes a customer, which may hold no network.
pub fn delete(db: &mut Db, handle: &str) -> Result<(), StoreError> {
    diesel::delete(customers::table.find(handle)).execute(db)?;
    Ok(())
}

/// These customers.
pub fn list(db: &mut Db, handles: &[String]) -> Result<Vec<CustomerRow>, StoreError> {
    Ok(customers::table
        .filter(customers::handle.eq_any(handles))
        .select(CustomerRow::as_select())
        .load(db)?)
}
