//! Sessions: who is signed in where. Ended by signing out, after 12 hours without use, after 30 days, and with the
//! account. The database knows a session only by the digest of its id.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::ids::AccountId;
use crate::store::sessions::{self as rows, SessionRow};
use crate::store::{Db, StoreError};

/// A session ends after this long without use.
pub const IDLE_LIFE: TimeDelta = TimeDelta::hours(12);
/// A session ends after this long however much it is used.
pub const LONGEST_LIFE: TimeDelta = TimeDelta::days(30);
/// Use is noted this often at most, so that reading pages does not write each time.
const NOTE_USE_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A session whose end is known is remembered this much longer, so that its holder can be told why.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// A session that the database knows.
#[derive(Debug)]
pub enum KnownSession {
    /// It is alive.
    Live(LiveSession),
    /// It ended by itself after this long: without use, or in all.
    Ended(TimeDelta),
}

/// A session that is alive.
#[derive(Debug)]
pub struct LiveSession {
    /// What it remembers, as JSON.
    pub state: String,
    /// True if its use should be noted now with [`note_use`].
    pub use_is_due: bool,
}

/// Begins a session. `id` is the secret value for the browser's cookie.
///
/// # Errors
/// If the database fails.
pub fn begin(
    db: &mut Db,
    now: Timestamp,
    id: &str,
    account_id: AccountId,
    state: String,
) -> Result<(), StoreError> {
    rows::insert(
        db,
        &SessionRow {
            id_digest: digest(id),
            account_id,
            state,
            created_at: now,
            last_seen_at: now,
        },
    )
}

/// The session with this id; `None` if there is none, or someone ended it.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, now: Timestamp, id: &str) -> Result<Option<KnownSession>, StoreError> {
    Ok(rows::find(db, &digest(id))?.map(|row| {
        if now >= row.created_at + LONGEST_LIFE {
            return KnownSession::Ended(LONGEST_LIFE);
        }
        if now >= row.last_seen_at + IDLE_LIFE {
            return KnownSession::Ended(IDLE_LIFE);
        }
        KnownSession::Live(LiveSession {
            use_is_due: now >= row.last_seen_at + NOTE_USE_EVERY,
            state: row.state,
        })
    }))
}

/// Notes that the session is in use.
///
/// # Errors
/// If the database fails.
pub fn note_use(db: &mut Db, now: Timestamp, id: &str) -> Result<(), StoreError> {
    rows::set_last_seen(db, &digest(id), now)
}

/// Replaces what the session remembers; false if it was ended meanwhile.
///
/// # Errors
/// If the database fails.
pub fn set_state(db: &mut Db, id: &str, state: &str) -> Result<bool, StoreError> {
    rows::set_state(db, &digest(id), state)
}

/// Ends the session.
///
/// # Errors
/// If the database fails.
pub fn end(db: &mut Db, id: &str) -> Result<(), StoreError> {
    rows::delete(db, &digest(id))
}

/// How many sessions of an account are alive.
///
/// # Errors
/// If the database fails.
pub fn count_live(db: &mut Db, now: Timestamp, account_id: AccountId) -> Result<i64, StoreError> {
    rows::count_live(db, account_id, now - IDLE_LIFE, now - LONGEST_LIFE)
}

/// Removes sessions that ended long ago.
///
/// # Errors
/// If the database fails.
pub fn remove_ended(db: &mut Db, now: Timestamp) -> Result<usize, StoreError> {
    let ended_before = now - REMEMBERED;
    rows::delete_ended(db, ended_before - IDLE_LIFE, ended_before - LONGEST_LIFE)
}

fn digest(id: &str) -> Vec<u8> {
    sha256(id.as_bytes()).to_vec()
}
