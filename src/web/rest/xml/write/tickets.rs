//! Writes tickets and messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{
    AttachmentView, Document, MessageView, MessagesView, ReferenceView, TICKET_ROOT, TicketView,
    document,
};

/// A `ticket`; with [`MessagesView::None`] a summary.
pub fn ticket(ticket: &TicketView) -> String {
    document("ticket", TICKET_ROOT, |document| content(document, ticket))
}

/// A `ticketedRequest` that waits for a decision, with its ticket.
pub fn ticketed_ticket(ticket: &TicketView) -> String {
    document("ticketedRequest", TICKET_ROOT, |document| {
        document.element("ticket", &[], |document| content(document, ticket));
    })
}

/// A `message`.
pub fn message(message: &MessageView) -> String {
    document("message", TICKET_ROOT, |document| {
        message_content(document, message);
    })
}

/// What is in a `ticket`.
pub(super) fn content(document: &mut Document, ticket: &TicketView) {
    messages(document, &ticket.messages);
    document.text("ticketNo", &ticket.number);
    if let Some(organization) = &ticket.organization {
        document.text("st:orgHandle", organization);
        document.text("st:shared", "false");
    }
    document.time("createdDate", ticket.created_at);
    document.time("updatedDate", ticket.updated_at);
    if let Some(at) = ticket.resolved_at {
        document.time("resolvedDate", at);
    }
    if let Some(at) = ticket.closed_at {
        document.time("closedDate", at);
    }
    document.text("webTicketType", ticket.kind);
    document.text("webTicketStatus", ticket.status);
    document.optional("webTicketResolution", ticket.resolution);
}

fn messages(document: &mut Document, messages: &MessagesView) {
    match messages {
        MessagesView::Whole(messages) if !messages.is_empty() => {
            document.element("messages", &[], |document| {
                for message in messages {
                    document.element("message", &[], |document| {
                        message_content(document, message);
                    });
                }
            });
        }
        MessagesView::References(references) if !references.is_empty() => {
            document.element("messageReferences", &[], |document| {
                for reference in references {
                    document.element("messageReference", &[], |document| {
                        reference_content(document, reference);
                    });
                }
            });
        }
        MessagesView::None | MessagesView::Whole(_) | MessagesView::References(_) => {}
    }
}

fn message_content(document: &mut Document, message: &MessageView) {
    document.text("msg:messageId", &message.number.to_string());
    document.time("msg:createdDate", message.created_at);
    document.text("subject", &message.subject);
    // An element that is always there, also when there is nothing to say.
    match message.text.as_slice() {
        [] => document.empty("text", &[]),
        lines => document.lines("text", lines),
    }
    document.text("category", message.category);
    let whole: Vec<(&AttachmentView, &[u8])> = (message.attachments.iter())
        .filter_map(|attachment| Some((attachment, attachment.bytes.as_deref()?)))
        .collect();
    if !whole.is_empty() {
        document.element("attachments", &[], |document| {
            for (attachment, bytes) in whole {
                document.element("attachment", &[], |document| {
                    document.text("data", &STANDARD.encode(bytes));
                    document.text("filename", &attachment.file_name);
                });
            }
        });
    }
    let by_number = |attachment: &&AttachmentView| attachment.bytes.is_none();
    references(document, message.attachments.iter().filter(by_number));
}

fn reference_content(document: &mut Document, reference: &ReferenceView) {
    document.text("messageId", &reference.message.to_string());
    references(document, reference.attachments.iter());
}

fn references<'a>(document: &mut Document, attachments: impl Iterator<Item = &'a AttachmentView>) {
    let attachments: Vec<&AttachmentView> = attachments.collect();
    if attachments.is_empty() {
        return;
    }
    document.element("attachmentReferences", &[], |document| {
        for attachment in attachments {
            document.element("attachmentReference", &[], |document| {
                document.text("attachmentFilename", &attachment.file_name);
                document.text("attachmentId", &attachment.number.to_string());
            });
        }
    });
}
