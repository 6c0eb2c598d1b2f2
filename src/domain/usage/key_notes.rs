//! What was noted about one key since the last flush.

use std::net::IpAddr;

use super::outcome::Outcome;
use super::uses::{Exposure, Use, cut, minute_of};
use crate::clock::Timestamp;
use crate::domain::integrations::tokens::Tokens;
use crate::domain::verification::record::SecretMatch;

/// Notes about one key. There are as many as keys in use, so what few keys need lies elsewhere.
#[derive(Debug, Default)]
pub(super) struct KeyNotes {
    pub(super) counts: Vec<Count>,
    pub(super) last_use: Option<LastUse>,
    rare: Option<Box<RareNotes>>,
}

/// What is noted about few keys.
#[derive(Debug, Default)]
struct RareNotes {
    secret_uses: Vec<(i64, Timestamp)>,
    attempts: Option<Attempts>,
    exposures: Vec<Seen>,
    calls: Vec<DayCalls>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) minute: i64,
    pub(super) outcome: Outcome,
    pub(super) requests: u64,
}

#[derive(Clone, Debug)]
pub(super) struct LastUse {
    pub(super) at: Timestamp,
    pub(super) address: Option<IpAddr>,
    pub(super) client: Box<str>,
}

#[derive(Clone, Debug)]
pub(super) struct Attempts {
    pub(super) number: u64,
    pub(super) first_at: Timestamp,
    pub(super) last: LastUse,
}

#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) exposure: Exposure,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
    pub(super) address: Option<IpAddr>,
}

/// Calls of a key that a provider answered on a day, and the tokens that it told.
#[derive(Clone, Debug)]
pub(super) struct DayCalls {
    pub(super) day: i64,
    pub(super) provider: Box<str>,
    pub(super) calls: u64,
    pub(super) tokens: Tokens,
}

impl KeyNotes {
    pub(super) fn note(&mut self, one: &Use<'_>) {
        self.add(minute_of(one.at), one.outcome, 1);
        if one.outcome == Outcome::Accepted {
            set_last(&mut self.last_use, one);
            self.note_secret(one);
        } else if one.is_dead {
            self.note_attempt(one);
        }
        // Only a true secret is exposed.
        if one.secret != SecretMatch::Wrong {
            for exposure in one.exposures.iter() {
                self.note_exposure(exposure, one);
            }
        }
    }

    pub(super) fn note_call(&mut self, provider: &str, at: Timestamp, tokens: Tokens) {
        self.rare().add_calls(DayCalls {
            day: minute_of(at).div_euclid(1_440),
            provider: provider.into(),
            calls: 1,
            tokens,
        });
    }

    pub(super) fn add(&mut self, minute: i64, outcome: Outcome, requests: u64) {
        let same = |count: &&mut Count| count.minute == minute && count.outcome == outcome;
        match self.counts.iter_mut().find(same) {
            Some(count) => count.requests += requests,
            None => {
                // Mostly there is one, and an unasked vector takes room for four.
                self.counts.reserve_exact(1);
                self.counts.push(Count {
                    minute,
                    outcome,
                    requests,
                });
            }
        }
    }

    /// Which secret was used matters only while there is another one that works.
    fn note_secret(&mut self, one: &Use<'_>) {
        let number = match one.secret {
            SecretMatch::Current if one.key.has_overlap_at(one.at) => one.key.secret_number(),
            SecretMatch::Replaced { number, .. } => number,
            SecretMatch::Current | SecretMatch::Wrong => return,
        };
        self.rare().note_secret(number, one.at);
    }

    fn rare(&mut self) -> &mut RareNotes {
        self.rare.get_or_insert_default()
    }

    /// When each secret was last used, by its number, while two of them work.
    pub(super) fn secret_uses(&self) -> &[(i64, Timestamp)] {
        self.rare.as_ref().map_or(&[], |rare| &rare.secret_uses)
    }

    /// Uses of a true secret that works no more.
    pub(super) fn attempts(&self) -> Option<&Attempts> {
        self.rare.as_ref()?.attempts.as_ref()
    }

    /// Calls that providers have answered.
    pub(super) fn calls(&self) -> &[DayCalls] {
        self.rare.as_ref().map_or(&[], |rare| &rare.calls)
    }

    /// Where a true secret was seen that others may have seen too.
    pub(super) fn exposures(&self) -> &[Seen] {
        self.rare.as_ref().map_or(&[], |rare| &rare.exposures)
    }

    fn note_attempt(&mut self, one: &Use<'_>) {
        let known = &mut self.rare().attempts;
        match known {
            Some(attempts) => {
                attempts.number += 1;
                attempts.last = LastUse::of(one);
            }
            None => {
                *known = Some(Attempts {
                    number: 1,
                    first_at: one.at,
                    last: LastUse::of(one),
                });
            }
        }
    }

    fn note_exposure(&mut self, exposure: Exposure, one: &Use<'_>) {
        let exposures = &mut self.rare().exposures;
        match exposures.iter_mut().find(|seen| seen.exposure == exposure) {
            Some(seen) => {
                seen.last_at = one.at;
                seen.address = one.address;
            }
            None => exposures.push(Seen {
                exposure,
                first_at: one.at,
                last_at: one.at,
                address: one.address,
            }),
        }
    }

    pub(super) fn absorb(&mut self, other: Self) {
        for count in other.counts {
            self.add(count.minute, count.outcome, count.requests);
        }
        if let Some(last) = other.last_use
            && self
                .last_use
                .as_ref()
                .is_none_or(|known| known.at <= last.at)
        {
            self.last_use = Some(last);
        }
        if let Some(rare) = other.rare {
            self.rare().absorb(*rare);
        }
    }
}

impl RareNotes {
    fn add_calls(&mut self, used: DayCalls) {
        let same = |known: &&mut DayCalls| known.day == used.day && known.provider == used.provider;
        match self.calls.iter_mut().find(same) {
            Some(known) => {
                known.calls += used.calls;
                known.tokens.input = known.tokens.input.saturating_add(used.tokens.input);
                known.tokens.output = known.tokens.output.saturating_add(used.tokens.output);
            }
            None => self.calls.push(used),
        }
    }

    fn note_secret(&mut self, number: i64, at: Timestamp) {
        match (self.secret_uses.iter_mut()).find(|(known, _)| *known == number) {
            Some((_, last)) => *last = at.max(*last),
            None => self.secret_uses.push((number, at)),
        }
    }

    fn absorb(&mut self, other: Self) {
        for used in other.calls {
            self.add_calls(used);
        }
        for (number, at) in other.secret_uses {
            self.note_secret(number, at);
        }
        self.attempts = match (self.attempts.take(), other.attempts) {
            (Some(a), Some(b)) => Some(Attempts {
                number: a.number + b.number,
                first_at: a.first_at.min(b.first_at),
                last: if a.last.at > b.last.at {
                    a.last
                } else {
                    b.last
                },
            }),
            (a, b) => a.or(b),
        };
        for seen in other.exposures {
            match (self.exposures.iter_mut()).find(|known| known.exposure == seen.exposure) {
                Some(known) => {
                    known.first_at = known.first_at.min(seen.first_at);
                    if seen.last_at >= known.last_at {
                        known.last_at = seen.last_at;
                        known.address = seen.address;
                    }
                }
                None => self.exposures.push(seen),
            }
        }
    }
}

/// A client mostly stays the same: its name is copied only when it changes.
fn set_last(last: &mut Option<LastUse>, one: &Use<'_>) {
    match last {
        Some(known) if known.at > one.at => {}
        Some(known) => {
            known.at = one.at;
            known.address = one.address;
            if *known.client != *one.client {
                known.client = cut(one.client);
            }
        }
        None => *last = Some(LastUse::of(one)),
    }
}

impl LastUse {
    fn of(one: &Use<'_>) -> Self {
        Self {
            at: one.at,
            address: one.address,
            client: cut(one.client),
        }
    }
}
