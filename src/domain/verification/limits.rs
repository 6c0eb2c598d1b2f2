//! Rate limits: at most so many accepted requests of a key in a window of 60 seconds, which begins with the first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::domain::api_keys::rate_limit::{RateLimit, WINDOW};
use crate::ids::ApiKeyId;

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

/// The windows of one instance, shared by its workers.
#[derive(Debug, Default)]
pub struct Windows(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    windows: HashMap<ApiKeyId, Window>,
    prune_at: usize,
}

#[derive(Debug)]
struct Window {
    began: Timestamp,
    accepted: u32,
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
            accepted: 0,
        });
        window.take(limit, now)
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
                accepted: 0,
            };
        }
        let has_room = self.accepted < limit.requests();
        if has_room {
            self.accepted += 1;
        }
        let state = RateState {
            limit,
            remaining: limit.requests().saturating_sub(self.accepted),
            resets_in: WINDOW - (now - self.began),
        };
        if has_room { Ok(state) } else { Err(state) }
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
    fn windows_that_have_ended_are_forgotten() {
        let windows = Windows::default();
        for number in 0..PRUNE_AT {
            assert!(windows.take(id(number), limit(1), START).is_ok());
        }
        assert!(windows.take(id(PRUNE_AT), limit(1), START + WINDOW).is_ok());
        assert_eq!(windows.0.lock().unwrap().windows.len(), 1);
    }
}
