//! The mails about tickets, each to be queued in the transaction of what it tells of.

use super::{Ticket, TicketStatus};
use crate::clock::Timestamp;
use crate::domain::accounts::{self, Account};
use crate::domain::mail::{Mail, Outbox};
use crate::store::{Db, StoreError};

impl Ticket {
    /// What it is about, for people: "New organization", "Request to link NO1-KP".
    pub fn about(&self) -> String {
        let name = self.kind.name();
        match self.contact.as_ref().or(self.network.as_ref()) {
            Some(handle) => format!("{name} {handle}"),
            None => name.to_owned(),
        }
    }

    /// How it stands, for people: "Resolved, denied".
    pub fn stands(&self) -> String {
        let status = self.status.name();
        match self.resolution {
            Some(resolution) => format!("{status}, {}", resolution.name().to_lowercase()),
            None => status.to_owned(),
        }
    }
}

impl Outbox {
    /// Tells the opener that a ticket stands otherwise than before; of a report only when it has ended, and only if that was
    /// asked for.
    ///
    /// # Errors
    /// If the database fails.
    pub fn tell_opener(
        &self,
        db: &mut Db,
        now: Timestamp,
        ticket: &Ticket,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(opener) = opener(db, ticket)? else {
            return Ok(());
        };
        let mail = if ticket.kind.is_report() {
            if !ticket.wants_mail || ticket.status != TicketStatus::Closed {
                return Ok(());
            }
            Mail::ReportReady {
                ticket: ticket.number.to_string(),
                about: lower_first(&ticket.about()),
                is_ready: ticket.resolution == Some(super::Resolution::Processed),
            }
        } else {
            Mail::TicketChanged {
                ticket: ticket.number.to_string(),
                about: ticket.about(),
                status: ticket.stands(),
                reason: reason.map(str::to_owned),
            }
        };
        self.queue(db, now, (&opener).into(), &mail)
    }
}

/// Who opened the ticket, unless the account was closed since.
pub(super) fn opener(db: &mut Db, ticket: &Ticket) -> Result<Option<Account>, StoreError> {
    let Some(id) = ticket.opener else {
        return Ok(None);
    };
    let account = accounts::find(db, id)?;
    Ok(account.filter(|account| account.closed_at.is_none()))
}

/// In the middle of a sentence.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
