//! Networks: ranges of addresses, who holds them, and what was cut from what.
//!
//! They are a forest: two of them overlap only if one was cut from the other. Whoever cuts a network locks the one above
//! it first, so of two that overlap only one is made. Locks are taken from networks over organizations and customers to
//! contacts, and the links of the account come last.

mod allocate;
mod change;
mod find;
mod insert;
mod reassign;
mod remove;

use std::collections::HashMap;

use super::authority::Action;
use super::error::RegistryError;
use super::handles::Handle;
use super::organizations::ContactLink;
use super::postal::lines;
use super::ranges::IpRange;
use super::reach::{Reader, require};
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::registry::networks::{self as rows, NetworkRow};
use crate::store::registry::ranges::Addresses;
use crate::store::{Db, StoreError};

pub use allocate::allocate;
pub use change::change;
pub(super) use change::write_contacts;
pub use find::{MAX_FOUND, in_range, most_specific, parent_of, parse_range};
pub(super) use insert::{Cut, check_free, insert};
pub use reassign::{reallocate, reassign};
pub use remove::{Removal, remove, remove_tree};

/// How a network came to its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkKind {
    /// From the registry itself.
    DirectAllocation,
    /// Cut from another one, and may be cut further.
    Reallocated,
    /// Cut from another one, for use.
    Reassigned,
}

impl NetworkKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DirectAllocation, Self::Reallocated, Self::Reassigned];

    /// The code in the wire format and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::DirectAllocation => "DA",
            Self::Reallocated => "A",
            Self::Reassigned => "S",
        }
    }

    /// For people, and the description in the wire format.
    pub fn name(self) -> &'static str {
        match self {
            Self::DirectAllocation => "Direct Allocation",
            Self::Reallocated => "Reallocated",
            Self::Reassigned => "Reassigned",
        }
    }

    /// What is never done to the network `handle` of this kind, whoever asks: the reason, or `None` if it may be done.
    pub fn rules_out(self, action: Action, handle: &str) -> Option<String> {
        match (self, action) {
            (Self::DirectAllocation, Action::NetworkRemove) => Some(format!(
                "{handle} is a direct allocation, which only operators take back. Ask them."
            )),
            (Self::Reassigned, Action::NetworkReassign) => Some(format!(
                "{handle} is reassigned, so nothing can be cut from it. Cut from the network above it."
            )),
            (Self::Reassigned, Action::ReassignmentReport) => Some(format!(
                "{handle} is reassigned, so nothing can be cut from it. Ask for the report of a direct allocation or a \
                 reallocated network."
            )),
            _ => None,
        }
    }

    /// The kind with this code, which is exact.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Whom a network is registered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An organization.
    Organization(Handle),
    /// A customer of the organization that holds the network above.
    Customer(Handle),
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name in the registry.
    pub handle: Handle,
    /// How it came to its holder.
    pub kind: NetworkKind,
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub range: IpRange,
    /// Whom it is registered to.
    pub holder: Holder,
    /// The network that it was cut from.
    pub parent: Option<Handle>,
    /// Lines.
    pub comment: Vec<String>,
    /// Who acts for the network itself, by function and handle.
    pub contacts: Vec<ContactLink>,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

/// The network with this handle, for an account that may read it.
///
/// # Errors
/// If there is none, or the account may not.
pub fn view(db: &mut Db, me: AccountId, handle: &str) -> Result<Network, RegistryError> {
    let handle = parse_handle(handle)?;
    let row = rows::find(db, handle.as_str())?.ok_or_else(|| unknown(&handle))?;
    show(db, me, row)
}

/// A network that was found, for an account that may read it.
fn show(db: &mut Db, me: AccountId, row: NetworkRow) -> Result<Network, RegistryError> {
    let reach = Reader::looking(me).on_network(db, &row)?;
    require(Action::NetworkView, &reach)?;
    one(db, row)
}

/// The row of the network with this handle, and no other transaction changes it or cuts networks from it until this one
/// ends.
pub(super) fn lock(db: &mut Db, handle: &str) -> Result<NetworkRow, RegistryError> {
    let handle = parse_handle(handle)?;
    rows::lock(db, handle.as_str())?.ok_or_else(|| unknown(&handle))
}

/// What is no handle names no network.
pub(super) fn parse_handle(text: &str) -> Result<Handle, RegistryError> {
    (text.parse()).map_err(|_malformed| {
        RegistryError::NotFound("There is no network with this handle.".to_owned())
    })
}

/// There is no network with this handle.
pub(super) fn unknown(handle: &Handle) -> RegistryError {
    RegistryError::NotFound(format!("There is no network {handle}."))
}

/// The whole of a row that this transaction has read.
fn one(db: &mut Db, row: NetworkRow) -> Result<Network, RegistryError> {
    let handle = Handle::from_stored(row.handle.clone());
    whole(db, vec![row])?.pop().ok_or_else(|| unknown(&handle))
}

/// Its addresses as the database keeps them.
pub(super) fn addresses(range: IpRange) -> Addresses {
    Addresses {
        version: range.version().into(),
        start: range.start_bytes(),
        end: range.end_bytes(),
    }
}

/// The network with this handle.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, handle: &Handle) -> Result<Option<Network>, StoreError> {
    let row = rows::find(db, handle.as_str())?;
    Ok(whole(db, row.into_iter().collect())?.pop())
}

/// Up to `limit` networks behind this handle, by handle: for going through all of them.
///
/// # Errors
/// If the database fails.
pub fn list_behind(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<Network>, StoreError> {
    let found = rows::list_behind(db, handle, limit)?;
    whole(db, found)
}

/// Up to `limit` networks that were cut from this one, by address.
///
/// # Errors
/// If the database fails.
pub fn cut_from(db: &mut Db, parent: &Handle, limit: i64) -> Result<Vec<Network>, StoreError> {
    let found = rows::children_of(db, parent.as_str(), limit)?;
    whole(db, found)
}

/// Adds to rows what lies in other tables.
pub(super) fn whole(db: &mut Db, rows: Vec<NetworkRow>) -> Result<Vec<Network>, StoreError> {
    let handles: Vec<String> = rows.iter().map(|row| row.handle.clone()).collect();
    let mut contacts: HashMap<String, Vec<ContactLink>> = HashMap::new();
    for contact in rows::contacts_of(db, &handles)? {
        let link = ContactLink::from_stored(&contact.contact, &contact.function);
        (contacts.entry(contact.network).or_default()).extend(link);
    }
    let mut networks = Vec::with_capacity(rows.len());
    for row in rows {
        let mut contacts = contacts.remove(&row.handle).unwrap_or_default();
        contacts.sort();
        let range = IpRange::from_bytes(&row.start_ip, &row.end_ip);
        let holder = match (row.organization, row.customer) {
            (Some(organization), _) => {
                Some(Holder::Organization(Handle::from_stored(organization)))
            }
            (None, customer) => {
                customer.map(|handle| Holder::Customer(Handle::from_stored(handle)))
            }
        };
        let (Some(range), Some(kind), Some(holder)) =
            (range, NetworkKind::from_code(&row.kind), holder)
        else {
            tracing::error!(network = row.handle, "a stored network cannot be read");
            continue;
        };
        networks.push(Network {
            contacts,
            range,
            kind,
            holder,
            comment: lines(&row.comment),
            parent: row.parent.map(Handle::from_stored),
            handle: Handle::from_stored(row.handle),
            name: row.name,
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            revision: row.revision,
        });
    }
    Ok(networks)
}
