//! Records as XML: as in the wire format, with the names that programs for bulk files know.

use quick_xml::escape::escape;

use super::records::Record;
use crate::clock::Timestamp;
use crate::domain::registry::contacts::Contact;
use crate::domain::registry::customers::Customer;
use crate::domain::registry::fields::PhoneKind;
use crate::domain::registry::networks::{Holder, Network};
use crate::domain::registry::organizations::{ContactLink, Organization};
use crate::domain::registry::postal::PostalAddress;
use crate::domain::registry::ranges::padded;

/// Begins the document.
pub(super) const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
     <bulkwhois xmlns=\"http://www.arin.net/bulkwhois/core/v1\">\n";
/// Ends it.
pub(super) const END: &str = "</bulkwhois>\n";

/// A record on a line of its own.
pub(super) fn record(record: Record<'_>) -> String {
    let mut xml = Xml(String::new());
    match record {
        Record::Contact(contact) => xml.element("poc", |xml| poc(xml, contact)),
        Record::Organization(organization) => xml.element("org", |xml| org(xml, organization)),
        Record::Customer(found) => xml.element("org", |xml| customer(xml, found)),
        Record::Network(network) => xml.element("net", |xml| net(xml, network)),
    }
    xml.0.push('\n');
    xml.0
}

struct Xml(String);

impl Xml {
    fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>"));
        content(self);
        self.0.push_str(&format!("</{name}>"));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.0
            .push_str(&format!("<{name}>{}</{name}>", escape(text)));
    }

    fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn time(&mut self, name: &str, at: Timestamp) {
        let text = at.to_datetime().format("%Y-%m-%dT%H:%M:%S+00:00");
        self.text(name, &text.to_string());
    }

    fn lines(&mut self, name: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.element(name, |xml| {
            for (number, line) in (1..).zip(lines) {
                let line = escape(line.as_str());
                xml.0
                    .push_str(&format!("<line number=\"{number}\">{line}</line>"));
            }
        });
    }

    fn address(&mut self, address: &PostalAddress) {
        self.lines("streetAddress", &address.street);
        self.text("city", &address.city);
        self.optional("iso3166-2", address.state.as_deref());
        self.optional("postalCode", address.postal_code.as_deref());
        self.element("iso3166-1", |xml| {
            xml.text("name", address.country.name);
            xml.text("code2", address.country.code2);
            xml.text("code3", address.country.code3);
            let code = address.country.dialing_code.map(|code| code.to_string());
            xml.optional("e164", code.as_deref());
        });
    }

    fn contacts(&mut self, contacts: &[ContactLink]) {
        if contacts.is_empty() {
            return;
        }
        self.element("pocLinks", |xml| {
            for link in contacts {
                xml.0.push_str(&format!(
                    "<pocLink description=\"{}\" function=\"{}\" handle=\"{}\"/>",
                    link.function.name(),
                    link.function.code(),
                    link.contact
                ));
            }
        });
    }
}

fn poc(xml: &mut Xml, contact: &Contact) {
    xml.text("handle", contact.handle.as_str());
    xml.time("registrationDate", contact.registered_at);
    xml.time("updateDate", contact.updated_at);
    xml.text("isRoleAccount", if contact.is_role { "Y" } else { "N" });
    xml.optional("companyName", contact.company_name.as_deref());
    xml.optional("firstName", contact.first_name.as_deref());
    xml.optional("middleName", contact.middle_name.as_deref());
    xml.text("lastName", &contact.last_name);
    xml.address(&contact.address);
    xml.element("emails", |xml| {
        for email in &contact.emails {
            xml.text("email", email);
        }
    });
    xml.element("phones", |xml| {
        for phone in &contact.phones {
            xml.element("phone", |xml| {
                xml.element("type", |xml| {
                    xml.text("description", phone_words(phone.kind));
                    xml.text("code", phone.kind.code());
                });
                xml.element("number", |xml| xml.text("phoneNumber", &phone.number));
                xml.optional("extension", phone.extension.as_deref());
            });
        }
    });
    xml.lines("comment", &contact.comment);
}

/// What a kind of telephone number is called.
pub(super) fn phone_words(kind: PhoneKind) -> &'static str {
    match kind {
        PhoneKind::Office => "Office",
        PhoneKind::Mobile => "Mobile",
        PhoneKind::Fax => "Fax",
    }
}

fn org(xml: &mut Xml, organization: &Organization) {
    xml.text("handle", organization.handle.as_str());
    xml.time("registrationDate", organization.registered_at);
    xml.time("updateDate", organization.updated_at);
    xml.text("name", &organization.name);
    xml.optional("dbaName", organization.dba_name.as_deref());
    xml.optional("orgUrl", organization.url.as_deref());
    xml.text("customer", "N");
    xml.address(&organization.address);
    xml.contacts(&organization.contacts);
    xml.lines("comment", &organization.comment);
}

fn customer(xml: &mut Xml, customer: &Customer) {
    xml.text("handle", customer.handle.as_str());
    xml.time("registrationDate", customer.registered_at);
    xml.time("updateDate", customer.updated_at);
    xml.text("name", &customer.name);
    xml.text("customer", "Y");
    xml.address(&customer.address);
    xml.text("parentOrgHandle", customer.organization.as_str());
    xml.lines("comment", &customer.comment);
}

fn net(xml: &mut Xml, network: &Network) {
    xml.text("version", &network.range.version().to_string());
    xml.text("handle", network.handle.as_str());
    xml.time("registrationDate", network.registered_at);
    xml.time("updateDate", network.updated_at);
    xml.text("name", &network.name);
    xml.text("startAddress", &padded(network.range.start()));
    xml.text("endAddress", &padded(network.range.end()));
    xml.element("netBlocks", |xml| {
        for block in network.range.prefixes() {
            xml.element("netBlock", |xml| {
                xml.text("type", network.kind.code());
                xml.text("description", network.kind.name());
                xml.text("startAddress", &padded(block.network()));
                xml.text("endAddress", &padded(block.broadcast()));
                xml.text("cidrLength", &block.prefix_len().to_string());
            });
        }
    });
    xml.text("orgHandle", holder(network));
    xml.optional(
        "parentNetHandle",
        network.parent.as_ref().map(|parent| parent.as_str()),
    );
    xml.contacts(&network.contacts);
    xml.lines("comment", &network.comment);
}

/// The handle of whoever holds a network.
pub(super) fn holder(network: &Network) -> &str {
    match &network.holder {
        Holder::Organization(handle) | Holder::Customer(handle) => handle.as_str(),
    }
}
