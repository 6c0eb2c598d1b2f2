//! Providers that accounts add for themselves: any server with an API that takes a key in one of the usual ways.

use std::sync::Arc;

use super::providers::{Provider, ProviderCatalog};
use super::{BaseUrl, CheckCall, Endpoint, KeyHeader};
use crate::domain::audit::{Act, Action, Outcome};
use crate::ids::AccountId;
use crate::outbound::providers::BadBaseUrl;
use crate::store::custom_providers::{self as rows, CustomProviderRow};
use crate::store::{Db, StoreError, accounts};

/// The most providers that an account may add.
pub const MOST_PROVIDERS: usize = 50;
/// The most characters of a name.
const MOST_SLUG_CHARS: usize = 40;

/// Why a text is no name for a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSlug {
    /// Other characters, or too many of them.
    #[error(
        "Enter 2 to 40 small letters, digits and hyphens, with a letter first and no hyphen at the end."
    )]
    Malformed,
    /// A provider that comes with keyport is called this, or an address of ours.
    #[error("This name is taken. Choose another.")]
    Taken,
}

/// The ways that a key can be sent to a provider of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomAuth {
    /// `Authorization: Bearer`.
    Bearer,
    /// `x-api-key`.
    ApiKeyHeader,
}

impl CustomAuth {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Bearer, Self::ApiKeyHeader];

    /// The word in forms and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::ApiKeyHeader => "x-api-key",
        }
    }

    /// The way with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|auth| auth.word() == word)
    }
}

/// A provider that someone wants to add.
#[derive(Clone, Debug)]
pub struct NewCustomProvider {
    slug: String,
    base_url: BaseUrl,
    auth: CustomAuth,
}

impl NewCustomProvider {
    /// From its parts.
    pub fn new(slug: Slug, base_url: BaseUrl, auth: CustomAuth) -> Self {
        Self {
            slug: slug.0,
            base_url,
            auth,
        }
    }

    /// As it is called, once it is added.
    pub fn provider(&self) -> Arc<Provider> {
        Arc::new(provider(
            self.slug.clone(),
            self.base_url.clone(),
            self.auth.word(),
        ))
    }
}

/// A name that a provider can have.
#[derive(Clone, Debug)]
pub struct Slug(String);

impl Slug {
    /// Reads it.
    ///
    /// # Errors
    /// If it has other characters, or the catalog has a provider of that name.
    pub fn parse(catalog: &ProviderCatalog, text: &str) -> Result<Self, BadSlug> {
        let slug = text.trim();
        let is_well_formed = (2..=MOST_SLUG_CHARS).contains(&slug.len())
            && slug.starts_with(|first: char| first.is_ascii_lowercase())
            && !slug.ends_with('-')
            && slug
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_well_formed {
            return Err(BadSlug::Malformed);
        }
        if slug == "new" || catalog.find(slug).is_some() {
            return Err(BadSlug::Taken);
        }
        Ok(Self(slug.to_owned()))
    }
}

/// Reads a base URL.
///
/// # Errors
/// If it is none, or may not be called.
pub fn parse_base_url(catalog: &ProviderCatalog, text: &str) -> Result<BaseUrl, BadBaseUrl> {
    BaseUrl::parse(text, catalog.allowed())
}

/// Why a provider was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddProviderError {
    /// The account has one of this name.
    #[error("the account has a provider of this name")]
    Exists,
    /// The account has the most that it may have.
    #[error("the account has too many providers")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a provider.
///
/// # Errors
/// If the account has one of this name or too many, or the database fails.
pub fn add(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    new: &NewCustomProvider,
) -> Result<(), AddProviderError> {
    insert(db, act, account_id, new)?;
    record_added(db, act, account_id, &new.slug)?;
    Ok(())
}

/// Adds the row, without a word about it in the audit log.
///
/// # Errors
/// As [`add`].
pub(super) fn insert(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    new: &NewCustomProvider,
) -> Result<(), AddProviderError> {
    accounts::lock(db, account_id)?;
    let mine = rows::list(db, account_id)?;
    if mine.iter().any(|row| row.slug == new.slug) {
        return Err(AddProviderError::Exists);
    }
    if mine.len() >= MOST_PROVIDERS {
        return Err(AddProviderError::TooMany);
    }
    rows::insert(
        db,
        &CustomProviderRow {
            account_id,
            slug: new.slug.clone(),
            base_url: new.base_url.to_string(),
            auth: new.auth.word().to_owned(),
            created_at: act.now,
        },
    )?;
    Ok(())
}

/// Writes down that it was added: the last thing that a rule does.
///
/// # Errors
/// If the database fails.
pub(super) fn record_added(
    db: &mut Db,
    act: &Act,
    account_id: AccountId,
    slug: &str,
) -> Result<(), StoreError> {
    let action = Action::ProviderAdd;
    act.record(db, Some(account_id), action, Some(slug), Outcome::Done)
}

/// The account's provider of this name.
///
/// # Errors
/// If the database fails.
pub fn find(
    db: &mut Db,
    account_id: AccountId,
    slug: &str,
) -> Result<Option<Arc<Provider>>, StoreError> {
    let row = rows::find(db, account_id, slug)?;
    Ok(row.and_then(from_row))
}

/// The provider that this name stands for to the account: its own before one of the catalog.
///
/// # Errors
/// If the database fails.
pub fn find_any(
    db: &mut Db,
    catalog: &ProviderCatalog,
    account_id: AccountId,
    slug: &str,
) -> Result<Option<Arc<Provider>>, StoreError> {
    let own = find(db, account_id, slug)?;
    Ok(own.or_else(|| catalog.find(slug).cloned()))
}

/// All providers of the account, by name.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, account_id: AccountId) -> Result<Vec<Arc<Provider>>, StoreError> {
    let rows = rows::list(db, account_id)?;
    let providers = rows.into_iter().filter_map(from_row);
    Ok(providers.collect())
}

/// An operator may have taken back that it may be called: such a provider stays in the lists, and its calls are refused.
fn from_row(row: CustomProviderRow) -> Option<Arc<Provider>> {
    let base_url = BaseUrl::from_stored(&row.base_url)?;
    Some(Arc::new(provider(row.slug, base_url, &row.auth)))
}

fn provider(slug: String, base_url: BaseUrl, auth: &str) -> Provider {
    Provider {
        name: slug.clone(),
        letter: slug.chars().take(1).collect(),
        about: base_url.to_string(),
        slug,
        endpoint: Endpoint {
            base_url,
            key_header: KeyHeader::parse(auth).unwrap_or(KeyHeader::Bearer),
            headers: Vec::new(),
        },
        check: CheckCall {
            path: "/v1/models".to_owned(),
            refused: vec![401, 403],
        },
        docs: String::new(),
        console: String::new(),
        placeholder: "API key".to_owned(),
        sdk_path: "/v1".to_owned(),
        is_custom: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_a_path_can_hold_as_it_is() {
        let catalog = ProviderCatalog::default();
        let parse = |text: &str| Slug::parse(&catalog, text).map(|slug| slug.0);
        assert_eq!(parse(" local-llm2 ").as_deref(), Ok("local-llm2"));
        assert!(parse(&"a".repeat(40)).is_ok());
        for text in [
            "",
            "a",
            "A1",
            "1a",
            "-a",
            "a-",
            "a_b",
            "a/b",
            "..",
            "é1",
            &"a".repeat(41),
        ] {
            assert_eq!(parse(text), Err(BadSlug::Malformed), "{text}");
        }
        assert_eq!(parse("new"), Err(BadSlug::Taken));
    }
}
