//! An SMTP server: a connection a mail, encrypted unless the server is on this machine or the operator writes otherwise.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::address::{Address, AddressError, Envelope};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{
    BadSetting, CONNECT_WITHIN, Message, SendError, Sender, bad, chain, looks_encoded, one_line,
};
use crate::secret::Secret;

/// The ports of RFC 6409 (submission, STARTTLS) and RFC 8314 (submissions, TLS from the start).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    /// From the start.
    Tls,
    /// After STARTTLS, without which nothing is sent.
    StartTls,
    /// Not at all.
    None,
}

/// What the URL says.
struct Target {
    /// As a certificate must name it.
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<(String, Secret<String>)>,
}

impl Target {
    fn parse(url: &Secret<String>) -> Result<Self, BadSetting> {
        let wanted = "write smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465, \
                      with USER and PASSWORD percent-encoded";
        let Ok(url) = Url::parse(url.expose()) else {
            return bad(wanted);
        };
        // The host of a scheme that the URL standard does not know is never read as an IPv4 address.
        let Some(host) = url.host_str().map(|host| host.trim_matches(['[', ']'])) else {
            return bad(wanted);
        };
        let is_complete = !host.is_empty()
            && matches!(url.path(), "" | "/")
            && url.fragment().is_none()
            && url.password().is_some() != url.username().is_empty();
        if !is_complete {
            return bad(wanted);
        }
        let mut tls = None;
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("tls", "none") => tls = Some(Encryption::None),
                ("tls", "required") => tls = Some(Encryption::StartTls),
                _ => return bad("after the ? there can be tls=required or tls=none"),
            }
        }
        let (encryption, port) = match (url.scheme(), tls) {
            ("smtps", None) => (Encryption::Tls, SUBMISSIONS),
            ("smtps", Some(_)) => {
                return bad("smtps:// is encrypted from the start: leave out ?tls");
            }
            ("smtp", Some(encryption)) => (encryption, SUBMISSION),
            ("smtp", None) if is_loopback(host) => (Encryption::None, SUBMISSION),
            ("smtp", None) => (Encryption::StartTls, SUBMISSION),
            _ => return bad(wanted),
        };
        let decoded = |part: &str| percent_decode_str(part).decode_utf8().map(Cow::into_owned);
        let credentials = match (decoded(url.username()), url.password().map(decoded)) {
            (Ok(user), Some(Ok(password))) => Some((user, Secret::new(password))),
            (Ok(_), None) => None,
            _ => return bad(wanted),
        };
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(port),
            encryption,
            credentials,
        })
    }
}

fn is_loopback(host: &str) -> bool {
    match Host::parse(host).or_else(|_| Host::parse(&format!("[{host}]"))) {
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Ok(Host::Domain(name)) => name == "localhost",
        Err(_) => false,
    }
}

/// An SMTP server, with our name and password.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    address: String,
    /// Hidden from the words of failures.
    password: Option<Secret<String>>,
    sender: Sender,
}

impl Smtp {
    pub(super) fn new(url: &Secret<String>, sender: Sender) -> Result<Self, BadSetting> {
        let target = Target::parse(url)?;
        let parameters = || {
            TlsParameters::new_rustls(target.host.clone())
                .or_else(|error| bad(format!("TLS cannot be used: {}", chain(&error))))
        };
        let tls = match target.encryption {
            Encryption::Tls => Tls::Wrapper(parameters()?),
            Encryption::StartTls => Tls::Required(parameters()?),
            Encryption::None => Tls::None,
        };
        let address = format!("{}:{}", target.host, target.port);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(target.host)
            .port(target.port)
            .tls(tls)
            .timeout(Some(CONNECT_WITHIN))
            .hello_name(ClientId::Domain(sender.host.clone()));
        let mut kept = None;
        if let Some((user, password)) = target.credentials {
            builder = builder.credentials(Credentials::new(user, password.expose().clone()));
            kept = Some(password);
        }
        Ok(Self {
            transport: builder.build(),
            address,
            password: kept,
            sender,
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), SendError> {
        let (envelope, raw) = compose(&self.sender, message)?;
        let sent = self.transport.send_raw(&envelope, &raw).await;
        sent.map(drop).map_err(|error| self.failure(&error))
    }

    pub(super) async fn check(&self) -> Result<(), SendError> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SendError::Failed("it does not answer NOOP".to_owned())),
            Err(error) => Err(self.failure(&error)),
        }
    }

    fn failure(&self, error: &SmtpError) -> SendError {
        let mut words = chain(error);
        if let Some(password) = &self.password {
            words = words.replace(password.expose().as_str(), "…");
        }
        let words = format!("{}: {words}", self.address);
        // RFC 5321, section 4.2.2: 55x speak of this mail or its receiver. Other 5xx speak of us (RFC 4954: 530 and 534
        // to 538, a password that is wrong) or of the conversation; those the operator can put right.
        let code = error.status().map(|code| code.to_string());
        match code.as_deref() {
            Some(code) if code.starts_with("55") => SendError::Refused(words),
            _ => SendError::Failed(words),
        }
    }
}

/// The message as it is sent, and its envelope.
fn compose(sender: &Sender, message: &Message) -> Result<(Envelope, Vec<u8>), SendError> {
    let refused = |error: &dyn std::error::Error| SendError::Refused(chain(error));
    let to: Address = message
        .to
        .parse()
        .map_err(|error: AddressError| refused(&error))?;
    let since_1970 = Duration::from_millis(message.at.as_millis().unsigned_abs());
    let mut builder = lettre::Message::builder()
        .from(sender.mailbox.clone())
        .to(Mailbox::new(None, to))
        .date(UNIX_EPOCH + since_1970)
        .message_id(Some(sender.message_id(message)))
        .raw_header(subject(&one_line(&message.subject, usize::MAX)))
        .raw_header(header("Auto-Submitted", "auto-generated"));
    if let Some(link) = &message.unsubscribe {
        builder = builder
            .raw_header(header(
                "List-Unsubscribe",
                format!("<{}>", one_line(link, usize::MAX)),
            ))
            .raw_header(header(
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click",
            ));
    }
    let body = MultiPart::alternative_plain_html(message.text.clone(), message.html.clone());
    let made = builder.multipart(body).map_err(|error| refused(&error))?;
    Ok((made.envelope().clone(), made.formatted()))
}

/// Bytes of text in an encoded word: a line with one has 76 characters at most, the name of the header included (RFC 2047,
/// section 2).
const ENCODED_WORD_BYTES: usize = 39;

/// A subject. What looks like an encoded word is encoded itself, whole, since the crate sends plain ASCII as it is.
fn subject(text: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Subject");
    if !looks_encoded(text) {
        return HeaderValue::new(name, text.to_owned());
    }
    let mut words = Vec::new();
    let mut part = String::new();
    for c in text.chars() {
        if part.len() + c.len_utf8() > ENCODED_WORD_BYTES {
            words.push(std::mem::take(&mut part));
        }
        part.push(c);
    }
    words.push(part);
    let encoded: Vec<String> = (words.iter())
        .map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word)))
        .collect();
    // Between encoded words the line break and the space do not count as text.
    HeaderValue::dangerous_new_pre_encoded(name, text.to_owned(), encoded.join("\r\n "))
}

fn header(name: &'static str, value: impl Into<String>) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::MailId;

    fn target(url: &str) -> Result<Target, BadSetting> {
        Target::parse(&Secret::new(url.to_owned()))
    }

    #[test]
    fn a_url_says_host_port_encryption_and_who_we_are() {
        use Encryption::{None, StartTls, Tls};
        for (url, host, port, encryption) in [
            ("smtp://u:p@mail.example", "mail.example", 587, StartTls),
            ("smtp://mail.example:25", "mail.example", 25, StartTls),
            ("smtps://u:p@mail.example", "mail.example", 465, Tls),
            ("smtp://10.0.0.1:25?tls=none", "10.0.0.1", 25, None),
            ("smtp://localhost:1025", "localhost", 1025, None),
            ("smtp://127.0.0.1:25/", "127.0.0.1", 25, None),
            ("smtp://[::1]:25", "::1", 25, None),
            (
                "smtp://127.0.0.1:25?tls=required",
                "127.0.0.1",
                25,
                StartTls,
            ),
        ] {
            let found = target(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((&*found.host, found.port), (host, port), "{url}");
            assert_eq!(found.encryption, encryption, "{url}");
        }
        let found = target("smtp://a%40b:p%3Aw%2F@h").unwrap().credentials;
        let (user, password) = found.unwrap();
        assert_eq!((&*user, password.expose().as_str()), ("a@b", "p:w/"));
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for url in [
            "",
            "mail.example:587",
            "http://u:hunter22@h",
            "smtp://",
            "smtp://u@h",
            "smtp://:hunter22@h",
            "smtp://u:hunter22@h/x",
            "smtp://u:hunter22@h?tls=maybe",
            "smtps://u:hunter22@h?tls=none",
            "smtp://u:%ff@h",
        ] {
            let problem = target(url).err().map(|error| error.to_string());
            assert!(
                problem.is_some_and(|words| !words.contains("hunter22")),
                "{url}"
            );
        }
    }

    fn message(subject: &str) -> Message {
        Message {
            id: "0000000001".parse::<MailId>().unwrap(),
            at: Timestamp::from_millis(1_795_372_260_000),
            to: "maren@example.com".to_owned(),
            subject: subject.to_owned(),
            text: "text".to_owned(),
            html: "<p>html".to_owned(),
            unsubscribe: Some("http://h/unsubscribe?a=b".to_owned()),
        }
    }

    #[test]
    fn no_subject_makes_another_header() {
        let sender = Sender::new("keyport@h.example", "h.example").unwrap();
        for subject in [
            "CI\r\nBcc: x@evil.example",
            "CI\nBcc: x",
            "CI\u{85}Bcc: x",
            "é\r\nBcc: x",
        ] {
            let (envelope, raw) = compose(&sender, &message(subject)).unwrap();
            let raw = String::from_utf8(raw).unwrap();
            let head = raw.split("\r\n\r\n").next().unwrap();
            assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
            assert_eq!(envelope.to().len(), 1);
            assert!(
                head.contains("Message-ID: <0000000001@h.example>"),
                "{head}"
            );
            assert!(
                head.contains("List-Unsubscribe: <http://h/unsubscribe?a=b>"),
                "{head}"
            );
        }
    }

    #[test]
    fn what_looks_like_an_encoded_word_arrives_as_these_characters() {
        let sender = Sender::new("keyport@h.example", "h.example").unwrap();
        let long = format!("=?utf-8?q?Bcc=3A_x?= {} was created", "é".repeat(90));
        for subject in [
            "=?utf-8?q?Bcc=3A_x?=",
            "a =?utf-8?b?QmNj?= b",
            &long,
            "plain",
            "é",
        ] {
            let (_, raw) = compose(&sender, &message(subject)).unwrap();
            let parsed = mail_parser::MessageParser::default().parse(&raw).unwrap();
            assert_eq!(parsed.subject(), Some(subject));
            let text = String::from_utf8(raw).unwrap();
            let encoded = text.lines().filter(|line| line.contains("=?utf-8?b?"));
            assert!(encoded.map(str::len).all(|length| length <= 76), "{text}");
        }
    }

    #[test]
    fn no_receiver_makes_another_header() {
        let sender = Sender::new("keyport@h.example", "h.example").unwrap();
        let to = "a@b.example\r\nBcc: x@evil.example".to_owned();
        let composed = compose(
            &sender,
            &Message {
                to,
                ..message("CI")
            },
        );
        assert!(matches!(composed, Err(SendError::Refused(_))));
    }
}
