//! Settings > Integrations: keys for the APIs of other providers, and what is done with them.
//!
//! How a key stands, and what its check has shown, is put into words here; operators see the server's own keys in the same
//! words.

pub mod check;
pub mod connect;
pub mod create;
pub mod list;
pub mod remove;
mod saving;

use std::sync::Arc;

use serde::Deserialize;

use super::{PageResult, html, see_other};
use crate::domain::integrations::custom;
use crate::domain::integrations::provider_keys::{CheckEnd, Kept, ProviderKey, Saved, State};
use crate::domain::integrations::providers::Provider;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Field;
use crate::web::layout::{Flash, times};
use crate::web::markup::{Badge, TimeView};

pub(super) use saving::{KeyProblem, check_and_save, check_now};

/// The list's address.
const LIST: &str = "/settings/integrations";

/// Nothing but the token.
#[derive(Deserialize)]
pub struct ConfirmForm {}

/// A key as it was entered.
#[derive(Deserialize)]
#[serde(default)]
pub struct KeyForm {
    /// The key.
    pub key: Secret<String>,
}

impl Default for KeyForm {
    fn default() -> Self {
        Self {
            key: Secret::new(String::new()),
        }
    }
}

/// A provider for which something is kept.
pub(super) struct KeyCard {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) letter: String,
    /// The address of its page.
    pub(super) href: String,
    /// Where another key is entered.
    pub(super) replace_href: String,
    pub(super) badge: Badge,
    /// "Checked 2 hours ago".
    pub(super) checked: Option<TimeView>,
    pub(super) notice: Option<KeyNotice>,
    /// What is shown of the key that waits, if one does.
    pub(super) waits: Option<String>,
    pub(super) hint: String,
    pub(super) added: Option<TimeView>,
    pub(super) last_used: Option<TimeView>,
    /// Calls that were answered in the last 30 days, "1,284"; `None` where it is not about one account.
    pub(super) requests: Option<String>,
    /// What SDKs are given as base URL.
    pub(super) sdk_url: String,
    /// True if a new key is needed: then it can be entered at once.
    pub(super) wants_key: bool,
    pub(super) placeholder: String,
    pub(super) console: String,
}

/// What is wrong with a key.
pub(super) struct KeyNotice {
    /// `warn` or `bad`.
    pub(super) kind: &'static str,
    pub(super) lead: String,
    pub(super) text: String,
}

/// What the provider has said, and where a key is made. Empty if neither is known.
fn said(words: &str) -> String {
    match words {
        "" => String::new(),
        words => format!("It says: “{}”.", words.trim_end_matches('.')),
    }
}

/// The card of a provider with a key.
pub(super) fn key_card(
    me: &CurrentAccount,
    provider: &Provider,
    kept: &Kept,
    href: String,
) -> KeyCard {
    let times = times(&me.visitor, &me.account);
    let current = kept.current.as_ref();
    let state = current.map(|key| &key.state);
    let name = &provider.name;
    let notice = match state {
        Some(State::Refused { status, words, since }) => Some(KeyNotice {
            kind: "bad",
            lead: format!(
                "{name} has refused this key with {status} since {}.",
                times.date_time(*since).text
            ),
            text: [
                said(words),
                format!("It may have been deleted at {name}. Requests through keyport fail until you replace it."),
            ]
            .join(" ")
            .trim_start()
            .to_owned(),
        }),
        Some(State::CannotBeOpened) => Some(KeyNotice {
            kind: "bad",
            lead: "This key cannot be opened.".to_owned(),
            text: "It was sealed with an instance secret that is gone. Enter it again.".to_owned(),
        }),
        Some(State::NotChecked) => Some(KeyNotice {
            kind: "warn",
            lead: format!("{name} has not said yet whether it takes this key."),
            text: "The key is saved but not checked.".to_owned(),
        }),
        Some(State::Working) | None => None,
    };
    KeyCard {
        slug: provider.slug.clone(),
        name: name.clone(),
        letter: provider.letter.clone(),
        replace_href: href.clone(),
        href,
        badge: badge(state),
        checked: current
            .and_then(|key| key.checked_at)
            .map(|at| times.ago(at)),
        waits: kept.pending.as_ref().map(hint_words),
        hint: current.map(hint_words).unwrap_or_default(),
        added: current.map(|key| times.date(key.created_at)),
        last_used: current
            .and_then(|key| key.last_used_at)
            .map(|at| times.ago(at)),
        requests: None,
        sdk_url: sdk_url(me, provider),
        wants_key: matches!(state, Some(State::Refused { .. } | State::CannotBeOpened)),
        placeholder: provider.placeholder.clone(),
        console: provider.console.clone(),
        notice,
    }
}

/// How a key stands, in a word.
pub(super) fn badge(state: Option<&State>) -> Badge {
    let (kind, text) = match state {
        Some(State::Working) => ("ok", "Connected"),
        Some(State::Refused { .. }) => ("bad", "Key refused"),
        Some(State::CannotBeOpened) => ("bad", "Cannot be opened"),
        Some(State::NotChecked) => ("hollow", "Not checked"),
        None => ("neutral", "Not set"),
    };
    Badge {
        kind,
        text: text.to_owned(),
    }
}

/// What is shown of a key.
fn hint_words(key: &ProviderKey) -> String {
    match key.hint.as_str() {
        "" => "too short to show".to_owned(),
        hint => hint.to_owned(),
    }
}

/// What SDKs are given as base URL.
pub(super) fn sdk_url(me: &CurrentAccount, provider: &Provider) -> String {
    let base = me.visitor.state.site.base();
    format!("{base}/proxy/{}{}", provider.slug, provider.sdk_path)
}

/// The provider that a path names, to this account.
pub(super) async fn provider_of(
    me: &CurrentAccount,
    slug: &str,
) -> Result<Arc<Provider>, PageError> {
    let (id, slug) = (me.account.id, slug.to_owned());
    let catalog = me.visitor.state.catalog.clone();
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| custom::find_any(db, &catalog, id, &slug))
        .await;
    found?.ok_or(PageError::NotFound)
}

/// Leaves word of what became of a new key.
pub(super) fn tell_saved(
    me: &CurrentAccount,
    provider: &Provider,
    saved: Saved,
    reason: &str,
) -> Result<(), PageError> {
    let name = &provider.name;
    let text = match saved {
        Saved::Connected => {
            return me.visitor.leave_flash(Flash {
                lead: format!("{name} is connected."),
                text: "It takes the key. Calls through keyport use it from now on.".to_owned(),
            });
        }
        Saved::NotChecked => "The key is saved but not checked.".to_owned(),
        Saved::Waits => {
            "The new key is saved but not checked. The old one stays in use until it was."
                .to_owned()
        }
    };
    me.visitor.leave_warning(Flash {
        lead: reason.to_owned(),
        text,
    })
}

/// Leaves word of what a check has led to.
pub(super) fn tell_checked(
    me: &CurrentAccount,
    provider: &Provider,
    end: CheckEnd,
    reason: &str,
) -> Result<(), PageError> {
    let name = &provider.name;
    let (lead, text) = match end {
        CheckEnd::Works => {
            return me.visitor.leave_flash(Flash {
                lead: format!("{name} takes the key."),
                text: "It was checked just now.".to_owned(),
            });
        }
        CheckEnd::Replaced => {
            return me.visitor.leave_flash(Flash {
                lead: format!("{name} takes the new key."),
                text: "It has replaced the old one.".to_owned(),
            });
        }
        CheckEnd::Refused(said_it) => (
            format!("{name} refused this key with {}.", said_it.status),
            said(&said_it.words),
        ),
        CheckEnd::Dropped(said_it) => (
            format!("{name} refused the new key with {}.", said_it.status),
            [
                said(&said_it.words),
                "It was dropped. The old one stays in use.".to_owned(),
            ]
            .join(" ")
            .trim_start()
            .to_owned(),
        ),
        CheckEnd::Unknown(_) => (reason.to_owned(), "Nothing was changed.".to_owned()),
        CheckEnd::Gone => (
            "The key was not checked.".to_owned(),
            "It was removed or replaced meanwhile.".to_owned(),
        ),
    };
    me.visitor.leave_warning(Flash { lead, text })
}

/// Puts what is wrong with an entered key where the form shows it: the field's message, or the lead and text of a summary.
pub(super) fn refuse_key(field: &mut Field, problem: KeyProblem) -> Option<(String, String)> {
    match problem {
        KeyProblem::Malformed(words) => {
            field.refuse(words);
            None
        }
        KeyProblem::Refused { lead, text } => {
            field.refuse("Enter another key.");
            Some((lead, text))
        }
    }
}
