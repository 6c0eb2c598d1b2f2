//! What one worker has noted since the last flush. Nothing here waits or touches the database.

use std::collections::HashMap;
use std::net::IpAddr;

use super::outcome::Outcome;
use crate::clock::Timestamp;
use crate::domain::api_keys::key_string::without_secrets;
use crate::domain::integrations::tokens::Tokens;
use crate::domain::text::is_hidden;
use crate::domain::verification::record::{KeyRecord, SecretMatch};
use crate::ids::{ApiKeyId, ProviderKeyId};

/// Requests in detail that one worker keeps between two flushes. Writing a request in detail costs more than verifying
/// it, so under load most are only counted.
const MOST_DETAILS: usize = 250;
/// Characters of a client's name and of a path that are kept.
const MOST_CHARS: usize = 200;

/// Where a true secret was seen that others may have seen too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exposure {
    /// In a URL: those end up in logs and histories.
    Url,
    /// On plain http, from another machine.
    PlainHttp,
}

impl Exposure {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::PlainHttp => "plain_http",
        }
    }
}

/// Where one request showed a key that it should not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposures {
    /// In its URL.
    pub in_url: bool,
    /// On plain http, from another machine.
    pub on_plain_http: bool,
}

impl Exposures {
    fn iter(self) -> impl Iterator<Item = Exposure> {
        let in_url = self.in_url.then_some(Exposure::Url);
        in_url
            .into_iter()
            .chain(self.on_plain_http.then_some(Exposure::PlainHttp))
    }
}

/// What came of a call that was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamUse {
    /// What the provider answered, if it did.
    pub status: Option<u16>,
    /// How long that took, to the end of its answer, in microseconds.
    pub took_us: u64,
}

/// A request that named a key.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The key.
    pub key: &'a KeyRecord,
    /// Which of its secrets was presented.
    pub secret: SecretMatch,
    /// When it was judged.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// True if a true secret was presented that no longer works, whatever the outcome says first.
    pub is_dead: bool,
    /// Where the key was seen that it should not have been.
    pub exposures: Exposures,
    /// From where; `None` if not known for sure.
    pub address: Option<IpAddr>,
    /// The client as it names itself.
    pub client: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The request's path; what follows a `?` is left out.
    pub path: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// How long the answer took, in microseconds.
    pub took_us: u64,
    /// What a provider did about it, if it was asked.
    pub upstream: Option<UpstreamUse>,
}

/// Notes of one worker.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) keys: HashMap<ApiKeyId, KeyNotes>,
    pub(super) details: Vec<Detail>,
    /// When keys of providers were last used.
    pub(super) provider_uses: HashMap<ProviderKeyId, Timestamp>,
    pub(super) details_left_out: u64,
    pub(super) requests: u64,
}

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

#[derive(Clone, Debug)]
pub(super) struct Detail {
    pub(super) key: ApiKeyId,
    pub(super) at: Timestamp,
    pub(super) outcome: Outcome,
    pub(super) method: Box<str>,
    pub(super) path: Box<str>,
    pub(super) status: u16,
    pub(super) took_us: u64,
    pub(super) address: Option<IpAddr>,
    pub(super) client: Box<str>,
    pub(super) upstream: Option<UpstreamUse>,
}

/// Calls of a key that a provider answered on a day, and the tokens that it told.
#[derive(Clone, Debug)]
pub(super) struct DayCalls {
    pub(super) day: i64,
    pub(super) provider: Box<str>,
    pub(super) calls: u64,
    pub(super) tokens: Tokens,
}

impl Ledger {
    pub(super) fn note(&mut self, one: &Use<'_>) {
        self.note_count(one);
        self.note_detail(one);
    }

    pub(super) fn note_count(&mut self, one: &Use<'_>) {
        self.requests += 1;
        let notes = self.keys.entry(one.key.id).or_default();
        notes.add(minute_of(one.at), one.outcome, 1);
        if one.outcome == Outcome::Accepted {
            set_last(&mut notes.last_use, one);
            notes.note_secret(one);
        } else if one.is_dead {
            notes.note_attempt(one);
        }
        // Only a true secret is exposed.
        if one.secret != SecretMatch::Wrong {
            for exposure in one.exposures.iter() {
                notes.note_exposure(exposure, one);
            }
        }
    }

    pub(super) fn note_detail(&mut self, one: &Use<'_>) {
        if self.details.len() < MOST_DETAILS {
            self.details.push(Detail::of(one));
        } else {
            self.details_left_out += 1;
        }
    }

    pub(super) fn note_call(
        &mut self,
        key: ApiKeyId,
        provider: &str,
        at: Timestamp,
        tokens: Tokens,
    ) {
        let notes = self.keys.entry(key).or_default();
        notes.rare().add_calls(DayCalls {
            day: minute_of(at).div_euclid(1_440),
            provider: provider.into(),
            calls: 1,
            tokens,
        });
    }

    pub(super) fn note_provider_use(&mut self, key: ProviderKeyId, at: Timestamp) {
        let last = self.provider_uses.entry(key).or_insert(at);
        *last = at.max(*last);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.details.is_empty() && self.provider_uses.is_empty()
    }

    /// Takes what another ledger holds, which is empty after this. Both keep the room they have: tables that come and go
    /// twice a second leave memory in pieces.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        self.requests += std::mem::take(&mut other.requests);
        self.details_left_out += std::mem::take(&mut other.details_left_out);
        self.details.append(&mut other.details);
        for (key, at) in other.provider_uses.drain() {
            self.note_provider_use(key, at);
        }
        let keys = other.keys.len();
        for (id, notes) in other.keys.drain() {
            self.keys.entry(id).or_default().absorb(notes);
        }
        other.give_room_back(keys);
    }

    /// Makes it empty.
    pub(super) fn clear(&mut self) {
        self.requests = 0;
        self.details_left_out = 0;
        self.details.clear();
        self.provider_uses.clear();
        let keys = self.keys.len();
        self.keys.clear();
        self.give_room_back(keys);
    }

    /// After a rush, the room of an emptied table is many times what is needed.
    fn give_room_back(&mut self, keys: usize) {
        if self.keys.capacity() / 8 > keys {
            self.keys.shrink_to(keys * 2);
        }
    }
}

impl KeyNotes {
    fn add(&mut self, minute: i64, outcome: Outcome, requests: u64) {
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

    fn absorb(&mut self, other: Self) {
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

impl Detail {
    fn of(one: &Use<'_>) -> Self {
        let path = one.path.split('?').next().unwrap_or_default();
        Self {
            key: one.key.id,
            at: one.at,
            outcome: one.outcome,
            method: cut(one.method),
            path: cut(path),
            status: one.status,
            took_us: one.took_us,
            address: one.address,
            client: cut(one.client),
            upstream: one.upstream,
        }
    }
}

/// Cut, and without hidden characters and secrets: it is stored, and shown on pages.
fn cut(text: &str) -> Box<str> {
    let text = &*without_secrets(text);
    if text.len() <= MOST_CHARS && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.into();
    }
    let plain = text.chars().filter(|c| !is_hidden(*c));
    plain.take(MOST_CHARS).collect::<String>().into()
}

/// Minutes since 1970-01-01T00:00Z.
pub fn minute_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(keys: impl Iterator<Item = u32>) -> Ledger {
        let mut ledger = Ledger::default();
        for number in keys {
            let id: ApiKeyId = format!("{number:010}").parse().unwrap();
            let notes = ledger.keys.entry(id).or_default();
            notes.add(7, Outcome::Accepted, 2);
            notes
                .rare()
                .note_secret(1, Timestamp::from_millis(number.into()));
            ledger.requests += 2;
        }
        ledger
    }

    #[test]
    fn what_is_taken_in_is_added_up_and_leaves_an_empty_ledger_with_its_room() {
        let (mut all, mut other) = (ledger(0..100), ledger(50..150));
        let room = other.keys.capacity();
        all.absorb(&mut other);
        assert!(other.is_empty());
        assert_eq!(other.keys.capacity(), room);
        assert_eq!(
            (all.keys.len(), all.requests, other.requests),
            (150, 400, 0)
        );
        for (id, notes) in &all.keys {
            let twice = (50..100).contains(&id.to_string().parse().unwrap());
            assert_eq!(notes.counts[0].requests, if twice { 4 } else { 2 });
            assert_eq!(notes.secret_uses().len(), 1);
        }
    }

    #[test]
    fn after_a_rush_a_ledger_gives_its_room_back() {
        let (mut all, mut rush) = (Ledger::default(), ledger(0..10_000));
        all.absorb(&mut rush);
        all.clear();
        assert!(all.keys.capacity() >= 10_000);
        all.absorb(&mut ledger(0..10));
        all.clear();
        assert!(all.keys.capacity() < 1_000);
    }
}
