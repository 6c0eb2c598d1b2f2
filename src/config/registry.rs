//! The settings of the registry.

use chrono::TimeDelta;
use serde::Deserialize;

use super::raw::days;
use super::{ConfigError, bad};

/// The registry: contacts, organizations, networks, tickets and reports.
#[derive(Clone, Debug)]
pub struct RegistrySettings {
    /// False: none of it is offered, neither pages nor calls.
    pub enabled: bool,
    /// Ends the handles of new contacts.
    pub suffix: String,
    /// How long the mailed link works that links an account to a contact.
    pub link_mail: TimeDelta,
    /// How long a request to be linked waits for a decision.
    pub link_ticket: TimeDelta,
    /// How long the files of reports that were asked for are kept.
    pub report: TimeDelta,
    /// How long older editions of published reports are kept.
    pub edition: TimeDelta,
    /// The largest file that may be published, in bytes.
    pub max_report_bytes: u64,
}

/// As it is written in the file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRegistry {
    enabled: Option<bool>,
    suffix: Option<String>,
    link_mail_hours: Option<i64>,
    link_ticket_days: Option<i64>,
    report_days: Option<i64>,
    edition_days: Option<i64>,
    max_report_bytes: Option<i64>,
}

const GIBIBYTE: i64 = 1 << 30;

impl RegistrySettings {
    pub(super) fn from_raw(raw: RawRegistry) -> Result<Self, ConfigError> {
        let suffix = raw.suffix.unwrap_or_else(|| "KP".to_owned());
        if !(2..=8).contains(&suffix.len()) || !suffix.bytes().all(|byte| byte.is_ascii_uppercase())
        {
            return bad("registry.suffix", "write 2 to 8 letters from A to Z");
        }
        let hours = raw.link_mail_hours.unwrap_or(24);
        if !(1..=720).contains(&hours) {
            return bad(
                "registry.link_mail_hours",
                "write a number of hours from 1 to 720",
            );
        }
        let max_report_bytes = match raw.max_report_bytes.unwrap_or(GIBIBYTE) {
            bytes @ 1..=GIBIBYTE => bytes.unsigned_abs(),
            _ => {
                return bad(
                    "registry.max_report_bytes",
                    "write a number of bytes from 1 to 1,073,741,824",
                );
            }
        };
        Ok(Self {
            enabled: raw.enabled.unwrap_or(true),
            suffix,
            link_mail: TimeDelta::hours(hours),
            link_ticket: days("registry.link_ticket_days", raw.link_ticket_days, 30)?,
            report: days("registry.report_days", raw.report_days, 90)?,
            edition: days("registry.edition_days", raw.edition_days, 90)?,
            max_report_bytes,
        })
    }
}
