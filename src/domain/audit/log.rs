//! Reading the audit log: one account's, or all of it for operators.

use std::collections::BTreeMap;

use super::{Action, ActionGroup, Outcome};
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::audit::{self as rows, AuditRow, ListFilter};
use crate::store::{Db, StoreError, api_keys};

pub use crate::store::audit::AuditCursor;

/// Entries that are read in one query.
const ENTRIES_AT_ONCE: usize = 1_000;

/// Which entries are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditFilter {
    /// Of this account's log; of all for operators.
    pub account: Option<AccountId>,
    /// About this.
    pub group: Option<ActionGroup>,
    /// With this result.
    pub outcome: Option<Outcome>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

/// An entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Counts the entries.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Whose log it belongs to.
    pub account: Option<AccountId>,
    /// Who did it: the end of a sentence that begins with "by".
    pub by: String,
    /// The prefix of the API key that did it, if one did.
    pub by_prefix: Option<String>,
    /// What was done; `None` if this program does not know the word, which a newer one has written.
    pub action: Option<Action>,
    /// The word for it.
    pub action_word: String,
    /// To what.
    pub target: Option<String>,
    /// Whether it was done.
    pub outcome: Outcome,
    /// Where from.
    pub address: Option<String>,
    /// With what program, as it names itself.
    pub client: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
}

impl From<AuditRow> for Entry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            account: row.account_id,
            by_prefix: (row.actor_words.as_deref())
                .filter(|_| row.actor == "api_key")
                .and_then(|words| words.strip_prefix("API key "))
                .map(str::to_owned),
            by: row.actor_words.unwrap_or_else(|| match &*row.actor {
                "anonymous" => "someone not signed in".to_owned(),
                "command" => "a command on the server".to_owned(),
                "api_key" => "an API key".to_owned(),
                _ => "an account".to_owned(),
            }),
            action: Action::from_word(&row.action),
            action_word: row.action,
            target: row.target,
            outcome: if row.result == Outcome::Done.word() {
                Outcome::Done
            } else {
                Outcome::Refused
            },
            address: row.address,
            client: row.client,
            request_id: row.request_id,
        }
    }
}

/// A page of the log.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Where the page of newer entries begins, if there is one.
    pub newer: Option<AuditCursor>,
    /// Where the page of older entries begins, if there is one.
    pub older: Option<AuditCursor>,
}

/// A page of at most `limit` entries, newest first.
///
/// # Errors
/// If the database fails.
pub fn list(
    db: &mut Db,
    filter: &AuditFilter,
    cursor: Option<AuditCursor>,
    limit: usize,
) -> Result<AuditPage, StoreError> {
    let stored = ListFilter {
        account_id: filter.account,
        actions: filter.group.map(|group| group.words().collect()),
        result: filter.outcome.map(Outcome::word),
        from: filter.from,
        until: filter.until,
    };
    let backwards = cursor.is_some_and(|cursor| cursor.backwards);
    // One more than asked for tells whether there is another page in the direction of reading.
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = rows::list(db, &stored, cursor, one_more)?;
    let goes_on = found.len() > limit;
    if goes_on && backwards {
        found.remove(0);
    } else if goes_on {
        found.truncate(limit);
    }
    let has_newer = if backwards { goes_on } else { cursor.is_some() };
    let has_older = backwards || goes_on;
    let edge = |row: Option<&AuditRow>, backwards, is_there: bool| {
        row.filter(|_| is_there).map(|row| AuditCursor {
            id: row.id,
            backwards,
        })
    };
    Ok(AuditPage {
        newer: edge(found.first(), true, has_newer),
        older: edge(found.last(), false, has_older),
        entries: found.into_iter().map(Entry::from).collect(),
    })
}

/// The newest entries, `most` of them, read in pages.
///
/// # Errors
/// If the database fails.
pub fn list_newest(
    db: &mut Db,
    filter: &AuditFilter,
    most: usize,
) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let limit = ENTRIES_AT_ONCE.min(most - entries.len());
        let page = list(db, filter, cursor, limit)?;
        entries.extend(page.entries);
        cursor = page.older;
        if cursor.is_none() || entries.len() >= most {
            return Ok(entries);
        }
    }
}

/// The present names of the keys that a page speaks of.
#[derive(Clone, Debug, Default)]
pub struct KeyNames(BTreeMap<(AccountId, ApiKeyId), String>);

impl KeyNames {
    /// The name of the key that an entry is about, if it is a key of the entry's own account.
    pub fn of(&self, entry: &Entry) -> Option<&str> {
        let id = key_in(entry)?;
        self.0.get(&(entry.account?, id)).map(String::as_str)
    }
}

/// The key that an entry's target names by its prefix.
fn key_in(entry: &Entry) -> Option<ApiKeyId> {
    entry.target.as_deref()?.rsplit_once('_')?.1.parse().ok()
}

/// The names of the keys that the entries of a page are about.
///
/// # Errors
/// If the database fails.
pub fn key_names(db: &mut Db, page: &AuditPage) -> Result<KeyNames, StoreError> {
    let ids: Vec<ApiKeyId> = page.entries.iter().filter_map(key_in).collect();
    let found = api_keys::names(db, &ids)?;
    Ok(KeyNames(
        (found.into_iter())
            .map(|(id, owner, name)| ((owner, id), name))
            .collect(),
    ))
}

/// The addresses of the accounts that a page speaks of, for operators. Accounts that are gone have none.
///
/// # Errors
/// If the database fails.
pub fn emails(db: &mut Db, page: &AuditPage) -> Result<BTreeMap<AccountId, String>, StoreError> {
    let ids: Vec<AccountId> = page
        .entries
        .iter()
        .filter_map(|entry| entry.account)
        .collect();
    Ok(rows::emails(db, &ids)?.into_iter().collect())
}

/// The ends of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// How many entries the chain has now.
    pub entries: i64,
    /// Id of the newest one.
    pub last_id: i64,
    /// The first entry that was added after the head was found not to be as it was written.
    pub unconfirmed_from: Option<i64>,
}

/// The ends of the log, for the page of health; `None` if it has no head.
///
/// # Errors
/// If the database fails.
pub fn log_head(db: &mut Db) -> Result<Option<LogHead>, StoreError> {
    Ok(rows::read_head(db)?.map(|head| LogHead {
        entries: head.last_id - head.anchor_id,
        last_id: head.last_id,
        unconfirmed_from: head.unconfirmed_from,
    }))
}
