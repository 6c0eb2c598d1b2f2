//! Usage summed up: a series of points for a chart, with totals.
//!
//! Counts are kept by the minute. They are read in quarters of an hour, at which the hours and days of every time zone
//! begin, and put together here by the zone of the one who looks.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use super::outcome::Outcome;
use super::uses::minute_of;
use super::writing::KEPT_REQUESTS;
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId};
use crate::store::usage::{self as rows, SLOT_MINUTES, SlotRow};
use crate::store::{Db, StoreError};

pub use crate::store::usage::{AttemptsRow, ExposureRow, RequestRow, Whose};

/// How far back a chart looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// 24 hours, by the hour.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 90 days.
    Quarter,
}

impl Period {
    /// All of them, shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    /// Reads that word; 30 days for anything else.
    pub fn from_word(word: &str) -> Self {
        (Self::ALL.into_iter())
            .find(|period| period.word() == word)
            .unwrap_or(Self::Month)
    }

    /// How it reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "90 days",
        }
    }

    /// How many points its chart has.
    pub fn points(self) -> u32 {
        match self {
            Self::Day => 24,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }

    /// True if a point is an hour, else it is a day.
    pub fn is_by_hour(self) -> bool {
        self == Self::Day
    }

    /// When each point begins in this zone, and the end of the last one.
    fn borders(self, now: Timestamp, zone: Tz) -> Vec<Timestamp> {
        let local = now.to_datetime().with_timezone(&zone);
        if self.is_by_hour() {
            // Hours of the clock on the wall, also where it stands half an hour off.
            let into_hour = TimeDelta::minutes(i64::from(local.minute()))
                + TimeDelta::seconds(i64::from(local.second()))
                + TimeDelta::milliseconds(i64::from(local.nanosecond() / 1_000_000));
            let hour = now - into_hour;
            let offsets = (0..=self.points()).map(|n| i64::from(n) + 1 - i64::from(self.points()));
            return offsets
                .map(|hours| hour + TimeDelta::hours(hours))
                .collect();
        }
        let today = local.date_naive();
        let first = today - Days::new(u64::from(self.points()) - 1);
        (0..=u64::from(self.points()))
            .map(|day| start_of_day(first + Days::new(day), zone))
            .collect()
    }
}

/// The first moment of a day in a zone, also where clocks skip midnight.
pub fn start_of_day(day: NaiveDate, zone: Tz) -> Timestamp {
    let quarters = (0..96).filter_map(|quarter| {
        let at = day.and_hms_opt(quarter / 4, quarter % 4 * 15, 0)?;
        zone.from_local_datetime(&at).earliest()
    });
    let mut quarters = quarters.map(|at: DateTime<Tz>| at.with_timezone(&Utc));
    (quarters.next())
        .unwrap_or_else(|| day.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc())
        .into()
}

/// Accepted and refused requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted.
    pub accepted: i64,
    /// Refused, for whatever reason.
    pub refused: i64,
}

impl Counts {
    /// Both.
    pub fn all(self) -> i64 {
        self.accepted + self.refused
    }

    fn add(&mut self, row: &SlotRow) {
        if row.outcome == Outcome::Accepted.number() {
            self.accepted += row.requests;
        } else {
            self.refused += row.requests;
        }
    }
}

/// Requests of an hour, a day or another step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When it begins.
    pub at: Timestamp,
    /// How many.
    pub counts: Counts,
}

/// What a chart shows.
#[derive(Clone, Debug)]
pub struct Series {
    /// Oldest first; the last one is not complete.
    pub points: Vec<Point>,
    /// All of them together.
    pub totals: Counts,
    /// Requests in as long a time before.
    pub before: i64,
    /// The minute with the most requests, and how many.
    pub busiest: Option<(Timestamp, i64)>,
    /// Totals of each key.
    pub by_key: BTreeMap<ApiKeyId, Counts>,
    /// Each key's points that have requests, oldest first.
    pub points_by_key: BTreeMap<(ApiKeyId, Timestamp), Counts>,
}

/// Reads a period up to now.
///
/// # Errors
/// If the database fails.
pub fn series(
    db: &mut Db,
    whose: Whose,
    period: Period,
    now: Timestamp,
    zone: Tz,
) -> Result<Series, StoreError> {
    let borders = period.borders(now, zone);
    let (first, end) = (borders[0], borders[borders.len() - 1]);
    let (from, to) = (minute_of(first), minute_of(end));
    let slots = rows::list_slots(db, whose, from, to, SLOT_MINUTES)?;
    let before = rows::list_slots(db, whose, from - (to - from), from, to - from)?;
    let mut points: Vec<Point> = borders[..borders.len() - 1]
        .iter()
        .map(|at| Point {
            at: *at,
            counts: Counts::default(),
        })
        .collect();
    let mut totals = Counts::default();
    let mut by_key: BTreeMap<ApiKeyId, Counts> = BTreeMap::new();
    let mut points_by_key: BTreeMap<(ApiKeyId, Timestamp), Counts> = BTreeMap::new();
    for row in &slots {
        let at = Timestamp::from_millis(row.minute * 60_000);
        // A day of UTC that is no longer kept by the minute may begin before the first point.
        let index = borders.partition_point(|border| *border <= at).max(1) - 1;
        if let Some(point) = points.get_mut(index) {
            point.counts.add(row);
            let of_key = points_by_key.entry((row.api_key_id, point.at));
            of_key.or_default().add(row);
        }
        totals.add(row);
        by_key.entry(row.api_key_id).or_default().add(row);
    }
    let busiest = rows::busiest_minute(db, whose, from, to)?;
    Ok(Series {
        points,
        totals,
        before: before.iter().map(|row| row.requests).sum(),
        busiest: busiest
            .map(|(minute, requests)| (Timestamp::from_millis(minute * 60_000), requests)),
        by_key,
        points_by_key,
    })
}

/// The step of a series for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A minute.
    Minute,
    /// An hour of UTC.
    Hour,
    /// A day of UTC.
    Day,
}

impl Step {
    /// Its length in minutes.
    fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
            Self::Day => 1_440,
        }
    }

    /// The first minute of the step that `from` is in, and the one behind the last step that has begun before `to`.
    fn borders(self, from: Timestamp, to: Timestamp) -> (i64, i64) {
        let length = self.minutes();
        let last = minute_of(to - TimeDelta::milliseconds(1));
        (
            minute_of(from).div_euclid(length) * length,
            (last.div_euclid(length) + 1) * length,
        )
    }

    /// How many points [`steps`] gives.
    pub fn count(self, from: Timestamp, to: Timestamp) -> i64 {
        let (first, end) = self.borders(from, to);
        (end - first) / self.minutes()
    }
}

/// A series for programs: every step from `from` (which its step includes) to `to`, and totals by outcome.
///
/// # Errors
/// If the database fails.
pub fn steps(
    db: &mut Db,
    whose: Whose,
    from: Timestamp,
    to: Timestamp,
    step: Step,
) -> Result<(Vec<Point>, BTreeMap<Outcome, i64>), StoreError> {
    let length = step.minutes();
    let (first, end) = step.borders(from, to);
    let mut points: Vec<Point> = (first..end)
        .step_by(usize::try_from(length).unwrap_or(1))
        .map(|minute| Point {
            at: Timestamp::from_millis(minute * 60_000),
            counts: Counts::default(),
        })
        .collect();
    let mut by_outcome = BTreeMap::new();
    for row in rows::list_slots(db, whose, first, end, length)? {
        let index = usize::try_from((row.minute - first).div_euclid(length)).unwrap_or(0);
        if let Some(point) = points.get_mut(index) {
            point.counts.add(&row);
        }
        if let Some(outcome) = Outcome::from_number(row.outcome) {
            *by_outcome.entry(outcome).or_default() += row.requests;
        }
    }
    Ok((points, by_outcome))
}

/// All that the page of a key tells of its use.
#[derive(Clone, Debug)]
pub struct KeyUsage {
    /// For the chart.
    pub series: Series,
    /// The newest requests in detail, newest first.
    pub requests: Vec<RequestRow>,
    /// Uses of a true secret that no longer works, if there were any.
    pub attempts: Option<AttemptsRow>,
    /// How many of those were in the last 24 hours.
    pub attempts_of_a_day: i64,
    /// Where a true secret was seen that others may have seen too.
    pub exposures: Vec<ExposureRow>,
}

/// Dead keys of an account that someone has used in the last 24 hours, latest first, at most `limit`.
///
/// # Errors
/// If the database fails.
pub fn dead_keys_in_use(
    db: &mut Db,
    account: AccountId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<AttemptsRow>, StoreError> {
    rows::list_attempts(db, account, now - TimeDelta::hours(24), limit)
}

/// Requests with the keys of an account in the last 24 hours.
///
/// # Errors
/// If the database fails.
pub fn counts_of_a_day(
    db: &mut Db,
    account: AccountId,
    now: Timestamp,
) -> Result<Counts, StoreError> {
    let to = minute_of(now) + 1;
    let mut counts = Counts::default();
    for row in rows::list_slots(db, Whose::Account(account), to - 1_440, to, SLOT_MINUTES)? {
        counts.add(&row);
    }
    Ok(counts)
}

/// Reads it.
///
/// # Errors
/// If the database fails.
pub fn of_key(
    db: &mut Db,
    key: ApiKeyId,
    period: Period,
    now: Timestamp,
    zone: Tz,
) -> Result<KeyUsage, StoreError> {
    let attempts = rows::find_attempts(db, key)?;
    Ok(KeyUsage {
        series: series(db, Whose::Key(key), period, now, zone)?,
        requests: rows::list_requests(db, key, KEPT_REQUESTS)?,
        attempts_of_a_day: match attempts {
            Some(_) => dead_uses_of_a_day(db, key, now)?,
            None => 0,
        },
        attempts,
        exposures: rows::list_exposures(db, key)?,
    })
}

fn dead_uses_of_a_day(db: &mut Db, key: ApiKeyId, now: Timestamp) -> Result<i64, StoreError> {
    let to = minute_of(now) + 1;
    let slots = rows::list_slots(db, Whose::Key(key), to - 1_440, to, SLOT_MINUTES)?;
    let dead = slots
        .iter()
        .filter(|row| Outcome::from_number(row.outcome).is_some_and(Outcome::is_dead_key));
    Ok(dead.map(|row| row.requests).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime<Utc>>().unwrap().into()
    }

    #[test]
    fn a_day_has_twenty_four_hours_of_the_clock_on_the_wall() {
        let now = at("2026-11-22T18:31:00Z");
        let borders = Period::Day.borders(now, Tz::UTC);
        assert_eq!(borders.len(), 25);
        assert_eq!(borders[23], at("2026-11-22T18:00:00Z"));
        assert_eq!(borders[0], at("2026-11-21T19:00:00Z"));
        let kathmandu = Period::Day.borders(now, Tz::Asia__Kathmandu);
        assert_eq!(kathmandu[23], at("2026-11-22T18:15:00Z"));
    }

    #[test]
    fn days_begin_at_midnight_of_the_zone_through_a_change_of_clocks() {
        let now = at("2026-11-02T12:00:00Z");
        let borders = Period::Week.borders(now, Tz::America__New_York);
        assert_eq!(borders[6], at("2026-11-02T05:00:00Z"));
        assert_eq!(borders[5], at("2026-11-01T04:00:00Z"));
        assert_eq!(borders[7], at("2026-11-03T05:00:00Z"));
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_later() {
        let day = NaiveDate::from_ymd_opt(2018, 11, 4).unwrap();
        let start = start_of_day(day, Tz::America__Sao_Paulo);
        assert_eq!(start, at("2018-11-04T03:00:00Z"));
    }
}
