//! What texts must look like before they are registered, for documents and forms alike: every problem at once.

use super::contacts::{Contact, Phone};
use super::customers::Customer;
use super::error::Problem;
use super::fields::{
    ContactFields, ContactLinkFields, CustomerFields, NetworkFields, OrganizationFields,
    PhoneFields,
};
use super::networks::Network;
use super::organizations::{ContactLink, Organization};
use super::postal::PostalAddress;
use super::ranges::IpRange;

/// A contact that was checked, without what the server sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContact {
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
    /// Mail addresses, in order, each once.
    pub emails: Vec<String>,
    /// Telephone numbers, in order, each once.
    pub phones: Vec<Phone>,
}

/// An organization that was checked, without what the server sets. That its contacts exist is not checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganization {
    /// Its name.
    pub name: String,
    /// The name it does business as.
    pub dba_name: Option<String>,
    /// Tax id.
    pub tax_id: Option<String>,
    /// Web address or referral host.
    pub url: Option<String>,
    /// Where it is.
    pub address: PostalAddress,
    /// Lines.
    pub comment: Vec<String>,
    /// Whether networks may be reassigned to it.
    pub accepts_reassignments: bool,
    /// Who acts for it, each once: exactly one Admin, at least one Tech and one Abuse.
    pub contacts: Vec<ContactLink>,
}

/// A customer that was checked, without what the server sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCustomer {
    /// Its name.
    pub name: String,
    /// True if name and street are hidden from others.
    pub is_private: bool,
    /// Where it is.
    pub address: PostalAddress,
    /// Lines.
    pub comment: Vec<String>,
}

/// What a change of a network may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkChange {
    /// Its name.
    pub name: String,
    /// Lines.
    pub comment: Vec<String>,
    /// Who acts for the network itself, each once.
    pub contacts: Vec<ContactLink>,
}

/// Who is to hold a network that is cut from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// An organization with this handle, as it was written.
    Organization(String),
    /// A customer with this handle, as it was written.
    Customer(String),
    /// A customer that is made with it.
    NewCustomer(NewCustomer),
}

/// A network that is to be cut from another one, as far as it can be checked by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNetwork {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub range: IpRange,
    /// Code of the type that the sender names.
    pub kind: Option<String>,
    /// The network above that the sender names.
    pub parent: Option<String>,
    /// Who is to hold it.
    pub recipient: Recipient,
    /// Lines.
    pub comment: Vec<String>,
}

type Checked<T> = Result<T, Vec<Problem>>;

/// A contact that is to be made.
///
/// # Errors
/// All that cannot be accepted.
pub fn new_contact(_fields: &ContactFields) -> Checked<NewContact> {
    Err(Vec::new())
}

/// A contact as it is to be: a full replacement, except that what cannot be changed and is left out keeps its value, and so do
/// the lists.
///
/// # Errors
/// All that cannot be accepted, changes of what cannot be changed included.
pub fn changed_contact(_fields: &ContactFields, _present: &Contact) -> Checked<NewContact> {
    Err(Vec::new())
}

/// A telephone number.
///
/// # Errors
/// All that cannot be accepted.
pub fn phone(_fields: &PhoneFields) -> Checked<Phone> {
    Err(Vec::new())
}

/// A mail address as it is kept: trimmed, its case as it was written.
///
/// # Errors
/// If it is none.
pub fn email(_text: &str) -> Checked<String> {
    Err(Vec::new())
}

/// An organization that is asked for.
///
/// # Errors
/// All that cannot be accepted.
pub fn new_organization(_fields: &OrganizationFields) -> Checked<NewOrganization> {
    Err(Vec::new())
}

/// An organization as it is to be.
///
/// # Errors
/// All that cannot be accepted, changes of what cannot be changed included.
pub fn changed_organization(
    _fields: &OrganizationFields,
    _present: &Organization,
) -> Checked<NewOrganization> {
    Err(Vec::new())
}

/// Contacts of an organization: exactly one Admin, at least one Tech and one Abuse, each once, 100 at most.
///
/// # Errors
/// If a rule is broken.
pub fn organization_contacts(_links: &[ContactLinkFields]) -> Checked<Vec<ContactLink>> {
    Err(Vec::new())
}

/// A customer that is to be made.
///
/// # Errors
/// All that cannot be accepted.
pub fn new_customer(_fields: &CustomerFields) -> Checked<NewCustomer> {
    Err(Vec::new())
}

/// A customer as it is to be.
///
/// # Errors
/// All that cannot be accepted, changes of what cannot be changed included.
pub fn changed_customer(_fields: &CustomerFields, _present: &Customer) -> Checked<NewCustomer> {
    Err(Vec::new())
}

/// A network that is to be cut from another one.
///
/// # Errors
/// All that cannot be accepted.
pub fn new_network(_fields: &NetworkFields) -> Checked<NewNetwork> {
    Err(Vec::new())
}

/// A network as it is to be.
///
/// # Errors
/// All that cannot be accepted, changes of what cannot be changed included.
pub fn changed_network(_fields: &NetworkFields, _present: &Network) -> Checked<NetworkChange> {
    Err(Vec::new())
}
