//! The one kind of chart there is: stacked bars of two numbers, such as accepted requests below and refused ones above. An
//! SVG that the server writes, with its numbers as a table.
//!
//! The SVG holds bars and grid lines only; every word stands beside it as text, so that it stays sharp and readable at
//! every width. Sizes are attributes: the content policy allows no styles.

use chrono_tz::Tz;

use crate::clock::Timestamp;
use crate::domain::usage::summary::{Period, Point, Series};
use crate::domain::usage::tokens::TokenUse;
use crate::web::times::{Times, grouped};

/// The SVG's own units, as in its `viewBox`.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 164.0;
/// Room above the highest bar, so that the topmost line is not cut.
const TOP: f64 = 2.0;
/// Between accepted and refused.
const GAP: f64 = 1.5;

/// The three figures over a chart.
pub struct Figures {
    /// "37,161".
    pub requests: String,
    /// "+8% on the 30 days before".
    pub compared: String,
    /// "523".
    pub refused: String,
    /// "1.4% of requests".
    pub share: String,
    /// Requests of the busiest minute.
    pub busiest: String,
    /// When that was; empty if there was none.
    pub busiest_at: String,
}

impl Figures {
    /// Of a series.
    pub fn of(series: &Series, period: Period, times: &Times) -> Self {
        let all = series.totals.all();
        Self {
            requests: grouped(all),
            compared: compared(all, series.before, period),
            refused: grouped(series.totals.refused),
            share: share_words(series.totals.refused, all),
            busiest: grouped(series.busiest.map_or(0, |(_, requests)| requests)),
            busiest_at: (series.busiest)
                .map_or_else(String::new, |(at, _)| times.day_and_minute(at)),
        }
    }
}

/// What the template prints.
pub struct Chart {
    /// Begins the ids on the page.
    pub id: &'static str,
    /// What is counted: "Requests".
    pub noun: &'static str,
    /// What the lower part of a bar is: "Accepted".
    pub lower: &'static str,
    /// What the upper part is: "Refused".
    pub upper: &'static str,
    /// "Requests per day".
    pub heading: &'static str,
    /// "24 Oct to 22 Nov 2026, days in UTC. Today is not complete."
    pub line: String,
    /// Links to other periods.
    pub periods: Vec<PeriodLink>,
    /// One for each point.
    pub bars: Vec<Bar>,
    /// Heights of the grid's lines, from the top.
    pub grid: Vec<String>,
    /// What those lines stand for, from the top.
    pub scale: Vec<String>,
    /// Words under the bars, evenly spaced.
    pub labels: Vec<String>,
    /// True if there is anything to see.
    pub has_any: bool,
    /// "Day" or "Hour", for the table.
    pub unit: &'static str,
}

/// A link to another period.
pub struct PeriodLink {
    /// The word in the address.
    pub word: &'static str,
    /// "30 days".
    pub label: &'static str,
    /// True for the one that is shown.
    pub is_current: bool,
}

/// One bar, with its row of the table.
pub struct Bar {
    /// From the left.
    pub x: String,
    /// How wide.
    pub width: String,
    /// Upper end and height of the accepted part; `None` if there is nothing to draw.
    pub accepted: Option<(String, String)>,
    /// The same of the refused part.
    pub refused: Option<(String, String)>,
    /// True for the hour or day that is not over.
    pub is_running: bool,
    /// "12 Nov".
    pub label: String,
    /// "12 Nov: 1,010 accepted, 412 refused".
    pub title: String,
    /// "1,010".
    pub accepted_text: String,
    /// "412".
    pub refused_text: String,
}

impl Chart {
    /// Draws a series.
    pub fn of(series: &Series, period: Period, times: &Times) -> Self {
        let zone = times.zone_name();
        let (heading, unit) = if period.is_by_hour() {
            ("Requests per hour", "Hour")
        } else {
            ("Requests per day", "Day")
        };
        let line = match (series.points.first(), series.points.last()) {
            (Some(first), Some(_)) if period.is_by_hour() => format!(
                "Since {}, hours in {zone}. This hour is not complete.",
                times.hour(first.at)
            ),
            (Some(first), Some(last)) => format!(
                "{} to {}, days in {zone}. Today is not complete.",
                times.day(first.at),
                times.day_with_year(last.at)
            ),
            _ => String::new(),
        };
        let words = Words {
            id: "chart",
            noun: "Requests",
            lower: "Accepted",
            upper: "Refused",
            heading,
            line,
            unit,
        };
        Self::draw(&series.points, period.is_by_hour(), period, times, words)
    }

    /// Draws tokens: what was sent below, what came back above. Their days are of UTC, whatever the zone of the account is.
    pub fn of_tokens(used: &TokenUse, period: Period, now: Timestamp) -> Self {
        let times = Times::new(now, Tz::UTC);
        let line = match (used.points.first(), used.points.last()) {
            (Some(first), Some(last)) => format!(
                "{} to {}, days in UTC, as far as providers tell. Today is not complete.",
                times.day(first.at),
                times.day_with_year(last.at)
            ),
            _ => String::new(),
        };
        let words = Words {
            id: "tokens",
            noun: "Tokens",
            lower: "Sent",
            upper: "Received",
            heading: "Tokens per day",
            line,
            unit: "Day",
        };
        Self::draw(&used.points, false, period, &times, words)
    }

    fn draw(
        points: &[Point],
        is_by_hour: bool,
        period: Period,
        times: &Times,
        words: Words,
    ) -> Self {
        let highest = points.iter().map(|point| point.counts.all()).max();
        let scale = Scale {
            count: points.len(),
            top: round_top(highest.unwrap_or(0)),
            is_by_hour,
        };
        let top = scale.top;
        let bars = points.iter().enumerate();
        Self {
            id: words.id,
            noun: words.noun,
            lower: words.lower,
            upper: words.upper,
            heading: words.heading,
            line: words.line,
            periods: Period::ALL
                .into_iter()
                .map(|other| PeriodLink {
                    word: other.word(),
                    label: other.label(),
                    is_current: other == period,
                })
                .collect(),
            bars: bars
                .map(|(index, point)| bar(index, point, scale, times, (words.lower, words.upper)))
                .collect(),
            grid: (0..=4)
                .map(|line| number(TOP + (HEIGHT - TOP) * f64::from(line) / 4.0))
                .collect(),
            scale: (0..=4)
                .rev()
                .map(|quarter| grouped(top / 4 * quarter))
                .collect(),
            labels: labels(points, is_by_hour, times),
            has_any: highest.is_some_and(|highest| highest > 0),
            unit: words.unit,
        }
    }
}

/// What a chart says.
struct Words {
    id: &'static str,
    noun: &'static str,
    lower: &'static str,
    upper: &'static str,
    heading: &'static str,
    line: String,
    unit: &'static str,
}

/// What the bars of a chart share.
#[derive(Clone, Copy)]
struct Scale {
    count: usize,
    top: i64,
    is_by_hour: bool,
}

fn bar(
    index: usize,
    point: &Point,
    scale: Scale,
    times: &Times,
    (lower, upper): (&str, &str),
) -> Bar {
    let slot = WIDTH / scale.count as f64;
    let height_of = |requests: i64| (HEIGHT - TOP) * requests as f64 / scale.top as f64;
    let (accepted, refused) = (point.counts.accepted, point.counts.refused);
    let accepted_height = height_of(accepted);
    // A bar of a single request among thousands is drawn one unit high, or nobody would see that there was one.
    let drawn = |height: f64, requests: i64| (requests > 0).then(|| height.max(1.0));
    let accepted_drawn = drawn(accepted_height, accepted);
    let foot = HEIGHT - accepted_drawn.map_or(0.0, |height| height + GAP);
    let refused_drawn = drawn(height_of(refused) - GAP, refused);
    let label = if scale.is_by_hour {
        times.hour(point.at)
    } else {
        times.day(point.at)
    };
    let (accepted_text, refused_text) = (grouped(accepted), grouped(refused));
    Bar {
        title: format!(
            "{label}: {accepted_text} {}, {refused_text} {}",
            lower.to_lowercase(),
            upper.to_lowercase()
        ),
        x: number(slot * index as f64 + slot * 0.14),
        width: number(slot * 0.72),
        accepted: accepted_drawn.map(|height| (number(HEIGHT - height), number(height))),
        refused: refused_drawn.map(|height| (number((foot - height).max(0.0)), number(height))),
        is_running: index + 1 == scale.count,
        label,
        accepted_text,
        refused_text,
    }
}

/// Four times 1, 2, 2.5 or 5 times a power of ten: the lines of the grid then stand for round numbers.
fn round_top(highest: i64) -> i64 {
    let mut power = 1;
    loop {
        // 2.5 is no number of requests; 25 is.
        for quarter in [power, power * 2, power * 5 / 2, power * 5] {
            if quarter * 4 >= highest {
                return quarter * 4;
            }
        }
        power *= 10;
    }
}

/// "+8% on the 30 days before".
fn compared(now: i64, before: i64, period: Period) -> String {
    let when = format!("the {} before", period.label());
    if before == 0 {
        return match now {
            0 => "None before either".to_owned(),
            _ => format!("None in {when}"),
        };
    }
    let change = 100.0 * (now - before) as f64 / before as f64;
    match change.round() as i64 {
        0 => format!("As many as in {when}"),
        percent => format!("{percent:+}% on {when}"),
    }
}

/// "1.4% of requests".
fn share_words(part: i64, all: i64) -> String {
    if all == 0 {
        return "of no requests".to_owned();
    }
    format!("{:.1}% of requests", 100.0 * part as f64 / all as f64)
}

/// Six words under the bars, or seven for seven days.
fn labels(points: &[Point], is_by_hour: bool, times: &Times) -> Vec<String> {
    let every = match points.len() {
        0..=7 => 1,
        more => more.div_ceil(6),
    };
    points
        .iter()
        .step_by(every)
        .map(|point| {
            if is_by_hour {
                times.hour(point.at)
            } else {
                times.day(point.at)
            }
        })
        .collect()
}

/// Two decimals are finer than any screen.
fn number(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_four_round_steps() {
        for (highest, top) in [
            (0, 4),
            (4, 4),
            (5, 8),
            (9, 20),
            (20, 20),
            (21, 40),
            (90, 100),
            (1_733, 2_000),
            (2_001, 4_000),
            (8_500, 10_000),
            (10_001, 20_000),
        ] {
            assert_eq!(round_top(highest), top, "{highest}");
        }
    }
}
