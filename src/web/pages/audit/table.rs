//! Entries of the log as rows of a table.

use std::collections::BTreeMap;

use super::filter::FilterForm;
use super::words::{event_words, target_words};
use crate::domain::audit::{ActionGroup, AuditPage, Entry, KeyNames, Outcome};
use crate::ids::AccountId;
use crate::web::client_words::client_words;
use crate::web::markup::{Badge, TimeView};
use crate::web::times::Times;

/// A page of the log.
#[derive(Default)]
pub(in crate::web::pages) struct AuditTable {
    pub(in crate::web::pages) rows: Vec<Row>,
    /// True if the log is of more than one account, and rows say whose they are.
    pub(in crate::web::pages) has_accounts: bool,
    pub(in crate::web::pages) newer: Option<String>,
    pub(in crate::web::pages) older: Option<String>,
}

/// One row.
pub(in crate::web::pages) struct Row {
    pub(in crate::web::pages) at: TimeView,
    pub(in crate::web::pages) event: String,
    /// The name of what it was done to.
    pub(in crate::web::pages) name: Option<String>,
    /// Its prefix.
    pub(in crate::web::pages) prefix: Option<String>,
    pub(in crate::web::pages) result: Badge,
    pub(in crate::web::pages) account: String,
    pub(in crate::web::pages) by: String,
    pub(in crate::web::pages) by_prefix: Option<String>,
    pub(in crate::web::pages) address: Option<String>,
    pub(in crate::web::pages) client: Option<String>,
}

impl AuditTable {
    /// The rows of a page. `accounts` has the addresses of accounts for operators; without it, nothing says whose log it is.
    pub(in crate::web::pages) fn of(
        page: &AuditPage,
        names: &KeyNames,
        accounts: Option<&BTreeMap<AccountId, String>>,
        form: &FilterForm,
        times: &Times,
    ) -> Self {
        let row = |entry: &Entry| row(entry, names, accounts, times);
        Self {
            rows: page.entries.iter().map(row).collect(),
            has_accounts: accounts.is_some(),
            newer: page.newer.map(|cursor| form.page_href(cursor)),
            older: page.older.map(|cursor| form.page_href(cursor)),
        }
    }
}

fn row(
    entry: &Entry,
    names: &KeyNames,
    accounts: Option<&BTreeMap<AccountId, String>>,
    times: &Times,
) -> Row {
    let target = target_words(entry).map(str::to_owned);
    let is_key = (entry.action).is_some_and(|action| action.group() == ActionGroup::Keys);
    let (name, prefix) = if is_key {
        (names.of(entry).map(str::to_owned), target)
    } else {
        (target, None)
    };
    Row {
        at: times.log_time(entry.at),
        event: event_words(entry).to_owned(),
        name,
        prefix,
        result: badge(entry.outcome),
        account: account_words(entry, accounts),
        by: match &entry.by_prefix {
            Some(_) => "API key".to_owned(),
            None => capitalised(&entry.by),
        },
        by_prefix: entry.by_prefix.clone(),
        address: entry.address.clone(),
        client: (entry.client.as_deref())
            .filter(|client| !client.is_empty())
            .map(|client| client_words(client).text),
    }
}

/// Whose log the entry belongs to, for operators.
pub(super) fn account_words(
    entry: &Entry,
    accounts: Option<&BTreeMap<AccountId, String>>,
) -> String {
    match (entry.account, accounts) {
        (Some(id), Some(accounts)) => {
            (accounts.get(&id)).map_or_else(|| id.to_string(), String::clone)
        }
        _ => String::new(),
    }
}

fn badge(outcome: Outcome) -> Badge {
    let (kind, text) = match outcome {
        Outcome::Done => ("ok", "Done"),
        Outcome::Refused => ("bad", "Refused"),
    };
    Badge {
        kind,
        text: text.to_owned(),
    }
}

/// "someone not signed in" at the beginning of a cell.
fn capitalised(words: &str) -> String {
    match words {
        "someone not signed in" => "Someone not signed in".to_owned(),
        "a command on the server" => "A command on the server".to_owned(),
        "an account" => "An account".to_owned(),
        name => name.to_owned(),
    }
}
