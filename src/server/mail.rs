//! The parts of mail: which way mails take, and the thread that sends them.

use std::sync::Arc;

use url::{Host, Url};

use super::StartError;
use crate::clock::SharedClock;
use crate::config::{Config, bad};
use crate::domain::mail::Outbox;
use crate::domain::mail::delivery::{Delivery, Outgoing};
use crate::domain::mail::postman::{Postman, PostmanThread};
use crate::outbound::mail::{BadSetting, MailTransport, ResendUrl, Sender};
use crate::outbound::tls;
use crate::store::Pool;
use crate::web::mail::Stationery;

/// Starts the thread that sends mails.
///
/// # Errors
/// If the operating system gives no thread.
pub(super) fn start(
    transport: MailTransport,
    pool: &Pool,
    outbox: &Outbox,
    clock: &SharedClock,
    stationery: Arc<Stationery>,
) -> Result<(Postman, PostmanThread), StartError> {
    let delivery = Delivery::new(
        pool.clone(),
        outbox.clone(),
        clock.clone(),
        transport,
        Box::new(move |outgoing: &Outgoing<'_>| stationery.write(outgoing)),
    );
    Postman::start(pool.clone(), outbox.clone(), clock.clone(), delivery)
        .map_err(StartError::Thread)
}

/// The way that the settings say mails take; `None` while mail is off. Connects to nothing.
///
/// # Errors
/// If a setting of it is bad.
pub fn mail_transport(config: &Config) -> Result<Option<MailTransport>, StartError> {
    // Both ways may need TLS, and refuse to be built before.
    tls::choose_provider();
    let mail = &config.mail;
    let base = ResendUrl::parse(&mail.resend_base_url).or_else(named("mail.resend_base_url"))?;
    let host = mail_host(&config.public_url);
    if mail.from.is_none() && mail.resend_api_key.is_none() && mail.smtp_url.is_none() {
        return Ok(None);
    }
    let from = (mail.from.clone()).unwrap_or_else(|| format!("keyport@{host}"));
    let sender = Sender::new(&from, &host).or_else(named("mail_from"))?;
    match (&mail.resend_api_key, &mail.smtp_url) {
        (Some(key), _) => MailTransport::resend(key.clone(), base, sender)
            .map(Some)
            .or_else(named("resend_api_key")),
        (None, Some(url)) => MailTransport::smtp(url, sender)
            .map(Some)
            .or_else(named("smtp_url")),
        (None, None) => Ok(None),
    }
}

fn named<T>(setting: &'static str) -> impl FnOnce(BadSetting) -> Result<T, StartError> {
    move |problem| Ok(bad(setting, problem.to_string())?)
}

/// The host as the part of a mail address behind the @.
fn mail_host(public_url: &Url) -> String {
    match public_url.host() {
        Some(Host::Ipv4(address)) => format!("[{address}]"),
        Some(Host::Ipv6(address)) => format!("[{address}]"),
        Some(Host::Domain(name)) => name.to_owned(),
        None => "localhost".to_owned(),
    }
}

/// Sees whether mails can be sent, in words; `None` while mail is off.
///
/// # Errors
/// What is wrong, in words.
pub fn check_mail(config: &Config) -> Result<Result<Option<String>, String>, StartError> {
    let Some(transport) = mail_transport(config)? else {
        return Ok(Ok(None));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(StartError::Thread)?;
    Ok(match runtime.block_on(transport.check()) {
        Ok(()) => Ok(Some(transport.to_string())),
        Err(problem) => Err(format!("{transport} cannot be used: {problem}")),
    })
}
