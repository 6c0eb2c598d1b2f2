//! Checking and saving an entered key, and checking one that is kept: a call to the provider between two visits to the
//! database, none of which waits for the other.

use std::sync::Arc;

use super::said;
use crate::domain::integrations::Checked;
use crate::domain::integrations::custom::{AddProviderError, NewCustomProvider};
use crate::domain::integrations::provider_keys::{self, CheckEnd, Owner, SaveError, Saved};
use crate::domain::integrations::providers::Provider;
use crate::domain::integrations::sealing::NewProviderKey;
use crate::domain::security::throttles;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::visitor::CurrentAccount;

/// Why a key was not saved.
pub(in crate::web::pages) enum KeyProblem {
    /// It is no key: what to do, for the field.
    Malformed(String),
    /// The provider, or a rule of the server, refuses it.
    Refused {
        /// What happened.
        lead: String,
        /// What it means.
        text: String,
    },
}

/// What became of an entered key: how it was saved and, if it could not be checked, why; or why it was not saved.
pub(in crate::web::pages) type Entered = Result<(Saved, String), KeyProblem>;

/// Why a key could not be checked, as a sentence with the provider's name.
fn reason(provider: &Provider, checked: &Checked) -> String {
    let name = &provider.name;
    match checked {
        Checked::Unreachable(words) => format!("{name} could not be reached. {words}"),
        Checked::Unclear(words) => format!("{name} did not say whether it takes the key. {words}"),
        Checked::NotAllowed(words) => format!("{name} may not be called. {words}"),
        Checked::Accepted | Checked::Refused(_) => String::new(),
    }
}

/// Counts a check against those that the account may make.
async fn take_check(me: &CurrentAccount) -> Result<(), PageError> {
    let (now, id) = (me.visitor.now, me.account.id);
    let taken: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| throttles::take_provider_check(db, now, id))
        .await;
    Ok(taken??)
}

/// Checks a key that was entered for a provider, and saves it unless the provider refuses it. `adds`: the provider is added
/// with it.
pub(in crate::web::pages) async fn check_and_save(
    me: &CurrentAccount,
    owner: Owner,
    provider: Arc<Provider>,
    typed: &Secret<String>,
    adds: Option<NewCustomProvider>,
) -> Result<Entered, PageError> {
    let new = match NewProviderKey::parse(typed) {
        Ok(new) => new,
        Err(problem) => return Ok(Err(KeyProblem::Malformed(problem.to_string()))),
    };
    take_check(me).await?;
    let state = &me.visitor.state;
    let checked = (me.visitor.provider_client())
        .check(&provider.endpoint, &provider.check, new.secret())
        .await;
    let is_accepted = match &checked {
        Checked::Accepted => true,
        Checked::Unreachable(_) | Checked::Unclear(_) => false,
        Checked::Refused(answer) => {
            let text = ["It was not saved.".to_owned(), said(&answer.words)].join(" ");
            return Ok(Err(KeyProblem::Refused {
                lead: format!("{} refused this key with {}.", provider.name, answer.status),
                text: text.trim_end().to_owned(),
            }));
        }
        Checked::NotAllowed(words) => {
            return Ok(Err(KeyProblem::Refused {
                lead: "The key was not saved.".to_owned(),
                text: words.clone(),
            }));
        }
    };
    let reason = reason(&provider, &checked);
    let (act, secrets) = (me.visitor.act.clone(), state.policy.secrets.clone());
    let account_id = me.account.id;
    let saved = (state.pool)
        .write(move |db| match &adds {
            Some(custom) => provider_keys::add_with_key(
                db,
                &act,
                &secrets,
                account_id,
                custom,
                &new,
                is_accepted,
            ),
            None => provider_keys::save(db, &act, &secrets, owner, &provider, &new, is_accepted),
        })
        .await;
    match saved {
        Ok(saved) => Ok(Ok((saved, reason))),
        Err(SaveError::Gone) => Err(PageError::NotFound),
        Err(SaveError::Add(error)) => {
            add_problem(error).map(|(lead, text)| Err(KeyProblem::Refused { lead, text }))
        }
        Err(SaveError::Store(error)) => Err(error.into()),
    }
}

/// Why a provider was not added, as lead and text.
pub(super) fn add_problem(error: AddProviderError) -> Result<(String, String), PageError> {
    let lead = "The provider was not added.".to_owned();
    match error {
        AddProviderError::Exists => Ok((
            lead,
            "You have one of this name. Choose another name, or remove that one first.".to_owned(),
        )),
        AddProviderError::TooMany => Ok((
            lead,
            "You have 50 providers of your own, the most an account may have. Remove one first."
                .to_owned(),
        )),
        AddProviderError::Store(error) => Err(error.into()),
    }
}

/// Checks the key that is kept, or that waits; with the reason if it could not be checked. `None` if there is none.
pub(in crate::web::pages) async fn check_now(
    me: &CurrentAccount,
    owner: Owner,
    provider: &Provider,
) -> Result<Option<(CheckEnd, String)>, PageError> {
    let state = &me.visitor.state;
    let (secrets, slug) = (state.policy.secrets.clone(), provider.slug.clone());
    let found: Result<_, StoreError> = (state.pool)
        .read(move |db| provider_keys::to_check(db, &secrets, owner, &slug))
        .await;
    let Some(opened) = found? else {
        return Ok(None);
    };
    let Some(key) = opened else {
        let words = "This key cannot be opened. It was sealed with an instance secret that is gone. Enter it again.";
        return Ok(Some((
            CheckEnd::Unknown(words.to_owned()),
            words.to_owned(),
        )));
    };
    take_check(me).await?;
    let checked = (me.visitor.provider_client())
        .check(&provider.endpoint, &provider.check, &key.secret)
        .await;
    let reason = reason(provider, &checked);
    let (act, slug) = (me.visitor.act.clone(), provider.slug.clone());
    let noted: Result<_, StoreError> = (state.pool)
        .write(move |db| provider_keys::note_checked(db, &act, owner, &slug, key.id, checked))
        .await;
    Ok(Some((noted?, reason)))
}
