//! Removal of what has no meaning any more. Harmless to run on several instances at once, or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::security::{devices, sessions};
use super::sign_up;
use crate::clock::Timestamp;
use crate::store::registry::link_requests;
use crate::store::{
    Db, StoreError, idempotency_keys, invitations, mails, one_time_links, passkeys, shown_forms,
    throttles, verification,
};

/// A repeated `Idempotency-Key` answers with the first result for this long.
pub const IDEMPOTENCY_LIFE: TimeDelta = TimeDelta::hours(24);

/// A mail that was sent is kept for this long.
const SENT_MAIL_LIFE: TimeDelta = TimeDelta::days(30);
/// No mail is kept longer, sent or not. Until then, one that was sent for an occasion keeps it from having another.
const MAIL_LIFE: TimeDelta = TimeDelta::days(400);
/// Links and invitations that no longer work are kept this much longer, for those who look into the database.
const ENDED_LINK_LIFE: TimeDelta = TimeDelta::days(30);

/// Steps of the verification epoch that are kept. A verifier that is asked at least once while so many changes happen
/// forgets only what changed, else everything.
const KEPT_STEPS: i64 = 10_000;

/// A round of housekeeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// When it began.
    pub at: Timestamp,
    /// True if all of it was done.
    pub was_done: bool,
}

/// The last round of this instance. Clones tell of the same.
#[derive(Clone, Debug, Default)]
pub struct LastRound(Arc<Mutex<Option<Round>>>);

impl LastRound {
    /// Notes a round.
    pub fn set(&self, round: Round) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(round);
    }

    /// The last one; `None` if there was none since the start.
    pub fn get(&self) -> Option<Round> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes ended sessions, throttles and challenges for passkeys, used forms whose session has ended, old idempotency keys,
/// mails, links, invitations and browsers, accounts whose address was not confirmed in time, and old steps of the
/// verification epoch.
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
    mails::delete_old(db, now - SENT_MAIL_LIFE, now - MAIL_LIFE)?;
    one_time_links::delete_expired(db, now - ENDED_LINK_LIFE)?;
    link_requests::delete_expired(db, now - ENDED_LINK_LIFE)?;
    invitations::delete_expired(db, now - ENDED_LINK_LIFE)?;
    devices::forget_unseen(db, now)?;
    sign_up::remove_unverified(db, now)?;
    verification::prune_changes(db, KEPT_STEPS)?;
    Ok(())
}
