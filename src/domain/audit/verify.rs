//! Reads the audit log from its anchor to its head, and says whether it is what keyport has written.

use super::chain::{Place, Walk, check_head, is_unused};
use crate::clock::Timestamp;
use crate::crypto::audit_key::{AuditKeys, MacCheck};
use crate::store::audit as rows;
use crate::store::audit::HeadRow;
use crate::store::{Db, StoreError};

/// Entries that are in memory at once.
const ROWS_AT_ONCE: i64 = 1_000;

/// What is wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// An entry says something else than it did. If its predecessor was given a new hash as well, that one may be it.
    #[error("row {0} was altered (or row {before} was, together with its hash)", before = .0 - 1)]
    Altered(i64),
    /// These entries are gone, the first and the last of them.
    #[error("{}", removed_words(*.0, *.1))]
    Removed(i64, i64),
    /// An entry is not of the chain.
    #[error("row {0} was inserted: it is not of the chain")]
    Inserted(i64),
    /// The newest entry is not the one that the head names.
    #[error("row {0} is not the one that the head of the log names: one of the two was altered")]
    HeadHash(i64),
    /// The head is gone.
    #[error("the head of the log was removed")]
    NoHead,
    /// Someone without the instance secret has written the head.
    #[error(
        "the head of the log was altered: it is not what keyport wrote, and rows may have been rewritten up to it"
    )]
    HeadMac,
    /// The head was written under a secret that is not here.
    #[error(
        "the head of the log was written under the instance secret {0}, which is not here: nothing vouches for the log"
    )]
    UnknownSecret(String),
    /// The head was not confirmed when this entry was added.
    #[error(
        "when row {0} was written, the head was not as keyport had left it: rows before it may have been rewritten"
    )]
    Unconfirmed(i64),
}

fn removed_words(first: i64, last: i64) -> String {
    if first == last {
        format!("row {first} was removed")
    } else {
        format!("rows {first} to {last} were removed")
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Entries from before there was a chain; nothing vouches for them.
    pub before: i64,
    /// Entries of the chain.
    pub rows: i64,
    /// When the first of them was written.
    pub first_at: Option<Timestamp>,
    /// When the last of them was written.
    pub last_at: Option<Timestamp>,
    /// Up to which id retention has dropped entries; `None` if it has dropped none.
    pub dropped_through: Option<i64>,
    /// Id and hash of the newest entry.
    pub head: Option<(i64, Vec<u8>)>,
    /// What is wrong: with the head, and the first row that does not fit. Empty if all is well.
    pub findings: Vec<Finding>,
}

/// Reads all entries, in bounded memory. The connection must show the database as it was at one instant.
///
/// # Errors
/// If the database fails.
pub fn verify(db: &mut Db, keys: &AuditKeys) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let Some(head) = rows::read_head(db)? else {
        report.findings.push(Finding::NoHead);
        return Ok(report);
    };
    report.findings.extend(head_finding(&head, keys));
    report
        .findings
        .extend(head.unconfirmed_from.map(Finding::Unconfirmed));
    report.dropped_through = (head.anchor_id > head.before_id).then_some(head.anchor_id);
    let row_finding = walk(db, &head, &mut report)?;
    report.findings.extend(row_finding);
    report.head = Some((head.last_id, head.last_hash));
    Ok(report)
}

fn head_finding(head: &HeadRow, keys: &AuditKeys) -> Option<Finding> {
    match check_head(head, keys) {
        MacCheck::Right => None,
        MacCheck::Wrong if is_unused(head) => None,
        MacCheck::Wrong => Some(Finding::HeadMac),
        MacCheck::UnknownSecret => {
            let id = head.mac_secret_id.clone().unwrap_or_default();
            Some(Finding::UnknownSecret(id))
        }
    }
}

/// The first row that does not fit, or what is missing at the end.
fn walk(db: &mut Db, head: &HeadRow, report: &mut Report) -> Result<Option<Finding>, StoreError> {
    let mut walk = Walk::new(head);
    let mut last = None;
    loop {
        let page = rows::list_after(db, last, ROWS_AT_ONCE)?;
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        for row in &page {
            match walk.step(row) {
                Ok(Place::BeforeChain) => report.before += 1,
                Ok(Place::InChain) => {
                    report.rows += 1;
                    report.first_at.get_or_insert(row.at);
                    report.last_at = Some(row.at);
                }
                Err(finding) => return Ok(Some(finding)),
            }
        }
    }
    Ok(if walk.id < head.last_id {
        Some(Finding::Removed(walk.id + 1, head.last_id))
    } else if walk.hash != head.last_hash {
        Some(Finding::HeadHash(head.last_id))
    } else {
        None
    })
}
