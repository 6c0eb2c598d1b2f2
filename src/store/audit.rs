//! The audit log: rows are added and read, never changed.

use diesel::prelude::*;

use super::connection::Db;
use super::error::StoreError;
use super::schema::audit_entries;
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// A new entry of the audit log.
#[derive(Insertable)]
#[diesel(table_name = audit_entries)]
pub struct NewAuditRow<'a> {
    /// When it happened.
    pub at: Timestamp,
    /// Whose log it belongs to; `None` if no account is concerned.
    pub account_id: Option<AccountId>,
    /// What kind of actor did it.
    pub actor: &'a str,
    /// Which one.
    pub actor_id: Option<String>,
    /// What was done.
    pub action: &'a str,
    /// To what.
    pub target: Option<&'a str>,
    /// `done` or `refused`.
    pub result: &'a str,
    /// Where from.
    pub address: Option<&'a str>,
    /// With what program.
    pub client: Option<&'a str>,
    /// In which request.
    pub request_id: Option<&'a str>,
}

/// An entry as it is read back, oldest first.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
pub struct AuditRow {
    /// When it happened.
    pub at: Timestamp,
    /// What kind of actor did it.
    pub actor: String,
    /// Which one.
    pub actor_id: Option<String>,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: Option<String>,
    /// `done` or `refused`.
    pub result: String,
}

/// Adds an entry.
pub fn insert(db: &mut Db, row: &NewAuditRow<'_>) -> Result<(), StoreError> {
    diesel::insert_into(audit_entries::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// All entries of an account, oldest first.
pub fn list_for_account(db: &mut Db, account_id: AccountId) -> Result<Vec<AuditRow>, StoreError> {
    Ok(audit_entries::table
        .filter(audit_entries::account_id.eq(account_id))
        .order(audit_entries::id)
        .select(AuditRow::as_select())
        .load(db)?)
}
