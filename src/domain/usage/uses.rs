//! A request that named a key, as it is told to the usage log.

use std::net::IpAddr;

use super::outcome::Outcome;
use crate::clock::Timestamp;
use crate::domain::api_keys::key_string::without_secrets;
use crate::domain::text::is_hidden;
use crate::domain::verification::record::{KeyRecord, SecretMatch};

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
    pub(super) fn iter(self) -> impl Iterator<Item = Exposure> {
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

/// Minutes since 1970-01-01T00:00Z.
pub fn minute_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(60_000)
}

/// Cut, and without hidden characters and secrets: it is stored, and shown on pages.
pub(super) fn cut(text: &str) -> Box<str> {
    let text = &*without_secrets(text);
    if text.len() <= MOST_CHARS && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.into();
    }
    let plain = text.chars().filter(|c| !is_hidden(*c));
    plain.take(MOST_CHARS).collect::<String>().into()
}
