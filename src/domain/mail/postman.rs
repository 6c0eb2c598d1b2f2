//! The thread that sends mails and queues reminders while mail is on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::TimeDelta;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::delivery::{Delivered, Delivery};
use super::{Outbox, reminders};
use crate::clock::{SharedClock, Timestamp};
use crate::store::{Pool, StoreError};

/// How often it looks for mails that are due.
const ROUND_EVERY: Duration = Duration::from_secs(1);
/// How often it looks for keys that end.
const REMIND_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What the thread is told to do at once.
enum Order {
    /// Queue reminders, send what is due, and answer.
    Deliver(Sender<Result<Delivered, StoreError>>),
    /// Look whether to stop.
    Stop,
}

/// Leads to the thread. Clones lead to the same one.
#[derive(Clone)]
pub struct Postman {
    orders: Sender<Order>,
    must_stop: Arc<AtomicBool>,
}

/// The thread; to be waited for with [`PostmanThread::stop`].
pub struct PostmanThread {
    orders: Sender<Order>,
    must_stop: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl Postman {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(
        pool: Pool,
        outbox: Outbox,
        clock: SharedClock,
        delivery: Delivery,
    ) -> std::io::Result<(Self, PostmanThread)> {
        let (orders, received) = bounded(16);
        let must_stop = Arc::<AtomicBool>::default();
        // Clients of servers run on the event loop that made their connections: this thread has one of its own.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut round = Round {
            pool,
            outbox,
            clock,
            delivery,
            must_stop: must_stop.clone(),
            reminded_at: None,
        };
        let thread = std::thread::Builder::new().name("mail".to_owned());
        let handle = thread.spawn(move || round.walk(&runtime, &received))?;
        let postman = Self {
            orders: orders.clone(),
            must_stop: must_stop.clone(),
        };
        let thread = PostmanThread {
            orders,
            must_stop,
            handle,
        };
        Ok((postman, thread))
    }

    /// Queues the reminders and sends the mails that are due now, and waits for it. Blocks: not for an event loop.
    ///
    /// # Errors
    /// If the database fails, or the thread has ended.
    pub fn deliver(&self) -> Result<Delivered, StoreError> {
        let gone = || StoreError::Unavailable("the thread that sends mails has ended".into());
        if self.must_stop.load(Ordering::Relaxed) {
            return Err(gone());
        }
        let (answer, answered) = bounded(1);
        (self.orders)
            .send(Order::Deliver(answer))
            .map_err(|_closed| gone())?;
        answered.recv().unwrap_or_else(|_closed| Err(gone()))
    }
}

impl PostmanThread {
    /// Lets it finish the mail that is under way, and waits for that.
    pub fn stop(self) {
        self.must_stop.store(true, Ordering::Relaxed);
        // A full channel wakes it as well.
        drop(self.orders.try_send(Order::Stop));
        if self.handle.join().is_err() {
            tracing::error!("the thread that sends mails panicked");
        }
    }
}

/// What the thread works with.
struct Round {
    pool: Pool,
    outbox: Outbox,
    clock: SharedClock,
    delivery: Delivery,
    must_stop: Arc<AtomicBool>,
    /// When it last looked for keys that end.
    reminded_at: Option<Timestamp>,
}

impl Round {
    fn walk(&mut self, runtime: &tokio::runtime::Runtime, orders: &Receiver<Order>) {
        while !self.must_stop.load(Ordering::Relaxed) {
            match orders.recv_timeout(ROUND_EVERY) {
                Ok(Order::Stop) => {}
                Ok(Order::Deliver(answer)) => {
                    self.reminded_at = None;
                    let done = runtime.block_on(self.once());
                    // Who asked may have gone.
                    drop(answer.send(done));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = runtime.block_on(self.once()) {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "mails could not be looked after; it is tried again in a second"
                        );
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    async fn once(&mut self) -> Result<Delivered, StoreError> {
        let now = self.clock.now();
        let must_stop = || self.must_stop.load(Ordering::Relaxed);
        // A clock that was put back does not keep it from reminding.
        let is_due = |at: Timestamp| now < at || now - at >= REMIND_EVERY;
        if self.reminded_at.is_none_or(is_due) {
            reminders::run(&self.pool, &self.outbox, now, &must_stop)?;
            self.reminded_at = Some(now);
        }
        self.delivery.deliver_due(now, &must_stop).await
    }
}
