//! The table against the specification, function by function and place by place.

use super::super::functions::Function;
use super::*;

/// A row of the specification: the action, and what is enough on the organization, the network, the network above
/// and the organization above; the last two count only for a customer's network if the flag is set.
type Row = (
    Action,
    &'static [Function],
    &'static [Function],
    &'static [Function],
    &'static [Function],
    bool,
);

const ANY: &[Function] = &Function::ALL;
const MANAGE: &[Function] = &[Function::Admin, Function::Tech];
const TECH: &[Function] = &[Function::Tech];
const SEES_NET: &[Function] = &[Function::Tech, Function::Abuse, Function::Noc];

const NONE: &[Function] = &[];

/// Every action; those that functions give nothing for have empty rows.
const MATRIX: [Row; 25] = [
    (Action::ContactCreate, NONE, NONE, NONE, NONE, false),
    (Action::OrganizationCreate, NONE, NONE, NONE, NONE, false),
    (Action::AssociationsReport, NONE, NONE, NONE, NONE, false),
    (Action::LinkRequest, NONE, NONE, NONE, NONE, false),
    (Action::ContactView, NONE, NONE, NONE, NONE, false),
    (Action::ContactChange, NONE, NONE, NONE, NONE, false),
    (Action::ContactDelete, NONE, NONE, NONE, NONE, false),
    (Action::OrganizationView, ANY, NONE, NONE, NONE, false),
    (Action::OrganizationChange, MANAGE, NONE, NONE, NONE, false),
    (Action::OrganizationDelete, MANAGE, NONE, NONE, NONE, false),
    (Action::NetworkView, ANY, SEES_NET, SEES_NET, ANY, false),
    (Action::NetworkChange, MANAGE, TECH, TECH, MANAGE, true),
    (Action::NetworkRemove, MANAGE, TECH, TECH, MANAGE, false),
    (Action::NetworkReassign, MANAGE, TECH, NONE, NONE, false),
    (Action::CustomerCreate, MANAGE, TECH, NONE, NONE, false),
    (Action::CustomerView, ANY, SEES_NET, NONE, NONE, false),
    (Action::CustomerChange, MANAGE, TECH, NONE, NONE, false),
    (Action::CustomerDelete, MANAGE, TECH, NONE, NONE, false),
    (Action::ReassignmentReport, MANAGE, TECH, NONE, NONE, false),
    (Action::TicketView, NONE, NONE, NONE, NONE, false),
    (Action::TicketMessage, NONE, NONE, NONE, NONE, false),
    (Action::TicketClose, NONE, NONE, NONE, NONE, false),
    (Action::TicketWithdraw, NONE, NONE, NONE, NONE, false),
    (Action::LinkDecide, NONE, NONE, NONE, NONE, false),
    (Action::ReportDownload, NONE, NONE, NONE, NONE, false),
];

/// Organization, network, the network above, the organization above, the contact itself.
const PLACES: std::ops::Range<usize> = 0..5;

fn reach_with(place: usize, functions: Functions, is_held_by_customer: bool) -> Reach {
    let mut reach = Reach {
        is_held_by_customer,
        ..Reach::default()
    };
    match place {
        0 => reach.organization = functions,
        1 => reach.network = functions,
        2 => reach.parent_network = functions,
        3 => reach.parent_organization = functions,
        _ => reach.is_linked = !functions.is_empty(),
    }
    reach
}

fn both(one: Reach, other: Reach) -> Reach {
    Reach {
        is_linked: one.is_linked || other.is_linked,
        organization: one.organization.or(other.organization),
        network: one.network.or(other.network),
        parent_network: one.parent_network.or(other.parent_network),
        parent_organization: one.parent_organization.or(other.parent_organization),
        ..one
    }
}

fn is_enough(row: &Row, place: usize, function: Function, is_held_by_customer: bool) -> bool {
    let cell = match (row.0, place) {
        (
            Action::ContactCreate
            | Action::OrganizationCreate
            | Action::AssociationsReport
            | Action::LinkRequest,
            _,
        ) => return true,
        (_, 0) => row.1,
        (_, 1) => row.2,
        (_, 2) => row.3,
        (_, 3) => row.4,
        (action, _) => {
            return matches!(
                action,
                Action::ContactView
                    | Action::ContactChange
                    | Action::ContactDelete
                    | Action::TicketView
                    | Action::TicketMessage
                    | Action::LinkDecide
            );
        }
    };
    let counts = place < 2 || !row.5 || is_held_by_customer;
    counts && cell.contains(&function)
}

#[test]
fn the_matrix_has_every_action_once() {
    let listed: Vec<Action> = MATRIX.iter().map(|row| row.0).collect();
    assert_eq!(listed, Action::ALL);
}

#[test]
fn the_whole_matrix_of_one_function_in_one_place() {
    for row in &MATRIX {
        for function in Function::ALL {
            for place in PLACES {
                for by_customer in [false, true] {
                    let reach = reach_with(place, Functions::of(&[function]), by_customer);
                    assert_eq!(
                        decide(row.0, &reach).is_ok(),
                        is_enough(row, place, function, by_customer),
                        "{:?} with {function:?} at {place}, by a customer: {by_customer}",
                        row.0
                    );
                }
            }
        }
    }
}

#[test]
fn of_every_pair_one_that_is_enough_is_enough() {
    let cells = || PLACES.flat_map(|place| Function::ALL.map(|function| (place, function)));
    for row in &MATRIX {
        for by_customer in [false, true] {
            for (first, one) in cells() {
                for (second, other) in cells() {
                    let reach = both(
                        reach_with(first, Functions::of(&[one]), by_customer),
                        reach_with(second, Functions::of(&[other]), by_customer),
                    );
                    assert_eq!(
                        decide(row.0, &reach).is_ok(),
                        is_enough(row, first, one, by_customer)
                            || is_enough(row, second, other, by_customer),
                        "{:?} with {one:?} at {first} and {other:?} at {second}",
                        row.0
                    );
                }
            }
        }
    }
}

#[test]
fn a_report_is_downloaded_with_a_grant_and_forbidden_without() {
    let granted = Reach {
        has_grant: true,
        ..Reach::default()
    };
    assert_eq!(decide(Action::ReportDownload, &granted), Ok(()));
    let denied = decide(Action::ReportDownload, &Reach::default()).unwrap_err();
    assert!(denied.is_forbidden);
}

#[test]
fn every_account_may_make_contacts_and_ask() {
    for action in [
        Action::ContactCreate,
        Action::OrganizationCreate,
        Action::AssociationsReport,
        Action::LinkRequest,
    ] {
        assert_eq!(decide(action, &Reach::default()), Ok(()));
    }
}

#[test]
fn only_a_stranger_to_the_network_is_forbidden_to_reassign() {
    let denied = decide(Action::NetworkReassign, &Reach::default()).unwrap_err();
    assert!(denied.is_forbidden);
    for place in [0, 1] {
        let reach = reach_with(place, Functions::of(&[Function::Dns]), false);
        let denied = decide(Action::NetworkReassign, &reach).unwrap_err();
        assert!(!denied.is_forbidden, "{place}");
    }
    let denied = decide(Action::NetworkView, &Reach::default()).unwrap_err();
    assert!(!denied.is_forbidden);
}

#[test]
fn who_asked_to_be_linked_does_not_decide() {
    let linked = Reach {
        is_linked: true,
        ..Reach::default()
    };
    let opener = Reach {
        is_opener: true,
        ..Reach::default()
    };
    let both = Reach {
        is_opener: true,
        ..linked
    };
    assert!(decide(Action::LinkDecide, &linked).is_ok());
    for reach in [opener, both, Reach::default()] {
        assert!(decide(Action::LinkDecide, &reach).is_err());
    }
    for action in [Action::TicketView, Action::TicketMessage] {
        assert!(decide(action, &linked).is_ok() && decide(action, &opener).is_ok());
        assert!(decide(action, &Reach::default()).is_err());
    }
    for action in [Action::TicketClose, Action::TicketWithdraw] {
        assert!(decide(action, &linked).is_err() && decide(action, &opener).is_ok());
    }
}
