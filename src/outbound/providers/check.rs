//! Asking a provider whether it takes a key, with the cheapest call that it has.
//!
//! An answer says yes (2xx with JSON), no (one of the statuses that mean the key), or nothing about the key: too many
//! requests, a failure, a redirect, a page. Of the body only the beginning is read, and it takes ten seconds at most.

use std::time::Duration;

use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, StatusCode};
use tokio::time::timeout;

use super::{Answer, CallBody, CallError, Endpoint, ProviderClient};
use crate::secret::Secret;

/// How long a check may take, connecting included.
const CHECK_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const MOST_BYTES: usize = 16 * 1024;
/// Characters of the provider's words that are kept.
const MOST_WORDS: usize = 200;

/// The call that shows whether a key is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckCall {
    /// Path and query of a GET, below the base URL.
    pub path: String,
    /// Statuses that say that the key is bad. Others that are no success say nothing about it.
    pub refused: Vec<u16>,
}

/// What a provider answered to a call with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The status.
    pub status: u16,
    /// The words of its body, shortened, on one line and without the key; may be empty.
    pub words: String,
}

/// What a check has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The provider takes the key.
    Accepted,
    /// It does not.
    Refused(Said),
    /// It could not be asked: why, as a sentence.
    Unreachable(String),
    /// Its answer says nothing about the key: what it was, as a sentence.
    Unclear(String),
    /// It may not be called: why, as a sentence that says what to do.
    NotAllowed(String),
}

impl ProviderClient {
    /// Checks a key.
    pub async fn check(
        &self,
        endpoint: &Endpoint,
        call: &CheckCall,
        secret: &Secret<String>,
    ) -> Checked {
        match timeout(CHECK_WITHIN, self.ask(endpoint, call, secret)).await {
            Ok(checked) => checked,
            Err(_) => Checked::Unreachable("It did not answer in time.".to_owned()),
        }
    }

    async fn ask(&self, endpoint: &Endpoint, call: &CheckCall, secret: &Secret<String>) -> Checked {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let agent = concat!("keyport/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let body = CallBody::Empty;
        let sent = self.send(endpoint, secret, Method::GET, &call.path, headers, body);
        let answer = match sent.await {
            Ok(answer) => answer,
            Err(CallError::Refused(words)) => return Checked::NotAllowed(words),
            Err(CallError::TimedOut) => {
                return Checked::Unreachable("It did not answer in time.".to_owned());
            }
            Err(CallError::Unreachable(words)) => return Checked::Unreachable(words),
            Err(error @ CallError::Incomplete) => return Checked::Unreachable(error.to_string()),
        };
        let status = answer.status();
        if call.refused.contains(&status.as_u16()) {
            let words = refusal_words(&beginning(answer).await, secret);
            let status = status.as_u16();
            return Checked::Refused(Said { status, words });
        }
        if status.is_success() {
            return match is_json(&beginning(answer).await) {
                true => Checked::Accepted,
                false => Checked::Unclear("It answered with something else than JSON.".to_owned()),
            };
        }
        Checked::Unclear(unclear(status))
    }
}

/// Why a status says nothing about the key.
fn unclear(status: StatusCode) -> String {
    let number = status.as_u16();
    match number {
        429 => "It answered 429, too many requests at present.".to_owned(),
        _ if status.is_redirection() => {
            format!("It answered with a redirect ({number}), which is not followed.")
        }
        _ => format!("It answered {number}."),
    }
}

/// The beginning of an answer; what is missing is missed by no one.
async fn beginning(mut answer: Answer) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < MOST_BYTES {
        let Ok(Some(chunk)) = answer.piece().await else {
            break;
        };
        let room = MOST_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    body
}

/// True if it begins as an object or a list of JSON (RFC 8259, section 2).
fn is_json(body: &[u8]) -> bool {
    let first = body
        .iter()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    matches!(first, Some(b'{' | b'['))
}

/// What a provider says in the body of a refusal: the message of its JSON, wherever it has it, else the text if it is one.
/// Short, on one line, and without the key, whatever the other side answers.
pub fn refusal_words(body: &[u8], secret: &Secret<String>) -> String {
    let text = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(value) => message(&value).unwrap_or_default(),
        Err(_) if is_json(body) || body.trim_ascii_start().starts_with(b"<") => String::new(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    // Before it is cut: half a key must not be left.
    let text = hide(&text, secret.expose());
    let line: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    let words = line.split(' ').filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// Takes the key out, and every word in which a provider shows more than 4 characters of its beginning, as with the rest in
/// stars ("sk-ab***yz").
fn hide(text: &str, key: &str) -> String {
    let text = text.replace(key, "…");
    let Some(begin) = key.get(..5) else {
        return text;
    };
    text.split_inclusive(char::is_whitespace)
        .map(|word| match word.contains(begin) {
            true => "… ",
            false => word,
        })
        .collect()
}

/// `error.message`, `message`, `error`, `detail`: the places where it is found in practice.
fn message(value: &serde_json::Value) -> Option<String> {
    let text = |value: &serde_json::Value| value.as_str().map(ToOwned::to_owned);
    if let Some(first) = value.as_array().and_then(|list| list.first()) {
        return message(first);
    }
    let error = value.get("error");
    error
        .and_then(|error| error.get("message"))
        .and_then(text)
        .or_else(|| value.get("message").and_then(text))
        .or_else(|| error.and_then(text))
        .or_else(|| value.get("detail").and_then(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> String {
        let secret = Secret::new("sk-proj-abcdefghijklmnop".to_owned());
        refusal_words(body.as_bytes(), &secret)
    }

    #[test]
    fn the_words_of_a_provider_are_found_where_it_has_them() {
        for (body, expected) in [
            (
                r#"{"error":{"message":"Incorrect API key"}}"#,
                "Incorrect API key",
            ),
            (
                r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
                "invalid x-api-key",
            ),
            (r#"{"message":"Unauthorized"}"#, "Unauthorized"),
            (r#"{"error":"bad key"}"#, "bad key"),
            (
                r#"[{"error":{"message":"API key not valid."}}]"#,
                "API key not valid.",
            ),
            (r#"{"detail":"no"}"#, "no"),
            (r#"{"detail":{"loc":1}}"#, ""),
            ("<html>Unauthorized</html>", ""),
            ("{broken", ""),
            ("bad\r\nkey\u{0}", "bad key"),
            ("", ""),
        ] {
            assert_eq!(said(body), expected, "{body}");
        }
    }

    #[test]
    fn the_words_never_hold_the_key() {
        for body in [
            r#"{"message":"Incorrect API key provided: sk-proj-abcdefghijklmnop."}"#,
            r#"{"message":"Incorrect API key provided: sk-proj-********mnop. See"}"#,
            r#"{"message":"key \"sk-proj-abc...\" is bad"}"#,
            r#"{"message":"api_key=sk-proj-ab***op is bad"}"#,
            r#"{"message":"bad\nkey\tsk-proj-ab***op"}"#,
            "bad key:\r\n<sk-proj-ab***op>",
        ] {
            assert!(!said(body).contains("sk-proj"), "{}", said(body));
        }
        let long = format!("{} sk-proj-abcdefghijklmnop", "a".repeat(192));
        assert!(!said(&long).contains("sk-p"));
        assert_eq!(said(&"é".repeat(500)).chars().count(), 201);
    }

    #[test]
    fn json_begins_as_an_object_or_a_list() {
        for (body, expected) in [
            (" \n{", true),
            ("[]", true),
            ("", false),
            ("<p>", false),
            ("ok", false),
        ] {
            assert_eq!(is_json(body.as_bytes()), expected, "{body}");
        }
    }
}
