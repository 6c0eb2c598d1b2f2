//! Notes the use of keys beside the request path and writes it in batches.
//!
//! 1. Each worker notes a request in a ledger of its own ([`WorkerRecorder`]); nothing waits for the database.
//! 2. One thread takes the ledgers every half second, when one has grown large, when someone asks for it, and at the
//!    end, and writes them in one transaction.
//! 3. If that fails, it keeps them and writes them with the next ones: counts are never dropped. Requests in detail
//!    may be, and how many were is counted. So it does while another instance writes: what all of them write of are the
//!    same rows, and written together they cost no more than once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::ledger::Ledger;
use super::uses::Use;
use super::writing::{Settling, write_batch};
use crate::clock::Timestamp;
use crate::domain::integrations::tokens::Tokens;
use crate::domain::mail::Outbox;
use crate::ids::{ApiKeyId, ProviderKeyId};
use crate::store::{Pool, StoreError};

/// How often what was noted is written.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// Keys in a ledger from which on it is written early.
const FLUSH_AT: usize = 50_000;
/// A key's old requests are removed after so many new ones, not after each.
const PRUNE_AFTER: u32 = 50;
/// How far the noted uses of a provider's key are apart.
const USES_APART: TimeDelta = TimeDelta::minutes(1);
/// So often an instance lets others write first. Then it waits for its turn.
const MOST_TURNS_LEFT: u32 = 10;
/// How often the last batch is tried.
const LAST_TRIES: u32 = 2;
/// Requests in detail that wait for a database that cannot be written.
const MOST_WAITING_DETAILS: usize = 5_000;

/// What the writing thread is told to do.
enum Order {
    /// Write now; answer when it is done.
    Flush(Sender<Result<(), StoreError>>),
    /// Write now, since a ledger is large.
    Full,
    /// Write the last batch and end.
    Stop,
}

/// What the metrics tell of the usage log.
#[derive(Debug)]
pub struct UsageFigures {
    /// Requests that were counted and written.
    pub written: AtomicU64,
    /// Requests that are only counted, without details.
    pub details_left_out: AtomicU64,
    /// Flushes that failed.
    pub failed_flushes: AtomicU64,
    /// How long the last flush took, in microseconds.
    pub last_flush_us: AtomicU64,
    began: Instant,
    /// Microseconds from `began` to the last flush after which nothing waited.
    flushed_us: AtomicU64,
}

impl UsageFigures {
    fn new(began: Instant) -> Self {
        Self {
            written: AtomicU64::new(0),
            details_left_out: AtomicU64::new(0),
            failed_flushes: AtomicU64::new(0),
            last_flush_us: AtomicU64::new(0),
            began,
            flushed_us: AtomicU64::new(0),
        }
    }

    fn note_flush(&self) {
        let since = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.flushed_us.store(since, Ordering::Relaxed);
    }

    /// How long ago everything noted until then was last written, or nothing waited to be; since the start, if that was
    /// never so.
    pub fn since_flush(&self) -> Duration {
        let flushed = Duration::from_micros(self.flushed_us.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(flushed)
    }
}

/// Leads to the writing thread. Clones lead to the same one.
#[derive(Clone)]
pub struct Recorder {
    ledgers: Arc<Mutex<Vec<Arc<Mutex<Ledger>>>>>,
    orders: Sender<Order>,
    figures: Arc<UsageFigures>,
    is_on: bool,
}

/// One worker's notes.
#[derive(Clone)]
pub struct WorkerRecorder {
    ledger: Arc<Mutex<Ledger>>,
    orders: Sender<Order>,
    is_on: bool,
}

impl WorkerRecorder {
    /// Notes a request.
    pub fn record(&self, one: &Use<'_>) {
        self.note(|ledger| ledger.note(one));
    }

    /// Counts a request, without its details.
    pub fn count(&self, one: &Use<'_>) {
        self.note(|ledger| ledger.note_count(one));
    }

    /// Notes the details of a request that was counted before.
    pub fn detail(&self, one: &Use<'_>) {
        self.note(|ledger| ledger.note_detail(one));
    }

    /// Counts a call that a provider has answered, and adds up the tokens that it told, which may be none.
    pub fn note_call(&self, key: ApiKeyId, provider: &str, at: Timestamp, tokens: Tokens) {
        self.note(|ledger| ledger.note_call(key, provider, at, tokens));
    }

    /// Notes that the key of a provider was used, also while the use of API keys is not noted.
    pub fn note_provider_use(&self, key: ProviderKeyId, at: Timestamp) {
        lock(&self.ledger).note_provider_use(key, at);
    }

    fn note(&self, write: impl FnOnce(&mut Ledger)) {
        if !self.is_on {
            return;
        }
        let keys = {
            let mut ledger = lock(&self.ledger);
            write(&mut ledger);
            ledger.keys.len()
        };
        if keys >= FLUSH_AT {
            // A full channel means that the thread has been told already.
            drop(self.orders.try_send(Order::Full));
        }
    }
}

/// The writing thread. It ends when it is told to, or when every [`Recorder`] and [`WorkerRecorder`] is gone.
pub struct Writer {
    orders: Sender<Order>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Ends the thread when the last batch is written, or was tried for about ten seconds. What is noted after this is
    /// lost: whoever notes has to have ended before.
    pub fn stop(self) {
        // A closed channel means that the thread has ended already, and how is seen below.
        drop(self.orders.send(Order::Stop));
        if self.thread.join().is_err() {
            tracing::error!("the thread that writes the usage log panicked");
        }
    }
}

impl Recorder {
    /// Starts the writing thread. If the log is not on, nothing will be noted, and no one is told of uses of dead keys.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long ago a flush was is a figure about this machine"
    )]
    pub fn start(pool: Pool, outbox: Outbox, is_on: bool) -> std::io::Result<(Self, Writer)> {
        let (orders, received) = bounded(64);
        let recorder = Self {
            ledgers: Arc::default(),
            orders,
            figures: Arc::new(UsageFigures::new(Instant::now())),
            is_on,
        };
        let mut desk = Desk {
            pool,
            outbox,
            ledgers: recorder.ledgers.clone(),
            figures: recorder.figures.clone(),
            waiting: Ledger::default(),
            spare: Ledger::default(),
            unpruned: HashMap::new(),
            turns_left: 0,
            settling: Settling::default(),
            provider_uses: HashMap::new(),
        };
        let thread = std::thread::Builder::new().name("usage-log".to_owned());
        let thread = thread.spawn(move || desk.write_until_stopped(&received))?;
        let orders = recorder.orders.clone();
        Ok((recorder, Writer { orders, thread }))
    }

    /// For one worker.
    pub fn for_worker(&self) -> WorkerRecorder {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        lock(&self.ledgers).push(ledger.clone());
        WorkerRecorder {
            ledger,
            orders: self.orders.clone(),
            is_on: self.is_on,
        }
    }

    /// Writes what was noted and waits until it is written.
    ///
    /// # Errors
    /// If the database fails; the notes are kept for the next batch.
    pub fn flush(&self) -> Result<(), StoreError> {
        let (answer, answered) = bounded(1);
        let gone = || StoreError::Unavailable("the thread that writes usage has ended".into());
        self.orders
            .send(Order::Flush(answer))
            .map_err(|_closed| gone())?;
        answered.recv().unwrap_or_else(|_closed| Err(gone()))
    }

    /// How many keys have uses that are noted and not yet taken to be written.
    pub fn waiting_keys(&self) -> usize {
        let ledgers = lock(&self.ledgers);
        ledgers.iter().map(|ledger| lock(ledger).keys.len()).sum()
    }

    /// True if uses are noted at all.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// For the metrics.
    pub fn figures(&self) -> &UsageFigures {
        &self.figures
    }
}

/// Where the writing thread works.
struct Desk {
    pool: Pool,
    outbox: Outbox,
    ledgers: Arc<Mutex<Vec<Arc<Mutex<Ledger>>>>>,
    figures: Arc<UsageFigures>,
    /// What could not be written yet.
    waiting: Ledger,
    /// An empty ledger, to be exchanged for the one that a worker has written in.
    spare: Ledger,
    /// Requests in detail that each key got since its old ones were removed.
    unpruned: HashMap<ApiKeyId, u32>,
    /// How often others wrote since this instance last did.
    turns_left: u32,
    settling: Settling,
    /// When the last uses of providers' keys were last written.
    provider_uses: HashMap<ProviderKeyId, Timestamp>,
}

impl Desk {
    fn write_until_stopped(&mut self, orders: &Receiver<Order>) {
        loop {
            match orders.recv_timeout(FLUSH_EVERY) {
                Ok(Order::Flush(answer)) => {
                    let written = self.write(true);
                    // Who asked may have gone.
                    drop(answer.send(written));
                }
                Ok(Order::Full) | Err(RecvTimeoutError::Timeout) => {
                    report(self.write(self.turns_left >= MOST_TURNS_LEFT));
                }
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return self.write_last(),
            }
        }
    }

    /// Each try waits for the database up to 5 seconds; what failed in the first is still there for the second.
    fn write_last(&mut self) {
        for _ in 0..LAST_TRIES {
            match self.write(true) {
                Ok(()) => return,
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the last uses could not be written"
                ),
            }
        }
    }

    /// Writes what was noted. While another instance writes, it is left for the next time, unless this one `waits`.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a flush takes is a figure about this machine"
    )]
    fn write(&mut self, waits: bool) -> Result<(), StoreError> {
        let ledgers = lock(&self.ledgers);
        for ledger in ledgers.iter() {
            // Exchanged in one step: whoever notes a request waits for this move at most.
            std::mem::swap(&mut *lock(ledger), &mut self.spare);
            for detail in &self.spare.details {
                *self.unpruned.entry(detail.key).or_default() += 1;
            }
            self.waiting.absorb(&mut self.spare);
        }
        drop(ledgers);
        self.leave_out_provider_uses();
        if self.waiting.is_empty() {
            self.figures.note_flush();
            return Ok(());
        }
        // Workers' notes come one after the other. Rows are numbered as they are written, and pages go by the number.
        self.waiting.details.sort_by_key(|detail| detail.at);
        let began = Instant::now();
        let prune = self.keys_to_prune();
        let (batch, outbox) = (&self.waiting, &self.outbox);
        let mut settling = self.settling;
        let written = (self.pool)
            .write_now(|db| write_batch(db, waits, outbox, batch, &prune, &mut settling));
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        if !matches!(written, Ok(false)) {
            self.figures.last_flush_us.store(took, Ordering::Relaxed);
        }
        if let Ok(true) = written {
            self.turns_left = 0;
            self.settling = settling;
            for id in &prune {
                self.unpruned.remove(id);
            }
            self.figures.note_flush();
            let left_out = self.waiting.details_left_out;
            (self.figures.written).fetch_add(self.waiting.requests, Ordering::Relaxed);
            self.provider_uses
                .extend(self.waiting.provider_uses.drain());
            (self.figures.details_left_out).fetch_add(left_out, Ordering::Relaxed);
            self.waiting.clear();
        } else {
            match written {
                Ok(_) => self.turns_left += 1,
                Err(_) => {
                    self.settling = settling.put_off();
                    self.figures.failed_flushes.fetch_add(1, Ordering::Relaxed);
                }
            }
            let surplus = (self.waiting.details.len()).saturating_sub(MOST_WAITING_DETAILS);
            self.waiting.details.drain(..surplus);
            self.waiting.details_left_out += u64::try_from(surplus).unwrap_or(u64::MAX);
        }
        written.map(drop)
    }

    /// A key of a provider that is used all the time is written once a minute.
    fn leave_out_provider_uses(&mut self) {
        let written = &self.provider_uses;
        let is_due = |key: &ProviderKeyId, at: &Timestamp| {
            written
                .get(key)
                .is_none_or(|last| *at >= *last + USES_APART)
        };
        self.waiting.provider_uses.retain(|key, at| is_due(key, at));
        if self.provider_uses.len() > FLUSH_AT {
            self.provider_uses.clear();
        }
    }

    fn keys_to_prune(&self) -> Vec<ApiKeyId> {
        let is_due = |many: bool, count: u32| many || count >= PRUNE_AFTER;
        let many = self.unpruned.len() > FLUSH_AT;
        (self.unpruned.iter())
            .filter(|(_, count)| is_due(many, **count))
            .map(|(id, _)| *id)
            .collect()
    }
}

fn report(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the usage log is not written yet"
        );
    }
}

/// Both maps and lists are whole after every step, so a panic elsewhere does not make them unusable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
