//! Which providers there are: rows of data, those of the settings for all and those that an account has added for itself.

use std::sync::Arc;

use super::{Allowed, BaseUrl, CheckCall, Endpoint};

/// A provider of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name in paths.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Stands where others have a logo.
    pub letter: String,
    /// What it is, in a few words; may be empty.
    pub about: String,
    /// How it is called.
    pub endpoint: Endpoint,
    /// What shows whether a key is good.
    pub check: CheckCall,
    /// Where it is documented; may be empty.
    pub docs: String,
    /// Where its keys are made; may be empty.
    pub console: String,
    /// How a key looks.
    pub placeholder: String,
    /// What follows `/proxy/SLUG` in the base URL of SDKs.
    pub sdk_path: String,
    /// True if an account has added it for itself.
    pub is_custom: bool,
}

/// The providers of the settings. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct ProviderCatalog {
    providers: Arc<[Arc<Provider>]>,
    allowed: Allowed,
}

impl ProviderCatalog {
    /// These, in the order of pages. `allowed` is what providers that accounts add may be besides public.
    pub fn new(providers: Vec<Provider>, allowed: Allowed) -> Self {
        Self {
            providers: providers.into_iter().map(Arc::new).collect(),
            allowed,
        }
    }

    /// The provider of this name.
    pub fn find(&self, slug: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|one| one.slug == slug)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.iter()
    }

    /// What may be called although it is private.
    pub(super) fn allowed(&self) -> &Allowed {
        &self.allowed
    }
}

impl Provider {
    /// Its base URL.
    pub fn base_url(&self) -> &BaseUrl {
        &self.endpoint.base_url
    }
}
