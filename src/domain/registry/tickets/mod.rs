//! Tickets: requests that someone decides about, and reports that are made in the background.
//!
//! | kind | opened by | decided by |
//! | --- | --- | --- |
//! | new organization, network to be removed | an account | operators: taken, then resolved, then closed by the opener or by itself |
//! | request to be linked to a role | an account | accounts linked to the contact, operators: closed at once |
//! | reports | an account | prepared by [`preparing`], and closed with the file |
//!
//! [`opening`] opens them, [`deciding`] decides, [`ending`] withdraws, closes and removes, [`messages`] holds what is
//! said on them, [`reading`] says who may read which, and [`documents`] what programs get of them. The opener's account is locked before the ticket, as accounts are
//! before all else.

pub mod deciding;
pub mod documents;
pub mod ending;
pub mod kinds;
pub mod messages;
mod notices;
pub mod opening;
pub mod preparer;
pub mod preparing;
pub mod reading;

use super::authority::Reach;
use super::error::RegistryError;
use super::handles::Handle;
use super::reach::Reader;
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::registry::tickets::{self as rows, TicketRow};
use crate::store::{Db, StoreError};

pub use kinds::{Resolution, TicketKind, TicketStatus};

/// A ticket, without its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its number.
    pub number: Handle,
    /// What it is about.
    pub kind: TicketKind,
    /// How it stands.
    pub status: TicketStatus,
    /// How it ended.
    pub resolution: Option<Resolution>,
    /// Who opened it.
    pub opener: Option<AccountId>,
    /// The contact that a request to be linked is about; it may be gone.
    pub contact: Option<Handle>,
    /// The network that a removal or report is about; it may be gone.
    pub network: Option<Handle>,
    /// The organization that came of it; it may be gone.
    pub organization: Option<Handle>,
    /// The operator who took it.
    pub assignee: Option<String>,
    /// True if it is not removed by age.
    pub is_kept: bool,
    /// True if the opener is mailed when a report is ready.
    pub wants_mail: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// When it was decided.
    pub resolved_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

impl Ticket {
    /// From the database; `None` for words that this version does not know.
    fn from_row(row: &TicketRow) -> Option<Self> {
        let handle = |text: &Option<String>| text.clone().map(Handle::from_stored);
        let known = TicketKind::from_code(&row.kind).zip(TicketStatus::from_code(&row.status));
        let Some((kind, status)) = known else {
            tracing::error!(ticket = row.number, "a stored ticket cannot be read");
            return None;
        };
        Some(Self {
            number: Handle::from_stored(row.number.clone()),
            kind,
            status,
            resolution: row.resolution.as_deref().and_then(Resolution::from_code),
            opener: row.account_id,
            contact: handle(&row.contact),
            network: handle(&row.network),
            organization: handle(&row.organization),
            assignee: row.assignee.clone(),
            is_kept: row.is_kept,
            wants_mail: row.wants_mail,
            created_at: row.created_at,
            updated_at: row.updated_at,
            resolved_at: row.resolved_at,
            closed_at: row.closed_at,
        })
    }
}

/// The ticket with this number, whoever may read it.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, number: &Handle) -> Result<Option<Ticket>, StoreError> {
    let row = rows::find(db, number.as_str())?;
    Ok(row.as_ref().and_then(Ticket::from_row))
}

/// The ticket that a path names, for changing it in this transaction.
///
/// # Errors
/// If there is none.
fn take(db: &mut Db, number: &str) -> Result<(TicketRow, Ticket), RegistryError> {
    let number: Handle = number.parse().map_err(|_malformed| unknown(number))?;
    let row = rows::lock(db, number.as_str())?;
    row.and_then(|row| Ticket::from_row(&row).map(|ticket| (row, ticket)))
        .ok_or_else(|| unknown(number.as_str()))
}

/// There is no ticket with this number.
fn unknown(number: &str) -> RegistryError {
    RegistryError::NotFound(format!(
        "There is no ticket {}. Reports are removed some time after they were closed.",
        crate::domain::text::visible(number, 60)
    ))
}

/// What an account's links give it on a ticket.
fn reach(db: &mut Db, reader: Reader, ticket: &Ticket) -> Result<Reach, StoreError> {
    let mut reach = match &ticket.contact {
        Some(contact) => reader.on_contact(db, contact)?,
        None => Reach::default(),
    };
    reach.is_opener = ticket.opener == Some(reader.account_id);
    Ok(reach)
}
