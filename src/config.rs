//! The configuration: one file, overridden by the environment, read once into typed parts.
//!
//! The file and the environment are merged as data first, then read by one strict reader, so that a setting has one
//! name, one meaning and one error message wherever it came from. Unknown settings stop the start.

mod registry;
mod shown;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;
use serde::Deserialize;
use toml::{Table, Value};
use url::Url;

use crate::cidr::parse_block;
use crate::secret::Secret;

use registry::RawRegistry;
pub use registry::RegistrySettings;
pub use shown::{Setting, Source};

/// A setting or file that cannot be used, named, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {source}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has an unknown or wrongly typed setting.
    #[error("{path}: {message}")]
    File {
        /// Which file.
        path: String,
        /// Where in it and what.
        message: String,
    },
    /// The environment has a variable that is no setting.
    #[error("unknown setting {0} in the environment: see keyport.example.toml for all settings")]
    UnknownVariable(String),
    /// A setting has a value that cannot be used.
    #[error("bad setting {name}: {problem}")]
    Bad {
        /// The setting, as in the file and as in the environment.
        name: String,
        /// What is wrong and what is wanted.
        problem: String,
    },
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUp {
    /// Anyone.
    Open,
    /// Those whom an operator invites.
    Invitation,
    /// No one.
    Closed,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// A filter as tracing-subscriber reads it: `info`, `debug`, `keyport=debug,actix_web=warn`.
    pub level: String,
}

/// Whether keys in URLs are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryKeys {
    /// They are refused with words that say what to do.
    Refuse,
    /// They are taken like others, and flagged.
    Allow,
}

/// An operator's scope, as written in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeSetting {
    /// Like `billing:read`.
    pub name: String,
    /// What it allows, in a few words.
    pub description: String,
    /// True if the create form has it ticked at first.
    #[serde(default)]
    pub default: bool,
}

/// The operator's rules for keys.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// First part of new keys.
    pub brand: String,
    /// First parts of older keys that are still accepted.
    pub old_brands: Vec<String>,
    /// The most active keys of an account.
    pub max_active: i64,
    /// The longest life of a new key.
    pub longest_life: Option<TimeDelta>,
    /// Further scopes.
    pub scopes: Vec<ScopeSetting>,
}

/// What is kept of the use of keys, and how long.
#[derive(Clone, Copy, Debug)]
pub struct UsageSettings {
    /// False to note nothing but verdicts' side effects: no counts, no last use.
    pub log: bool,
    /// How long requests are kept in detail.
    pub keep_details: TimeDelta,
    /// How long counts are kept by the minute; then they are kept by the day.
    pub keep_minutes: TimeDelta,
}

/// How GitHub's reports of found keys are checked. Neither: they are not taken.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeakSettings {
    /// Where the public keys are fetched.
    pub github_keys_url: Option<String>,
    /// The public keys themselves, `id:base64`.
    pub github_keys: Vec<String>,
}

/// How the audit log is kept.
#[derive(Clone, Copy, Debug)]
pub struct AuditSettings {
    /// How long entries are kept.
    pub keep: TimeDelta,
}

/// How mails are sent. With neither a key nor a URL they are kept.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Key of Resend's API.
    pub resend_api_key: Option<Secret<String>>,
    /// Where Resend's API is.
    pub resend_base_url: String,
    /// An SMTP server; may hold a password.
    pub smtp_url: Option<Secret<String>>,
    /// Who mails are from: an address, with or without a name. `None` for keyport at the public host.
    pub from: Option<String>,
}

/// All settings, valid each by itself.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address that the server listens on.
    pub bind: SocketAddr,
    /// How long requests are still taken after the signal to stop.
    pub drain: Duration,
    /// The address of the metrics; `None` for no metrics.
    pub metrics_bind: Option<SocketAddr>,
    /// The folder of the SQLite file and the instance secret.
    pub data_dir: PathBuf,
    /// The address that people use, without a path.
    pub public_url: Url,
    /// The database; a SQLite file in the data folder by default.
    pub database_url: Secret<String>,
    /// The Redis server that counts rate limits for all instances together; may hold a password. `None`: each instance
    /// counts alone.
    pub redis_url: Option<Secret<String>>,
    /// The instance secret, if it does not come from the file in the data folder.
    pub secret: Option<Secret<String>>,
    /// HTTP workers.
    pub workers: usize,
    /// Who may sign up.
    pub sign_up: SignUp,
    /// Where to report security problems: a `mailto:` or `https:` address for security.txt.
    pub security_contact: Option<String>,
    /// Proxies whose headers about the client are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether keys in URLs are taken.
    pub query_keys: QueryKeys,
    /// Rules for keys.
    pub keys: KeySettings,
    /// Mail.
    pub mail: MailSettings,
    /// The usage log.
    pub usage: UsageSettings,
    /// Reports of found keys.
    pub leaks: LeakSettings,
    /// The audit log.
    pub audit: AuditSettings,
    /// The registry.
    pub registry: RegistrySettings,
    /// Logging.
    pub log: LogSettings,
    /// Which settings are not the defaults, and where they come from.
    sources: BTreeMap<&'static str, Source>,
}

/// How a value of the environment, always text, becomes a value of the file.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Flag,
    List,
}

/// Every setting that the environment may give: its path in the file, its variable, its kind. `[[scopes]]` is the one
/// setting that only the file can hold.
const VARIABLES: &[(&str, &str, Kind)] = &[
    ("bind", "KEYPORT_BIND", Kind::Text),
    ("metrics_bind", "KEYPORT_METRICS_BIND", Kind::Text),
    ("data_dir", "KEYPORT_DATA_DIR", Kind::Text),
    ("public_url", "KEYPORT_PUBLIC_URL", Kind::Text),
    ("database_url", "DATABASE_URL", Kind::Text),
    ("redis_url", "REDIS_URL", Kind::Text),
    ("resend_api_key", "RESEND_API_KEY", Kind::Text),
    ("smtp_url", "SMTP_URL", Kind::Text),
    ("mail_from", "KEYPORT_MAIL_FROM", Kind::Text),
    (
        "mail.resend_base_url",
        "KEYPORT_MAIL_RESEND_BASE_URL",
        Kind::Text,
    ),
    ("secret", "KEYPORT_SECRET", Kind::Text),
    ("workers", "KEYPORT_WORKERS", Kind::Number),
    ("drain_seconds", "KEYPORT_DRAIN_SECONDS", Kind::Number),
    ("sign_up", "KEYPORT_SIGN_UP", Kind::Text),
    ("security_contact", "KEYPORT_SECURITY_CONTACT", Kind::Text),
    ("trusted_proxies", "KEYPORT_TRUSTED_PROXIES", Kind::List),
    ("query_keys", "KEYPORT_QUERY_KEYS", Kind::Text),
    ("brand", "KEYPORT_BRAND", Kind::Text),
    ("old_brands", "KEYPORT_OLD_BRANDS", Kind::List),
    ("keys.max_active", "KEYPORT_KEYS_MAX_ACTIVE", Kind::Number),
    (
        "keys.longest_life_days",
        "KEYPORT_KEYS_LONGEST_LIFE_DAYS",
        Kind::Number,
    ),
    ("usage.log", "KEYPORT_USAGE_LOG", Kind::Flag),
    (
        "usage.keep_details_days",
        "KEYPORT_USAGE_KEEP_DETAILS_DAYS",
        Kind::Number,
    ),
    (
        "usage.keep_minutes_days",
        "KEYPORT_USAGE_KEEP_MINUTES_DAYS",
        Kind::Number,
    ),
    (
        "leaks.github_keys_url",
        "KEYPORT_LEAKS_GITHUB_KEYS_URL",
        Kind::Text,
    ),
    ("leaks.github_keys", "KEYPORT_LEAKS_GITHUB_KEYS", Kind::List),
    ("audit.keep_days", "KEYPORT_AUDIT_KEEP_DAYS", Kind::Number),
    ("registry.enabled", "KEYPORT_REGISTRY_ENABLED", Kind::Flag),
    ("registry.suffix", "KEYPORT_REGISTRY_SUFFIX", Kind::Text),
    (
        "registry.link_mail_hours",
        "KEYPORT_REGISTRY_LINK_MAIL_HOURS",
        Kind::Number,
    ),
    (
        "registry.link_ticket_days",
        "KEYPORT_REGISTRY_LINK_TICKET_DAYS",
        Kind::Number,
    ),
    (
        "registry.report_days",
        "KEYPORT_REGISTRY_REPORT_DAYS",
        Kind::Number,
    ),
    (
        "registry.edition_days",
        "KEYPORT_REGISTRY_EDITION_DAYS",
        Kind::Number,
    ),
    (
        "registry.max_report_bytes",
        "KEYPORT_REGISTRY_MAX_REPORT_BYTES",
        Kind::Number,
    ),
    ("log.format", "KEYPORT_LOG_FORMAT", Kind::Text),
    ("log.level", "KEYPORT_LOG_LEVEL", Kind::Text),
];

/// The file as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
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
    /// Reads the file (`KEYPORT_CONFIG`, else `keyport.toml` if there is one) and the given environment.
    ///
    /// # Errors
    /// If a file or setting cannot be used; the error names it.
    pub fn load(environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut table = match environment.get("KEYPORT_CONFIG") {
            Some(path) => read_file(Path::new(path))?,
            None if Path::new("keyport.toml").exists() => read_file(Path::new("keyport.toml"))?,
            None => Table::new(),
        };
        let mut sources = shown::in_file(&table);
        // The file by itself first: an error in it is then reported with its line.
        for (variable, text) in environment {
            let known = VARIABLES.iter().find(|(_, name, _)| name == variable);
            match known {
                Some(&(path, _, kind)) => {
                    insert(&mut table, path, value(path, kind, text)?);
                    sources.insert(path, Source::Environment);
                }
                None if is_ours(variable) => {
                    return Err(ConfigError::UnknownVariable(variable.clone()));
                }
                None => {}
            }
        }
        let raw: Raw = table
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::File {
                path: "the environment".to_owned(),
                message: error.message().to_owned(),
            })?;
        Ok(Self {
            sources,
            ..Self::from_raw(raw)?
        })
    }

    fn from_raw(raw: Raw) -> Result<Self, ConfigError> {
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
            log: LogSettings {
                format: log_format.unwrap_or(LogFormat::Text),
                level: raw.log.level.unwrap_or_else(|| "info".to_owned()),
            },
            sources: BTreeMap::new(),
        })
    }

    /// True if people reach the server over https, so that cookies can demand it.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
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
fn days(path: &str, setting: Option<i64>, default: i64) -> Result<TimeDelta, ConfigError> {
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

/// The environment as text. Variables that are none of ours may hold anything.
///
/// # Errors
/// If one of ours is not text: to leave it out would be to start with another setting than was meant.
pub fn read_environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut environment = BTreeMap::new();
    for (name, value) in variables {
        let shown = name.to_string_lossy().into_owned();
        let is_ours = shown.starts_with("KEYPORT_")
            || VARIABLES.iter().any(|(_, variable, _)| *variable == shown);
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => {
                environment.insert(name, value);
            }
            _ if is_ours => {
                return Err(ConfigError::Bad {
                    name: shown,
                    problem: "it is not valid UTF-8".to_owned(),
                });
            }
            _ => {}
        }
    }
    Ok(environment)
}

/// A "bad setting" error that names the setting both as in the file and as in the environment.
///
/// # Errors
/// Always.
pub fn bad<T>(path: &str, problem: impl Into<String>) -> Result<T, ConfigError> {
    let variable = VARIABLES
        .iter()
        .find(|(known, ..)| *known == path)
        .map(|(_, variable, _)| format!(" ({variable})"));
    Err(ConfigError::Bad {
        name: format!("{path}{}", variable.unwrap_or_default()),
        problem: problem.into(),
    })
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

/// Variables for keyport; those for its tests are not settings.
fn is_ours(variable: &str) -> bool {
    variable.starts_with("KEYPORT_")
        && variable != "KEYPORT_CONFIG"
        && !variable.starts_with("KEYPORT_TEST_")
}

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: shown.clone(),
        source,
    })?;
    let broken = |error: toml::de::Error| ConfigError::File {
        path: shown.clone(),
        message: match error.span() {
            Some(span) => {
                let before = &text[..span.start.min(text.len())];
                // The name that the value belongs to; without one, the words name it themselves.
                let line = before.rsplit('\n').next().unwrap_or_default();
                let name = line.split_once('=').map(|(name, _)| name.trim());
                let name = name.map_or_else(String::new, |name| format!("{name}: "));
                let number = before.matches('\n').count() + 1;
                format!("line {number}: {name}{}", error.message())
            }
            None => error.message().to_owned(),
        },
    };
    toml::from_str::<Raw>(&text).map_err(broken)?;
    toml::from_str(&text).map_err(broken)
}

fn value(path: &str, kind: Kind, text: &str) -> Result<Value, ConfigError> {
    Ok(match kind {
        Kind::Text => Value::String(text.to_owned()),
        Kind::Number => match text.trim().parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => return bad(path, "write a whole number"),
        },
        Kind::Flag => match text.trim() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => return bad(path, "write true or false"),
        },
        Kind::List => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Value::String(part.to_owned()))
            .collect::<Vec<_>>()
            .into(),
    })
}

/// Puts a value at a path of one or two names.
fn insert(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((section, name)) => {
            let section = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(name.to_owned(), value);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Config::load(&environment)
    }

    #[test]
    fn without_settings_it_is_a_sqlite_portal_on_loopback() {
        let config = load(&[]).unwrap();
        assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
        assert_eq!(config.public_url.as_str(), "http://localhost:8080/");
        assert_eq!(config.database_url.expose(), "sqlite:data/keyport.db");
        assert_eq!(config.sign_up, SignUp::Open);
        assert_eq!(config.keys.max_active, 1_000);
    }

    #[test]
    fn a_server_that_others_reach_is_by_invitation_unless_told_otherwise() {
        let config = load(&[("KEYPORT_BIND", "0.0.0.0:80")]).unwrap();
        assert_eq!(config.sign_up, SignUp::Invitation);
        let open = load(&[("KEYPORT_BIND", "0.0.0.0:80"), ("KEYPORT_SIGN_UP", "open")]);
        assert_eq!(open.unwrap().sign_up, SignUp::Open);
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k.toml");
        std::fs::write(&file, "brand = \"acme\"\n[keys]\nmax_active = 5\n").unwrap();
        let file = file.to_str().unwrap();
        let config = load(&[("KEYPORT_CONFIG", file), ("KEYPORT_KEYS_MAX_ACTIVE", "7")]).unwrap();
        assert_eq!(config.keys.brand, "acme");
        assert_eq!(config.keys.max_active, 7);
    }

    #[test]
    fn bad_settings_are_named() {
        let cases = [
            ("KEYPORT_BIND", "localhost", "bind (KEYPORT_BIND)"),
            ("KEYPORT_METRICS_BIND", "9464", "(KEYPORT_METRICS_BIND)"),
            (
                "KEYPORT_METRICS_BIND",
                "127.0.0.1:8080",
                "choose another port",
            ),
            ("KEYPORT_DRAIN_SECONDS", "-1", "drain_seconds"),
            ("KEYPORT_DRAIN_SECONDS", "601", "drain_seconds"),
            ("KEYPORT_WORKERS", "many", "workers (KEYPORT_WORKERS)"),
            ("KEYPORT_WORKERS", "0", "workers (KEYPORT_WORKERS)"),
            ("KEYPORT_PUBLIC_URL", "https://a.example/path", "public_url"),
            ("KEYPORT_PUBLIC_URL", "ftp://a.example", "public_url"),
            ("KEYPORT_KEYS_MAX_ACTIVE", "0", "keys.max_active"),
            (
                "KEYPORT_KEYS_LONGEST_LIFE_DAYS",
                "-1",
                "keys.longest_life_days",
            ),
            ("KEYPORT_AUDIT_KEEP_DAYS", "0", "audit.keep_days"),
            ("KEYPORT_REGISTRY_SUFFIX", "kp", "registry.suffix"),
            (
                "KEYPORT_REGISTRY_LINK_MAIL_HOURS",
                "0",
                "registry.link_mail_hours",
            ),
            (
                "KEYPORT_REGISTRY_MAX_REPORT_BYTES",
                "1073741825",
                "registry.max_report_bytes",
            ),
            ("KEYPORT_SIGN_UP", "maybe", "sign_up (KEYPORT_SIGN_UP)"),
            (
                "KEYPORT_LOG_FORMAT",
                "xml",
                "log.format (KEYPORT_LOG_FORMAT): write one of text, json",
            ),
            ("KEYPORT_SECURITY_CONTACT", "me", "security_contact"),
            ("KEYPORT_DATA_DIR", "", "data_dir"),
            ("KEYPORT_COLOUR", "red", "KEYPORT_COLOUR"),
        ];
        for (name, value, named) in cases {
            let message = load(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn an_unknown_setting_in_the_file_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k.toml");
        std::fs::write(&file, "brand = \"kp\"\ncolour = \"red\"\n").unwrap();
        let error = load(&[("KEYPORT_CONFIG", file.to_str().unwrap())]).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("line 2") && message.contains("colour"),
            "{message}"
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k.toml");
        std::fs::write(&file, "brand = \"kp\"\nbind = 8080\n").unwrap();
        let error = load(&[("KEYPORT_CONFIG", file.to_str().unwrap())]).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("line 2: bind: "), "{message}");
    }

    #[test]
    fn a_variable_of_ours_that_is_not_text_stops_the_start() {
        use std::os::unix::ffi::OsStringExt as _;
        let variable =
            |name: &str, value: &[u8]| (OsString::from(name), OsString::from_vec(value.to_vec()));
        for name in ["KEYPORT_SIGN_UP", "DATABASE_URL", "KEYPORT_UNKNOWN"] {
            let read = read_environment([variable(name, b"closed\xff")].into_iter());
            let message = read.unwrap_err().to_string();
            assert!(
                message.contains(name) && message.contains("UTF-8"),
                "{message}"
            );
        }
        let others = [
            variable("LESSCHARSET", b"\xff"),
            variable("KEYPORT_BRAND", b"kp"),
        ];
        assert_eq!(read_environment(others.into_iter()).unwrap().len(), 1);
    }

    #[test]
    fn the_example_file_is_valid_and_names_every_setting() {
        let example = std::fs::read_to_string("keyport.example.toml").unwrap();
        let config = load(&[("KEYPORT_CONFIG", "keyport.example.toml")]).unwrap();
        // All is the same but where it comes from.
        let config = Config {
            sources: BTreeMap::new(),
            ..config
        };
        assert_eq!(format!("{config:?}"), format!("{:?}", load(&[]).unwrap()));
        for (path, variable, _) in VARIABLES {
            let name = path.rsplit('.').next().unwrap();
            assert!(example.contains(&format!("{name} = ")), "{name} is missing");
            assert!(example.contains(variable), "{variable} is missing");
        }
        let everything = example.replace("# [[", "[[").replace("# name =", "name =");
        assert!(everything.contains("[[scopes]]"));
    }

    #[test]
    fn a_printed_configuration_has_no_secret() {
        let config = load(&[
            ("KEYPORT_SECRET", "a:hunter22"),
            ("DATABASE_URL", "postgres://u:hunter22@h/d"),
            ("REDIS_URL", "redis://:hunter22@h"),
            ("RESEND_API_KEY", "re_hunter22"),
        ]);
        assert!(!format!("{:?}", config.unwrap()).contains("hunter22"));
        let config = load(&[("SMTP_URL", "smtp://u:hunter22@h")]);
        assert!(!format!("{:?}", config.unwrap()).contains("hunter22"));
    }

    #[test]
    fn mail_goes_one_way() {
        let both = [("RESEND_API_KEY", "re_1"), ("SMTP_URL", "smtp://h")];
        let message = load(&both).unwrap_err().to_string();
        assert!(message.contains("smtp_url (SMTP_URL)"), "{message}");
        assert!(message.contains("RESEND_API_KEY"), "{message}");
    }
}
