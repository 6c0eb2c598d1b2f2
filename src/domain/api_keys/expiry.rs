//! How long a key shall live, as chosen, and the instant that this means.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::clock::Timestamp;

/// The latest end: 100 years ahead.
const FARTHEST: TimeDelta = TimeDelta::days(36_525);

/// The lives on offer, shortest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// One hour.
    Hour,
    /// Seven days.
    Days7,
    /// Thirty days.
    Days30,
    /// Ninety days: the one that is suggested.
    Days90,
    /// 365 days.
    Year,
}

impl Life {
    /// All, shortest first.
    pub const ALL: [Self; 5] = [
        Self::Hour,
        Self::Days7,
        Self::Days30,
        Self::Days90,
        Self::Year,
    ];

    /// The word in forms and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Days7 => "7d",
            Self::Days30 => "30d",
            Self::Days90 => "90d",
            Self::Year => "1y",
        }
    }

    /// The life that is taken where none is chosen: ninety days, or the longest on offer that the operator allows.
    pub fn suggested(longest: Option<TimeDelta>) -> Self {
        let allowed = |life: &Self| longest.is_none_or(|longest| life.duration() <= longest);
        let up_to_90_days = Self::ALL.into_iter().take_while(|life| *life != Self::Year);
        up_to_90_days.filter(allowed).last().unwrap_or(Self::Hour)
    }

    /// The life with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|life| life.word() == word)
    }

    /// How long it is.
    pub fn duration(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::hours(1),
            Self::Days7 => TimeDelta::days(7),
            Self::Days30 => TimeDelta::days(30),
            Self::Days90 => TimeDelta::days(90),
            Self::Year => TimeDelta::days(365),
        }
    }
}

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// One of the lives on offer.
    After(Life),
    /// To the end of this day in the account's time zone.
    EndOf(NaiveDate),
    /// At this instant.
    At(Timestamp),
    /// Never.
    Never,
}

/// Why a choice is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadExpiry {
    /// The end is not in the future.
    #[error("the end is not in the future")]
    Past,
    /// The end is more than 100 years ahead.
    #[error("the end is more than 100 years ahead")]
    TooFar,
    /// The operator allows no longer life than this.
    #[error("the longest life allowed here is {} days", .0.num_days())]
    LongerThan(TimeDelta),
}

impl Expiry {
    /// The instant of the end, `None` for never.
    ///
    /// # Errors
    /// If it is past, too far, or farther than the longest allowed life.
    pub fn resolve(
        self,
        now: Timestamp,
        zone: Tz,
        longest: Option<TimeDelta>,
    ) -> Result<Option<Timestamp>, BadExpiry> {
        let end = match self {
            Self::After(life) => now + life.duration(),
            Self::EndOf(date) => end_of_day(date, zone).ok_or(BadExpiry::TooFar)?,
            Self::At(end) => end,
            Self::Never => {
                return longest.map_or(Ok(None), |longest| Err(BadExpiry::LongerThan(longest)));
            }
        };
        if end <= now {
            return Err(BadExpiry::Past);
        }
        if end - now > FARTHEST {
            return Err(BadExpiry::TooFar);
        }
        match longest {
            Some(longest) if end - now > longest => Err(BadExpiry::LongerThan(longest)),
            _ => Ok(Some(end)),
        }
    }
}

/// The first instant of the day after `date`. Where the clocks skip midnight, the first instant that exists.
fn end_of_day(date: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let midnight = date
        .checked_add_days(Days::new(1))?
        .and_time(NaiveTime::MIN);
    (0..24)
        .filter_map(|quarters| {
            zone.from_local_datetime(&(midnight + TimeDelta::minutes(15 * quarters)))
                .earliest()
        })
        .next()
        .map(|end| end.to_utc().into())
}

/// The last day to whose end a key may live, in this time zone; `None` if the operator allows any life.
pub fn last_day(now: Timestamp, zone: Tz, longest: Option<TimeDelta>) -> Option<NaiveDate> {
    let end = now + longest?;
    let day = end.to_datetime().with_timezone(&zone).date_naive();
    // That day has not ended at that time, unless it is its first instant.
    let before = day.checked_sub_days(Days::new(1))?;
    let is_whole = end_of_day(day, zone).is_some_and(|midnight| midnight <= end);
    Some(if is_whole { day } else { before })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime<Utc>>().unwrap().into()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn where_nothing_is_chosen_it_is_ninety_days_or_the_longest_that_is_allowed() {
        let cases = [
            (None, Life::Days90),
            (Some(400), Life::Days90),
            (Some(90), Life::Days90),
            (Some(89), Life::Days30),
            (Some(7), Life::Days7),
            (Some(1), Life::Hour),
        ];
        for (longest, suggested) in cases {
            let longest = longest.map(TimeDelta::days);
            assert_eq!(Life::suggested(longest), suggested, "{longest:?}");
        }
    }

    #[test]
    fn the_last_day_that_can_be_chosen_is_the_last_that_is_accepted() {
        let longest = Some(TimeDelta::days(30));
        for zone in [Tz::UTC, Tz::Pacific__Auckland, Tz::America__Los_Angeles] {
            let last = last_day(at(NOW), zone, longest).unwrap();
            let accepts = |day| Expiry::EndOf(day).resolve(at(NOW), zone, longest).is_ok();
            assert!(accepts(last), "{zone} {last}");
            assert!(!accepts(last.succ_opt().unwrap()), "{zone} {last}");
        }
        assert_eq!(last_day(at(NOW), Tz::UTC, None), None);
    }

    const NOW: &str = "2026-11-22T18:31:00Z";

    fn resolve(expiry: Expiry) -> Result<Option<Timestamp>, BadExpiry> {
        expiry.resolve(at(NOW), Tz::UTC, None)
    }

    #[test]
    fn lives_are_counted_from_now() {
        assert_eq!(
            resolve(Expiry::After(Life::Hour)),
            Ok(Some(at("2026-11-22T19:31:00Z")))
        );
        assert_eq!(
            resolve(Expiry::After(Life::Year)),
            Ok(Some(at("2027-11-22T18:31:00Z")))
        );
        assert_eq!(resolve(Expiry::Never), Ok(None));
    }

    #[test]
    fn a_date_is_valid_to_its_end_in_the_accounts_zone() {
        let today = Expiry::EndOf(date("2026-11-22"));
        assert_eq!(resolve(today), Ok(Some(at("2026-11-23T00:00:00Z"))));
        let berlin = today.resolve(at(NOW), Tz::Europe__Berlin, None);
        assert_eq!(berlin, Ok(Some(at("2026-11-22T23:00:00Z"))));
        // Midnight of 30 March 2026 does not exist in Beirut: the clocks go from 00:00 to 01:00 on the 29th.
        let beirut = Expiry::EndOf(date("2026-03-28")).resolve(
            at("2026-03-01T00:00:00Z"),
            Tz::Asia__Beirut,
            None,
        );
        assert_eq!(beirut, Ok(Some(at("2026-03-28T22:00:00Z"))));
    }

    #[test]
    fn the_29th_of_february_is_a_day_like_others() {
        let leap = Expiry::EndOf(date("2028-02-29"));
        assert_eq!(resolve(leap), Ok(Some(at("2028-03-01T00:00:00Z"))));
        assert!("2027-02-29".parse::<NaiveDate>().is_err());
    }

    #[test]
    fn ends_that_are_past_or_too_far_are_refused() {
        assert_eq!(
            resolve(Expiry::EndOf(date("2026-11-21"))),
            Err(BadExpiry::Past)
        );
        assert_eq!(resolve(Expiry::At(at(NOW))), Err(BadExpiry::Past));
        assert_eq!(
            resolve(Expiry::EndOf(date("2126-12-31"))),
            Err(BadExpiry::TooFar)
        );
        assert_eq!(
            resolve(Expiry::EndOf(NaiveDate::MAX)),
            Err(BadExpiry::TooFar)
        );
    }

    #[test]
    fn the_operators_limit_holds_for_every_choice() {
        let longest = TimeDelta::days(90);
        let refused = Err(BadExpiry::LongerThan(longest));
        let resolve = |expiry: Expiry| expiry.resolve(at(NOW), Tz::UTC, Some(longest));
        assert!(resolve(Expiry::After(Life::Days90)).is_ok());
        assert_eq!(resolve(Expiry::After(Life::Year)), refused);
        assert_eq!(resolve(Expiry::Never), refused);
        assert_eq!(resolve(Expiry::EndOf(date("2027-02-20"))), refused);
        assert!(resolve(Expiry::EndOf(date("2027-02-19"))).is_ok());
    }
}
