//! Mail on its way out: through Resend or an SMTP server.
//!
//! 1. A message carries the id of its mail, in its `Message-ID` and for Resend in `Idempotency-Key`. So a mail that is
//!    handed over twice, since the answer to the first time was lost, is seen to be one.
//! 2. A try takes 30 seconds at most.
//! 3. A failure says whether trying again can help. Its words are for operators, and never hold a password or an API key.

mod resend;
mod smtp;

use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use tokio::time::timeout;

use self::resend::Resend;
use self::smtp::Smtp;
use crate::clock::Timestamp;
use crate::ids::MailId;
use crate::secret::Secret;

pub use resend::ResendUrl;

/// How long the other side may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long one try may take, connecting included.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// Characters of another server's words that are kept.
const MOST_WORDS: usize = 300;

/// A mail as it is handed over.
#[derive(Clone, Debug)]
pub struct Message {
    /// Of the mail.
    pub id: MailId,
    /// When it was queued: its date, the same at every try.
    pub at: Timestamp,
    /// The address that it goes to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// What it says, as text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The link that ends mails of this kind with one POST (RFC 8058), if its receiver may do that.
    pub unsubscribe: Option<String>,
}

/// Why a mail was not handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The mail itself was refused: another try gets the same answer.
    #[error("{0}")]
    Refused(String),
    /// It may work another time.
    #[error("{0}")]
    Failed(String),
}

/// A setting that cannot be used, in words that do not repeat its secrets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub(super) String);

fn bad<T>(words: impl Into<String>) -> Result<T, BadSetting> {
    Err(BadSetting(words.into()))
}

/// Who mails are from.
#[derive(Clone, Debug)]
pub struct Sender {
    mailbox: Mailbox,
    /// The host of the portal's public address, for `Message-ID` and the greeting of SMTP servers.
    host: String,
}

impl Sender {
    /// Reads an address, with a name before it if it is written `Name <address>`; else the name is keyport.
    ///
    /// # Errors
    /// If it is no address.
    pub fn new(from: &str, host: &str) -> Result<Self, BadSetting> {
        // A line break in a name would begin another header.
        if from.chars().any(char::is_control) {
            return bad("remove the control characters");
        }
        let (name, address) = match from.trim().strip_suffix('>') {
            Some(named) => named.split_once('<').unwrap_or(("", "")),
            None => ("", from.trim()),
        };
        let name = match name.trim().trim_matches('"') {
            "" => "keyport",
            name => name,
        };
        match address.parse::<Address>() {
            Ok(address) => Ok(Self {
                mailbox: Mailbox::new(Some(name.to_owned()), address),
                host: host.to_owned(),
            }),
            Err(_) => {
                bad("write an address like keyport@example.com, or Name <keyport@example.com>")
            }
        }
    }

    /// The id of a message: made of the mail's, so it is the same at every try.
    fn message_id(&self, message: &Message) -> String {
        format!("<{}@{}>", message.id, self.host)
    }
}

/// The way that mails take.
pub enum MailTransport {
    /// Resend's HTTP API.
    Resend(Resend),
    /// An SMTP server.
    Smtp(Box<Smtp>),
}

impl MailTransport {
    /// Through Resend, at this base address. Connects to nothing yet.
    ///
    /// # Errors
    /// If the key cannot be one.
    pub fn resend(
        api_key: Secret<String>,
        base: ResendUrl,
        sender: Sender,
    ) -> Result<Self, BadSetting> {
        Resend::new(api_key, base, sender).map(Self::Resend)
    }

    /// Through an SMTP server. Connects to nothing yet.
    ///
    /// # Errors
    /// If the URL cannot be used; the words do not repeat it.
    pub fn smtp(url: &Secret<String>, sender: Sender) -> Result<Self, BadSetting> {
        Smtp::new(url, sender).map(|smtp| Self::Smtp(Box::new(smtp)))
    }

    /// Hands a mail over; takes 30 seconds at most.
    ///
    /// # Errors
    /// If it was not accepted, or no answer came.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let sending = async {
            match self {
                Self::Resend(resend) => resend.send(message).await,
                Self::Smtp(smtp) => smtp.send(message).await,
            }
        };
        timeout(SEND_WITHIN, sending).await.unwrap_or_else(|_| {
            let seconds = SEND_WITHIN.as_secs();
            Err(SendError::Failed(format!(
                "{self} did not answer within {seconds} seconds"
            )))
        })
    }

    /// Sees whether the other side is there and knows us, without sending anything; takes 30 seconds at most.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn check(&self) -> Result<(), SendError> {
        let checking = async {
            match self {
                Self::Resend(resend) => resend.check().await,
                Self::Smtp(smtp) => smtp.check().await,
            }
        };
        timeout(SEND_WITHIN, checking).await.unwrap_or_else(|_| {
            Err(SendError::Failed(format!(
                "{self} did not answer within {} seconds",
                SEND_WITHIN.as_secs()
            )))
        })
    }
}

impl std::fmt::Display for MailTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Resend(resend) => write!(f, "Resend at {}", resend.host()),
            Self::Smtp(smtp) => write!(f, "the SMTP server {}", smtp.address()),
        }
    }
}

/// In one line, without control characters, at most so many characters: another server's words go into the database and
/// the log, and a subject into a header.
fn one_line(text: &str, most: usize) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(most).collect()
}

/// True if a reader of mails would take a part of the text for an encoded word (RFC 2047, section 2), and show something
/// else than these characters.
fn looks_encoded(text: &str) -> bool {
    text.contains("=?")
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    one_line(&text, MOST_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (from, shown) in [
            ("keys@example.com", "keyport <keys@example.com>"),
            ("Keys <keys@example.com>", "Keys <keys@example.com>"),
            ("keyport@localhost", "keyport <keyport@localhost>"),
            ("keyport@[127.0.0.1]", "keyport <keyport@[127.0.0.1]>"),
            ("keyport@[::1]", "keyport <keyport@[::1]>"),
            ("\"A, B\" <a@b.example>", "\"A, B\" <a@b.example>"),
        ] {
            let sender = Sender::new(from, "h").unwrap();
            assert_eq!(sender.mailbox.to_string(), shown);
        }
        for from in [
            "",
            "keys",
            "a@b.example>",
            "<a@b.example> x",
            "a\r\nBcc: b@c.example <keys@example.com>",
        ] {
            assert!(Sender::new(from, "h").is_err(), "{from:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_is_given_up() {
        crate::outbound::tls::choose_provider();
        let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = silent.local_addr().unwrap();
        let sender = || Sender::new("keys@example.com", "h").unwrap();
        let base = ResendUrl::parse(&format!("http://{address}")).unwrap();
        let smtp = Secret::new(format!("smtp://u:p@{address}"));
        let message = Message {
            id: "0000000001".parse().unwrap(),
            at: Timestamp::from_millis(0),
            to: "maren@example.com".to_owned(),
            subject: "CI".to_owned(),
            text: "text".to_owned(),
            html: "html".to_owned(),
            unsubscribe: None,
        };
        for transport in [
            MailTransport::resend(Secret::new("re_1".to_owned()), base, sender()).unwrap(),
            MailTransport::smtp(&smtp, sender()).unwrap(),
        ] {
            let began = tokio::time::Instant::now();
            let sent = transport.send(&message).await;
            assert!(matches!(sent, Err(SendError::Failed(_))), "{sent:?}");
            let limit = SEND_WITHIN + Duration::from_secs(1);
            assert!(began.elapsed() < limit, "{:?}", began.elapsed());
        }
    }

    #[test]
    fn foreign_words_are_one_short_line() {
        assert_eq!(one_line("a\r\nBcc: b\u{0}c\t d", 10), "a Bcc: b c");
    }
}
