//! Sessions: who is signed in where. Ended by signing out, after 12 hours without use, after 30 days, and with the
//! account. The database knows a session only by the digest of its id.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::mail::Place;
use crate::ids::{AccountId, SessionId};
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

/// The second step must follow the password within this time.
pub const PENDING_LIFE: TimeDelta = TimeDelta::minutes(10);

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
    /// What it is named by.
    pub public_id: Option<SessionId>,
    /// What it remembers, as JSON.
    pub state: String,
    /// True if its use should be noted now with [`note_use`].
    pub use_is_due: bool,
}

/// A session that is to begin.
pub struct NewSession {
    /// What it is named by.
    pub public_id: SessionId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What it remembers, as JSON.
    pub state: String,
    /// When the account signed in.
    pub signed_in_at: Timestamp,
    /// From where.
    pub place: Place,
    /// Until when it waits for the second step, and is nobody's yet; `None`: its account is signed in.
    pub pending_until: Option<Timestamp>,
}

/// Begins a session. `id` is the secret value for the browser's cookie.
///
/// # Errors
/// If the database fails.
pub fn begin(db: &mut Db, now: Timestamp, id: &str, session: NewSession) -> Result<(), StoreError> {
    rows::insert(
        db,
        &SessionRow {
            id_digest: digest(id),
            account_id: session.account_id,
            state: session.state,
            created_at: now,
            last_seen_at: now,
            public_id: Some(session.public_id),
            signed_in_at: Some(session.signed_in_at),
            address: session.place.address.unwrap_or_default(),
            client: session.place.client.unwrap_or_default(),
            pending_until: session.pending_until,
        },
    )
}

/// The session with this id; `None` if there is none, someone ended it, or it waited too long for its second step.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, now: Timestamp, id: &str) -> Result<Option<KnownSession>, StoreError> {
    let row = rows::find(db, &digest(id))?;
    let in_time = row.filter(|row| row.pending_until.is_none_or(|until| now < until));
    Ok(in_time.map(|row| {
        if now >= row.created_at + LONGEST_LIFE {
            return KnownSession::Ended(LONGEST_LIFE);
        }
        if now >= row.last_seen_at + IDLE_LIFE {
            return KnownSession::Ended(IDLE_LIFE);
        }
        KnownSession::Live(LiveSession {
            public_id: row.public_id,
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

/// A session, as its account sees it.
#[derive(Clone, Debug)]
pub struct ListedSession {
    /// What it is named by; `None` if the version before has begun it.
    pub id: Option<SessionId>,
    /// When the account signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// From which address it signed in; may be empty.
    pub address: String,
    /// With which client, as that named itself; may be empty.
    pub client: String,
}

/// The account's sessions that are alive, last used first.
///
/// # Errors
/// If the database fails.
pub fn list(
    db: &mut Db,
    now: Timestamp,
    account_id: AccountId,
) -> Result<Vec<ListedSession>, StoreError> {
    let rows = rows::list_live(db, account_id, now - IDLE_LIFE, now - LONGEST_LIFE)?;
    let listed = rows.into_iter().map(|row| ListedSession {
        id: row.public_id,
        signed_in_at: row.signed_in_at.unwrap_or(row.created_at),
        last_seen_at: row.last_seen_at,
        address: row.address,
        client: row.client,
    });
    Ok(listed.collect())
}

/// What became of a session that was to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedOne {
    /// It was ended now.
    Now,
    /// There is none of this name: it had ended before.
    Before,
    /// It is another account's.
    NotTheirs,
}

/// Ends one of the account's sessions.
///
/// # Errors
/// If the database fails.
pub fn end_one(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    id: SessionId,
) -> Result<EndedOne, StoreError> {
    if !rows::delete_by_public_id(db, account_id, id)? {
        return Ok(match rows::is_of_another(db, account_id, id)? {
            true => EndedOne::NotTheirs,
            false => EndedOne::Before,
        });
    }
    let target = id.to_string();
    act.record(
        db,
        Some(account_id),
        Action::SessionEnd,
        Some(&target),
        Outcome::Done,
    )?;
    Ok(EndedOne::Now)
}

/// Ends all of the account's sessions but the one of this name. Returns how many.
///
/// # Errors
/// If the database fails.
pub fn end_others(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    kept: Option<SessionId>,
) -> Result<usize, StoreError> {
    let ended = rows::delete_others(db, account_id, kept)?;
    let target = ended.to_string();
    act.record(
        db,
        Some(account_id),
        Action::SessionsEnd,
        Some(&target),
        Outcome::Done,
    )?;
    Ok(ended)
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
    rows::delete_pending(db, now)?;
    let ended_before = now - REMEMBERED;
    rows::delete_ended(db, ended_before - IDLE_LIFE, ended_before - LONGEST_LIFE)
}

fn digest(id: &str) -> Vec<u8> {
    sha256(id.as_bytes()).to_vec()
}
