//! Removal of what has no meaning any more. Harmless to run on several instances at once, or not at all.

use chrono::TimeDelta;

use super::security::sessions;
use crate::clock::Timestamp;
use crate::store::{
    Db, StoreError, idempotency_keys, passkeys, shown_forms, throttles, verification,
};

/// A repeated `Idempotency-Key` answers with the first result for this long.
pub const IDEMPOTENCY_LIFE: TimeDelta = TimeDelta::hours(24);

/// Steps of the verification epoch that are kept. A verifier that is asked at least once while so many changes happen
/// forgets only what changed, else everything.
const KEPT_STEPS: i64 = 10_000;

/// Removes ended sessions, throttles and challenges for passkeys, used forms whose session has ended, old idempotency keys,
/// and old steps of the verification epoch.
///
/// # Errors
/// If the database fails.
pub fn run(db: &mut Db, now: Timestamp) -> Result<(), StoreError> {
    sessions::remove_ended(db, now)?;
    throttles::delete_ended(db, now)?;
    // A form cannot be sent after its session has ended: its token is stale by then.
    let stale_before = now - sessions::LONGEST_LIFE - TimeDelta::days(1);
    shown_forms::delete_before(db, stale_before)?;
    shown_forms::delete_for_codes_before(db, stale_before)?;
    passkeys::delete_ceremonies(db, now)?;
    idempotency_keys::delete_before(db, now - IDEMPOTENCY_LIFE)?;
    verification::prune_changes(db, KEPT_STEPS)?;
    Ok(())
}
