//! Organizations, and the contacts that act for them.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::store::schema::{customers, networks, organization_contacts, organizations};
use crate::store::{Db, StoreError};

/// An organization as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = organizations, treat_none_as_null = true)]
pub struct OrganizationRow {
    /// Its name in the registry.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The name it does business as.
    pub dba_name: Option<String>,
    /// For those who may change it only.
    pub tax_id: Option<String>,
    /// Its web address or referral host.
    pub url: Option<String>,
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
    /// False if no networks may be reassigned to it.
    pub accepts_reassignments: bool,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

/// A function of a contact on an organization.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = organization_contacts)]
pub struct OrganizationContactRow {
    /// The organization.
    pub organization: String,
    /// The contact.
    pub contact: String,
    /// The function's code.
    pub function: String,
}

/// Adds an organization.
pub fn insert(db: &mut Db, row: &OrganizationRow) -> Result<(), StoreError> {
    diesel::insert_into(organizations::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// True if there is an organization with this handle.
pub fn exists(db: &mut Db, handle: &str) -> Result<bool, StoreError> {
    let found = organizations::table
        .find(handle)
        .select(organizations::handle);
    Ok(found.first::<String>(db).optional()?.is_some())
}

/// The organization with this handle.
pub fn find(db: &mut Db, handle: &str) -> Result<Option<OrganizationRow>, StoreError> {
    Ok(organizations::table
        .find(handle)
        .select(OrganizationRow::as_select())
        .first(db)
        .optional()?)
}

/// The same, and no other transaction changes it until this one ends. That networks and customers are made for it is not
/// kept from them: who waits for that may hold what a change here has to wait for.
pub fn lock(db: &mut Db, handle: &str) -> Result<Option<OrganizationRow>, StoreError> {
    match db {
        Db::Postgres(connection) => {
            organizations::table
                .find(handle)
                .select(organizations::handle)
                .for_no_key_update()
                .first::<String>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    find(db, handle)
}

/// The same, and nothing is made for it either.
pub fn lock_to_delete(db: &mut Db, handle: &str) -> Result<Option<OrganizationRow>, StoreError> {
    match db {
        Db::Postgres(connection) => {
            organizations::table
                .find(handle)
                .select(organizations::handle)
                .for_update()
                .first::<String>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    find(db, handle)
}

/// These organizations, by handle.
pub fn list(db: &mut Db, handles: &[String]) -> Result<Vec<OrganizationRow>, StoreError> {
    Ok(organizations::table
        .filter(organizations::handle.eq_any(handles))
        .order(organizations::handle)
        .select(OrganizationRow::as_select())
        .load(db)?)
}

/// Writes all of an organization anew but its handle.
pub fn update(db: &mut Db, row: &OrganizationRow) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(&row.handle))
        .set(row)
        .execute(db)?;
    Ok(())
}

/// Notes that something of the organization was changed.
pub fn set_updated(db: &mut Db, handle: &str, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(handle))
        .set((
            organizations::updated_at.eq(at),
            organizations::revision.eq(organizations::revision + 1),
        ))
        .execute(db)?;
    Ok(())
}

/// Removes an organization with its contacts' functions.
pub fn delete(db: &mut Db, handle: &str) -> Result<(), StoreError> {
    diesel::delete(organizations::table.find(handle)).execute(db)?;
    Ok(())
}

/// Adds a function of a contact.
pub fn add_contact(db: &mut Db, row: &OrganizationContactRow) -> Result<(), StoreError> {
    diesel::insert_into(organization_contacts::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Removes a function of a contact.
pub fn delete_contact(db: &mut Db, row: &OrganizationContactRow) -> Result<(), StoreError> {
    let row = (&row.organization, &row.contact, &row.function);
    diesel::delete(organization_contacts::table.find(row)).execute(db)?;
    Ok(())
}

/// Up to `limit` networks that the organization holds, by handle.
pub fn networks_held_by(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<String>, StoreError> {
    Ok(networks::table
        .filter(networks::organization.eq(handle))
        .order(networks::handle)
        .limit(limit)
        .select(networks::handle)
        .load(db)?)
}

/// Up to `limit` customers of the organization, by handle.
pub fn customers_of(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<String>, StoreError> {
    Ok(customers::table
        .filter(customers::organization.eq(handle))
        .order(customers::handle)
        .limit(limit)
        .select(customers::handle)
        .load(db)?)
}

/// The contacts of these organizations, by organization.
pub fn contacts_of(
    db: &mut Db,
    handles: &[String],
) -> Result<Vec<OrganizationContactRow>, StoreError> {
    Ok(organization_contacts::table
        .filter(organization_contacts::organization.eq_any(handles))
        .order((
            organization_contacts::organization,
            organization_contacts::contact,
        ))
        .select(OrganizationContactRow::as_select())
        .load(db)?)
}

/// The organizations that name this contact, each with the function.
pub fn naming_contact(
    db: &mut Db,
    contact: &str,
) -> Result<Vec<OrganizationContactRow>, StoreError> {
    Ok(organization_contacts::table
        .filter(organization_contacts::contact.eq(contact))
        .order(organization_contacts::organization)
        .select(OrganizationContactRow::as_select())
        .load(db)?)
}

/// Up to `limit` organizations behind this handle, by handle.
pub fn list_behind(
    db: &mut Db,
    handle: &str,
    limit: i64,
) -> Result<Vec<OrganizationRow>, StoreError> {
    Ok(organizations::table
        .filter(organizations::handle.gt(handle))
        .order(organizations::handle)
        .limit(limit)
        .select(OrganizationRow::as_select())
        .load(db)?)
}

/// The names of these organizations.
pub fn names(db: &mut Db, handles: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    Ok(organizations::table
        .filter(organizations::handle.eq_any(handles))
        .select((organizations::handle, organizations::name))
        .load(db)?)
}
