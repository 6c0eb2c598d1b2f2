//! The public keys that GitHub signs its reports of found keys with
//! (docs.github.com, "Secret scanning partner program"): ECDSA on P-256 with SHA-256 over the body as it came, in DER.
//!
//! They come from the settings, or are fetched and kept for a day. A signature by a key that is not known leads to a new
//! fetch, once a minute at most: keys are changed, and anyone can make up an id.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::clock::Timestamp;

/// Fetched keys are used for this long.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// So long after a fetch there is no other one.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// How long a fetch may take.
const LONGEST_FETCH: Duration = Duration::from_secs(10);
/// Bytes of the list that are read at most.
const MOST_BYTES: usize = 256 * 1024;

/// A setting that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLeakKeys {
    /// No address, or one that is not https. Loopback may be http.
    #[error("write an https address")]
    Url,
    /// No public key.
    #[error("entry {0} is not of the form id:base64 of a P-256 public key")]
    Key(usize),
}

/// Why a report is not believed.
#[derive(Debug, thiserror::Error)]
pub enum BadSignature {
    /// The signature is missing, malformed, by an unknown key, or does not fit the body.
    #[error("the report is not signed by a key that is known")]
    Wrong,
    /// The keys cannot be had at present.
    #[error("the public keys cannot be fetched")]
    NoKeys(#[source] Box<dyn std::error::Error + Send + Sync>),
}

type Keys = HashMap<String, VerifyingKey>;

/// Where the keys come from.
enum Source {
    Fixed(Keys),
    Fetched { url: Url, client: reqwest::Client },
}

/// What was fetched, and when a fetch was last tried.
#[derive(Default)]
struct Cache {
    keys: Keys,
    fetched_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

/// The keys.
pub struct LeakKeys {
    source: Source,
    cache: Mutex<Cache>,
}

#[derive(Deserialize)]
struct List {
    public_keys: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    key_identifier: String,
    key: String,
    #[serde(default)]
    is_current: bool,
}

impl LeakKeys {
    /// Keys as the settings have them: `id:base64` of the key as in a PEM file, without its first and last line.
    ///
    /// # Errors
    /// If an entry is no key.
    pub fn fixed(entries: &[String]) -> Result<Self, BadLeakKeys> {
        let mut keys = Keys::new();
        for (index, entry) in entries.iter().enumerate() {
            let key = entry.trim().split_once(':').and_then(|(id, encoded)| {
                let der = STANDARD.decode(encoded.trim()).ok()?;
                let key = VerifyingKey::from_public_key_der(&der).ok()?;
                Some((id.trim().to_owned(), key))
            });
            let (id, key) = key.ok_or(BadLeakKeys::Key(index + 1))?;
            keys.insert(id, key);
        }
        Ok(Self::new(Source::Fixed(keys)))
    }

    /// Keys that are fetched when they are first needed.
    ///
    /// # Errors
    /// If it is no https address (http on loopback, for a mirror on the same machine).
    pub fn fetched(url: &str) -> Result<Self, BadLeakKeys> {
        super::tls::choose_provider();
        let url = Url::parse(url).or(Err(BadLeakKeys::Url))?;
        let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback) {
            return Err(BadLeakKeys::Url);
        }
        let client = reqwest::Client::builder()
            .timeout(LONGEST_FETCH)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("keyport")
            .build()
            .or(Err(BadLeakKeys::Url))?;
        Ok(Self::new(Source::Fetched { url, client }))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            cache: Mutex::default(),
        }
    }

    /// Makes sure that the body was signed with one of the keys.
    ///
    /// # Errors
    /// If it was not, or the keys cannot be had.
    pub async fn verify(
        &self,
        now: Timestamp,
        id: &str,
        signature: &str,
        body: &[u8],
    ) -> Result<(), BadSignature> {
        let signature = STANDARD
            .decode(signature)
            .ok()
            .and_then(|der| Signature::from_der(&der).ok())
            .ok_or(BadSignature::Wrong)?;
        let key = self.find(now, id).await?.ok_or(BadSignature::Wrong)?;
        key.verify(body, &signature).or(Err(BadSignature::Wrong))
    }

    async fn find(&self, now: Timestamp, id: &str) -> Result<Option<VerifyingKey>, BadSignature> {
        let (url, client) = match &self.source {
            Source::Fixed(keys) => return Ok(keys.get(id).copied()),
            Source::Fetched { url, client } => (url, client),
        };
        let mut cache = self.cache.lock().await;
        let is_fresh = cache.fetched_at.is_some_and(|at| now < at + KEPT);
        if is_fresh && let Some(key) = cache.keys.get(id) {
            return Ok(Some(*key));
        }
        if cache.tried_at.is_some_and(|at| now < at + PAUSE) {
            return match is_fresh {
                true => Ok(None),
                false => Err(BadSignature::NoKeys("they were asked for in vain".into())),
            };
        }
        cache.tried_at = Some(now);
        cache.keys = fetch(client, url).await.map_err(BadSignature::NoKeys)?;
        cache.fetched_at = Some(now);
        Ok(cache.keys.get(id).copied())
    }
}

/// The current keys; what is no key is left out.
async fn fetch(
    client: &reqwest::Client,
    url: &Url,
) -> Result<Keys, Box<dyn std::error::Error + Send + Sync>> {
    let mut answer = client.get(url.clone()).send().await?.error_for_status()?;
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        text.extend_from_slice(&chunk);
        if text.len() > MOST_BYTES {
            return Err("the list of public keys is too long".into());
        }
    }
    let list: List = serde_json::from_slice(&text)?;
    let current = list.public_keys.into_iter().filter(|key| key.is_current);
    Ok(current
        .filter_map(|listed| {
            let key = VerifyingKey::from_public_key_pem(&listed.key).ok()?;
            Some((listed.key_identifier, key))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine_is_asked_for_keys() {
        for url in [
            "https://api.github.com/meta/public_keys/secret_scanning",
            "http://127.0.0.1:9/keys",
        ] {
            assert!(LeakKeys::fetched(url).is_ok(), "{url}");
        }
        for url in ["http://api.github.com/x", "ftp://127.0.0.1/x", "keys"] {
            assert_eq!(
                LeakKeys::fetched(url).err(),
                Some(BadLeakKeys::Url),
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_key_is_named_by_its_number() {
        for entry in ["", "a", "a:%", "a:AAAA"] {
            let keys = LeakKeys::fixed(&[entry.to_owned()]);
            assert_eq!(keys.err(), Some(BadLeakKeys::Key(1)), "{entry}");
        }
    }
}
