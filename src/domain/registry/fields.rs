//! Texts as a document or a form has them, before they are checked. An element that is missing or empty is `None`.

use serde::{Deserialize, Serialize};

use super::functions::Function;

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressFields {
    /// Lines of the street, in order.
    pub street: Vec<String>,
    /// Town.
    pub city: Option<String>,
    /// Code of the state or province.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country, by two letters.
    pub country_code2: Option<String>,
    /// Country, by three letters.
    pub country_code3: Option<String>,
}

/// What a telephone number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneKind {
    /// At work.
    Office,
    /// On the way.
    Mobile,
    /// Facsimile.
    Fax,
}

impl PhoneKind {
    /// All, in the order of the specification.
    pub const ALL: [Self; 3] = [Self::Office, Self::Mobile, Self::Fax];

    /// The code in the wire format and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::Office => "O",
            Self::Mobile => "M",
            Self::Fax => "F",
        }
    }

    /// For people, and the description in the wire format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Office => "Office",
            Self::Mobile => "Mobile",
            Self::Fax => "Fax",
        }
    }

    /// The kind with this code, which is exact.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A telephone number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneFields {
    /// What it is for.
    pub kind: Option<PhoneKind>,
    /// The number.
    pub number: Option<String>,
    /// Extension.
    pub extension: Option<String>,
}

/// A contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactFields {
    /// Its handle, if the sender names it.
    pub handle: Option<String>,
    /// True for a role, false for a person.
    pub is_role: Option<bool>,
    /// Of its company.
    pub company_name: Option<String>,
    /// Of a person.
    pub first_name: Option<String>,
    /// Of a person.
    pub middle_name: Option<String>,
    /// Of a person, or the name of the role.
    pub last_name: Option<String>,
    /// Where it is.
    pub address: AddressFields,
    /// Lines.
    pub comment: Vec<String>,
    /// Mail addresses; `None` if the list is not sent.
    pub emails: Option<Vec<String>>,
    /// Telephone numbers; `None` if the list is not sent.
    pub phones: Option<Vec<PhoneFields>>,
}

/// A contact that acts for an organization or network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactLinkFields {
    /// The contact's handle.
    pub handle: Option<String>,
    /// What it does there.
    pub function: Option<Function>,
}

/// An organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationFields {
    /// Its handle, if the sender names it.
    pub handle: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The name it does business as.
    pub dba_name: Option<String>,
    /// Tax id.
    pub tax_id: Option<String>,
    /// Web address or referral host.
    pub url: Option<String>,
    /// Where it is.
    pub address: AddressFields,
    /// Lines.
    pub comment: Vec<String>,
    /// Whether networks may be reassigned to it.
    pub accepts_reassignments: Option<bool>,
    /// Who acts for it; `None` if the list is not sent.
    pub contacts: Option<Vec<ContactLinkFields>>,
}

/// A part of a network's addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockFields {
    /// First address.
    pub start: Option<String>,
    /// Last address.
    pub end: Option<String>,
    /// Length of the prefix.
    pub length: Option<String>,
    /// Code of its type.
    pub kind: Option<String>,
}

/// A network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkFields {
    /// Its handle, if the sender names it.
    pub handle: Option<String>,
    /// 4 or 6.
    pub version: Option<u8>,
    /// Its name.
    pub name: Option<String>,
    /// Its addresses; `None` if the list is not sent.
    pub blocks: Option<Vec<BlockFields>>,
    /// The holder, if it is an organization.
    pub organization: Option<String>,
    /// The holder, if it is a customer that there is.
    pub customer_handle: Option<String>,
    /// The holder, if it is a customer that is to be made.
    pub customer: Option<CustomerFields>,
    /// The network that it was cut from.
    pub parent: Option<String>,
    /// Lines.
    pub comment: Vec<String>,
    /// Who acts for it; `None` if the list is not sent.
    pub contacts: Option<Vec<ContactLinkFields>>,
}

/// A customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerFields {
    /// Its handle, if the sender names it.
    pub handle: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The organization whose customer it is.
    pub organization: Option<String>,
    /// True if name and street are hidden from others.
    pub is_private: Option<bool>,
    /// Where it is.
    pub address: AddressFields,
    /// Lines.
    pub comment: Vec<String>,
}

/// A message on a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFields {
    /// What it is about.
    pub subject: Option<String>,
    /// Lines.
    pub text: Vec<String>,
    /// `NONE` or `JUSTIFICATION`.
    pub category: Option<String>,
    /// Files.
    pub attachments: Vec<AttachmentFields>,
}

/// A file on a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachmentFields {
    /// Its name, as it was sent.
    pub file_name: Option<String>,
    /// What it holds.
    pub bytes: Option<Vec<u8>>,
}
