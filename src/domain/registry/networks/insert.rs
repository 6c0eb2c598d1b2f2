//! What all ways of making a network share.

use super::{Holder, NetworkKind, addresses};
use crate::clock::Timestamp;
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::handles::Handle;
use crate::domain::registry::postal::joined;
use crate::domain::registry::ranges::IpRange;
use crate::store::registry::networks::{self as rows, NetworkRow};
use crate::store::registry::ranges::{self, Addresses};
use crate::store::{Db, StoreError};

/// A network that is to be made.
pub(in crate::domain::registry) struct Cut<'a> {
    /// Its name in the registry.
    pub(in crate::domain::registry) handle: &'a Handle,
    /// How it comes to its holder.
    pub(in crate::domain::registry) kind: NetworkKind,
    /// Its name.
    pub(in crate::domain::registry) name: &'a str,
    /// Its addresses.
    pub(in crate::domain::registry) range: IpRange,
    /// Whom it is registered to.
    pub(in crate::domain::registry) holder: &'a Holder,
    /// The network that it is cut from.
    pub(in crate::domain::registry) parent: Option<&'a Handle>,
    /// Lines.
    pub(in crate::domain::registry) comment: &'a [String],
}

/// Adds a network, whose addresses were found free.
pub(in crate::domain::registry) fn insert(
    db: &mut Db,
    now: Timestamp,
    cut: &Cut<'_>,
) -> Result<(), StoreError> {
    let (organization, customer) = match cut.holder {
        Holder::Organization(handle) => (Some(handle.to_string()), None),
        Holder::Customer(handle) => (None, Some(handle.to_string())),
    };
    let wanted = addresses(cut.range);
    let row = NetworkRow {
        handle: cut.handle.to_string(),
        kind: cut.kind.code().to_owned(),
        name: cut.name.to_owned(),
        version: wanted.version,
        start_ip: wanted.start,
        end_ip: wanted.end,
        organization,
        customer,
        parent: cut.parent.map(Handle::to_string),
        comment: joined(cut.comment),
        registered_at: now,
        updated_at: now,
        revision: 1,
    };
    rows::insert(db, &row)
}

/// Makes sure that no network has any of these addresses but `parent` and those above it. `parent` is locked, or all
/// networks are.
///
/// # Errors
/// If one has.
pub(in crate::domain::registry) fn check_free(
    db: &mut Db,
    range: IpRange,
    parent: Option<&Handle>,
) -> Result<(), RegistryError> {
    let wanted = addresses(range);
    let first = Addresses {
        end: wanted.start.clone(),
        ..wanted.clone()
    };
    // The smallest network around the first address is the parent, unless something was cut from that; and no other one
    // begins behind it.
    let around = ranges::find_container(db, &first)?;
    let taken = match around {
        Some(row) if parent.is_none_or(|parent| parent.as_str() != row.handle) => Some(row),
        Some(_) | None => ranges::find_beginning_in(db, &wanted)?,
    };
    let Some(taken) = taken else { return Ok(()) };
    let words = match IpRange::from_bytes(&taken.start_ip, &taken.end_ip) {
        Some(range) => format!("{}, {range}", taken.handle),
        None => taken.handle,
    };
    Err(RegistryError::Conflict(Problem::new(
        "netBlocks",
        format!(
            "{range} overlaps a network that there is: {words}. Choose addresses that are free."
        ),
    )))
}
