//! Reads documents: a pure function of the bytes. Elements are known by namespace and name; texts are not checked here.
//!
//! First the bytes become a tree of elements, within limits (`tree`); then the elements of the expected record are looked
//! up in it (`records`, `networks`, `messages`). What does not follow the schema is gathered on the way (`fields`).

mod fields;
mod messages;
mod networks;
mod records;
mod tree;

use self::fields::Fields;
use self::tree::{Element, Space};
use super::CORE;
use crate::domain::registry::fields::{
    ContactFields, CustomerFields, MessageFields, NetworkFields, OrganizationFields, PhoneFields,
};
use crate::domain::registry::import::Records;
use crate::domain::text::visible;
use crate::web::error::Component;

/// How much of a name or error is repeated to its sender, in characters.
const MAX_REPEATED_CHARS: usize = 100;

/// Why a document was not taken.
#[derive(Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// A sentence that says what to do.
    pub message: String,
    /// The elements that are not as they should be, all of them.
    pub components: Vec<Component>,
}

impl SchemaError {
    /// One that belongs to no element.
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            components: Vec::new(),
        }
    }

    /// Bytes that are no XML document.
    fn malformed(why: impl std::fmt::Display) -> Self {
        let why = visible(&why.to_string(), MAX_REPEATED_CHARS);
        Self::new(format!("The document is not well-formed XML: {why}."))
    }
}

/// A `poc`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn contact(document: &[u8]) -> Result<ContactFields, SchemaError> {
    read(document, "poc", records::contact)
}

/// A `phone`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn phone(document: &[u8]) -> Result<PhoneFields, SchemaError> {
    read(document, "phone", records::phone)
}

/// An `org`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn organization(document: &[u8]) -> Result<OrganizationFields, SchemaError> {
    read(document, "org", records::organization)
}

/// A `net`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn network(document: &[u8]) -> Result<NetworkFields, SchemaError> {
    read(document, "net", networks::network)
}

/// A `customer`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn customer(document: &[u8]) -> Result<CustomerFields, SchemaError> {
    read(document, "customer", records::customer)
}

/// A `message`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn message(document: &[u8]) -> Result<MessageFields, SchemaError> {
    read(document, "message", messages::message)
}

/// The `webTicketStatus` of a `ticket`, of which nothing else is read.
///
/// # Errors
/// If the document does not follow the schema.
pub fn ticket_status(document: &[u8]) -> Result<Option<String>, SchemaError> {
    read(document, "ticket", messages::ticket_status)
}

/// A `collection` that is imported: records with their handles.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collection {
    /// Every `poc`.
    pub contacts: Vec<ContactFields>,
    /// Every `org`.
    pub organizations: Vec<OrganizationFields>,
    /// Every `customer`.
    pub customers: Vec<CustomerFields>,
    /// Every `net`.
    pub networks: Vec<NetworkFields>,
}

impl From<Collection> for Records {
    fn from(collection: Collection) -> Self {
        Self {
            contacts: collection.contacts,
            organizations: collection.organizations,
            customers: collection.customers,
            networks: collection.networks,
        }
    }
}

/// A `collection`, of any number of records: it comes from an operator.
///
/// # Errors
/// If the document does not follow the schema.
pub fn collection(document: &[u8]) -> Result<Collection, SchemaError> {
    let root = tree::parse(document, tree::Limit::None)?;
    content(&root, "collection", |fields, element| {
        let mut collection = Collection::default();
        for record in fields.records(element, &["poc", "org", "customer", "net"]) {
            match record.name.as_str() {
                "poc" => collection.contacts.push(records::contact(fields, record)),
                "org" => (collection.organizations).push(records::organization(fields, record)),
                "customer" => collection.customers.push(records::customer(fields, record)),
                _ => collection.networks.push(networks::network(fields, record)),
            }
        }
        collection
    })
}

fn read<T>(
    document: &[u8],
    name: &'static str,
    read: impl FnOnce(&mut Fields, &Element) -> T,
) -> Result<T, SchemaError> {
    content(&tree::parse(document, tree::Limit::Elements)?, name, read)
}

/// What `read` makes of a root that has this name.
fn content<T>(
    root: &Element,
    name: &'static str,
    read: impl FnOnce(&mut Fields, &Element) -> T,
) -> Result<T, SchemaError> {
    if root.space != Space::Core || root.name != name {
        let words = format!("Send a {name} in the namespace {CORE}.");
        return Err(SchemaError {
            components: vec![Component::new(root.shown_name(), words.clone())],
            message: words,
        });
    }
    let mut fields = Fields::default();
    let value = read(&mut fields, root);
    fields.or(value)
}

#[cfg(test)]
mod tests;
