//! Networks are found by their addresses.

use std::collections::{BTreeSet, HashMap};

use super::{Network, addresses, rows, show, whole};
use crate::domain::registry::authority::{Action, Reach, decide};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::functions::{Function, Functions};
use crate::domain::registry::ranges::{IpRange, parse_address};
use crate::ids::AccountId;
use crate::store::registry::networks::NetworkRow;
use crate::store::registry::ranges::{self, Addresses};
use crate::store::registry::reach;
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
    let mut found = ranges::list_around(db, wanted.version, &wanted.start)?;
    found.extend(beginning_in(db, me, &wanted)?);
    let mine = Nearby::of(db, me, &found)?;
    found.retain(|row| decide(Action::NetworkView, &mine.reach(row)).is_ok());
    found.truncate(MAX_FOUND);
    whole(db, found)
}

/// The networks that begin within these addresses. If there are more than can be judged one by one, only those that the
/// account has something to do with.
fn beginning_in(
    db: &mut Db,
    me: AccountId,
    wanted: &Addresses,
) -> Result<Vec<NetworkRow>, StoreError> {
    let limit = i64::try_from(MAX_FOUND).unwrap_or(i64::MAX);
    let all = ranges::list_beginning_in(db, wanted, limit.saturating_add(1))?;
    if all.len() <= MAX_FOUND {
        return Ok(all);
    }
    // Who reaches nothing need not wait until everyone's networks were gone through.
    match reach::has_any(db, me)? {
        true => ranges::list_reached(db, me, wanted, limit),
        false => Ok(Vec::new()),
    }
}

/// The organizations that hold the networks above these, by network.
fn holders_above(db: &mut Db, found: &[NetworkRow]) -> Result<HashMap<String, String>, StoreError> {
    let handles = distinct(found.iter().filter_map(|row| row.parent.clone()));
    let above = rows::list(db, &handles)?.into_iter();
    Ok(above
        .filter_map(|row| Some((row.handle, row.organization?)))
        .collect())
}

/// What decides about some networks: the functions of an account on them and on what is above them.
struct Nearby {
    organizations: HashMap<String, Functions>,
    networks: HashMap<String, Functions>,
    holders_above: HashMap<String, String>,
}

impl Nearby {
    /// By few reads, however many networks there are, and without what the account reaches elsewhere, which may be a lot.
    fn of(db: &mut Db, me: AccountId, found: &[NetworkRow]) -> Result<Self, StoreError> {
        let holders_above = holders_above(db, found)?;
        let holders = found.iter().filter_map(|row| row.organization.clone());
        let organizations = distinct(holders.chain(holders_above.values().cloned()));
        let own = found.iter().map(|row| row.handle.clone());
        let networks = distinct(own.chain(found.iter().filter_map(|row| row.parent.clone())));
        Ok(Self {
            organizations: by_object(reach::on_organizations(db, me, &organizations)?),
            networks: by_object(reach::on_networks(db, me, &networks)?),
            holders_above,
        })
    }

    /// On one of them.
    fn reach(&self, row: &NetworkRow) -> Reach {
        let on = |functions: &HashMap<String, Functions>, handle: Option<&String>| {
            let found = handle.and_then(|handle| functions.get(handle));
            found.copied().unwrap_or_default()
        };
        let parent = row.parent.as_ref();
        let holder_above = parent.and_then(|parent| self.holders_above.get(parent));
        Reach {
            organization: on(&self.organizations, row.organization.as_ref()),
            network: on(&self.networks, Some(&row.handle)),
            parent_network: on(&self.networks, parent),
            parent_organization: on(&self.organizations, holder_above),
            is_held_by_customer: row.customer.is_some(),
            ..Reach::default()
        }
    }
}

fn by_object(functions: Vec<(String, String)>) -> HashMap<String, Functions> {
    let mut all: HashMap<String, Functions> = HashMap::new();
    for (object, code) in functions {
        let one: Functions = Function::from_code(&code).into_iter().collect();
        let known = all.entry(object).or_default();
        *known = known.or(one);
    }
    all
}

fn distinct(handles: impl Iterator<Item = String>) -> Vec<String> {
    let distinct: BTreeSet<String> = handles.collect();
    distinct.into_iter().collect()
}
