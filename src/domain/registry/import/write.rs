//! Writes records that were checked one by one, and checks what depends on the others: which networks lie in which.

use std::collections::{HashMap, HashSet};

use super::{Accepted, BadRecord, Checked, note};
use crate::clock::Timestamp;
use crate::domain::registry::checks::ImportedNetwork;
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::handles::Handle;
use crate::domain::registry::networks::{
    Cut, Holder, NetworkKind, check_free, insert, write_contacts,
};
use crate::domain::registry::ranges::IpRange;
use crate::domain::registry::{contacts, customers, organizations};
use crate::store::registry::networks::{self as network_rows, NetworkRow};
use crate::store::registry::{
    contacts as contact_rows, customers as customer_rows, organizations as organization_rows,
};
use crate::store::{Db, StoreError};

/// Writes all of them, in an order in which each finds what it names. Networks that do not fit are noted instead.
pub(super) fn write(
    db: &mut Db,
    now: Timestamp,
    accepted: &Accepted,
    bad: &mut Vec<BadRecord>,
) -> Result<(), StoreError> {
    write_contacts_of_file(db, now, accepted)?;
    for one in &accepted.organizations {
        let row = organizations::row(&one.handle, &one.record, now, now, 1);
        organization_rows::insert(db, &row)?;
        for link in &one.record.contacts {
            organization_rows::add_contact(db, &link.to_row(&one.handle))?;
        }
    }
    let made_under = made_under(&accepted.networks);
    for one in &accepted.customers {
        let (new, organization) = &one.record;
        // No document says under which network a customer was made; the one that its own was cut from will do.
        let network = made_under.get(&one.handle).map_or("", String::as_str);
        let row = customers::row(&one.handle, organization.as_str(), network, now, new);
        customer_rows::insert(db, &row)?;
    }
    network_rows::lock_all(db)?;
    write_networks(db, now, &accepted.networks, bad)
}

fn write_contacts_of_file(
    db: &mut Db,
    now: Timestamp,
    accepted: &Accepted,
) -> Result<(), StoreError> {
    for one in &accepted.contacts {
        contact_rows::insert(db, &contacts::row(&one.handle, &one.record, now, now, 1))?;
        for email in &one.record.emails {
            contact_rows::add_email(db, one.handle.as_str(), email)?;
        }
        contacts::write_phones(db, &one.handle, &one.record.phones)?;
    }
    Ok(())
}

/// The networks that those of customers were cut from, by customer.
fn made_under(networks: &[Checked<ImportedNetwork>]) -> HashMap<&Handle, String> {
    (networks.iter())
        .filter_map(|one| match &one.record.holder {
            Holder::Customer(handle) => {
                let parent = one.record.parent.as_deref()?;
                Some((handle, parent.to_ascii_uppercase()))
            }
            Holder::Organization(_) => None,
        })
        .collect()
}

/// From above: each network finds the one that it is cut from.
fn write_networks(
    db: &mut Db,
    now: Timestamp,
    all: &[Checked<ImportedNetwork>],
    bad: &mut Vec<BadRecord>,
) -> Result<(), StoreError> {
    let mut sorted: Vec<&Checked<ImportedNetwork>> = all.iter().collect();
    sorted.sort_by_key(|one| {
        let range = one.record.range;
        (range.start(), std::cmp::Reverse(range.end()))
    });
    // What is cut from one that is bad is not bad for that.
    let mut missing: HashSet<Handle> = HashSet::new();
    for one in sorted {
        let parent = one
            .record
            .parent
            .as_deref()
            .and_then(|text| text.parse().ok());
        if parent
            .as_ref()
            .is_some_and(|parent| missing.contains(parent))
        {
            missing.insert(one.handle.clone());
            continue;
        }
        match fit(db, &one.record, parent.as_ref()) {
            Ok(()) => {
                let cut = Cut {
                    handle: &one.handle,
                    kind: one.record.kind,
                    name: &one.record.name,
                    range: one.record.range,
                    holder: &one.record.holder,
                    parent: parent.as_ref(),
                    comment: &one.record.comment,
                };
                insert(db, now, &cut)?;
                write_contacts(db, &one.handle, &[], &one.record.contacts)?;
            }
            Err(RegistryError::Store(error)) => return Err(error),
            Err(error) => {
                let problems = match error {
                    RegistryError::Invalid(problems) => problems,
                    RegistryError::Conflict(problem) => vec![problem],
                    other => vec![Problem::new("net", other.to_string())],
                };
                note(bad, &one.name, problems);
                missing.insert(one.handle.clone());
            }
        }
    }
    Ok(())
}

/// # Errors
/// If the network does not fit what is registered.
fn fit(
    db: &mut Db,
    network: &ImportedNetwork,
    parent: Option<&Handle>,
) -> Result<(), RegistryError> {
    let above = match parent {
        Some(handle) => network_rows::find(db, handle.as_str())?,
        None => None,
    };
    match (network.kind, &network.parent, &above) {
        (NetworkKind::DirectAllocation, None, _) => {}
        (NetworkKind::DirectAllocation, Some(_), _) => {
            return Err(RegistryError::invalid(
                "parentNetHandle",
                "A direct allocation (DA) is cut from no other network.",
            ));
        }
        (_, None, _) => {
            return Err(RegistryError::invalid(
                "parentNetHandle",
                "Name the network that it is cut from, or make it a direct allocation (DA).",
            ));
        }
        (_, Some(text), None) => {
            return Err(RegistryError::invalid(
                "parentNetHandle",
                format!("There is no network “{text}” around it."),
            ));
        }
        (_, Some(_), Some(above)) => check_above(above, network.range)?,
    }
    check_holder(db, network, above.as_ref())?;
    check_free(db, network.range, parent)
}

/// # Errors
/// If nothing like it can be cut from the network above.
fn check_above(above: &NetworkRow, range: IpRange) -> Result<(), RegistryError> {
    if above.kind == NetworkKind::Reassigned.code() {
        return Err(RegistryError::invalid(
            "parentNetHandle",
            format!(
                "{} is reassigned (S), so nothing can be cut from it.",
                above.handle
            ),
        ));
    }
    let around = IpRange::from_bytes(&above.start_ip, &above.end_ip);
    if around.is_none_or(|around| !around.contains(range) || around == range) {
        return Err(RegistryError::invalid(
            "netBlocks",
            format!("{range} is no part of {}.", above.handle),
        ));
    }
    Ok(())
}

/// # Errors
/// If a customer holds what it may not.
fn check_holder(
    db: &mut Db,
    network: &ImportedNetwork,
    above: Option<&NetworkRow>,
) -> Result<(), RegistryError> {
    let Holder::Customer(handle) = &network.holder else {
        return Ok(());
    };
    if network.kind != NetworkKind::Reassigned {
        return Err(RegistryError::invalid(
            "type",
            "A customer holds reassigned networks (S) only.",
        ));
    }
    let customer = customer_rows::find(db, handle.as_str())?;
    let organization = customer.map(|customer| customer.organization);
    if organization.is_none() || organization != above.and_then(|above| above.organization.clone())
    {
        return Err(RegistryError::invalid(
            "customerHandle",
            format!("{handle} is no customer of the organization that holds the network above."),
        ));
    }
    match network_rows::of_customer(db, handle.as_str())? {
        Some(held) => Err(RegistryError::invalid(
            "customerHandle",
            format!("{handle} has a network already, {}.", held.handle),
        )),
        None => Ok(()),
    }
}
