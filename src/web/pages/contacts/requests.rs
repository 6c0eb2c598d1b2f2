//! The card "Requests to link" on Settings > Contacts: what the account asked for, and what waits for its decision.

use crate::domain::registry::error::RegistryError;
use crate::domain::registry::links::requests::{self, OpenRequest};
use crate::domain::registry::tickets::reading::{self, Wanted};
use crate::domain::registry::tickets::{Ticket, TicketKind, TicketStatus};
use crate::web::error::PageError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::times;
use crate::web::markup::TimeView;

/// A request as the card shows it; for `partials/link_requests.html`.
pub(super) struct RequestRow {
    /// To be linked to which contact.
    pub(super) contact: String,
    /// What it waits for.
    pub(super) state: String,
    /// Since when.
    pub(super) since: TimeView,
    /// The ticket that it is decided on, if there is one.
    pub(super) ticket: Option<String>,
    /// True if the account asked, and may withdraw it.
    pub(super) is_mine: bool,
}

/// The rows of the card, the newest first.
///
/// # Errors
/// If the database fails.
pub(super) async fn rows(me: &CurrentAccount) -> Result<Vec<RequestRow>, PageError> {
    let (id, now) = (me.account.id, me.visitor.now);
    let wanted = Wanted {
        kinds: Some(vec![TicketKind::LinkRequest]),
        statuses: Some(TicketStatus::OPEN.to_vec()),
    };
    let found: Result<_, RegistryError> = (me.visitor.state.pool)
        .read(move |db| {
            let tickets = reading::list(db, id, &wanted)?;
            Ok((tickets, requests::list_open(db, id, now)?))
        })
        .await;
    let (tickets, mailed) = found?;
    let times = times(&me.visitor, &me.account);
    let of_ticket = |ticket: &Ticket| {
        let is_mine = ticket.opener == Some(id);
        let state = match is_mine {
            true => "Waits for those who are linked",
            false => "Waits for your decision",
        };
        Some(RequestRow {
            contact: ticket.contact.as_ref()?.to_string(),
            state: state.to_owned(),
            since: times.date(ticket.created_at),
            ticket: Some(ticket.number.to_string()),
            is_mine,
        })
    };
    let of_mail = |request: &OpenRequest| RequestRow {
        contact: request.contact.to_string(),
        state: "A link was mailed to its addresses".to_owned(),
        since: times.date(request.created_at),
        ticket: None,
        is_mine: true,
    };
    Ok((tickets.iter().filter_map(of_ticket))
        .chain(mailed.iter().map(of_mail))
        .collect())
}
