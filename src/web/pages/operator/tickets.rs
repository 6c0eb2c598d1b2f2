//! Operator > Tickets: what waits for operators, and one ticket: take it, approve or deny it.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::super::tickets::acts::DecisionForm;
use super::super::tickets::{MessageRow, asked, badge, message_row, refuse, subject};
use super::super::{PageResult, html, see_other};
use crate::domain::accounts::{self, Account};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::fields::OrganizationFields;
use crate::domain::registry::tickets::deciding::{self, Decider};
use crate::domain::registry::tickets::messages::{self, Message};
use crate::domain::registry::tickets::reading::{self, Wanted};
use crate::domain::registry::tickets::{Ticket, TicketKind, TicketStatus};
use crate::web::downloads::send;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::{RecentRegistryOperator, RegistryOperator};
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::grouped;

/// The address of the list.
const TICKETS: &str = "/operator/tickets";
/// Tickets that the list shows at most.
const MOST: i64 = 500;

#[derive(Template)]
#[template(path = "pages/operator/tickets.html")]
struct TicketsPage {
    layout: Layout,
    states: Vec<StateLink>,
    rows: Vec<Row>,
    zone: String,
}

/// A choice of the filter.
struct StateLink {
    href: String,
    label: &'static str,
    count: String,
    is_current: bool,
}

struct Row {
    number: String,
    what: &'static str,
    about: Option<String>,
    badge: Badge,
    assignee: Option<String>,
    opened: TimeView,
}

#[derive(Template)]
#[template(path = "pages/operator/ticket.html")]
struct TicketPage {
    layout: Layout,
    number: String,
    what: &'static str,
    about: Option<String>,
    badge: Badge,
    opener: Option<(String, String)>,
    assignee: Option<String>,
    opened: TimeView,
    resolved: Option<TimeView>,
    closed: Option<TimeView>,
    /// What a request for an organization asks for: label and value.
    asked: Vec<(&'static str, String)>,
    messages: Vec<MessageRow>,
    reason: Field,
    summary: Option<Summary>,
    can_take: bool,
    can_decide: bool,
    meaning: &'static str,
    zone: String,
}

/// A ticket with what operators see of it.
struct Known {
    ticket: Ticket,
    opener: Option<Account>,
    asked: Option<OrganizationFields>,
    messages: Vec<Message>,
}

/// What to show.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct TicketsQuery {
    status: String,
}

/// Taking a ticket, or deciding.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct TicketForm {
    take: Option<String>,
    decision: String,
    reason: String,
}

/// The lists that operators choose from.
const LISTS: [(&str, &str, &[TicketStatus]); 4] = [
    (
        "",
        "Waiting",
        &[TicketStatus::PendingReview, TicketStatus::Assigned],
    ),
    ("resolved", "Resolved", &[TicketStatus::Resolved]),
    ("closed", "Closed", &[TicketStatus::Closed]),
    ("all", "All", &TicketStatus::ALL),
];

/// What operators have to do with; reports are prepared by themselves.
fn wanted(statuses: &[TicketStatus]) -> Wanted {
    Wanted {
        kinds: Some(vec![
            TicketKind::OrganizationRequest,
            TicketKind::RemovalRequest,
            TicketKind::LinkRequest,
        ]),
        statuses: Some(statuses.to_vec()),
    }
}

/// The list.
pub async fn get(me: RegistryOperator, query: web::Query<TicketsQuery>) -> PageResult {
    let RegistryOperator(me) = me;
    let chosen = (LISTS.iter().position(|(word, ..)| *word == query.status)).unwrap_or(0);
    let found: Result<_, RegistryError> = (me.visitor.state.pool)
        .read(move |db| {
            let mut counts = Vec::new();
            for (.., statuses) in LISTS {
                counts.push(reading::count(db, &wanted(statuses))?);
            }
            let (.., statuses) = LISTS[chosen];
            Ok((counts, reading::list_all(db, &wanted(statuses), MOST)?))
        })
        .await;
    let (counts, found) = found?;
    let times = times(&me.visitor, &me.account);
    let state =
        |(index, ((word, label, _), count)): (usize, (&(&'static str, &'static str, _), &i64))| {
            StateLink {
                href: format!("{TICKETS}?status={word}"),
                label,
                count: grouped(*count),
                is_current: index == chosen,
            }
        };
    let row = |ticket: &Ticket| Row {
        number: ticket.number.to_string(),
        what: ticket.kind.name(),
        about: subject(ticket),
        badge: badge(ticket),
        assignee: ticket.assignee.clone(),
        opened: times.log_time(ticket.created_at),
    };
    let page = TicketsPage {
        layout: Layout::new(&me.visitor, "Tickets", Nav::OperatorTickets),
        states: LISTS.iter().zip(&counts).enumerate().map(state).collect(),
        rows: found.iter().map(row).collect(),
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}

/// One ticket.
pub async fn get_one(me: RegistryOperator, number: web::Path<String>) -> PageResult {
    let RegistryOperator(me) = me;
    let known = known(&me, &number).await?;
    html(StatusCode::OK, &page(&me, &known))
}

/// A file that someone attached. Reports are for those who asked for them alone.
pub async fn get_file(
    req: HttpRequest,
    me: RegistryOperator,
    path: web::Path<(String, String, String)>,
) -> PageResult {
    let RegistryOperator(me) = me;
    let (number, message, attachment) = path.into_inner();
    let is_head = *req.method() == Method::HEAD;
    let (act, id) = (me.visitor.act.clone(), me.account.id);
    let found: Result<_, RegistryError> = (me.visitor.state.pool)
        .write(move |db| {
            let ticket = reading::named(db, &number)?;
            if ticket.kind.is_report() {
                let words = "The report is for who asked for it.".to_owned();
                return Err(RegistryError::NotFound(words));
            }
            let (found, file) = reading::attachment(db, &ticket, &message, &attachment)?;
            reading::hand_out(db, &act, id, &ticket, &found.file_name, is_head)?;
            Ok((found.file_name, file))
        })
        .await;
    let (name, file) = found?;
    Ok(send::attachment(&me.visitor.state, &file, &name, is_head))
}

/// Takes or decides it.
pub async fn post(
    me: RecentRegistryOperator,
    number: web::Path<String>,
    form: Form<TicketForm>,
) -> PageResult {
    let RecentRegistryOperator(me) = me;
    let mut page = page(&me, &known(&me, &number).await?);
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            page.reason = Field::with(stale.into_kept().reason);
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let (act, outbox, named) = (
        me.visitor.act.clone(),
        me.visitor.state.outbox.clone(),
        number.clone(),
    );
    let pool = &me.visitor.state.pool;
    let (done, lead) = if form.take.is_some() {
        let id = me.account.id;
        let taken = pool
            .write(move |db| deciding::take_on(db, &act, &outbox, Some(id), &named))
            .await;
        (taken, "You took the ticket.")
    } else {
        let decision = DecisionForm::new(&form.decision, &form.reason).decision()?;
        let lead = match decision.approves {
            true => "You approved the request.",
            false => "You denied the request.",
        };
        let decided = pool
            .write(move |db| {
                deciding::decide(db, &act, &outbox, Decider::Operator, &named, &decision)
            })
            .await;
        (decided, lead)
    };
    match done {
        Ok(ticket) => {
            let text = match &ticket.organization {
                Some(handle) => format!("{handle} exists now."),
                None => String::new(),
            };
            me.visitor.leave_flash(Flash {
                lead: lead.to_owned(),
                text,
            })?;
            Ok(see_other(&format!("{TICKETS}/{}", ticket.number)))
        }
        Err(error) => {
            page.reason = Field::with(form.reason);
            not_done(page, error)
        }
    }
}

fn not_done(mut page: TicketPage, error: RegistryError) -> PageResult {
    let (status, words) = match &error {
        RegistryError::Invalid(problems) => {
            if refuse(&mut page.reason, "reason", problems) {
                let fields = [("reason", "Reason", &page.reason)];
                page.summary = Summary::listing("Nothing was decided.", &fields);
                page.layout.title = format!("Error: {}", page.layout.title);
                return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
            }
            // What was asked for is no longer acceptable, such as a contact that is gone.
            (StatusCode::CONFLICT, error.to_string())
        }
        RegistryError::Closed(_)
        | RegistryError::BadRequest(_)
        | RegistryError::Forbidden(_)
        | RegistryError::Conflict(_)
        | RegistryError::NotRemovable(..)
        | RegistryError::NotFound(_) => (StatusCode::CONFLICT, error.to_string()),
        RegistryError::Denied(_)
        | RegistryError::Stale
        | RegistryError::Throttled(_)
        | RegistryError::Store(_) => return Err(error.into()),
    };
    page.summary = Some(Summary::of("Nothing was changed.", words));
    html(status, &page)
}

async fn known(me: &CurrentAccount, number: &str) -> Result<Known, PageError> {
    let number = number.to_owned();
    let found: Result<_, RegistryError> = (me.visitor.state.pool)
        .read(move |db| {
            let ticket = reading::named(db, &number)?;
            let opener = match ticket.opener {
                Some(opener) => accounts::find(db, opener)?,
                None => None,
            };
            Ok(Known {
                asked: deciding::requested(db, &ticket)?,
                messages: messages::list(db, &ticket.number)?,
                opener,
                ticket,
            })
        })
        .await;
    Ok(found?)
}

fn page(me: &CurrentAccount, known: &Known) -> TicketPage {
    let ticket = &known.ticket;
    let times = times(&me.visitor, &me.account);
    let title = format!("Ticket {}", ticket.number);
    let is_undecided = ticket.status.is_undecided();
    TicketPage {
        layout: Layout::new(&me.visitor, title.as_str(), Nav::OperatorTickets)
            .with_crumbs(&[("Tickets", TICKETS)], &title),
        number: ticket.number.to_string(),
        what: ticket.kind.name(),
        about: subject(ticket),
        badge: badge(ticket),
        opener: (known.opener.as_ref()).map(|opener| {
            let name = format!("{} ({})", opener.name, opener.email);
            (opener.id.to_string(), name)
        }),
        assignee: ticket.assignee.clone(),
        opened: times.log_time(ticket.created_at),
        resolved: ticket.resolved_at.map(|at| times.log_time(at)),
        closed: ticket.closed_at.map(|at| times.log_time(at)),
        asked: known.asked.as_ref().map(asked).unwrap_or_default(),
        messages: (known.messages.iter())
            .map(|message| message_row(message, &times))
            .collect(),
        reason: Field::default(),
        summary: None,
        can_take: ticket.kind.is_for_operators() && is_undecided,
        can_decide: !ticket.kind.is_report() && is_undecided,
        meaning: match ticket.kind {
            TicketKind::OrganizationRequest => {
                "Once approved, the organization exists, and its contacts can act for it. It is checked again first."
            }
            TicketKind::RemovalRequest => {
                "Once approved, this network and all networks under it are removed at once. Customers stay."
            }
            TicketKind::LinkRequest => {
                "Those who are linked to the contact can decide as well. The first decision stands."
            }
            TicketKind::AssociationsReport | TicketKind::ReassignmentReport => "",
        },
        zone: times.zone_name(),
    }
}
