//! What texts must look like before they are registered, for documents and forms alike: every problem at once.
//!
//! A change is a full replacement, with two exceptions: what cannot be changed and is left out keeps its value, and so do
//! lists that are left out. What the server sets is not looked at, except that a handle must be the record's own.
//! Whether named records exist is not checked here: that takes the database.

mod addresses;
mod blocks;
mod contacts;
mod customers;
mod links;
mod networks;
mod organizations;
mod phones;
mod problems;
mod texts;

pub use self::contacts::{changed_contact, email, new_contact};
pub use self::customers::{changed_customer, new_customer};
pub use self::links::organization_contacts;
pub use self::networks::{changed_network, imported_network, new_network};
pub use self::organizations::{changed_organization, new_organization};
pub use self::phones::{digits, phone};

use super::contacts::Phone;
use super::error::Problem;
use super::networks::{Holder, NetworkKind};
use super::organizations::ContactLink;
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

/// A network as an operator brings it along, with whatever it is registered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedNetwork {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub range: IpRange,
    /// How it came to its holder.
    pub kind: NetworkKind,
    /// Who holds it.
    pub holder: Holder,
    /// The network above, as it was written.
    pub parent: Option<String>,
    /// Lines.
    pub comment: Vec<String>,
    /// Who acts for the network itself, each once.
    pub contacts: Vec<ContactLink>,
}

type Checked<T> = Result<T, Vec<Problem>>;
