//! Tickets as documents show them.

use super::Call;
use crate::domain::registry::tickets::Ticket;
use crate::domain::registry::tickets::documents::{self, FilledMessage, FilledTicket, Wish};
use crate::domain::registry::tickets::messages::Message;
use crate::web::error::RestError;
use crate::web::rest::xml::write::{
    AttachmentView, MessageView, MessagesView, ReferenceView, TicketView,
};

/// Tickets with their messages, whole or as references. Files that are in the answer count as downloads, which are written
/// down in the transaction that reads them.
pub(super) async fn with_messages(
    call: &Call,
    wish: Wish,
    refers: bool,
) -> Result<Vec<TicketView>, RestError> {
    let (reading, act) = (super::reading(call), call.act.clone());
    let first = wish.clone();
    let found = (call.state.pool)
        .read(move |db| documents::without_files(db, reading, &first))
        .await?;
    if refers {
        return Ok(found.iter().map(as_references).collect());
    }
    let has_files = (found.iter().flat_map(|(_, messages)| messages))
        .any(|(message, _)| !message.attachments.is_empty());
    if !has_files {
        return Ok(found.iter().map(as_messages).collect());
    }
    let found = (call.state.pool)
        .write(move |db| documents::with_files(db, &act, reading, &wish))
        .await?;
    Ok(found.iter().map(as_messages).collect())
}

fn as_references((ticket, messages): &FilledTicket) -> TicketView {
    let references = messages.iter().map(|(message, _)| reference(message));
    of(ticket, MessagesView::References(references.collect()))
}

fn as_messages((ticket, messages): &FilledTicket) -> TicketView {
    let whole = |(found, bytes): &FilledMessage| {
        let mut view = message(found);
        for (shown, bytes) in view.attachments.iter_mut().zip(bytes) {
            shown.bytes.clone_from(bytes);
        }
        view
    };
    let messages = messages.iter().map(whole).collect();
    of(ticket, MessagesView::Whole(messages))
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
