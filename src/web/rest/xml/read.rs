//! Reads documents: a pure function of the bytes. Elements are known by namespace and name; texts are not checked here.

use crate::domain::registry::error::Problem;
use crate::domain::registry::fields::{
    ContactFields, CustomerFields, MessageFields, NetworkFields, OrganizationFields, PhoneFields,
};

/// Why a document was not taken.
#[derive(Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// A sentence that says what to do.
    pub message: String,
    /// The elements that are not as they should be, all of them.
    pub components: Vec<Problem>,
}

/// A `poc`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn contact(_document: &[u8]) -> Result<ContactFields, SchemaError> {
    unread()
}

/// A `phone`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn phone(_document: &[u8]) -> Result<PhoneFields, SchemaError> {
    unread()
}

/// An `org`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn organization(_document: &[u8]) -> Result<OrganizationFields, SchemaError> {
    unread()
}

/// A `net`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn network(_document: &[u8]) -> Result<NetworkFields, SchemaError> {
    unread()
}

/// A `customer`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn customer(_document: &[u8]) -> Result<CustomerFields, SchemaError> {
    unread()
}

/// A `message`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn message(_document: &[u8]) -> Result<MessageFields, SchemaError> {
    unread()
}

/// The `webTicketStatus` of a `ticket`, of which nothing else is read.
///
/// # Errors
/// If the document does not follow the schema.
pub fn ticket_status(_document: &[u8]) -> Result<Option<String>, SchemaError> {
    unread()
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

/// A `collection`.
///
/// # Errors
/// If the document does not follow the schema.
pub fn collection(_document: &[u8]) -> Result<Collection, SchemaError> {
    unread()
}

fn unread<T>() -> Result<T, SchemaError> {
    Err(SchemaError {
        message: "Documents are not read yet.".to_owned(),
        components: Vec::new(),
    })
}
