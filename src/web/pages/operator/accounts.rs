//! Operator > Accounts: all of them by address, with a filter.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::super::{PageResult, html};
use super::{ACCOUNTS, ROWS, badges};
use crate::domain::operators::{self, AccountCursor, ListedAccount};
use crate::store::StoreError;
use crate::web::extract::operator::Operator;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::{Times, grouped};

#[derive(Template)]
#[template(path = "pages/operator/accounts.html")]
struct AccountsPage {
    layout: Layout,
    query: String,
    count: String,
    rows: Vec<Row>,
    previous: Option<String>,
    next: Option<String>,
    zone: String,
}

struct Row {
    id: String,
    email: String,
    name: String,
    badges: Vec<Badge>,
    keys: String,
    created: TimeView,
}

/// What to show.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AccountsQuery {
    q: String,
    page: String,
}

/// The page.
pub async fn get(me: Operator, query: web::Query<AccountsQuery>) -> PageResult {
    let Operator(me) = me;
    let AccountsQuery { q, page } = query.into_inner();
    let (now, text, cursor) = (me.visitor.now, q.clone(), read(&page));
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| operators::list(db, now, &text, cursor, ROWS))
        .await;
    let found = found?;
    let times = times(&me.visitor, &me.account);
    let link = |cursor: AccountCursor| {
        let query = utf8_percent_encode(&q, NON_ALPHANUMERIC);
        format!("{ACCOUNTS}?q={query}&page={}", write(cursor))
    };
    let page = AccountsPage {
        layout: Layout::new(&me.visitor, "Accounts", Nav::OperatorAccounts),
        count: grouped(found.count),
        rows: (found.accounts.iter())
            .map(|listed| row(listed, &times))
            .collect(),
        previous: found.previous.map(link),
        next: found.next.map(link),
        query: q,
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}

fn row(listed: &ListedAccount, times: &Times) -> Row {
    let account = &listed.account;
    Row {
        id: account.id.to_string(),
        email: account.email.clone(),
        name: account.name.clone(),
        badges: badges(account),
        keys: grouped(listed.active_keys),
        created: times.date(account.created_at),
    }
}

fn write(cursor: AccountCursor) -> String {
    let direction = if cursor.backwards { 'b' } else { 'a' };
    format!("{direction}{}", cursor.id)
}

fn read(text: &str) -> Option<AccountCursor> {
    let (direction, id) = text.split_at_checked(1)?;
    let backwards = match direction {
        "a" => false,
        "b" => true,
        _ => return None,
    };
    let id = id.parse().ok()?;
    Some(AccountCursor { id, backwards })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_anything_else_is_the_first_page() {
        let id = "Qa9mEj2rXn".parse().unwrap();
        for backwards in [true, false] {
            let cursor = AccountCursor { id, backwards };
            assert_eq!(read(&write(cursor)), Some(cursor));
        }
        for text in ["", "a", "cQa9mEj2rXn", "aQa9", "é"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
