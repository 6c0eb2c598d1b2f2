//! Entries of the log as a CSV file.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header;

use super::super::PageResult;
use super::super::usage::plain_cell;
use super::table::account_words;
use super::words::event_words;
use crate::domain::audit::Entry;
use crate::ids::AccountId;
use crate::web::error::PageError;

/// The most entries of a file, the newest ones: who needs others chooses days.
pub(in crate::web::pages) const MOST: usize = 20_000;

/// The answer with the file. `accounts` has the addresses of accounts for operators, and adds a column.
pub(in crate::web::pages) fn send(
    entries: &[Entry],
    accounts: Option<&BTreeMap<AccountId, String>>,
) -> PageResult {
    let mut file = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| PageError::Internal(Box::new(error));
    let mut head = vec![
        "id",
        "time",
        "event",
        "action",
        "target",
        "result",
        "by",
        "address",
        "client",
        "request_id",
    ];
    head.extend(accounts.map(|_| "account"));
    file.write_record(head).map_err(broken)?;
    for entry in entries {
        let (id, time) = (entry.id.to_string(), entry.at.to_rfc3339());
        let text = |text: Option<&str>| plain_cell(text.unwrap_or_default());
        let mut line = vec![
            id,
            time,
            plain_cell(event_words(entry)),
            plain_cell(&entry.action_word),
            text(entry.target.as_deref()),
            entry.outcome.word().to_owned(),
            plain_cell(&entry.by),
            text(entry.address.as_deref()),
            text(entry.client.as_deref()),
            text(entry.request_id.as_deref()),
        ];
        line.extend(accounts.map(|_| plain_cell(&account_words(entry, accounts))));
        file.write_record(line).map_err(broken)?;
    }
    let body = file
        .into_inner()
        .map_err(|error| PageError::Internal(Box::new(error.into_error())))?;
    let name = "attachment; filename=\"keyport-audit-log.csv\"";
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body))
}
