//! Notes each key's last use beside the request path and writes it in batches.
//!
//! A request puts its use into a map in memory and goes on; nothing waits for the database. One thread writes the
//! map every half second, when it has grown large, and at shutdown. If a write fails, the uses are kept and
//! written with the next batch. A process that is killed loses the uses of its last half second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::clock::Timestamp;
use crate::ids::ApiKeyId;
use crate::store::last_uses::{self, LastUseRow};
use crate::store::{Pool, StoreError};

/// How often what was noted is written.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// Keys in the map from which on it is written early.
const FLUSH_AT: usize = 10_000;
/// Characters of a client's name that are kept.
const MAX_CLIENT_CHARS: usize = 200;

type Uses = HashMap<ApiKeyId, LastUseRow>;

/// What the writing thread is told to do.
enum Order {
    /// Write now; answer when it is done.
    Flush(Sender<Result<(), StoreError>>),
    /// Write now, since the map is large.
    Full,
}

/// Takes uses in. Clones share one map.
#[derive(Clone)]
pub struct Recorder {
    uses: Arc<Mutex<Uses>>,
    orders: Sender<Order>,
}

/// The writing thread; ends when every [`Recorder`] is gone.
pub struct Writer(JoinHandle<()>);

impl Writer {
    /// Waits for the last batch to be written. Every [`Recorder`] must have been dropped.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the thread that writes last uses panicked");
        }
    }
}

impl Recorder {
    /// Starts the writing thread.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(pool: Pool) -> std::io::Result<(Self, Writer)> {
        let uses = Arc::new(Mutex::new(Uses::new()));
        let (orders, received) = bounded(64);
        let thread = std::thread::Builder::new().name("last-uses".to_owned());
        let shared = uses.clone();
        let handle = thread.spawn(move || write_until_closed(&pool, &shared, &received))?;
        Ok((Self { uses, orders }, Writer(handle)))
    }

    /// Notes an accepted request.
    pub fn record(&self, api_key_id: ApiKeyId, used_at: Timestamp, address: &str, client: &str) {
        let last_use = LastUseRow {
            api_key_id,
            used_at,
            address: address.to_owned(),
            client: client.chars().take(MAX_CLIENT_CHARS).collect(),
        };
        let noted = {
            let mut uses = lock(&self.uses);
            keep_newest(&mut uses, last_use);
            uses.len()
        };
        if noted >= FLUSH_AT {
            // A full channel means that the thread has been told already.
            drop(self.orders.try_send(Order::Full));
        }
    }

    /// Writes what was noted and waits until it is written.
    ///
    /// # Errors
    /// If the database fails; the uses are kept for the next batch.
    pub fn flush(&self) -> Result<(), StoreError> {
        let (answer, answered) = bounded(1);
        let gone = || StoreError::Unavailable("the thread that writes last uses has ended".into());
        self.orders
            .send(Order::Flush(answer))
            .map_err(|_closed| gone())?;
        answered.recv().unwrap_or_else(|_closed| Err(gone()))
    }
}

fn write_until_closed(pool: &Pool, uses: &Mutex<Uses>, orders: &Receiver<Order>) {
    loop {
        match orders.recv_timeout(FLUSH_EVERY) {
            Ok(Order::Flush(answer)) => {
                let written = write(pool, uses);
                // Who asked may have gone.
                drop(answer.send(written));
            }
            Ok(Order::Full) | Err(RecvTimeoutError::Timeout) => report(write(pool, uses)),
            Err(RecvTimeoutError::Disconnected) => return report(write(pool, uses)),
        }
    }
}

fn write(pool: &Pool, uses: &Mutex<Uses>) -> Result<(), StoreError> {
    let taken = std::mem::take(&mut *lock(uses));
    if taken.is_empty() {
        return Ok(());
    }
    let mut batch: Vec<LastUseRow> = taken.into_values().collect();
    let written = pool.write_now(|db| last_uses::upsert(db, &mut batch));
    if written.is_err() {
        let mut uses = lock(uses);
        for last_use in batch {
            keep_newest(&mut uses, last_use);
        }
    }
    written
}

fn report(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "last uses are not written yet"
        );
    }
}

fn keep_newest(uses: &mut Uses, last_use: LastUseRow) {
    let newest = uses
        .get(&last_use.api_key_id)
        .is_none_or(|known| known.used_at <= last_use.used_at);
    if newest {
        uses.insert(last_use.api_key_id, last_use);
    }
}

/// The map is whole after every step, so a panic elsewhere does not make it unusable.
fn lock(uses: &Mutex<Uses>) -> MutexGuard<'_, Uses> {
    uses.lock().unwrap_or_else(PoisonError::into_inner)
}
