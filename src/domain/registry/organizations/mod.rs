//! Organizations, and the contacts that act for them.

mod change;
mod contacts;

use super::authority::{Action, decide};
use super::error::RegistryError;
use super::functions::Function;
use super::handles::Handle;
use super::postal::{PostalAddress, lines};
use super::reach::{Reader, require};
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::registry::organizations::{self as rows, OrganizationRow};
use crate::store::{Db, StoreError};

pub(super) use change::row;
pub use change::{change, check_new, create, delete};
pub use contacts::{ContactFilter, Place, add_function, remove_functions};

/// A contact that acts for an organization or network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContactLink {
    /// What it does there. First, since that is the order in which they are answered.
    pub function: Function,
    /// Which contact.
    pub contact: Handle,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its name in the registry.
    pub handle: Handle,
    /// Its name.
    pub name: String,
    /// The name it does business as.
    pub dba_name: Option<String>,
    /// For those who may change it only.
    pub tax_id: Option<String>,
    /// Its web address or referral host.
    pub url: Option<String>,
    /// Where it is.
    pub address: PostalAddress,
    /// Lines.
    pub comment: Vec<String>,
    /// False if no networks may be reassigned to it.
    pub accepts_reassignments: bool,
    /// Who acts for it, by function and handle.
    pub contacts: Vec<ContactLink>,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

/// The organization with this handle, for an account that may read it; without its tax id for one that may not change it.
///
/// # Errors
/// If there is none, or no contact of the account's links acts for it.
pub fn view(db: &mut Db, me: AccountId, handle: &str) -> Result<Organization, RegistryError> {
    let handle = parse_handle(handle)?;
    let mut organization = find(db, &handle)?.ok_or_else(|| unknown(&handle))?;
    let reach = Reader::looking(me).on_organization(db, handle.as_str())?;
    require(Action::OrganizationView, &reach)?;
    if decide(Action::OrganizationChange, &reach).is_err() {
        organization.tax_id = None;
    }
    Ok(organization)
}

/// These organizations, by handle; those that do not exist are left out. With their tax ids.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, handles: &[String]) -> Result<Vec<Organization>, StoreError> {
    let found = rows::list(db, handles)?;
    whole(db, found)
}

/// The organization with this handle, locked, for an account that may do this to it.
fn take(
    db: &mut Db,
    me: AccountId,
    action: Action,
    handle: &str,
) -> Result<Organization, RegistryError> {
    let handle = parse_handle(handle)?;
    let row = match action {
        Action::OrganizationDelete => rows::lock_to_delete(db, handle.as_str())?,
        _ => rows::lock(db, handle.as_str())?,
    };
    let organization = whole(db, row.into_iter().collect())?.pop();
    let organization = organization.ok_or_else(|| unknown(&handle))?;
    let reach = Reader::changing(me).on_organization(db, handle.as_str())?;
    require(action, &reach)?;
    Ok(organization)
}

/// The organization with this handle as it is now, which this transaction has locked or made.
fn present(db: &mut Db, handle: &Handle) -> Result<Organization, RegistryError> {
    find(db, handle)?.ok_or_else(|| unknown(handle))
}

/// What is no handle names no organization.
fn parse_handle(text: &str) -> Result<Handle, RegistryError> {
    (text.parse()).map_err(|_malformed| {
        RegistryError::NotFound("There is no organization with this handle.".to_owned())
    })
}

fn unknown(handle: &Handle) -> RegistryError {
    RegistryError::NotFound(format!("There is no organization {handle}."))
}

/// The organization with this handle.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, handle: &Handle) -> Result<Option<Organization>, StoreError> {
    let row = rows::find(db, handle.as_str())?;
    Ok(whole(db, row.into_iter().collect())?.pop())
}

/// Up to `limit` organizations behind this handle, by handle: for going through all of them.
///
/// # Errors
/// If the database fails.
pub fn list_behind(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<Organization>, StoreError> {
    let found = rows::list_behind(db, handle, limit)?;
    whole(db, found)
}

/// Adds to rows what lies in other tables.
pub(super) fn whole(
    db: &mut Db,
    rows: Vec<OrganizationRow>,
) -> Result<Vec<Organization>, StoreError> {
    let handles: Vec<String> = rows.iter().map(|row| row.handle.clone()).collect();
    let contacts = rows::contacts_of(db, &handles)?;
    let with_contacts = |row: OrganizationRow| {
        let mine = contacts
            .iter()
            .filter(|contact| contact.organization == row.handle);
        let mut contacts: Vec<ContactLink> = mine
            .filter_map(|contact| ContactLink::from_stored(&contact.contact, &contact.function))
            .collect();
        contacts.sort();
        Organization {
            contacts,
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
            dba_name: row.dba_name,
            tax_id: row.tax_id,
            url: row.url,
            accepts_reassignments: row.accepts_reassignments,
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            revision: row.revision,
        }
    };
    Ok(rows.into_iter().map(with_contacts).collect())
}

impl ContactLink {
    /// From the columns of a record; `None` for a function that this version does not know.
    pub fn from_stored(contact: &str, function: &str) -> Option<Self> {
        Some(Self {
            function: Function::from_code(function)?,
            contact: Handle::from_stored(contact.to_owned()),
        })
    }
}
