//! The lists of the registry: where they are, what they say around their rows, and how their pages are asked for.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::super::{PageResult, see_other};
use super::ROWS;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::lists::{Cursor, Page, ReadPage};
use crate::store::StoreError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Flash, Layout, Nav};
use crate::web::times::grouped;

/// A list of all records of a kind.
pub(super) struct List {
    /// Its address.
    pub(super) href: &'static str,
    /// Its title: what is in it.
    title: &'static str,
    /// What of a record the filter looks at, for "Filter by …".
    filter: &'static str,
}

/// All organizations.
pub(super) static ORGANIZATIONS: List = List {
    href: "/operator/organizations",
    title: "Organizations",
    filter: "handle or name",
};
/// All networks.
pub(super) static NETWORKS: List = List {
    href: "/operator/networks",
    title: "Networks",
    filter: "handle, name or address",
};
/// All contacts.
pub(super) static CONTACTS: List = List {
    href: "/operator/contacts",
    title: "Contacts",
    filter: "handle, name or email",
};
/// The address of import and export.
pub(super) const REGISTRY: &str = "/operator/registry";

impl List {
    /// A page of it: the records, and what surrounds them.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn page<T: Send + 'static>(
        &'static self,
        me: &CurrentAccount,
        query: ListQuery,
        read: ReadPage<T>,
    ) -> Result<(Vec<T>, ListFrame), StoreError> {
        let (text, cursor) = (query.q.clone(), query.cursor());
        let page = (me.visitor.state.pool)
            .read(move |db| read(db, &text, cursor.as_ref(), ROWS))
            .await?;
        let frame = query.frame(self, &page);
        Ok((page.records, frame))
    }

    /// The address of a record in it.
    pub(super) fn href_of(&self, handle: &Handle) -> String {
        format!("{}/{handle}", self.href)
    }

    /// The layout of the list itself.
    pub(super) fn layout(&self, me: &CurrentAccount) -> Layout {
        Layout::new(&me.visitor, self.title, Nav::OperatorRegistry)
    }

    /// The layout of a page below the list, with what it is called on the way there.
    pub(super) fn layout_below(&self, me: &CurrentAccount, title: &str, label: &str) -> Layout {
        Layout::new(&me.visitor, title, Nav::OperatorRegistry).with_crumbs(&[self.crumb()], label)
    }

    /// Leads to a record that was made just now, and says so.
    pub(super) fn lead_to_new(
        &self,
        me: &CurrentAccount,
        lead: String,
        handle: &Handle,
    ) -> PageResult {
        let text = format!("It is {handle} now.");
        me.visitor.leave_flash(Flash { lead, text })?;
        Ok(see_other(&self.href_of(handle)))
    }

    /// The link to it on the way to a page below.
    pub(super) fn crumb(&self) -> (&'static str, &'static str) {
        (self.title, self.href)
    }
}

/// A link between the lists.
pub(super) struct Segment {
    pub(super) href: &'static str,
    pub(super) label: &'static str,
    pub(super) is_current: bool,
}

/// All of them, with the present one marked.
pub(super) fn segments(current: &str) -> Vec<Segment> {
    let lists = [&ORGANIZATIONS, &NETWORKS, &CONTACTS].map(|list| (list.href, list.title));
    let all = lists.into_iter().chain([(REGISTRY, "Import and export")]);
    let segment = |(href, label)| Segment {
        href,
        label,
        is_current: href == current,
    };
    all.map(segment).collect()
}

/// What of a list to show.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    q: String,
    page: String,
}

impl ListQuery {
    /// Where the page begins; at the first record for what is no cursor of ours.
    fn cursor(&self) -> Option<Cursor> {
        let (direction, handle) = self.page.split_at_checked(1)?;
        let backwards = match direction {
            "a" => false,
            "b" => true,
            _ => return None,
        };
        let handle: Handle = handle.parse().ok()?;
        Some(Cursor { handle, backwards })
    }

    fn frame<T>(self, list: &List, page: &Page<T>) -> ListFrame {
        let link = |cursor: &Cursor| {
            let query = utf8_percent_encode(&self.q, NON_ALPHANUMERIC);
            format!("{}?q={query}&page={}", list.href, write(cursor))
        };
        ListFrame {
            href: list.href,
            title: list.title,
            filter: list.filter,
            segments: segments(list.href),
            count: grouped(page.count),
            previous: page.previous.as_ref().map(link),
            next: page.next.as_ref().map(link),
            query: self.q,
        }
    }
}

/// What surrounds the rows of a list.
pub(super) struct ListFrame {
    pub(super) href: &'static str,
    pub(super) title: &'static str,
    pub(super) filter: &'static str,
    pub(super) segments: Vec<Segment>,
    pub(super) query: String,
    pub(super) count: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

fn write(cursor: &Cursor) -> String {
    let direction = if cursor.backwards { 'b' } else { 'a' };
    format!("{direction}{}", cursor.handle)
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
