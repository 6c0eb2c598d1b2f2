//! Calls of providers and the tokens that they told, summed up: tokens for a chart, calls for a figure. They are kept by days
//! of UTC, as providers bill them.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use super::summary::{Counts, Period, Point, Whose};
use super::uses::minute_of;
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::token_days as rows;
use crate::store::{Db, StoreError};

/// Days of the shortest chart: a single one would be one bar.
const FEWEST_DAYS: i64 = 7;
/// Days of the figure of calls.
const CALL_DAYS: i64 = 30;

/// What was used at one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfProvider {
    /// Its slug.
    pub provider: String,
    /// Calls that were answered, also those that told no tokens.
    pub calls: i64,
    /// What was sent.
    pub input: i64,
    /// What came back.
    pub output: i64,
}

/// Tokens of a period up to now.
#[derive(Clone, Debug)]
pub struct TokenUse {
    /// Days of UTC, oldest first: what was sent for accepted, what came back for refused.
    pub points: Vec<Point>,
    /// By provider, most tokens first.
    pub by_provider: Vec<OfProvider>,
}

fn day_of(at: Timestamp) -> i64 {
    minute_of(at).div_euclid(1_440)
}

/// Reads a period; `None` if no tokens were used in it. Providers that told none are left out.
///
/// # Errors
/// If the database fails.
pub fn tokens(
    db: &mut Db,
    whose: Whose,
    period: Period,
    now: Timestamp,
) -> Result<Option<TokenUse>, StoreError> {
    let last = day_of(now);
    let days = match period.is_by_hour() {
        true => FEWEST_DAYS,
        false => i64::from(period.points()),
    };
    let first = last - days + 1;
    let used = rows::list(db, whose, first, last)?;
    let epoch = Timestamp::from_millis(0);
    let mut points: Vec<Point> = (first..=last)
        .map(|day| Point {
            at: epoch + TimeDelta::days(day),
            counts: Counts::default(),
        })
        .collect();
    let mut by_provider: BTreeMap<String, OfProvider> = BTreeMap::new();
    for row in used {
        let point = usize::try_from(row.day - first)
            .ok()
            .and_then(|index| points.get_mut(index));
        if let Some(point) = point {
            point.counts.accepted += row.input_tokens;
            point.counts.refused += row.output_tokens;
        }
        let of_provider = by_provider
            .entry(row.provider.clone())
            .or_insert(OfProvider {
                provider: row.provider,
                calls: 0,
                input: 0,
                output: 0,
            });
        of_provider.calls += row.calls;
        of_provider.input += row.input_tokens;
        of_provider.output += row.output_tokens;
    }
    let mut by_provider: Vec<OfProvider> = by_provider.into_values().collect();
    by_provider.retain(|one| one.input + one.output > 0);
    if by_provider.is_empty() {
        return Ok(None);
    }
    by_provider.sort_by_key(|one| std::cmp::Reverse(one.input + one.output));
    Ok(Some(TokenUse {
        points,
        by_provider,
    }))
}

/// How many calls of an account's keys each provider has answered in the last 30 days, today's among them. Providers that
/// answered none are not in it.
///
/// # Errors
/// If the database fails.
pub fn recent_calls(
    db: &mut Db,
    account: AccountId,
    now: Timestamp,
) -> Result<HashMap<String, i64>, StoreError> {
    let last = day_of(now);
    let calls = rows::calls_by_provider(db, account, last - CALL_DAYS + 1, last)?;
    Ok(calls.into_iter().collect())
}
