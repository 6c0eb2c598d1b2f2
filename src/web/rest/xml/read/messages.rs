//! Reads messages, and what is read of tickets.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::fields::Fields;
use super::tree::{Element, Space};
use crate::domain::registry::fields::{AttachmentFields, MessageFields};

/// With padding or without: programs differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is in a `message`.
pub(super) fn message(fields: &mut Fields, element: &Element) -> MessageFields {
    let names = ["subject", "text", "category", "attachments"];
    let ignored = [
        (Space::Messages, "messageId"),
        (Space::Messages, "createdDate"),
        (Space::Core, "attachmentReferences"),
    ];
    let found = fields.children(element, &names, &ignored);
    let attachments = match found.get("attachments") {
        Some(list) => fields.list(list, "attachment"),
        None => Vec::new(),
    };
    MessageFields {
        subject: fields.text(&found, "subject"),
        text: fields.lines(&found, "text"),
        category: fields.text(&found, "category"),
        attachments: (attachments.into_iter())
            .map(|element| attachment(fields, element))
            .collect(),
    }
}

/// `webTicketStatus` in a `ticket`.
pub(super) fn ticket_status(fields: &mut Fields, element: &Element) -> Option<String> {
    let ignored = [
        (Space::Core, "ticketNo"),
        (Space::Core, "createdDate"),
        (Space::Core, "updatedDate"),
        (Space::Core, "resolvedDate"),
        (Space::Core, "closedDate"),
        (Space::Core, "webTicketType"),
        (Space::Core, "webTicketResolution"),
        (Space::SharedTicket, "orgHandle"),
        (Space::SharedTicket, "shared"),
    ];
    let found = fields.children(element, &["webTicketStatus"], &ignored);
    fields.text(&found, "webTicketStatus")
}

fn attachment(fields: &mut Fields, element: &Element) -> AttachmentFields {
    let found = fields.children(element, &["data", "filename"], &[]);
    let bytes = fields.text(&found, "data").and_then(|text| {
        // It may be broken into lines.
        let text: String = text.split_ascii_whitespace().collect();
        let bytes = BASE64.decode(text).ok();
        if bytes.is_none() {
            fields.add(
                "data",
                "This is no base64. Send the file's bytes in base64.",
            );
        }
        bytes
    });
    AttachmentFields {
        file_name: fields.text(&found, "filename"),
        bytes,
    }
}
