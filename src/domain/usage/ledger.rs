//! What one worker has noted since the last flush. Nothing here waits or touches the database.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use super::key_notes::KeyNotes;
use super::outcome::Outcome;
use super::uses::{UpstreamUse, Use, cut};
use crate::clock::Timestamp;
use crate::domain::integrations::tokens::Tokens;
use crate::ids::{ApiKeyId, ProviderKeyId};

/// Requests in detail that one worker keeps between two flushes. Writing a request in detail costs more than verifying
/// it, so under load most are only counted.
const MOST_DETAILS: usize = 250;

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

impl Ledger {
    pub(super) fn note(&mut self, one: &Use<'_>) {
        self.note_count(one);
        self.note_detail(one);
    }

    pub(super) fn note_count(&mut self, one: &Use<'_>) {
        self.requests += 1;
        self.keys.entry(one.key.id).or_default().note(one);
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
        notes.note_call(provider, at, tokens);
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
            match self.keys.entry(id) {
                Entry::Occupied(known) => known.into_mut().absorb(notes),
                Entry::Vacant(place) => drop(place.insert(notes)),
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(keys: impl Iterator<Item = u32>) -> Ledger {
        let mut ledger = Ledger::default();
        for number in keys {
            let id: ApiKeyId = format!("{number:010}").parse().unwrap();
            let notes = ledger.keys.entry(id).or_default();
            notes.add(7, Outcome::Accepted, 2);
            notes.note_call(
                "openai",
                Timestamp::from_millis(number.into()),
                Tokens::default(),
            );
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
            assert_eq!(notes.calls()[0].calls, if twice { 2 } else { 1 });
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
