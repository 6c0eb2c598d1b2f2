//! The providers that keys can be kept for: those that come with keyport, with what the file changes and adds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, bad};

/// The providers that come with keyport.
const BUILT_IN: &str = include_str!("providers.toml");

/// The most characters of a slug.
const MOST_SLUG_CHARS: usize = 40;

/// A provider, as plain values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSetting {
    /// Its name in paths.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Stands where others have a logo.
    pub letter: String,
    /// What it is, in a few words.
    pub about: String,
    /// Where its API is, without a version.
    pub base_url: String,
    /// How the key is sent: `bearer`, or the name of a header.
    pub auth: String,
    /// Path of the call that shows whether a key is good.
    pub check: String,
    /// Statuses of that call that mean a bad key.
    pub refused: Vec<u16>,
    /// Headers that every call needs.
    pub headers: BTreeMap<String, String>,
    /// Where it is documented; may be empty.
    pub docs: String,
    /// Where its keys are made; may be empty.
    pub console: String,
    /// How a key looks.
    pub placeholder: String,
    /// What follows `/proxy/SLUG` in the base URL of SDKs.
    pub sdk_path: String,
}

/// Providers, and what may be called for them.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// All of them, in the order of pages.
    pub known: Vec<ProviderSetting>,
    /// `HOST:PORT` of what may be called although it is private or unencrypted.
    pub allow_private: Vec<String>,
    /// A PEM file of further authorities whose certificates are trusted.
    pub ca_file: Option<PathBuf>,
    /// Slugs that the file names, for operators.
    pub in_file: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuiltIn {
    provider: Vec<RawProvider>,
}

/// A provider as it is written. In the file, all but a new one's address can be left out.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawProvider {
    slug: Option<String>,
    name: Option<String>,
    letter: Option<String>,
    about: Option<String>,
    base_url: Option<String>,
    auth: Option<String>,
    check: Option<String>,
    refused: Option<Vec<u16>>,
    headers: Option<BTreeMap<String, String>>,
    docs: Option<String>,
    console: Option<String>,
    placeholder: Option<String>,
    sdk_path: Option<String>,
}

impl RawProvider {
    /// The same with what the other one says.
    fn with(self, other: Self) -> Self {
        Self {
            slug: self.slug,
            name: other.name.or(self.name),
            letter: other.letter.or(self.letter),
            about: other.about.or(self.about),
            base_url: other.base_url.or(self.base_url),
            auth: other.auth.or(self.auth),
            check: other.check.or(self.check),
            refused: other.refused.or(self.refused),
            headers: other.headers.or(self.headers),
            docs: other.docs.or(self.docs),
            console: other.console.or(self.console),
            placeholder: other.placeholder.or(self.placeholder),
            sdk_path: other.sdk_path.or(self.sdk_path),
        }
    }

    fn finish(self, slug: &str) -> Result<ProviderSetting, ConfigError> {
        let refuse = |problem: &str| bad("providers", format!("{slug}: {problem}"));
        if !is_slug(slug) {
            return refuse(
                "name it with a small letter, then up to 39 small letters, digits and hyphens; not “new”",
            );
        }
        let Some(base_url) = self.base_url else {
            return refuse("base_url is missing");
        };
        let paths = [&self.check, &self.sdk_path];
        let are_paths = paths.into_iter().flatten().all(|path| {
            path.is_empty() || path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic())
        });
        if !are_paths || self.check.as_deref() == Some("") {
            return refuse("check and sdk_path are paths that begin with a slash");
        }
        let refused = self.refused.unwrap_or_else(|| vec![401, 403]);
        if !refused.iter().all(|status| (400..500).contains(status)) {
            return refuse("refused holds statuses from 400 to 499");
        }
        let links = [&self.docs, &self.console];
        let are_links = links
            .into_iter()
            .flatten()
            .all(|link| link.is_empty() || link.starts_with("https://"));
        if !are_links {
            return refuse("docs and console are https addresses");
        }
        let texts = [&self.name, &self.letter, &self.about, &self.placeholder];
        let are_short = texts
            .into_iter()
            .flatten()
            .all(|text| text.chars().count() <= 100 && !text.chars().any(char::is_control));
        if !are_short || self.name.as_deref() == Some("") {
            return refuse("name, about and placeholder have at most 100 characters");
        }
        let name = self.name.unwrap_or_else(|| slug.to_owned());
        let letter = self.letter.as_ref().unwrap_or(&name);
        Ok(ProviderSetting {
            slug: slug.to_owned(),
            letter: letter.chars().take(1).collect(),
            name,
            about: self.about.unwrap_or_default(),
            base_url,
            auth: self.auth.unwrap_or_else(|| "bearer".to_owned()),
            check: self.check.unwrap_or_else(|| "/v1/models".to_owned()),
            refused,
            headers: self.headers.unwrap_or_default(),
            docs: self.docs.unwrap_or_default(),
            console: self.console.unwrap_or_default(),
            placeholder: self.placeholder.unwrap_or_else(|| "API key".to_owned()),
            sdk_path: self.sdk_path.unwrap_or_else(|| "/v1".to_owned()),
        })
    }
}

impl ProviderSettings {
    pub(super) fn from_raw(
        mut changes: BTreeMap<String, RawProvider>,
        allow_private: Vec<String>,
        ca_file: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let in_file = changes.keys().cloned().collect();
        if let Some(slug) = changes
            .iter()
            .find_map(|(slug, raw)| raw.slug.as_ref().map(|_| slug))
        {
            return bad(
                "providers",
                format!("{slug}: its name is that of the table"),
            );
        }
        let built_in: BuiltIn =
            toml::from_str(BUILT_IN).expect("a test reads the list that comes with the program");
        let mut known = Vec::new();
        for raw in built_in.provider {
            let slug = raw.slug.clone().unwrap_or_default();
            let raw = match changes.remove(&slug) {
                Some(change) => raw.with(change),
                None => raw,
            };
            known.push(raw.finish(&slug)?);
        }
        for (slug, raw) in changes {
            known.push(raw.finish(&slug)?);
        }
        Ok(Self {
            known,
            allow_private,
            ca_file,
            in_file,
        })
    }
}

/// A small letter, then small letters, digits and hyphens. `new` is an address of its own.
fn is_slug(text: &str) -> bool {
    text.len() <= MOST_SLUG_CHARS
        && text != "new"
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Result<Vec<ProviderSetting>, String> {
        let changes = toml::from_str(file).unwrap();
        ProviderSettings::from_raw(changes, Vec::new(), None)
            .map(|settings| settings.known)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn eight_providers_come_with_keyport_all_of_them_whole() {
        let known = read("").unwrap();
        let slugs: Vec<&str> = known.iter().map(|one| one.slug.as_str()).collect();
        assert_eq!(
            slugs,
            [
                "openai",
                "anthropic",
                "openrouter",
                "gemini",
                "mistral",
                "groq",
                "deepseek",
                "xai"
            ]
        );
        for one in &known {
            assert!(one.base_url.starts_with("https://"), "{one:?}");
            for text in [
                &one.name,
                &one.about,
                &one.docs,
                &one.console,
                &one.placeholder,
            ] {
                assert!(!text.is_empty(), "{one:?}");
            }
            // No version, and no key in an address, where logs would have it.
            assert!(!one.base_url.contains("/v1"), "{one:?}");
            assert!(!one.check.contains("key="), "{one:?}");
        }
    }

    #[test]
    fn the_file_changes_single_fields_and_adds_providers() {
        let file = "[openai]\nbase_url = \"https://eu.example\"\n[acme]\nbase_url = \"https://acme.example\"\n";
        let known = read(file).unwrap();
        assert_eq!(known[0].base_url, "https://eu.example");
        assert_eq!(known[0].name, "OpenAI");
        let acme = known.last().unwrap();
        assert_eq!((acme.slug.as_str(), acme.name.as_str()), ("acme", "acme"));
        assert_eq!(
            (acme.auth.as_str(), acme.check.as_str()),
            ("bearer", "/v1/models")
        );
    }

    #[test]
    fn a_provider_that_cannot_be_used_is_named() {
        for file in [
            "[acme]\nname = \"Acme\"\n",
            "[Acme]\nbase_url = \"https://a.example\"\n",
            "[new]\nbase_url = \"https://a.example\"\n",
            "[openai]\ncheck = \"v1/models\"\n",
            "[openai]\ncheck = \"\"\n",
            "[openai]\nrefused = [200]\n",
            "[openai]\nconsole = \"javascript:alert(1)\"\n",
            "[openai]\nname = \"\"\n",
            "[openai]\nslug = \"other\"\n",
        ] {
            let problem = read(file).unwrap_err();
            assert!(problem.contains("bad setting providers"), "{problem}");
        }
    }
}
