//! One ticket: how it stands, what was said, and what the account may do.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{
    LIST, MessageRow, PageResult, asked, badge, html, message_row, refuse, see_other, subject,
};
use crate::domain::accounts::{self, Account};
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::fields::{MessageFields, OrganizationFields};
use crate::domain::registry::tickets::messages::{self, Message};
use crate::domain::registry::tickets::{Ticket, TicketStatus, deciding, reading};
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::Registrant;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};

#[derive(Template)]
#[template(path = "pages/tickets/detail.html")]
pub(super) struct DetailPage {
    pub(super) layout: Layout,
    number: String,
    what: &'static str,
    about: Option<String>,
    /// The organization that is asked for, as label and value.
    asked: Vec<(&'static str, String)>,
    badge: Badge,
    /// Who opened it, if another account did.
    opener: Option<String>,
    assignee: Option<String>,
    opened: TimeView,
    updated: TimeView,
    resolved: Option<TimeView>,
    closed: Option<TimeView>,
    /// Where the files of the messages are.
    files_at: String,
    messages: Vec<MessageRow>,
    pub(super) subject: Field,
    pub(super) text: Field,
    pub(super) reason: Field,
    pub(super) summary: Option<Summary>,
    takes_messages: bool,
    pub(super) can_decide: bool,
    can_withdraw: bool,
    can_close: bool,
    can_keep: bool,
    is_kept: bool,
    is_preparing: bool,
    zone: String,
}

/// A ticket with what the account may do.
pub(super) struct Known {
    pub(super) ticket: Ticket,
    messages: Vec<Message>,
    opener: Option<Account>,
    asked: Option<OrganizationFields>,
    may_decide: bool,
}

/// A message.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct MessageForm {
    subject: String,
    text: String,
}

/// The page.
pub async fn get(Registrant(me): Registrant, number: web::Path<String>) -> PageResult {
    let known = known(&me, &number).await?;
    html(StatusCode::OK, &page(&me, &known))
}

/// Adds a message.
pub async fn post(
    Registrant(me): Registrant,
    number: web::Path<String>,
    form: Form<MessageForm>,
) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = with_message(&me, &number, &stale.into_kept()).await?;
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let filled = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
    let fields = MessageFields {
        subject: filled(&form.subject),
        text: form.text.lines().map(str::to_owned).collect(),
        ..MessageFields::default()
    };
    let (act, id, named) = (me.visitor.act.clone(), me.account.id, number.clone());
    let added = (me.visitor.state.pool)
        .write(move |db| messages::add(db, &act, id, &named, &fields))
        .await;
    match added {
        Ok(_) => done(&me, &number, "Your message was added.", ""),
        Err(RegistryError::Invalid(problems)) => {
            refused(with_message(&me, &number, &form).await?, &problems)
        }
        Err(error) => conflict(&me, &number, error).await,
    }
}

fn refused(mut page: DetailPage, problems: &[Problem]) -> PageResult {
    refuse(&mut page.subject, "subject", problems);
    refuse(&mut page.text, "text", problems);
    let fields = [
        ("subject", "Subject", &page.subject),
        ("text", "Text", &page.text),
    ];
    page.summary = Summary::listing("Your message was not added.", &fields);
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn with_message(
    me: &CurrentAccount,
    number: &str,
    form: &MessageForm,
) -> Result<DetailPage, PageError> {
    let mut page = page(me, &known(me, number).await?);
    page.subject = Field::with(form.subject.clone());
    page.text = Field::with(form.text.clone());
    Ok(page)
}

/// The page again, with a message for the next one.
pub(super) fn done(me: &CurrentAccount, number: &str, lead: &str, text: &str) -> PageResult {
    me.visitor.leave_flash(Flash {
        lead: lead.to_owned(),
        text: text.to_owned(),
    })?;
    Ok(see_other(&format!("{LIST}/{number}")))
}

/// The page as the answer to something that cannot be done as the ticket stands.
pub(super) async fn conflict(
    me: &CurrentAccount,
    number: &str,
    error: RegistryError,
) -> Result<HttpResponse, PageError> {
    let words = match &error {
        RegistryError::Closed(words)
        | RegistryError::BadRequest(words)
        | RegistryError::Forbidden(words) => words.clone(),
        _ => return Err(error.into()),
    };
    let mut page = page(me, &known(me, number).await?);
    page.summary = Some(Summary::of("Nothing was changed.", words));
    html(StatusCode::CONFLICT, &page)
}

/// The ticket that a path names, if the account may read it. All others are as good as not there.
pub(super) async fn known(me: &CurrentAccount, number: &str) -> Result<Known, PageError> {
    let (id, number) = (me.account.id, number.to_owned());
    let found: Result<_, RegistryError> = (me.visitor.state.pool)
        .read(move |db| {
            let ticket = reading::view(db, id, &number)?;
            let opener = match ticket.opener.filter(|opener| *opener != id) {
                Some(opener) => accounts::find(db, opener)?,
                None => None,
            };
            Ok(Known {
                messages: messages::list(db, &ticket.number)?,
                may_decide: deciding::may_decide(db, id, &ticket)?.is_ok(),
                asked: deciding::requested(db, &ticket)?,
                opener,
                ticket,
            })
        })
        .await;
    Ok(found?)
}

pub(super) fn page(me: &CurrentAccount, known: &Known) -> DetailPage {
    let ticket = &known.ticket;
    let times = times(&me.visitor, &me.account);
    let is_mine = ticket.opener == Some(me.account.id);
    let is_undecided = ticket.status.is_undecided();
    let is_report = ticket.kind.is_report();
    let title = format!("Ticket {}", ticket.number);
    DetailPage {
        layout: Layout::new(&me.visitor, title.as_str(), Nav::Tickets)
            .with_crumbs(&[("Tickets", LIST)], &title),
        number: ticket.number.to_string(),
        what: ticket.kind.name(),
        about: subject(ticket),
        asked: known.asked.as_ref().map(asked).unwrap_or_default(),
        badge: badge(ticket),
        opener: (known.opener.as_ref())
            .map(|account| format!("{} ({})", account.name, account.email)),
        assignee: ticket.assignee.clone(),
        opened: times.log_time(ticket.created_at),
        updated: times.log_time(ticket.updated_at),
        resolved: ticket.resolved_at.map(|at| times.log_time(at)),
        closed: ticket.closed_at.map(|at| times.log_time(at)),
        files_at: format!("{LIST}/{}/files", ticket.number),
        messages: (known.messages.iter())
            .map(|message| message_row(message, &times))
            .collect(),
        subject: Field::default(),
        text: Field::default(),
        reason: Field::default(),
        summary: None,
        takes_messages: ticket.status != TicketStatus::Closed && !is_report,
        can_decide: known.may_decide && is_undecided,
        can_withdraw: is_mine && is_undecided,
        can_close: is_mine && ticket.status == TicketStatus::Resolved,
        can_keep: is_mine && is_report && ticket.status == TicketStatus::Closed,
        is_kept: ticket.is_kept,
        is_preparing: ticket.status == TicketStatus::InProgress,
        zone: times.zone_name(),
    }
}
