//! What the lists of the registry share: where they lead, and their pages.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::domain::registry::handles::Handle;
use crate::domain::registry::lists::{Cursor, Page};
use crate::domain::registry::postal::PostalAddress;
use crate::web::error::PageError;
use crate::web::times::grouped;

/// The address of the list of organizations.
pub(super) const ORGANIZATIONS: &str = "/operator/organizations";
/// The address of the list of networks.
pub(super) const NETWORKS: &str = "/operator/networks";
/// The address of the list of contacts.
pub(super) const CONTACTS: &str = "/operator/contacts";
/// The address of import and export.
pub(super) const REGISTRY: &str = "/operator/registry";

/// A link between the lists.
pub(super) struct Segment {
    pub(super) href: &'static str,
    pub(super) label: &'static str,
    pub(super) is_current: bool,
}

/// All of them, with the present one marked.
pub(super) fn segments(current: &str) -> Vec<Segment> {
    let all = [
        (ORGANIZATIONS, "Organizations"),
        (NETWORKS, "Networks"),
        (CONTACTS, "Contacts"),
        (REGISTRY, "Import and export"),
    ];
    let segment = |(href, label)| Segment {
        href,
        label,
        is_current: href == current,
    };
    all.into_iter().map(segment).collect()
}

/// What of a list to show.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    q: String,
    page: String,
}

impl ListQuery {
    /// What was typed into the filter.
    pub(super) fn text(&self) -> &str {
        &self.q
    }

    /// Where the page begins; at the first record for what is no cursor of ours.
    pub(super) fn cursor(&self) -> Option<Cursor> {
        let (direction, handle) = self.page.split_at_checked(1)?;
        let backwards = match direction {
            "a" => false,
            "b" => true,
            _ => return None,
        };
        let handle: Handle = handle.parse().ok()?;
        Some(Cursor { handle, backwards })
    }

    /// What surrounds the rows of this page of the list at `path`.
    pub(super) fn frame<T>(self, path: &str, page: &Page<T>) -> ListFrame {
        let link = |cursor: &Cursor| {
            let query = utf8_percent_encode(&self.q, NON_ALPHANUMERIC);
            format!("{path}?q={query}&page={}", write(cursor))
        };
        ListFrame {
            count: grouped(page.count),
            previous: page.previous.as_ref().map(link),
            next: page.next.as_ref().map(link),
            query: self.q,
        }
    }
}

/// What surrounds the rows of a list.
pub(super) struct ListFrame {
    pub(super) query: String,
    pub(super) count: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

fn write(cursor: &Cursor) -> String {
    let direction = if cursor.backwards { 'b' } else { 'a' };
    format!("{direction}{}", cursor.handle)
}

/// Lines of an address, as on a letter.
pub(super) fn address_lines(address: &PostalAddress) -> Vec<String> {
    let town = [
        Some(address.city.as_str()),
        address.state.as_deref(),
        address.postal_code.as_deref(),
    ];
    let town: Vec<&str> = town.into_iter().flatten().collect();
    let mut lines = address.street.clone();
    lines.push(town.join(" "));
    lines.push(address.country.name.to_owned());
    lines
}

/// The handle that a path names. What is none names nothing.
pub(super) fn handle_of(text: &str) -> Result<Handle, PageError> {
    text.parse().or(Err(PageError::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(page: &str) -> ListQuery {
        ListQuery {
            q: String::new(),
            page: page.to_owned(),
        }
    }

    #[test]
    fn a_cursor_reads_back_and_anything_else_is_the_first_page() {
        for backwards in [true, false] {
            let cursor = Cursor {
                handle: "HEN-1".parse().unwrap(),
                backwards,
            };
            assert_eq!(query(&write(&cursor)).cursor(), Some(cursor));
        }
        for text in ["", "a", "cHEN-1", "a-1", "é"] {
            assert_eq!(query(text).cursor(), None, "{text}");
        }
    }
}
