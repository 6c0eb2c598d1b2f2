//! The mail queue, and which mails an account does not want.
//!
//! A mail is due when it was neither sent nor given up and its next try has come. Whoever takes it to send it moves that
//! time on in the same transaction, so no one else takes it meanwhile; if they die, it becomes due again.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{mails, unwanted_mails};
use super::secret_uses::begins_with;
use crate::clock::Timestamp;
use crate::ids::{AccountId, MailId};

/// A mail as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = mails)]
pub struct MailRow {
    /// Random; also in the message's id, so that a mail that was sent twice is seen to be one.
    pub id: MailId,
    /// Whom it concerns; `None` for someone without an account.
    pub account_id: Option<AccountId>,
    /// Which mail it is.
    pub kind: String,
    /// The address that it goes to.
    pub recipient: String,
    /// What it says, sealed; `None` once it was sent.
    pub sealed: Option<Vec<u8>>,
    /// A second mail with the same key is not queued.
    pub once_key: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_try_at: Timestamp,
    /// How often sending was begun.
    pub tries: i64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was handed over.
    pub sent_at: Option<Timestamp>,
    /// When it was given up.
    pub gave_up_at: Option<Timestamp>,
}

/// Queues a mail; false if there is one with its `once_key`.
pub fn insert(db: &mut Db, row: &MailRow) -> Result<bool, StoreError> {
    let query = diesel::insert_into(mails::table).values(row);
    let inserted = match db {
        Db::Postgres(connection) => query
            .on_conflict(mails::once_key)
            .do_nothing()
            .execute(connection)?,
        Db::Sqlite(connection) => query
            .on_conflict(mails::once_key)
            .do_nothing()
            .execute(connection)?,
    };
    Ok(inserted > 0)
}

/// Mails that wait and whose sealed content does not begin with `header`; at most `limit`.
pub fn list_sealed_elsewhere(
    db: &mut Db,
    header: &[u8],
    limit: i64,
) -> Result<Vec<MailRow>, StoreError> {
    Ok(mails::table
        .filter(mails::sealed.is_not_null())
        .filter(diesel::dsl::not(begins_with(mails::sealed, header)))
        .order(mails::id)
        .limit(limit)
        .select(MailRow::as_select())
        .load(db)?)
}

/// Replaces the sealed content of a mail, if it is still `old`.
pub fn set_sealed(db: &mut Db, id: MailId, old: &[u8], new: &[u8]) -> Result<(), StoreError> {
    diesel::update(mails::table.find(id).filter(mails::sealed.eq(old)))
        .set(mails::sealed.eq(new))
        .execute(db)?;
    Ok(())
}

/// True if the account does not want mails of this kind.
pub fn is_unwanted(db: &mut Db, account_id: AccountId, kind: &str) -> Result<bool, StoreError> {
    let found: i64 = unwanted_mails::table
        .find((account_id, kind))
        .count()
        .get_result(db)?;
    Ok(found > 0)
}

/// The kinds of mail that the account does not want.
pub fn list_unwanted(db: &mut Db, account_id: AccountId) -> Result<Vec<String>, StoreError> {
    Ok(unwanted_mails::table
        .filter(unwanted_mails::account_id.eq(account_id))
        .order(unwanted_mails::kind)
        .select(unwanted_mails::kind)
        .load(db)?)
}

/// Notes that the account does not want mails of this kind, or wants them again.
pub fn set_unwanted(
    db: &mut Db,
    account_id: AccountId,
    kind: &str,
    is_unwanted: bool,
) -> Result<(), StoreError> {
    if !is_unwanted {
        diesel::delete(unwanted_mails::table.find((account_id, kind))).execute(db)?;
        return Ok(());
    }
    // Someone else may say the same in this moment.
    let query = diesel::insert_into(unwanted_mails::table).values((
        unwanted_mails::account_id.eq(account_id),
        unwanted_mails::kind.eq(kind),
    ));
    match db {
        Db::Postgres(connection) => query.on_conflict_do_nothing().execute(connection)?,
        Db::Sqlite(connection) => query.on_conflict_do_nothing().execute(connection)?,
    };
    Ok(())
}

/// True if a mail is due at `now`: a look without a lock, for those who look every second.
pub fn is_any_due(db: &mut Db, now: Timestamp) -> Result<bool, StoreError> {
    Ok(diesel::select(diesel::dsl::exists(due(now))).get_result(db)?)
}

/// Takes the mail that has been due longest, so that no one else takes it before `until`; counts a try. To be called in a
/// transaction of its own.
pub fn take_due(
    db: &mut Db,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<MailRow>, StoreError> {
    let query = due(now).order((mails::next_try_at, mails::id)).limit(1);
    let found = match db {
        // Instances that look at once find different mails.
        Db::Postgres(connection) => (query.select(MailRow::as_select()))
            .for_update()
            .skip_locked()
            .first(connection)
            .optional()?,
        Db::Sqlite(connection) => (query.select(MailRow::as_select()))
            .first(connection)
            .optional()?,
    };
    if let Some(row) = &found {
        diesel::update(mails::table.find(row.id))
            .set((
                mails::next_try_at.eq(until),
                mails::tries.eq(mails::tries + 1),
            ))
            .execute(db)?;
    }
    Ok(found)
}

#[diesel::dsl::auto_type]
fn due(now: Timestamp) -> _ {
    mails::table
        .filter(mails::sent_at.is_null())
        .filter(mails::gave_up_at.is_null())
        .filter(mails::next_try_at.le(now))
}

/// Notes that a mail was handed over; what it said is removed.
pub fn set_sent(db: &mut Db, id: MailId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(mails::table.find(id))
        .set((
            mails::sent_at.eq(at),
            mails::sealed.eq(None::<Vec<u8>>),
            mails::last_error.eq(None::<String>),
            mails::gave_up_at.eq(None::<Timestamp>),
        ))
        .execute(db)?;
    Ok(())
}

/// Notes that a try failed, and when the next one is.
pub fn set_failed(
    db: &mut Db,
    id: MailId,
    error: &str,
    next_try_at: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(mails::table.find(id).filter(mails::sent_at.is_null()))
        .set((
            mails::last_error.eq(error),
            mails::next_try_at.eq(next_try_at),
        ))
        .execute(db)?;
    Ok(())
}

/// Notes that a mail is given up.
pub fn set_given_up(db: &mut Db, id: MailId, error: &str, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(mails::table.find(id).filter(mails::sent_at.is_null()))
        .set((mails::last_error.eq(error), mails::gave_up_at.eq(at)))
        .execute(db)?;
    Ok(())
}

/// Lets a mail that was given up be tried again, as if it had just been queued; false if it was not given up.
pub fn requeue(db: &mut Db, id: MailId, now: Timestamp) -> Result<bool, StoreError> {
    let given_up = mails::table
        .find(id)
        .filter(mails::gave_up_at.is_not_null())
        .filter(mails::sealed.is_not_null());
    let changed = diesel::update(given_up)
        .set((
            mails::gave_up_at.eq(None::<Timestamp>),
            mails::next_try_at.eq(now),
            mails::tries.eq(0),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

/// The mail with this id.
pub fn find(db: &mut Db, id: MailId) -> Result<Option<MailRow>, StoreError> {
    Ok(mails::table
        .find(id)
        .select(MailRow::as_select())
        .first(db)
        .optional()?)
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It was not tried yet. While mail is off, that is how it is kept.
    Waiting,
    /// It was tried, and will be again.
    Failed,
    /// It was given up.
    Dead,
    /// It was handed over.
    Sent,
}

impl MailRow {
    /// What became of it.
    pub fn state(&self) -> MailState {
        match (self.sent_at, self.gave_up_at, self.tries) {
            (Some(_), ..) => MailState::Sent,
            (None, Some(_), _) => MailState::Dead,
            (None, None, 0) => MailState::Waiting,
            (None, None, _) => MailState::Failed,
        }
    }
}

/// Where a page of mails begins: right behind this one, which was queued at this instant.
pub type MailCursor = (Timestamp, MailId);

/// Up to `limit` mails in this state (`None` for any) behind the cursor, newest first.
pub fn list(
    db: &mut Db,
    state: Option<MailState>,
    after: Option<MailCursor>,
    limit: i64,
) -> Result<Vec<MailRow>, StoreError> {
    let mut query = mails::table
        .select(MailRow::as_select())
        .order((mails::created_at.desc(), mails::id.desc()))
        .limit(limit)
        .into_boxed();
    let unsent = mails::sent_at.is_null();
    let alive = unsent.and(mails::gave_up_at.is_null());
    query = match state {
        None => query,
        Some(MailState::Waiting) => query.filter(alive.and(mails::tries.eq(0))),
        Some(MailState::Failed) => query.filter(alive.and(mails::tries.gt(0))),
        Some(MailState::Dead) => query.filter(unsent.and(mails::gave_up_at.is_not_null())),
        Some(MailState::Sent) => query.filter(mails::sent_at.is_not_null()),
    };
    if let Some((at, id)) = after {
        let same_instant = mails::created_at.eq(at).and(mails::id.lt(id));
        query = query.filter(mails::created_at.lt(at).or(same_instant));
    }
    Ok(query.load(db)?)
}

/// How many mails are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailCounts {
    /// Not tried yet.
    pub waiting: i64,
    /// Tried, and to be tried again.
    pub failed: i64,
    /// Given up.
    pub dead: i64,
    /// Handed over, as far as they are still here.
    pub sent: i64,
}

/// Counts them.
pub fn count(db: &mut Db) -> Result<MailCounts, StoreError> {
    let unsent = mails::sent_at.is_null();
    let alive = unsent.and(mails::gave_up_at.is_null());
    let table = || mails::table.count();
    Ok(MailCounts {
        waiting: table()
            .filter(alive.and(mails::tries.eq(0)))
            .get_result(db)?,
        failed: table()
            .filter(alive.and(mails::tries.gt(0)))
            .get_result(db)?,
        dead: table()
            .filter(unsent.and(mails::gave_up_at.is_not_null()))
            .get_result(db)?,
        sent: table()
            .filter(mails::sent_at.is_not_null())
            .get_result(db)?,
    })
}

/// When the mail was queued that has waited longest, of those that are neither sent nor given up.
pub fn oldest_waiting(db: &mut Db) -> Result<Option<Timestamp>, StoreError> {
    Ok(mails::table
        .filter(mails::sent_at.is_null())
        .filter(mails::gave_up_at.is_null())
        .order(mails::created_at.asc())
        .select(mails::created_at)
        .first(db)
        .optional()?)
}

/// Removes the mails of an account that were sent or given up; those that wait are still sent.
pub fn delete_done_for_account(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    let is_done = mails::sent_at
        .is_not_null()
        .or(mails::gave_up_at.is_not_null());
    let done = mails::table.filter(mails::account_id.eq(account_id));
    diesel::delete(done.filter(is_done)).execute(db)?;
    Ok(())
}

/// Removes mails that were sent and queued before `sent_before`, unless they keep an occasion from having a second one;
/// and all that were queued before `before`.
pub fn delete_old(
    db: &mut Db,
    sent_before: Timestamp,
    before: Timestamp,
) -> Result<(), StoreError> {
    let sent = mails::table
        .filter(mails::sent_at.is_not_null())
        .filter(mails::once_key.is_null())
        .filter(mails::created_at.lt(sent_before));
    diesel::delete(sent).execute(db)?;
    diesel::delete(mails::table.filter(mails::created_at.lt(before))).execute(db)?;
    Ok(())
}
