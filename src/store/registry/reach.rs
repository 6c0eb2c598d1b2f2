//! What the links of an account give it, by object. With `hold`, the links that count cannot end before this transaction
//! does: so unlinking and a change never cross.

use diesel::prelude::*;

use crate::ids::AccountId;
use crate::store::registry::networks::NetworkRow;
use crate::store::schema::{
    contact_links, network_contacts, networks, organization_contacts, organizations,
};
use crate::store::{Db, StoreError};

/// Runs a query whose rows come from [`contact_links`], and holds those links if asked to.
macro_rules! load_held {
    ($db:expr, $hold:expr, $query:expr) => {
        match $db {
            Db::Postgres(connection) if $hold => $query.for_share().load::<String>(connection)?,
            Db::Postgres(connection) => $query.load::<String>(connection)?,
            // A writing transaction on SQLite is the only one anyway.
            Db::Sqlite(connection) => $query.load::<String>(connection)?,
        }
    };
}

/// True if the account is linked to this contact.
pub fn is_linked(
    db: &mut Db,
    account_id: AccountId,
    contact: &str,
    hold: bool,
) -> Result<bool, StoreError> {
    let query = contact_links::table
        .find((account_id, contact))
        .select(contact_links::contact);
    let found: Vec<String> = load_held!(db, hold, query);
    Ok(!found.is_empty())
}

/// The account's functions on an organization, as codes.
pub fn on_organization(
    db: &mut Db,
    account_id: AccountId,
    organization: &str,
    hold: bool,
) -> Result<Vec<String>, StoreError> {
    let query = contact_links::table
        .inner_join(
            organization_contacts::table
                .on(organization_contacts::contact.eq(contact_links::contact)),
        )
        .filter(contact_links::account_id.eq(account_id))
        .filter(organization_contacts::organization.eq(organization))
        .select(organization_contacts::function);
    Ok(load_held!(db, hold, query))
}

/// The account's functions on a network itself, as codes.
pub fn on_network(
    db: &mut Db,
    account_id: AccountId,
    network: &str,
    hold: bool,
) -> Result<Vec<String>, StoreError> {
    let query = contact_links::table
        .inner_join(
            network_contacts::table.on(network_contacts::contact.eq(contact_links::contact)),
        )
        .filter(contact_links::account_id.eq(account_id))
        .filter(network_contacts::network.eq(network))
        .select(network_contacts::function);
    Ok(load_held!(db, hold, query))
}

/// The account's functions on these organizations: handles, each with a code.
pub fn on_organizations(
    db: &mut Db,
    account_id: AccountId,
    handles: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    Ok(contact_links::table
        .inner_join(
            organization_contacts::table
                .on(organization_contacts::contact.eq(contact_links::contact)),
        )
        .filter(contact_links::account_id.eq(account_id))
        .filter(organization_contacts::organization.eq_any(handles))
        .select((
            organization_contacts::organization,
            organization_contacts::function,
        ))
        .load(db)?)
}

/// The account's functions on these networks themselves: handles, each with a code.
pub fn on_networks(
    db: &mut Db,
    account_id: AccountId,
    handles: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    Ok(contact_links::table
        .inner_join(
            network_contacts::table.on(network_contacts::contact.eq(contact_links::contact)),
        )
        .filter(contact_links::account_id.eq(account_id))
        .filter(network_contacts::network.eq_any(handles))
        .select((network_contacts::network, network_contacts::function))
        .load(db)?)
}

/// True if the account has a function on anything.
pub fn has_any(db: &mut Db, account_id: AccountId) -> Result<bool, StoreError> {
    let on_an_organization = contact_links::table
        .inner_join(
            organization_contacts::table
                .on(organization_contacts::contact.eq(contact_links::contact)),
        )
        .filter(contact_links::account_id.eq(account_id))
        .select(contact_links::contact);
    let on_a_network = contact_links::table
        .inner_join(
            network_contacts::table.on(network_contacts::contact.eq(contact_links::contact)),
        )
        .filter(contact_links::account_id.eq(account_id))
        .select(contact_links::contact);
    let found: Option<String> = on_an_organization.first(db).optional()?;
    Ok(match found {
        Some(_) => true,
        None => on_a_network.first::<String>(db).optional()?.is_some(),
    })
}

/// One function of an account on an object, through one contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct AssociationRow {
    /// The contact that the account is linked to.
    pub contact: String,
    /// The organization or network.
    pub object: String,
    /// The function's code.
    pub function: String,
}

/// All functions of an account on organizations, by organization.
pub fn organizations_of(
    db: &mut Db,
    account_id: AccountId,
) -> Result<Vec<AssociationRow>, StoreError> {
    Ok(contact_links::table
        .inner_join(
            organization_contacts::table
                .on(organization_contacts::contact.eq(contact_links::contact)),
        )
        .filter(contact_links::account_id.eq(account_id))
        .order((organization_contacts::organization, contact_links::contact))
        .select((
            contact_links::contact,
            organization_contacts::organization,
            organization_contacts::function,
        ))
        .load(db)?)
}

/// All functions of an account on networks themselves, by network.
pub fn networks_of(db: &mut Db, account_id: AccountId) -> Result<Vec<AssociationRow>, StoreError> {
    Ok(contact_links::table
        .inner_join(
            network_contacts::table.on(network_contacts::contact.eq(contact_links::contact)),
        )
        .filter(contact_links::account_id.eq(account_id))
        .order((network_contacts::network, contact_links::contact))
        .select((
            contact_links::contact,
            network_contacts::network,
            network_contacts::function,
        ))
        .load(db)?)
}

/// The names of these organizations, each with its handle.
pub fn organization_names(
    db: &mut Db,
    handles: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    Ok(organizations::table
        .filter(organizations::handle.eq_any(handles))
        .select((organizations::handle, organizations::name))
        .load(db)?)
}

/// The names of these networks, each with its handle.
pub fn network_names(db: &mut Db, handles: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    Ok(networks::table
        .filter(networks::handle.eq_any(handles))
        .select((networks::handle, networks::name))
        .load(db)?)
}

/// Up to `limit` networks that an organization holds, by address, larger first.
pub fn held_by(db: &mut Db, organization: &str, limit: i64) -> Result<Vec<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::organization.eq(organization))
        .order((
            networks::version,
            networks::start_ip,
            networks::end_ip.desc(),
        ))
        .limit(limit)
        .select(NetworkRow::as_select())
        .load(db)?)
}

/// Up to `limit` networks that were cut from one that an organization holds, by address, larger first.
pub fn cut_from(
    db: &mut Db,
    organization: &str,
    limit: i64,
) -> Result<Vec<NetworkRow>, StoreError> {
    let parents = diesel::alias!(networks as parents);
    let held = parents
        .filter(parents.field(networks::organization).eq(organization))
        .select(parents.field(networks::handle).nullable());
    Ok(networks::table
        .filter(networks::parent.eq_any(held))
        .order((
            networks::version,
            networks::start_ip,
            networks::end_ip.desc(),
        ))
        .limit(limit)
        .select(NetworkRow::as_select())
        .load(db)?)
}

/// These networks, by address, larger first.
pub fn networks_named(db: &mut Db, handles: &[String]) -> Result<Vec<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::handle.eq_any(handles))
        .order((
            networks::version,
            networks::start_ip,
            networks::end_ip.desc(),
        ))
        .select(NetworkRow::as_select())
        .load(db)?)
}
