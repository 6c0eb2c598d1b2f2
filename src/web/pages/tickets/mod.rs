//! Tickets: those that the account opened, and those that wait for its decision.

pub mod acts;
pub mod detail;
pub mod files;
pub mod list;

use super::{PageResult, html, see_other};
use crate::domain::registry::error::Problem;
use crate::domain::registry::fields::OrganizationFields;
use crate::domain::registry::tickets::messages::Message;
use crate::domain::registry::tickets::{Resolution, Ticket, TicketStatus};
use crate::web::form::Field;
use crate::web::markup::{Badge, TimeView};
use crate::web::times::{Times, counted};

/// The list's address.
const LIST: &str = "/tickets";

/// How a ticket stands, with a colour.
pub(super) fn badge(ticket: &Ticket) -> Badge {
    let kind = match (ticket.status, ticket.resolution) {
        (_, Some(Resolution::Accepted | Resolution::Processed)) => "ok",
        (_, Some(Resolution::Denied | Resolution::Unsuccessful)) => "bad",
        (TicketStatus::PendingReview | TicketStatus::InProgress, _) => "hollow",
        (TicketStatus::Assigned, _) => "warn",
        (TicketStatus::Resolved | TicketStatus::Closed, _) => "neutral",
    };
    Badge {
        kind,
        text: ticket.stands(),
    }
}

/// What a ticket is for: the handle that it is about, or that came of it.
pub(super) fn subject(ticket: &Ticket) -> Option<String> {
    let about = [&ticket.organization, &ticket.contact, &ticket.network];
    about.into_iter().flatten().next().map(ToString::to_string)
}

/// A message as the pages show it.
pub(super) struct MessageRow {
    pub(super) number: i64,
    pub(super) subject: String,
    pub(super) author: String,
    pub(super) at: TimeView,
    pub(super) is_justification: bool,
    pub(super) text: String,
    pub(super) files: Vec<FileRow>,
}

/// A file on a message.
pub(super) struct FileRow {
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) size: String,
}

/// A message as the pages show it.
pub(super) fn message_row(message: &Message, times: &Times) -> MessageRow {
    MessageRow {
        number: message.number,
        subject: message.subject.clone(),
        author: message.author.clone(),
        at: times.log_time(message.created_at),
        is_justification: message.category.code() == "JUSTIFICATION",
        text: message.text.join("\n"),
        files: (message.attachments.iter())
            .map(|attachment| FileRow {
                number: attachment.number,
                name: attachment.file_name.clone(),
                size: size_words(attachment.size),
            })
            .collect(),
    }
}

/// "12 kB", by thousands.
fn size_words(bytes: i64) -> String {
    match bytes {
        ..1_000 => counted(bytes, "byte"),
        1_000..1_000_000 => format!("{} kB", (bytes + 500) / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// Puts what is wrong beside the field that it is about; false if it is about another one.
pub(super) fn refuse(field: &mut Field, element: &str, problems: &[Problem]) -> bool {
    let found = problems.iter().find(|problem| problem.element == element);
    if let Some(problem) = found {
        field.refuse(problem.message.clone());
    }
    found.is_some()
}

/// The organization that is asked for, as label and value.
pub(super) fn asked(fields: &OrganizationFields) -> Vec<(&'static str, String)> {
    let address = &fields.address;
    let place = [
        &address.city,
        &address.state,
        &address.postal_code,
        (match address.country_code2 {
            Some(_) => &address.country_code2,
            None => &address.country_code3,
        }),
    ];
    let place: Vec<&str> = place.into_iter().flatten().map(String::as_str).collect();
    let contacts: Vec<String> = (fields.contacts.iter().flatten())
        .map(|link| {
            let function = link.function.map_or("?", |function| function.name());
            let handle = link.handle.as_deref().unwrap_or("?").to_ascii_uppercase();
            format!("{function} {handle}")
        })
        .collect();
    let rows = [
        ("Name", fields.name.clone()),
        ("Does business as", fields.dba_name.clone()),
        ("Tax id", fields.tax_id.clone()),
        ("Web address", fields.url.clone()),
        ("Street", Some(address.street.join(", "))),
        ("Place", Some(place.join(", "))),
        ("Contacts", Some(contacts.join(", "))),
        ("Comment", Some(fields.comment.join(" "))),
    ];
    (rows.into_iter())
        .filter_map(|(label, value)| Some((label, value.filter(|value| !value.is_empty())?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_for_people() {
        for (bytes, words) in [
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_500, "2 kB"),
            (2_340_000, "2.3 MB"),
        ] {
            assert_eq!(size_words(bytes), words);
        }
    }
}
