//! All records of the registry, one after the other, as they are at one instant.

use super::contacts::{self, Contact};
use super::customers::{self, Customer};
use super::handles::Handle;
use super::networks::{self, Network};
use super::organizations::{self, Organization};
use crate::store::{Db, StoreError};

/// Records that are read at once.
const CHUNK: i64 = 1_000;

/// A record of any kind.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// A contact.
    Contact(&'a Contact),
    /// An organization.
    Organization(&'a Organization),
    /// A customer.
    Customer(&'a Customer),
    /// A network.
    Network(&'a Network),
}

/// Goes through all records, contacts first, then organizations, customers and networks. `db` is a snapshot.
///
/// # Errors
/// If the database fails, or what `write` returns.
pub fn each<E: From<StoreError>>(
    db: &mut Db,
    mut write: impl FnMut(Record<'_>) -> Result<(), E>,
) -> Result<(), E> {
    all::<_, E>(db, contacts::list_behind, |contact| {
        write(Record::Contact(contact))?;
        Ok(contact.handle.clone())
    })?;
    all::<_, E>(db, organizations::list_behind, |organization| {
        write(Record::Organization(organization))?;
        Ok(organization.handle.clone())
    })?;
    all::<_, E>(db, customers::list_behind, |customer| {
        write(Record::Customer(customer))?;
        Ok(customer.handle.clone())
    })?;
    all(db, networks::list_behind, |network| {
        write(Record::Network(network))?;
        Ok(network.handle.clone())
    })
}

/// All records of one kind, chunk by chunk.
fn all<T, E: From<StoreError>>(
    db: &mut Db,
    list: fn(&mut Db, &str, i64) -> Result<Vec<T>, StoreError>,
    mut write: impl FnMut(&T) -> Result<Handle, E>,
) -> Result<(), E> {
    let mut last = String::new();
    loop {
        let chunk = list(db, &last, CHUNK)?;
        if chunk.is_empty() {
            return Ok(());
        }
        for record in &chunk {
            last = write(record)?.to_string();
        }
    }
}
