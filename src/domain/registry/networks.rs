//! Networks: ranges of addresses, who holds them, and what was cut from what.

use super::handles::Handle;
use super::organizations::ContactLink;
use super::postal::lines;
use super::ranges::IpRange;
use crate::clock::Timestamp;
use crate::store::registry::networks::{self as rows, NetworkRow};
use crate::store::{Db, StoreError};

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

/// Adds to rows what lies in other tables.
fn whole(db: &mut Db, rows: Vec<NetworkRow>) -> Result<Vec<Network>, StoreError> {
    let handles: Vec<String> = rows.iter().map(|row| row.handle.clone()).collect();
    let contacts = rows::contacts_of(db, &handles)?;
    let mut networks = Vec::with_capacity(rows.len());
    for row in rows {
        let mine = contacts
            .iter()
            .filter(|contact| contact.network == row.handle);
        let mut contacts: Vec<ContactLink> = mine
            .filter_map(|contact| ContactLink::from_stored(&contact.contact, &contact.function))
            .collect();
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
