//! The providers: those with a key, those of the server's keys, and those that can be connected.

use std::sync::Arc;

use actix_web::http::StatusCode;
use askama::Template;

use super::{KeyCard, LIST, PageResult, badge, html, key_card, sdk_url};
use crate::domain::integrations::provider_keys::{self, Kept, Owner, State};
use crate::domain::integrations::providers::Provider;
use crate::domain::integrations::{custom, sharing};
use crate::domain::usage::tokens::recent_calls;
use crate::store::StoreError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav};
use crate::web::markup::Badge;
use crate::web::times::grouped;

#[derive(Template)]
#[template(path = "pages/integrations/list.html")]
struct ListPage {
    layout: Layout,
    cards: Vec<KeyCard>,
    shared: Vec<SharedCard>,
    others: Vec<Other>,
}

/// A provider that is called with the server's key.
struct SharedCard {
    slug: String,
    name: String,
    letter: String,
    badge: Badge,
    /// What to do if it does not work.
    problem: Option<&'static str>,
    sdk_url: String,
}

/// A provider without a key.
struct Other {
    slug: String,
    name: String,
    letter: String,
    about: String,
    is_custom: bool,
}

/// The page.
pub async fn get(me: CurrentAccount) -> PageResult {
    let (id, now) = (me.account.id, me.visitor.now);
    let secrets = me.visitor.state.policy.secrets.clone();
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let own = custom::list(db, id)?;
            let keys = provider_keys::list(db, &secrets, Owner::Account(id))?;
            let shared = sharing::list_for_account(db, &secrets, id)?;
            Ok((own, keys, shared, recent_calls(db, id, now)?))
        })
        .await;
    let (own, keys, shared, calls) = found?;
    // To the account, its own provider is what a name stands for.
    let catalog = (me.visitor.state.catalog.iter())
        .filter(|known| own.iter().all(|custom| custom.slug != known.slug));
    let all: Vec<Arc<Provider>> = catalog.chain(&own).cloned().collect();
    let kept = |provider: &Provider| -> Option<&Kept> {
        let found = keys.iter().find(|(slug, _)| *slug == provider.slug);
        found.map(|(_, kept)| kept)
    };
    let lent = |provider: &Provider| -> Option<&State> {
        let found = shared.iter().find(|(slug, _)| *slug == provider.slug);
        found
            .filter(|_| !provider.is_custom)
            .map(|(_, state)| state)
    };
    let mut page = ListPage {
        layout: Layout::new(&me.visitor, "Integrations", Nav::Integrations),
        cards: Vec::new(),
        shared: Vec::new(),
        others: Vec::new(),
    };
    for provider in &all {
        match (kept(provider), lent(provider)) {
            (Some(kept), _) => {
                let href = format!("{LIST}/{}", provider.slug);
                let requests = calls.get(&provider.slug).copied().unwrap_or(0);
                page.cards.push(KeyCard {
                    requests: Some(grouped(requests)),
                    ..key_card(&me, provider, kept, href)
                });
            }
            (None, Some(state)) => page.shared.push(shared_card(&me, provider, state)),
            (None, None) => page.others.push(other(provider)),
        }
    }
    html(StatusCode::OK, &page)
}

fn shared_card(me: &CurrentAccount, provider: &Provider, state: &State) -> SharedCard {
    SharedCard {
        slug: provider.slug.clone(),
        name: provider.name.clone(),
        letter: provider.letter.clone(),
        badge: badge(Some(state)),
        problem: match state {
            State::Working | State::NotChecked => None,
            State::Refused { .. } => Some(
                "The provider refuses the server’s key. Tell an operator, or use a key of your own.",
            ),
            State::CannotBeOpened => Some(
                "The server’s key cannot be opened. Tell an operator, or use a key of your own.",
            ),
        },
        sdk_url: sdk_url(me, provider),
    }
}

fn other(provider: &Provider) -> Other {
    Other {
        slug: provider.slug.clone(),
        name: provider.name.clone(),
        letter: provider.letter.clone(),
        about: provider.about.clone(),
        is_custom: provider.is_custom,
    }
}
