//! Which file answers which call.

use super::path::Resource;
use super::{Call, RestResult, contacts, customers, networks, organizations, reports, tickets};

/// Answers a call whose key was accepted.
pub(super) async fn answer(call: Call) -> RestResult {
    match call.target.resource {
        Resource::Contacts
        | Resource::Contact(_)
        | Resource::Phones(_)
        | Resource::Phone(..)
        | Resource::Email(..) => contacts::answer(call).await,
        Resource::Organizations
        | Resource::Organization(_)
        | Resource::OrganizationContacts(_)
        | Resource::OrganizationContact(..) => organizations::answer(call).await,
        Resource::Network(_)
        | Resource::MostSpecificNetwork(..)
        | Resource::ParentNetwork(..)
        | Resource::NetworksInRange(..)
        | Resource::NetworkRemoval(_)
        | Resource::Reassignment(_)
        | Resource::Reallocation(_) => networks::answer(call).await,
        Resource::NetworkCustomers(_) | Resource::Customer(_) => customers::answer(call).await,
        Resource::Tickets
        | Resource::TicketSummaries
        | Resource::Ticket(_)
        | Resource::TicketSummary(_)
        | Resource::Messages(_)
        | Resource::Message(..)
        | Resource::Attachment(..)
        | Resource::TicketStatus(..) => tickets::answer(call).await,
        Resource::AssociationsReport | Resource::ReassignmentReport(_) => {
            reports::answer(call).await
        }
    }
}
