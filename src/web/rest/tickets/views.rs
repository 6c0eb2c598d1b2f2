//! Tickets as documents show them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::audit::Act;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::tickets::messages::{self, Message};
use crate::domain::registry::tickets::{Ticket, reading};
use crate::domain::reports::files::{self, ReadFileError};
use crate::domain::security::throttles;
use crate::ids::AccountId;
use crate::store::{Db, StoreError};
use crate::web::error::{RestCode, RestError};
use crate::web::rest::Call;
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

/// Which tickets an answer is about: read anew in each transaction.
pub(super) type Select = dyn Fn(&mut Db) -> Result<Vec<Ticket>, RestError> + Send + Sync;

/// Tickets with their messages, whole or as references. Files that are in the answer count as downloads, which are written
/// down in the transaction that reads them.
pub(super) async fn with_messages(
    call: &Call,
    select: Arc<Select>,
    refers: bool,
    bytes: Bytes,
) -> Result<Vec<TicketView>, RestError> {
    let (me, act, is_head) = (call.me, call.act.clone(), call.is_head);
    let first = select.clone();
    let found = (call.state.pool)
        .read(move |db| {
            let tickets = first(db)?;
            let found = messages_of(db, &tickets)?;
            let has_files =
                (found.values().flatten()).any(|message| !message.attachments.is_empty());
            Ok::<_, RestError>(match (refers, has_files) {
                (true, _) => Some(as_references(&tickets, found)),
                (false, false) => Some(as_messages(&tickets, found)),
                (false, true) => None,
            })
        })
        .await?;
    if let Some(views) = found {
        return Ok(views);
    }
    (call.state.pool)
        .write(move |db| {
            let tickets = select(db)?;
            let reader = Reader {
                me,
                act: &act,
                is_head,
            };
            whole(db, &reader, &tickets, bytes)
        })
        .await
}

fn messages_of(
    db: &mut Db,
    tickets: &[Ticket],
) -> Result<HashMap<String, Vec<Message>>, StoreError> {
    let numbers: Vec<Handle> = tickets.iter().map(|ticket| ticket.number.clone()).collect();
    messages::list_for(db, &numbers)
}

fn as_references(tickets: &[Ticket], mut found: HashMap<String, Vec<Message>>) -> Vec<TicketView> {
    let view = |ticket: &Ticket| {
        let messages = found.remove(ticket.number.as_str()).unwrap_or_default();
        let references = messages.iter().map(reference).collect();
        of(ticket, MessagesView::References(references))
    };
    tickets.iter().map(view).collect()
}

fn as_messages(tickets: &[Ticket], mut found: HashMap<String, Vec<Message>>) -> Vec<TicketView> {
    let view = |ticket: &Ticket| {
        let messages = found.remove(ticket.number.as_str()).unwrap_or_default();
        let messages = messages.iter().map(message).collect();
        of(ticket, MessagesView::Whole(messages))
    };
    tickets.iter().map(view).collect()
}

fn whole(
    db: &mut Db,
    reader: &Reader<'_>,
    tickets: &[Ticket],
    bytes: Bytes,
) -> Result<Vec<TicketView>, RestError> {
    let mut found = messages_of(db, tickets)?;
    let sizes = (found.values().flatten())
        .flat_map(|message| &message.attachments)
        .map(|attachment| attachment.size);
    if sizes.sum::<i64>() > MAX_BYTES {
        return Err(too_large());
    }
    if !reader.is_head {
        take(db, reader)?;
    }
    let mut views = Vec::new();
    for ticket in tickets {
        let mut shown = Vec::new();
        for message in found.remove(ticket.number.as_str()).unwrap_or_default() {
            shown.push(with_bytes(db, reader, ticket, &message, bytes)?);
        }
        views.push(of(ticket, MessagesView::Whole(shown)));
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
        Err(RegistryError::Denied(_)) if bytes == Bytes::IfAllowed => {
            return Ok(view);
        }
        Err(error) => return Err(error.into()),
    }
    for (shown, attachment) in view.attachments.iter_mut().zip(&found.attachments) {
        if !reader.is_head {
            let name = &attachment.file_name;
            reading::record_download(db, reader.act, reader.me, ticket, name)?;
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

/// Counts a download.
pub(super) fn take(db: &mut Db, reader: &Reader<'_>) -> Result<(), RestError> {
    let taken = throttles::take_download(db, reader.act.now, reader.me)?;
    Ok(taken.map_err(RegistryError::Throttled)?)
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
    of(ticket, MessagesView::None)
}

fn of(ticket: &Ticket, messages: MessagesView) -> TicketView {
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
