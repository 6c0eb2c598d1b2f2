//! Customers: whom networks are reassigned to that have no organization of their own.

use super::handles::Handle;
use super::postal::{PostalAddress, lines};
use crate::clock::Timestamp;
use crate::store::registry::customers::{self as rows, CustomerRow};
use crate::store::{Db, StoreError};

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its name in the registry.
    pub handle: Handle,
    /// Its name.
    pub name: String,
    /// The organization whose customer it is.
    pub organization: Handle,
    /// The network that it was made under; it may be gone.
    pub network: Handle,
    /// True if name and street are hidden from others.
    pub is_private: bool,
    /// Where it is.
    pub address: PostalAddress,
    /// Lines.
    pub comment: Vec<String>,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        Self {
            address: PostalAddress::from_stored(
                &row.street,
                row.city,
                row.state,
                row.postal_code,
                &row.country,
            ),
            comment: lines(&row.comment),
            handle: Handle::from_stored(row.handle),
            name: row.name,
            organization: Handle::from_stored(row.organization),
            network: Handle::from_stored(row.network),
            is_private: row.is_private,
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            revision: row.revision,
        }
    }
}

/// The customer with this handle.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, handle: &Handle) -> Result<Option<Customer>, StoreError> {
    Ok(rows::find(db, handle.as_str())?.map(Customer::from))
}
