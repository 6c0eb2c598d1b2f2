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

/// Up to `limit` customers behind this handle, by handle: for going through all of them.
///
/// # Errors
/// If the database fails.
pub fn list_behind(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<Customer>, StoreError> {
    let found = rows::list_behind(db, handle, limit)?;
    Ok(found.into_iter().map(Customer::from).collect())
}

/// What others see of a customer that is private, in place of its name.
pub const PRIVATE_NAME: &str = "Private Customer";
/// The same, in place of its street.
pub const PRIVATE_STREET: &str = "Private Residence";

impl Customer {
    /// As those see it who may not see what a private customer hides.
    #[must_use]
    pub fn seen_by_others(mut self) -> Self {
        if self.is_private {
            self.name = PRIVATE_NAME.to_owned();
            self.address.street = vec![PRIVATE_STREET.to_owned()];
            self.comment = Vec::new();
        }
        self
    }
}
