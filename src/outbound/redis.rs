//! Redis, where instances count together.
//!
//! 1. Each worker has a connection of its own, made when it is first needed: what drives a connection runs on the event
//!    loop that made it, and no worker is to wait for another's. Requests of a worker share it without waiting for each
//!    other's answers.
//! 2. A request is one round trip: a script reads, compares and counts in one step.
//! 3. A connection that was cut since it was last used (Redis was restarted, or ends idle ones) is made anew once, within
//!    the same request.
//! 4. A failure is the instance's: for a second, no worker asks again. Then one request tries; the others do not wait
//!    for it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Script};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::clock::Timestamp;
use crate::ids::ApiKeyId;
use crate::secret::Secret;

/// How long an answer is waited for, connecting included. Redis in the same network answers in about a millisecond.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// Waited on top, from when the worker finds that [`LONGEST_WAIT`] is over: a worker that was itself held up takes what
/// has come meanwhile, and does not think Redis gone.
const GRACE: Duration = Duration::from_millis(50);
/// After a failure, Redis is left alone for so long.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// Stands for "no failure" where the time of the last failure is kept.
const WELL: i64 = i64::MIN;

/// Counts a request unless the window is full. KEYS: the window. ARGV: the limit, the length of a window in
/// milliseconds. Answers whether it was counted, the count, and the milliseconds that are left.
///
/// A window without an end (-1) would never open again, so it is begun anew like one that is not there (-2).
const TAKE: &str = "
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then
  redis.call('SET', KEYS[1], 1, 'PX', ARGV[2])
  return {1, 1, tonumber(ARGV[2])}
end
local count = tonumber(redis.call('GET', KEYS[1]))
if count >= tonumber(ARGV[1]) then
  return {0, count, left}
end
return {1, redis.call('INCR', KEYS[1]), left}
";

/// A Redis URL that cannot be used. Does not repeat it: there may be a password in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRedisUrl {
    /// It asks for TLS.
    #[error(
        "TLS to Redis is not built in: write redis:// and lead the connection through a tunnel or a private network"
    )]
    Tls,
    /// It is no such URL.
    #[error(
        "write redis://HOST:PORT, with USER:PASSWORD@ before the host and /DATABASE after the port if need be"
    )]
    Malformed,
}

/// A Redis server as one instance sees it, shared by its workers.
pub struct Redis {
    client: Client,
    take: Script,
    /// In milliseconds since 1970: when it failed last, or when it was last tried since then. [`WELL`] if it answers.
    failed_at: AtomicI64,
    failures: AtomicU64,
}

impl Redis {
    /// Reads the URL; connects to nothing yet.
    ///
    /// # Errors
    /// If it is no URL of a Redis server, or asks for TLS.
    pub fn new(url: &Secret<String>) -> Result<Self, BadRedisUrl> {
        let url = url.expose().as_str();
        if url.starts_with("rediss:") || url.starts_with("valkeys:") {
            return Err(BadRedisUrl::Tls);
        }
        Ok(Self {
            client: Client::open(url).map_err(|_may_quote_it| BadRedisUrl::Malformed)?,
            take: Script::new(TAKE),
            failed_at: AtomicI64::new(WELL),
            failures: AtomicU64::new(0),
        })
    }

    /// How often Redis was asked and gave no answer, since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Whether a request may ask at `now`: `Err` while Redis is left alone, else what `failed_at` was.
    fn admit(&self, now: Timestamp) -> Result<i64, Gone> {
        let seen = self.failed_at.load(Ordering::Relaxed);
        if seen == WELL {
            return Ok(WELL);
        }
        let since = now - Timestamp::from_millis(seen);
        // A clock that went back does not make the pause longer.
        if since >= TimeDelta::zero() && since < PAUSE {
            return Err(Gone);
        }
        // Only one tries: to the others, the pause begins anew.
        (self.failed_at)
            .compare_exchange(seen, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed)
            .map(|_| now.as_millis())
            .map_err(|_another_tries| Gone)
    }

    /// It answered. `admitted` is what [`Self::admit`] said: an answer that was asked for before a failure ends no pause.
    fn answered(&self, admitted: i64) {
        if admitted != WELL
            && (self.failed_at)
                .compare_exchange(admitted, WELL, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            let server = self.client.get_connection_info().addr();
            tracing::info!(%server, "Redis is back: rate limits are exact across instances again");
        }
    }

    fn failed(&self, now: Timestamp, problem: &dyn std::fmt::Display) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if self.failed_at.swap(now.as_millis(), Ordering::Relaxed) == WELL {
            let server = self.client.get_connection_info().addr();
            tracing::warn!(
                %server, %problem,
                "Redis is gone: until it is back, each instance counts rate limits alone"
            );
        }
    }
}

/// A window after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Whether the request was counted; otherwise the window was full.
    pub is_accepted: bool,
    /// Requests that were accepted in this window so far, by all instances.
    pub accepted: u32,
    /// How long the window lasts: a millisecond at least.
    pub resets_in: TimeDelta,
}

/// Redis does not answer, or did not a moment ago. It is counted and logged already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// One worker's way to Redis. Stays on its thread.
#[derive(Clone)]
pub struct Link {
    redis: Arc<Redis>,
    held: Rc<RefCell<Held>>,
}

/// Lets one request connect, and the others wait for it.
type Connection = Rc<OnceCell<MultiplexedConnection>>;

#[derive(Default)]
struct Held {
    connection: Connection,
    /// [`Redis::failures`] when it was made.
    failures: u64,
}

impl Link {
    /// For one worker.
    pub fn new(redis: Arc<Redis>) -> Self {
        Self {
            redis,
            held: Rc::default(),
        }
    }

    /// Counts a request of a key in its window of this length, which begins with the first; not if there were `limit`
    /// already. Takes a quarter of a second at most. `now` is for the pause after a failure; windows go by Redis's clock.
    ///
    /// # Errors
    /// If Redis does not answer, or did not a moment ago.
    pub async fn take(
        &self,
        key: ApiKeyId,
        limit: u32,
        window: TimeDelta,
        now: Timestamp,
    ) -> Result<Counted, Gone> {
        let admitted = self.redis.admit(now)?;
        let mut asked = std::pin::pin!(self.ask(key, limit, window));
        let mut answer = timeout(LONGEST_WAIT, asked.as_mut()).await;
        if answer.is_err() {
            answer = timeout(GRACE, asked).await;
        }
        match answer {
            Ok(Ok(counted)) => {
                self.redis.answered(admitted);
                return Ok(counted);
            }
            Ok(Err(error)) => self.redis.failed(now, &error),
            Err(_elapsed) => self.redis.failed(now, &"it does not answer in time"),
        }
        Err(Gone)
    }

    async fn ask(
        &self,
        key: ApiKeyId,
        limit: u32,
        window: TimeDelta,
    ) -> Result<Counted, RedisError> {
        let connection = self.connection();
        let was_used = connection.initialized();
        let answer = self.ask_over(&connection, key, limit, window).await;
        match answer {
            // If the request was counted before the cut, it is counted twice: rather too few than too many.
            Err(error) if was_used && error.is_io_error() => {
                self.give_up(&connection);
                self.ask_over(&self.connection(), key, limit, window).await
            }
            answer => answer,
        }
    }

    /// The connection, or the place for one. After a failure, of whichever worker, it is another one: an answer that
    /// never came may come yet, and the old connection may lead to a server that is no more.
    fn connection(&self) -> Connection {
        let failures = self.redis.failures();
        let mut held = self.held.borrow_mut();
        if held.failures != failures {
            *held = Held {
                connection: Rc::default(),
                failures,
            };
        }
        held.connection.clone()
    }

    /// Drops this connection, unless another request has done so already.
    fn give_up(&self, connection: &Connection) {
        let mut held = self.held.borrow_mut();
        if Rc::ptr_eq(&held.connection, connection) {
            held.connection = Rc::default();
        }
    }

    async fn ask_over(
        &self,
        connection: &Connection,
        key: ApiKeyId,
        limit: u32,
        window: TimeDelta,
    ) -> Result<Counted, RedisError> {
        let made = connection.get_or_try_init(|| self.connect()).await?;
        let mut connection = made.clone();
        let mut call = self.redis.take.key(format!("keyport:rate:{key}"));
        call.arg(limit).arg(window.num_milliseconds());
        let (is_accepted, accepted, left_ms): (bool, u32, i64) =
            call.invoke_async(&mut connection).await?;
        Ok(Counted {
            is_accepted,
            accepted,
            resets_in: TimeDelta::milliseconds(left_ms),
        })
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        // Our own limit of time covers both.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let client = &self.redis.client;
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn redis(url: &str) -> Result<Redis, BadRedisUrl> {
        Redis::new(&Secret::new(url.to_owned()))
    }

    fn gone() -> Redis {
        let redis = redis("redis://127.0.0.1").unwrap();
        redis.failed(NOW, &"a test");
        redis
    }

    #[test]
    fn urls_of_redis_servers_are_taken_and_others_named() {
        for url in ["redis://h", "redis://u:p%40@h:6380/2", "redis://[::1]:1"] {
            assert!(redis(url).is_ok(), "{url}");
        }
        assert_eq!(redis("rediss://h").err(), Some(BadRedisUrl::Tls));
        for url in ["", "h:6379", "http://h", "redis://", "redis://h/two"] {
            assert_eq!(redis(url).err(), Some(BadRedisUrl::Malformed), "{url}");
        }
    }

    #[test]
    fn after_a_failure_it_is_left_alone_for_a_second_and_then_tried_by_one() {
        let redis = gone();
        let almost = NOW + PAUSE - TimeDelta::milliseconds(1);
        assert_eq!(redis.admit(NOW), Err(Gone));
        assert_eq!(redis.admit(almost), Err(Gone));
        let admitted = redis.admit(NOW + PAUSE).unwrap();
        assert_eq!(redis.admit(NOW + PAUSE), Err(Gone));
        redis.answered(admitted);
        assert_eq!(redis.admit(NOW + PAUSE), Ok(WELL));
        assert_eq!(redis.failures(), 1);
    }

    #[test]
    fn an_answer_from_before_a_failure_does_not_end_the_pause() {
        let redis = gone();
        redis.answered(WELL);
        assert_eq!(redis.admit(NOW), Err(Gone));
    }

    #[test]
    fn a_clock_that_goes_back_does_not_make_the_pause_longer() {
        let redis = gone();
        assert!(redis.admit(NOW - TimeDelta::hours(1)).is_ok());
    }
}
