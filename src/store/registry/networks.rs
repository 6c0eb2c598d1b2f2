//! Networks, and the contacts that act for them.

use diesel::prelude::*;
use diesel::sql_query;

use crate::clock::Timestamp;
use crate::store::schema::{network_contacts, networks};
use crate::store::{Db, StoreError};

/// A network as it is stored.
#[derive(Clone, Debug, Queryable, QueryableByName, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = networks, treat_none_as_null = true)]
pub struct NetworkRow {
    /// Its name in the registry.
    pub handle: String,
    /// DA, A or S.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// 4 or 6.
    pub version: i64,
    /// The first address in 4 or 16 bytes.
    pub start_ip: Vec<u8>,
    /// The last address in 4 or 16 bytes.
    pub end_ip: Vec<u8>,
    /// The holder, if it is an organization.
    pub organization: Option<String>,
    /// The holder, if it is a customer.
    pub customer: Option<String>,
    /// The network that it was cut from.
    pub parent: Option<String>,
    /// Lines.
    pub comment: String,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

/// A function of a contact on a network.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = network_contacts)]
pub struct NetworkContactRow {
    /// The network.
    pub network: String,
    /// The contact.
    pub contact: String,
    /// The function's code.
    pub function: String,
}

/// Adds a network.
pub fn insert(db: &mut Db, row: &NetworkRow) -> Result<(), StoreError> {
    diesel::insert_into(networks::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// True if there is a network with this handle.
pub fn exists(db: &mut Db, handle: &str) -> Result<bool, StoreError> {
    let found = networks::table.find(handle).select(networks::handle);
    Ok(found.first::<String>(db).optional()?.is_some())
}

/// The network with this handle.
pub fn find(db: &mut Db, handle: &str) -> Result<Option<NetworkRow>, StoreError> {
    Ok(networks::table
        .find(handle)
        .select(NetworkRow::as_select())
        .first(db)
        .optional()?)
}

/// The same, and no other transaction changes it or cuts networks from it until this one ends.
pub fn lock(db: &mut Db, handle: &str) -> Result<Option<NetworkRow>, StoreError> {
    match db {
        Db::Postgres(connection) => {
            networks::table
                .find(handle)
                .select(networks::handle)
                .for_update()
                .first::<String>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    find(db, handle)
}

/// The contacts of these networks themselves, by network.
pub fn contacts_of(db: &mut Db, handles: &[String]) -> Result<Vec<NetworkContactRow>, StoreError> {
    Ok(network_contacts::table
        .filter(network_contacts::network.eq_any(handles))
        .order((network_contacts::network, network_contacts::contact))
        .select(NetworkContactRow::as_select())
        .load(db)?)
}

/// The networks that name this contact, each with the function.
pub fn naming_contact(db: &mut Db, contact: &str) -> Result<Vec<NetworkContactRow>, StoreError> {
    Ok(network_contacts::table
        .filter(network_contacts::contact.eq(contact))
        .order(network_contacts::network)
        .select(NetworkContactRow::as_select())
        .load(db)?)
}

/// These networks, by handle.
pub fn list(db: &mut Db, handles: &[String]) -> Result<Vec<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::handle.eq_any(handles))
        .order(networks::handle)
        .select(NetworkRow::as_select())
        .load(db)?)
}

/// Up to `limit` networks behind this handle, by handle.
pub fn list_behind(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::handle.gt(handle))
        .order(networks::handle)
        .limit(limit)
        .select(NetworkRow::as_select())
        .load(db)?)
}

/// Writes all of a network anew but its handle.
pub fn update(db: &mut Db, row: &NetworkRow) -> Result<(), StoreError> {
    diesel::update(networks::table.find(&row.handle))
        .set(row)
        .execute(db)?;
    Ok(())
}

/// Removes a network, from which none may be cut.
pub fn delete(db: &mut Db, handle: &str) -> Result<(), StoreError> {
    diesel::delete(networks::table.find(handle)).execute(db)?;
    Ok(())
}

/// Adds a function of a contact on a network.
pub fn add_contact(db: &mut Db, row: &NetworkContactRow) -> Result<(), StoreError> {
    diesel::insert_into(network_contacts::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Takes a function of a contact on a network away.
pub fn delete_contact(db: &mut Db, row: &NetworkContactRow) -> Result<(), StoreError> {
    diesel::delete(network_contacts::table.find((&row.network, &row.contact, &row.function)))
        .execute(db)?;
    Ok(())
}

/// True if networks were cut from this one.
pub fn has_children(db: &mut Db, handle: &str) -> Result<bool, StoreError> {
    let found = networks::table
        .filter(networks::parent.eq(handle))
        .select(networks::handle);
    Ok(found.first::<String>(db).optional()?.is_some())
}

/// Up to `limit` networks that were cut from this one, by address.
pub fn children_of(db: &mut Db, parent: &str, limit: i64) -> Result<Vec<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::parent.eq(parent))
        .order(networks::start_ip)
        .limit(limit)
        .select(NetworkRow::as_select())
        .load(db)?)
}

/// The handles of the networks that were cut from these, which no other transaction changes, or cuts networks from,
/// until this one ends.
pub fn lock_children(db: &mut Db, handles: &[String]) -> Result<Vec<String>, StoreError> {
    let query = networks::table
        .filter(networks::parent.eq_any(handles))
        .order(networks::handle)
        .select(networks::handle);
    Ok(match db {
        Db::Postgres(connection) => query.for_update().load(connection)?,
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(connection) => query.load(connection)?,
    })
}

/// From here to the end of the transaction no other one adds a network. For those that are cut from none, since there is
/// no row above them to be locked.
pub fn lock_all(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Postgres(connection) => {
            sql_query("LOCK TABLE networks IN SHARE ROW EXCLUSIVE MODE").execute(connection)?;
        }
        Db::Sqlite(_) => {}
    }
    Ok(())
}

/// The network of a customer.
pub fn of_customer(db: &mut Db, customer: &str) -> Result<Option<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::customer.eq(customer))
        .select(NetworkRow::as_select())
        .first(db)
        .optional()?)
}

/// Up to `limit` networks of an organization behind this handle, by handle: handle and name.
pub fn names_of_organization_behind(
    db: &mut Db,
    organization: &str,
    handle: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    Ok(networks::table
        .filter(networks::organization.eq(organization))
        .filter(networks::handle.gt(handle))
        .order(networks::handle)
        .limit(limit)
        .select((networks::handle, networks::name))
        .load(db)?)
}

/// Up to `limit` networks with addresses in this one's range only, this one left out: by start, larger first. They begin
/// behind the network with the addresses `behind`.
pub fn list_within(
    db: &mut Db,
    network: &NetworkRow,
    behind: Option<&(Vec<u8>, Vec<u8>)>,
    limit: i64,
) -> Result<Vec<NetworkRow>, StoreError> {
    let (start, end) = match behind {
        Some((start, end)) => (start, end),
        // The network itself comes first of those in its range.
        None => (&network.start_ip, &network.end_ip),
    };
    Ok(networks::table
        .filter(networks::version.eq(network.version))
        .filter(networks::start_ip.ge(&network.start_ip))
        .filter(networks::end_ip.le(&network.end_ip))
        .filter(
            (networks::start_ip.gt(start))
                .or(networks::start_ip.eq(start).and(networks::end_ip.lt(end))),
        )
        .order((networks::start_ip, networks::end_ip.desc()))
        .limit(limit)
        .select(NetworkRow::as_select())
        .load(db)?)
}

/// The names of these networks.
pub fn names(db: &mut Db, handles: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    Ok(networks::table
        .filter(networks::handle.eq_any(handles))
        .select((networks::handle, networks::name))
        .load(db)?)
}
