//! Writes contacts and telephone numbers.

use super::addresses::address;
use super::{CORE_ROOT, Document, document};
use crate::domain::registry::contacts::{Contact, Phone};

/// A `poc`.
pub fn contact(contact: &Contact) -> String {
    document("poc", CORE_ROOT, |document| content(document, contact))
}

/// A `phone`.
pub fn phone(phone: &Phone) -> String {
    document("phone", CORE_ROOT, |document| number(document, phone))
}

/// What is in a `poc`.
pub(super) fn content(document: &mut Document, contact: &Contact) {
    document.text("handle", contact.handle.as_str());
    document.time("registrationDate", contact.registered_at);
    let kind = if contact.is_role { "ROLE" } else { "PERSON" };
    document.text("contactType", kind);
    document.optional("companyName", contact.company_name.as_deref());
    document.optional("firstName", contact.first_name.as_deref());
    document.optional("middleName", contact.middle_name.as_deref());
    document.text("lastName", &contact.last_name);
    address(document, &contact.address, &contact.address.street);
    document.lines("comment", &contact.comment);
    document.element("emails", &[], |document| {
        for email in &contact.emails {
            document.text("email", email);
        }
    });
    document.element("phones", &[], |document| {
        for phone in &contact.phones {
            document.element("phone", &[], |document| number(document, phone));
        }
    });
}

/// What is in a `phone`.
pub(super) fn number(document: &mut Document, phone: &Phone) {
    document.element("type", &[], |document| {
        document.text("description", phone.kind.name());
        document.text("code", phone.kind.code());
    });
    document.text("number", &phone.number);
    document.optional("extension", phone.extension.as_deref());
}
