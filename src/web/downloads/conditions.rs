//! What of a file a request wants, given what it already has: RFC 9110, sections 13 and 14.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use chrono::{DateTime, Utc};

use crate::clock::Timestamp;

/// What is known of the file.
pub(super) struct Entity {
    /// Its strong tag, in quotes.
    pub(super) tag: String,
    /// When it was changed last.
    pub(super) modified: Timestamp,
    /// In bytes.
    pub(super) size: u64,
}

/// What to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of it.
    Whole,
    /// The client has it already.
    NotModified,
    /// The bytes from the first to before the second.
    Part(u64, u64),
    /// There is no such part.
    Unsatisfiable,
}

/// Decides.
pub(super) fn verdict(method: &Method, headers: &HeaderMap, entity: &Entity) -> Verdict {
    if has_already(headers, entity) {
        return Verdict::NotModified;
    }
    // Ranges are defined for GET alone.
    if *method != Method::GET || !is_range_current(headers, entity) {
        return Verdict::Whole;
    }
    match one(headers, header::RANGE) {
        Some(range) => part(range, entity.size),
        None => Verdict::Whole,
    }
}

/// `Last-Modified`, and other times in headers.
pub(super) fn http_date(at: Timestamp) -> String {
    at.to_datetime()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

fn has_already(headers: &HeaderMap, entity: &Entity) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let mut tags = (headers.get_all(header::IF_NONE_MATCH))
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim);
        return tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == entity.tag);
    }
    (one(headers, header::IF_MODIFIED_SINCE).and_then(date))
        .is_some_and(|since| entity.modified.as_millis() / 1_000 <= since.timestamp())
}

/// False if the range was asked for of another edition.
fn is_range_current(headers: &HeaderMap, entity: &Entity) -> bool {
    let Some(value) = one(headers, header::IF_RANGE) else {
        return !headers.contains_key(header::IF_RANGE);
    };
    value == entity.tag
        || date(value).is_some_and(|at| at.timestamp() == entity.modified.as_millis() / 1_000)
}

fn part(range: &str, size: u64) -> Verdict {
    let Some((unit, set)) = range.split_once('=') else {
        return Verdict::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Verdict::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else {
        return Verdict::Whole;
    };
    match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() && first < size => Verdict::Part(first, size),
        (Some(first), Some(last)) if first > last => Verdict::Whole,
        (Some(first), Some(last)) if first < size => {
            Verdict::Part(first, last.saturating_add(1).min(size))
        }
        (None, Some(length)) if first.is_empty() && length > 0 && size > 0 => {
            Verdict::Part(size.saturating_sub(length), size)
        }
        (Some(_), None) if !last.is_empty() => Verdict::Whole,
        (None, _) if !first.is_empty() => Verdict::Whole,
        (None, None) => Verdict::Whole,
        (Some(_) | None, _) => Verdict::Unsatisfiable,
    }
}

/// Digits only; more than there can be bytes is as good as the most.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

fn one(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value.trim())
}

fn date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const MODIFIED: &str = "Sun, 22 Nov 2026 18:31:00 GMT";

    fn asked(method: Method, headers: &[(&'static str, &str)], size: u64) -> Verdict {
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, header| {
                request.append_header(*header)
            });
        let at = DateTime::parse_from_rfc2822(MODIFIED).unwrap();
        let entity = Entity {
            tag: "\"abc\"".to_owned(),
            modified: at.with_timezone(&Utc).into(),
            size,
        };
        verdict(&method, request.to_http_request().headers(), &entity)
    }

    fn range(value: &str) -> Verdict {
        asked(Method::GET, &[("range", value)], 100)
    }

    #[test]
    fn one_range_is_a_part() {
        assert_eq!(range("bytes=0-0"), Verdict::Part(0, 1));
        assert_eq!(range("bytes=10-19"), Verdict::Part(10, 20));
        assert_eq!(range("Bytes=90-"), Verdict::Part(90, 100));
        assert_eq!(
            range("bytes=90-99999999999999999999999"),
            Verdict::Part(90, 100)
        );
        assert_eq!(range("bytes=-10"), Verdict::Part(90, 100));
        assert_eq!(range("bytes=-1000"), Verdict::Part(0, 100));
    }

    #[test]
    fn a_range_behind_the_end_cannot_be_satisfied() {
        for value in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(range(value), Verdict::Unsatisfiable, "{value}");
        }
        let empty = asked(Method::GET, &[("range", "bytes=0-")], 0);
        assert_eq!(empty, Verdict::Unsatisfiable);
    }

    #[test]
    fn what_is_no_single_range_is_the_whole() {
        for value in [
            "bytes=0-1,5-6",
            "items=0-1",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=1-b",
            "bytes=5-1",
            "bytes=+1-2",
            "bytes=0-1-2",
        ] {
            assert_eq!(range(value), Verdict::Whole, "{value}");
        }
        let head = asked(Method::HEAD, &[("range", "bytes=0-1")], 100);
        assert_eq!(head, Verdict::Whole);
        let twice = [("range", "bytes=0-1"), ("range", "bytes=2-3")];
        assert_eq!(asked(Method::GET, &twice, 100), Verdict::Whole);
    }

    #[test]
    fn a_client_that_has_the_file_gets_nothing() {
        for headers in [
            &[("if-none-match", "\"abc\"")][..],
            &[("if-none-match", "\"x\", W/\"abc\"")],
            &[("if-none-match", "*")],
            &[("if-modified-since", MODIFIED)],
            &[("if-none-match", "\"abc\""), ("range", "bytes=0-1")],
        ] {
            assert_eq!(
                asked(Method::GET, headers, 100),
                Verdict::NotModified,
                "{headers:?}"
            );
            assert_eq!(asked(Method::HEAD, headers, 100), Verdict::NotModified);
        }
        for headers in [
            &[("if-none-match", "\"abd\"")][..],
            // A tag decides over a time.
            &[
                ("if-none-match", "\"abd\""),
                ("if-modified-since", MODIFIED),
            ],
            &[("if-modified-since", "Sun, 22 Nov 2026 18:30:59 GMT")],
            &[("if-modified-since", "yesterday")],
        ] {
            assert_eq!(
                asked(Method::GET, headers, 100),
                Verdict::Whole,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn a_part_of_another_edition_is_not_sent() {
        let with = |if_range: &str| {
            asked(
                Method::GET,
                &[("range", "bytes=0-1"), ("if-range", if_range)],
                100,
            )
        };
        assert_eq!(with("\"abc\""), Verdict::Part(0, 2));
        assert_eq!(with(MODIFIED), Verdict::Part(0, 2));
        for other in ["\"abd\"", "W/\"abc\"", "Sun, 22 Nov 2026 18:31:01 GMT", "x"] {
            assert_eq!(with(other), Verdict::Whole, "{other}");
        }
    }

    #[test]
    fn times_are_as_http_writes_them() {
        let at = DateTime::parse_from_rfc2822(MODIFIED).unwrap();
        assert_eq!(http_date(at.with_timezone(&Utc).into()), MODIFIED);
    }
}
