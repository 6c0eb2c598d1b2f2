//! What the contacts that an account is linked to do: their functions on organizations and networks.

use std::collections::BTreeMap;

use super::functions::Function;
use super::handles::Handle;
use crate::ids::AccountId;
use crate::store::registry::reach as rows;
use crate::store::registry::{networks as network_rows, organizations as organization_rows};
use crate::store::{Db, StoreError};

/// Where a contact has a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// On an organization.
    Organization,
    /// On a network itself.
    Network,
}

/// One function of one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// The contact.
    pub contact: Handle,
    /// Where.
    pub place: Place,
    /// On which organization or network.
    pub object: Handle,
    /// Its name.
    pub name: String,
    /// What the contact does there.
    pub function: Function,
}

/// All functions that the links of an account reach: on organizations first, by object, contact and function.
///
/// # Errors
/// If the database fails.
pub fn list_for_account(
    db: &mut Db,
    account_id: AccountId,
) -> Result<Vec<Association>, StoreError> {
    let on_organizations = rows::organizations_of(db, account_id)?;
    let on_networks = rows::networks_of(db, account_id)?;
    let handles = |rows: &[rows::AssociationRow]| -> Vec<String> {
        rows.iter().map(|row| row.object.clone()).collect()
    };
    let organizations = rows::organization_names(db, &handles(&on_organizations))?;
    let networks = rows::network_names(db, &handles(&on_networks))?;
    let names: BTreeMap<String, String> = organizations.into_iter().chain(networks).collect();
    let of = |place: Place, row: rows::AssociationRow| {
        Some(Association {
            function: Function::from_code(&row.function)?,
            contact: Handle::from_stored(row.contact),
            name: names.get(&row.object).cloned().unwrap_or_default(),
            object: Handle::from_stored(row.object),
            place,
        })
    };
    let on_organizations = on_organizations.into_iter();
    let on_organizations = on_organizations.filter_map(|row| of(Place::Organization, row));
    let on_networks = on_networks.into_iter();
    let on_networks = on_networks.filter_map(|row| of(Place::Network, row));
    let mut all: Vec<Association> = on_organizations.chain(on_networks).collect();
    all.sort_by(|one, other| {
        let key = |one: &Association| (one.place, one.object.clone(), one.contact.clone());
        (key(one), one.function).cmp(&(key(other), other.function))
    });
    Ok(all)
}

/// All functions of one contact: on organizations first, by object and function.
///
/// # Errors
/// If the database fails.
pub fn list_for_contact(db: &mut Db, contact: &Handle) -> Result<Vec<Association>, StoreError> {
    let mut found: Vec<(Place, String, String)> = Vec::new();
    for row in organization_rows::naming_contact(db, contact.as_str())? {
        found.push((Place::Organization, row.organization, row.function));
    }
    for row in network_rows::naming_contact(db, contact.as_str())? {
        found.push((Place::Network, row.network, row.function));
    }
    let handles: Vec<String> = found.iter().map(|(_, object, _)| object.clone()).collect();
    let names = organization_rows::names(db, &handles)?.into_iter();
    let names: BTreeMap<String, String> = names.chain(network_rows::names(db, &handles)?).collect();
    let of = |(place, object, function): (Place, String, String)| {
        Some(Association {
            function: Function::from_code(&function)?,
            contact: contact.clone(),
            name: names.get(&object).cloned().unwrap_or_default(),
            object: Handle::from_stored(object),
            place,
        })
    };
    let mut all: Vec<Association> = found.into_iter().filter_map(of).collect();
    all.sort_by(|one, other| {
        let key = |one: &Association| (one.place, one.object.clone(), one.function);
        key(one).cmp(&key(other))
    });
    Ok(all)
}

/// The organizations among them, each once.
pub fn organizations(associations: &[Association]) -> Vec<Handle> {
    objects(associations, Place::Organization)
}

/// The networks among them, each once.
pub fn networks(associations: &[Association]) -> Vec<Handle> {
    objects(associations, Place::Network)
}

fn objects(associations: &[Association], place: Place) -> Vec<Handle> {
    let there = associations.iter().filter(|one| one.place == place);
    let mut handles: Vec<Handle> = there.map(|one| one.object.clone()).collect();
    handles.dedup();
    handles
}
