//! What an account can learn of itself as a file: CSV (RFC 4180) with a head, times in UTC.
//!
//! Each is written line by line from one snapshot, and reads a batch of records at a time, so memory stays the same
//! however much there is.

mod associations;
mod cells;
mod keys;
mod reassignments;
mod usage;

use std::io::Write;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};

use super::ReportError;
use crate::clock::Timestamp;
use crate::domain::api_keys::scopes::{KEYS_READ, USAGE_READ};
use crate::domain::registry::authority::{Action, Reach};
use crate::domain::registry::handles::Handle;
use crate::domain::registry::networks::NetworkKind;
use crate::domain::registry::reach::{Reader, require};
use crate::ids::AccountId;
use crate::store::registry::networks as network_rows;
use crate::store::registry::reach;
use crate::store::{Db, StoreError};

/// Records that are read at once.
const BATCH: i64 = 500;
/// Networks that are suggested.
const SUGGESTED: i64 = 50;
/// The longest time that is reported of usage.
const LONGEST_USAGE: TimeDelta = TimeDelta::days(3_660);
/// The time that is reported of usage unless another is asked for.
const DEFAULT_USAGE: TimeDelta = TimeDelta::days(30);

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnKind {
    /// What the links of the account reach.
    Associations,
    /// What was cut out of a network.
    Reassignments,
    /// All keys of the account.
    KeyInventory,
    /// How much they are used.
    KeyUsage,
}

impl OwnKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Associations,
        Self::Reassignments,
        Self::KeyInventory,
        Self::KeyUsage,
    ];

    /// Its name in addresses.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Associations => "associations",
            Self::Reassignments => "reassignments",
            Self::KeyInventory => "key-inventory",
            Self::KeyUsage => "key-usage",
        }
    }

    /// The report with this name.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Associations => "Associations",
            Self::Reassignments => "Reassignments",
            Self::KeyInventory => "Key inventory",
            Self::KeyUsage => "Key usage",
        }
    }

    /// For people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Associations => {
                "Every organization and network that your contacts have a function on"
            }
            Self::Reassignments => {
                "All networks that were cut out of one of yours, and what of it is free"
            }
            Self::KeyInventory => {
                "Your API keys with state, dates, scopes, addresses and limits, without secrets"
            }
            Self::KeyUsage => "Requests per key and outcome, by the hour or day of UTC",
        }
    }

    /// What it can be asked with.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Associations | Self::KeyInventory => &[],
            Self::Reassignments => &["net"],
            Self::KeyUsage => &["from", "to", "step"],
        }
    }

    /// The scope that a key needs beyond that for reports.
    pub fn scope(self) -> Option<&'static str> {
        match self {
            Self::Associations | Self::Reassignments => None,
            Self::KeyInventory => Some(KEYS_READ),
            Self::KeyUsage => Some(USAGE_READ),
        }
    }
}

/// Steps of the usage report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageStep {
    /// Hours.
    Hour,
    /// Days.
    Day,
}

/// A report with what it was asked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnReport {
    /// What the links of the account reach.
    Associations,
    /// What was cut out of this network.
    Reassignments(Handle),
    /// All keys of the account.
    KeyInventory,
    /// How much they were used, from one time to before another.
    KeyUsage {
        /// The first.
        from: Timestamp,
        /// The end.
        to: Timestamp,
        /// What a line is about.
        step: UsageStep,
    },
}

/// The texts that a report is asked with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Which network.
    pub net: Option<&'a str>,
    /// From when.
    pub from: Option<&'a str>,
    /// Until when.
    pub to: Option<&'a str>,
    /// `hour` or `day`.
    pub step: Option<&'a str>,
}

impl OwnReport {
    /// Reads what is asked for.
    ///
    /// # Errors
    /// If something is missing or cannot be read.
    pub fn parse(kind: OwnKind, asked: Asked<'_>, now: Timestamp) -> Result<Self, ReportError> {
        match kind {
            OwnKind::Associations => Ok(Self::Associations),
            OwnKind::KeyInventory => Ok(Self::KeyInventory),
            OwnKind::Reassignments => {
                match asked.net.map(str::trim).filter(|net| !net.is_empty()) {
                    Some(net) => {
                        (net.parse().map(Self::Reassignments)).map_err(|_malformed| no_network(net))
                    }
                    None => bad("Name a network: net=NET-192-0-2-0-1."),
                }
            }
            OwnKind::KeyUsage => {
                let step = match asked.step.filter(|step| !step.is_empty()) {
                    None | Some("day") => UsageStep::Day,
                    Some("hour") => UsageStep::Hour,
                    Some(_) => return bad("step is hour or day."),
                };
                let to = instant(asked.to, now, true)?;
                let from = instant(asked.from, to - DEFAULT_USAGE, false)?;
                if from >= to {
                    return bad("from is before to.");
                }
                if to - from > LONGEST_USAGE {
                    return bad("Ask for 3,660 days at most.");
                }
                Ok(Self::KeyUsage { from, to, step })
            }
        }
    }

    /// Which one it is.
    pub fn kind(&self) -> OwnKind {
        match self {
            Self::Associations => OwnKind::Associations,
            Self::Reassignments(_) => OwnKind::Reassignments,
            Self::KeyInventory => OwnKind::KeyInventory,
            Self::KeyUsage { .. } => OwnKind::KeyUsage,
        }
    }

    /// What the audit log says of it.
    pub fn words(&self) -> String {
        match self {
            Self::Reassignments(network) => format!("{} {network}", self.kind().slug()),
            Self::Associations | Self::KeyInventory | Self::KeyUsage { .. } => {
                self.kind().slug().to_owned()
            }
        }
    }

    /// Makes sure that the account may have it, and that there can be such a report.
    ///
    /// # Errors
    /// If not.
    pub fn check(&self, db: &mut Db, me: AccountId) -> Result<(), ReportError> {
        match self {
            Self::Associations => Ok(require(Action::AssociationsReport, &Reach::default())?),
            Self::KeyInventory | Self::KeyUsage { .. } => Ok(()),
            Self::Reassignments(handle) => {
                let network = network_rows::find(db, handle.as_str())?
                    .ok_or_else(|| no_network(handle.as_str()))?;
                let reach = Reader::looking(me).on_network(db, &network)?;
                require(Action::ReassignmentReport, &reach)?;
                let rule = NetworkKind::from_code(&network.kind)
                    .and_then(|kind| kind.rules_out(Action::ReassignmentReport, handle.as_str()));
                rule.map_or(Ok(()), |words| Err(ReportError::BadRequest(words)))
            }
        }
    }

    /// Writes it, for an account that may have it. `db` is one snapshot.
    ///
    /// # Errors
    /// If the account may not have it, or what is read or written fails.
    pub fn write(
        &self,
        db: &mut Db,
        me: AccountId,
        now: Timestamp,
        out: impl Write,
    ) -> Result<(), ReportError> {
        self.check(db, me)?;
        let mut lines = cells::Lines::new(out);
        match self {
            Self::Associations => associations::write(db, me, &mut lines)?,
            Self::Reassignments(network) => reassignments::write(db, me, network, &mut lines)?,
            Self::KeyInventory => keys::write(db, me, now, &mut lines)?,
            Self::KeyUsage { from, to, step } => {
                usage::write(db, me, (*from, *to), *step, &mut lines)?;
            }
        }
        lines.finish()
    }
}

/// Networks that the account can report on, by handle: some of them, to choose from.
///
/// # Errors
/// If the database fails.
pub fn reportable_networks(db: &mut Db, me: AccountId) -> Result<Vec<String>, StoreError> {
    let is_manager = |code: &str| matches!(code, "AD" | "T");
    let mut handles: Vec<String> = reach::networks_of(db, me)?
        .into_iter()
        .filter(|row| row.function == "T")
        .map(|row| row.object)
        .collect();
    let mut organizations: Vec<String> = reach::organizations_of(db, me)?
        .into_iter()
        .filter(|row| is_manager(&row.function))
        .map(|row| row.object)
        .collect();
    organizations.dedup();
    for organization in organizations {
        let held = network_rows::names_of_organization_behind(db, &organization, "", SUGGESTED)?;
        handles.extend(held.into_iter().map(|(handle, _)| handle));
    }
    let found = network_rows::list(db, &handles)?.into_iter();
    let most = usize::try_from(SUGGESTED).unwrap_or_default();
    Ok(found
        .filter(|row| row.kind != NetworkKind::Reassigned.code())
        .map(|row| row.handle)
        .take(most)
        .collect())
}

fn no_network(handle: &str) -> ReportError {
    ReportError::NotFound(format!("There is no network {handle}."))
}

fn bad<T>(words: &str) -> Result<T, ReportError> {
    Err(ReportError::BadRequest(words.to_owned()))
}

/// A time, or a day of UTC: its beginning, or its end if it is an end.
fn instant(text: Option<&str>, default: Timestamp, is_end: bool) -> Result<Timestamp, ReportError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(default);
    };
    let in_range = |year: i32| (1970..=9998).contains(&year);
    if let Ok(day) = text.parse::<NaiveDate>()
        && in_range(day.year())
    {
        let begin: Timestamp = day
            .and_hms_opt(0, 0, 0)
            .unwrap_or_default()
            .and_utc()
            .into();
        return Ok(if is_end {
            begin + TimeDelta::days(1)
        } else {
            begin
        });
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) if in_range(at.year()) => Ok(at.with_timezone(&Utc).into()),
        Ok(_) | Err(_) => {
            bad("from and to are days like 2026-11-22, or times like 2026-11-22T00:00:00Z.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(from: &str, to: &str, step: &str) -> Option<(String, String)> {
        let asked = Asked {
            from: Some(from),
            to: Some(to),
            step: Some(step),
            net: None,
        };
        let now = Timestamp::from_millis(1_795_000_000_000);
        match OwnReport::parse(OwnKind::KeyUsage, asked, now) {
            Ok(OwnReport::KeyUsage { from, to, .. }) => Some((from.to_rfc3339(), to.to_rfc3339())),
            _ => None,
        }
    }

    #[test]
    fn days_are_whole() {
        let day = Some((
            "2026-11-01T00:00:00Z".to_owned(),
            "2026-11-02T00:00:00Z".to_owned(),
        ));
        assert_eq!(usage("2026-11-01", "2026-11-01", "hour"), day);
        assert_eq!(usage("2026-11-01T00:00:00Z", "2026-11-01", "day"), day);
        assert!(usage("", "", "").is_some());
        for (from, to, step) in [
            ("2026-11-02", "2026-11-01", "day"),
            ("yesterday", "", ""),
            ("", "", "minute"),
            ("1970-01-01", "2026-11-01", "day"),
        ] {
            assert_eq!(usage(from, to, step), None, "{from} {to} {step}");
        }
    }
}
