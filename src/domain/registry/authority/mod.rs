//! Who may do what in the registry: one pure function, which pages, REST, JSON and reports all ask.
//!
//! [`Reach`] says what the links of an account give it on the object at hand; [`decide`] compares that with the one
//! table of what each action needs. Reach is read in the transaction of the act itself
//! ([`reach`](super::reach)), so a link that has ended gives nothing on the very next call.

use super::functions::Function::{Abuse, Admin, Noc, Tech};
use super::functions::Functions;

/// Something that is done to an object of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a contact.
    ContactCreate,
    /// Ask for an organization.
    OrganizationCreate,
    /// Ask for the report of one's own associations.
    AssociationsReport,
    /// Ask to be linked to a contact.
    LinkRequest,
    /// Read a contact.
    ContactView,
    /// Change a contact.
    ContactChange,
    /// Delete a contact.
    ContactDelete,
    /// Read an organization.
    OrganizationView,
    /// Change an organization and its contacts.
    OrganizationChange,
    /// Delete an organization.
    OrganizationDelete,
    /// Read a network.
    NetworkView,
    /// Change a network.
    NetworkChange,
    /// Remove a network.
    NetworkRemove,
    /// Cut a network out of this one, for someone else.
    NetworkReassign,
    /// Make a customer under this network.
    CustomerCreate,
    /// Read a customer.
    CustomerView,
    /// Change a customer.
    CustomerChange,
    /// Delete a customer.
    CustomerDelete,
    /// Ask for the report of what was cut out of this network, or download it.
    ReassignmentReport,
    /// Read a ticket.
    TicketView,
    /// Add a message to a ticket.
    TicketMessage,
    /// Close a ticket that was decided.
    TicketClose,
    /// Withdraw a ticket that was not.
    TicketWithdraw,
    /// Decide about a request to be linked.
    LinkDecide,
    /// Download a report that is not one's own.
    ReportDownload,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::ContactCreate,
        Self::OrganizationCreate,
        Self::AssociationsReport,
        Self::LinkRequest,
        Self::ContactView,
        Self::ContactChange,
        Self::ContactDelete,
        Self::OrganizationView,
        Self::OrganizationChange,
        Self::OrganizationDelete,
        Self::NetworkView,
        Self::NetworkChange,
        Self::NetworkRemove,
        Self::NetworkReassign,
        Self::CustomerCreate,
        Self::CustomerView,
        Self::CustomerChange,
        Self::CustomerDelete,
        Self::ReassignmentReport,
        Self::TicketView,
        Self::TicketMessage,
        Self::TicketClose,
        Self::TicketWithdraw,
        Self::LinkDecide,
        Self::ReportDownload,
    ];

    /// Its name in the documentation and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::ContactCreate => "poc.create",
            Self::OrganizationCreate => "org.create",
            Self::AssociationsReport => "report.associations",
            Self::LinkRequest => "link.request",
            Self::ContactView => "poc.view",
            Self::ContactChange => "poc.change",
            Self::ContactDelete => "poc.delete",
            Self::OrganizationView => "org.view",
            Self::OrganizationChange => "org.change",
            Self::OrganizationDelete => "org.delete",
            Self::NetworkView => "net.view",
            Self::NetworkChange => "net.change",
            Self::NetworkRemove => "net.remove",
            Self::NetworkReassign => "net.reassign",
            Self::CustomerCreate => "customer.create",
            Self::CustomerView => "customer.view",
            Self::CustomerChange => "customer.change",
            Self::CustomerDelete => "customer.delete",
            Self::ReassignmentReport => "report.reassignment",
            Self::TicketView => "ticket.view",
            Self::TicketMessage => "ticket.message",
            Self::TicketClose => "ticket.close",
            Self::TicketWithdraw => "ticket.withdraw",
            Self::LinkDecide => "link.decide",
            Self::ReportDownload => "report.download",
        }
    }

    /// For people: "change this network".
    pub fn words(self) -> &'static str {
        match self {
            Self::ContactCreate => "make a contact",
            Self::OrganizationCreate => "ask for an organization",
            Self::AssociationsReport => "ask for the associations report",
            Self::LinkRequest => "ask to be linked to a contact",
            Self::ContactView => "read this contact",
            Self::ContactChange => "change this contact",
            Self::ContactDelete => "delete this contact",
            Self::OrganizationView => "read this organization",
            Self::OrganizationChange => "change this organization",
            Self::OrganizationDelete => "delete this organization",
            Self::NetworkView => "read this network",
            Self::NetworkChange => "change this network",
            Self::NetworkRemove => "remove this network",
            Self::NetworkReassign => "reassign from this network",
            Self::CustomerCreate => "make a customer under this network",
            Self::CustomerView => "read this customer",
            Self::CustomerChange => "change this customer",
            Self::CustomerDelete => "delete this customer",
            Self::ReassignmentReport => "get the reassignment report of this network",
            Self::TicketView => "read this ticket",
            Self::TicketMessage => "write on this ticket",
            Self::TicketClose => "close this ticket",
            Self::TicketWithdraw => "withdraw this ticket",
            Self::LinkDecide => "decide about this request",
            Self::ReportDownload => "download this report",
        }
    }

    fn need(self) -> Need {
        const MANAGE: Functions = Functions::of(&[Admin, Tech]);
        const TECH: Functions = Functions::of(&[Tech]);
        const ON_NETWORKS: Functions = Functions::of(&[Tech, Abuse, Noc]);
        match self {
            Self::ContactCreate
            | Self::OrganizationCreate
            | Self::AssociationsReport
            | Self::LinkRequest => Need::Nothing,
            Self::ContactView | Self::ContactChange | Self::ContactDelete => Need::Link,
            Self::OrganizationView => Need::Functions(Cells {
                organization: Functions::ANY,
                ..Cells::NONE
            }),
            Self::OrganizationChange | Self::OrganizationDelete => Need::Functions(Cells {
                organization: MANAGE,
                ..Cells::NONE
            }),
            Self::NetworkView => Need::Functions(Cells {
                organization: Functions::ANY,
                network: ON_NETWORKS,
                parent_network: ON_NETWORKS,
                parent_organization: Functions::ANY,
                parents_only_for_customers: false,
            }),
            Self::NetworkChange => Need::Functions(Cells {
                organization: MANAGE,
                network: TECH,
                parent_network: TECH,
                parent_organization: MANAGE,
                parents_only_for_customers: true,
            }),
            Self::NetworkRemove => Need::Functions(Cells {
                organization: MANAGE,
                network: TECH,
                parent_network: TECH,
                parent_organization: MANAGE,
                parents_only_for_customers: false,
            }),
            Self::NetworkReassign
            | Self::CustomerCreate
            | Self::CustomerChange
            | Self::CustomerDelete
            | Self::ReassignmentReport => Need::Functions(Cells {
                organization: MANAGE,
                network: TECH,
                ..Cells::NONE
            }),
            Self::CustomerView => Need::Functions(Cells {
                organization: Functions::ANY,
                network: ON_NETWORKS,
                ..Cells::NONE
            }),
            Self::TicketView | Self::TicketMessage => Need::OpenerOrLink,
            Self::TicketClose | Self::TicketWithdraw => Need::Opener,
            Self::LinkDecide => Need::LinkOfAnother,
            Self::ReportDownload => Need::Grant,
        }
    }
}

/// What one action needs.
enum Need {
    /// An account.
    Nothing,
    /// A link to the contact itself.
    Link,
    /// One of these functions in one of these places.
    Functions(Cells),
    /// To have opened the ticket.
    Opener,
    /// That, or a link to the contact that a request to be linked is about.
    OpenerOrLink,
    /// A link to that contact, and not to have opened the ticket.
    LinkOfAnother,
    /// A grant.
    Grant,
}

/// One row of the table: the functions that are enough, by place.
struct Cells {
    organization: Functions,
    network: Functions,
    parent_network: Functions,
    parent_organization: Functions,
    /// True if what holds for the parents holds only for a network that a customer has.
    parents_only_for_customers: bool,
}

impl Cells {
    const NONE: Self = Self {
        organization: Functions::NONE,
        network: Functions::NONE,
        parent_network: Functions::NONE,
        parent_organization: Functions::NONE,
        parents_only_for_customers: false,
    };
}

/// What the links and grants of an account give it on one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// True if it is linked to the contact itself, or to the contact that the ticket is about.
    pub is_linked: bool,
    /// Its functions on the organization: the holder of a network, the parent organization of a customer.
    pub organization: Functions,
    /// Its functions on the network: the network itself, or the one that a customer was made under.
    pub network: Functions,
    /// Its functions on the network that this one was cut from.
    pub parent_network: Functions,
    /// Its functions on the holder of that one.
    pub parent_organization: Functions,
    /// True if the network is held by a customer.
    pub is_held_by_customer: bool,
    /// True if it opened the ticket.
    pub is_opener: bool,
    /// True if it has a grant for the report.
    pub has_grant: bool,
}

/// Why something may not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// What.
    pub action: Action,
    /// True if the answer is 403: another one's object, rather than a lack of authority on one's own.
    pub is_forbidden: bool,
    reach: Reach,
}

impl Denied {
    /// The reason, as sentences that say what is missing and what there is.
    pub fn words(&self) -> String {
        let action = self.action.words();
        match self.action.need() {
            Need::Nothing => format!("You cannot {action}."),
            Need::Link => format!(
                "To {action}, your account has to be linked to it. Ask for that under Settings, Contacts."
            ),
            Need::Functions(cells) => {
                let places = cells.words(self.action, self.reach.is_held_by_customer);
                let has = cells.having(&self.reach);
                format!(
                    "To {action}, your account has to be linked to a contact that is {places}. {has}"
                )
            }
            Need::Opener => format!("Only who opened the ticket may {action}."),
            Need::OpenerOrLink => format!(
                "To {action}, you have to have opened it, or be linked to the contact that it is about."
            ),
            Need::LinkOfAnother => format!(
                "To {action}, your account has to be linked to the contact, and be another one than that which asked."
            ),
            Need::Grant => format!("To {action}, your account needs a grant. Operators give them."),
        }
    }
}

impl Cells {
    /// True if what the account is above a network counts for it.
    fn with_parents(&self, is_held_by_customer: bool) -> bool {
        !self.parents_only_for_customers || is_held_by_customer
    }

    /// "Admin or Tech of its organization, or Tech of the network".
    fn words(&self, action: Action, is_held_by_customer: bool) -> String {
        let with_parents = self.with_parents(is_held_by_customer);
        let organization = match action {
            Action::OrganizationView | Action::OrganizationChange | Action::OrganizationDelete => {
                "it"
            }
            _ => "its organization",
        };
        let places = [
            (self.organization, organization, true),
            (self.network, "the network", true),
            (self.parent_network, "the network above it", with_parents),
            (
                self.parent_organization,
                "the organization above it",
                with_parents,
            ),
        ];
        let words: Vec<String> = places
            .into_iter()
            .filter(|(functions, _, counts)| *counts && !functions.is_empty())
            .map(|(functions, place, _)| format!("{} of {place}", functions.words()))
            .collect();
        words.join(", or ")
    }

    /// What the account is where it counts, and what it is where it does not.
    fn having(&self, reach: &Reach) -> String {
        let above = reach.parent_network.or(reach.parent_organization);
        let has_above = !(self.parent_network.is_empty() && self.parent_organization.is_empty());
        let counts_above = has_above && self.with_parents(reach.is_held_by_customer);
        let own = reach.organization.or(reach.network);
        let here = if counts_above { own.or(above) } else { own };
        let list = |functions: Functions| functions.words().replace(" or ", " and ");
        if !here.is_empty() {
            return format!("Your account has {} here.", list(here));
        }
        if !above.is_empty() {
            return format!(
                "Your account has none of them here: it has {} above, which is not enough.",
                list(above)
            );
        }
        "Your account has none of them here.".to_owned()
    }
}

/// Whether this may be done with this reach.
///
/// # Errors
/// If it may not, with the reason.
pub fn decide(action: Action, reach: &Reach) -> Result<(), Denied> {
    let is_allowed = match action.need() {
        Need::Nothing => true,
        Need::Link => reach.is_linked,
        Need::Functions(cells) => {
            let with_parents = cells.with_parents(reach.is_held_by_customer);
            reach.organization.meets(cells.organization)
                || reach.network.meets(cells.network)
                || with_parents
                    && (reach.parent_network.meets(cells.parent_network)
                        || reach.parent_organization.meets(cells.parent_organization))
        }
        Need::Opener => reach.is_opener,
        Need::OpenerOrLink => reach.is_opener || reach.is_linked,
        Need::LinkOfAnother => reach.is_linked && !reach.is_opener,
        Need::Grant => reach.has_grant,
    };
    if is_allowed {
        return Ok(());
    }
    let is_stranger = reach.organization.is_empty() && reach.network.is_empty();
    Err(Denied {
        action,
        is_forbidden: match action {
            Action::ReportDownload => true,
            Action::NetworkReassign => is_stranger,
            _ => false,
        },
        reach: *reach,
    })
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn the_reason_names_what_is_missing_and_what_there_is() {
        let reach = reach_with(0, Functions::of(&[Function::Abuse]), false);
        let denied = decide(Action::OrganizationChange, &reach).unwrap_err();
        assert_eq!(
            denied.words(),
            "To change this organization, your account has to be linked to a contact that is Admin or Tech of \
             it. Your account has Abuse here."
        );
        let denied = decide(Action::OrganizationView, &Reach::default()).unwrap_err();
        assert_eq!(
            denied.words(),
            "To read this organization, your account has to be linked to a contact that is Admin, Tech, Abuse, \
             NOC, Routing or DNS of it. Your account has none of them here."
        );
        // What is above a network is not said to be here where it does not count.
        let above = reach_with(3, Functions::of(&[Function::Admin, Function::Tech]), false);
        for action in [Action::NetworkReassign, Action::NetworkChange] {
            let words = decide(action, &above).unwrap_err().words();
            let has = "Your account has none of them here: it has Admin and Tech above, which is not enough.";
            assert!(words.ends_with(has), "{words}");
        }
        let noc = reach_with(3, Functions::of(&[Function::Noc]), false);
        let words = decide(Action::NetworkRemove, &noc).unwrap_err().words();
        assert!(words.ends_with("Your account has NOC here."), "{words}");
        // Each action has words for its refusal.
        for action in Action::ALL {
            if let Err(denied) = decide(action, &Reach::default()) {
                assert!(denied.words().contains(action.words()), "{action:?}");
            }
        }
    }
}
