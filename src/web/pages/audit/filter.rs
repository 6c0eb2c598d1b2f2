//! The filter over the log, as it comes in the address and as the form shows it.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::words::group_words;
use crate::domain::audit::{ActionGroup, AuditCursor, AuditFilter, Outcome};
use crate::domain::usage::summary::start_of_day;
use crate::web::form::Field;

/// What is looked at.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    about: String,
    result: String,
    from: String,
    to: String,
    page: String,
}

impl AuditQuery {
    /// Where the page begins; `None` for the newest entries.
    pub(in crate::web::pages) fn cursor(&self) -> Option<AuditCursor> {
        let (direction, id) = self.page.split_at_checked(1)?;
        let backwards = match direction {
            "a" => false,
            "b" => true,
            _ => return None,
        };
        let id = id.parse().ok()?;
        Some(AuditCursor { id, backwards })
    }
}

/// A choice of a list.
pub(in crate::web::pages) struct Choice {
    pub(in crate::web::pages) word: &'static str,
    pub(in crate::web::pages) label: &'static str,
    pub(in crate::web::pages) is_chosen: bool,
}

/// The form.
pub(in crate::web::pages) struct FilterForm {
    /// The address of the page.
    pub(in crate::web::pages) path: &'static str,
    pub(in crate::web::pages) groups: Vec<Choice>,
    pub(in crate::web::pages) results: Vec<Choice>,
    pub(in crate::web::pages) from: Field,
    pub(in crate::web::pages) to: Field,
    /// The filter as the part of an address behind the question mark.
    pub(in crate::web::pages) query: String,
    /// True if anything is filtered.
    pub(in crate::web::pages) is_set: bool,
    /// What it means; `None` if a date cannot be read.
    pub(in crate::web::pages) wanted: Option<AuditFilter>,
}

impl FilterForm {
    /// Reads the filter. Days are those of `zone`, both inclusive.
    pub(in crate::web::pages) fn of(path: &'static str, query: &AuditQuery, zone: Tz) -> Self {
        let group = ActionGroup::from_word(&query.about);
        let outcome = Outcome::from_word(&query.result);
        let mut from = Field::with(query.from.trim());
        let mut to = Field::with(query.to.trim());
        let first = day(&mut from);
        let last = day(&mut to);
        if let (Some(Some(first)), Some(Some(last))) = (first, last)
            && last < first
        {
            to.refuse("Choose a day that is not before the first one.");
        }
        let is_readable = from.error.is_none() && to.error.is_none();
        let wanted = is_readable.then(|| AuditFilter {
            account: None,
            group,
            outcome,
            from: first.flatten().map(|day| start_of_day(day, zone)),
            until: (last.flatten())
                .and_then(|day| day.checked_add_days(Days::new(1)))
                .map(|day| start_of_day(day, zone)),
        });
        Self {
            path,
            groups: groups(group),
            results: results(outcome),
            query: [
                ("about", group.map_or("", ActionGroup::word)),
                ("result", outcome.map_or("", Outcome::word)),
                ("from", &from.value),
                ("to", &to.value),
            ]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect::<Vec<_>>()
            .join("&"),
            is_set: group.is_some()
                || outcome.is_some()
                || !from.value.is_empty()
                || !to.value.is_empty(),
            from,
            to,
            wanted,
        }
    }

    /// The address of the page of the log that begins at a cursor.
    pub(super) fn page_href(&self, cursor: AuditCursor) -> String {
        let direction = if cursor.backwards { 'b' } else { 'a' };
        let separator = if self.query.is_empty() { "" } else { "&" };
        format!(
            "{}?{}{separator}page={direction}{}",
            self.path, self.query, cursor.id
        )
    }

    /// The address of the file with the same entries.
    pub(in crate::web::pages) fn csv_href(&self) -> String {
        let separator = if self.query.is_empty() { "" } else { "?" };
        format!("{}.csv{separator}{}", self.path, self.query)
    }
}

/// The day that a field names: `Some(None)` if it names none, `None` if it cannot be read.
fn day(field: &mut Field) -> Option<Option<NaiveDate>> {
    if field.value.is_empty() {
        return Some(None);
    }
    let read = NaiveDate::parse_from_str(&field.value, "%Y-%m-%d").ok();
    // Years of four digits: what lies beyond has no midnight in some zones' tables.
    let day = read.filter(|day| (1..=9998).contains(&chrono::Datelike::year(day)));
    if day.is_none() {
        // An input for days can hold nothing else.
        let text = std::mem::take(&mut field.value);
        field.refuse(format!("“{text}” is no day: write one like 2026-11-22."));
    }
    day.map(Some)
}

fn groups(chosen: Option<ActionGroup>) -> Vec<Choice> {
    let all = Choice {
        word: "",
        label: "All events",
        is_chosen: chosen.is_none(),
    };
    let groups = ActionGroup::ALL.into_iter().map(|group| Choice {
        word: group.word(),
        label: group_words(group),
        is_chosen: chosen == Some(group),
    });
    std::iter::once(all).chain(groups).collect()
}

fn results(chosen: Option<Outcome>) -> Vec<Choice> {
    [
        ("", "All results", None),
        (Outcome::Done.word(), "Done", Some(Outcome::Done)),
        (Outcome::Refused.word(), "Refused", Some(Outcome::Refused)),
    ]
    .into_iter()
    .map(|(word, label, outcome)| Choice {
        word,
        label,
        is_chosen: chosen == outcome,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_zone_and_both_inclusive() {
        let query = AuditQuery {
            from: "2026-11-22".to_owned(),
            to: "2026-11-22".to_owned(),
            ..AuditQuery::default()
        };
        let form = FilterForm::of("/x", &query, chrono_tz::Europe::Berlin);
        let wanted = form.wanted.unwrap();
        assert_eq!(wanted.from.unwrap().to_rfc3339(), "2026-11-21T23:00:00Z");
        assert_eq!(wanted.until.unwrap().to_rfc3339(), "2026-11-22T23:00:00Z");
        assert_eq!(
            form.csv_href(),
            "/x.csv?from=2026%2D11%2D22&to=2026%2D11%2D22"
        );
    }

    #[test]
    fn what_is_no_day_is_refused_beside_its_field() {
        for bad in [
            "yesterday",
            "2026-02-30",
            "22.11.2026",
            "-0001-01-01",
            "99999-01-01",
        ] {
            let query = AuditQuery {
                from: bad.to_owned(),
                ..AuditQuery::default()
            };
            let form = FilterForm::of("/x", &query, chrono_tz::UTC);
            assert!(form.wanted.is_none() && form.from.error.is_some(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_reads_back_and_anything_else_is_the_first_page() {
        let form = FilterForm::of("/x", &AuditQuery::default(), chrono_tz::UTC);
        let cursor = AuditCursor {
            id: 17,
            backwards: true,
        };
        assert_eq!(form.page_href(cursor), "/x?page=b17");
        let cursor_of = |page: &str| {
            let page = page.to_owned();
            AuditQuery {
                page,
                ..AuditQuery::default()
            }
            .cursor()
        };
        assert_eq!(cursor_of("b17"), Some(cursor));
        for text in ["", "17", "a", "ax", "é", "a99999999999999999999"] {
            assert_eq!(cursor_of(text), None, "{text}");
        }
    }
}
