//! Writes customers.

use super::addresses::address;
use super::{CORE_ROOT, Document, document};
use crate::domain::registry::customers::Customer;

/// In place of a private customer's name.
pub const PRIVATE_NAME: &str = "Private Customer";
/// In place of a private customer's street.
pub const PRIVATE_STREET: &str = "Private Residence";

/// A `customer`. `shows_private` for those who may view it: all others do not see a private customer's name and street.
pub fn customer(customer: &Customer, shows_private: bool) -> String {
    document("customer", CORE_ROOT, |document| {
        content(document, customer, shows_private);
    })
}

/// What is in a `customer`.
pub(super) fn content(document: &mut Document, customer: &Customer, shows_private: bool) {
    let is_hidden = customer.is_private && !shows_private;
    let hidden_street = [PRIVATE_STREET.to_owned()];
    let (name, street) = match is_hidden {
        true => (PRIVATE_NAME, hidden_street.as_slice()),
        false => (customer.name.as_str(), customer.address.street.as_slice()),
    };
    document.text("handle", customer.handle.as_str());
    document.time("registrationDate", customer.registered_at);
    document.text("customerName", name);
    address(document, &customer.address, street);
    document.lines("comment", &customer.comment);
    document.text("parentOrgHandle", customer.organization.as_str());
    document.text("privateCustomer", &customer.is_private.to_string());
}
