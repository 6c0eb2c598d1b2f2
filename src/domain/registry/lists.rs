//! Contacts, organizations and networks as operators go through them: by handle, page by page, with a filter.

use super::contacts::{self, Contact};
use super::handles::Handle;
use super::networks::{self, Network};
use super::organizations::{self, Organization};
use super::ranges::{IpRange, parse_address};
use crate::domain::text::like_pattern;
use crate::store::registry::lists::{self as rows, Edge, NetworkFilter};
use crate::store::{Db, StoreError};

/// The most words of a filter that count.
const MAX_WORDS: usize = 8;

/// Where a page begins: right behind (or, backwards, right before) this record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The record at the edge. It may be gone.
    pub handle: Handle,
    /// True to read towards the beginning of the list.
    pub backwards: bool,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The records, by handle.
    pub records: Vec<T>,
    /// How many match in all.
    pub count: i64,
    /// Where the page before begins, if there is one.
    pub previous: Option<Cursor>,
    /// Where the page after begins, if there is one.
    pub next: Option<Cursor>,
}

/// Reads a page of one of the lists: those records that the text is about, from the cursor on, up to a number.
pub type ReadPage<T> = fn(&mut Db, &str, Option<&Cursor>, usize) -> Result<Page<T>, StoreError>;

/// At most `limit` contacts with every word of the text in handle, name or mail addresses. All for an empty text.
///
/// # Errors
/// If the database fails.
pub fn contacts(
    db: &mut Db,
    text: &str,
    cursor: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Contact>, StoreError> {
    let found = rows::contacts(db, &patterns(text), edge(cursor).as_ref(), one_more(limit))?;
    let (found, part) = cut(found, cursor, limit, |row| &row.handle);
    Ok(part.with(contacts::whole(db, found)?))
}

/// At most `limit` organizations with every word of the text in handle or names. All for an empty text.
///
/// # Errors
/// If the database fails.
pub fn organizations(
    db: &mut Db,
    text: &str,
    cursor: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Organization>, StoreError> {
    let found = rows::organizations(db, &patterns(text), edge(cursor).as_ref(), one_more(limit))?;
    let (found, part) = cut(found, cursor, limit, |row| &row.handle);
    Ok(part.with(organizations::whole(db, found)?))
}

/// At most `limit` networks: with the addresses that the text names, or with every word of it in handle or name. All for
/// an empty text.
///
/// # Errors
/// If the database fails.
pub fn networks(
    db: &mut Db,
    text: &str,
    cursor: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Network>, StoreError> {
    let filter = match range(text) {
        Some(range) => NetworkFilter::Addresses(networks::addresses(range)),
        None => NetworkFilter::Patterns(patterns(text)),
    };
    let found = rows::networks(db, &filter, edge(cursor).as_ref(), one_more(limit))?;
    let (found, part) = cut(found, cursor, limit, |row| &row.handle);
    Ok(part.with(networks::whole(db, found)?))
}

/// "192.0.2.7" or "192.0.2.0/24".
fn range(text: &str) -> Option<IpRange> {
    match text.split_once('/') {
        Some((start, length)) => {
            IpRange::of_prefix(parse_address(start)?, length.trim().parse().ok()?)
        }
        None => parse_address(text).and_then(|address| IpRange::new(address, address)),
    }
}

fn patterns(text: &str) -> Vec<String> {
    let words = text.split_whitespace().take(MAX_WORDS);
    words.map(like_pattern).collect()
}

fn edge(cursor: Option<&Cursor>) -> Option<Edge> {
    cursor.map(|cursor| Edge {
        handle: cursor.handle.to_string(),
        backwards: cursor.backwards,
    })
}

/// One more than asked for tells whether there is another page in the direction of reading.
fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// A page without its records.
struct Part {
    count: i64,
    previous: Option<Cursor>,
    next: Option<Cursor>,
}

impl Part {
    fn with<T>(self, records: Vec<T>) -> Page<T> {
        Page {
            records,
            count: self.count,
            previous: self.previous,
            next: self.next,
        }
    }
}

/// The rows of the page, of which one more was read, and where those beside it begin.
fn cut<R>(
    (mut rows, count): (Vec<R>, i64),
    cursor: Option<&Cursor>,
    limit: usize,
    handle: impl Fn(&R) -> &String,
) -> (Vec<R>, Part) {
    let backwards = cursor.is_some_and(|cursor| cursor.backwards);
    let goes_on = rows.len() > limit;
    if goes_on && backwards {
        rows.remove(0);
    } else if goes_on {
        rows.truncate(limit);
    }
    let has_previous = if backwards { goes_on } else { cursor.is_some() };
    let has_next = backwards || goes_on;
    let cursor_at = |row: Option<&R>, backwards, is_there: bool| {
        row.filter(|_| is_there).map(|row| Cursor {
            handle: Handle::from_stored(handle(row).clone()),
            backwards,
        })
    };
    let part = Part {
        count,
        previous: cursor_at(rows.first(), true, has_previous),
        next: cursor_at(rows.last(), false, has_next),
    };
    (rows, part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(handle: &str, backwards: bool) -> Cursor {
        Cursor {
            handle: handle.parse().unwrap(),
            backwards,
        }
    }

    fn cut_at(rows: &[&str], cursor: Option<&Cursor>) -> (Vec<String>, Part) {
        let rows = rows.iter().map(|row| (*row).to_owned()).collect();
        cut((rows, 9), cursor, 2, |row| row)
    }

    #[test]
    fn pages_lead_to_those_beside_them() {
        let (rows, part) = cut_at(&["A", "B", "C"], None);
        assert_eq!(rows, ["A", "B"]);
        assert_eq!((part.previous, part.next), (None, Some(cursor("B", false))));
        let behind = cursor("B", false);
        let (rows, part) = cut_at(&["C"], Some(&behind));
        assert_eq!(rows, ["C"]);
        assert_eq!((part.previous, part.next), (Some(cursor("C", true)), None));
        let before = cursor("D", true);
        let (rows, part) = cut_at(&["A", "B", "C"], Some(&before));
        assert_eq!(rows, ["B", "C"]);
        assert_eq!(part.previous, Some(cursor("B", true)));
        assert_eq!(part.next, Some(cursor("C", false)));
    }

    #[test]
    fn addresses_are_told_from_words() {
        assert_eq!(range("192.0.2.7").unwrap().to_string(), "192.0.2.7/32");
        assert_eq!(range("2001:db8::/32").unwrap().to_string(), "2001:db8::/32");
        for text in ["", "harbor", "NET-192-0-2-0-1", "192.0.2.1/24", "192.0.2"] {
            assert_eq!(range(text), None, "{text}");
        }
        assert_eq!(patterns(" Maren  100% "), ["%maren%", "%100\\%%"]);
    }
}
