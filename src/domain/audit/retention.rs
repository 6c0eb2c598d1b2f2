//! How long the audit log is kept. The oldest entries go; the hash of the last of them stays as the anchor of the chain.

use chrono::TimeDelta;

use super::chain::{Walk, lock_head, set_head};
use crate::clock::Timestamp;
use crate::crypto::audit_key::AuditKeys;
use crate::store::audit as rows;
use crate::store::{Db, Pool, StoreError};

/// Entries that are dropped in one transaction.
const ROWS_AT_ONCE: usize = 2_000;

/// Drops entries older than `keep`, in short transactions, oldest first, up to the first that is younger. Between
/// transactions it asks whether to stop: what is left is done the next time. Harmless on several instances at once.
///
/// # Errors
/// If the database fails; what was done until then stays done.
pub fn run(
    pool: &Pool,
    now: Timestamp,
    keep: TimeDelta,
    keys: &AuditKeys,
    must_stop: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    let before = now - keep;
    loop {
        let dropped: Result<usize, StoreError> = pool.write_now(|db| drop_oldest(db, before, keys));
        if dropped? < ROWS_AT_ONCE || must_stop() {
            return Ok(());
        }
    }
}

/// Entries go only as long as they fit the chain: one that was altered must stay to be found.
fn drop_oldest(db: &mut Db, before: Timestamp, keys: &AuditKeys) -> Result<usize, StoreError> {
    let mut head = lock_head(db, keys)?;
    let limit = i64::try_from(ROWS_AT_ONCE).unwrap_or(i64::MAX);
    let oldest = rows::list_after(db, None, limit)?;
    let mut walk = Walk::new(&head);
    let mut dropped: usize = 0;
    for row in oldest.iter().take_while(|row| row.at < before) {
        if let Err(finding) = walk.step(row) {
            tracing::error!(%finding, "the audit log is not intact, and nothing more of it is dropped");
            break;
        }
        dropped += 1;
    }
    let Some(last) = dropped.checked_sub(1).and_then(|last| oldest.get(last)) else {
        return Ok(0);
    };
    (head.anchor_id, head.anchor_hash) = (walk.id, walk.hash);
    // What may have been rewritten is gone.
    head.unconfirmed_from = (head.unconfirmed_from).filter(|from| *from > head.anchor_id + 1);
    set_head(db, keys, head)?;
    rows::delete_through(db, last.id)?;
    Ok(dropped)
}
