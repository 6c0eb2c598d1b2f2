//! Reminders that a key ends in 30, 7 and 1 days, and that it has ended.
//!
//! 1. What was reached is kept in the database: up to an instant, all reminders that were due have been queued. A run goes
//!    over the ends between what was reached and now, moved by each step, so it costs as much as there is to remind of.
//! 2. After downtime, a key may have passed several steps at once. Only the nearest is queued.
//! 3. Runs of several instances take turns, and a reminder that was queued before is not queued again.

use chrono::TimeDelta;

use super::{Mail, MailedKey, OncePer, Outbox, Recipient};
use crate::clock::Timestamp;
use crate::domain::api_keys::key_string;
use crate::ids::ApiKeyId;
use crate::store::reminders::{self as rows, EndingRow};
use crate::store::{Db, Pool, StoreError};

/// Days before the end, furthest first; 0 is the end itself.
const STEPS: [i64; 4] = [30, 7, 1, 0];
/// Keys that are looked at in one transaction.
const KEYS_AT_ONCE: i64 = 200;
/// An end that is longer ago is not told of any more.
const LONGEST_AGO: TimeDelta = TimeDelta::days(30);

/// Queues the reminders that have become due. Between transactions it asks whether to stop: what is left is done the next
/// time.
///
/// # Errors
/// If the database fails; what was queued until then stays queued, and is not queued again.
pub fn run(
    pool: &Pool,
    outbox: &Outbox,
    now: Timestamp,
    must_stop: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    for days in STEPS {
        let mut reached = None;
        loop {
            let batch: Result<_, StoreError> =
                pool.write_now(|db| queue_batch(db, outbox, now, days, reached));
            reached = batch?;
            if must_stop() {
                return Ok(());
            }
            if reached.is_none() {
                break;
            }
        }
    }
    pool.write_now(|db| {
        let before = rows::lock_progress(db)?;
        // An instance whose clock is behind does not take back what another has done.
        rows::set_progress(db, before.map_or(now, |before| before.max(now)))
    })
}

/// The last key that was looked at.
type Reached = (Timestamp, ApiKeyId);

/// Queues the reminders of one step for the next keys; `None` when there are no more.
fn queue_batch(
    db: &mut Db,
    outbox: &Outbox,
    now: Timestamp,
    days: i64,
    reached: Option<Reached>,
) -> Result<Option<Reached>, StoreError> {
    let step = TimeDelta::days(days);
    let since = begin(rows::lock_progress(db)?, now, days);
    let after = match reached {
        Some((at, id)) => (at, Some(id)),
        None => (since + step, None),
    };
    let keys = rows::list_ending(db, after, now + step, KEYS_AT_ONCE)?;
    for key in keys.iter().filter(|key| is_due(key, now, days)) {
        queue(db, outbox, now, days, key)?;
    }
    let is_last = i64::try_from(keys.len()).is_ok_and(|found| found < KEYS_AT_ONCE);
    Ok((keys.last().filter(|_| !is_last)).map(|key| (key.ends_at, key.id)))
}

/// The instant up to which this step has been done. The first time ever, keys that end soon are told of, and none that has
/// ended.
fn begin(reached: Option<Timestamp>, now: Timestamp, days: i64) -> Timestamp {
    match reached {
        Some(reached) => reached.max(now - LONGEST_AGO),
        None if days == 0 => now,
        None => now - LONGEST_AGO,
    }
}

/// True if this is the nearest step that the key has passed, and the key was made to live a day longer than it.
fn is_due(key: &EndingRow, now: Timestamp, days: i64) -> bool {
    let passed = |days: i64| key.ends_at <= now + TimeDelta::days(days);
    let nearest = STEPS.into_iter().rev().find(|days| passed(*days));
    let life = key.ends_at - key.created_at;
    nearest == Some(days) && life >= TimeDelta::days(days + 1)
}

fn queue(
    db: &mut Db,
    outbox: &Outbox,
    now: Timestamp,
    days: i64,
    row: &EndingRow,
) -> Result<(), StoreError> {
    let key = MailedKey {
        id: row.id.to_string(),
        prefix: key_string::prefix(&row.brand, row.id),
        name: row.name.clone(),
        is_deleted: false,
    };
    let at_ms = row.ends_at.as_millis();
    let mail = match days {
        0 => Mail::KeyExpired { key, at_ms },
        days => Mail::KeyExpires { key, days, at_ms },
    };
    let to = Recipient {
        account_id: Some(row.account_id),
        email: &row.email,
    };
    let occasion = OncePer::Key {
        id: row.id,
        what: &days.to_string(),
    };
    outbox.queue_once(db, now, to, &mail, occasion).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AccountId;

    /// A key that lives so many days, so many hours before its end.
    fn due(life_days: i64, hours_before_end: i64) -> Vec<i64> {
        let end = Timestamp::from_millis(1_800_000_000_000);
        let key = EndingRow {
            id: "0000000001".parse().unwrap(),
            brand: "kp".to_owned(),
            name: "CI".to_owned(),
            created_at: end - TimeDelta::days(life_days),
            ends_at: end,
            account_id: "0000000001".parse::<AccountId>().unwrap(),
            email: "a@b.example".to_owned(),
        };
        let now = end - TimeDelta::hours(hours_before_end);
        let is_due = |days: &i64| is_due(&key, now, *days);
        STEPS.into_iter().filter(is_due).collect()
    }

    #[test]
    fn only_the_nearest_step_that_was_passed_is_due() {
        assert_eq!(due(90, 30 * 24 + 1), Vec::<i64>::new());
        assert_eq!(due(90, 30 * 24), [30]);
        assert_eq!(due(90, 7 * 24 + 1), [30]);
        assert_eq!(due(90, 7 * 24), [7]);
        assert_eq!(due(90, 24), [1]);
        assert_eq!(due(90, 0), [0]);
        assert_eq!(due(90, -100), [0]);
    }

    #[test]
    fn a_key_is_reminded_of_only_if_it_lives_a_day_longer_than_the_step() {
        assert_eq!(due(30, 29 * 24), Vec::<i64>::new());
        assert_eq!(due(31, 30 * 24), [30]);
        assert_eq!(due(7, 6 * 24), Vec::<i64>::new());
        assert_eq!(due(2, 24), [1]);
        assert_eq!(due(1, 23), Vec::<i64>::new());
        assert_eq!(due(1, 0), [0]);
        assert_eq!(due(0, 0), Vec::<i64>::new());
    }
}
