//! The queue as operators see it.

use super::links::{self, DeadLink};
use super::rows;
use super::{MailCounts, MailCursor, MailRow, MailState, Outbox};
use crate::clock::Timestamp;
use crate::domain::audit::{Act, Action, Outcome};
use crate::ids::MailId;
use crate::store::{Db, StoreError};

/// A page of mails, newest first.
#[derive(Debug)]
pub struct MailPage {
    /// The mails.
    pub mails: Vec<MailRow>,
    /// Where the page after begins, if there is one.
    pub next: Option<MailCursor>,
}

/// A page of at most `limit` mails in this state, `None` for any.
///
/// # Errors
/// If the database fails.
pub fn list(
    db: &mut Db,
    state: Option<MailState>,
    after: Option<MailCursor>,
    limit: usize,
) -> Result<MailPage, StoreError> {
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut mails = rows::list(db, state, after, one_more)?;
    let goes_on = mails.len() > limit;
    mails.truncate(limit);
    let last = mails.last().filter(|_| goes_on);
    Ok(MailPage {
        next: last.map(|last| (last.created_at, last.id)),
        mails,
    })
}

/// The mail with this id.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, id: MailId) -> Result<Option<MailRow>, StoreError> {
    rows::find(db, id)
}

/// How many mails are in each state.
///
/// # Errors
/// If the database fails.
pub fn count(db: &mut Db) -> Result<MailCounts, StoreError> {
    rows::count(db)
}

/// Why the link of a queued mail leads nowhere; `None` if it works, or the mail has none or cannot be read any more.
///
/// # Errors
/// If the database fails.
pub fn dead_link(
    db: &mut Db,
    now: Timestamp,
    outbox: &Outbox,
    mail: &MailRow,
) -> Result<Option<DeadLink>, StoreError> {
    let opened = (mail.sealed.as_deref()).and_then(|sealed| outbox.open(mail.id, sealed).ok());
    match opened {
        Some(opened) => links::dead_link(db, now, &opened),
        None => Ok(None),
    }
}

/// Lets a mail that was given up be sent after all; false if there is no such mail, it was not given up, or its link leads
/// nowhere any more.
///
/// # Errors
/// If the database fails.
pub fn resend(db: &mut Db, act: &Act, outbox: &Outbox, id: MailId) -> Result<bool, StoreError> {
    let Some(mail) = rows::find(db, id)? else {
        return Ok(false);
    };
    if dead_link(db, act.now, outbox, &mail)?.is_some() {
        return Ok(false);
    }
    if !rows::requeue(db, id, act.now)? {
        return Ok(false);
    }
    let target = id.to_string();
    act.record(
        db,
        mail.account_id,
        Action::MailResend,
        Some(&target),
        Outcome::Done,
    )?;
    Ok(true)
}

/// Writes down that a mail is read in full, with its one-time link, and returns it; `None` if there is no such mail.
///
/// # Errors
/// If the database fails.
pub fn note_read(db: &mut Db, act: &Act, id: MailId) -> Result<Option<MailRow>, StoreError> {
    let Some(mail) = rows::find(db, id)? else {
        return Ok(None);
    };
    let target = id.to_string();
    let (log, target) = (mail.account_id, Some(&*target));
    act.record(db, log, Action::MailRead, target, Outcome::Done)?;
    Ok(Some(mail))
}

/// When the mail was queued that has waited longest, of those that are neither sent nor given up.
///
/// # Errors
/// If the database fails.
pub fn oldest_waiting(db: &mut Db) -> Result<Option<Timestamp>, StoreError> {
    rows::oldest_waiting(db)
}
