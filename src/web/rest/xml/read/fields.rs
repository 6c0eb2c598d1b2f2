//! Looks elements up by their names, and gathers those that the schema does not have.

use std::str::FromStr;

use super::tree::{Element, Space};
use super::{MAX_REPEATED_CHARS, SchemaError};
use crate::domain::text::visible;
use crate::web::error::Component;

/// More of them help nobody, and the answer is not to grow with the document.
const MAX_COMPONENTS: usize = 100;
/// What every record may hold and nobody reads: what others set, and what is not kept.
const IGNORED: [&str; 6] = [
    "description",
    "lastModified",
    "messageReferences",
    "messages",
    "originASes",
    "registrationDate",
];

/// What does not follow the schema so far.
#[derive(Default)]
pub(super) struct Fields(Vec<Component>);

/// Elements by their names, each once.
pub(super) struct Found<'t>(Vec<(&'static str, &'t Element)>);

impl<'t> Found<'t> {
    /// The one with this name.
    pub(super) fn get(&self, name: &str) -> Option<&'t Element> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, element)| *element)
    }
}

impl Fields {
    /// The value, if the document follows the schema.
    pub(super) fn or<T>(self, value: T) -> Result<T, SchemaError> {
        if self.0.is_empty() {
            return Ok(value);
        }
        Err(SchemaError {
            message:
                "The document does not follow the schema. Correct the elements that are listed."
                    .to_owned(),
            components: self.0,
        })
    }

    /// The children of an element: each of `names` once at most, and none but them and those that are ignored.
    pub(super) fn children<'t>(
        &mut self,
        element: &'t Element,
        names: &[&'static str],
        ignored: &[(Space, &str)],
    ) -> Found<'t> {
        self.no_text(element);
        let mut found = Found(Vec::new());
        for child in &element.children {
            let is_core = child.space == Space::Core;
            let known = names.iter().find(|name| is_core && child.name == **name);
            match known {
                Some(name) if found.get(name).is_some() => {
                    self.add(
                        name,
                        format!("{name} is there more than once. Send it once."),
                    );
                }
                Some(name) => found.0.push((name, child)),
                None if is_core && IGNORED.contains(&child.name.as_str()) => {}
                None if ignored.contains(&(child.space, &child.name)) => {}
                None => self.unknown(child, element),
            }
        }
        found
    }

    /// The entries of a list, which are all of one name.
    pub(super) fn list<'t>(&mut self, list: &'t Element, name: &'static str) -> Vec<&'t Element> {
        self.records(list, &[name])
    }

    /// The children of an element, any number of each of these names.
    pub(super) fn records<'t>(
        &mut self,
        element: &'t Element,
        names: &[&'static str],
    ) -> Vec<&'t Element> {
        self.no_text(element);
        let mut records = Vec::new();
        for child in &element.children {
            match child.space == Space::Core && names.contains(&child.name.as_str()) {
                true => records.push(child),
                false => self.unknown(child, element),
            }
        }
        records
    }

    /// The text of the element with this name, trimmed; `None` if there is no such element, or nothing in it.
    pub(super) fn text(&mut self, found: &Found<'_>, name: &str) -> Option<String> {
        found.get(name).and_then(|element| self.leaf(element))
    }

    /// The text of an element that holds nothing else.
    pub(super) fn leaf(&mut self, element: &Element) -> Option<String> {
        for child in &element.children {
            self.unknown(child, element);
        }
        let text = element.text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// One of some words.
    pub(super) fn one_of<T>(
        &mut self,
        found: &Found<'_>,
        name: &'static str,
        words: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(found, name)?;
        self.word(name, &text, words, parse)
    }

    /// The meaning of a text that is one of some words.
    pub(super) fn word<T>(
        &mut self,
        name: &'static str,
        text: &str,
        words: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(text);
        if value.is_none() {
            let sent = visible(text, MAX_REPEATED_CHARS);
            self.add(name, format!("{sent} is not one of {words}."));
        }
        value
    }

    /// `true`, `false`, `1` or `0`.
    pub(super) fn boolean(&mut self, found: &Found<'_>, name: &'static str) -> Option<bool> {
        self.one_of(found, name, "true, false, 1 and 0", |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }

    /// Lines in the order of their numbers; those without one come as if they had that of their place.
    pub(super) fn lines(&mut self, found: &Found<'_>, name: &str) -> Vec<String> {
        let Some(element) = found.get(name) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for (line, place) in self.list(element, "line").into_iter().zip(1_i64..) {
            let number = match line.attribute("number") {
                Some(text) => self.word("line", text, "the numbers of lines", |text| {
                    i64::from_str(text).ok()
                }),
                None => Some(place),
            };
            let text = self.leaf(line).unwrap_or_default();
            lines.push((number.unwrap_or(place), text));
        }
        lines.sort_by_key(|(number, _)| *number);
        lines.into_iter().map(|(_, text)| text).collect()
    }

    /// Something that is not as it should be.
    pub(super) fn add(&mut self, name: &'static str, message: impl Into<String>) {
        self.component(Component::new(name, message));
    }

    fn unknown(&mut self, child: &Element, parent: &Element) {
        let name = child.shown_name();
        let message = match child.space {
            Space::None => format!("{name} is in no namespace. Send it in that of its document."),
            _ => format!(
                "{} has no element {name} in this namespace. Leave it out.",
                parent.shown_name()
            ),
        };
        self.component(Component::new(name, message));
    }

    fn no_text(&mut self, element: &Element) {
        if !element.text.trim().is_empty() {
            let name = element.shown_name();
            let message = format!("{name} holds elements, and no text of its own.");
            self.component(Component::new(name, message));
        }
    }

    fn component(&mut self, component: Component) {
        if self.0.len() < MAX_COMPONENTS {
            self.0.push(component);
        }
    }
}
