//! The thread that removes what has no meaning any more.

use std::thread::JoinHandle;
use std::time::Duration;

use chrono::TimeDelta;
use crossbeam_channel::{RecvTimeoutError, Sender, TryRecvError, bounded};

use super::{StartError, chain};
use crate::clock::SharedClock;
use crate::crypto::audit_key::AuditKeys;
use crate::domain::audit::retention as audit_retention;
use crate::domain::housekeeping::{self, LastRound, Round};
use crate::domain::mail::Outbox;
use crate::domain::registry::tickets::ending::{self, TicketLives};
use crate::domain::reports::{files, published};
use crate::domain::usage::retention::{self, Retention};
use crate::store::{Pool, StoreError};

/// How often what has no meaning any more is removed.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(3600);
/// How long after the start it is removed for the first time: not in the way of the start, and also where instances are
/// started anew more often than hourly.
const FIRST_HOUSEKEEPING_AFTER: Duration = Duration::from_secs(45);

/// The pauses before each round of housekeeping.
fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::once(FIRST_HOUSEKEEPING_AFTER).chain(std::iter::repeat(HOUSEKEEPING_EVERY))
}

/// How long what is kept.
pub(super) struct Keeping {
    pub(super) tickets: TicketLives,
    pub(super) usage: Retention,
    pub(super) audit: TimeDelta,
    /// Vouch for the log after entries were removed from it.
    pub(super) audit_keys: AuditKeys,
    pub(super) editions: TimeDelta,
}

/// Starts the thread.
///
/// # Errors
/// If the operating system gives none.
pub(super) fn start(
    pool: Pool,
    outbox: Outbox,
    clock: SharedClock,
    last_round: LastRound,
    keeping: Keeping,
) -> Result<(Sender<()>, JoinHandle<()>), StartError> {
    let (stop, stopped) = bounded::<()>(0);
    let thread = std::thread::Builder::new().name("housekeeping".to_owned());
    let handle = thread.spawn(move || {
        for pause in pauses() {
            if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let now = clock.now();
            let must_stop = || stopped.try_recv() == Err(TryRecvError::Disconnected);
            let done: Result<(), StoreError> = pool
                .write_now(|db| {
                    housekeeping::run(db, now)?;
                    ending::run(db, &outbox, now, keeping.tickets)
                })
                .and_then(|()| {
                    pool.write_now(|db| published::remove_old_editions(db, now, keeping.editions))
                })
                .and_then(|()| files::sweep(&pool, now))
                .and_then(|()| retention::run(&pool, now, keeping.usage, &must_stop))
                .and_then(|()| {
                    audit_retention::run(&pool, now, keeping.audit, &keeping.audit_keys, &must_stop)
                });
            last_round.set(Round {
                at: now,
                was_done: done.is_ok(),
            });
            if let Err(error) = done {
                tracing::warn!(error = %chain(&error), "housekeeping failed; it is tried again in an hour");
            }
        }
    });
    Ok((stop, handle.map_err(StartError::Thread)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_within_a_minute_and_goes_on_hourly() {
        let seconds: Vec<u64> = pauses().map(|pause| pause.as_secs()).take(3).collect();
        assert!((10..60).contains(&seconds[0]), "{seconds:?}");
        assert_eq!(seconds[1..], [3600, 3600]);
    }
}
