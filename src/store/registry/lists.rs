//! Contacts, organizations and networks as operators go through them: by handle, page by page, with a filter.

use diesel::prelude::*;

use super::contacts::ContactRow;
use super::networks::NetworkRow;
use super::organizations::OrganizationRow;
use super::ranges::Addresses;
use crate::store::api_keys::lower;
use crate::store::schema::{contact_emails, contacts, networks, organizations};
use crate::store::{Db, StoreError};

type Backend = <Db as diesel::Connection>::Backend;

/// Where a page begins: right behind (or, backwards, right before) this handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The handle at the edge.
    pub handle: String,
    /// True to read towards the beginning of the list.
    pub backwards: bool,
}

/// What of the networks is wanted.
#[derive(Clone, Debug)]
pub enum NetworkFilter {
    /// All of these `LIKE` patterns, in lower case, escaped with a backslash, fit handle or name.
    Patterns(Vec<String>),
    /// They have an address in common with these.
    Addresses(Addresses),
}

/// The rows of a page by handle, and how many there are on all pages.
macro_rules! page {
    ($db:ident, $table:ident, $row:ty, $matching:expr, $edge:ident, $limit:ident) => {{
        let count = $matching.count().get_result($db)?;
        let backwards = $edge.is_some_and(|edge| edge.backwards);
        let mut query = $matching.select(<$row>::as_select()).limit($limit);
        if let Some(edge) = $edge {
            query = match edge.backwards {
                true => query.filter($table::handle.lt(&edge.handle)),
                false => query.filter($table::handle.gt(&edge.handle)),
            };
        }
        query = match backwards {
            true => query.order($table::handle.desc()),
            false => query.order($table::handle.asc()),
        };
        let mut rows: Vec<$row> = query.load($db)?;
        if backwards {
            rows.reverse();
        }
        Ok((rows, count))
    }};
}

/// Up to `limit` contacts with all of these patterns in handle, name or mail addresses, and how many there are in all.
pub fn contacts(
    db: &mut Db,
    patterns: &[String],
    edge: Option<&Edge>,
    limit: i64,
) -> Result<(Vec<ContactRow>, i64), StoreError> {
    page!(
        db,
        contacts,
        ContactRow,
        contacts_with(patterns),
        edge,
        limit
    )
}

/// Up to `limit` organizations with all of these patterns in handle or names, and how many there are in all.
pub fn organizations(
    db: &mut Db,
    patterns: &[String],
    edge: Option<&Edge>,
    limit: i64,
) -> Result<(Vec<OrganizationRow>, i64), StoreError> {
    page!(
        db,
        organizations,
        OrganizationRow,
        organizations_with(patterns),
        edge,
        limit
    )
}

/// Up to `limit` networks that fit, and how many there are in all.
pub fn networks(
    db: &mut Db,
    filter: &NetworkFilter,
    edge: Option<&Edge>,
    limit: i64,
) -> Result<(Vec<NetworkRow>, i64), StoreError> {
    page!(db, networks, NetworkRow, networks_with(filter), edge, limit)
}

fn contacts_with<'a>(patterns: &[String]) -> contacts::BoxedQuery<'a, Backend> {
    let mut query = contacts::table.into_boxed();
    for pattern in patterns {
        let like = || pattern.clone();
        let in_handle = lower(contacts::handle).like(like()).escape('\\');
        let in_first = lower(contacts::first_name.assume_not_null())
            .like(like())
            .escape('\\');
        let in_middle = lower(contacts::middle_name.assume_not_null())
            .like(like())
            .escape('\\');
        let in_last = lower(contacts::last_name).like(like()).escape('\\');
        let reached = contact_emails::table
            .filter(contact_emails::email_key.like(like()).escape('\\'))
            .select(contact_emails::contact);
        let is_reached = contacts::handle.eq_any(reached);
        query = query.filter(
            in_handle
                .or(in_last)
                .or(is_reached)
                // What a role has not is not unlike anything: it comes last, where it can only add.
                .or(contacts::first_name.is_not_null().and(in_first))
                .or(contacts::middle_name.is_not_null().and(in_middle)),
        );
    }
    query
}

fn organizations_with<'a>(patterns: &[String]) -> organizations::BoxedQuery<'a, Backend> {
    let mut query = organizations::table.into_boxed();
    for pattern in patterns {
        let like = || pattern.clone();
        let in_handle = lower(organizations::handle).like(like()).escape('\\');
        let in_name = lower(organizations::name).like(like()).escape('\\');
        let in_dba_name = lower(organizations::dba_name.assume_not_null())
            .like(like())
            .escape('\\');
        query = query.filter(
            (in_handle.or(in_name)).or(organizations::dba_name.is_not_null().and(in_dba_name)),
        );
    }
    query
}

fn networks_with<'a>(filter: &NetworkFilter) -> networks::BoxedQuery<'a, Backend> {
    let mut query = networks::table.into_boxed();
    match filter {
        NetworkFilter::Patterns(patterns) => {
            for pattern in patterns {
                let in_handle = lower(networks::handle).like(pattern.clone()).escape('\\');
                let in_name = lower(networks::name).like(pattern.clone()).escape('\\');
                query = query.filter(in_handle.or(in_name));
            }
        }
        NetworkFilter::Addresses(wanted) => {
            query = query
                .filter(networks::version.eq(wanted.version))
                .filter(networks::start_ip.le(wanted.end.clone()))
                .filter(networks::end_ip.ge(wanted.start.clone()));
        }
    }
    query
}
