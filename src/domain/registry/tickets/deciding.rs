//! Tickets are taken by operators, and decided.

use super::super::authority::{Action as Doing, Denied, Reach, decide as may};
use super::super::contacts::{self, Contact};
use super::super::error::RegistryError;
use super::super::fields::OrganizationFields;
use super::super::handles::Handle;
use super::super::networks;
use super::super::organizations;
use super::super::reach::{Reader, require};
use super::super::{checks, links};
use super::messages::{Category, NewMessage, append};
use super::notices::opener;
use super::{Resolution, Ticket, TicketKind, TicketStatus, find, reach, take, unknown};
use crate::domain::accounts::Account;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::mail::{Mail, MailedAccount, MailedContact, Outbox};
use crate::domain::text::is_hidden;
use crate::ids::AccountId;
use crate::store::registry::contacts as contact_rows;
use crate::store::registry::tickets::{self as rows, TicketRow};
use crate::store::{Db, StoreError, accounts};

const MAX_REASON_CHARS: usize = 2_000;

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// An account, which has to be linked to the contact.
    Linked(AccountId),
    /// An operator, on a page or with a shell on the server.
    Operator,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// True to do what was asked for.
    pub approves: bool,
    /// What is said to it; needed to deny.
    pub reason: String,
}

/// An operator takes a ticket that waits for a decision of operators, also one that another one has.
///
/// # Errors
/// If there is none, it is not for operators, or it was decided.
pub fn take_on(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    operator: Option<AccountId>,
    number: &str,
) -> Result<Ticket, RegistryError> {
    let (mut row, before) = take(db, number)?;
    if !before.kind.is_for_operators() {
        return Err(RegistryError::BadRequest(
            "Only requests for organizations and for the removal of networks are taken.".to_owned(),
        ));
    }
    check_undecided(&before)?;
    row.status = TicketStatus::Assigned.code().to_owned();
    row.assignee_id = operator;
    row.assignee = Some(act.actor.words());
    row.updated_at = act.now;
    rows::update(db, &row)?;
    let ticket = present(&row);
    if before.status != ticket.status {
        outbox.tell_opener(db, act.now, &ticket, None)?;
    }
    record(db, act, &ticket, Action::TicketTake)?;
    Ok(ticket)
}

/// Decides about a ticket. The first decision stands.
///
/// # Errors
/// If there is none, whoever decides may not, there is no reason, it was decided, or what was asked for cannot be done.
pub fn decide(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    by: Decider,
    number: &str,
    decision: &Decision,
) -> Result<Ticket, RegistryError> {
    let handle: Handle = number.parse().map_err(|_malformed| unknown(number))?;
    let known = find(db, &handle)?.ok_or_else(|| unknown(number))?;
    // Accounts are locked before all else, and a contact before the tickets about it: who deletes it does the same.
    if let Some(id) = known.opener {
        accounts::lock(db, id)?;
    }
    if let Some(contact) = &known.contact {
        contact_rows::lock(db, contact.as_str())?;
    }
    let (mut row, ticket) = take(db, number)?;
    check_may(db, by, &ticket)?;
    let reason = check_reason(decision)?;
    check_undecided(&ticket)?;
    end(&mut row, act, &ticket, decision);
    let effect = match decision.approves {
        true => approve(db, act, &mut row, &ticket)?,
        false => Effect::default(),
    };
    if let Some(reason) = reason {
        say(db, act, &ticket, decision, reason)?;
    }
    rows::update(db, &row)?;
    let ticket = present(&row);
    match &effect.contact {
        _ if ticket.kind != TicketKind::LinkRequest => {
            outbox.tell_opener(db, act.now, &ticket, reason)?;
        }
        contact => tell_linked(db, act, outbox, &ticket, contact.as_ref(), decision)?,
    }
    record(db, act, &ticket, Action::TicketDecide)?;
    if ticket.kind == TicketKind::LinkRequest {
        let contact = ticket.contact.as_ref().map(Handle::as_str);
        act.record(
            db,
            ticket.opener,
            Action::LinkDecide,
            contact,
            Outcome::Done,
        )?;
    }
    Ok(ticket)
}

/// What an approval came to.
#[derive(Default)]
struct Effect {
    /// The contact that the opener is linked to now.
    contact: Option<Contact>,
}

fn check_may(db: &mut Db, by: Decider, ticket: &Ticket) -> Result<(), RegistryError> {
    let Decider::Linked(me) = by else {
        return match ticket.kind.is_report() {
            true => Err(RegistryError::BadRequest(
                "keyport prepares reports by itself: there is nothing to decide.".to_owned(),
            )),
            false => Ok(()),
        };
    };
    require(
        Doing::LinkDecide,
        &decider_reach(db, Reader::changing(me), ticket)?,
    )
}

/// What an account's links give it for deciding: nothing on tickets that are operators' to decide.
fn decider_reach(db: &mut Db, reader: Reader, ticket: &Ticket) -> Result<Reach, StoreError> {
    match ticket.kind {
        TicketKind::LinkRequest => reach(db, reader, ticket),
        _ => Ok(Reach::default()),
    }
}

/// Whether an account may decide about a ticket as it stands.
///
/// # Errors
/// If the database fails; the inner error if it may not.
pub fn may_decide(
    db: &mut Db,
    me: AccountId,
    ticket: &Ticket,
) -> Result<Result<(), Denied>, StoreError> {
    let reach = decider_reach(db, Reader::looking(me), ticket)?;
    Ok(may(Doing::LinkDecide, &reach))
}

fn check_reason(decision: &Decision) -> Result<Option<&str>, RegistryError> {
    let reason = decision.reason.trim();
    let is_bad = |c: char| is_hidden(c) && c != '\n' && c != '\r';
    if reason.chars().count() > MAX_REASON_CHARS || reason.contains(is_bad) {
        return Err(RegistryError::invalid(
            "reason",
            format!("Use at most {MAX_REASON_CHARS} printable characters."),
        ));
    }
    match (reason.is_empty(), decision.approves) {
        (true, true) => Ok(None),
        (true, false) => Err(RegistryError::invalid(
            "reason",
            "Say why: who asked reads it.",
        )),
        (false, _) => Ok(Some(reason)),
    }
}

fn check_undecided(ticket: &Ticket) -> Result<(), RegistryError> {
    if ticket.status.is_undecided() {
        return Ok(());
    }
    Err(RegistryError::Closed(format!(
        "Ticket {} was decided already: {}. The first decision stands.",
        ticket.number,
        ticket.stands().to_lowercase()
    )))
}

/// What every decision does to the ticket.
fn end(row: &mut TicketRow, act: &Act, ticket: &Ticket, decision: &Decision) {
    let (resolution, is_closed) = match decision.approves {
        true => (Resolution::Accepted, ticket.kind == TicketKind::LinkRequest),
        false => (Resolution::Denied, ticket.kind == TicketKind::LinkRequest),
    };
    let status = match is_closed {
        true => TicketStatus::Closed,
        false => TicketStatus::Resolved,
    };
    row.status = status.code().to_owned();
    row.resolution = Some(resolution.code().to_owned());
    row.once_key = None;
    row.updated_at = act.now;
    row.resolved_at = Some(act.now);
    row.closed_at = is_closed.then_some(act.now);
}

/// Does what was asked for, which is checked again.
fn approve(
    db: &mut Db,
    act: &Act,
    row: &mut TicketRow,
    ticket: &Ticket,
) -> Result<Effect, RegistryError> {
    match (ticket.kind, &ticket.contact, &ticket.network) {
        (TicketKind::OrganizationRequest, ..) => {
            let fields = requested_organization(row)?;
            let new = checks::new_organization(&fields).map_err(RegistryError::Invalid)?;
            let made = organizations::create(db, act, ticket.opener, &new)?;
            row.organization = Some(made.handle.to_string());
            Ok(Effect::default())
        }
        (TicketKind::RemovalRequest, _, Some(network)) => {
            networks::remove_tree(db, act, network)?;
            Ok(Effect::default())
        }
        (TicketKind::LinkRequest, Some(contact), _) => {
            let account = opener(db, ticket)?.ok_or_else(|| {
                let words = "The account that asked was closed. Deny the request.";
                RegistryError::Closed(words.to_owned())
            })?;
            links::link(db, act, account.id, contact.as_str())?;
            Ok(Effect {
                contact: contacts::find(db, contact)?,
            })
        }
        _ => Err(RegistryError::BadRequest(
            "There is nothing to decide about this ticket.".to_owned(),
        )),
    }
}

/// What a request for an organization asks for, as it was sent.
///
/// # Errors
/// If it cannot be read.
fn requested_organization(row: &TicketRow) -> Result<OrganizationFields, RegistryError> {
    let text = row.request.as_deref().unwrap_or_default();
    serde_json::from_str(text).map_err(|error| {
        tracing::error!(ticket = row.number, %error, "what a ticket asks for cannot be read");
        RegistryError::BadRequest(
            "What this ticket asks for cannot be read any more. Deny it, and have it asked again."
                .to_owned(),
        )
    })
}

/// What a request for an organization asks for, for those who decide; `None` for other tickets.
///
/// # Errors
/// If the database fails.
pub fn requested(db: &mut Db, ticket: &Ticket) -> Result<Option<OrganizationFields>, StoreError> {
    if ticket.kind != TicketKind::OrganizationRequest {
        return Ok(None);
    }
    let row = rows::find(db, ticket.number.as_str())?;
    Ok(row.and_then(|row| requested_organization(&row).ok()))
}

fn say(
    db: &mut Db,
    act: &Act,
    ticket: &Ticket,
    decision: &Decision,
    reason: &str,
) -> Result<(), StoreError> {
    let lines: Vec<String> = reason.lines().map(str::to_owned).collect();
    let message = NewMessage {
        subject: match decision.approves {
            true => "Approved",
            false => "Denied",
        },
        text: &lines,
        category: Category::None,
        author: act.actor.words(),
        files: Vec::new(),
    };
    append(db, act.now, &ticket.number, message).map(drop)
}

/// Tells the contact's addresses, those who are linked to it, and who asked.
fn tell_linked(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    ticket: &Ticket,
    linked: Option<&Contact>,
    decision: &Decision,
) -> Result<(), StoreError> {
    let contact = match (linked, &ticket.contact) {
        (Some(contact), _) => Some(contact.clone()),
        (None, Some(handle)) => contacts::find(db, handle)?,
        (None, None) => None,
    };
    let asked = opener(db, ticket)?;
    let (Some(contact), Some(asked)) = (contact, asked) else {
        return Ok(());
    };
    let mail = decided_mail(act, ticket, &contact, &asked, decision);
    outbox.tell_contact(db, act, &contact, Some(&asked), &mail)
}

fn decided_mail(
    act: &Act,
    ticket: &Ticket,
    contact: &Contact,
    asked: &Account,
    decision: &Decision,
) -> Mail {
    let reason = decision.reason.trim();
    Mail::LinkDecided {
        contact: MailedContact::from(contact),
        account: MailedAccount::from(asked),
        ticket: ticket.number.to_string(),
        is_approved: decision.approves,
        by: act.actor.words(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
    }
}

/// A row of ours as a ticket.
pub(super) fn present(row: &TicketRow) -> Ticket {
    Ticket::from_row(row).expect("its words are ours")
}

/// Writes down what was done to a ticket, in the log of its opener.
pub(super) fn record(
    db: &mut Db,
    act: &Act,
    ticket: &Ticket,
    action: Action,
) -> Result<(), StoreError> {
    let number = Some(ticket.number.as_str());
    act.record(db, ticket.opener, action, number, Outcome::Done)
}
