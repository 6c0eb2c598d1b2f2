//! The registry: contacts, organizations, networks, customers, and who is linked to which contact.

pub mod contacts;
pub mod counters;
pub mod customers;
pub mod head;
pub mod link_requests;
pub mod links;
pub mod lists;
pub mod networks;
pub mod organizations;
pub mod ranges;
pub mod reach;
pub mod ticket_messages;
pub mod tickets;
