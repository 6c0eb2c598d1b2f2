//! The tickets of an account, the newest first.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{PageResult, badge, html, subject};
use crate::domain::registry::tickets::reading::{self, MOST, Wanted};
use crate::domain::registry::tickets::{Ticket, TicketKind, TicketStatus};
use crate::ids::AccountId;
use crate::store::StoreError;
use crate::web::extract::registrant::Registrant;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::Times;

#[derive(Template)]
#[template(path = "pages/tickets/list.html")]
struct ListPage {
    layout: Layout,
    kinds: Vec<Choice>,
    statuses: Vec<Choice>,
    is_filtered: bool,
    rows: Vec<Row>,
    /// True if there may be more than are shown.
    is_cut: bool,
    zone: String,
}

/// A choice of the filter.
struct Choice {
    word: &'static str,
    label: &'static str,
    is_chosen: bool,
}

struct Row {
    number: String,
    what: &'static str,
    about: Option<String>,
    badge: Badge,
    /// True if the account may decide it now.
    waits_for_me: bool,
    updated: TimeView,
}

/// What to show.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    r#type: String,
    status: String,
}

/// The page.
pub async fn get(Registrant(me): Registrant, query: web::Query<ListQuery>) -> PageResult {
    let (kind, status) = (
        TicketKind::from_code(&query.r#type),
        TicketStatus::from_code(&query.status),
    );
    let is_open = query.status == OPEN;
    let wanted = Wanted {
        kinds: kind.map(|kind| vec![kind]),
        statuses: match (is_open, status) {
            (true, _) => Some(TicketStatus::OPEN.to_vec()),
            (false, status) => status.map(|status| vec![status]),
        },
    };
    let id = me.account.id;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| reading::list(db, id, &wanted))
        .await;
    let found = found?;
    let times = times(&me.visitor, &me.account);
    let page = ListPage {
        layout: Layout::new(&me.visitor, "Tickets", Nav::Tickets),
        kinds: kinds(kind),
        statuses: statuses(is_open, status),
        is_filtered: kind.is_some() || is_open || status.is_some(),
        is_cut: i64::try_from(found.len()).is_ok_and(|count| count >= MOST),
        rows: found.iter().map(|ticket| row(ticket, id, &times)).collect(),
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}

const OPEN: &str = "ANY_OPEN";

fn row(ticket: &Ticket, me: AccountId, times: &Times) -> Row {
    Row {
        number: ticket.number.to_string(),
        what: ticket.kind.name(),
        about: subject(ticket),
        badge: badge(ticket),
        // Others' tickets are here only if they ask for a link to a contact of this account.
        waits_for_me: ticket.opener != Some(me) && ticket.status.is_undecided(),
        updated: times.ago(ticket.updated_at),
    }
}

fn kinds(chosen: Option<TicketKind>) -> Vec<Choice> {
    let all = Choice {
        word: "",
        label: "All",
        is_chosen: chosen.is_none(),
    };
    let choice = |kind: TicketKind| Choice {
        word: kind.code(),
        label: kind.name(),
        is_chosen: chosen == Some(kind),
    };
    std::iter::once(all)
        .chain(TicketKind::ALL.map(choice))
        .collect()
}

fn statuses(is_open: bool, chosen: Option<TicketStatus>) -> Vec<Choice> {
    let first = [
        Choice {
            word: "",
            label: "All",
            is_chosen: !is_open && chosen.is_none(),
        },
        Choice {
            word: OPEN,
            label: "Open",
            is_chosen: is_open,
        },
    ];
    let choice = |status: TicketStatus| Choice {
        word: status.code(),
        label: status.name(),
        is_chosen: !is_open && chosen == Some(status),
    };
    first
        .into_iter()
        .chain(TicketStatus::ALL.map(choice))
        .collect()
}
