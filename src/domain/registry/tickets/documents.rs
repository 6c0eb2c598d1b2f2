//! Tickets as programs read them: what the scopes of a key cover, with messages and files.

use super::messages::{self, Message};
use super::reading::{self, Wanted, check_bytes, check_view, named, record_download};
use super::{Ticket, TicketKind};
use crate::domain::audit::Act;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::handles::Handle;
use crate::domain::reports::files::{self, ReadFileError};
use crate::domain::security::throttles;
use crate::ids::AccountId;
use crate::store::{Db, StoreError};

/// Bytes of files that a document can hold.
const MAX_BYTES: i64 = 1 << 20;

/// Who reads, and which tickets the key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The account.
    pub me: AccountId,
    /// True if the key covers reports.
    pub reports: bool,
    /// True if it covers all other tickets.
    pub others: bool,
    /// True if nothing is sent but headers.
    pub is_head: bool,
}

impl Reading {
    /// True if the key is for tickets of this kind.
    fn covers(self, kind: TicketKind) -> bool {
        match kind.is_report() {
            true => self.reports,
            false => self.others,
        }
    }
}

/// Which tickets are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The one with this number. Who may not have a file of it gets nothing.
    One(String),
    /// Those that fit. Files that the account may not have are only referred to.
    Search(Wanted),
}

/// Why tickets were not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadTicketError {
    /// The key is not for tickets of this kind.
    #[error("the key does not cover the ticket")]
    NotCovered(TicketKind),
    /// The files are larger than a document can be.
    #[error("the attachments are too large together")]
    TooLarge,
    /// Anything else.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl From<StoreError> for ReadTicketError {
    fn from(error: StoreError) -> Self {
        Self::Registry(error.into())
    }
}

/// A message with the bytes of each of its files, if they are sent with it.
pub type FilledMessage = (Message, Vec<Option<Vec<u8>>>);

/// A ticket with its messages.
pub type FilledTicket = (Ticket, Vec<FilledMessage>);

/// A ticket that the account may read, with a key that covers its type: it exists, scope, authority, in this order.
///
/// # Errors
/// If one of them fails.
pub fn readable(db: &mut Db, reading: Reading, number: &str) -> Result<Ticket, ReadTicketError> {
    // A key that could read no ticket learns nothing of their numbers.
    if !reading.reports && !reading.others {
        return Err(ReadTicketError::NotCovered(TicketKind::OrganizationRequest));
    }
    let ticket = named(db, number)?;
    if !reading.covers(ticket.kind) {
        return Err(ReadTicketError::NotCovered(ticket.kind));
    }
    check_view(db, reading.me, &ticket)?;
    Ok(ticket)
}

/// The tickets that are wished for, without their messages.
///
/// # Errors
/// As [`readable`].
pub fn select(db: &mut Db, reading: Reading, wish: &Wish) -> Result<Vec<Ticket>, ReadTicketError> {
    match wish {
        Wish::One(number) => Ok(vec![readable(db, reading, number)?]),
        Wish::Search(wanted) => {
            let mut tickets = reading::list(db, reading.me, wanted)?;
            tickets.retain(|ticket| reading.covers(ticket.kind));
            Ok(tickets)
        }
    }
}

/// The same with their messages; files without their bytes.
///
/// # Errors
/// As [`readable`].
pub fn without_files(
    db: &mut Db,
    reading: Reading,
    wish: &Wish,
) -> Result<Vec<FilledTicket>, ReadTicketError> {
    let tickets = select(db, reading, wish)?;
    let numbers: Vec<Handle> = tickets.iter().map(|ticket| ticket.number.clone()).collect();
    let mut found = messages::list_for(db, &numbers)?;
    let mut filled = Vec::new();
    for ticket in tickets {
        let messages = found.remove(ticket.number.as_str()).unwrap_or_default();
        let empty = |message: Message| {
            let files = vec![None; message.attachments.len()];
            (message, files)
        };
        filled.push((ticket, messages.into_iter().map(empty).collect()));
    }
    Ok(filled)
}

/// The same with the bytes of the files, which count as downloads and are written down.
///
/// # Errors
/// As [`readable`], if the files are too large together, there were too many downloads, or a file may not be had.
pub fn with_files(
    db: &mut Db,
    act: &Act,
    reading: Reading,
    wish: &Wish,
) -> Result<Vec<FilledTicket>, ReadTicketError> {
    let mut filled = without_files(db, reading, wish)?;
    let sizes = (filled.iter().flat_map(|(_, messages)| messages))
        .flat_map(|(message, _)| &message.attachments)
        .map(|attachment| attachment.size);
    if sizes.sum::<i64>() > MAX_BYTES {
        return Err(ReadTicketError::TooLarge);
    }
    if !reading.is_head {
        let taken = throttles::take_download(db, act.now, reading.me)?;
        taken.map_err(RegistryError::Throttled)?;
    }
    for (ticket, messages) in &mut filled {
        let has_files = (messages.iter()).any(|(message, _)| !message.attachments.is_empty());
        if !has_files {
            continue;
        }
        match check_bytes(db, reading.me, ticket) {
            Err(RegistryError::Denied(_)) if matches!(wish, Wish::Search(_)) => continue,
            checked => checked?,
        }
        for message in messages {
            fill(db, act, reading, ticket, message)?;
        }
    }
    Ok(filled)
}

fn fill(
    db: &mut Db,
    act: &Act,
    reading: Reading,
    ticket: &Ticket,
    (message, bytes): &mut FilledMessage,
) -> Result<(), RegistryError> {
    let gone = || RegistryError::NotFound("The attachment is no longer there.".to_owned());
    for (attachment, bytes) in message.attachments.iter().zip(bytes) {
        if !reading.is_head {
            record_download(db, act, reading.me, ticket, &attachment.file_name)?;
        }
        let file = files::find(db, attachment.file_id)?.ok_or_else(gone)?;
        *bytes = Some(files::read_whole(db, &file).map_err(|error| match error {
            ReadFileError::Gone => gone(),
            ReadFileError::Store(error) => error.into(),
        })?);
    }
    Ok(())
}
