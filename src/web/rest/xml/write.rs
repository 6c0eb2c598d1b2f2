//! Writes documents.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::CORE;
use crate::web::error::RestError;

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
        let start = quick_xml::events::BytesStart::new(name.to_owned())
            .with_attributes(attributes.iter().copied());
        self.event(Event::Start(start));
        content(self);
        self.event(Event::End(quick_xml::events::BytesEnd::new(
            name.to_owned(),
        )));
    }

    /// An element that holds a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.element(name, &[], |document| {
            document.event(Event::Text(BytesText::new(text)));
        });
    }

    /// The same if there is a text.
    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// The document as text.
    pub(super) fn finish(self) -> String {
        String::from_utf8(self.0.into_inner()).unwrap_or_default()
    }

    fn event(&mut self, event: Event<'_>) {
        let written: io::Result<()> = self.0.write_event(event);
        written.expect("writing into memory does not fail");
    }
}

/// The body of every refusal under `/rest`.
pub fn error(error: &RestError, request_id: &str) -> String {
    let mut document = Document::new();
    document.element("error", &[("xmlns", CORE)], |document| {
        document.text("message", &error.message);
        document.text("code", error.code.word());
        document.element("components", &[], |document| {
            for component in &error.components {
                document.element("component", &[], |document| {
                    document.text("name", component.element);
                    document.text("message", &component.message);
                });
            }
        });
        document.element("additionalInfo", &[], |document| {
            document.text("message", error.reason);
            document.text("message", &format!("request id: {request_id}"));
        });
    });
    document.finish()
}
