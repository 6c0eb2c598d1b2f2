//! Which accounts may use the instance's own provider keys. They use them without owning them: they see that there is one,
//! and nothing of it.

use super::provider_keys::{self, Owner, State};
use crate::crypto::instance_secret::InstanceSecrets;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::text::EmailAddress;
use crate::ids::AccountId;
use crate::store::shared_providers as rows;
use crate::store::{Db, StoreError, accounts};

/// The most accounts that are chosen for one provider.
pub const MOST_ACCOUNTS: usize = 500;

/// Who may use a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every account.
    All,
    /// Those that were chosen.
    Chosen,
}

impl Access {
    /// Both.
    pub const ALL: [Self; 2] = [Self::All, Self::Chosen];

    /// The word in forms and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => rows::ALL,
            Self::Chosen => rows::CHOSEN,
        }
    }

    /// The choice with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.word() == word)
    }
}

/// Who may use the instance's key of a provider.
#[derive(Clone, Debug)]
pub struct Sharing {
    /// Everyone, or those below.
    pub access: Access,
    /// Addresses of the accounts that were chosen.
    pub emails: Vec<String>,
}

/// Who may use the instance's key of a provider; no one, as long as no one has said.
///
/// # Errors
/// If the database fails.
pub fn find(db: &mut Db, slug: &str) -> Result<Sharing, StoreError> {
    let access = rows::access(db, slug)?;
    let granted = rows::list_granted(db, slug)?;
    Ok(Sharing {
        access: access
            .and_then(|word| Access::from_word(&word))
            .unwrap_or(Access::Chosen),
        emails: granted.into_iter().map(|account| account.email).collect(),
    })
}

/// Why it was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// No account has this address, or it is disabled.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets who may use the instance's key of a provider. A choice of accounts is kept while everyone may.
///
/// # Errors
/// If there is no such account, or the database fails.
pub fn set(
    db: &mut Db,
    act: &Act,
    slug: &str,
    access: Access,
    emails: &[EmailAddress],
) -> Result<(), ShareError> {
    rows::lock(db, slug)?;
    let mut chosen: Vec<AccountId> = Vec::new();
    for email in emails {
        let account = accounts::find_by_email(db, email.as_str())?;
        match account.filter(|account| account.disabled_at.is_none()) {
            Some(account) => chosen.push(account.id),
            None => return Err(ShareError::NoAccount(email.to_string())),
        }
    }
    let before = rows::list_granted(db, slug)?;
    for account in before.iter().filter(|one| !chosen.contains(&one.id)) {
        rows::ungrant(db, slug, account.id)?;
    }
    chosen.retain(|id| before.iter().all(|one| one.id != *id));
    chosen.sort();
    chosen.dedup();
    for id in chosen {
        rows::grant(db, slug, id, act.now)?;
    }
    rows::set_access(db, slug, access.word())?;
    let target = format!(
        "{slug}, for {}",
        match access {
            Access::All => "every account",
            Access::Chosen => "chosen accounts",
        }
    );
    let action = Action::ProviderShare;
    act.record(db, None, action, Some(&target), Outcome::Done)?;
    Ok(())
}

/// Takes back what was allowed to an account, which is being closed.
///
/// # Errors
/// If the database fails.
pub fn forget(db: &mut Db, account_id: AccountId) -> Result<(), StoreError> {
    rows::ungrant_account(db, account_id)
}

/// Slugs of the providers that the instance has a key for which this account may use, and how those stand.
///
/// # Errors
/// If the database fails.
pub fn list_for_account(
    db: &mut Db,
    secrets: &InstanceSecrets,
    account_id: AccountId,
) -> Result<Vec<(String, State)>, StoreError> {
    let allowed = rows::list_for_account(db, account_id)?;
    if allowed.is_empty() {
        return Ok(Vec::new());
    }
    let keys = provider_keys::list(db, secrets, Owner::Instance)?;
    Ok(keys
        .into_iter()
        .filter(|(slug, _)| allowed.contains(slug))
        .filter_map(|(slug, kept)| Some((slug, kept.current?.state)))
        .collect())
}
