//! The configuration: one file, overridden by the environment, read once into typed parts.
//!
//! The file and the environment are merged as data first, then read by one strict reader, so that a setting has one
//! name, one meaning and one error message wherever it came from. Unknown settings stop the start.

mod providers;
mod proxy;
mod raw;
mod registry;
mod shown;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

use crate::secret::Secret;

use source::VARIABLES;

pub use providers::{ProviderSetting, ProviderSettings};
pub use proxy::ProxySettings;
pub use registry::RegistrySettings;
pub use shown::{Setting, Source};
pub use source::read_environment;

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
    /// Calls that are passed on to providers.
    pub proxy: ProxySettings,
    /// The registry.
    pub registry: RegistrySettings,
    /// Providers of APIs that keys are kept for.
    pub providers: ProviderSettings,
    /// Logging.
    pub log: LogSettings,
    /// Which settings are not the defaults, and where they come from.
    sources: BTreeMap<&'static str, Source>,
}

impl Config {
    /// True if people reach the server over https, so that cookies can demand it.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
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
