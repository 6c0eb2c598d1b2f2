//! The settings as they are written, and what is made of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

use super::providers::{ProviderSettings, RawProvider};
use super::proxy::{ProxySettings, RawProxy};
use super::registry::{RawRegistry, RegistrySettings};
use super::{
    AuditSettings, Config, ConfigError, KeySettings, LeakSettings, LogFormat, LogSettings,
    MailSettings, QueryKeys, ScopeSetting, SignUp, UsageSettings, bad,
};
use crate::cidr::parse_block;
use crate::secret::Secret;

/// The file as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    bind: Option<String>,
    metrics_bind: Option<String>,
    data_dir: Option<PathBuf>,
    public_url: Option<String>,
    database_url: Option<Secret<String>>,
    redis_url: Option<Secret<String>>,
    resend_api_key: Option<Secret<String>>,
    smtp_url: Option<Secret<String>>,
    mail_from: Option<String>,
    secret: Option<Secret<String>>,
    workers: Option<usize>,
    drain_seconds: Option<i64>,
    sign_up: Option<String>,
    security_contact: Option<String>,
    trusted_proxies: Vec<String>,
    query_keys: Option<String>,
    brand: Option<String>,
    old_brands: Vec<String>,
    keys: RawKeys,
    scopes: Vec<ScopeSetting>,
    mail: RawMail,
    usage: RawUsage,
    leaks: LeakSettings,
    audit: RawAudit,
    registry: RawRegistry,
    proxy: RawProxy,
    providers: BTreeMap<String, RawProvider>,
    allow_private_providers: Vec<String>,
    provider_ca_file: Option<PathBuf>,
    log: RawLog,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawMail {
    resend_base_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawUsage {
    log: Option<bool>,
    keep_details_days: Option<i64>,
    keep_minutes_days: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawAudit {
    keep_days: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawKeys {
    max_active: Option<i64>,
    longest_life_days: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawLog {
    format: Option<String>,
    level: Option<String>,
}

impl Config {
    pub(super) fn from_raw(raw: Raw) -> Result<Self, ConfigError> {
        let bind: SocketAddr = match &raw.bind {
            Some(text) => text.parse().or_else(|_error| {
                bad("bind", "write an address and a port, like 127.0.0.1:8080")
            })?,
            None => SocketAddr::from(([127, 0, 0, 1], 8080)),
        };
        let metrics_bind = metrics_bind(raw.metrics_bind.as_deref(), bind)?;
        let data_dir = raw.data_dir.unwrap_or_else(|| PathBuf::from("data"));
        if data_dir.as_os_str().is_empty() {
            return bad("data_dir", "write a folder, like data");
        }
        let public_url = match &raw.public_url {
            Some(text) => public_url(text)?,
            None => public_url(&format!("http://localhost:{}", bind.port()))?,
        };
        let database_url = raw.database_url.unwrap_or_else(|| {
            Secret::new(format!("sqlite:{}", data_dir.join("keyport.db").display()))
        });
        let workers = raw.workers.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
        });
        if !(1..=1024).contains(&workers) {
            return bad("workers", "write a number from 1 to 1024");
        }
        let max_active = raw.keys.max_active.unwrap_or(1_000);
        if !(1..=1_000_000).contains(&max_active) {
            return bad("keys.max_active", "write a number from 1 to 1,000,000");
        }
        if raw
            .keys
            .longest_life_days
            .is_some_and(|days| !(1..=36_500).contains(&days))
        {
            return bad(
                "keys.longest_life_days",
                "write a number of days from 1 to 36,500",
            );
        }
        let contact_is_valid = raw
            .security_contact
            .as_deref()
            .is_none_or(|text| text.starts_with("mailto:") || text.starts_with("https://"));
        if !contact_is_valid {
            return bad(
                "security_contact",
                "write an address that begins with mailto: or https://",
            );
        }
        let default_sign_up = if bind.ip().is_loopback() {
            SignUp::Open
        } else {
            SignUp::Invitation
        };
        let words = [
            ("open", SignUp::Open),
            ("invitation", SignUp::Invitation),
            ("closed", SignUp::Closed),
        ];
        let sign_up = one_of("sign_up", raw.sign_up, words)?.unwrap_or(default_sign_up);
        let words = [("refuse", QueryKeys::Refuse), ("allow", QueryKeys::Allow)];
        let query_keys = one_of("query_keys", raw.query_keys, words)?;
        let words = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let log_format = one_of("log.format", raw.log.format, words)?;
        if raw.resend_api_key.is_some() && raw.smtp_url.is_some() {
            return bad(
                "smtp_url",
                "resend_api_key (RESEND_API_KEY) is set as well: keep one of the two",
            );
        }
        Ok(Self {
            bind,
            drain: drain(raw.drain_seconds.unwrap_or(0))?,
            metrics_bind,
            data_dir,
            public_url,
            database_url,
            redis_url: raw.redis_url,
            secret: raw.secret,
            workers,
            sign_up,
            security_contact: raw.security_contact,
            trusted_proxies: trusted_proxies(&raw.trusted_proxies)?,
            query_keys: query_keys.unwrap_or(QueryKeys::Refuse),
            keys: KeySettings {
                brand: raw.brand.unwrap_or_else(|| "kp".to_owned()),
                old_brands: raw.old_brands,
                max_active,
                longest_life: raw.keys.longest_life_days.map(TimeDelta::days),
                scopes: raw.scopes,
            },
            mail: MailSettings {
                resend_api_key: raw.resend_api_key,
                resend_base_url: (raw.mail.resend_base_url)
                    .unwrap_or_else(|| "https://api.resend.com".to_owned()),
                smtp_url: raw.smtp_url,
                from: raw.mail_from,
            },
            usage: UsageSettings {
                log: raw.usage.log.unwrap_or(true),
                keep_details: days("usage.keep_details_days", raw.usage.keep_details_days, 30)?,
                keep_minutes: days("usage.keep_minutes_days", raw.usage.keep_minutes_days, 90)?,
            },
            leaks: raw.leaks,
            audit: AuditSettings {
                keep: days("audit.keep_days", raw.audit.keep_days, 400)?,
            },
            registry: RegistrySettings::from_raw(raw.registry)?,
            proxy: ProxySettings::from_raw(raw.proxy)?,
            providers: ProviderSettings::from_raw(
                raw.providers,
                raw.allow_private_providers,
                raw.provider_ca_file,
            )?,
            log: LogSettings {
                format: log_format.unwrap_or(LogFormat::Text),
                level: raw.log.level.unwrap_or_else(|| "info".to_owned()),
            },
            sources: BTreeMap::new(),
        })
    }
}

/// Seconds, 0 to 600.
fn drain(setting: i64) -> Result<Duration, ConfigError> {
    match u64::try_from(setting) {
        Ok(seconds @ 0..=600) => Ok(Duration::from_secs(seconds)),
        _ => bad("drain_seconds", "write a number of seconds from 0 to 600"),
    }
}

/// Where to listen for those who read the metrics.
fn metrics_bind(text: Option<&str>, bind: SocketAddr) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        // Port 0 is another free port each time.
        Ok(address) if address == bind && bind.port() != 0 => bad(
            "metrics_bind",
            "the portal listens there: choose another port",
        ),
        Ok(address) => Ok(Some(address)),
        Err(_) => bad(
            "metrics_bind",
            "write an address and a port, like 127.0.0.1:9464",
        ),
    }
}

/// A number of days, 1 to 36,500.
pub(super) fn days(
    path: &str,
    setting: Option<i64>,
    default: i64,
) -> Result<TimeDelta, ConfigError> {
    match setting.unwrap_or(default) {
        days @ 1..=36_500 => Ok(TimeDelta::days(days)),
        _ => bad(path, "write a number of days from 1 to 36,500"),
    }
}

fn trusted_proxies(entries: &[String]) -> Result<Vec<IpNet>, ConfigError> {
    let block = |entry: &String| match parse_block(entry.trim()) {
        Ok(block) => Ok(block),
        Err(problem) => bad("trusted_proxies", format!("“{entry}” {problem}")),
    };
    entries.iter().map(block).collect()
}

/// What the word of a setting stands for; `None` if the setting is not there.
fn one_of<T: Copy, const N: usize>(
    path: &str,
    text: Option<String>,
    words: [(&str, T); N],
) -> Result<Option<T>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, meaning)) => Ok(Some(*meaning)),
        None => bad(
            path,
            format!("write one of {}", words.map(|(word, _)| word).join(", ")),
        ),
    }
}

fn public_url(text: &str) -> Result<Url, ConfigError> {
    let wanted = "write an address like https://keys.example.com, without a path";
    let Ok(url) = Url::parse(text) else {
        return bad("public_url", wanted);
    };
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if is_plain {
        Ok(url)
    } else {
        bad("public_url", wanted)
    }
}
