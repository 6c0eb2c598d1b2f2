//! The whole registry as a `collection`, as [`super::read::collection`] reads it.

use std::io::{self, Write};

use super::write::Export;
use crate::domain::registry::export::{Record, each};
use crate::store::{Pool, StoreError};

/// Writes all records, as they are at one instant.
///
/// # Errors
/// If the database fails, or nothing more can be written.
pub fn write_all<E: From<StoreError> + From<io::Error>>(
    pool: &Pool,
    out: &mut impl Write,
) -> Result<(), E> {
    pool.snapshot_now(|db| {
        let mut export = Export::begin();
        each(db, |record| {
            match record {
                Record::Contact(contact) => export.contact(contact),
                Record::Organization(organization) => export.organization(organization),
                Record::Customer(customer) => export.customer(customer),
                Record::Network(network) => export.network(network),
            }
            Ok::<_, E>(out.write_all(export.take().as_bytes())?)
        })?;
        Ok(writeln!(out, "{}", export.end())?)
    })
}
