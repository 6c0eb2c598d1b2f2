//! Records for tests: those that the documentation shows.

use super::contacts::{Contact, Phone};
use super::countries;
use super::customers::Customer;
use super::fields::PhoneKind;
use super::functions::Function;
use super::handles::Handle;
use super::networks::{Holder, Network, NetworkKind};
use super::organizations::{ContactLink, Organization};
use super::postal::PostalAddress;
use super::ranges::{IpRange, parse_address};
use crate::clock::Timestamp;

/// 2026-11-22T09:30:00Z and some milliseconds.
pub const REGISTERED_AT: Timestamp = Timestamp::from_millis(1_795_339_800_123);

/// A handle.
pub fn handle(text: &str) -> Handle {
    Handle::from_stored(text.to_owned())
}

/// From one address to another.
pub fn range(start: &str, end: &str) -> IpRange {
    IpRange::new(parse_address(start).unwrap(), parse_address(end).unwrap()).unwrap()
}

/// Who acts.
pub fn link(function: Function, contact: &str) -> ContactLink {
    ContactLink {
        function,
        contact: handle(contact),
    }
}

/// Where Harbor is.
pub fn portland() -> PostalAddress {
    PostalAddress {
        street: vec!["4 Quay Street".to_owned()],
        city: "Portland".to_owned(),
        state: Some("ME".to_owned()),
        postal_code: Some("04101".to_owned()),
        country: countries::find("US").unwrap(),
    }
}

/// A person.
pub fn person() -> Contact {
    Contact {
        handle: handle("MO1-KP"),
        is_role: false,
        company_name: None,
        first_name: Some("Maren".to_owned()),
        middle_name: None,
        last_name: "Okafor".to_owned(),
        address: portland(),
        comment: Vec::new(),
        emails: vec!["maren@example.com".to_owned()],
        phones: vec![Phone {
            kind: PhoneKind::Office,
            number: "+1.207.555.0142".to_owned(),
            extension: None,
        }],
        registered_at: REGISTERED_AT,
        updated_at: REGISTERED_AT,
        revision: 1,
    }
}

/// A role, with all that a contact can have.
pub fn role() -> Contact {
    Contact {
        handle: handle("NO1-KP"),
        is_role: true,
        company_name: Some("Harbor & Sons <Networks>".to_owned()),
        first_name: None,
        middle_name: None,
        last_name: "Network Operations".to_owned(),
        address: PostalAddress {
            street: vec!["4 Quay Street".to_owned(), "Suite \"9\"".to_owned()],
            city: "Zürich".to_owned(),
            state: None,
            postal_code: None,
            country: countries::find("CH").unwrap(),
        },
        comment: vec![
            "Day and night.".to_owned(),
            String::new(),
            "é 網".to_owned(),
        ],
        emails: vec!["NOC@example.com".to_owned(), "ops@example.com".to_owned()],
        phones: vec![
            Phone {
                kind: PhoneKind::Office,
                number: "+1 (207) 555-0142".to_owned(),
                extension: Some("12".to_owned()),
            },
            Phone {
                kind: PhoneKind::Fax,
                number: "+1.207.555.0143".to_owned(),
                extension: None,
            },
        ],
        ..person()
    }
}

/// An organization.
pub fn organization() -> Organization {
    Organization {
        handle: handle("HEN-1"),
        name: "Harbor Example Networks".to_owned(),
        dba_name: None,
        tax_id: None,
        url: Some("https://harbor.example.com/".to_owned()),
        address: portland(),
        comment: Vec::new(),
        accepts_reassignments: true,
        contacts: vec![
            link(Function::Admin, "MO1-KP"),
            link(Function::Tech, "MO1-KP"),
            link(Function::Abuse, "ABUSE1-KP"),
        ],
        registered_at: REGISTERED_AT,
        updated_at: REGISTERED_AT,
        revision: 1,
    }
}

/// A network of a customer.
pub fn customers_network() -> Network {
    Network {
        handle: handle("NET-192-0-2-64-1"),
        kind: NetworkKind::Reassigned,
        name: "LIGHTHOUSE-CAFE".to_owned(),
        range: range("192.0.2.64", "192.0.2.127"),
        holder: Holder::Customer(handle("C00000002")),
        parent: Some(handle("NET-192-0-2-0-1")),
        comment: Vec::new(),
        contacts: Vec::new(),
        registered_at: REGISTERED_AT,
        updated_at: REGISTERED_AT,
        revision: 1,
    }
}

/// A network of an organization that is no single prefix, with all that a network can have.
pub fn network() -> Network {
    Network {
        handle: handle("NET-198-51-100-0-1"),
        kind: NetworkKind::DirectAllocation,
        name: "HARBOR 2".to_owned(),
        range: range("198.51.100.0", "198.51.100.130"),
        holder: Holder::Organization(handle("HEN-1")),
        parent: None,
        comment: vec!["For ships.".to_owned()],
        contacts: vec![
            link(Function::Tech, "TR1-KP"),
            link(Function::Noc, "NO1-KP"),
        ],
        ..customers_network()
    }
}

/// A customer.
pub fn customer() -> Customer {
    Customer {
        handle: handle("C00000002"),
        name: "Lighthouse Cafe".to_owned(),
        organization: handle("HEN-1"),
        network: handle("NET-192-0-2-0-1"),
        is_private: false,
        address: PostalAddress {
            street: vec!["1 Point Road".to_owned()],
            city: "Halifax".to_owned(),
            state: Some("NS".to_owned()),
            postal_code: Some("B3H 0A1".to_owned()),
            country: countries::find("CA").unwrap(),
        },
        comment: Vec::new(),
        registered_at: REGISTERED_AT,
        updated_at: REGISTERED_AT,
        revision: 1,
    }
}
