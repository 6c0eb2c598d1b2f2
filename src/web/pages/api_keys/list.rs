//! The list of keys, active and inactive.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::super::overview::api_keys_new_href;
use super::{LIST, badge, html};
use crate::clock::Timestamp;
use crate::domain::api_keys::{self, ApiKey, KeyCursor, KeyList, KeyPage};
use crate::store::StoreError;
use crate::web::extract::pagination;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::{Times, grouped, until_words};

/// Rows of a page of a table.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "pages/api_keys/list.html")]
struct ListPage {
    layout: Layout,
    has_keys: bool,
    replacement: Option<Replacement>,
    query: String,
    active: Table,
    inactive: Table,
    zone: String,
    /// True if reminders are sent.
    has_mail: bool,
    base: String,
}

struct Replacement {
    name: String,
    left: String,
    until: TimeView,
    href: String,
}

struct Table {
    count: String,
    rows: Vec<Row>,
    previous: Option<String>,
    next: Option<String>,
}

impl Table {
    /// True if all rows are on this page, so that script can filter them.
    fn is_whole(&self) -> bool {
        self.previous.is_none() && self.next.is_none()
    }
}

struct Row {
    id: String,
    name: String,
    prefix: String,
    badge: Badge,
    created: TimeView,
    end: Option<TimeView>,
    last_use: Option<TimeView>,
}

/// What to show.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    q: String,
    active: String,
    inactive: String,
}

/// The page.
pub async fn get(me: CurrentAccount, query: web::Query<ListQuery>) -> PageResult {
    let (owner, now) = (me.account.id, me.visitor.now);
    let filter = api_keys::filter(&query.q);
    let cursors = (
        pagination::read(&query.active),
        pagination::read(&query.inactive),
    );
    let found: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| {
            let filter = filter.as_ref();
            let counts = api_keys::count(db, owner, now)?;
            let active = api_keys::list(db, owner, KeyList::Active(now), filter, cursors.0, ROWS)?;
            let inactive =
                api_keys::list(db, owner, KeyList::Inactive(now), filter, cursors.1, ROWS)?;
            Ok((counts, active, inactive))
        })
        .await;
    let (counts, active, inactive) = found?;
    let times = times(&me.visitor, &me.account);
    let page = ListPage {
        layout: Layout::new(&me.visitor, "API keys", Nav::ApiKeys),
        has_keys: counts.active + counts.inactive > 0,
        replacement: replacement(&active, &times, now),
        active: table("active", counts.active, &active, &query.q, &times, now),
        inactive: table(
            "inactive",
            counts.inactive,
            &inactive,
            &query.q,
            &times,
            now,
        ),
        query: query.into_inner().q,
        zone: times.zone_name(),
        has_mail: me.visitor.state.site.has_mail,
        base: me.visitor.state.site.base().to_owned(),
    };
    html(StatusCode::OK, &page)
}

/// The key that ends first, if it was made to last and needs a successor soon.
fn replacement(active: &KeyPage, times: &Times, now: Timestamp) -> Option<Replacement> {
    let key = active.keys.iter().find(|key| {
        key.ends_at - now < api_keys::SOON && key.ends_at - key.created_at > api_keys::SOON
    })?;
    Some(Replacement {
        name: key.name.clone(),
        left: until_words(key.ends_at - now),
        until: times.date_time(key.ends_at),
        href: api_keys_new_href(&key.name),
    })
}

fn table(
    name: &str,
    count: i64,
    page: &KeyPage,
    query: &str,
    times: &Times,
    now: Timestamp,
) -> Table {
    let link = |cursor: KeyCursor| {
        let query =
            percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC);
        format!("{LIST}?q={query}&{name}={}", pagination::write(cursor))
    };
    Table {
        count: grouped(count),
        rows: page.keys.iter().map(|key| row(key, times, now)).collect(),
        previous: page.previous.map(link),
        next: page.next.map(link),
    }
}

fn row(key: &ApiKey, times: &Times, now: Timestamp) -> Row {
    Row {
        id: key.id.to_string(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        badge: badge(key, now),
        created: times.date(key.created_at),
        end: key
            .ended_at(now)
            .or(key.expires_at)
            .map(|at| times.date(at)),
        last_use: key.last_use.as_ref().map(|last_use| times.ago(last_use.at)),
    }
}
