//! Goes through the registry, a batch of records at a time.

use std::collections::VecDeque;

use crate::domain::registry::contacts::{self, Contact};
use crate::domain::registry::customers::{self, Customer};
use crate::domain::registry::networks::{self, Network};
use crate::domain::registry::organizations::{self, Organization};
use crate::domain::reports::ReportError;
use crate::domain::reports::bulk::{Object, Snapshot, Wanted};
use crate::store::StoreError;

/// Records that are read at once.
const BATCH: i64 = 500;

/// A record as others may see it.
#[derive(Clone, Copy)]
pub(super) enum Record<'a> {
    /// A contact.
    Contact(&'a Contact),
    /// An organization.
    Organization(&'a Organization),
    /// A customer, which is written as an organization.
    Customer(&'a Customer),
    /// A network.
    Network(&'a Network),
}

/// Hands over every record that is wanted: contacts, organizations with customers, networks; each by handle.
pub(super) fn each(
    db: &mut Snapshot,
    wanted: &Wanted,
    mut take: impl FnMut(Record<'_>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    if wanted.has(Object::Pocs) {
        let mut contacts = Batches::new(contacts::list_behind, |contact: &Contact| {
            contact.handle.as_str()
        });
        while let Some(contact) = contacts.next(db)? {
            take(Record::Contact(&contact))?;
        }
    }
    if wanted.has(Object::Orgs) {
        each_holder(db, &mut take)?;
    }
    if wanted.has(Object::Nets) {
        let mut networks = Batches::new(networks::list_behind, |network: &Network| {
            network.handle.as_str()
        });
        while let Some(network) = networks.next(db)? {
            take(Record::Network(&network))?;
        }
    }
    Ok(())
}

fn each_holder(
    db: &mut Snapshot,
    take: &mut impl FnMut(Record<'_>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let mut organizations =
        Batches::new(organizations::list_behind, |organization: &Organization| {
            organization.handle.as_str()
        });
    let mut customers = Batches::new(customers::list_behind, |customer: &Customer| {
        customer.handle.as_str()
    });
    let mut customer = customers.next(db)?;
    let mut organization = organizations.next(db)?;
    loop {
        match (organization.take(), customer.take()) {
            (None, None) => return Ok(()),
            (Some(first), second)
                if second
                    .as_ref()
                    .is_none_or(|second| first.handle < second.handle) =>
            {
                take(Record::Organization(&first))?;
                (organization, customer) = (organizations.next(db)?, second);
            }
            (first, Some(second)) => {
                take(Record::Customer(&second.seen_by_others()))?;
                (organization, customer) = (first, customers.next(db)?);
            }
            (Some(first), None) => organization = Some(first),
        }
    }
}

/// Records one after the other, read a batch at a time.
struct Batches<T, L, H> {
    list: L,
    handle: H,
    last: String,
    batch: VecDeque<T>,
}

impl<T, L, H> Batches<T, L, H>
where
    L: Fn(&mut Snapshot, &str, i64) -> Result<Vec<T>, StoreError>,
    H: Fn(&T) -> &str,
{
    fn new(list: L, handle: H) -> Self {
        Self {
            list,
            handle,
            last: String::new(),
            batch: VecDeque::new(),
        }
    }

    fn next(&mut self, db: &mut Snapshot) -> Result<Option<T>, StoreError> {
        if self.batch.is_empty() {
            self.batch = (self.list)(db, &self.last, BATCH)?.into();
            if let Some(last) = self.batch.back() {
                self.last = (self.handle)(last).to_owned();
            }
        }
        Ok(self.batch.pop_front())
    }
}
