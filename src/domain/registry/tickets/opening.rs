//! Opens tickets.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::super::authority::{Action as Doing, Reach};
use super::super::error::RegistryError;
use super::super::fields::OrganizationFields;
use super::super::handles::{self, Handle};
use super::super::links;
use super::super::networks::NetworkKind;
use super::super::organizations;
use super::super::reach::{Reader, require};
use super::deciding::present;
use super::{Ticket, TicketKind, TicketStatus};
use crate::crypto::digest::sha256;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::security::throttles;
use crate::ids::AccountId;
use crate::store::registry::networks;
use crate::store::registry::tickets::{self as rows, TicketRow};
use crate::store::{Db, StoreError, accounts};

/// A report that is asked for again within this time is the same, unless links have changed.
const SAME_REPORT: TimeDelta = TimeDelta::seconds(60);

/// Which report is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportRequest {
    /// What the links of the account reach.
    Associations,
    /// What was cut out of this network.
    Reassignments(Handle),
}

/// What a report was asked for with.
#[derive(Debug, Serialize, Deserialize)]
struct AskedWith {
    /// Of the links that the account had.
    links: String,
}

/// Asks for an organization. Operators decide; it is checked again then.
///
/// # Errors
/// If the fields cannot be accepted.
pub fn open_organization_request(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    fields: &OrganizationFields,
) -> Result<Ticket, RegistryError> {
    require(Doing::OrganizationCreate, &Reach::default())?;
    organizations::check_new(db, fields)?;
    let request = serde_json::to_string(fields).expect("fields are plain data");
    let row = TicketRow {
        request: Some(request),
        ..new_row(db, act, me, TicketKind::OrganizationRequest)?
    };
    open(db, act, me, row)
}

/// Asks for the removal of a network that has networks under it. The caller has locked it and checked the authority. While such a
/// ticket of the account is undecided, it is the same one.
///
/// # Errors
/// If the database fails.
pub fn open_removal_request(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    network: &Handle,
) -> Result<Ticket, RegistryError> {
    // The network is locked, so of two at once the second one finds the ticket of the first.
    let once_key = format!("{} {me} {network}", TicketKind::RemovalRequest.code());
    if let Some(ticket) = once(db, &once_key)? {
        return Ok(ticket);
    }
    let row = TicketRow {
        network: Some(network.to_string()),
        once_key: Some(once_key),
        ..new_row(db, act, me, TicketKind::RemovalRequest)?
    };
    open(db, act, me, row)
}

/// Asks to be linked to a role that others are linked to, who decide. While such a ticket of the account is undecided, it is
/// the same one; true if it was opened now.
///
/// # Errors
/// If the database fails.
pub fn open_link_request(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    contact: &Handle,
) -> Result<(Ticket, bool), RegistryError> {
    // Of two at once, the second one waits here, and then finds the ticket of the first.
    accounts::lock(db, me)?;
    let once_key = format!("{} {me} {contact}", TicketKind::LinkRequest.code());
    if let Some(ticket) = once(db, &once_key)? {
        return Ok((ticket, false));
    }
    let row = TicketRow {
        contact: Some(contact.to_string()),
        once_key: Some(once_key),
        ..new_row(db, act, me, TicketKind::LinkRequest)?
    };
    Ok((open(db, act, me, row)?, true))
}

/// Asks for a report. While the same one is being prepared, or for a minute if the links of the account are as they were,
/// it is the same ticket: programs repeat GETs. `wants_mail` asks for a mail when it is ready.
///
/// # Errors
/// If there is no such network, the account lacks the authority, nothing can be cut from the network, or there were too many.
pub fn open_report_request(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    report: &ReportRequest,
    wants_mail: bool,
) -> Result<Ticket, RegistryError> {
    accounts::lock(db, me)?;
    let (kind, network) = match report {
        ReportRequest::Associations => (TicketKind::AssociationsReport, None),
        ReportRequest::Reassignments(network) => {
            check_reassignments(db, Reader::changing(me), network)?;
            (TicketKind::ReassignmentReport, Some(network))
        }
    };
    throttles::take_report_request(db, act.now, me)??;
    let asked_with = AskedWith {
        links: digest_of_links(db, me)?,
    };
    let about = network.map(|network| format!(" {network}"));
    let once_key = format!("{} {me}{}", kind.code(), about.unwrap_or_default());
    if let Some(mut same) = rows::find_once(db, &once_key)? {
        if is_same(&same, act, &asked_with) {
            if wants_mail && !same.wants_mail {
                same.wants_mail = true;
                rows::update(db, &same)?;
            }
            return Ok(present(&same));
        }
        same.once_key = None;
        rows::update(db, &same)?;
    }
    let row = TicketRow {
        status: TicketStatus::InProgress.code().to_owned(),
        network: network.map(ToString::to_string),
        request: Some(serde_json::to_string(&asked_with).expect("plain data")),
        once_key: Some(once_key),
        wants_mail,
        try_at: Some(act.now),
        ..new_row(db, act, me, kind)?
    };
    open(db, act, me, row)
}

/// # Errors
/// If the report of this network may not be had, by anyone or by this account.
pub(super) fn check_reassignments(
    db: &mut Db,
    reader: Reader,
    network: &Handle,
) -> Result<(), RegistryError> {
    let Some(row) = networks::find(db, network.as_str())? else {
        return Err(RegistryError::NotFound(format!(
            "There is no network {network}."
        )));
    };
    let reach = reader.on_network(db, &row)?;
    require(Doing::ReassignmentReport, &reach)?;
    let rule = NetworkKind::from_code(&row.kind)
        .and_then(|kind| kind.rules_out(Doing::ReassignmentReport, network.as_str()));
    rule.map_or(Ok(()), |words| Err(RegistryError::BadRequest(words)))
}

fn is_same(ticket: &TicketRow, act: &Act, asked_with: &AskedWith) -> bool {
    if ticket.status != TicketStatus::Closed.code() {
        return true;
    }
    let before = (ticket.request.as_deref())
        .and_then(|request| serde_json::from_str::<AskedWith>(request).ok());
    act.now - ticket.created_at < SAME_REPORT
        && before.is_some_and(|before| before.links == asked_with.links)
}

/// Of the links of an account as they are: it changes with each that is made or ended.
fn digest_of_links(db: &mut Db, me: AccountId) -> Result<String, StoreError> {
    let links = links::list_for_account(db, me)?;
    let words: Vec<String> = (links.iter())
        .map(|link| format!("{} {}", link.contact, link.linked_at.as_millis()))
        .collect();
    let digest = sha256(words.join("\n").as_bytes());
    Ok(digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// The ticket with this key; whoever ends a ticket takes its key away.
fn once(db: &mut Db, once_key: &str) -> Result<Option<Ticket>, StoreError> {
    let row = rows::find_once(db, once_key)?;
    Ok(row.as_ref().and_then(Ticket::from_row))
}

fn new_row(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    kind: TicketKind,
) -> Result<TicketRow, StoreError> {
    Ok(TicketRow {
        number: handles::next_ticket(db, act.now)?.to_string(),
        kind: kind.code().to_owned(),
        status: TicketStatus::PendingReview.code().to_owned(),
        resolution: None,
        account_id: Some(me),
        contact: None,
        network: None,
        organization: None,
        request: None,
        once_key: None,
        assignee_id: None,
        assignee: None,
        is_kept: false,
        wants_mail: false,
        tries: 0,
        try_at: None,
        created_at: act.now,
        updated_at: act.now,
        resolved_at: None,
        closed_at: None,
    })
}

fn open(db: &mut Db, act: &Act, me: AccountId, row: TicketRow) -> Result<Ticket, RegistryError> {
    rows::insert(db, &row)?;
    let ticket = present(&row);
    let number = Some(row.number.as_str());
    act.record(db, Some(me), Action::TicketOpen, number, Outcome::Done)?;
    Ok(ticket)
}
