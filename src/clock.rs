//! Time as keyport knows it: instants cut to what both databases keep, and the clock that is asked for them.
//!
//! Rules take `now` as an argument; only the edge (a handler, a command, a job) asks a [`Clock`].
//! Tests hand in a [`ManualClock`] and move it, so nothing ever waits.

use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;

/// An instant in UTC, in whole milliseconds since 1970-01-01. Stored as a 64-bit integer in both databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-31T23:59:59.999Z: stored where something never ends, so that plain comparisons and sorting work.
    pub const NEVER: Self = Self(253_402_300_799_999);

    /// The instant that is `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// As a calendar time.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }

    /// RFC 3339 in UTC with whole seconds, as the API writes every time: `2026-11-22T18:30:41Z`.
    pub fn to_rfc3339(self) -> String {
        self.to_datetime()
            .to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// Cuts (does not round) to milliseconds.
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

impl Add<TimeDelta> for Timestamp {
    type Output = Self;

    fn add(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_add(delta.num_milliseconds()))
    }
}

impl Sub<TimeDelta> for Timestamp {
    type Output = Self;

    fn sub(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_sub(delta.num_milliseconds()))
    }
}

impl Sub for Timestamp {
    type Output = TimeDelta;

    fn sub(self, earlier: Self) -> TimeDelta {
        TimeDelta::milliseconds(self.0.saturating_sub(earlier.0))
    }
}

impl<DB: Backend> ToSql<BigInt, DB> for Timestamp
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Timestamp
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(bytes).map(Self)
    }
}

/// Where the present comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// A clock that all parts of a running keyport share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's wall clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    fn now(&self) -> Timestamp {
        Utc::now().into()
    }
}

/// A clock that never goes back: while the one behind it shows an earlier time than before, it stands still. What has
/// expired by it stays expired.
pub struct NeverBack {
    behind: SharedClock,
    latest: AtomicI64,
}

impl NeverBack {
    /// Follows this clock.
    pub fn new(behind: SharedClock) -> Self {
        Self {
            behind,
            latest: AtomicI64::new(i64::MIN),
        }
    }
}

impl Clock for NeverBack {
    fn now(&self) -> Timestamp {
        let now = self.behind.now().as_millis();
        let before = self.latest.fetch_max(now, Ordering::Relaxed);
        Timestamp(now.max(before))
    }
}

/// A clock that stands still until it is moved: for tests, and for making demonstration data of the past.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_millis()))
    }

    /// Moves the clock on (or back, with a negative `delta`).
    pub fn advance(&self, delta: TimeDelta) {
        self.0.fetch_add(delta.num_milliseconds(), Ordering::SeqCst);
    }

    /// Sets the clock to `at`.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_cut_to_milliseconds_not_rounded() {
        let at = DateTime::from_timestamp_nanos(1_999_999);
        assert_eq!(Timestamp::from(at), Timestamp::from_millis(1));
    }

    #[test]
    fn the_api_form_has_whole_seconds_and_a_z() {
        let at = Timestamp::from_millis(1_795_372_241_999);
        assert_eq!(at.to_rfc3339(), "2026-11-22T18:30:41Z");
    }

    #[test]
    fn never_is_the_last_second_of_year_9999() {
        assert_eq!(Timestamp::NEVER.to_rfc3339(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_clock_that_never_goes_back_stands_still_until_it_is_caught_up() {
        let hand = Arc::new(ManualClock::new(Timestamp::from_millis(5)));
        let clock = NeverBack::new(hand.clone());
        assert_eq!(clock.now(), Timestamp::from_millis(5));
        hand.advance(-TimeDelta::milliseconds(3));
        assert_eq!(clock.now(), Timestamp::from_millis(5));
        hand.advance(TimeDelta::milliseconds(4));
        assert_eq!(clock.now(), Timestamp::from_millis(6));
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = ManualClock::new(Timestamp::from_millis(5));
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(clock.now(), Timestamp::from_millis(1_005));
    }
}
