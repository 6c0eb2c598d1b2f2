//! What is said on tickets, with the files of it.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::ids::StoredFileId;
use crate::store::schema::{stored_files, ticket_attachments, ticket_messages};
use crate::store::{Db, StoreError};

/// A message as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = ticket_messages)]
pub struct MessageRow {
    /// On which ticket.
    pub ticket: String,
    /// Its number there, from 1.
    pub number: i64,
    /// What it is about.
    pub subject: String,
    /// Lines.
    pub text: String,
    /// NONE or JUSTIFICATION.
    pub category: String,
    /// Who wrote it, in words.
    pub author: String,
    /// When it was written.
    pub created_at: Timestamp,
}

/// A file on a message as it is stored.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = ticket_attachments)]
pub struct AttachmentRow {
    /// On which ticket.
    pub ticket: String,
    /// On which message.
    pub message: i64,
    /// Its number there, from 1.
    pub number: i64,
    /// Its name.
    pub file_name: String,
    /// The file.
    pub file_id: StoredFileId,
}

/// The same with its size.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct SizedAttachment {
    /// On which message.
    pub message: i64,
    /// Its number there.
    pub number: i64,
    /// Its name.
    pub file_name: String,
    /// The file.
    pub file_id: StoredFileId,
    /// In bytes.
    pub size: i64,
}

/// Adds a message.
pub fn insert(db: &mut Db, row: &MessageRow) -> Result<(), StoreError> {
    diesel::insert_into(ticket_messages::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Adds a file to a message.
pub fn insert_attachment(db: &mut Db, row: &AttachmentRow) -> Result<(), StoreError> {
    diesel::insert_into(ticket_attachments::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The number of the last message on a ticket; `None` if there is none.
pub fn last_number(db: &mut Db, ticket: &str) -> Result<Option<i64>, StoreError> {
    Ok(ticket_messages::table
        .filter(ticket_messages::ticket.eq(ticket))
        .select(diesel::dsl::max(ticket_messages::number))
        .first(db)?)
}

/// The messages of these tickets, by ticket, in order.
pub fn list_for(db: &mut Db, tickets: &[String]) -> Result<Vec<MessageRow>, StoreError> {
    Ok(ticket_messages::table
        .filter(ticket_messages::ticket.eq_any(tickets))
        .order((ticket_messages::ticket, ticket_messages::number))
        .select(MessageRow::as_select())
        .load(db)?)
}

/// The files on these tickets, each with its ticket, in order.
pub fn attachments_for(
    db: &mut Db,
    tickets: &[String],
) -> Result<Vec<(String, SizedAttachment)>, StoreError> {
    Ok(ticket_attachments::table
        .inner_join(stored_files::table)
        .filter(ticket_attachments::ticket.eq_any(tickets))
        .order((
            ticket_attachments::ticket,
            ticket_attachments::message,
            ticket_attachments::number,
        ))
        .select((
            ticket_attachments::ticket,
            (
                ticket_attachments::message,
                ticket_attachments::number,
                ticket_attachments::file_name,
                ticket_attachments::file_id,
                stored_files::size,
            ),
        ))
        .load(db)?)
}
