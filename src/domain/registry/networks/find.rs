//! Networks are found by their addresses.

use std::collections::HashMap;

use super::{Network, addresses, rows, show, whole};
use crate::domain::registry::authority::{Action, Reach, decide};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::functions::{Function, Functions};
use crate::domain::registry::ranges::{IpRange, parse_address};
use crate::ids::AccountId;
use crate::store::registry::networks::NetworkRow;
use crate::store::registry::ranges;
use crate::store::registry::reach::{self, AssociationRow};
use crate::store::{Db, StoreError};

/// The most networks that are answered at once.
pub const MAX_FOUND: usize = 1_000;

/// The addresses from one to another, as a path names them.
///
/// # Errors
/// If one is no address, or they are no range.
pub fn parse_range(start: &str, end: &str) -> Result<IpRange, RegistryError> {
    let address = |text: &str| {
        parse_address(text).ok_or_else(|| {
            RegistryError::BadRequest(format!(
                "“{text}” is no IP address. Write one like 192.0.2.0 or 2001:db8::."
            ))
        })
    };
    let (start, end) = (address(start)?, address(end)?);
    IpRange::new(start, end).ok_or_else(|| {
        RegistryError::BadRequest(format!(
            "{start} to {end} is no range: name two addresses of the same IP version, the smaller one first."
        ))
    })
}

/// The smallest network that contains all of these addresses, for an account that may read it.
///
/// # Errors
/// If there is none, or the account may not.
pub fn most_specific(db: &mut Db, me: AccountId, range: IpRange) -> Result<Network, RegistryError> {
    let row = ranges::find_container(db, &addresses(range))?;
    let row =
        row.ok_or_else(|| RegistryError::NotFound(format!("No network contains all of {range}.")))?;
    show(db, me, row)
}

/// The network that the one with exactly these addresses was cut from; if none has them, the smallest that contains them.
///
/// # Errors
/// If there is none, or the account may not read it.
pub fn parent_of(db: &mut Db, me: AccountId, range: IpRange) -> Result<Network, RegistryError> {
    let Some(exact) = ranges::find_exact(db, &addresses(range))? else {
        return most_specific(db, me, range);
    };
    let parent = match &exact.parent {
        Some(parent) => rows::find(db, parent)?,
        None => None,
    };
    let parent = parent.ok_or_else(|| {
        RegistryError::NotFound(format!("The network {range} was cut from no other one."))
    })?;
    show(db, me, parent)
}

/// The networks that have an address in common with these and that the account may read: by their first address, larger
/// ones first, [`MAX_FOUND`] at most.
///
/// # Errors
/// If the database fails.
pub fn in_range(db: &mut Db, me: AccountId, range: IpRange) -> Result<Vec<Network>, StoreError> {
    let wanted = addresses(range);
    let mine = Everything::of(db, me)?;
    if mine.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = ranges::list_around(db, wanted.version, &wanted.start)?;
    let limit = i64::try_from(MAX_FOUND).unwrap_or(i64::MAX);
    found.extend(ranges::list_reached(db, me, &wanted, limit)?);
    let above = holders_above(db, &found)?;
    found.retain(|row| decide(Action::NetworkView, &mine.reach(row, &above)).is_ok());
    found.truncate(MAX_FOUND);
    whole(db, found)
}

/// The organizations that hold the networks above these, by network.
fn holders_above(db: &mut Db, found: &[NetworkRow]) -> Result<HashMap<String, String>, StoreError> {
    let mut handles: Vec<String> = found.iter().filter_map(|row| row.parent.clone()).collect();
    handles.sort();
    handles.dedup();
    let above = rows::list(db, &handles)?.into_iter();
    Ok(above
        .filter_map(|row| Some((row.handle, row.organization?)))
        .collect())
}

/// All functions of an account, by organization and by network: for reading many networks at once.
struct Everything {
    organizations: HashMap<String, Functions>,
    networks: HashMap<String, Functions>,
}

impl Everything {
    fn of(db: &mut Db, me: AccountId) -> Result<Self, StoreError> {
        Ok(Self {
            organizations: by_object(reach::organizations_of(db, me)?),
            networks: by_object(reach::networks_of(db, me)?),
        })
    }

    fn is_empty(&self) -> bool {
        self.organizations.is_empty() && self.networks.is_empty()
    }

    /// On one of them.
    fn reach(&self, row: &NetworkRow, above: &HashMap<String, String>) -> Reach {
        let on = |functions: &HashMap<String, Functions>, handle: Option<&String>| {
            let found = handle.and_then(|handle| functions.get(handle));
            found.copied().unwrap_or_default()
        };
        let parent = row.parent.as_ref();
        Reach {
            organization: on(&self.organizations, row.organization.as_ref()),
            network: on(&self.networks, Some(&row.handle)),
            parent_network: on(&self.networks, parent),
            parent_organization: on(
                &self.organizations,
                parent.and_then(|parent| above.get(parent)),
            ),
            is_held_by_customer: row.customer.is_some(),
            ..Reach::default()
        }
    }
}

fn by_object(associations: Vec<AssociationRow>) -> HashMap<String, Functions> {
    let mut functions: HashMap<String, Functions> = HashMap::new();
    for association in associations {
        let one: Functions = Function::from_code(&association.function)
            .into_iter()
            .collect();
        let all = functions.entry(association.object).or_default();
        *all = all.or(one);
    }
    functions
}
