//! Calls to providers of APIs. Nothing else can be reached through us:
//!
//! 1. A call goes to the host and port of a configured base URL ([`BaseUrl`]), whatever its path says. Redirects are not
//!    followed, and no proxy of the system's environment is used.
//! 2. https only, with certificates checked. Addresses of private ranges are refused: written out ones when the URL is read
//!    and before each call, those behind a name when it is resolved, which is the address that is then connected to.
//! 3. What an operator allows by host and port is excepted: it may be private, and unencrypted.
//! 4. Each call bears our name in `CDN-Loop` (RFC 8586), so that a provider that leads back to us is recognized as one.
//!
//! A key gets into a request here and nowhere else, in a header that does not print itself.

mod addresses;
mod check;
mod place;

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Certificate, Client, ClientBuilder, Method, Response, redirect, retry};
use zeroize::Zeroizing;

use self::addresses::is_public;
use crate::secret::Secret;

pub use check::{CheckCall, Checked, Said, refusal_words};
pub use place::{Allowed, AllowedPlace, BadBaseUrl, BadPlace, BaseUrl};

/// How long an idle connection is kept for the next call. Shorter than servers commonly keep theirs, so that a call seldom
/// meets one that is just being closed.
const KEEP_IDLE: Duration = Duration::from_secs(30);

/// By which servers a call has come (RFC 8586).
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");

/// How a provider wants its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyHeader {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// A header of its own, which holds nothing but the key.
    Named(HeaderName),
}

impl KeyHeader {
    /// Reads `bearer`, or the name of a header.
    pub fn parse(word: &str) -> Option<Self> {
        if word == "bearer" {
            return Some(Self::Bearer);
        }
        let name = HeaderName::from_bytes(word.as_bytes()).ok()?;
        // What says where a message ends or goes is none of a key's business.
        let is_taken = matches!(
            name.as_str(),
            "host" | "connection" | "content-length" | "transfer-encoding" | "te" | "upgrade"
        );
        (!is_taken).then_some(Self::Named(name))
    }

    /// The header that holds the key.
    pub fn name(&self) -> &HeaderName {
        match self {
            Self::Bearer => &AUTHORIZATION,
            Self::Named(name) => name,
        }
    }

    /// Puts the key in, in place of whatever is there. `None` if no header can hold it.
    fn put(&self, headers: &mut HeaderMap, secret: &Secret<String>) -> Option<()> {
        let mut value = match self {
            Self::Bearer => {
                let text = Zeroizing::new(format!("Bearer {}", secret.expose()));
                HeaderValue::from_str(&text)
            }
            Self::Named(_) => HeaderValue::from_str(secret.expose()),
        }
        .ok()?;
        value.set_sensitive(true);
        headers.insert(self.name().clone(), value);
        Some(())
    }
}

impl fmt::Display for KeyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Named(name) => f.write_str(name.as_str()),
        }
    }
}

/// What a call to a provider needs besides the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where it is.
    pub base_url: BaseUrl,
    /// How it wants the key.
    pub key_header: KeyHeader,
    /// Headers that a call must have, for those that do not.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Why a call got no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection, or it broke off before there was an answer. In words for people, without addresses.
    #[error("{0}")]
    Unreachable(String),
    /// It took too long to connect.
    #[error("it took too long")]
    TimedOut,
    /// It may not be called.
    #[error("{0}")]
    Refused(String),
}

/// Calls providers. Clones share their connections; those live on the runtime that made the call, so each worker has a
/// client of its own.
#[derive(Clone)]
pub struct ProviderClient {
    /// For what is public.
    public: Client,
    /// For what the operator allows by name.
    named: Client,
    allowed: Allowed,
    own_name: HeaderValue,
}

/// How providers are called.
#[derive(Clone, Debug)]
pub struct CallRules {
    /// What may be called although it is private.
    pub allowed: Allowed,
    /// Certificates that are trusted besides the system's, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// How long connecting may take.
    pub connect_within: Duration,
    /// By what our own calls are known: host and port of the public address.
    pub own_name: HeaderValue,
}

impl CallRules {
    /// True if one of these values of `CDN-Loop` says that the call has been here before.
    pub fn has_been_here<'a>(&self, mut values: impl Iterator<Item = &'a [u8]>) -> bool {
        let is_ours = |server: &[u8]| {
            let name = server.split(|byte| *byte == b';').next();
            let name = name.unwrap_or_default().trim_ascii();
            name.eq_ignore_ascii_case(self.own_name.as_bytes())
        };
        values.any(|value| value.split(|byte| *byte == b',').any(is_ours))
    }
}

/// The certificates cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("it holds no certificates in PEM form")]
pub struct BadAuthorities;

impl ProviderClient {
    /// A client with connections of its own.
    ///
    /// # Errors
    /// If the certificates cannot be read.
    pub fn new(rules: &CallRules) -> Result<Self, BadAuthorities> {
        super::tls::choose_provider();
        let certificates = match &rules.authorities {
            Some(pem) => Certificate::from_pem_bundle(pem).or(Err(BadAuthorities))?,
            None => Vec::new(),
        };
        if certificates.is_empty() && rules.authorities.is_some() {
            return Err(BadAuthorities);
        }
        let build = |builder: ClientBuilder| {
            let builder = match certificates.as_slice() {
                [] => builder,
                some => builder.tls_certs_merge(some.iter().cloned()),
            };
            builder.build().or(Err(BadAuthorities))
        };
        let public = builder(rules.connect_within)
            .https_only(true)
            .dns_resolver(PublicOnly);
        Ok(Self {
            public: build(public)?,
            named: build(builder(rules.connect_within))?,
            allowed: rules.allowed.clone(),
            own_name: rules.own_name.clone(),
        })
    }

    /// Makes a call with the key put in. The path begins with a slash and stands below that of the base URL. An answer is an
    /// answer, whatever its status; its body has not been read.
    ///
    /// # Errors
    /// If there is no answer, or the call may not be made.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        secret: &Secret<String>,
        method: Method,
        path_and_query: &str,
        mut headers: HeaderMap,
        body: Body,
    ) -> Result<Response, CallError> {
        let base = &endpoint.base_url;
        if let Err(problem) = base.judge(&self.allowed) {
            return Err(CallError::Refused(problem.to_string()));
        }
        let url = base.join(path_and_query).ok_or_else(|| {
            CallError::Refused("The path leads out of the provider's API.".to_owned())
        })?;
        for (name, value) in &endpoint.headers {
            if !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
        endpoint
            .key_header
            .put(&mut headers, secret)
            .ok_or_else(|| {
                CallError::Refused("The key has characters that no header can hold.".to_owned())
            })?;
        headers.append(CDN_LOOP, self.own_name.clone());
        let client = match base.is_named(&self.allowed) {
            true => &self.named,
            false => &self.public,
        };
        let request = client.request(method, url).headers(headers).body(body);
        request.send().await.map_err(|error| call_error(&error))
    }
}

fn builder(connect_within: Duration) -> ClientBuilder {
    Client::builder()
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .connect_timeout(connect_within)
        .pool_idle_timeout(KEEP_IDLE)
        .tcp_nodelay(true)
}

/// Resolves names, and gives only public addresses. What it gives is what is connected to: a name that stands for another
/// address a moment later gains nothing.
struct PublicOnly;

/// All addresses of a name are private.
#[derive(Debug, thiserror::Error)]
#[error("all addresses of the name are in private ranges")]
struct NothingPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| is_public(address.ip()))
                .collect();
            if public.is_empty() {
                return Err(NothingPublic.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// True if TLS says that something is wrong. Its error is wrapped in errors of input and output, once or twice, which hide it
/// from `source`.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    let io = error.downcast_ref::<std::io::Error>();
    io.and_then(std::io::Error::get_ref)
        .is_some_and(|inner| is_of_tls(inner))
}

/// Why there is no answer, in words that say nothing of addresses.
fn call_error(error: &reqwest::Error) -> CallError {
    let mut cause = Some(error as &dyn Error);
    while let Some(one) = cause {
        if one.is::<NothingPublic>() {
            return CallError::Refused(BadBaseUrl::Private.to_string());
        }
        if is_of_tls(one) {
            return CallError::Unreachable("Its certificate does not fit.".to_owned());
        }
        cause = one.source();
    }
    if error.is_timeout() {
        return CallError::TimedOut;
    }
    let words = match (error.is_dns(), error.is_connect()) {
        (true, _) => "Its name is not known.",
        (_, true) => "No connection could be made.",
        _ => "It broke the connection off, or its answer could not be understood.",
    };
    CallError::Unreachable(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_of_a_key_is_a_word_or_a_header() {
        assert_eq!(KeyHeader::parse("bearer"), Some(KeyHeader::Bearer));
        let named = KeyHeader::parse("x-goog-api-key").unwrap();
        assert_eq!(named.to_string(), "x-goog-api-key");
        for word in ["", "a b", "x:y", "host", "Transfer-Encoding", "é"] {
            assert_eq!(KeyHeader::parse(word), None, "{word}");
        }
    }

    #[test]
    fn a_key_takes_the_place_of_what_was_there_and_does_not_print() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer kp_1"));
        let secret = Secret::new("sk-hunter22".to_owned());
        KeyHeader::Bearer.put(&mut headers, &secret).unwrap();
        assert_eq!(headers.get_all(AUTHORIZATION).iter().count(), 1);
        assert_eq!(headers[AUTHORIZATION], "Bearer sk-hunter22");
        assert!(!format!("{headers:?}").contains("hunter22"));
        let broken = Secret::new("a\r\nb: c".to_owned());
        assert!(KeyHeader::Bearer.put(&mut headers, &broken).is_none());
    }

    #[tokio::test]
    async fn a_name_for_this_machine_has_no_address_here() {
        let resolved = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.is_err_and(|error| error.is::<NothingPublic>()));
    }
}
