//! The connection pool, and the one way into the database: a blocking hop, and for writes one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::ConnectionError;
use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::r2d2::R2D2Connection;
use r2d2::PooledConnection;
use tokio::sync::oneshot;

use super::connection::{DatabaseUrl, Db, connect};
use super::error::StoreError;

/// How long a request waits for a free connection before it is told that the database is unavailable.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(5);
/// A connection to a server that no one used for this long is asked whether it is alive before it is used: a server that was
/// started anew has closed it, and under load none lies idle for as long.
const DOUBTED_AFTER: Duration = Duration::from_millis(100);

/// Opens connections for r2d2 by the URL's scheme. Diesel's own manager would try the engines in turn,
/// hide PostgreSQL's error and hand its URL to SQLite as a file name.
#[derive(Debug)]
struct Manager {
    url: DatabaseUrl,
    losses: Losses,
}

/// How often a connection was found to be lost. Who loses one may have lost them all.
#[derive(Clone, Debug, Default)]
struct Losses(Arc<AtomicU64>);

impl Losses {
    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection of the pool.
struct Pooled {
    db: Db,
    /// It answered after so many losses.
    answered_after: u64,
    /// When someone last had it.
    used_at: Instant,
    is_lost: bool,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Pooled, ConnectionError> {
        // Counted before: one that is lost meanwhile makes it be asked again.
        let answered_after = self.losses.count();
        Ok(Pooled {
            db: connect(&self.url)?,
            answered_after,
            used_at: moment(),
            is_lost: false,
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), ConnectionError> {
        (pooled.db.ping()).map_err(ConnectionError::CouldntSetupConfiguration)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        // A panic in the middle of a transaction leaves the connection in an unknown state.
        std::thread::panicking() || pooled.is_lost || pooled.db.is_broken()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a connection lay idle is about this machine's time"
)]
fn moment() -> Instant {
    Instant::now()
}

/// A pool of connections to one database. Clones share it.
#[derive(Clone)]
pub struct Pool {
    inner: r2d2::Pool<Manager>,
    losses: Losses,
    url: DatabaseUrl,
}

/// The connections of a pool at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// Open, and no one uses them.
    pub idle: u32,
    /// Someone uses them.
    pub in_use: u32,
    /// The most that may be open.
    pub most: u32,
}

impl Pool {
    /// Opens the pool and one first connection, so that an unreachable database is known at once.
    ///
    /// # Errors
    /// If that connection cannot be opened; the error names the engine's own reason.
    pub fn open(url: &DatabaseUrl, size: u32) -> Result<Self, ConnectionError> {
        // r2d2 retries silently; a direct attempt gives the true reason.
        drop(connect(url)?);
        let losses = Losses::default();
        let inner = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(WAIT_FOR_CONNECTION)
            // Asking before each use costs PostgreSQL a round trip: `take` asks those that may be dead.
            .test_on_check_out(false)
            .build_unchecked(Manager {
                url: url.clone(),
                losses: losses.clone(),
            });
        Ok(Self {
            inner,
            losses,
            url: url.clone(),
        })
    }

    /// Where this pool's database is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// How many connections there are now.
    pub fn connections(&self) -> Connections {
        let now = self.inner.state();
        Connections {
            idle: now.idle_connections,
            in_use: now.connections.saturating_sub(now.idle_connections),
            most: self.inner.max_size(),
        }
    }

    /// Makes sure that there is a connection, and that a server answers at its other end.
    ///
    /// # Errors
    /// If there is none, or none within 5 seconds.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|db| db.ping().map_err(StoreError::from)).await
    }

    /// Runs queries that only read, on a blocking thread.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Unavailable`] if there is no connection.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let pool = self.clone();
        blocking(move || pool.read_now(work)).await
    }

    /// Runs `work` in one writing transaction, on a blocking thread: committed if it returns `Ok`, else undone.
    ///
    /// # Errors
    /// What `work` returns, or a [`StoreError`] if there is no connection or the commit fails.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let pool = self.clone();
        blocking(move || pool.write_now(work)).await
    }

    /// Runs work that takes connections itself, as often as it needs one, on a blocking thread.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Unavailable`] if no new work is begun any more.
    pub async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Self) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let pool = self.clone();
        blocking(move || work(&pool)).await
    }

    /// [`Pool::read`] on this thread, for commands and background threads.
    ///
    /// # Errors
    /// As [`Pool::read`].
    pub fn read_now<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E>,
        E: From<StoreError>,
    {
        let mut pooled = self.take()?;
        let result = work(&mut pooled.db);
        self.give_back(&mut pooled, result.is_err());
        result
    }

    /// A connection that is alive as far as can be known without asking each time.
    fn take(&self) -> Result<PooledConnection<Manager>, StoreError> {
        loop {
            let mut pooled = self.inner.get()?;
            let is_doubted = matches!(pooled.db, Db::Postgres(_))
                && (pooled.answered_after != self.losses.count()
                    || pooled.used_at.elapsed() >= DOUBTED_AFTER);
            if !is_doubted {
                return Ok(pooled);
            }
            let losses = self.losses.count();
            if pooled.db.ping().is_ok() {
                pooled.answered_after = losses;
                return Ok(pooled);
            }
            self.lose(&mut pooled);
        }
    }

    /// Begins a transaction, with another connection if this one turns out to be lost: nothing has been done with it.
    fn take_and_begin(
        &self,
        begin: fn(&mut Db) -> QueryResult<()>,
    ) -> Result<PooledConnection<Manager>, StoreError> {
        let mut pooled = self.take()?;
        let Err(error) = begin(&mut pooled.db) else {
            return Ok(pooled);
        };
        let error = StoreError::from(error);
        if !matches!(pooled.db, Db::Postgres(_)) || !matches!(error, StoreError::Unavailable(_)) {
            return Err(error);
        }
        self.lose(&mut pooled);
        drop(pooled);
        let mut pooled = self.take()?;
        begin(&mut pooled.db)?;
        Ok(pooled)
    }

    /// Notes that it was used; after a failure it is asked whether it is alive, and if not, all others will be.
    fn give_back(&self, pooled: &mut Pooled, has_failed: bool) {
        pooled.used_at = moment();
        if has_failed && matches!(pooled.db, Db::Postgres(_)) && pooled.db.ping().is_err() {
            self.lose(pooled);
        }
    }

    fn lose(&self, pooled: &mut Pooled) {
        pooled.is_lost = true;
        self.losses.note();
    }

    /// Runs queries that all see the database as it was at one instant, on this thread.
    ///
    /// # Errors
    /// As [`Pool::read`].
    pub fn snapshot_now<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E>,
        E: From<StoreError>,
    {
        let mut pooled = self.take_and_begin(begin_snapshot)?;
        let result = work(&mut pooled.db);
        let undone = rollback(&mut pooled.db);
        self.give_back(&mut pooled, result.is_err() || undone.is_err());
        undone.map_err(StoreError::from)?;
        result
    }

    /// [`Pool::write`] on this thread, for commands and background threads.
    ///
    /// # Errors
    /// As [`Pool::write`].
    pub fn write_now<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E>,
        E: From<StoreError>,
    {
        let mut pooled = self.take_and_begin(begin)?;
        let result = work(&mut pooled.db);
        let ended = self.end(&mut pooled, result.is_ok());
        let value = result?;
        ended?;
        Ok(value)
    }

    /// Ends a transaction: commits it if the work was done, and undoes it if not.
    fn end(&self, pooled: &mut Pooled, is_done: bool) -> Result<(), StoreError> {
        let ended = match is_done {
            true => commit(&mut pooled.db).map_err(StoreError::from),
            false => {
                if let Err(error) = rollback(&mut pooled.db) {
                    // The work's own error is the one to answer with; has_broken drops the connection.
                    tracing::warn!(%error, "a transaction could not be rolled back");
                }
                Ok(())
            }
        };
        self.give_back(pooled, !is_done || ended.is_err());
        ended
    }
}

/// SQLite's plain BEGIN takes the write lock only at the first write, and then fails at once, whatever the busy
/// timeout, if another writer came between: every writing transaction is IMMEDIATE.
fn begin(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Postgres(connection) => AnsiTransactionManager::begin_transaction(connection),
        Db::Sqlite(connection) => {
            AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
        }
    }
}

/// SQLite's plain BEGIN keeps the state of the first read, whatever others write (sqlite.org/isolation.html).
fn begin_snapshot(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Postgres(connection) => AnsiTransactionManager::begin_transaction_sql(
            connection,
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        ),
        Db::Sqlite(connection) => AnsiTransactionManager::begin_transaction(connection),
    }
}

fn commit(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Postgres(connection) => AnsiTransactionManager::commit_transaction(connection),
        Db::Sqlite(connection) => AnsiTransactionManager::commit_transaction(connection),
    }
}

fn rollback(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Postgres(connection) => AnsiTransactionManager::rollback_transaction(connection),
        Db::Sqlite(connection) => AnsiTransactionManager::rollback_transaction(connection),
    }
}

/// Runs `work` on a thread that may block.
async fn blocking<T, E, F>(work: F) -> Result<T, E>
where
    F: FnOnce() -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    run_job(Box::new(move || {
        // Who asked may have gone.
        let _unheard = answer.send(work());
    }))
    .await?;
    answered.await.expect("a job that has ended has answered")
}

/// One type for all work: the runtime's part of it is compiled once, and not for each query.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the store leaves the async threads"
)]
async fn run_job(job: Box<dyn FnOnce() + Send>) -> Result<(), StoreError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(()) => Ok(()),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down and started no new work.
            Err(cancelled) => Err(StoreError::Unavailable(Box::new(cancelled))),
        },
    }
}
