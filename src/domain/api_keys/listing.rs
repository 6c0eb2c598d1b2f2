//! The keys of an account: in pages, filtered, counted.

use super::{ApiKey, key_string};
use crate::clock::Timestamp;
use crate::domain::text::like_pattern;
use crate::ids::AccountId;
use crate::store::api_keys as rows;
use crate::store::{Db, StoreError};

pub use crate::store::api_keys::{KeyCursor, KeyFilter, KeyList};

/// A page of a list.
#[derive(Clone, Debug)]
pub struct KeyPage {
    /// The keys, in the list's order.
    pub keys: Vec<ApiKey>,
    /// Where the page before begins, if there is one.
    pub previous: Option<KeyCursor>,
    /// Where the page after begins, if there is one.
    pub next: Option<KeyCursor>,
}

/// A page of at most `limit` of the account's keys.
///
/// # Errors
/// If the database fails.
pub fn list(
    db: &mut Db,
    owner: AccountId,
    list: KeyList,
    filter: Option<&KeyFilter>,
    cursor: Option<KeyCursor>,
    limit: usize,
) -> Result<KeyPage, StoreError> {
    let backwards = cursor.is_some_and(|cursor| cursor.backwards);
    // One more than asked for tells whether there is another page in the direction of reading.
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = rows::list_for_account(db, owner, list, filter, cursor, one_more)?;
    let goes_on = found.len() > limit;
    if goes_on && backwards {
        found.remove(0);
    } else if goes_on {
        found.truncate(limit);
    }
    let keys: Vec<ApiKey> = found.into_iter().map(ApiKey::from).collect();
    let has_previous = if backwards { goes_on } else { cursor.is_some() };
    let has_next = if backwards { true } else { goes_on };
    Ok(KeyPage {
        previous: keys
            .first()
            .filter(|_| has_previous)
            .map(|key| key.cursor(true)),
        next: keys
            .last()
            .filter(|_| has_next)
            .map(|key| key.cursor(false)),
        keys,
    })
}

/// Reads what was typed into the filter: part of a name, or the beginning of a prefix. `None` for nothing.
pub fn filter(text: &str) -> Option<KeyFilter> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(KeyFilter {
        name_pattern: like_pattern(text),
        ids: key_string::ids_beginning_with(text),
    })
}

/// How many keys an account has, for the pages that sum them up.
#[derive(Clone, Copy, Debug)]
pub struct KeyCounts {
    /// Keys that work.
    pub active: i64,
    /// Listed keys that have ended.
    pub inactive: i64,
    /// Active keys that end within seven days.
    pub ending_soon: i64,
    /// When any key was last used.
    pub last_used_at: Option<Timestamp>,
}

/// From this long before its end, a key is shown as ending soon.
pub const SOON: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// Counts the account's keys.
///
/// # Errors
/// If the database fails.
pub fn count(db: &mut Db, owner: AccountId, now: Timestamp) -> Result<KeyCounts, StoreError> {
    Ok(KeyCounts {
        active: rows::count_active(db, owner, now)?,
        inactive: rows::count_inactive(db, owner, now)?,
        ending_soon: rows::count_ending(db, owner, now, now + SOON)?,
        last_used_at: rows::last_use_of_account(db, owner)?,
    })
}

/// Active keys made and last used more than 180 days before `now`, longest unused first; at most `limit`.
///
/// # Errors
/// If the database fails.
pub fn list_unused(
    db: &mut Db,
    owner: AccountId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>, StoreError> {
    let since = now - chrono::TimeDelta::days(180);
    let unused = rows::list_unused(db, owner, now, since, limit)?;
    Ok(unused.into_iter().map(ApiKey::from).collect())
}
