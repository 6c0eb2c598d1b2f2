//! `keyport audit verify`: whether the audit log is what keyport has written.

use clap::Subcommand;

use super::{CommandError, opened_to_read, print, refuse};
use crate::clock::{SharedClock, Timestamp};
use crate::config::Config;
use crate::domain::audit::verify::{Report, verify};
use crate::store::StoreError;

/// What can be done with the audit log.
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Check that no entry was altered, removed or inserted; also while the portal runs.
    Verify,
}

/// Runs one of them.
///
/// # Errors
/// If the log is not intact, or the database fails.
pub fn run(
    config: &Config,
    clock: &SharedClock,
    command: &AuditCommand,
) -> Result<(), CommandError> {
    match command {
        AuditCommand::Verify => {
            let opened = opened_to_read(config, clock)?;
            let keys = opened.policy.secrets.audit_keys();
            let report: Result<Report, StoreError> =
                opened.pool.snapshot_now(|db| verify(db, keys));
            tell(&report?)
        }
    }
}

fn tell(report: &Report) -> Result<(), CommandError> {
    if report.before > 0 {
        print(format!(
            "{} rows are from before the log was chained: nothing vouches for them.",
            report.before
        ))?;
    }
    if let Some(id) = report.dropped_through {
        print(format!("Rows up to {id} were dropped by their age."))?;
    }
    if !report.findings.is_empty() {
        let words: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        return refuse(format!(
            "the audit log is not intact:\n{}",
            words.join("\n")
        ));
    }
    let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), Timestamp::to_rfc3339);
    print(format!(
        "{} rows, from {} to {}.",
        report.rows,
        time(report.first_at),
        time(report.last_at)
    ))?;
    if let Some((id, hash)) = &report.head {
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        print(format!("Head: row {id}, {hash}"))?;
    }
    print("The audit log is intact.")
}
