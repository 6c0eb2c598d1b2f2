//! Records that an operator brings along, with their handles: all of them or none, and each bad one is named.

mod gate;
mod write;

use self::gate::{Gate, Known};
use super::checks::{self, ImportedNetwork, NewContact, NewCustomer, NewOrganization};
use super::error::Problem;
use super::fields::{ContactFields, CustomerFields, NetworkFields, OrganizationFields};
use super::finish;
use super::handles::{self, Handle, Named};
use super::networks::Holder;
use crate::domain::audit::{Act, Action};
use crate::store::registry::{contacts, customers, networks, organizations};
use crate::store::{Db, StoreError};

/// What is brought along.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Contacts.
    pub contacts: Vec<ContactFields>,
    /// Organizations.
    pub organizations: Vec<OrganizationFields>,
    /// Customers.
    pub customers: Vec<CustomerFields>,
    /// Networks.
    pub networks: Vec<NetworkFields>,
}

/// How many were brought along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Contacts.
    pub contacts: usize,
    /// Organizations.
    pub organizations: usize,
    /// Customers.
    pub customers: usize,
    /// Networks.
    pub networks: usize,
}

impl Imported {
    /// "2 contacts, 1 organization, 0 customers, 3 networks".
    pub fn words(self) -> String {
        let words = [
            (self.contacts, "contact"),
            (self.organizations, "organization"),
            (self.customers, "customer"),
            (self.networks, "network"),
        ];
        let words = words.map(|(count, word)| match count {
            1 => format!("1 {word}"),
            count => format!("{count} {word}s"),
        });
        words.join(", ")
    }
}

/// A record that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// Which one: "poc MO1-KP", or "net 3" if it has no handle, counted from 1.
    pub record: String,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// These records cannot be taken.
    #[error("{} records cannot be taken", .0.len())]
    Bad(Vec<BadRecord>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A record that was checked.
struct Checked<T> {
    /// As [`BadRecord::record`].
    name: String,
    handle: Handle,
    record: T,
}

/// All records, checked one by one.
struct Accepted {
    contacts: Vec<Checked<NewContact>>,
    organizations: Vec<Checked<NewOrganization>>,
    customers: Vec<Checked<(NewCustomer, Handle)>>,
    networks: Vec<Checked<ImportedNetwork>>,
}

/// Brings records in.
///
/// # Errors
/// If one of them cannot be taken: then none is.
pub fn import(db: &mut Db, act: &Act, records: &Records) -> Result<Imported, ImportError> {
    let mut bad = Vec::new();
    let accepted = Accepted {
        contacts: check_contacts(db, &mut bad, &records.contacts)?,
        organizations: check_organizations(db, &mut bad, &records.organizations)?,
        customers: check_customers(db, &mut bad, &records.customers)?,
        networks: check_networks(db, &mut bad, &records.networks)?,
    };
    check_references(db, &mut bad, records, &accepted)?;
    if !bad.is_empty() {
        return Err(ImportError::Bad(bad));
    }
    // Numbers before rows: who makes a record holds its number, and waits for what is locked next.
    handles::reserve(db, accepted.handles())?;
    write::write(db, act.now, &accepted, &mut bad)?;
    if !bad.is_empty() {
        return Err(ImportError::Bad(bad));
    }
    let imported = Imported {
        contacts: accepted.contacts.len(),
        organizations: accepted.organizations.len(),
        customers: accepted.customers.len(),
        networks: accepted.networks.len(),
    };
    finish(db, act, None, Action::RegistryImport, &imported.words())?;
    Ok(imported)
}

impl Accepted {
    fn handles(&self) -> impl Iterator<Item = (Named, &Handle)> {
        let contacts = self
            .contacts
            .iter()
            .map(|one| (Named::Contact, &one.handle));
        let organizations =
            (self.organizations.iter()).map(|one| (Named::Organization, &one.handle));
        let customers = (self.customers.iter()).map(|one| (Named::Customer, &one.handle));
        let networks = self
            .networks
            .iter()
            .map(|one| (Named::Network, &one.handle));
        contacts
            .chain(organizations)
            .chain(customers)
            .chain(networks)
    }
}

fn check_contacts(
    db: &mut Db,
    bad: &mut Vec<BadRecord>,
    all: &[ContactFields],
) -> Result<Vec<Checked<NewContact>>, StoreError> {
    let mut gate = Gate::new("poc", contacts::exists);
    let mut checked = Vec::new();
    for fields in all {
        let handle = gate.handle(db, fields.handle.as_deref(), |_| false)?;
        checked.extend(gate.judge(bad, handle, checks::new_contact(fields)));
    }
    Ok(checked)
}

fn check_organizations(
    db: &mut Db,
    bad: &mut Vec<BadRecord>,
    all: &[OrganizationFields],
) -> Result<Vec<Checked<NewOrganization>>, StoreError> {
    let mut gate = Gate::new("org", organizations::exists);
    let mut checked = Vec::new();
    for fields in all {
        let handle = gate.handle(db, fields.handle.as_deref(), |_| false)?;
        checked.extend(gate.judge(bad, handle, checks::new_organization(fields)));
    }
    Ok(checked)
}

fn check_customers(
    db: &mut Db,
    bad: &mut Vec<BadRecord>,
    all: &[CustomerFields],
) -> Result<Vec<Checked<(NewCustomer, Handle)>>, StoreError> {
    let mut gate = Gate::new("customer", customers::exists);
    let mut checked = Vec::new();
    for fields in all {
        let handle = gate.handle(db, fields.handle.as_deref(), |_| false)?;
        let organization = fields.organization.as_deref().map(str::parse::<Handle>);
        let result = match (checks::new_customer(fields), organization) {
            (Ok(new), Some(Ok(organization))) => Ok((new, organization)),
            (Err(problems), Some(Ok(_))) => Err(problems),
            (result, _) => {
                let mut problems = result.err().unwrap_or_default();
                let words = "Name the organization whose customer it is.";
                problems.push(Problem::new("parentOrgHandle", words));
                Err(problems)
            }
        };
        checked.extend(gate.judge(bad, handle, result));
    }
    Ok(checked)
}

fn check_networks(
    db: &mut Db,
    bad: &mut Vec<BadRecord>,
    all: &[NetworkFields],
) -> Result<Vec<Checked<ImportedNetwork>>, StoreError> {
    let mut gate = Gate::new("net", networks::exists);
    let mut checked = Vec::new();
    for fields in all {
        let result = checks::imported_network(fields);
        let start = result.as_ref().ok().map(|network| network.range.start());
        let is_ours =
            |handle: &Handle| start.is_some_and(|start| handles::is_of_network(handle, start));
        let handle = gate.handle(db, fields.handle.as_deref(), is_ours)?;
        checked.extend(gate.judge(bad, handle, result));
    }
    Ok(checked)
}

/// Makes sure that every handle that a record names is registered, or comes along with it. A record that comes along but
/// is bad itself counts: it is named already.
fn check_references(
    db: &mut Db,
    bad: &mut Vec<BadRecord>,
    records: &Records,
    accepted: &Accepted,
) -> Result<(), StoreError> {
    let mut known_contacts = Known::new(&records.contacts, |one| &one.handle, contacts::exists);
    let mut known_organizations = Known::new(
        &records.organizations,
        |one| &one.handle,
        organizations::exists,
    );
    let mut known_customers = Known::new(&records.customers, |one| &one.handle, customers::exists);
    for one in &accepted.organizations {
        let mut problems = Vec::new();
        for link in &one.record.contacts {
            known_contacts.check(db, &mut problems, "pocLinkRef", "contact", &link.contact)?;
        }
        note(bad, &one.name, problems);
    }
    for one in &accepted.customers {
        let mut problems = Vec::new();
        let organization = &one.record.1;
        known_organizations.check(
            db,
            &mut problems,
            "parentOrgHandle",
            "organization",
            organization,
        )?;
        note(bad, &one.name, problems);
    }
    for one in &accepted.networks {
        let mut problems = Vec::new();
        match &one.record.holder {
            Holder::Organization(handle) => {
                known_organizations.check(
                    db,
                    &mut problems,
                    "orgHandle",
                    "organization",
                    handle,
                )?;
            }
            Holder::Customer(handle) => {
                known_customers.check(db, &mut problems, "customerHandle", "customer", handle)?;
            }
        }
        for link in &one.record.contacts {
            known_contacts.check(db, &mut problems, "pocLinkRef", "contact", &link.contact)?;
        }
        note(bad, &one.name, problems);
    }
    Ok(())
}

fn note(bad: &mut Vec<BadRecord>, name: &str, problems: Vec<Problem>) {
    if !problems.is_empty() {
        bad.push(BadRecord {
            record: name.to_owned(),
            problems,
        });
    }
}
