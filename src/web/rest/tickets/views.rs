//! Tickets as documents show them.

use crate::domain::audit::Act;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::tickets::messages::{self, Message};
use crate::domain::registry::tickets::{Ticket, reading};
use crate::domain::reports::files::{self, ReadFileError};
use crate::domain::security::throttles;
use crate::ids::AccountId;
use crate::store::Db;
use crate::web::error::{RestCode, RestError};
use crate::web::rest::xml::write::{
    AttachmentView, MessageView, MessagesView, ReferenceView, TicketView,
};

/// Bytes of attachments that a document can hold.
const MAX_BYTES: i64 = 1 << 20;

/// Who reads.
pub(super) struct Reader<'a> {
    /// The account.
    pub(super) me: AccountId,
    /// What its downloads are written down with.
    pub(super) act: &'a Act,
    /// True if nothing is sent but headers.
    pub(super) is_head: bool,
}

/// What is done about a file that the account may no longer have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// The answer is that it may not.
    Needed,
    /// It is only referred to.
    IfAllowed,
}

/// Tickets with their messages, whole or as references. Files that are in the answer count as downloads.
pub(super) fn whole(
    db: &mut Db,
    reader: &Reader<'_>,
    tickets: Vec<Ticket>,
    refers: bool,
    bytes: Bytes,
) -> Result<Vec<TicketView>, RestError> {
    let numbers: Vec<Handle> = tickets.iter().map(|ticket| ticket.number.clone()).collect();
    let mut found = messages::list_for(db, &numbers)?;
    if refers {
        let view = |ticket: &Ticket| {
            let messages = found.remove(ticket.number.as_str()).unwrap_or_default();
            let references = messages.iter().map(reference).collect();
            with_messages(ticket, MessagesView::References(references))
        };
        return Ok(tickets.iter().map(view).collect());
    }
    let sizes = (found.values().flatten())
        .flat_map(|message| &message.attachments)
        .map(|attachment| attachment.size);
    if sizes.sum::<i64>() > MAX_BYTES {
        return Err(too_large());
    }
    let mut views = Vec::new();
    for ticket in &tickets {
        let mut shown = Vec::new();
        for message in found.remove(ticket.number.as_str()).unwrap_or_default() {
            shown.push(with_bytes(db, reader, ticket, &message, bytes)?);
        }
        views.push(with_messages(ticket, MessagesView::Whole(shown)));
    }
    Ok(views)
}

/// A message with what its files hold.
fn with_bytes(
    db: &mut Db,
    reader: &Reader<'_>,
    ticket: &Ticket,
    found: &Message,
    bytes: Bytes,
) -> Result<MessageView, RestError> {
    let mut view = message(found);
    if found.attachments.is_empty() {
        return Ok(view);
    }
    match reading::check_bytes(db, reader.me, ticket) {
        Ok(()) => {}
        Err(crate::domain::registry::error::RegistryError::Denied(_)) if bytes == Bytes::IfAllowed => {
            return Ok(view);
        }
        Err(error) => return Err(error.into()),
    }
    for (shown, attachment) in view.attachments.iter_mut().zip(&found.attachments) {
        if !reader.is_head {
            note(db, reader, ticket, &attachment.file_name)?;
        }
        let gone = || RestError::no_record("The attachment is no longer there.");
        let file = files::find(db, attachment.file_id)?.ok_or_else(gone)?;
        shown.bytes = Some(files::read_whole(db, &file).map_err(|error| match error {
            ReadFileError::Gone => gone(),
            ReadFileError::Store(error) => error.into(),
        })?);
    }
    Ok(view)
}

/// Counts a download, and writes it down.
pub(super) fn note(
    db: &mut Db,
    reader: &Reader<'_>,
    ticket: &Ticket,
    file_name: &str,
) -> Result<(), RestError> {
    let throttled = throttles::take_download(db, reader.act.now, reader.me)?;
    throttled.map_err(|throttled| RestError::from(crate::web::error::ApiError::from(throttled)))?;
    reading::record_download(db, reader.act, reader.me, ticket, file_name)?;
    Ok(())
}

fn too_large() -> RestError {
    RestError::new(
        actix_web::http::StatusCode::PAYLOAD_TOO_LARGE,
        RestCode::BadRequest,
        crate::web::error::Code::TooLarge.row().0,
        "The attachments are larger than 1 MiB together. Ask with msgRefs=true, then for each of them.",
    )
}

/// A ticket without its messages.
pub(super) fn summary(ticket: &Ticket) -> TicketView {
    with_messages(ticket, MessagesView::None)
}

fn with_messages(ticket: &Ticket, messages: MessagesView) -> TicketView {
    TicketView {
        number: ticket.number.to_string(),
        kind: ticket.kind.code(),
        status: ticket.status.code(),
        resolution: ticket.resolution.map(|resolution| resolution.code()),
        created_at: ticket.created_at,
        updated_at: ticket.updated_at,
        resolved_at: ticket.resolved_at,
        closed_at: ticket.closed_at,
        organization: ticket.organization.as_ref().map(ToString::to_string),
        messages,
    }
}

/// A message; its files by their numbers.
pub(super) fn message(message: &Message) -> MessageView {
    MessageView {
        number: message.number,
        created_at: message.created_at,
        subject: message.subject.clone(),
        text: message.text.clone(),
        category: message.category.code(),
        attachments: attachments(message),
    }
}

fn reference(message: &Message) -> ReferenceView {
    ReferenceView {
        message: message.number,
        attachments: attachments(message),
    }
}

fn attachments(message: &Message) -> Vec<AttachmentView> {
    (message.attachments.iter())
        .map(|attachment| AttachmentView {
            number: attachment.number,
            file_name: attachment.file_name.clone(),
            bytes: None,
        })
        .collect()
}
