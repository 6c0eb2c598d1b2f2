//! The thread that prepares the reports of tickets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::preparing::Preparing;
use crate::store::StoreError;

/// How often it looks for reports that other instances were asked for and have not prepared.
const ROUND_EVERY: Duration = Duration::from_secs(2);

/// What the thread is told.
enum Order {
    /// There is something to do, or a reason to stop.
    Look,
    /// Prepare what is due, and answer.
    Prepare(Sender<Result<(), StoreError>>),
}

/// Leads to the thread. Clones lead to the same one.
#[derive(Clone)]
pub struct Preparer {
    orders: Sender<Order>,
    must_stop: Arc<AtomicBool>,
}

/// The thread; to be waited for with [`PreparerThread::stop`].
pub struct PreparerThread {
    preparer: Preparer,
    handle: JoinHandle<()>,
}

impl Preparer {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(preparing: Preparing) -> std::io::Result<(Self, PreparerThread)> {
        let (orders, received) = bounded(16);
        let must_stop = Arc::<AtomicBool>::default();
        let preparer = Self {
            orders,
            must_stop: must_stop.clone(),
        };
        let thread = std::thread::Builder::new().name("reports".to_owned());
        let handle = thread.spawn(move || walk(&preparing, &received, &must_stop))?;
        let thread = PreparerThread {
            preparer: preparer.clone(),
            handle,
        };
        Ok((preparer, thread))
    }

    /// Has it look at once: a report was asked for. Never waits.
    pub fn wake(&self) {
        // If the channel is full, it is awake anyway.
        drop(self.orders.try_send(Order::Look));
    }

    /// Prepares the reports that are due now, and waits for it. Blocks: not for an event loop.
    ///
    /// # Errors
    /// If the database fails, or the thread has ended.
    pub fn prepare(&self) -> Result<(), StoreError> {
        let gone = || StoreError::Unavailable("the thread that prepares reports has ended".into());
        let (answer, answered) = bounded(1);
        (self.orders)
            .send(Order::Prepare(answer))
            .map_err(|_closed| gone())?;
        answered.recv().unwrap_or_else(|_closed| Err(gone()))
    }
}

impl PreparerThread {
    /// Lets it finish the report that is under way, and waits for that.
    pub fn stop(self) {
        self.preparer.must_stop.store(true, Ordering::Relaxed);
        self.preparer.wake();
        if self.handle.join().is_err() {
            tracing::error!("the thread that prepares reports panicked");
        }
    }
}

fn walk(preparing: &Preparing, orders: &Receiver<Order>, must_stop: &AtomicBool) {
    let is_over = || must_stop.load(Ordering::Relaxed);
    while !is_over() {
        let order = orders.recv_timeout(ROUND_EVERY);
        let done = preparing.run(&is_over);
        match order {
            // Who asked may have gone.
            Ok(Order::Prepare(answer)) => drop(answer.send(done)),
            Ok(Order::Look) | Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = done {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "reports could not be looked after; it is tried again in two seconds"
                    );
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
