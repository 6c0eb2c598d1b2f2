//! Writes documents: the names, order and number of elements as programs for this wire format expect them.
//!
//! Absent optional elements are left out. Times are ISO 8601 in UTC with offset, addresses are padded with zeros.

mod addresses;
mod collections;
mod contacts;
mod customers;
mod networks;
mod organizations;
mod tickets;

pub use self::collections::{Export, networks, phones, tickets};
pub use self::contacts::{contact, phone};
pub use self::customers::{PRIVATE_NAME, PRIVATE_STREET, customer};
pub use self::networks::{network, ticketed_network};
pub use self::organizations::organization;
pub use self::tickets::{message, ticket, ticketed_ticket};

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::{CORE, MESSAGES, SHARED_TICKET};
use crate::clock::Timestamp;
use crate::web::error::RestError;

/// What of a ticket is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    /// `20261122-X3`.
    pub number: String,
    /// Code of its type, such as `ORG_CREATE`.
    pub kind: &'static str,
    /// Code of its status, such as `PENDING_REVIEW`.
    pub status: &'static str,
    /// Code of how it ended.
    pub resolution: Option<&'static str>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// The organization that came of it.
    pub organization: Option<String>,
    /// Its messages.
    pub messages: MessagesView,
}

/// How the messages of a ticket are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MessagesView {
    /// Not at all, as in summaries.
    #[default]
    None,
    /// With their texts and attachments.
    Whole(Vec<MessageView>),
    /// By their numbers.
    References(Vec<ReferenceView>),
}

/// What of a message is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its number on the ticket.
    pub number: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// What it is about.
    pub subject: String,
    /// Lines.
    pub text: Vec<String>,
    /// `NONE` or `JUSTIFICATION`.
    pub category: &'static str,
    /// Its files: those with bytes whole, the others by their numbers.
    pub attachments: Vec<AttachmentView>,
}

/// A message by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceView {
    /// The message's number on the ticket.
    pub message: i64,
    /// Its files, by their numbers: bytes are not written.
    pub attachments: Vec<AttachmentView>,
}

/// A file on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentView {
    /// Its number.
    pub number: i64,
    /// Its name.
    pub file_name: String,
    /// What it holds; `None`: it is written by its number.
    pub bytes: Option<Vec<u8>>,
}

/// The namespace of records, as the attributes of a root.
const CORE_ROOT: &[(&str, &str)] = &[("xmlns", CORE)];
/// The same with those that tickets and messages need too.
const TICKET_ROOT: &[(&str, &str)] = &[
    ("xmlns", CORE),
    ("xmlns:msg", MESSAGES),
    ("xmlns:st", SHARED_TICKET),
];

/// A document in the making. Writing into memory does not fail.
pub(super) struct Document(Writer<Vec<u8>>);

impl Document {
    /// With the declaration.
    pub(super) fn new() -> Self {
        let mut document = Self(Writer::new(Vec::new()));
        document.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        document
    }

    /// An element with attributes and whatever `content` writes.
    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        content(self);
        self.close(name);
    }

    /// The beginning of an element.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Start(start(name, attributes)));
    }

    /// The end of an element.
    pub(super) fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element that holds nothing.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(start(name, attributes)));
    }

    /// An element that holds a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.element(name, &[], |document| document.characters(text));
    }

    /// The same if there is a text.
    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// Lines of a text, with their numbers; nothing if there are none.
    pub(super) fn lines(&mut self, name: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.element(name, &[], |document| {
            for (line, number) in lines.iter().zip(1_u32..) {
                let number = [("number", number.to_string())];
                let attributes = number
                    .each_ref()
                    .map(|(name, value)| (*name, value.as_str()));
                document.element("line", &attributes, |document| document.characters(line));
            }
        });
    }

    /// A time with whole seconds: `2026-11-22T09:30:00+00:00`.
    pub(super) fn time(&mut self, name: &str, at: Timestamp) {
        let time = at
            .to_datetime()
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
        self.text(name, &time);
    }

    /// What was written since the last time this was asked.
    pub(super) fn take(&mut self) -> String {
        String::from_utf8(std::mem::take(self.0.get_mut())).unwrap_or_default()
    }

    /// The document as text.
    pub(super) fn finish(self) -> String {
        String::from_utf8(self.0.into_inner()).unwrap_or_default()
    }

    fn characters(&mut self, text: &str) {
        self.event(Event::Text(BytesText::new(&written(text))));
    }

    fn event(&mut self, event: Event<'_>) {
        let written: io::Result<()> = self.0.write_event(event);
        written.expect("writing into memory does not fail");
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    BytesStart::new(name).with_attributes(attributes.iter().copied())
}

/// A document with this root.
fn document(
    name: &str,
    attributes: &[(&str, &str)],
    content: impl FnOnce(&mut Document),
) -> String {
    let mut document = Document::new();
    document.element(name, attributes, content);
    document.finish()
}

/// The text, with signs for the characters that no XML document can hold (XML 1.0, section 2.2): what a caller sent can
/// come back in an error.
fn written(text: &str) -> Cow<'_, str> {
    let is_impossible = |c: char| {
        (c.is_control() && c < ' ' && !matches!(c, '\t' | '\n' | '\r'))
            || matches!(c, '\u{FFFE}' | '\u{FFFF}')
    };
    match text.contains(is_impossible) {
        true => Cow::Owned(text.replace(is_impossible, "\u{FFFD}")),
        false => Cow::Borrowed(text),
    }
}

/// The body of every refusal under `/rest`.
pub fn error(error: &RestError, request_id: &str) -> String {
    document("error", CORE_ROOT, |document| {
        document.text("message", &error.message);
        document.text("code", error.code.word());
        document.element("components", &[], |document| {
            for component in &error.components {
                document.element("component", &[], |document| {
                    document.text("name", &component.element);
                    document.text("message", &component.message);
                });
            }
        });
        document.element("additionalInfo", &[], |document| {
            document.text("message", error.reason);
            document.text("message", &format!("request id: {request_id}"));
        });
    })
}
