//! Writes organizations, and the contacts of records.

use super::addresses::address;
use super::{CORE_ROOT, Document, document};
use crate::domain::registry::organizations::{ContactLink, Organization};

/// An `org`. `shows_tax_id` for those who may change it only.
pub fn organization(organization: &Organization, shows_tax_id: bool) -> String {
    document("org", CORE_ROOT, |document| {
        content(document, organization, shows_tax_id);
    })
}

/// What is in an `org`.
pub(super) fn content(document: &mut Document, organization: &Organization, shows_tax_id: bool) {
    document.text("handle", organization.handle.as_str());
    document.time("registrationDate", organization.registered_at);
    document.text("orgName", &organization.name);
    document.optional("dbaName", organization.dba_name.as_deref());
    let tax_id = organization.tax_id.as_deref();
    document.optional("taxId", tax_id.filter(|_| shows_tax_id));
    document.optional("orgUrl", organization.url.as_deref());
    if !organization.accepts_reassignments {
        document.text("acceptReassignments", "false");
    }
    address(
        document,
        &organization.address,
        &organization.address.street,
    );
    document.lines("comment", &organization.comment);
    links(document, &organization.contacts);
}

/// `pocLinks`; nothing if there are none.
pub(super) fn links(document: &mut Document, contacts: &[ContactLink]) {
    if contacts.is_empty() {
        return;
    }
    document.element("pocLinks", &[], |document| {
        for link in contacts {
            let attributes = [
                ("description", link.function.name()),
                ("function", link.function.code()),
                ("handle", link.contact.as_str()),
            ];
            document.empty("pocLinkRef", &attributes);
        }
    });
}
