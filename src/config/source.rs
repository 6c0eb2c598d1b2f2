//! Where settings come from: the file and the environment, merged as data.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use toml::{Table, Value};

use super::raw::Raw;
use super::shown::{self, Source};
use super::{Config, ConfigError, bad};

/// How a value of the environment, always text, becomes a value of the file.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    List,
}

/// Every setting that the environment may give: its path in the file, its variable, its kind. `[[scopes]]` and
/// `[providers.…]` are what only the file can hold.
pub(super) const VARIABLES: &[(&str, &str, Kind)] = &[
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
    (
        "allow_private_providers",
        "KEYPORT_ALLOW_PRIVATE_PROVIDERS",
        Kind::List,
    ),
    ("provider_ca_file", "KEYPORT_PROVIDER_CA_FILE", Kind::Text),
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
    (
        "proxy.answer_seconds",
        "KEYPORT_PROXY_ANSWER_SECONDS",
        Kind::Number,
    ),
    (
        "proxy.silence_seconds",
        "KEYPORT_PROXY_SILENCE_SECONDS",
        Kind::Number,
    ),
    ("log.format", "KEYPORT_LOG_FORMAT", Kind::Text),
    ("log.level", "KEYPORT_LOG_LEVEL", Kind::Text),
];

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
