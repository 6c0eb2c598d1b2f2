//! Operator > Accounts > one of them: what there is to know of it, what can be done to it, and its keys.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::api_keys::badge;
use super::super::{PageResult, html};
use super::account_act::Act;
use super::{ACCOUNTS, ROWS, account_of, badges};
use crate::domain::accounts::Account;
use crate::domain::api_keys::{self, ApiKey, KeyCursor, KeyList, KeyPage};
use crate::domain::security::{passkeys, sessions, two_step};
use crate::store::StoreError;
use crate::web::extract::operator::Operator;
use crate::web::extract::pagination;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::{Times, grouped};

#[derive(Template)]
#[template(path = "pages/operator/account.html")]
struct AccountPage {
    layout: Layout,
    id: String,
    name: String,
    email: String,
    badges: Vec<Badge>,
    created: TimeView,
    disabled: Option<TimeView>,
    password: Option<TimeView>,
    time_zone: &'static str,
    sessions: String,
    has_two_step: bool,
    passkeys: String,
    inactive_keys: String,
    acts: Vec<Act>,
    keys: Keys,
    zone: String,
}

struct Keys {
    count: String,
    rows: Vec<KeyRow>,
    previous: Option<String>,
    next: Option<String>,
}

struct KeyRow {
    id: String,
    name: String,
    prefix: String,
    badge: Badge,
    created: TimeView,
    end: Option<TimeView>,
    last_use: Option<TimeView>,
}

/// Which keys to show.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AccountQuery {
    keys: String,
}

/// The page.
pub async fn get(
    me: Operator,
    id: web::Path<String>,
    query: web::Query<AccountQuery>,
) -> PageResult {
    let Operator(me) = me;
    let account = account_of(&me, &id).await?;
    let (now, owner, cursor) = (me.visitor.now, account.id, pagination::read(&query.keys));
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let counts = api_keys::count(db, owner, now)?;
            let keys = api_keys::list(db, owner, KeyList::Active(now), None, cursor, ROWS)?;
            let two_step = two_step::find(db, owner)?.is_some();
            let passkeys = passkeys::list(db, owner)?.len();
            let sessions = sessions::count_live(db, now, owner)?;
            Ok((counts, keys, sessions, two_step, passkeys))
        })
        .await;
    let (counts, keys, sessions, has_two_step, passkeys) = found?;
    let times = times(&me.visitor, &me.account);
    let page = AccountPage {
        layout: Layout::new(&me.visitor, &account.name, Nav::OperatorAccounts)
            .with_crumbs(&[("Accounts", ACCOUNTS)], &account.name),
        id: account.id.to_string(),
        badges: badges(&account),
        created: times.date(account.created_at),
        disabled: account.disabled_at.map(|at| times.full(at)),
        password: account.password_set_at.map(|at| times.date(at)),
        time_zone: account.time_zone.name(),
        sessions: grouped(sessions),
        has_two_step,
        passkeys: grouped(i64::try_from(passkeys).unwrap_or(i64::MAX)),
        inactive_keys: grouped(counts.inactive),
        acts: acts(&account, account.id == me.account.id),
        keys: key_table(&account, counts.active, &keys, &times, now),
        name: account.name,
        email: account.email,
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}

/// What can be done to an account in its present state.
fn acts(account: &Account, is_own: bool) -> Vec<Act> {
    Act::ALL
        .into_iter()
        .filter(|act| act.has_something_to_do(account))
        .filter(|act| !(is_own && *act == Act::Disable))
        .collect()
}

fn key_table(
    account: &Account,
    count: i64,
    page: &KeyPage,
    times: &Times,
    now: crate::clock::Timestamp,
) -> Keys {
    let link = |cursor: KeyCursor| {
        let cursor = pagination::write(cursor);
        format!("{ACCOUNTS}/{}?keys={cursor}", account.id)
    };
    let row = |key: &ApiKey| KeyRow {
        id: key.id.to_string(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        badge: badge(key, now),
        created: times.date(key.created_at),
        end: key.expires_at.map(|at| times.date(at)),
        last_use: key.last_use.as_ref().map(|last_use| times.ago(last_use.at)),
    };
    Keys {
        count: grouped(count),
        rows: page.keys.iter().map(row).collect(),
        previous: page.previous.map(link),
        next: page.next.map(link),
    }
}
