//! How much the keys of an account were used: a line for each hour or day, key and outcome.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::TimeDelta;

use super::super::ReportError;
use super::UsageStep;
use super::cells::Lines;
use crate::clock::Timestamp;
use crate::domain::api_keys::key_string;
use crate::domain::usage::outcome::Outcome;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::Db;
use crate::store::api_keys as keys;
use crate::store::usage::{self as rows, Whose};

const MINUTE: i64 = 60_000;

/// Writes it. The step that holds the beginning is whole, like the one that holds the end. Days that are no longer kept
/// by the minute are one line each, whatever the step.
pub(super) fn write<W: Write>(
    db: &mut Db,
    me: AccountId,
    (from, to): (Timestamp, Timestamp),
    step: UsageStep,
    lines: &mut Lines<W>,
) -> Result<(), ReportError> {
    lines.line([
        "period_start",
        "key_id",
        "key_prefix",
        "key_name",
        "outcome",
        "requests",
    ])?;
    // A day has few lines at a time by the hour, and a month by the day.
    let (minutes, read_at_once) = match step {
        UsageStep::Hour => (60, TimeDelta::days(1)),
        UsageStep::Day => (1_440, TimeDelta::days(30)),
    };
    let begin = minute_of(from).div_euclid(minutes) * minutes;
    let end = (minute_of(to) + i64::from(to.as_millis() % MINUTE > 0) + minutes - 1)
        .div_euclid(minutes)
        * minutes;
    let mut labels: BTreeMap<ApiKeyId, (String, String)> = BTreeMap::new();
    let mut next = begin;
    while next < end {
        let until = (next + read_at_once.num_minutes()).min(end);
        for row in rows::list_slots(db, Whose::Account(me), next, until, minutes)? {
            if !labels.contains_key(&row.api_key_id) {
                for (id, brand, name) in keys::labels(db, &[row.api_key_id])? {
                    labels.insert(id, (key_string::prefix(&brand, id), name));
                }
            }
            let label = labels.get(&row.api_key_id);
            let outcome = Outcome::from_number(row.outcome).map_or("other", Outcome::code);
            lines.line([
                Timestamp::from_millis(row.minute * MINUTE)
                    .to_rfc3339()
                    .as_str(),
                &row.api_key_id.to_string(),
                label.map_or("", |(prefix, _)| prefix),
                label.map_or("", |(_, name)| name),
                outcome,
                &row.requests.to_string(),
            ])?;
        }
        next = until;
    }
    Ok(())
}

fn minute_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(MINUTE)
}
