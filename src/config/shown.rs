//! The settings as they are in force, in words, for operators. Secrets are only said to be set.

use std::collections::BTreeMap;

use toml::Table;
use url::Url;

use super::{Config, LogFormat, QueryKeys, SignUp, VARIABLES};

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// No one has set it.
    Default,
    /// The configuration file.
    File,
    /// The environment, whatever the file says.
    Environment,
}

/// A setting in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file.
    pub path: &'static str,
    /// Its name in the environment; `None` if only the file can hold it.
    pub variable: Option<&'static str>,
    /// Its value, or for secrets whether it is set.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// Settings that only the file can hold.
const SCOPES: &str = "scopes";
const PROVIDERS: &str = "providers";

/// The settings that a file holds.
pub(super) fn in_file(table: &Table) -> BTreeMap<&'static str, Source> {
    let paths = VARIABLES
        .iter()
        .map(|(path, ..)| *path)
        .chain([SCOPES, PROVIDERS]);
    paths
        .filter(|path| is_in(table, path))
        .map(|path| (path, Source::File))
        .collect()
}

fn is_in(table: &Table, path: &str) -> bool {
    match path.split_once('.') {
        None => table.contains_key(path),
        Some((section, name)) => (table.get(section))
            .and_then(|section| section.as_table())
            .is_some_and(|section| section.contains_key(name)),
    }
}

impl Config {
    /// Every setting, as it is in force.
    pub fn settings(&self) -> Vec<Setting> {
        let setting = |path, variable| Setting {
            path,
            variable,
            value: self.value_of(path),
            source: self.sources.get(path).copied().unwrap_or(Source::Default),
        };
        let of_both = VARIABLES
            .iter()
            .map(|&(path, variable, _)| setting(path, Some(variable)));
        of_both
            .chain([setting(SCOPES, None), setting(PROVIDERS, None)])
            .collect()
    }

    /// A setting in words. What this does not know is taken for a secret.
    fn value_of(&self, path: &str) -> String {
        let set = |is_set: bool| if is_set { "set" } else { "not set" }.to_owned();
        let text = |text: Option<&str>| text.map_or_else(|| set(false), without_password);
        let list = |list: Vec<String>| {
            if list.is_empty() {
                "none".to_owned()
            } else {
                list.join(", ")
            }
        };
        let days = |life: chrono::TimeDelta| format!("{} days", life.num_days());
        match path {
            "bind" => self.bind.to_string(),
            "metrics_bind" => self
                .metrics_bind
                .map_or_else(|| set(false), |bind| bind.to_string()),
            "data_dir" => self.data_dir.display().to_string(),
            "public_url" => self.public_url.to_string(),
            "redis_url" => set(self.redis_url.is_some()),
            "resend_api_key" => set(self.mail.resend_api_key.is_some()),
            "smtp_url" => set(self.mail.smtp_url.is_some()),
            "mail_from" => text(self.mail.from.as_deref()),
            "mail.resend_base_url" => text(Some(&self.mail.resend_base_url)),
            "secret" => set(self.secret.is_some()),
            "workers" => self.workers.to_string(),
            "drain_seconds" => self.drain.as_secs().to_string(),
            "sign_up" => match self.sign_up {
                SignUp::Open => "open",
                SignUp::Invitation => "invitation",
                SignUp::Closed => "closed",
            }
            .to_owned(),
            "security_contact" => text(self.security_contact.as_deref()),
            "trusted_proxies" => list(
                self.trusted_proxies
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
            "query_keys" => match self.query_keys {
                QueryKeys::Refuse => "refuse",
                QueryKeys::Allow => "allow",
            }
            .to_owned(),
            "allow_private_providers" => list(self.providers.allow_private.clone()),
            "provider_ca_file" => text(
                (self.providers.ca_file.as_ref())
                    .map(|path| path.display().to_string())
                    .as_deref(),
            ),
            PROVIDERS => list(self.providers.in_file.clone()),
            "brand" => self.keys.brand.clone(),
            "old_brands" => list(self.keys.old_brands.clone()),
            "keys.max_active" => self.keys.max_active.to_string(),
            "keys.longest_life_days" => self.keys.longest_life.map_or_else(|| set(false), days),
            "usage.log" => self.usage.log.to_string(),
            "usage.keep_details_days" => days(self.usage.keep_details),
            "usage.keep_minutes_days" => days(self.usage.keep_minutes),
            "leaks.github_keys_url" => text(self.leaks.github_keys_url.as_deref()),
            "leaks.github_keys" => match self.leaks.github_keys.len() {
                0 => "none".to_owned(),
                number => format!("{number} set"),
            },
            "audit.keep_days" => days(self.audit.keep),
            "registry.enabled" => self.registry.enabled.to_string(),
            "registry.suffix" => self.registry.suffix.clone(),
            "registry.link_mail_hours" => self.registry.link_mail.num_hours().to_string(),
            "registry.link_ticket_days" => days(self.registry.link_ticket),
            "registry.report_days" => days(self.registry.report),
            "registry.edition_days" => days(self.registry.edition),
            "registry.max_report_bytes" => self.registry.max_report_bytes.to_string(),
            "proxy.answer_seconds" => self.proxy.answer_within.as_secs().to_string(),
            "proxy.silence_seconds" => self.proxy.silence.as_secs().to_string(),
            "log.format" => match self.log.format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            }
            .to_owned(),
            "log.level" => self.log.level.clone(),
            SCOPES => list(
                self.keys
                    .scopes
                    .iter()
                    .map(|scope| scope.name.clone())
                    .collect(),
            ),
            // Its default is no secret, but where it is may be one: the page of health says it without a password.
            _ => set(self.sources.contains_key(path)),
        }
    }
}

/// An address without the name and password that it may hold.
fn without_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
            let is_cut = url.set_username("").is_ok() && url.set_password(None).is_ok();
            if is_cut {
                url.to_string()
            } else {
                "set".to_owned()
            }
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Vec<Setting> {
        let environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Config::load(&environment).unwrap().settings()
    }

    #[test]
    fn no_secret_is_in_the_words() {
        let all = settings(&[
            ("KEYPORT_SECRET", "a:hunter22"),
            ("DATABASE_URL", "postgres://u:hunter22@h/d"),
            ("REDIS_URL", "redis://:hunter22@h"),
            ("RESEND_API_KEY", "re_hunter22"),
            ("KEYPORT_MAIL_RESEND_BASE_URL", "https://u:hunter22@h/"),
            ("KEYPORT_LEAKS_GITHUB_KEYS_URL", "https://u:hunter22@h/"),
        ]);
        assert!(!format!("{all:?}").contains("hunter22"));
        for secret in ["secret", "database_url", "redis_url", "resend_api_key"] {
            let found = all.iter().find(|setting| setting.path == secret).unwrap();
            assert_eq!(found.value, "set", "{secret}");
        }
        let smtp = settings(&[("SMTP_URL", "smtp://u:hunter22@h")]);
        assert!(!format!("{smtp:?}").contains("hunter22"));
    }

    #[test]
    fn only_settings_that_hold_secrets_have_no_value() {
        let hidden = |setting: &Setting| matches!(&*setting.value, "set" | "not set");
        let mut shown = settings(&[]);
        shown.retain(hidden);
        let paths: Vec<&str> = shown.iter().map(|setting| setting.path).collect();
        assert_eq!(
            paths,
            [
                "metrics_bind",
                "database_url",
                "redis_url",
                "resend_api_key",
                "smtp_url",
                "mail_from",
                "secret",
                "security_contact",
                "provider_ca_file",
                "keys.longest_life_days",
                "leaks.github_keys_url",
            ]
        );
    }

    #[test]
    fn a_setting_says_where_it_comes_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k.toml");
        std::fs::write(&file, "brand = \"acme\"\n[keys]\nmax_active = 5\n").unwrap();
        let file = file.to_str().unwrap();
        let all = settings(&[("KEYPORT_CONFIG", file), ("KEYPORT_KEYS_MAX_ACTIVE", "7")]);
        let of = |path: &str| {
            let found = all.iter().find(|setting| setting.path == path).unwrap();
            (found.value.as_str(), found.source)
        };
        assert_eq!(of("brand"), ("acme", Source::File));
        assert_eq!(of("keys.max_active"), ("7", Source::Environment));
        assert_eq!(of("query_keys"), ("refuse", Source::Default));
    }
}
