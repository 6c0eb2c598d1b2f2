//! The mail queue, and which mails an account does not want.
//!
//! A mail is due when it was neither sent nor given up and its next try has come. Whoever takes it to send it moves that
//! time on in the same transaction, so no one else takes it meanwhile; if they die, it becomes due again.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{mails, unwanted_mails};
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

/// All mails, the newest first; at most `limit`.
pub fn list_all(db: &mut Db, limit: i64) -> Result<Vec<MailRow>, StoreError> {
    Ok(mails::table
        .order((mails::created_at.desc(), mails::id))
        .limit(limit)
        .select(MailRow::as_select())
        .load(db)?)
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
    diesel::delete(unwanted_mails::table.find((account_id, kind))).execute(db)?;
    if is_unwanted {
        diesel::insert_into(unwanted_mails::table)
            .values((
                unwanted_mails::account_id.eq(account_id),
                unwanted_mails::kind.eq(kind),
            ))
            .execute(db)?;
    }
    Ok(())
}
