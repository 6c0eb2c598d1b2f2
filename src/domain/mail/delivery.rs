//! Sending what waits in the queue.
//!
//! 1. A mail is taken in a short transaction, which moves its next try on and counts the try. So no one else takes it for
//!    `LEASE`, and if this process dies, it becomes due again by itself.
//! 2. It is opened, put into words and handed over, outside of any transaction.
//! 3. What became of it is noted: sent, to be tried again after a pause that grows, or given up. A mail that was handed
//!    over but could not be noted is handed over again; its id tells its receiver that it is the same.

use chrono::TimeDelta;

use super::links::dead_link;
use super::{Mail, MailId, MailRow, Outbox, rows};
use crate::clock::{SharedClock, Timestamp};
use crate::domain::accounts::{self, Account};
use crate::outbound::mail::{MailTransport, Message, SendError};
use crate::store::{Pool, StoreError};

/// How long no one else takes a mail that was taken: longer than the longest try, so that none is handed over twice.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// The pauses after the first failure, the second, and so on; after one more, a mail is given up.
const PAUSES: [TimeDelta; 6] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(8),
    TimeDelta::hours(24),
];
/// A mail that was due so long without a try, since mail was off, is not sent by itself any more: what it tells of is
/// past, and its link has ended.
const STALE_AFTER: TimeDelta = TimeDelta::days(3);

/// A mail that is to be put into words.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// What it says.
    pub mail: &'a Mail,
    /// The account that it concerns, if there is one.
    pub account: Option<&'a Account>,
    /// When it was queued. Words go by this instant, so that every try has the same ones.
    pub at: Timestamp,
}

/// A mail in words.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The subject.
    pub subject: String,
    /// What it says, as text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The link that turns mails of this kind off, if they can be.
    pub unsubscribe: Option<String>,
}

/// A mail could not be put into words, which is a defect.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be written: {0}")]
pub struct CannotWrite(pub String);

/// Puts mails into words.
pub type Write = dyn Fn(&Outgoing<'_>) -> Result<Letter, CannotWrite> + Send + Sync;

/// How many mails were handed over, and how many were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Handed over.
    pub sent: usize,
    /// To be tried again.
    pub failed: usize,
    /// Given up.
    pub given_up: usize,
}

/// What sends mails.
pub struct Delivery {
    pool: Pool,
    outbox: Outbox,
    clock: SharedClock,
    transport: MailTransport,
    write: Box<Write>,
}

impl Delivery {
    /// With these parts.
    pub fn new(
        pool: Pool,
        outbox: Outbox,
        clock: SharedClock,
        transport: MailTransport,
        write: Box<Write>,
    ) -> Self {
        Self {
            pool,
            outbox,
            clock,
            transport,
            write,
        }
    }

    /// Sends the mails that are due at `now`, one after the other, until none is or `must_stop` says so.
    ///
    /// Queries run on this thread: it is the postman's own.
    ///
    /// # Errors
    /// If the database fails. A mail that was taken by then is due again after the lease.
    pub async fn deliver_due(
        &self,
        now: Timestamp,
        must_stop: &dyn Fn() -> bool,
    ) -> Result<Delivered, StoreError> {
        let mut delivered = Delivered::default();
        while !must_stop() {
            let Some(row) = self.take(now)? else {
                break;
            };
            match self.deliver(&row, now).await? {
                Fate::Sent => delivered.sent += 1,
                Fate::Retry(..) => delivered.failed += 1,
                Fate::GiveUp(_) => delivered.given_up += 1,
            }
        }
        Ok(delivered)
    }

    fn take(&self, now: Timestamp) -> Result<Option<MailRow>, StoreError> {
        // Mostly none is due, and to find that takes no lock.
        if !self.pool.read_now(|db| rows::is_any_due(db, now))? {
            return Ok(None);
        }
        self.pool
            .write_now(|db| rows::take_due(db, now, now + LEASE))
    }

    async fn deliver(&self, row: &MailRow, now: Timestamp) -> Result<Fate, StoreError> {
        let fate = match self.prepare(row, now)? {
            Ok(message) => match self.transport.send(&message).await {
                Ok(()) => Fate::Sent,
                Err(SendError::Refused(problem)) => Fate::GiveUp(problem),
                Err(SendError::Failed(problem)) => after_failure(row.tries, problem),
            },
            Err(problem) => Fate::GiveUp(problem),
        };
        self.note(row.id, &row.kind, &fate)?;
        Ok(fate)
    }

    /// Opens a mail and puts it into words; inside, why that cannot be.
    fn prepare(
        &self,
        row: &MailRow,
        now: Timestamp,
    ) -> Result<Result<Message, String>, StoreError> {
        if row.tries == 0 && now - row.next_try_at > STALE_AFTER {
            let days = STALE_AFTER.num_days();
            return Ok(Err(format!(
                "it waited for more than {days} days while mail was off, and what it says is old"
            )));
        }
        let Some(sealed) = &row.sealed else {
            return Ok(Err("what it says is gone".to_owned()));
        };
        let mail = match self.outbox.open(row.id, sealed) {
            Ok(mail) => mail,
            Err(error) => return Ok(Err(format!("it cannot be opened: {error}"))),
        };
        if let Some(dead) = self.pool.read_now(|db| dead_link(db, now, &mail))? {
            return Ok(Err(dead.to_string()));
        }
        let account = match row.account_id {
            Some(id) => self.pool.read_now(|db| accounts::find(db, id))?,
            None => None,
        };
        let outgoing = Outgoing {
            mail: &mail,
            account: account.as_ref(),
            at: row.created_at,
        };
        Ok(match (self.write)(&outgoing) {
            Ok(letter) => Ok(Message {
                id: row.id,
                at: row.created_at,
                to: row.recipient.clone(),
                subject: letter.subject,
                text: letter.text,
                html: letter.html,
                unsubscribe: letter.unsubscribe,
            }),
            Err(error) => Err(error.to_string()),
        })
    }

    fn note(&self, id: MailId, kind: &str, fate: &Fate) -> Result<(), StoreError> {
        // The try may have taken a while.
        let now = self.clock.now();
        self.pool.write_now(|db| match fate {
            Fate::Sent => rows::set_sent(db, id, now),
            Fate::Retry(pause, problem) => rows::set_failed(db, id, problem, now + *pause),
            Fate::GiveUp(problem) => rows::set_given_up(db, id, problem, now),
        })?;
        match fate {
            Fate::Sent => tracing::info!(mail = %id, kind, "a mail was sent"),
            Fate::Retry(pause, problem) => tracing::warn!(
                mail = %id, kind, %problem, next_try_in_s = pause.num_seconds(), "a mail could not be sent"
            ),
            Fate::GiveUp(problem) => {
                tracing::error!(mail = %id, kind, %problem, "a mail was given up");
            }
        }
        Ok(())
    }
}

/// What became of a try.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Sent,
    Retry(TimeDelta, String),
    GiveUp(String),
}

/// `tries` is how many there were before this one.
fn after_failure(tries: i64, problem: String) -> Fate {
    let pause = usize::try_from(tries).ok().and_then(|n| PAUSES.get(n));
    match pause {
        Some(pause) => Fate::Retry(*pause, problem),
        None => Fate::GiveUp(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_then_a_mail_is_given_up() {
        let fate = |tries| after_failure(tries, String::new());
        let minutes = [1, 5, 30, 120, 480, 1_440];
        for (tries, minutes) in (0..).zip(minutes) {
            let pause = TimeDelta::minutes(minutes);
            assert_eq!(fate(tries), Fate::Retry(pause, String::new()));
        }
        assert_eq!(fate(6), Fate::GiveUp(String::new()));
    }
}
