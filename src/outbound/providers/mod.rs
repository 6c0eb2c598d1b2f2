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
mod answer;
mod call_body;
mod check;
mod connections;
mod connector;
mod own_name;
mod place;

use std::fmt;
use std::rc::Rc;

use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use hyper::{Method, Request, Uri};
use zeroize::Zeroizing;

use self::connections::{Connection, IdleConnections, Unanswered};
use crate::secret::Secret;

pub use answer::{Answer, AnswerBody};
pub use call_body::CallBody;
pub use check::{CheckCall, Checked, Said, refusal_words};
pub use connector::{BadAuthorities, CallRules, Connector};
pub use own_name::{CDN_LOOP, OwnName};
pub use place::{Allowed, AllowedPlace, BadBaseUrl, BadPlace, BaseUrl};

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
    /// The request broke off while it was passed on.
    #[error("the request broke off before its end")]
    Incomplete,
}

/// Calls providers. Clones share their connections, which stay on a thread: each worker has a client of its own.
#[derive(Clone)]
pub struct ProviderClient {
    connector: Connector,
    idle: Rc<IdleConnections>,
}

impl ProviderClient {
    /// A client with connections of its own.
    pub fn new(connector: Connector) -> Self {
        Self {
            connector,
            idle: Rc::default(),
        }
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
        headers: HeaderMap,
        body: CallBody,
    ) -> Result<Answer, CallError> {
        let base = &endpoint.base_url;
        if let Err(problem) = base.judge(&self.connector.allowed) {
            return Err(CallError::Refused(problem.to_string()));
        }
        let mut request = request(endpoint, secret, method, path_and_query, headers, body)?;
        (request.headers_mut()).append(CDN_LOOP, self.connector.own_name.value());
        let origin = base.origin();
        while let Some(mut idle) = self.idle.take(origin) {
            match idle.ask(request).await {
                Ok(answer) => return Ok(Answer::new(answer, idle, origin, &self.idle).await),
                // It had been closed meanwhile.
                Err(Unanswered::NotSent(unsent)) => request = *unsent,
                Err(Unanswered::Broken(error)) => return Err(broken(&error)),
            }
        }
        let stream = self.connector.connect(base).await?;
        let mut fresh = (Connection::open(stream).await).map_err(|error| broken(&error))?;
        match fresh.ask(request).await {
            Ok(answer) => Ok(Answer::new(answer, fresh, origin, &self.idle).await),
            Err(Unanswered::NotSent(_)) => Err(CallError::Unreachable(
                "It closed the connection before it was asked anything.".to_owned(),
            )),
            Err(Unanswered::Broken(error)) => Err(broken(&error)),
        }
    }
}

/// What is sent.
fn request(
    endpoint: &Endpoint,
    secret: &Secret<String>,
    method: Method,
    path_and_query: &str,
    mut headers: HeaderMap,
    body: CallBody,
) -> Result<Request<CallBody>, CallError> {
    let base = &endpoint.base_url;
    let refused = |words: &str| CallError::Refused(words.to_owned());
    let path = (base.join(path_and_query))
        .ok_or_else(|| refused("The path leads out of the provider's API."))?;
    for (name, value) in &endpoint.headers {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    (endpoint.key_header.put(&mut headers, secret))
        .ok_or_else(|| refused("The key has characters that no header can hold."))?;
    let host = HeaderValue::from_str(base.authority())
        .map_err(|_unsuited| CallError::Refused(BadBaseUrl::Malformed.to_string()))?;
    headers.insert(HOST, host);
    match body {
        // Servers want to hear that nothing follows where something could (RFC 9110, section 8.6).
        CallBody::Empty if [Method::POST, Method::PUT, Method::PATCH].contains(&method) => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        // hyper leaves a body of unknown length out where it expects none.
        CallBody::Pieces { length: None, .. } => {
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        _ => {}
    }
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from(path);
    *request.headers_mut() = headers;
    Ok(request)
}

fn broken(error: &hyper::Error) -> CallError {
    // The one part that we add: the body of the request.
    if error.is_user() {
        return CallError::Incomplete;
    }
    tracing::debug!(
        error = error as &dyn std::error::Error,
        "a provider gave no answer"
    );
    CallError::Unreachable(
        "It broke the connection off, or its answer could not be understood.".to_owned(),
    )
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
}
