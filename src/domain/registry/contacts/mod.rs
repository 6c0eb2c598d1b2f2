//! Contacts: people and roles, with how to reach them.

mod change;
mod emails;
mod phones;

use super::authority::Action;
use super::error::RegistryError;
use super::fields::PhoneKind;
use super::handles::Handle;
use super::organizations::ContactLink;
use super::postal::{PostalAddress, lines};
use super::reach::{Reader, require};
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::registry::contacts::{self as rows, ContactRow, PhoneRow};
use crate::store::{Db, StoreError};

pub use change::{change, create, delete};
pub(super) use change::{row, write_phones};
pub use emails::{add_email, delete_email};
pub use phones::{PhoneFilter, delete_phones, put_phone};

/// The most mail addresses, and the most telephone numbers, of a contact.
pub const MAX_WAYS: usize = 20;

/// A telephone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// What it is for.
    pub kind: PhoneKind,
    /// The number, as it was written.
    pub number: String,
    /// Extension.
    pub extension: Option<String>,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its name in the registry.
    pub handle: Handle,
    /// True for a role, false for a person.
    pub is_role: bool,
    /// Of its company.
    pub company_name: Option<String>,
    /// Of a person.
    pub first_name: Option<String>,
    /// Of a person.
    pub middle_name: Option<String>,
    /// Of a person, or the name of the role.
    pub last_name: String,
    /// Where it is.
    pub address: PostalAddress,
    /// Lines.
    pub comment: Vec<String>,
    /// Mail addresses, in order.
    pub emails: Vec<String>,
    /// Telephone numbers, in order.
    pub phones: Vec<Phone>,
    /// When it was made.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

impl Contact {
    /// "Maren Okafor", or the name of the role.
    pub fn name(&self) -> String {
        let names = [&self.first_name, &self.middle_name];
        let given: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        match given.as_slice() {
            [] => self.last_name.clone(),
            given => format!("{} {}", given.join(" "), self.last_name),
        }
    }
}

impl Phone {
    /// The number without signs: by it two numbers are the same.
    pub fn digits(&self) -> String {
        digits(&self.number)
    }
}

/// The digits of a telephone number, however it is written.
fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// The contact with this handle, for an account that may read it.
///
/// # Errors
/// If there is none, or the account is not linked to it.
pub fn view(db: &mut Db, me: AccountId, handle: &str) -> Result<Contact, RegistryError> {
    let handle = parse_handle(handle)?;
    let contact = find(db, &handle)?.ok_or_else(|| unknown(&handle))?;
    let reach = Reader::looking(me).on_contact(db, &handle)?;
    require(Action::ContactView, &reach)?;
    Ok(contact)
}

/// The contact with this handle, locked, for an account that may do this to it.
fn take(
    db: &mut Db,
    me: AccountId,
    action: Action,
    handle: &str,
) -> Result<Contact, RegistryError> {
    let handle = parse_handle(handle)?;
    let row = match action {
        Action::ContactDelete => rows::lock_to_delete(db, handle.as_str())?,
        _ => rows::lock(db, handle.as_str())?,
    };
    let contact = whole(db, row.into_iter().collect())?.pop();
    let contact = contact.ok_or_else(|| unknown(&handle))?;
    let reach = Reader::changing(me).on_contact(db, &handle)?;
    require(action, &reach)?;
    Ok(contact)
}

/// The contact with this handle as it is now, which this transaction has locked or made.
fn present(db: &mut Db, handle: &Handle) -> Result<Contact, RegistryError> {
    find(db, handle)?.ok_or_else(|| unknown(handle))
}

/// What is no handle names no contact.
pub(super) fn parse_handle(text: &str) -> Result<Handle, RegistryError> {
    (text.parse()).map_err(|_malformed| {
        RegistryError::NotFound("There is no contact with this handle.".to_owned())
    })
}

/// There is no contact with this handle.
pub(super) fn unknown(handle: &Handle) -> RegistryError {
    RegistryError::NotFound(format!("There is no contact {handle}."))
}

/// The contact with this handle.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, handle: &Handle) -> Result<Option<Contact>, StoreError> {
    let row = rows::find(db, handle.as_str())?;
    Ok(whole(db, row.into_iter().collect())?.pop())
}

/// These contacts, by handle; those that do not exist are left out.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, handles: &[String]) -> Result<Vec<Contact>, StoreError> {
    let found = rows::list(db, handles)?;
    whole(db, found)
}

/// What a contact does for something, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedContact {
    /// What, and which contact.
    pub link: ContactLink,
    /// Its name.
    pub name: String,
}

/// The same links with the names of their contacts.
///
/// # Errors
/// If the database fails.
pub fn with_names(db: &mut Db, links: &[ContactLink]) -> Result<Vec<LinkedContact>, StoreError> {
    let handles: Vec<String> = links.iter().map(|link| link.contact.to_string()).collect();
    let contacts = list(db, &handles)?;
    let with_name = |link: &ContactLink| {
        let contact = contacts.iter().find(|one| one.handle == link.contact);
        LinkedContact {
            link: link.clone(),
            name: contact.map(Contact::name).unwrap_or_default(),
        }
    };
    Ok(links.iter().map(with_name).collect())
}

/// Up to `limit` contacts behind this handle, by handle: for going through all of them.
///
/// # Errors
/// If the database fails.
pub fn list_behind(db: &mut Db, handle: &str, limit: i64) -> Result<Vec<Contact>, StoreError> {
    let found = rows::list_behind(db, handle, limit)?;
    whole(db, found)
}

/// Adds to rows, which are by handle, what lies in other tables.
pub(super) fn whole(db: &mut Db, rows: Vec<ContactRow>) -> Result<Vec<Contact>, StoreError> {
    let handles: Vec<String> = rows.iter().map(|row| row.handle.clone()).collect();
    let emails = rows::emails_of(db, &handles)?;
    let phones = rows::phones_of(db, &handles)?;
    let with_parts = |row: ContactRow| {
        let mine = |contact: &str| contact == row.handle;
        let emails = emails.iter().filter(|(contact, _)| mine(contact));
        let phones = phones.iter().filter(|phone| mine(&phone.contact));
        Contact {
            emails: emails.map(|(_, email)| email.clone()).collect(),
            phones: phones.map(Phone::from).collect(),
            address: PostalAddress::from_stored(
                &row.street,
                row.city,
                row.state,
                row.postal_code,
                &row.country,
            ),
            comment: lines(&row.comment),
            handle: Handle::from_stored(row.handle),
            is_role: row.is_role,
            company_name: row.company_name,
            first_name: row.first_name,
            middle_name: row.middle_name,
            last_name: row.last_name,
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            revision: row.revision,
        }
    };
    Ok(rows.into_iter().map(with_parts).collect())
}

impl From<&PhoneRow> for Phone {
    fn from(row: &PhoneRow) -> Self {
        Self {
            kind: PhoneKind::from_code(&row.kind).unwrap_or(PhoneKind::Office),
            number: row.number.clone(),
            extension: row.extension.clone(),
        }
    }
}
