//! The thread that moves what was made under an older instance secret.

use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::{StartError, chain};
use crate::crypto::instance_secret::InstanceSecrets;
use crate::domain::mail::Outbox;
use crate::domain::secret_rotation::seal_anew;
use crate::domain::verification::moves::Moves;
use crate::store::{Pool, StoreError};

/// How often digests that can be moved are written.
const MOVE_EVERY: Duration = Duration::from_millis(500);

/// Moves what was made under older instance secrets: digests as their keys are used, and all that is sealed at once.
pub(super) fn start(
    pool: Pool,
    moves: Moves,
    secrets: InstanceSecrets,
    outbox: Outbox,
) -> Result<(Sender<()>, JoinHandle<()>), StartError> {
    let (stop, stopped) = bounded::<()>(0);
    let thread = std::thread::Builder::new().name("secret-moves".to_owned());
    let handle = thread.spawn(move || {
        let mut is_resealed = false;
        loop {
            let must_stop = stopped.recv_timeout(MOVE_EVERY) == Err(RecvTimeoutError::Disconnected);
            let moved = moves.write(&pool).and_then(|_| {
                if !is_resealed {
                    let sealed = pool.write_now(|db| seal_anew(db, &secrets, &outbox))?;
                    is_resealed = sealed == 0;
                }
                Ok::<_, StoreError>(())
            });
            if let Err(error) = moved {
                tracing::warn!(error = %chain(&error), "what was made under an older instance secret is not moved yet");
            }
            if must_stop {
                return;
            }
        }
    });
    Ok((stop, handle.map_err(StartError::Thread)?))
}
