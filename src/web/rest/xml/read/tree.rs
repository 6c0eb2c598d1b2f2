//! Makes a tree of elements out of bytes, within limits, and without looking at anything but the bytes.
//!
//! There are no entities but the five that XML has by itself: a document type, which could declare more, is refused as
//! soon as it begins. Elements of foreign namespaces are counted, and left out with all that they hold.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use super::{CORE, MAX_REPEATED_CHARS, SchemaError};
use crate::domain::text::visible;
use crate::web::rest::xml::{MESSAGES, SHARED_TICKET};

const MAX_DEPTH: usize = 32;
const MAX_ELEMENTS: usize = 20_000;
const MAX_ATTRIBUTES: usize = 64;

/// How large a document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// As one that comes by a call.
    Elements,
    /// Depth and attributes are limited, the number of elements is not.
    None,
}

/// A namespace, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// Of records.
    Core,
    /// Of what messages have.
    Messages,
    /// Of what tickets have.
    SharedTicket,
    /// No namespace.
    None,
    /// Any other: of a root only, since all else in it is left out.
    Foreign,
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    /// Its namespace.
    pub(super) space: Space,
    /// Its name without prefix.
    pub(super) name: String,
    /// Attributes without prefix.
    pub(super) attributes: Vec<(String, String)>,
    /// All that is written in it, but not within its children.
    pub(super) text: String,
    /// Elements in it, in order, without those of foreign namespaces.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The value of an attribute, trimmed; an empty one counts as missing.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// True if there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.children.is_empty() && self.text.trim().is_empty()
    }

    /// Its name, as it is repeated to its sender.
    pub(super) fn shown_name(&self) -> String {
        visible(&self.name, MAX_REPEATED_CHARS)
    }
}

/// The root of a document.
///
/// # Errors
/// If the bytes are no document, or one that is not taken.
pub(super) fn parse(document: &[u8], limit: Limit) -> Result<Element, SchemaError> {
    let text = std::str::from_utf8(document)
        .map_err(|error| SchemaError::new(format!("Send the document in UTF-8: {error}.")))?;
    if text.contains('\0') {
        return Err(SchemaError::malformed("U+0000 is no character of XML"));
    }
    // A byte order mark says nothing in UTF-8 (Unicode, section 23.8).
    let mut reader = NsReader::from_str(text.strip_prefix('\u{FEFF}').unwrap_or(text));
    let mut builder = Builder::new(limit);
    loop {
        let event = reader.read_event().map_err(SchemaError::malformed)?;
        match event {
            Event::Start(start) => builder.start(&reader, &start)?,
            Event::Empty(start) => {
                builder.start(&reader, &start)?;
                builder.end();
            }
            Event::End(_) => builder.end(),
            Event::Text(text) => builder.text(&text.xml10_content())?,
            Event::CData(text) => builder.section(&text.xml10_content())?,
            Event::GeneralRef(reference) => builder.section(&resolved(&reference)?)?,
            Event::Decl(declaration) => builder.declaration(&declaration)?,
            Event::Comment(comment) if comment.contains("--") || comment.ends_with('-') => {
                return Err(SchemaError::malformed("a comment holds two hyphens"));
            }
            Event::Comment(_) | Event::PI(_) => {}
            Event::DocType(_) => {
                return Err(SchemaError::new(
                    "Documents with a DOCTYPE are not taken. Leave it out.",
                ));
            }
            Event::Eof => return builder.finish(),
        }
        builder.is_first = false;
    }
}

/// What was read so far.
struct Builder {
    limit: Limit,
    is_first: bool,
    elements: usize,
    /// Elements that have not ended; `None` for those that are left out.
    open: Vec<Option<Element>>,
    root: Option<Element>,
}

impl Builder {
    fn new(limit: Limit) -> Self {
        Self {
            limit,
            is_first: true,
            elements: 0,
            open: Vec::new(),
            root: None,
        }
    }

    fn start(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
    ) -> Result<(), SchemaError> {
        self.elements += 1;
        if self.root.is_some() {
            return Err(SchemaError::malformed("it has more than one root"));
        }
        if self.open.len() == MAX_DEPTH {
            let message =
                format!("Elements are nested deeper than {MAX_DEPTH}. Send a plain record.");
            return Err(SchemaError::new(message));
        }
        if self.limit == Limit::Elements && self.elements > MAX_ELEMENTS {
            let message = format!("A document can hold {MAX_ELEMENTS} elements. Send fewer.");
            return Err(SchemaError::new(message));
        }
        // Before they are compared with each other, which takes the square of their number.
        if start
            .attributes()
            .with_checks(false)
            .take(MAX_ATTRIBUTES + 1)
            .count()
            > MAX_ATTRIBUTES
        {
            let message = format!("An element can hold {MAX_ATTRIBUTES} attributes. Send fewer.");
            return Err(SchemaError::new(message));
        }
        let (space, name) = reader.resolver().resolve_element(start.name());
        let space = space_of(space)?;
        let attributes = attributes(reader, start)?;
        let is_left_out = match self.open.last() {
            Some(parent) => parent.is_none() || space == Space::Foreign,
            None => false,
        };
        self.open.push((!is_left_out).then(|| Element {
            space,
            name: name.as_ref().to_owned(),
            attributes,
            text: String::new(),
            children: Vec::new(),
        }));
        Ok(())
    }

    fn end(&mut self) {
        let Some(Some(element)) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(Some(parent)) => parent.children.push(element),
            Some(None) => {}
            None => self.root = Some(element),
        }
    }

    /// Characters as they are written, which may also stand between the parts of a document if they are spaces.
    fn text(&mut self, text: &str) -> Result<(), SchemaError> {
        if text.contains("]]>") {
            return Err(SchemaError::malformed(
                "]]> stands outside of a CDATA section",
            ));
        }
        if self.open.is_empty() && text.chars().all(|c| " \t\r\n".contains(c)) {
            return Ok(());
        }
        self.section(text)
    }

    /// Characters that can stand in elements only.
    fn section(&mut self, text: &str) -> Result<(), SchemaError> {
        match self.open.last_mut() {
            Some(Some(element)) => element.text.push_str(text),
            Some(None) => {}
            None => return Err(SchemaError::malformed("text stands outside of its root")),
        }
        Ok(())
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), SchemaError> {
        if !self.is_first {
            return Err(SchemaError::malformed(
                "its declaration is not at its beginning",
            ));
        }
        declaration.version().map_err(SchemaError::malformed)?;
        let Some(encoding) = declaration.encoding() else {
            return Ok(());
        };
        let encoding = encoding.map_err(SchemaError::malformed)?;
        if !encoding.eq_ignore_ascii_case("UTF-8") {
            let named = visible(&encoding, MAX_REPEATED_CHARS);
            let message = format!("The document says that it is in {named}. Send UTF-8.");
            return Err(SchemaError::new(message));
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, SchemaError> {
        if !self.open.is_empty() {
            return Err(SchemaError::malformed("it ends within an element"));
        }
        (self.root).ok_or_else(|| SchemaError::new("The body is empty. Send a document."))
    }
}

fn space_of(resolved: ResolveResult<'_>) -> Result<Space, SchemaError> {
    Ok(match resolved {
        ResolveResult::Bound(Namespace(CORE)) => Space::Core,
        ResolveResult::Bound(Namespace(MESSAGES)) => Space::Messages,
        ResolveResult::Bound(Namespace(SHARED_TICKET)) => Space::SharedTicket,
        ResolveResult::Bound(_) => Space::Foreign,
        ResolveResult::Unbound => Space::None,
        ResolveResult::Unknown(prefix) => {
            let why = format!("the prefix {prefix} belongs to no namespace");
            return Err(SchemaError::malformed(why));
        }
    })
}

/// Attributes without prefix; all are looked at.
fn attributes(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
) -> Result<Vec<(String, String)>, SchemaError> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(SchemaError::malformed)?;
        let value = (attribute.normalized_value(XmlVersion::Implicit1_0))
            .map_err(SchemaError::malformed)?;
        if attribute.value.contains('<') {
            return Err(SchemaError::malformed("an attribute holds <"));
        }
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (space, name) = reader.resolver().resolve_attribute(attribute.key);
        if space_of(space)? == Space::None {
            attributes.push((name.as_ref().to_owned(), value.into_owned()));
        }
    }
    Ok(attributes)
}

/// The character that a reference is.
fn resolved(reference: &BytesRef<'_>) -> Result<String, SchemaError> {
    let character = reference
        .resolve_char_ref()
        .map_err(SchemaError::malformed)?;
    let named = || resolve_predefined_entity(reference).map(str::to_owned);
    (character.map(String::from)).or_else(named).ok_or_else(|| {
        let why = format!(
            "it names the entity {}, and has none of its own",
            &**reference
        );
        SchemaError::malformed(why)
    })
}
