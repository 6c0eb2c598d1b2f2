//! Moves the digests of keys under the current instance secret, as the keys are used: only who presents a key lets its
//! digest be made anew. Those of replaced secrets move too, so that they are told from wrong ones for ever.
//!
//! Verifying never writes. The verifier notes what could be moved, and a thread of its own writes it in batches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::record::{Moved, Which};
use crate::ids::ApiKeyId;
use crate::store::{Db, Pool, StoreError, api_keys, verification};

/// Digests that wait at most. One that finds no place is noted when its key is used the next time.
const MOST_WAITING: usize = 10_000;
/// Digests moved in one transaction: each is a step of the verification epoch.
const BATCH: usize = 200;

/// What waits to be written. Clones share it.
#[derive(Clone, Default)]
pub struct Moves(Arc<Mutex<HashMap<(ApiKeyId, Which), Moved>>>);

impl Moves {
    fn waiting(&self) -> MutexGuard<'_, HashMap<(ApiKeyId, Which), Moved>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a digest of a key that can be moved.
    pub(super) fn note(&self, id: ApiKeyId, moved: Moved) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST_WAITING {
            waiting.insert((id, moved.which), moved);
        }
    }

    /// Writes what waits; how many digests were moved.
    ///
    /// # Errors
    /// If the database fails. What was not written is noted again when its key is used.
    pub fn write(&self, pool: &Pool) -> Result<usize, StoreError> {
        let mut all: Vec<((ApiKeyId, Which), Moved)> = self.waiting().drain().collect();
        // Two instances that move the same keys take their rows in the same order.
        all.sort_unstable_by_key(|(digest, _)| *digest);
        let mut written = 0;
        for batch in all.chunks(BATCH) {
            written += pool.write_now(|db| {
                let mut moved_now = 0;
                for ((id, _), moved) in batch {
                    moved_now += usize::from(store(db, *id, moved)?);
                }
                Ok::<_, StoreError>(moved_now)
            })?;
        }
        Ok(written)
    }
}

fn store(db: &mut Db, id: ApiKeyId, moved: &Moved) -> Result<bool, StoreError> {
    let (old, new, secret_id) = (&moved.old, &moved.new, &moved.secret_id);
    match moved.which {
        Which::Current => api_keys::set_digest(db, id, old, new, secret_id),
        Which::Replaced(number) => {
            verification::set_replaced_digest(db, id, number, old, new, secret_id)
        }
    }
}
