//! What is said on tickets, with the files of it.

use std::collections::HashMap;

use super::super::authority::Action as Doing;
use super::super::error::{Problem, RegistryError};
use super::super::fields::{AttachmentFields, MessageFields};
use super::super::handles::Handle;
use super::super::postal::{joined, lines};
use super::super::reach::{Reader, require};
use super::{Ticket, TicketStatus, reach, take};
use crate::clock::Timestamp;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::reports::files;
use crate::domain::text::is_hidden;
use crate::ids::{AccountId, StoredFileId};
use crate::store::registry::ticket_messages::{self as rows, AttachmentRow, MessageRow};
use crate::store::registry::tickets;
use crate::store::{Db, StoreError};

const MAX_SUBJECT_CHARS: usize = 200;
const MAX_LINES: usize = 200;
const MAX_LINE_CHARS: usize = 1_000;
const MAX_ATTACHMENTS: usize = 5;
const MAX_FILE_NAME_CHARS: usize = 150;

/// What a message is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Category {
    /// Nothing in particular.
    #[default]
    None,
    /// It says why something should be done.
    Justification,
}

impl Category {
    /// The word in the wire format and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Justification => "JUSTIFICATION",
        }
    }

    /// The category with this word, which is exact.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::None, Self::Justification]
            .into_iter()
            .find(|category| category.code() == code)
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number on the ticket, from 1.
    pub number: i64,
    /// What it is about.
    pub subject: String,
    /// Lines.
    pub text: Vec<String>,
    /// What it is for.
    pub category: Category,
    /// Who wrote it, in words.
    pub author: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// Its files.
    pub attachments: Vec<Attachment>,
}

/// A file on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its number on the message, from 1.
    pub number: i64,
    /// Its name.
    pub file_name: String,
    /// The file.
    pub file_id: StoredFileId,
    /// In bytes.
    pub size: i64,
}

/// A message that is to be written; its files are stored already.
pub(super) struct NewMessage<'a> {
    /// What it is about.
    pub(super) subject: &'a str,
    /// Lines.
    pub(super) text: &'a [String],
    /// What it is for.
    pub(super) category: Category,
    /// Who writes it, in words.
    pub(super) author: String,
    /// Names and files.
    pub(super) files: Vec<(String, StoredFileId)>,
}

/// The messages of a ticket, in order.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, number: &Handle) -> Result<Vec<Message>, StoreError> {
    let mut found = list_for(db, std::slice::from_ref(number))?;
    Ok(found.remove(number.as_str()).unwrap_or_default())
}

/// The messages of these tickets, in order, by ticket; those without any are left out.
///
/// # Errors
/// If the database fails.
pub fn list_for(
    db: &mut Db,
    numbers: &[Handle],
) -> Result<HashMap<String, Vec<Message>>, StoreError> {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let mut files: HashMap<(String, i64), Vec<Attachment>> = HashMap::new();
    for (ticket, row) in rows::attachments_for(db, &numbers)? {
        files
            .entry((ticket, row.message))
            .or_default()
            .push(Attachment {
                number: row.number,
                file_name: row.file_name,
                file_id: row.file_id,
                size: row.size,
            });
    }
    let mut found: HashMap<String, Vec<Message>> = HashMap::new();
    for row in rows::list_for(db, &numbers)? {
        let key = (row.ticket, row.number);
        let message = Message {
            attachments: files.remove(&key).unwrap_or_default(),
            number: row.number,
            subject: row.subject,
            text: lines(&row.text),
            category: Category::from_code(&row.category).unwrap_or_default(),
            author: row.author,
            created_at: row.created_at,
        };
        found.entry(key.0).or_default().push(message);
    }
    Ok(found)
}

/// Adds a message of someone.
///
/// # Errors
/// If there is no such ticket, the account lacks the authority, something cannot be accepted, or no messages are taken.
pub fn add(
    db: &mut Db,
    act: &Act,
    me: AccountId,
    number: &str,
    fields: &MessageFields,
) -> Result<Message, RegistryError> {
    let (mut row, ticket) = take(db, number)?;
    require(
        Doing::TicketMessage,
        &reach(db, Reader::changing(me), &ticket)?,
    )?;
    let checked = check(fields).map_err(RegistryError::Invalid)?;
    check_open(&ticket)?;
    let mut kept = Vec::new();
    for (name, bytes) in checked.files {
        kept.push((name, files::store(db, bytes, act.now)?.id));
    }
    let message = NewMessage {
        subject: &checked.subject,
        text: &checked.text,
        category: checked.category,
        author: act.actor.words(),
        files: kept,
    };
    let added = append(db, act.now, &ticket.number, message)?;
    row.updated_at = act.now;
    tickets::update(db, &row)?;
    let target = Some(ticket.number.as_str());
    act.record(
        db,
        ticket.opener,
        Action::TicketMessage,
        target,
        Outcome::Done,
    )?;
    let mut messages = list(db, &ticket.number)?;
    messages.retain(|message| message.number == added);
    Ok(messages.pop().expect("it was written in this transaction"))
}

fn check_open(ticket: &Ticket) -> Result<(), RegistryError> {
    if ticket.status == TicketStatus::Closed {
        return Err(RegistryError::Closed(format!(
            "Ticket {} is closed and takes no messages. Open another one.",
            ticket.number
        )));
    }
    if ticket.kind.is_report() {
        return Err(RegistryError::Closed(format!(
            "keyport prepares the report of ticket {} by itself, so no one would read a message on it.",
            ticket.number
        )));
    }
    Ok(())
}

/// Adds a message to a ticket that is locked, and gives its number.
pub(super) fn append(
    db: &mut Db,
    at: Timestamp,
    ticket: &Handle,
    message: NewMessage<'_>,
) -> Result<i64, StoreError> {
    let number = rows::last_number(db, ticket.as_str())?.unwrap_or(0) + 1;
    let row = MessageRow {
        ticket: ticket.to_string(),
        number,
        subject: message.subject.to_owned(),
        text: joined(message.text),
        category: message.category.code().to_owned(),
        author: message.author,
        created_at: at,
    };
    rows::insert(db, &row)?;
    for (attachment, (file_name, file_id)) in (1..).zip(message.files) {
        let row = AttachmentRow {
            ticket: ticket.to_string(),
            message: number,
            number: attachment,
            file_name,
            file_id,
        };
        rows::insert_attachment(db, &row)?;
    }
    Ok(number)
}

/// What of a message can be accepted.
struct Checked<'a> {
    subject: String,
    text: Vec<String>,
    category: Category,
    files: Vec<(String, &'a [u8])>,
}

fn check(fields: &MessageFields) -> Result<Checked<'_>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut bad = |element, message: String| problems.push(Problem::new(element, message));
    let subject = fields.subject.as_deref().unwrap_or_default().trim();
    if subject.is_empty() {
        bad("subject", "Say in a few words what it is about.".to_owned());
    } else if subject.chars().count() > MAX_SUBJECT_CHARS || subject.contains(is_hidden) {
        bad(
            "subject",
            format!("Use at most {MAX_SUBJECT_CHARS} printable characters."),
        );
    }
    let mut text: Vec<String> = (fields.text.iter())
        .map(|line| line.trim_end().to_owned())
        .collect();
    while text.last().is_some_and(String::is_empty) {
        text.pop();
    }
    let is_long = |line: &String| line.chars().count() > MAX_LINE_CHARS;
    if text.is_empty() {
        bad("text", "Write a text.".to_owned());
    } else if text.len() > MAX_LINES || text.iter().any(is_long) {
        bad(
            "text",
            format!("Write at most {MAX_LINES} lines of {MAX_LINE_CHARS} characters each."),
        );
    } else if text.iter().any(|line| line.contains(is_hidden)) {
        bad("text", "Use printable characters only.".to_owned());
    }
    let category = match fields.category.as_deref() {
        None => Category::None,
        Some(word) => Category::from_code(word).unwrap_or_else(|| {
            bad("category", "Write NONE or JUSTIFICATION.".to_owned());
            Category::None
        }),
    };
    if fields.attachments.len() > MAX_ATTACHMENTS {
        let words = format!("A message can have {MAX_ATTACHMENTS} attachments.");
        bad("attachments", words);
    }
    let mut files = Vec::new();
    for attachment in &fields.attachments {
        match file(attachment) {
            Ok(file) => files.push(file),
            Err((element, message)) => bad(element, message.to_owned()),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Checked {
        subject: subject.to_owned(),
        text,
        category,
        files,
    })
}

fn file(attachment: &AttachmentFields) -> Result<(String, &[u8]), (&'static str, &'static str)> {
    let name = clean_file_name(attachment.file_name.as_deref().unwrap_or_default());
    let name = name.ok_or(("filename", "Name each attachment."))?;
    let bytes = attachment.bytes.as_deref().unwrap_or_default();
    match bytes.is_empty() {
        true => Err(("data", "An attachment holds at least one byte.")),
        false => Ok((name, bytes)),
    }
}

/// The last part of a path, without what file systems or header lines could take for something else.
fn clean_file_name(text: &str) -> Option<String> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = (last.chars())
        .filter(|c| !is_hidden(*c) && !r#"<>:"|?*"#.contains(*c))
        .take(MAX_FILE_NAME_CHARS)
        .collect();
    let cleaned = cleaned.trim_matches(|c: char| c == '.' || c.is_whitespace());
    (!cleaned.is_empty()).then(|| cleaned.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_cut_to_their_last_part_and_cleaned() {
        for (text, name) in [
            ("plan.pdf", Some("plan.pdf")),
            ("/etc/passwd", Some("passwd")),
            ("C:\\Users\\maren\\plan.pdf", Some("plan.pdf")),
            ("../../.ssh", Some("ssh")),
            ("a\r\nb\"c.txt", Some("abc.txt")),
            ("x\u{202e}fdp.exe", Some("xfdp.exe")),
            ("..", None),
            ("folder/", None),
            ("", None),
        ] {
            assert_eq!(clean_file_name(text).as_deref(), name, "{text:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_with_a_message_is_said_at_once() {
        let fields = MessageFields {
            subject: Some("x".repeat(201)),
            category: Some("none".to_owned()),
            attachments: vec![AttachmentFields::default(); 6],
            ..MessageFields::default()
        };
        let problems = check(&fields).err().unwrap();
        let elements: Vec<&str> = problems.iter().map(|problem| problem.element).collect();
        assert_eq!(
            &elements[..4],
            ["subject", "text", "category", "attachments"]
        );
        assert_eq!(elements[4..], ["filename"; 6]);
    }
}
