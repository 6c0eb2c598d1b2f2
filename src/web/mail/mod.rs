//! Mails as people read them: the words of each, as text and as HTML, with the links of this instance.
//!
//! Words go by the instant at which a mail was queued, so that every try to send it has the same ones.

pub mod words;

use std::sync::Arc;

use askama::Template;
use url::form_urlencoded;

use self::words::{Words, words};
use super::state::Site;
use super::times::Times;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::domain::mail::delivery::{CannotWrite, Letter, Outgoing};
use crate::domain::mail::unsubscribe;

/// What mails are written on.
pub struct Stationery {
    site: Arc<Site>,
    secrets: InstanceSecrets,
}

#[derive(Template)]
#[template(path = "mail/mail.html")]
struct HtmlMail<'a> {
    words: &'a Words,
    base: &'a str,
    host: &'a str,
    unsubscribe: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/mail.txt")]
struct TextMail<'a> {
    words: &'a Words,
    base: &'a str,
    unsubscribe: Option<&'a str>,
}

impl Stationery {
    /// Of this instance.
    pub fn new(site: Arc<Site>, secrets: InstanceSecrets) -> Self {
        Self { site, secrets }
    }

    /// Writes a mail.
    ///
    /// # Errors
    /// If a template fails, which is a defect.
    pub fn write(&self, outgoing: &Outgoing<'_>) -> Result<Letter, CannotWrite> {
        let zone = outgoing.account.map(|account| account.time_zone);
        let times = Times::new(outgoing.at, zone.unwrap_or(chrono_tz::Tz::UTC));
        let host = self.site.host();
        let words = words(outgoing, &times, &host);
        let unsubscribe = self.unsubscribe(outgoing);
        let (base, link) = (self.site.base(), unsubscribe.as_deref());
        let html = HtmlMail {
            words: &words,
            base,
            host: &host,
            unsubscribe: link,
        };
        let text = TextMail {
            words: &words,
            base,
            unsubscribe: link,
        };
        let failed = |error: askama::Error| CannotWrite(error.to_string());
        Ok(Letter {
            html: html.render().map_err(failed)?,
            text: text.render().map_err(failed)?,
            subject: words.subject,
            unsubscribe,
        })
    }

    /// The link that turns mails of this kind off.
    fn unsubscribe(&self, outgoing: &Outgoing<'_>) -> Option<String> {
        let account = outgoing.account.filter(|_| outgoing.mail.is_optional())?;
        let kind = outgoing.mail.kind();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("account", &account.id.to_string())
            .append_pair("kind", kind)
            .append_pair(
                "signature",
                &unsubscribe::sign(&self.secrets, account.id, kind),
            )
            .finish();
        Some(format!("{}/unsubscribe?{query}", self.site.base()))
    }
}

#[cfg(test)]
mod tests;
