//! Writes collections: answers that are lists, and all records for an export.

use super::{
    CORE_ROOT, Document, TICKET_ROOT, TicketView, contacts, customers, document,
    networks as network, organizations, tickets as ticket,
};
use crate::domain::registry::contacts::{Contact, Phone};
use crate::domain::registry::customers::Customer;
use crate::domain::registry::networks::Network;
use crate::domain::registry::organizations::Organization;

/// A `collection` of telephone numbers.
pub fn phones(phones: &[Phone]) -> String {
    document("collection", CORE_ROOT, |document| {
        for phone in phones {
            document.element("phone", &[], |document| contacts::number(document, phone));
        }
    })
}

/// A `collection` of networks.
pub fn networks(networks: &[Network]) -> String {
    document("collection", CORE_ROOT, |document| {
        for one in networks {
            document.element("net", &[], |document| network::content(document, one));
        }
    })
}

/// A `collection` of tickets.
pub fn tickets(tickets: &[TicketView]) -> String {
    document("collection", TICKET_ROOT, |document| {
        for one in tickets {
            document.element("ticket", &[], |document| ticket::content(document, one));
        }
    })
}

/// A `collection` of records with all that they hold, in the order in which an import needs them: contacts,
/// organizations, customers, networks. It is written piece by piece, so that it need not fit into memory.
pub struct Export(Document);

impl Export {
    /// Without any record yet.
    pub fn begin() -> Self {
        let mut document = Document::new();
        document.open("collection", CORE_ROOT);
        Self(document)
    }

    /// Adds a contact.
    pub fn contact(&mut self, contact: &Contact) {
        let content = |document: &mut Document| contacts::content(document, contact);
        self.0.element("poc", &[], content);
    }

    /// Adds an organization.
    pub fn organization(&mut self, organization: &Organization) {
        let content =
            |document: &mut Document| organizations::content(document, organization, true);
        self.0.element("org", &[], content);
    }

    /// Adds a customer.
    pub fn customer(&mut self, customer: &Customer) {
        let content = |document: &mut Document| customers::content(document, customer, true);
        self.0.element("customer", &[], content);
    }

    /// Adds a network.
    pub fn network(&mut self, one: &Network) {
        let content = |document: &mut Document| network::content(document, one);
        self.0.element("net", &[], content);
    }

    /// What was written since the last time.
    pub fn take(&mut self) -> String {
        self.0.take()
    }

    /// What is left, and the end.
    pub fn end(mut self) -> String {
        self.0.close("collection");
        self.0.finish()
    }
}
