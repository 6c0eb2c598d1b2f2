//! The providers that the settings give, and how they are called.

use std::path::Path;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use url::{Position, Url};

use super::StartError;
use crate::config::{Config, ConfigError, ProviderSetting, bad};
use crate::domain::integrations::providers::{Provider, ProviderCatalog};
use crate::domain::integrations::{
    Allowed, BaseUrl, CallRules, CheckCall, Connector, Endpoint, KeyHeader,
};
use crate::outbound::providers::{AllowedPlace, OwnName};

/// How long connecting to a provider may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// What provider keys are used with.
pub struct Providers {
    /// Which there are.
    pub catalog: ProviderCatalog,
    /// How connections to them are made.
    pub connector: Connector,
}

/// The providers, as the settings have them. Calls no one.
///
/// # Errors
/// If a setting is bad; it is named.
pub fn providers(config: &Config) -> Result<Providers, StartError> {
    let settings = &config.providers;
    let mut places = Vec::new();
    for text in &settings.allow_private {
        match AllowedPlace::parse(text) {
            Ok(place) => places.push(place),
            Err(problem) => {
                bad("allow_private_providers", format!("“{text}”: {problem}"))?;
            }
        }
    }
    let allowed = Allowed::new(places);
    let known: Result<Vec<Provider>, ConfigError> = settings
        .known
        .iter()
        .map(|setting| provider(setting, &allowed))
        .collect();
    let authorities = match &settings.ca_file {
        None => None,
        Some(path) => match std::fs::read(path) {
            Ok(pem) => Some(pem),
            Err(error) => bad(
                "provider_ca_file",
                format!("cannot read {}: {error}", path.display()),
            )?,
        },
    };
    let rules = CallRules {
        allowed: allowed.clone(),
        authorities,
        connect_within: CONNECT_WITHIN,
        own_name: own_name(&config.public_url),
    };
    let connector = Connector::new(&rules).or_else(|problem| {
        let file = settings.ca_file.as_deref().unwrap_or(Path::new(""));
        bad("provider_ca_file", format!("{}: {problem}", file.display()))
    })?;
    Ok(Providers {
        catalog: ProviderCatalog::new(known?, allowed),
        connector,
    })
}

fn own_name(public_url: &Url) -> OwnName {
    let host_and_port = &public_url[Position::BeforeHost..Position::AfterPort];
    let name = HeaderValue::from_str(host_and_port);
    OwnName::new(name.expect("hosts in URLs are of printable ASCII"))
}

fn provider(setting: &ProviderSetting, allowed: &Allowed) -> Result<Provider, ConfigError> {
    let slug = &setting.slug;
    let refuse = |problem: String| bad("providers", format!("{slug}: {problem}"));
    let base_url = match BaseUrl::parse(&setting.base_url, allowed) {
        Ok(base_url) => base_url,
        Err(problem) => return refuse(format!("base_url: {problem}")),
    };
    let Some(key_header) = KeyHeader::parse(&setting.auth) else {
        return refuse("auth: write bearer, or the name of a header for the key alone".to_owned());
    };
    let mut headers = Vec::new();
    for (name, value) in &setting.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        match (name, HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => headers.push((name, value)),
            _ => return refuse("headers: one has a bad name or value".to_owned()),
        }
    }
    Ok(Provider {
        slug: slug.clone(),
        name: setting.name.clone(),
        letter: setting.letter.clone(),
        about: setting.about.clone(),
        endpoint: Endpoint {
            base_url,
            key_header,
            headers,
        },
        check: CheckCall {
            path: setting.check.clone(),
            refused: setting.refused.clone(),
        },
        docs: setting.docs.clone(),
        console: setting.console.clone(),
        placeholder: setting.placeholder.clone(),
        sdk_path: setting.sdk_path.clone(),
        is_custom: false,
    })
}
