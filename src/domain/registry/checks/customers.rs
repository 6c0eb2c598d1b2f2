//! Checks customers.

use super::addresses::{address, comment};
use super::problems::Problems;
use super::texts::required;
use super::{Checked, NewCustomer};
use crate::domain::registry::customers::Customer;
use crate::domain::registry::fields::CustomerFields;

const MAX_NAME_CHARS: usize = 100;

/// A customer that is to be made.
///
/// # Errors
/// All that cannot be accepted.
pub fn new_customer(fields: &CustomerFields) -> Checked<NewCustomer> {
    let mut problems = Problems::default();
    let customer = whole(&mut problems, fields);
    problems.or(customer)
}

/// A customer as it is to be.
///
/// # Errors
/// All that cannot be accepted, changes of what cannot be changed included.
pub fn changed_customer(fields: &CustomerFields, present: &Customer) -> Checked<NewCustomer> {
    let mut problems = Problems::default();
    problems.own_handle(fields.handle.as_deref(), &present.handle);
    problems.same_handle(
        "parentOrgHandle",
        fields.organization.as_deref(),
        Some(&present.organization),
    );
    let customer = whole(&mut problems, fields);
    problems.or(customer)
}

fn whole(problems: &mut Problems, fields: &CustomerFields) -> Option<NewCustomer> {
    let name = required(
        problems,
        "customerName",
        fields.name.as_deref(),
        MAX_NAME_CHARS,
    );
    let address = address(problems, &fields.address);
    let comment = comment(problems, &fields.comment);
    Some(NewCustomer {
        name,
        is_private: fields.is_private.unwrap_or(false),
        address: address?,
        comment,
    })
}
