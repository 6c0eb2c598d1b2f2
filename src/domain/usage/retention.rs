//! How long the usage log is kept: requests in detail for weeks, counts by the minute for months, counts by the day for
//! ever. What is turned into days has to be settled first.

use chrono::TimeDelta;

use super::uses::minute_of;
use crate::clock::Timestamp;
use crate::store::usage as rows;
use crate::store::{Pool, StoreError};

/// Keys whose counts are turned into days in one transaction.
const KEYS_AT_ONCE: usize = 200;
/// Counts by the minute that are settled in one transaction.
const COUNTS_AT_ONCE: i64 = 5_000;
/// Requests in detail that are removed in one transaction.
const REQUESTS_AT_ONCE: i64 = 5_000;

/// The operator's choice.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How long requests are kept in detail.
    pub details: TimeDelta,
    /// How long counts are kept by the minute.
    pub minutes: TimeDelta,
}

/// Removes what is too old, in many short transactions, so that no one waits for it long. Counts go by whole days of UTC.
/// Between transactions it asks whether to stop: what is left is done the next time.
///
/// # Errors
/// If the database fails; what was done until then stays done.
pub fn run(
    pool: &Pool,
    now: Timestamp,
    retention: Retention,
    must_stop: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    let oldest_detail = now - retention.details;
    loop {
        let removed: Result<usize, StoreError> =
            pool.write_now(|db| rows::delete_requests_before(db, oldest_detail, REQUESTS_AT_ONCE));
        if i64::try_from(removed?).is_ok_and(|removed| removed < REQUESTS_AT_ONCE) || must_stop() {
            break;
        }
    }
    let before = minute_of(now - retention.minutes).div_euclid(1_440) * 1_440;
    // Only what was left when the last key fell silent, or was written late: whoever counts up settles what has passed, so who has
    // the turn now does this as well.
    loop {
        let settled: Result<usize, StoreError> = pool.write_now(|db| {
            if rows::count_passed(db, before)? == 0 {
                return Ok(0);
            }
            if !rows::take_turn(db, false)? {
                return Ok(0);
            }
            rows::settle_minutes(db, before, COUNTS_AT_ONCE)
        });
        if i64::try_from(settled?).is_ok_and(|settled| settled < COUNTS_AT_ONCE) || must_stop() {
            break;
        }
    }
    let mut last = None;
    loop {
        let reached: Result<_, StoreError> = pool.write_now(|db| {
            let mut reached = last;
            for _ in 0..KEYS_AT_ONCE {
                let Some(key) = rows::next_key(db, reached)? else {
                    return Ok(None);
                };
                rows::roll_up(db, key, before)?;
                reached = Some(key);
            }
            Ok(reached)
        });
        last = reached?;
        if last.is_none() || must_stop() {
            return Ok(());
        }
    }
}
