//! Who may read which tickets, and what is on them.

use super::super::authority::Action as Doing;
use super::super::error::RegistryError;
use super::super::handles::Handle;
use super::super::reach::{Reader, require};
use super::messages::{self, Attachment, Message};
use super::opening::check_reassignments;
use super::{Ticket, TicketKind, TicketStatus, find, reach, rows, unknown};
use crate::domain::audit::Act;
use crate::domain::reports;
use crate::domain::reports::files::{self, StoredFile};
use crate::domain::security::throttles;
use crate::ids::AccountId;
use crate::store::registry::tickets::TicketFilter;
use crate::store::{Db, StoreError};

/// Tickets that a list shows at most.
pub const MOST: i64 = 1_000;

/// Which tickets are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of these types; `None` for all.
    pub kinds: Option<Vec<TicketKind>>,
    /// In these states; `None` for all.
    pub statuses: Option<Vec<TicketStatus>>,
}

impl Wanted {
    /// `None` if nothing can fit.
    fn filter(&self) -> Option<TicketFilter> {
        let kinds: Vec<&str> = (self.kinds.iter().flatten())
            .map(|kind| kind.code())
            .collect();
        let statuses: Vec<&str> = (self.statuses.iter().flatten())
            .map(|status| status.code())
            .collect();
        let is_nothing = self.kinds.is_some() && kinds.is_empty()
            || self.statuses.is_some() && statuses.is_empty();
        (!is_nothing).then_some(TicketFilter { kinds, statuses })
    }
}

/// The ticket that a path names, whoever may read it.
///
/// # Errors
/// If there is none.
pub fn named(db: &mut Db, number: &str) -> Result<Ticket, RegistryError> {
    let handle: Handle = number.parse().map_err(|_malformed| unknown(number))?;
    find(db, &handle)?.ok_or_else(|| unknown(number))
}

/// Whether an account may read a ticket.
///
/// # Errors
/// If it may not.
pub fn check_view(db: &mut Db, me: AccountId, ticket: &Ticket) -> Result<(), RegistryError> {
    require(Doing::TicketView, &reach(db, Reader::looking(me), ticket)?)
}

/// A ticket that an account may read.
///
/// # Errors
/// If there is none, or it may not.
pub fn view(db: &mut Db, me: AccountId, number: &str) -> Result<Ticket, RegistryError> {
    let ticket = named(db, number)?;
    check_view(db, me, &ticket)?;
    Ok(ticket)
}

/// The tickets that an account may read, the newest first: its own, and those that it may decide.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, me: AccountId, wanted: &Wanted) -> Result<Vec<Ticket>, StoreError> {
    let Some(filter) = wanted.filter() else {
        return Ok(Vec::new());
    };
    let found = rows::list_for_account(db, me, &filter, MOST)?;
    Ok(found.iter().filter_map(Ticket::from_row).collect())
}

/// Everyone's tickets, for operators: the newest first.
///
/// # Errors
/// If the database fails.
pub fn list_all(db: &mut Db, wanted: &Wanted, limit: i64) -> Result<Vec<Ticket>, StoreError> {
    let Some(filter) = wanted.filter() else {
        return Ok(Vec::new());
    };
    let found = rows::list(db, &filter, limit)?;
    Ok(found.iter().filter_map(Ticket::from_row).collect())
}

/// How many tickets there are of these.
///
/// # Errors
/// If the database fails.
pub fn count(db: &mut Db, wanted: &Wanted) -> Result<i64, StoreError> {
    match wanted.filter() {
        Some(filter) => rows::count(db, &filter),
        None => Ok(0),
    }
}

/// A message of a ticket.
///
/// # Errors
/// If there is none with this number.
pub fn message(db: &mut Db, ticket: &Ticket, number: &str) -> Result<Message, RegistryError> {
    let messages = messages::list(db, &ticket.number)?;
    let found = (number.parse().ok()).and_then(|number: i64| {
        messages
            .into_iter()
            .find(|message| message.number == number)
    });
    found.ok_or_else(|| {
        RegistryError::NotFound(format!("Ticket {} has no such message.", ticket.number))
    })
}

/// A file of a message.
///
/// # Errors
/// If there is none with this number.
pub fn attachment(
    db: &mut Db,
    ticket: &Ticket,
    message_number: &str,
    number: &str,
) -> Result<(Attachment, StoredFile), RegistryError> {
    let message = message(db, ticket, message_number)?;
    let found = (number.parse().ok()).and_then(|number: i64| {
        (message.attachments.into_iter()).find(|attachment| attachment.number == number)
    });
    let unknown = || {
        RegistryError::NotFound(format!(
            "This message of ticket {} has no such attachment.",
            ticket.number
        ))
    };
    let attachment = found.ok_or_else(unknown)?;
    let file = files::find(db, attachment.file_id)?.ok_or_else(unknown)?;
    Ok((attachment, file))
}

/// Whether an account may have the bytes on a ticket that it may read. Whoever lost the authority for a report since it
/// was prepared does not get it any more.
///
/// # Errors
/// If it may not.
pub fn check_bytes(db: &mut Db, me: AccountId, ticket: &Ticket) -> Result<(), RegistryError> {
    match (ticket.kind, &ticket.network) {
        (TicketKind::ReassignmentReport, Some(network)) => {
            check_reassignments(db, Reader::looking(me), network)
        }
        _ => Ok(()),
    }
}

/// The bytes of an attachment are about to be sent: that counts as a download and is written down, unless only their
/// headers are asked for.
///
/// # Errors
/// If there were too many downloads, or the database fails; nothing may be sent then.
pub fn hand_out(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    ticket: &Ticket,
    file_name: &str,
    is_head: bool,
) -> Result<(), RegistryError> {
    if !is_head {
        throttles::take_download(db, act.now, me)??;
        record_download(db, act, me, ticket, file_name)?;
    }
    Ok(())
}

/// Writes down that the bytes of an attachment are about to be sent.
///
/// # Errors
/// If the database fails; nothing may be sent then.
pub fn record_download(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    ticket: &Ticket,
    file_name: &str,
) -> Result<(), StoreError> {
    let target = format!("ticket {} {file_name}", ticket.number);
    reports::record_download(db, act, me, &target)
}
