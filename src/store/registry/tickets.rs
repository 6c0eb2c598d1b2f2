//! Tickets: requests that someone decides about, and reports that are made in the background.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::schema::{contact_links, tickets};
use crate::store::{Db, StoreError};

/// A ticket as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tickets, treat_none_as_null = true)]
pub struct TicketRow {
    /// Its number.
    pub number: String,
    /// The type in the wire format.
    pub kind: String,
    /// The status in the wire format.
    pub status: String,
    /// How it ended.
    pub resolution: Option<String>,
    /// Who opened it.
    pub account_id: Option<AccountId>,
    /// The contact that a request to be linked is about.
    pub contact: Option<String>,
    /// The network that a removal or report is about.
    pub network: Option<String>,
    /// The organization that came of it.
    pub organization: Option<String>,
    /// What was asked for, as JSON.
    pub request: Option<String>,
    /// Set while no second ticket for the same may be opened.
    pub once_key: Option<String>,
    /// The operator who took it.
    pub assignee_id: Option<AccountId>,
    /// Their name then.
    pub assignee: Option<String>,
    /// True if it is not removed by age.
    pub is_kept: bool,
    /// True if the opener is mailed when a report is ready.
    pub wants_mail: bool,
    /// How often a report was tried.
    pub tries: i64,
    /// From when on a report may be made.
    pub try_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// When it was decided.
    pub resolved_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

/// Which tickets are wanted; an empty list stands for all.
#[derive(Clone, Debug, Default)]
pub struct TicketFilter {
    /// Of these types.
    pub kinds: Vec<&'static str>,
    /// In these states.
    pub statuses: Vec<&'static str>,
}

/// Adds a ticket.
///
/// # Errors
/// [`Constraint::TicketOnce`](crate::store::Constraint::TicketOnce) if there is one for the same.
pub fn insert(db: &mut Db, row: &TicketRow) -> Result<(), StoreError> {
    diesel::insert_into(tickets::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The ticket with this number.
pub fn find(db: &mut Db, number: &str) -> Result<Option<TicketRow>, StoreError> {
    Ok(tickets::table
        .find(number)
        .select(TicketRow::as_select())
        .first(db)
        .optional()?)
}

/// The same, and no other transaction changes it until this one ends.
pub fn lock(db: &mut Db, number: &str) -> Result<Option<TicketRow>, StoreError> {
    match db {
        Db::Postgres(connection) => {
            tickets::table
                .find(number)
                .select(tickets::number)
                .for_update()
                .first::<String>(connection)
                .optional()?;
        }
        // A writing transaction on SQLite is the only one anyway.
        Db::Sqlite(_) => {}
    }
    find(db, number)
}

/// The ticket that holds this key.
pub fn find_once(db: &mut Db, once_key: &str) -> Result<Option<TicketRow>, StoreError> {
    Ok(tickets::table
        .filter(tickets::once_key.eq(once_key))
        .select(TicketRow::as_select())
        .first(db)
        .optional()?)
}

/// Writes all of a ticket anew but its number.
pub fn update(db: &mut Db, row: &TicketRow) -> Result<(), StoreError> {
    diesel::update(tickets::table.find(&row.number))
        .set(row)
        .execute(db)?;
    Ok(())
}

/// Removes a ticket with its messages. The files of attachments are the caller's.
pub fn delete(db: &mut Db, number: &str) -> Result<(), StoreError> {
    diesel::delete(tickets::table.find(number)).execute(db)?;
    Ok(())
}

/// Own tickets, and requests to be linked to a contact that the account is linked to; the newest first.
///
/// Found by the account and its contacts, never by type or status: nearly everyone's tickets may be in the same one.
pub fn list_for_account(
    db: &mut Db,
    account_id: AccountId,
    filter: &TicketFilter,
    limit: i64,
) -> Result<Vec<TicketRow>, StoreError> {
    // Read by themselves, since PostgreSQL uses an index for a list of them, but not for a query in their place.
    let mine: Vec<String> = contact_links::table
        .filter(contact_links::account_id.eq(account_id))
        .select(contact_links::contact)
        .load(db)?;
    let mut query = tickets::table
        .filter(
            tickets::account_id
                .eq(account_id)
                .or(tickets::contact.eq_any(mine)),
        )
        .order((tickets::created_at.desc(), tickets::number.desc()))
        .limit(limit)
        .select(TicketRow::as_select())
        .into_boxed();
    if !filter.kinds.is_empty() {
        query = query.filter(tickets::kind.eq_any(&filter.kinds));
    }
    if !filter.statuses.is_empty() {
        // Of the status with nothing behind it, so that SQLite does not find the tickets by that.
        query = query.filter(tickets::status.concat("").eq_any(&filter.statuses));
    }
    Ok(query.load(db)?)
}

/// Everyone's tickets, the newest first.
pub fn list(db: &mut Db, filter: &TicketFilter, limit: i64) -> Result<Vec<TicketRow>, StoreError> {
    let mut query = tickets::table
        .order((tickets::created_at.desc(), tickets::number.desc()))
        .limit(limit)
        .select(TicketRow::as_select())
        .into_boxed();
    if !filter.kinds.is_empty() {
        query = query.filter(tickets::kind.eq_any(&filter.kinds));
    }
    if !filter.statuses.is_empty() {
        query = query.filter(tickets::status.eq_any(&filter.statuses));
    }
    Ok(query.load(db)?)
}

/// How many tickets fit.
pub fn count(db: &mut Db, filter: &TicketFilter) -> Result<i64, StoreError> {
    let mut query = tickets::table.into_boxed();
    if !filter.kinds.is_empty() {
        query = query.filter(tickets::kind.eq_any(&filter.kinds));
    }
    if !filter.statuses.is_empty() {
        query = query.filter(tickets::status.eq_any(&filter.statuses));
    }
    Ok(query.count().get_result(db)?)
}

/// Tickets in this state about a contact, by number.
pub fn about_contact(db: &mut Db, contact: &str, status: &str) -> Result<Vec<String>, StoreError> {
    Ok(tickets::table
        .filter(tickets::contact.eq(contact))
        .filter(tickets::status.eq(status))
        .order(tickets::number)
        .select(tickets::number)
        .load(db)?)
}

/// Tickets of an account that are not in this state, by number.
pub fn not_in_status(
    db: &mut Db,
    account_id: AccountId,
    status: &str,
) -> Result<Vec<String>, StoreError> {
    Ok(tickets::table
        .filter(tickets::account_id.eq(account_id))
        .filter(tickets::status.ne(status))
        .order(tickets::number)
        .select(tickets::number)
        .load(db)?)
}

/// Tickets of a type in a state that was there before this instant: the oldest first.
pub fn opened_before(
    db: &mut Db,
    kind: &str,
    status: &str,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    Ok(tickets::table
        .filter(tickets::kind.eq(kind))
        .filter(tickets::status.eq(status))
        .filter(tickets::created_at.le(before))
        .order((tickets::created_at, tickets::number))
        .limit(limit)
        .select(tickets::number)
        .load(db)?)
}

/// Tickets that were decided before this instant and are not closed.
pub fn resolved_before(
    db: &mut Db,
    status: &str,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    Ok(tickets::table
        .filter(tickets::status.eq(status))
        .filter(tickets::resolved_at.le(before))
        .order((tickets::resolved_at, tickets::number))
        .limit(limit)
        .select(tickets::number)
        .load(db)?)
}

/// Tickets of these types that were closed before this instant and are not kept.
pub fn closed_before(
    db: &mut Db,
    kinds: &[&str],
    before: Timestamp,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    Ok(tickets::table
        .filter(tickets::kind.eq_any(kinds))
        .filter(tickets::closed_at.le(before))
        .filter(tickets::is_kept.eq(false))
        .order((tickets::closed_at, tickets::number))
        .limit(limit)
        .select(tickets::number)
        .load(db)?)
}

/// The next report that may be made now, the oldest first.
pub fn next_due(
    db: &mut Db,
    status: &str,
    now: Timestamp,
) -> Result<Option<TicketRow>, StoreError> {
    Ok(tickets::table
        .filter(tickets::status.eq(status))
        .filter(tickets::try_at.le(now))
        .order((tickets::created_at, tickets::number))
        .select(TicketRow::as_select())
        .first(db)
        .optional()?)
}

/// Takes a report that may be made now, until `until`; false if another one was quicker.
pub fn claim(
    db: &mut Db,
    row: &TicketRow,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let changed = diesel::update(
        tickets::table
            .find(&row.number)
            .filter(tickets::status.eq(&row.status))
            .filter(tickets::tries.eq(row.tries))
            .filter(tickets::try_at.le(now)),
    )
    .set((
        tickets::try_at.eq(until),
        tickets::tries.eq(tickets::tries + 1),
    ))
    .execute(db)?;
    Ok(changed > 0)
}
