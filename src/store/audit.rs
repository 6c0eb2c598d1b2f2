//! The audit log: entries are added, read and, when they are old, dropped; never changed. And the head of their chain.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::{accounts, audit_entries, audit_head, verification_epoch};
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// An entry of the audit log.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries)]
pub struct AuditRow {
    /// Counts the entries of the chain, without gaps.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Whose log it belongs to; `None` if no account is concerned.
    pub account_id: Option<AccountId>,
    /// What kind of actor did it.
    pub actor: String,
    /// Which one.
    pub actor_id: Option<String>,
    /// Who it was in the words of then; `None` in entries from before there was a chain.
    pub actor_words: Option<String>,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: Option<String>,
    /// `done` or `refused`.
    pub result: String,
    /// Where from.
    pub address: Option<String>,
    /// With what program.
    pub client: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// SHA-256 over the hash before and all of the above; `None` in entries from before there was a chain.
    pub hash: Option<Vec<u8>>,
}

/// The two ends of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = audit_head)]
#[diesel(treat_none_as_null = true)]
pub struct HeadRow {
    /// Id of the newest entry; `before_id` if the chain has none yet.
    pub last_id: i64,
    /// Its hash; 32 zero bytes if the chain has none yet.
    pub last_hash: Vec<u8>,
    /// Id of the newest entry that was dropped; `before_id` if none was.
    pub anchor_id: i64,
    /// Its hash; 32 zero bytes if none was dropped.
    pub anchor_hash: Vec<u8>,
    /// Id of the newest entry from before there was a chain; 0 if there are none.
    pub before_id: i64,
    /// The first entry that was added after the head was found not to be as it was written.
    pub unconfirmed_from: Option<i64>,
    /// Vouches for all of the above.
    pub mac: Option<Vec<u8>>,
    /// Under which instance secret.
    pub mac_secret_id: Option<String>,
}

/// Which entries are read.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Of this account's log; of all if `None`.
    pub account_id: Option<AccountId>,
    /// With one of these actions.
    pub actions: Option<Vec<&'static str>>,
    /// With this result.
    pub result: Option<&'static str>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

/// Where a page of entries begins: behind the entry of this id, or before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCursor {
    /// The entry at the edge.
    pub id: i64,
    /// True if the page before is wanted, the newer one.
    pub backwards: bool,
}

/// The head, locked until the transaction ends: who adds to the chain or drops from it takes turns from here on.
///
/// On PostgreSQL the row of `verification_epoch` is locked before it, as a trigger would when a key or account changes. So a
/// transaction that goes on to change rows of its own after its entry does not wait for one that has changed keys and waits
/// for the head. On SQLite a writing transaction is the only one anyway.
pub fn lock_head(db: &mut Db) -> Result<HeadRow, StoreError> {
    Ok(match db {
        Db::Postgres(connection) => {
            verification_epoch::table
                .select(verification_epoch::id)
                .for_no_key_update()
                .get_result::<i64>(connection)?;
            audit_head::table
                .select(HeadRow::as_select())
                .for_no_key_update()
                .get_result(connection)?
        }
        Db::Sqlite(connection) => audit_head::table
            .select(HeadRow::as_select())
            .get_result(connection)?,
    })
}

/// The head; `None` if someone removed it.
pub fn read_head(db: &mut Db) -> Result<Option<HeadRow>, StoreError> {
    Ok(audit_head::table
        .select(HeadRow::as_select())
        .first(db)
        .optional()?)
}

/// Replaces the head.
pub fn set_head(db: &mut Db, head: &HeadRow) -> Result<(), StoreError> {
    diesel::update(audit_head::table).set(head).execute(db)?;
    Ok(())
}

/// Adds an entry.
pub fn insert(db: &mut Db, row: &AuditRow) -> Result<(), StoreError> {
    diesel::insert_into(audit_entries::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The first `limit` entries whose id is greater than `id`, in the chain's order; all from the beginning with `None`.
pub fn list_after(db: &mut Db, id: Option<i64>, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = audit_entries::table
        .order(audit_entries::id)
        .limit(limit)
        .select(AuditRow::as_select())
        .into_boxed();
    if let Some(id) = id {
        query = query.filter(audit_entries::id.gt(id));
    }
    Ok(query.load(db)?)
}

/// Removes the entries up to this id. The database refuses those behind the anchor.
pub fn delete_through(db: &mut Db, id: i64) -> Result<usize, StoreError> {
    Ok(diesel::delete(audit_entries::table.filter(audit_entries::id.le(id))).execute(db)?)
}

/// Up to `limit` entries behind the cursor (or before it, if that reads backwards), newest first.
pub fn list(
    db: &mut Db,
    filter: &ListFilter,
    cursor: Option<AuditCursor>,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = audit_entries::table
        .select(AuditRow::as_select())
        .limit(limit)
        .into_boxed();
    if let Some(account_id) = filter.account_id {
        query = query.filter(audit_entries::account_id.eq(account_id));
    }
    if let Some(actions) = &filter.actions {
        query = query.filter(audit_entries::action.eq_any(actions.clone()));
    }
    if let Some(result) = filter.result {
        query = query.filter(audit_entries::result.eq(result));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_entries::at.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_entries::at.lt(until));
    }
    let backwards = cursor.is_some_and(|cursor| cursor.backwards);
    if let Some(AuditCursor { id, .. }) = cursor {
        query = if backwards {
            query.filter(audit_entries::id.gt(id))
        } else {
            query.filter(audit_entries::id.lt(id))
        };
    }
    query = if backwards {
        query.order(audit_entries::id.asc())
    } else {
        query.order(audit_entries::id.desc())
    };
    let mut rows = query.load(db)?;
    if backwards {
        rows.reverse();
    }
    Ok(rows)
}

/// The addresses of these accounts, for the operator's view.
pub fn emails(db: &mut Db, ids: &[AccountId]) -> Result<Vec<(AccountId, String)>, StoreError> {
    Ok(accounts::table
        .filter(accounts::id.eq_any(ids.to_vec()))
        .select((accounts::id, accounts::email))
        .load(db)?)
}
