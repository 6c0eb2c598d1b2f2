//! Rate limits: at most so many accepted requests of a key in a window of 60 seconds, which begins with the first.
//!
//! 1. Without Redis, the windows are in this process ([`Windows`]): exact for one instance.
//! 2. With Redis they are there, for all instances together. What it says is also kept in [`Windows`].
//! 3. While Redis is gone, each instance counts on from what it heard last: a key that has used up its window gets no
//!    second one. A request is never refused, and never fails, because Redis is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::domain::api_keys::rate_limit::{RateLimit, WINDOW};
use crate::ids::ApiKeyId;
use crate::outbound::redis::{Counted, Link, Redis};

/// Windows in memory from which on those that have ended are removed.
const PRUNE_AT: usize = 10_000;

/// How a key stands to its limit after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateState {
    /// The limit.
    pub limit: RateLimit,
    /// Requests that are left in this window.
    pub remaining: u32,
    /// How long the window lasts from now on: more than nothing, 60 seconds at most.
    pub resets_in: TimeDelta,
}

/// How one instance counts, shared by its workers.
#[derive(Default)]
pub struct Limits {
    windows: Windows,
    redis: Option<Arc<Redis>>,
}

impl Limits {
    /// With Redis, exact across instances; without, for this one.
    pub fn new(redis: Option<Redis>) -> Self {
        Self {
            windows: Windows::default(),
            redis: redis.map(Arc::new),
        }
    }

    /// How often Redis was asked and gave no answer, since the start.
    pub fn redis_failures(&self) -> u64 {
        self.redis.as_ref().map_or(0, |redis| redis.failures())
    }
}

/// Counts requests for one worker; stays on its thread.
#[derive(Clone)]
pub struct RateLimiter {
    limits: Arc<Limits>,
    link: Option<Link>,
}

impl RateLimiter {
    /// For one worker.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self {
            link: limits.redis.clone().map(Link::new),
            limits,
        }
    }

    /// Counts a request that would be accepted.
    ///
    /// # Errors
    /// With the state of the window, if the limit is reached; then it is not counted.
    pub async fn take(
        &self,
        id: ApiKeyId,
        limit: RateLimit,
        now: Timestamp,
    ) -> Result<RateState, RateState> {
        let windows = &self.limits.windows;
        let Some(link) = &self.link else {
            return windows.take(id, limit, now);
        };
        // Boxed, so that verifications without Redis do not carry the room for this.
        match Box::pin(link.take(id, limit.requests(), WINDOW, now)).await {
            Ok(counted) => {
                windows.learn(id, counted, now);
                counted.state(limit)
            }
            Err(_gone) => windows.take(id, limit, now),
        }
    }
}

impl Counted {
    fn state(self, limit: RateLimit) -> Result<RateState, RateState> {
        let state = RateState {
            limit,
            remaining: limit.requests().saturating_sub(self.accepted),
            // The two clocks are not one: never more than the answer may say.
            resets_in: self.resets_in.min(WINDOW),
        };
        if self.is_accepted {
            Ok(state)
        } else {
            Err(state)
        }
    }
}

/// The windows of one instance, shared by its workers.
#[derive(Debug, Default)]
pub struct Windows(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    windows: HashMap<ApiKeyId, Window>,
    prune_at: usize,
}

#[derive(Clone, Debug)]
struct Window {
    began: Timestamp,
    /// Accepted by all instances, as Redis said last; 0 without it.
    heard: u32,
    /// Accepted by this instance alone. Apart from `heard`, since an answer of Redis can come after it has gone.
    alone: u32,
}

impl Windows {
    /// Counts a request that would be accepted; `Err` if the limit is reached, and then it is not counted.
    pub fn take(
        &self,
        id: ApiKeyId,
        limit: RateLimit,
        now: Timestamp,
    ) -> Result<RateState, RateState> {
        // A window is whole after every step, so a panic elsewhere does not make it unusable.
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.prune(now);
        let window = shelf.windows.entry(id).or_insert(Window {
            began: now,
            heard: 0,
            alone: 0,
        });
        window.take(limit, now)
    }

    /// Keeps what Redis said of a window, for when it is gone.
    fn learn(&self, id: ApiKeyId, counted: Counted, now: Timestamp) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.prune(now);
        let heard = Window {
            began: now - (WINDOW - counted.resets_in),
            heard: counted.accepted,
            alone: 0,
        };
        let known = shelf.windows.entry(id).or_insert_with(|| heard.clone());
        // Answers overtake each other: of one window, the larger count is the later one. Windows begin at least a
        // minute apart, and an answer is less than a second old, so half a minute tells one from the next.
        if (heard.began - known.began).abs() < WINDOW / 2 {
            known.heard = known.heard.max(heard.heard);
        } else {
            *known = heard;
        }
    }
}

impl Window {
    fn take(&mut self, limit: RateLimit, now: Timestamp) -> Result<RateState, RateState> {
        if now < self.began {
            // The clock went back. The window goes on, and lasts a minute from here: never more than the limit, and
            // never closed for longer.
            self.began = now;
        } else if now - self.began >= WINDOW {
            *self = Self {
                began: now,
                heard: 0,
                alone: 0,
            };
        }
        let has_room = self.accepted() < limit.requests();
        if has_room {
            self.alone += 1;
        }
        let state = RateState {
            limit,
            remaining: limit.requests().saturating_sub(self.accepted()),
            resets_in: WINDOW - (now - self.began),
        };
        if has_room { Ok(state) } else { Err(state) }
    }

    fn accepted(&self) -> u32 {
        self.heard.saturating_add(self.alone)
    }
}

impl Shelf {
    fn prune(&mut self, now: Timestamp) {
        if self.windows.len() < self.prune_at.max(PRUNE_AT) {
            return;
        }
        self.windows.retain(|_, window| now - window.began < WINDOW);
        // Twice what is left, so that a shelf full of open windows is not searched at each request.
        self.prune_at = self.windows.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn id(number: usize) -> ApiKeyId {
        format!("{number:010}").parse().unwrap()
    }

    fn limit(requests: i64) -> RateLimit {
        RateLimit::new(requests).unwrap()
    }

    #[test]
    fn a_window_begins_with_the_first_request_and_lasts_sixty_seconds() {
        let windows = Windows::default();
        let take = |millis| windows.take(id(1), limit(2), START + TimeDelta::milliseconds(millis));
        assert_eq!(take(0).unwrap().remaining, 1);
        let second = take(59_000).unwrap();
        assert_eq!(second.remaining, 0);
        assert_eq!(second.resets_in, TimeDelta::seconds(1));
        assert_eq!(
            take(59_999).unwrap_err().resets_in,
            TimeDelta::milliseconds(1)
        );
        assert_eq!(take(60_000).unwrap().resets_in, WINDOW);
    }

    #[test]
    fn keys_do_not_share_windows() {
        let windows = Windows::default();
        assert!(windows.take(id(1), limit(1), START).is_ok());
        assert!(windows.take(id(1), limit(1), START).is_err());
        assert!(windows.take(id(2), limit(1), START).is_ok());
    }

    #[test]
    fn a_clock_that_goes_back_neither_opens_nor_closes_a_window_for_longer() {
        let windows = Windows::default();
        let early = START - TimeDelta::hours(1);
        assert!(windows.take(id(1), limit(1), START).is_ok());
        let refused = windows.take(id(1), limit(1), early).unwrap_err();
        assert_eq!(refused.resets_in, WINDOW);
        assert!(windows.take(id(1), limit(1), early + WINDOW).is_ok());
    }

    #[test]
    fn a_window_that_redis_counted_goes_on_without_it() {
        let windows = Windows::default();
        let count = |accepted, left_ms| Counted {
            is_accepted: true,
            accepted,
            resets_in: TimeDelta::milliseconds(left_ms),
        };
        windows.learn(id(1), count(2, 40_000), START);
        windows.learn(id(1), count(1, 40_001), START);
        assert_eq!(windows.take(id(1), limit(4), START).unwrap().remaining, 1);
        // Answers that were under way when Redis went.
        windows.learn(id(1), count(1, 40_001), START);
        windows.learn(id(1), count(3, 39_990), START);
        let refused = windows.take(id(1), limit(4), START).unwrap_err();
        assert_eq!(refused.resets_in, TimeDelta::seconds(40));
        // The next window.
        let next = START + TimeDelta::seconds(40);
        windows.learn(id(1), count(1, 60_000), next);
        assert_eq!(windows.take(id(1), limit(3), next).unwrap().remaining, 1);
    }

    #[test]
    fn windows_that_have_ended_are_forgotten() {
        let windows = Windows::default();
        for number in 0..PRUNE_AT {
            assert!(windows.take(id(number), limit(1), START).is_ok());
        }
        assert!(windows.take(id(PRUNE_AT), limit(1), START + WINDOW).is_ok());
        assert_eq!(windows.0.lock().unwrap().windows.len(), 1);
    }
}
