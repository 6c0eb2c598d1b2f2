//! Moves the digests of keys under the current instance secret, as the keys are used: only who presents a key lets its
//! digest be made anew.
//!
//! Verifying never writes. The verifier notes what could be moved, and a thread of its own writes it in batches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::record::Moved;
use crate::ids::ApiKeyId;
use crate::store::{Pool, StoreError, api_keys};

/// Keys that wait at most. One that finds no place is noted when it is used the next time.
const MOST_WAITING: usize = 10_000;
/// Keys moved in one transaction: each is a step of the verification epoch.
const BATCH: usize = 200;

/// What waits to be written. Clones share it.
#[derive(Clone, Default)]
pub struct Moves(Arc<Mutex<HashMap<ApiKeyId, Moved>>>);

impl Moves {
    fn waiting(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Moved>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a key whose digest can be moved.
    pub(super) fn note(&self, id: ApiKeyId, moved: Moved) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST_WAITING {
            waiting.insert(id, moved);
        }
    }

    /// Writes what waits; how many digests were moved.
    ///
    /// # Errors
    /// If the database fails. What was not written is noted again when its key is used.
    pub fn write(&self, pool: &Pool) -> Result<usize, StoreError> {
        let mut all: Vec<(ApiKeyId, Moved)> = self.waiting().drain().collect();
        // Two instances that move the same keys take their rows in the same order.
        all.sort_unstable_by_key(|(id, _)| *id);
        let mut written = 0;
        for batch in all.chunks(BATCH) {
            written += pool.write_now(|db| {
                let mut moved_now = 0;
                for (id, moved) in batch {
                    let is_moved =
                        api_keys::set_digest(db, *id, &moved.old, &moved.new, &moved.secret_id)?;
                    moved_now += usize::from(is_moved);
                }
                Ok::<_, StoreError>(moved_now)
            })?;
        }
        Ok(written)
    }
}
