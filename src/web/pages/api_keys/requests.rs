//! Requests in detail, as rows of a table.

use crate::domain::usage::outcome::Outcome;
use crate::domain::usage::summary::RequestRow;
use crate::web::markup::{Badge, TimeView};
use crate::web::times::Times;

/// One row.
pub(super) struct RequestView {
    pub(super) at: TimeView,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) outcome: Badge,
    pub(super) status: i64,
    /// What a provider did, for a call that was passed on; else empty.
    pub(super) upstream: String,
    pub(super) duration: String,
    pub(super) address: String,
    pub(super) client: String,
}

impl RequestView {
    pub(super) fn of(row: &RequestRow, times: &Times) -> Self {
        Self {
            at: times.log_time(row.at),
            method: row.method.clone(),
            path: row.path.clone(),
            outcome: badge(row.outcome),
            status: row.status,
            upstream: upstream(row),
            duration: duration(row.duration_us),
            address: row.address.clone(),
            client: row.client.clone(),
        }
    }
}

/// "provider answered 200 in 41 ms".
fn upstream(row: &RequestRow) -> String {
    match (row.upstream_status, row.upstream_us) {
        (Some(status), Some(took)) => {
            format!("provider answered {status} in {}", duration(took))
        }
        (None, Some(took)) => format!("provider gave no answer in {}", duration(took)),
        (_, None) => String::new(),
    }
}

/// The outcome in a word or two.
fn badge(number: i64) -> Badge {
    let text = match Outcome::from_number(number) {
        Some(Outcome::Accepted) => "Accepted",
        Some(Outcome::InvalidKey) => "Wrong secret",
        Some(Outcome::DeactivatedKey) => "Deactivated",
        Some(Outcome::ExpiredKey) => "Expired",
        Some(Outcome::ReplacedSecret) => "Replaced secret",
        Some(Outcome::OwnerDisabled) => "Owner disabled",
        Some(Outcome::AddressNotAllowed) => "Address not allowed",
        Some(Outcome::MissingScope) => "Missing scope",
        Some(Outcome::NoAuthority) => "No authority",
        Some(Outcome::RateLimited) => "Rate limited",
        Some(Outcome::KeyInUrl) => "Key in URL",
        Some(Outcome::OutsideLimits) => "Outside limits",
        None => "Refused",
    };
    let kind = if number == Outcome::Accepted.number() {
        "ok"
    } else {
        "bad"
    };
    Badge {
        kind,
        text: text.to_owned(),
    }
}

/// "41 ms", "0.2 ms".
pub(super) fn duration(microseconds: i64) -> String {
    match microseconds {
        0..10_000 => format!("{:.1} ms", microseconds as f64 / 1000.0),
        _ => format!("{} ms", microseconds / 1000),
    }
}

/// The middle of the durations; `None` without requests.
pub(super) fn median_duration(rows: &[RequestRow]) -> Option<String> {
    let mut durations: Vec<i64> = rows.iter().map(|row| row.duration_us).collect();
    durations.sort_unstable();
    durations
        .get(durations.len() / 2)
        .map(|middle| duration(*middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_decimal_only_where_it_says_something() {
        assert_eq!(duration(180), "0.2 ms");
        assert_eq!(duration(9_960), "10.0 ms");
        assert_eq!(duration(41_900), "41 ms");
    }
}
