//! Tickets are withdrawn and closed, by their openers or by themselves, and removed.

use chrono::TimeDelta;

use super::super::authority::Action as Doing;
use super::super::error::RegistryError;
use super::super::reach::{Reader, require};
use super::deciding::{present, record};
use super::{Resolution, Ticket, TicketKind, TicketStatus, reach, take};
use crate::clock::Timestamp;
use crate::domain::audit::{Act, Action};
use crate::domain::mail::Outbox;
use crate::ids::AccountId;
use crate::store::registry::tickets::{self as rows, TicketRow};
use crate::store::{Db, StoreError};

/// A ticket that was decided closes by itself after this time.
const RESOLVED_LIFE: TimeDelta = TimeDelta::days(10);
/// Tickets that a round of housekeeping ends at most, of each kind.
const AT_ONCE: i64 = 500;

/// The opener takes a ticket back that was not decided.
///
/// # Errors
/// If there is none, the account did not open it, or it was decided.
pub fn withdraw(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    me: AccountId,
    number: &str,
) -> Result<Ticket, RegistryError> {
    let (row, ticket) = take(db, number)?;
    require(
        Doing::TicketWithdraw,
        &reach(db, Reader::changing(me), &ticket)?,
    )?;
    if !ticket.status.is_undecided() {
        return Err(RegistryError::Closed(format!(
            "Ticket {} was decided already: {}. It can no longer be withdrawn.",
            ticket.number,
            ticket.stands().to_lowercase()
        )));
    }
    closed(
        db,
        act,
        outbox,
        row,
        Some(Resolution::Withdrawn),
        Action::TicketWithdraw,
    )
}

/// The opener closes a ticket that was decided.
///
/// # Errors
/// If there is none, the account did not open it, or it is not decided, or closed.
pub fn close(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    me: AccountId,
    number: &str,
) -> Result<Ticket, RegistryError> {
    set_status(db, act, outbox, me, number, TicketStatus::Closed.code())
}

/// The same by the word for the status, as the wire format has it: only CLOSED, and only from RESOLVED.
///
/// # Errors
/// As [`close`], or if it is another word.
pub fn set_status(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    me: AccountId,
    number: &str,
    status: &str,
) -> Result<Ticket, RegistryError> {
    let (row, ticket) = take(db, number)?;
    require(
        Doing::TicketClose,
        &reach(db, Reader::changing(me), &ticket)?,
    )?;
    if status != TicketStatus::Closed.code() {
        return Err(RegistryError::BadRequest(
            "The only status that can be set is CLOSED.".to_owned(),
        ));
    }
    if ticket.status != TicketStatus::Resolved {
        return Err(RegistryError::BadRequest(format!(
            "Ticket {} is {}. Only a ticket that is RESOLVED can be closed.",
            ticket.number,
            ticket.status.code()
        )));
    }
    closed(db, act, outbox, row, None, Action::TicketClose)
}

fn closed(
    db: &mut Db,
    act: &Act,
    outbox: &Outbox,
    mut row: TicketRow,
    resolution: Option<Resolution>,
    action: Action,
) -> Result<Ticket, RegistryError> {
    close_row(&mut row, act.now, resolution);
    rows::update(db, &row)?;
    let ticket = present(&row);
    outbox.tell_opener(db, act.now, &ticket, None)?;
    record(db, act, &ticket, action)?;
    Ok(ticket)
}

/// The opener says whether a report is kept beyond its time.
///
/// # Errors
/// If there is none, the account did not open it, or it is no report.
pub fn keep(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    number: &str,
    is_kept: bool,
) -> Result<Ticket, RegistryError> {
    let (mut row, ticket) = take(db, number)?;
    require(
        Doing::TicketClose,
        &reach(db, Reader::changing(me), &ticket)?,
    )?;
    if !ticket.kind.is_report() {
        return Err(RegistryError::BadRequest(
            "Only reports are removed after some time. Other tickets are kept anyway.".to_owned(),
        ));
    }
    row.is_kept = is_kept;
    row.updated_at = act.now;
    rows::update(db, &row)?;
    let ticket = present(&row);
    record(db, act, &ticket, Action::TicketKeep)?;
    Ok(ticket)
}

/// Ends the undecided requests to be linked to a contact that is about to be deleted, and is locked.
///
/// # Errors
/// If the database fails.
pub fn abandon_for_contact(
    db: &mut Db,
    now: Timestamp,
    outbox: &Outbox,
    contact: &str,
) -> Result<(), StoreError> {
    let waiting = TicketStatus::PendingReview.code();
    for number in rows::about_contact(db, contact, waiting)? {
        end_by_itself(db, now, outbox, &number, waiting, Resolution::Abandoned)?;
    }
    Ok(())
}

/// Ends the undecided tickets of an account that is closed.
///
/// # Errors
/// If the database fails.
pub fn withdraw_all(db: &mut Db, now: Timestamp, account_id: AccountId) -> Result<(), StoreError> {
    for number in rows::not_in_status(db, account_id, TicketStatus::Closed.code())? {
        let Some(mut row) = rows::lock(db, &number)? else {
            continue;
        };
        let is_undecided =
            TicketStatus::from_code(&row.status).is_some_and(TicketStatus::is_undecided);
        close_row(&mut row, now, is_undecided.then_some(Resolution::Withdrawn));
        rows::update(db, &row)?;
    }
    Ok(())
}

/// How long tickets live.
#[derive(Clone, Copy, Debug)]
pub struct TicketLives {
    /// A request to be linked waits so long for a decision.
    pub link_request: TimeDelta,
    /// A report is kept so long after it was closed.
    pub report: TimeDelta,
}

/// Closes what was decided some time ago, gives up requests that no one decides, and removes reports.
///
/// # Errors
/// If the database fails.
pub fn run(
    db: &mut Db,
    outbox: &Outbox,
    now: Timestamp,
    lives: TicketLives,
) -> Result<(), StoreError> {
    let resolved = TicketStatus::Resolved.code();
    for number in rows::resolved_before(db, resolved, now - RESOLVED_LIFE, AT_ONCE)? {
        let Some(mut row) = rows::lock(db, &number)?.filter(|row| row.status == resolved) else {
            continue;
        };
        close_row(&mut row, now, None);
        rows::update(db, &row)?;
        outbox.tell_opener(db, now, &present(&row), None)?;
    }
    let (kind, waiting) = (
        TicketKind::LinkRequest.code(),
        TicketStatus::PendingReview.code(),
    );
    for number in rows::opened_before(db, kind, waiting, now - lives.link_request, AT_ONCE)? {
        end_by_itself(db, now, outbox, &number, waiting, Resolution::Abandoned)?;
    }
    let reports = TicketKind::REPORTS.map(TicketKind::code);
    for number in rows::closed_before(db, &reports, now - lives.report, AT_ONCE)? {
        // Its file is removed when it is seen that nothing names it.
        rows::delete(db, &number)?;
    }
    Ok(())
}

fn end_by_itself(
    db: &mut Db,
    now: Timestamp,
    outbox: &Outbox,
    number: &str,
    status: &str,
    resolution: Resolution,
) -> Result<(), StoreError> {
    let Some(mut row) = rows::lock(db, number)?.filter(|row| row.status == status) else {
        return Ok(());
    };
    close_row(&mut row, now, Some(resolution));
    rows::update(db, &row)?;
    outbox.tell_opener(db, now, &present(&row), None)
}

/// What every end does to a ticket; `None` leaves how it was decided.
pub(super) fn close_row(row: &mut TicketRow, now: Timestamp, resolution: Option<Resolution>) {
    row.status = TicketStatus::Closed.code().to_owned();
    if let Some(resolution) = resolution {
        row.resolution = Some(resolution.code().to_owned());
    }
    row.once_key = None;
    row.try_at = None;
    row.updated_at = now;
    row.closed_at = Some(now);
}
