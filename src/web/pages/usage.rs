//! Settings > Usage: the requests of all keys of an account, as a chart, a table by key, and a file.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html};
use crate::clock::Timestamp;
use crate::domain::api_keys::{self, ApiKey};
use crate::domain::usage::summary::{self, Counts, Period, Series, Whose};
use crate::domain::usage::tokens::{TokenUse, tokens};
use crate::ids::ApiKeyId;
use crate::store::StoreError;
use crate::web::chart::{Chart, Figures};
use crate::web::error::PageError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::TimeView;
use crate::web::times::grouped;
use crate::web::token_view::TokenView;

#[derive(Template)]
#[template(path = "pages/usage.html")]
struct UsagePage {
    layout: Layout,
    chart: Chart,
    period: &'static str,
    figures: Figures,
    tokens: Option<TokenView>,
    keys_used: String,
    rows: Vec<Row>,
}

struct Row {
    /// `None` for keys that were deleted from the list.
    id: Option<String>,
    name: String,
    prefix: String,
    accepted: String,
    refused: String,
    last_use: Option<TimeView>,
}

/// What is looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct UsageQuery {
    period: String,
}

/// The page.
pub async fn get(me: CurrentAccount, query: web::Query<UsageQuery>) -> PageResult {
    let period = Period::from_word(&query.period);
    let (series, keys, tokens) = read(&me, period).await?;
    let times = times(&me.visitor, &me.account);
    let all = series.totals.all();
    let mut rows: Vec<(i64, Row)> = keys
        .iter()
        .map(|(key, counts)| {
            let row = Row {
                id: Some(key.id.to_string()),
                name: key.name.clone(),
                prefix: key.prefix.clone(),
                accepted: grouped(counts.accepted),
                refused: grouped(counts.refused),
                last_use: key.last_use.as_ref().map(|last_use| times.ago(last_use.at)),
            };
            (counts.all(), row)
        })
        .collect();
    let listed: i64 = rows.iter().map(|(requests, _)| requests).sum();
    rows.sort_by_key(|(requests, _)| std::cmp::Reverse(*requests));
    let mut rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    if listed < all {
        rows.push(deleted_row(&series, &keys));
    }
    let page = UsagePage {
        layout: Layout::new(&me.visitor, "Usage", Nav::Usage),
        chart: Chart::of(&series, period, &times),
        period: period.word(),
        figures: Figures::of(&series, period, &times),
        tokens: tokens
            .map(|used| TokenView::of(&used, period, me.visitor.now, &me.visitor.state.catalog)),
        keys_used: grouped(i64::try_from(series.by_key.len()).unwrap_or(i64::MAX)),
        rows,
    };
    html(StatusCode::OK, &page)
}

/// The same numbers as a file: a line for each key and day, or hour.
pub async fn get_csv(me: CurrentAccount, query: web::Query<UsageQuery>) -> PageResult {
    let period = Period::from_word(&query.period);
    let (series, keys, _) = read(&me, period).await?;
    // Keys that were deleted from the list have no name here.
    let names: BTreeMap<ApiKeyId, String> = keys
        .into_iter()
        .map(|(key, _)| (key.id, plain_cell(&key.name)))
        .collect();
    let mut file = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| PageError::Internal(Box::new(error));
    file.write_record(["key_id", "name", "from", "accepted", "refused"])
        .map_err(broken)?;
    for ((id, at), Counts { accepted, refused }) in series.points_by_key {
        let name = names.get(&id).map_or("", String::as_str);
        let (accepted, refused) = (accepted.to_string(), refused.to_string());
        let line = [&id.to_string(), name, &at.to_rfc3339(), &accepted, &refused];
        file.write_record(line).map_err(broken)?;
    }
    let body = file
        .into_inner()
        .map_err(|error| PageError::Internal(Box::new(error.into_error())))?;
    let name = format!(
        "attachment; filename=\"keyport-usage-{}.csv\"",
        period.word()
    );
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body))
}

/// Spreadsheets take a cell that begins like a formula for one (OWASP, "CSV Injection"): an apostrophe keeps it text.
pub(super) fn plain_cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Requests, the keys that made them, and tokens.
type Found = (Series, Vec<(ApiKey, Counts)>, Option<TokenUse>);

async fn read(me: &CurrentAccount, period: Period) -> Result<Found, PageError> {
    let (owner, zone) = (me.account.id, me.account.time_zone);
    let now: Timestamp = me.visitor.now;
    let found: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| {
            let series = summary::series(db, Whose::Account(owner), period, now, zone)?;
            let mut keys = Vec::new();
            for (id, counts) in &series.by_key {
                if let Some(key) = api_keys::find(db, owner, *id)? {
                    keys.push((key, *counts));
                }
            }
            let used = tokens(db, Whose::Account(owner), period, now)?;
            Ok((series, keys, used))
        })
        .await;
    Ok(found?)
}

/// What keys that are no longer listed have used, together.
fn deleted_row(series: &Series, keys: &[(ApiKey, Counts)]) -> Row {
    let mut left = series.totals;
    for (_, counts) in keys {
        left.accepted -= counts.accepted;
        left.refused -= counts.refused;
    }
    Row {
        id: None,
        name: "Keys deleted from the list".to_owned(),
        prefix: String::new(),
        accepted: grouped(left.accepted),
        refused: grouped(left.refused),
        last_use: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_formula_stays_text() {
        assert_eq!(plain_cell("=1+1"), "'=1+1");
        assert_eq!(plain_cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(plain_cell("CI deploy"), "CI deploy");
    }
}
