//! Resend's HTTP API (resend.com/docs/api-reference): one POST a mail.

use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{
    BadSetting, CONNECT_WITHIN, MOST_WORDS, Message, SEND_WITHIN, SendError, Sender, bad, chain,
    looks_encoded, one_line,
};
use crate::secret::Secret;

/// Bytes of an answer that are read: it is an id or an error.
const MOST_BYTES: usize = 64 * 1024;

/// Where Resend's API is.
#[derive(Clone, Debug)]
pub struct ResendUrl(Url);

impl ResendUrl {
    /// Reads it.
    ///
    /// # Errors
    /// If it is no address of a server, or would send the key unencrypted to another machine.
    pub fn parse(text: &str) -> Result<Self, BadSetting> {
        let wanted = "write an address like https://api.resend.com";
        let Ok(mut base) = Url::parse(text) else {
            return bad(wanted);
        };
        let is_loopback = match base.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return bad(wanted),
        };
        match base.scheme() {
            "https" => {}
            // The key must not be read on the way.
            "http" if is_loopback => {}
            "http" => return bad("write https: the API key would be sent unencrypted"),
            _ => return bad(wanted),
        }
        if base.query().is_some() || base.fragment().is_some() || !base.username().is_empty() {
            return bad(wanted);
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self(base))
    }
}

/// Resend, with our key.
pub struct Resend {
    client: Client,
    base: Url,
    api_key: Secret<String>,
    sender: Sender,
}

#[derive(Serialize)]
struct Email<'a> {
    from: String,
    to: [&'a str; 1],
    subject: String,
    text: &'a str,
    html: &'a str,
    headers: Headers<'a>,
}

#[derive(Serialize)]
struct Headers<'a> {
    #[serde(rename = "Message-ID")]
    message_id: String,
    #[serde(rename = "Auto-Submitted")]
    auto_submitted: &'static str,
    #[serde(rename = "List-Unsubscribe", skip_serializing_if = "Option::is_none")]
    list_unsubscribe: Option<String>,
    #[serde(
        rename = "List-Unsubscribe-Post",
        skip_serializing_if = "Option::is_none"
    )]
    list_unsubscribe_post: Option<&'a str>,
}

/// What Resend says when it does not do what it was asked.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    name: String,
    message: String,
}

impl Resend {
    pub(super) fn new(
        api_key: Secret<String>,
        ResendUrl(base): ResendUrl,
        sender: Sender,
    ) -> Result<Self, BadSetting> {
        if api_key.expose().is_empty() {
            return bad("it is empty: leave it out for no mail");
        }
        if !api_key.expose().bytes().all(|b| b.is_ascii_graphic()) {
            return bad("the API key has characters that no key has");
        }
        let client = Client::builder()
            .user_agent(concat!("keyport/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .timeout(SEND_WITHIN)
            .build();
        match client {
            Ok(client) => Ok(Self {
                client,
                base,
                api_key,
                sender,
            }),
            Err(error) => bad(chain(&error)),
        }
    }

    pub(super) fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        match self.base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), SendError> {
        let email = Email {
            from: self.sender.mailbox.to_string(),
            to: [&message.to],
            subject: shown_as_it_is(&one_line(&message.subject, usize::MAX)),
            text: &message.text,
            html: &message.html,
            headers: Headers {
                message_id: self.sender.message_id(message),
                auto_submitted: "auto-generated",
                list_unsubscribe: message.unsubscribe.as_ref().map(|link| format!("<{link}>")),
                list_unsubscribe_post: (message.unsubscribe.as_ref())
                    .map(|_| "List-Unsubscribe=One-Click"),
            },
        };
        let request = self
            .client
            .post(self.at("emails")?)
            .header("idempotency-key", message.id.to_string())
            .json(&email);
        let (status, problem) = self.ask(request).await?;
        if status.is_success() {
            return Ok(());
        }
        match (status.as_u16(), problem.name.as_str()) {
            // It was accepted before, in other words: those of a time zone that was changed since, or of an older
            // version. There is nothing left to send.
            (409, "invalid_idempotent_request") => Ok(()),
            // A wrong key is the operator's to correct; the mail waits for that.
            (400, _) if problem.message.contains("API key") => Err(failed(status, &problem)),
            (400 | 413 | 422, _) => Err(SendError::Refused(words(status, &problem))),
            _ => Err(failed(status, &problem)),
        }
    }

    /// Asks for what any key may ask for. One that may only send is told so, and is right.
    pub(super) async fn check(&self) -> Result<(), SendError> {
        let request = self.client.get(self.at("domains")?);
        let (status, problem) = self.ask(request).await?;
        if status.is_success() || problem.name == "restricted_api_key" {
            return Ok(());
        }
        Err(failed(status, &problem))
    }

    fn at(&self, path: &str) -> Result<Url, SendError> {
        let joined = self.base.join(path);
        joined.map_err(|error| SendError::Failed(error.to_string()))
    }

    async fn ask(&self, request: RequestBuilder) -> Result<(StatusCode, Problem), SendError> {
        let sent = request.bearer_auth(self.api_key.expose()).send().await;
        let response = sent.map_err(|error| {
            let words = chain(&error.without_url());
            SendError::Failed(format!("Resend cannot be reached: {words}"))
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok((status, Problem::default()));
        }
        let problem = serde_json::from_slice(&body(response).await).unwrap_or_default();
        Ok((status, self.without_key(problem)))
    }

    /// What is kept and shown must not hold the key, whatever the other side answers.
    fn without_key(&self, problem: Problem) -> Problem {
        let hide = |text: String| text.replace(self.api_key.expose().as_str(), "…");
        Problem {
            name: hide(problem.name),
            message: hide(problem.message),
        }
    }
}

/// The beginning of an answer; what is missing is missed by no one.
async fn body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < MOST_BYTES {
        let Ok(Some(chunk)) = response.chunk().await else {
            break;
        };
        body.extend_from_slice(&chunk);
    }
    body
}

/// Resend makes the header. WORD JOINER, which shows nothing, is not ASCII: so what looks like an encoded word is none any
/// more, and is encoded itself.
fn shown_as_it_is(subject: &str) -> String {
    if looks_encoded(subject) {
        subject.replace("=?", "=\u{2060}?")
    } else {
        subject.to_owned()
    }
}

fn failed(status: StatusCode, problem: &Problem) -> SendError {
    SendError::Failed(words(status, problem))
}

fn words(status: StatusCode, problem: &Problem) -> String {
    let Problem { name, message } = problem;
    let words = one_line(&format!("{name} {message}"), MOST_WORDS);
    format!("Resend answered {}: {words}", status.as_u16())
        .trim_end_matches(": ")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_goes_over_https_or_stays_on_this_machine() {
        for base in [
            "https://api.resend.com",
            "http://127.0.0.1:1",
            "http://localhost:1/x",
        ] {
            assert!(ResendUrl::parse(base).is_ok(), "{base}");
        }
        for base in ["http://api.resend.com", "ftp://h", "", "https://h?x"] {
            assert!(ResendUrl::parse(base).is_err(), "{base}");
        }
    }

    #[test]
    fn what_looks_like_an_encoded_word_is_none() {
        assert_eq!(shown_as_it_is("=?utf-8?q?x?="), "=\u{2060}?utf-8?q?x?=");
        assert_eq!(shown_as_it_is("CI was created"), "CI was created");
    }

    #[test]
    fn what_is_kept_of_an_answer_has_no_key_and_no_line_break() {
        crate::outbound::tls::choose_provider();
        let sender = Sender::new("keyport@example.com", "h").unwrap();
        let base = ResendUrl::parse("https://api.resend.com").unwrap();
        let resend = Resend::new(Secret::new("re_123".to_owned()), base, sender).unwrap();
        let problem = resend.without_key(Problem {
            name: "validation_error".to_owned(),
            message: "bad\r\nkey re_123".to_owned(),
        });
        let words = words(StatusCode::BAD_REQUEST, &problem);
        assert_eq!(words, "Resend answered 400: validation_error bad key …");
    }
}
