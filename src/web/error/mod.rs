//! The only place where an error becomes a status: one table for pages in `page.rs`, one for the API in `api/`.
//!
//! What a person or program is told and what is logged are apart: a 5xx carries fixed words and the request id,
//! never the cause's own text. Handlers return these errors; `middleware::envelope` writes their bodies, since it
//! knows the request id and who is signed in.

mod api;
mod page;
mod rest;

use actix_web::http::header::{self, HeaderValue};
use chrono::TimeDelta;

use crate::domain::api_keys::rate_limit::WINDOW;
use crate::domain::verification::limits::RateState;

pub use self::api::{ApiError, Code, FieldError, Problem, invalid_key};
pub use self::page::{PageError, PageWords};
pub use self::rest::{Component, RestCode, RestError};

fn retry_after(delay: TimeDelta) -> (header::HeaderName, HeaderValue) {
    (
        header::RETRY_AFTER,
        HeaderValue::from(u64::try_from(whole_seconds(delay)).unwrap_or(1)),
    )
}

/// How a key stands to its limit (draft-ietf-httpapi-ratelimit-headers-10).
pub fn rate_limit(rate: RateState) -> [(header::HeaderName, HeaderValue); 2] {
    let policy = format!(
        "\"minute\";q={};w={}",
        rate.limit.requests(),
        WINDOW.num_seconds()
    );
    let state = format!(
        "\"minute\";r={};t={}",
        rate.remaining,
        whole_seconds(rate.resets_in)
    );
    [("ratelimit-policy", policy), ("ratelimit", state)].map(|(name, value)| {
        let value = HeaderValue::from_str(&value).expect("quotes, letters and digits only");
        (header::HeaderName::from_static(name), value)
    })
}

/// Rounded up: who waits this long is let through.
pub fn whole_seconds(delay: TimeDelta) -> i64 {
    (delay.num_milliseconds() + 999) / 1000
}

/// "30 seconds", "1 minute", "2 minutes".
pub fn wait_words(delay: TimeDelta) -> String {
    let seconds = whole_seconds(delay).max(1);
    let (number, unit) = if seconds < 60 {
        (seconds, "second")
    } else {
        ((seconds + 59) / 60, "minute")
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_in_whole_units_rounded_up() {
        assert_eq!(wait_words(TimeDelta::milliseconds(1)), "1 second");
        assert_eq!(wait_words(TimeDelta::seconds(59)), "59 seconds");
        assert_eq!(wait_words(TimeDelta::seconds(60)), "1 minute");
        assert_eq!(wait_words(TimeDelta::seconds(61)), "2 minutes");
    }
}
