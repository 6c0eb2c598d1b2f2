//! Who may do what in the registry: one pure function, which pages, REST, JSON and reports all ask.
//!
//! [`Reach`] says what the links of an account give it on the object at hand; [`decide`] compares that with the one
//! table of what each action needs. Reach is read in the transaction of the act itself
//! ([`reach`](super::reach)), so a link that has ended gives nothing on the very next call.

mod actions;
mod denied;
#[cfg(test)]
mod matrix;

use super::functions::Function::{Abuse, Admin, Noc, Tech};
use super::functions::Functions;

pub use actions::Action;
pub use denied::Denied;

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

impl Action {
    /// What it needs: the one table.
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

    /// True if what the account is above a network counts for it.
    fn with_parents(&self, is_held_by_customer: bool) -> bool {
        !self.parents_only_for_customers || is_held_by_customer
    }
}
