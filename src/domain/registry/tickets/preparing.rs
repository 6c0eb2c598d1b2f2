//! Reports that were asked for on tickets are prepared: a ZIP with the report and a word about it.
//!
//! A ticket is claimed first: its `try_at` moves on, so that no other instance takes it meanwhile, and one that broke off
//! is taken up again. The file is written before the ticket is closed with it, in one transaction that looks again whether
//! the ticket still waits for it.

use std::io::Write as _;

use chrono::TimeDelta;

use super::deciding::present;
use super::ending::close_row;
use super::messages::{Category, NewMessage, append};
use super::{Resolution, Ticket, TicketKind, TicketStatus};
use crate::clock::{SharedClock, Timestamp};
use crate::domain::mail::Outbox;
use crate::domain::reports::ReportError;
use crate::domain::reports::archive::Archive;
use crate::domain::reports::files::{FileWriter, StoredFile, WriteFileError};
use crate::domain::reports::own::OwnReport;
use crate::ids::AccountId;
use crate::store::registry::tickets::{self as rows, TicketRow};
use crate::store::{Db, Pool, StoreError};

/// Who writes on the tickets of reports.
const AUTHOR: &str = "keyport";
/// After so many tries a report is given up.
const MOST_TRIES: i64 = 3;
/// One that takes longer has broken off.
const LEASE: TimeDelta = TimeDelta::minutes(15);
/// The wait after a try that failed.
const WAIT: TimeDelta = TimeDelta::seconds(10);
/// A report is no larger.
const MOST_BYTES: u64 = 1 << 30;

/// What reports are prepared with.
#[derive(Clone)]
pub struct Preparing {
    /// The database.
    pub pool: Pool,
    /// Queues mails.
    pub outbox: Outbox,
    /// The present.
    pub clock: SharedClock,
}

/// Why a report was not prepared.
#[derive(Debug, thiserror::Error)]
enum PrepareError {
    /// It never can be: the words say why.
    #[error("{0}")]
    Refused(String),
    /// Something failed; trying again may help.
    #[error(transparent)]
    File(#[from] WriteFileError),
    /// The file could not be put together.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReportError> for PrepareError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Store(error) => Self::Store(error),
            ReportError::NotFound(_)
            | ReportError::Denied(_)
            | ReportError::BadRequest(_)
            | ReportError::Throttled(_) => Self::Refused(error.to_string()),
        }
    }
}

impl Preparing {
    /// Prepares the reports that are due now, one after the other, until there is none or `must_stop`.
    ///
    /// # Errors
    /// If the database fails outside of a report.
    pub fn run(&self, must_stop: &dyn Fn() -> bool) -> Result<(), StoreError> {
        while !must_stop() {
            let now = self.clock.now();
            let claimed = self.pool.write_now(|db| claim(db, now))?;
            let Some(row) = claimed else {
                return Ok(());
            };
            self.prepare(row)?;
        }
        Ok(())
    }

    fn prepare(&self, row: TicketRow) -> Result<(), StoreError> {
        let ticket = present(&row);
        let prepared = match row.tries > MOST_TRIES {
            // Each of its tries has broken off without a word.
            true => Err(PrepareError::Refused(
                "Preparing it was interrupted again and again.".to_owned(),
            )),
            false => self.write(&ticket),
        };
        let now = self.clock.now();
        match prepared {
            Ok(file) => (self.pool).write_now(|db| finish(db, &self.outbox, now, &row, &file)),
            Err(error) => {
                tracing::warn!(
                    ticket = row.number,
                    tries = row.tries,
                    error = &error as &dyn std::error::Error,
                    "a report could not be prepared"
                );
                (self.pool).write_now(|db| fail(db, &self.outbox, now, &row, &error))
            }
        }
    }

    /// The ZIP, which goes into the database chunk by chunk while the report is read in one snapshot.
    fn write(&self, ticket: &Ticket) -> Result<StoredFile, PrepareError> {
        let Some(me) = ticket.opener else {
            let words = "Who asked for it is gone.".to_owned();
            return Err(PrepareError::Refused(words));
        };
        let now = self.clock.now();
        let writer = FileWriter::new(&self.pool, &self.clock, MOST_BYTES);
        let writer = (self.pool).snapshot_now(|db| zip_report(db, now, me, ticket, writer))?;
        Ok(writer.finish()?)
    }
}

fn zip_report(
    db: &mut Db,
    now: Timestamp,
    me: AccountId,
    ticket: &Ticket,
    out: FileWriter,
) -> Result<FileWriter, PrepareError> {
    let mut archive = Archive::new(out, now);
    let report = match (&ticket.network, ticket.kind) {
        (Some(network), TicketKind::ReassignmentReport) => {
            OwnReport::Reassignments(network.clone())
        }
        _ => OwnReport::Associations,
    };
    archive.begin(&format!("{}.csv", report.kind().slug()))?;
    report.write(db, me, now, &mut archive)?;
    archive.begin("README.txt")?;
    archive.write_all(readme(ticket, now).as_bytes())?;
    Ok(archive.finish()?)
}

fn readme(ticket: &Ticket, now: Timestamp) -> String {
    let (what, columns) = match (&ticket.network, ticket.kind) {
        (Some(network), TicketKind::ReassignmentReport) => (
            format!(
                "reassignments.csv lists every network below {network}, and with the type FREE what\n\
                 {network} itself has not given away."
            ),
            "net, parent_net, depth, type, start_address, end_address, cidrs, net_name, holder,\nholder_name, registered_at",
        ),
        _ => (
            "associations.csv has a row for each contact, object and function that the links of your\n\
             account reach: directly on a network, or through its organization."
                .to_owned(),
            "contact, contact_type, object_type, object, object_name, function, via",
        ),
    };
    format!(
        "{}, ticket {}\nAs of {} (UTC).\n\n{what}\n\nColumns: {columns}\n\n\
         CSV by RFC 4180 in UTF-8 with a header row. Cells that a spreadsheet could take for a\n\
         formula begin with an apostrophe.\n",
        ticket.kind.name(),
        ticket.number,
        now.to_rfc3339(),
    )
}

/// The name of the file of a ticket's report.
fn file_name(kind: TicketKind) -> &'static str {
    match kind {
        TicketKind::ReassignmentReport => "reassignments.zip",
        _ => "associations.zip",
    }
}

/// Takes the next report that is due, unless another instance is quicker each time.
fn claim(db: &mut Db, now: Timestamp) -> Result<Option<TicketRow>, StoreError> {
    let in_progress = TicketStatus::InProgress.code();
    while let Some(mut row) = rows::next_due(db, in_progress, now)? {
        let until = now + LEASE;
        if rows::claim(db, &row, now, until)? {
            row.tries += 1;
            row.try_at = Some(until);
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The ticket, if it still waits for the try that `row` was.
fn still_waiting(db: &mut Db, row: &TicketRow) -> Result<Option<TicketRow>, StoreError> {
    let found = rows::lock(db, &row.number)?;
    Ok(found.filter(|found| found.status == row.status && found.tries == row.tries))
}

/// Closes a ticket with its file: exactly one message with exactly one attachment.
fn finish(
    db: &mut Db,
    outbox: &Outbox,
    now: Timestamp,
    claimed: &TicketRow,
    file: &StoredFile,
) -> Result<(), StoreError> {
    // If it was withdrawn meanwhile, nothing names the file, and it is removed as such.
    let Some(row) = still_waiting(db, claimed)? else {
        return Ok(());
    };
    let ticket = present(&row);
    let text = ["The report is attached.".to_owned()];
    let message = NewMessage {
        subject: ticket.kind.name(),
        text: &text,
        category: Category::None,
        author: AUTHOR.to_owned(),
        files: vec![(file_name(ticket.kind).to_owned(), file.id)],
    };
    append(db, now, &ticket.number, message)?;
    end(db, outbox, now, row, Resolution::Processed)
}

/// Puts a try off that failed; after the last one, or if none can help, the ticket is closed with a message.
fn fail(
    db: &mut Db,
    outbox: &Outbox,
    now: Timestamp,
    claimed: &TicketRow,
    error: &PrepareError,
) -> Result<(), StoreError> {
    let Some(mut row) = still_waiting(db, claimed)? else {
        return Ok(());
    };
    let why = match error {
        PrepareError::Refused(words) => words.clone(),
        _ if row.tries < MOST_TRIES => {
            row.try_at = Some(now + WAIT);
            return rows::update(db, &row);
        }
        // What went wrong inside is in the log, for operators.
        _ => format!(
            "It failed {MOST_TRIES} times. Ask for it again later; if it fails again, tell the operator of this server."
        ),
    };
    let ticket = present(&row);
    let text = [why];
    let message = NewMessage {
        subject: "The report could not be prepared",
        text: &text,
        category: Category::None,
        author: AUTHOR.to_owned(),
        files: Vec::new(),
    };
    append(db, now, &ticket.number, message)?;
    end(db, outbox, now, row, Resolution::Unsuccessful)
}

fn end(
    db: &mut Db,
    outbox: &Outbox,
    now: Timestamp,
    mut row: TicketRow,
    resolution: Resolution,
) -> Result<(), StoreError> {
    let once_key = row.once_key.take();
    close_row(&mut row, now, Some(resolution));
    row.resolved_at = Some(now);
    // Who asks again within a minute gets the same file, but no failure.
    row.once_key = once_key.filter(|_| resolution == Resolution::Processed);
    rows::update(db, &row)?;
    outbox.tell_opener(db, now, &present(&row), None)
}
