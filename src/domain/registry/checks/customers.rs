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

#[cfg(test)]
mod tests {
    use super::super::addresses::tests::portland;
    use super::*;
    use crate::domain::registry::samples;

    fn cafe() -> CustomerFields {
        CustomerFields {
            name: Some("Lighthouse Cafe".to_owned()),
            address: portland(),
            ..CustomerFields::default()
        }
    }

    fn elements<T>(checked: Checked<T>) -> Vec<&'static str> {
        let problems = checked.err().unwrap_or_default();
        problems.iter().map(|problem| problem.element).collect()
    }

    #[test]
    fn a_customer_is_private_if_it_says_so() {
        assert!(!new_customer(&cafe()).unwrap().is_private);
        let private = CustomerFields {
            is_private: Some(true),
            ..cafe()
        };
        assert!(new_customer(&private).unwrap().is_private);
    }

    #[test]
    fn each_element_is_named() {
        assert_eq!(
            elements(new_customer(&CustomerFields::default())),
            ["customerName", "streetAddress", "city", "iso3166-1"]
        );
        let changed = CustomerFields {
            handle: Some("C00000009".to_owned()),
            name: Some("x".repeat(101)),
            organization: Some("LEC-1".to_owned()),
            ..cafe()
        };
        assert_eq!(
            elements(changed_customer(&changed, &samples::customer())),
            ["handle", "parentOrgHandle", "customerName"]
        );
        let same = CustomerFields {
            handle: Some("c00000002".to_owned()),
            organization: Some("hen-1".to_owned()),
            ..cafe()
        };
        assert!(changed_customer(&same, &samples::customer()).is_ok());
    }
}
