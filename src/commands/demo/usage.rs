//! Usage of keys that never was.

use chrono::TimeDelta;
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::clock::Timestamp;
use crate::commands::CommandError;
use crate::domain::api_keys;
use crate::domain::usage::minute_of;
use crate::domain::usage::outcome::Outcome;
use crate::store::Db;
use crate::store::token_days::{self, TokenDayRow};
use crate::store::usage::{self, MinuteRow, RequestRow};

/// Days of usage that are made up.
const USED_DAYS: i64 = 45;

/// Counts by the hour with the rhythm of days and weeks, and a few requests in detail, up to the last use.
pub(super) fn write_usage(
    db: &mut Db,
    rng: &mut StdRng,
    key: &api_keys::ApiKey,
    last_use: Timestamp,
    address: &str,
    client: &str,
) -> Result<(), CommandError> {
    let scopes = [Outcome::MissingScope, Outcome::RateLimited];
    let busy: i64 = rng.random_range(20..60);
    let mut minutes = Vec::new();
    let begin = key.created_at.max(last_use - TimeDelta::days(USED_DAYS));
    let mut hour = minute_of(begin) + 1;
    while hour <= minute_of(last_use) {
        let is_night = matches!(hour / 60 % 24, 0..6);
        let is_weekend = matches!((hour / 1_440 + 4) % 7, 0 | 6);
        let quiet = 1 + i64::from(is_night) * 2 + i64::from(is_weekend);
        let mut add = |outcome: Outcome, requests: i64| {
            if requests > 0 {
                minutes.push(MinuteRow {
                    api_key_id: key.id,
                    minute: hour,
                    outcome: outcome.number(),
                    requests,
                });
            }
        };
        add(Outcome::Accepted, rng.random_range(1..=busy) / quiet);
        if rng.random_ratio(1, 12) {
            add(
                scopes[rng.random_range(0..scopes.len())],
                rng.random_range(1..6),
            );
        }
        hour += 60;
    }
    usage::add_minutes(db, &mut minutes)?;
    let requests: Vec<RequestRow> = (0..24)
        .rev()
        .map(|number| RequestRow {
            api_key_id: key.id,
            at: last_use - TimeDelta::minutes(number),
            outcome: Outcome::Accepted.number(),
            method: "GET".to_owned(),
            path: "/api/v1/account".to_owned(),
            status: 200,
            duration_us: rng.random_range(180..900),
            address: address.to_owned(),
            client: client.to_owned(),
            upstream_status: None,
            upstream_us: None,
        })
        .collect();
    Ok(usage::add_requests(db, &requests)?)
}

/// Calls of providers on every whole day of a key's life up to the last use, with the tokens that they told.
pub(super) fn write_calls(
    db: &mut Db,
    rng: &mut StdRng,
    key: &api_keys::ApiKey,
    last_use: Timestamp,
    called: &[(&str, i64)],
) -> Result<(), CommandError> {
    let day_of = |at: Timestamp| minute_of(at).div_euclid(1_440);
    let mut rows = Vec::new();
    for day in day_of(key.created_at) + 1..day_of(last_use) {
        for (provider, most) in called {
            let calls = rng.random_range(most / 3..=*most);
            rows.push(TokenDayRow {
                api_key_id: key.id,
                day,
                provider: (*provider).to_owned(),
                calls,
                input_tokens: calls * rng.random_range(600..1_400),
                output_tokens: calls * rng.random_range(150..500),
            });
        }
    }
    Ok(token_days::add(db, &rows)?)
}
