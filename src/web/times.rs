//! Times in words: dates in the account's zone, relative words for what happened, and for ends that are near.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;

use super::markup::TimeView;
use crate::clock::Timestamp;

/// Writes times for one page: one present, one zone.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    now: DateTime<Utc>,
    zone: Tz,
}

impl Times {
    /// For a page made at `now` for someone in `zone`.
    pub fn new(now: Timestamp, zone: Tz) -> Self {
        Self {
            now: now.to_datetime(),
            zone,
        }
    }

    /// The zone's name as people read it: "UTC", "CET".
    pub fn zone_name(&self) -> String {
        let name = self.local(self.now).format("%Z").to_string();
        // Zones without letters of their own have an offset for a name.
        if name.starts_with(['+', '-']) {
            format!("UTC{name}")
        } else {
            name
        }
    }

    /// "22 Nov 2026"; today "Today, 18:02".
    pub fn date(&self, at: Timestamp) -> TimeView {
        let local = self.local(at.to_datetime());
        let text = if local.date_naive() == self.today() {
            local.format("Today, %H:%M").to_string()
        } else {
            local.format("%-d %b %Y").to_string()
        };
        self.view(at, text, false)
    }

    /// "22 Nov, 18:30 UTC", with the year if it is another one; today "Today, 18:30 UTC".
    pub fn date_time(&self, at: Timestamp) -> TimeView {
        let local = self.local(at.to_datetime());
        let format = if local.date_naive() == self.today() {
            "Today, %H:%M"
        } else if local.year() == self.local(self.now).year() {
            "%-d %b, %H:%M"
        } else {
            "%-d %b %Y, %H:%M"
        };
        let text = format!("{} {}", local.format(format), self.zone_name());
        self.view(at, text, false)
    }

    /// "22 Nov 2026, 18:31 UTC", today as well: for the middle of a sentence about something that is settled.
    pub fn full(&self, at: Timestamp) -> TimeView {
        let local = self.local(at.to_datetime());
        let text = format!("{} {}", local.format("%-d %b %Y, %H:%M"), self.zone_name());
        self.view(at, text, false)
    }

    /// "18:00".
    pub fn hour(&self, at: Timestamp) -> String {
        self.local(at.to_datetime()).format("%H:%M").to_string()
    }

    /// "12 Nov".
    pub fn day(&self, at: Timestamp) -> String {
        self.local(at.to_datetime()).format("%-d %b").to_string()
    }

    /// "12 Nov 2026".
    pub fn day_with_year(&self, at: Timestamp) -> String {
        self.local(at.to_datetime()).format("%-d %b %Y").to_string()
    }

    /// "12 Nov, 09:41".
    pub fn day_and_minute(&self, at: Timestamp) -> String {
        self.local(at.to_datetime())
            .format("%-d %b, %H:%M")
            .to_string()
    }

    /// "18:30:41", with the day before it if that is not today, and its year if it is another one: logs show seconds.
    pub fn log_time(&self, at: Timestamp) -> TimeView {
        let local = self.local(at.to_datetime());
        let format = if local.date_naive() == self.today() {
            "%H:%M:%S"
        } else if local.year() == self.local(self.now).year() {
            "%-d %b, %H:%M:%S"
        } else {
            "%-d %b %Y, %H:%M:%S"
        };
        self.view(at, local.format(format).to_string(), false)
    }

    /// "18:31:09 UTC".
    pub fn clock(&self, at: Timestamp) -> TimeView {
        let local = self.local(at.to_datetime());
        let text = format!("{} {}", local.format("%H:%M:%S"), self.zone_name());
        self.view(at, text, false)
    }

    /// "just now", "4 minutes ago", "Yesterday", "8 months ago"; after a year the date.
    pub fn ago(&self, at: Timestamp) -> TimeView {
        let passed = self.now - at.to_datetime();
        match ago_words(passed) {
            Some(text) => self.view(at, text, true),
            None => self.date(at),
        }
    }

    fn view(&self, at: Timestamp, text: String, is_relative: bool) -> TimeView {
        let local = self.local(at.to_datetime());
        TimeView {
            iso: at.to_rfc3339(),
            is_today: text.starts_with("Today"),
            title: format!(
                "{} {}",
                local.format("%-d %b %Y, %H:%M:%S"),
                self.zone_name()
            ),
            text,
            is_relative,
        }
    }

    fn local(&self, at: DateTime<Utc>) -> DateTime<Tz> {
        at.with_timezone(&self.zone)
    }

    /// The present day in the account's zone.
    pub fn today(&self) -> chrono::NaiveDate {
        self.local(self.now).date_naive()
    }
}

/// Words for what happened this long ago; `None` from a year on, where the date says more.
fn ago_words(passed: TimeDelta) -> Option<String> {
    let minutes = passed.num_minutes();
    let (number, unit) = match minutes {
        i64::MIN..1 => return Some("just now".to_owned()),
        1..60 => (minutes, "minute"),
        60..1_440 => (minutes / 60, "hour"),
        1_440..2_880 => return Some("Yesterday".to_owned()),
        2_880..10_080 => (minutes / 1_440, "day"),
        10_080..86_400 => (minutes / 10_080, "week"),
        86_400..525_600 => (minutes / 43_200, "month"),
        _ => return None,
    };
    Some(format!("{} ago", counted(number, unit)))
}

/// "31 minutes", "3 days": how long until an end, rounded down to the unit that matters, at least one minute.
pub fn until_words(left: TimeDelta) -> String {
    let (number, unit) = until(left);
    counted(number, unit)
}

/// The same for a badge, where minutes are short: "31 min".
pub fn until_short(left: TimeDelta) -> String {
    match until(left) {
        (number, "minute") => format!("{number} min"),
        (number, unit) => counted(number, unit),
    }
}

/// The same in a letter: "21 h", "6 d".
pub fn until_letter(left: TimeDelta) -> String {
    match until(left) {
        (number, "minute") => format!("{number} min"),
        (number, "hour") => format!("{number} h"),
        (number, _) => format!("{number} d"),
    }
}

fn until(left: TimeDelta) -> (i64, &'static str) {
    let minutes = left.num_minutes().max(1);
    match minutes {
        i64::MIN..120 => (minutes, "minute"),
        120..2_880 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    }
}

/// "1 day", "2 days", "1,204 days".
pub fn counted(number: i64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {unit}{plural}", grouped(number))
}

/// A number with a comma before every three digits: 37,161.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime<Utc>>().unwrap().into()
    }

    fn utc() -> Times {
        Times::new(at("2026-11-22T18:31:00Z"), Tz::UTC)
    }

    #[test]
    fn dates_are_short_and_today_has_a_clock_time() {
        assert_eq!(utc().date(at("2026-11-22T18:02:00Z")).text, "Today, 18:02");
        assert_eq!(utc().date(at("2025-03-03T00:00:00Z")).text, "3 Mar 2025");
        assert_eq!(
            utc().date_time(at("2026-11-25T09:14:00Z")).text,
            "25 Nov, 09:14 UTC"
        );
        assert_eq!(
            utc().date_time(at("2027-11-25T09:14:00Z")).text,
            "25 Nov 2027, 09:14 UTC"
        );
        assert_eq!(utc().clock(at("2026-11-22T18:31:09Z")).text, "18:31:09 UTC");
    }

    #[test]
    fn the_zone_of_the_account_decides_which_day_it_is() {
        let berlin = Times::new(at("2026-11-22T23:30:00Z"), Tz::Europe__Berlin);
        assert_eq!(berlin.date(at("2026-11-22T23:10:00Z")).text, "Today, 00:10");
        assert_eq!(berlin.zone_name(), "CET");
        assert_eq!(
            Times::new(at("2026-11-22T23:30:00Z"), Tz::America__Sao_Paulo).zone_name(),
            "UTC-03"
        );
    }

    #[test]
    fn relative_words_change_at_their_boundaries() {
        let words = |text: &str| utc().ago(at(text)).text;
        assert_eq!(words("2026-11-22T18:30:01Z"), "just now");
        assert_eq!(words("2026-11-22T18:30:00Z"), "1 minute ago");
        assert_eq!(words("2026-11-22T17:31:01Z"), "59 minutes ago");
        assert_eq!(words("2026-11-22T02:31:00Z"), "16 hours ago");
        assert_eq!(words("2026-11-21T18:31:00Z"), "Yesterday");
        assert_eq!(words("2026-11-20T18:31:00Z"), "2 days ago");
        assert_eq!(words("2026-10-25T18:31:00Z"), "4 weeks ago");
        assert_eq!(words("2026-03-22T18:31:00Z"), "8 months ago");
        assert_eq!(words("2025-11-22T18:31:00Z"), "22 Nov 2025");
    }

    #[test]
    fn ends_are_near_in_words() {
        assert_eq!(until_short(TimeDelta::minutes(31)), "31 min");
        assert_eq!(until_words(TimeDelta::seconds(5)), "1 minute");
        assert_eq!(until_words(TimeDelta::hours(47)), "47 hours");
        assert_eq!(until_words(TimeDelta::hours(80)), "3 days");
    }

    #[test]
    fn numbers_are_grouped_by_commas() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(37_161), "37,161");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }
}
