//! Records as lines of text: `Label: value`.

use std::fmt::Write as _;

use super::records::Record;
use super::xml::holder;
use crate::clock::Timestamp;
use crate::domain::registry::contacts::Contact;
use crate::domain::registry::customers::Customer;
use crate::domain::registry::fields::PhoneKind;
use crate::domain::registry::functions::Function;
use crate::domain::registry::networks::Network;
use crate::domain::registry::organizations::{ContactLink, Organization};
use crate::domain::registry::postal::PostalAddress;

/// Where the values stand.
const COLUMN: usize = 17;

/// A record, without the blank line between records. `suffix` names the registry.
pub(super) fn record(record: Record<'_>, suffix: &str) -> String {
    let mut text = Text(String::new());
    match record {
        Record::Contact(contact) => poc(&mut text, contact),
        Record::Organization(organization) => org(&mut text, organization),
        Record::Customer(found) => customer(&mut text, found),
        Record::Network(network) => net(&mut text, network),
    }
    text.line("Source", suffix);
    text.0
}

struct Text(String);

impl Text {
    fn line(&mut self, label: &str, value: &str) {
        // Texts have no line ends; one that had would be taken for more lines.
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        let label = format!("{label}:");
        let _infallible = writeln!(self.0, "{label:<COLUMN$}{value}");
    }

    fn optional(&mut self, label: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.line(label, value);
        }
    }

    fn lines(&mut self, label: &str, lines: &[String]) {
        for line in lines {
            self.line(label, line);
        }
    }

    fn address(&mut self, address: &PostalAddress) {
        self.lines("Street", &address.street);
        self.line("City", &address.city);
        self.optional("State/Prov", address.state.as_deref());
        self.optional("PostalCode", address.postal_code.as_deref());
        self.line("Country", address.country.code2);
    }

    fn dates(&mut self, registered_at: Timestamp, updated_at: Timestamp) {
        let day = |at: Timestamp| at.to_datetime().format("%Y-%m-%d").to_string();
        self.line("RegDate", &day(registered_at));
        self.line("Updated", &day(updated_at));
    }

    fn contacts(&mut self, of: &str, contacts: &[ContactLink]) {
        for link in contacts {
            let function = match link.function {
                Function::Admin => "Admin",
                Function::Tech => "Tech",
                Function::Abuse => "Abuse",
                Function::Noc => "NOC",
                Function::Routing => "Routing",
                Function::Dns => "DNS",
            };
            self.line(&format!("{of}{function}Handle"), link.contact.as_str());
        }
    }
}

fn poc(text: &mut Text, contact: &Contact) {
    text.line("POCHandle", contact.handle.as_str());
    text.line("IsRole", if contact.is_role { "Y" } else { "N" });
    text.line("LastName", &contact.last_name);
    text.optional("FirstName", contact.first_name.as_deref());
    text.optional("MiddleName", contact.middle_name.as_deref());
    text.optional("CompanyName", contact.company_name.as_deref());
    text.address(&contact.address);
    text.dates(contact.registered_at, contact.updated_at);
    for phone in &contact.phones {
        let label = match phone.kind {
            PhoneKind::Office => "OfficePhone",
            PhoneKind::Mobile => "MobilePhone",
            PhoneKind::Fax => "FaxPhone",
        };
        match &phone.extension {
            Some(extension) => text.line(label, &format!("{} x{extension}", phone.number)),
            None => text.line(label, &phone.number),
        }
    }
    text.lines("Mailbox", &contact.emails);
    text.lines("Comment", &contact.comment);
}

fn org(text: &mut Text, organization: &Organization) {
    text.line("OrgID", organization.handle.as_str());
    text.line("OrgName", &organization.name);
    text.optional("DBAName", organization.dba_name.as_deref());
    text.address(&organization.address);
    text.dates(organization.registered_at, organization.updated_at);
    text.optional("OrgURL", organization.url.as_deref());
    text.contacts("Org", &organization.contacts);
    text.lines("Comment", &organization.comment);
}

fn customer(text: &mut Text, customer: &Customer) {
    text.line("OrgID", customer.handle.as_str());
    text.line("OrgName", &customer.name);
    text.line("ParentOrgID", customer.organization.as_str());
    text.address(&customer.address);
    text.dates(customer.registered_at, customer.updated_at);
    text.lines("Comment", &customer.comment);
}

fn net(text: &mut Text, network: &Network) {
    let label = match network.range.version() {
        4 => "NetHandle",
        _ => "V6NetHandle",
    };
    text.line(label, network.handle.as_str());
    text.line("OrgID", holder(network));
    text.optional(
        "Parent",
        network.parent.as_ref().map(|parent| parent.as_str()),
    );
    text.line("NetName", &network.name);
    let (start, end) = (network.range.start(), network.range.end());
    text.line("NetRange", &format!("{start} - {end}"));
    text.line("NetType", network.kind.name());
    text.dates(network.registered_at, network.updated_at);
    text.contacts("", &network.contacts);
    text.lines("Comment", &network.comment);
}
