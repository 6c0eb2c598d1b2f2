//! Removing a key, after a question; a provider that the account has added goes with it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{ConfirmForm, LIST, PageResult, hint_words, html, provider_of, see_other};
use crate::domain::integrations::provider_keys::{self, Kept, Owner};
use crate::domain::integrations::providers::Provider;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/integrations/remove.html")]
struct RemovePage {
    layout: Layout,
    summary: Option<Summary>,
    slug: String,
    name: String,
    about: String,
    /// What is shown of the key; `None` if there is none.
    hint: Option<String>,
    last_used: Option<TimeView>,
    is_custom: bool,
}

/// Asks.
pub async fn get(RecentSignIn(me): RecentSignIn, slug: web::Path<String>) -> PageResult {
    let (provider, kept) = known(&me, &slug).await?;
    html(StatusCode::OK, &page(&me, &provider, &kept, None))
}

/// Removes.
pub async fn post(
    RecentSignIn(me): RecentSignIn,
    slug: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let (provider, kept) = known(&me, &slug).await?;
    if form.check().is_err() {
        let page = page(&me, &provider, &kept, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, owner) = (me.visitor.act.clone(), Owner::Account(me.account.id));
    let slug = provider.slug.clone();
    let removed: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| provider_keys::remove(db, &act, owner, &slug))
        .await;
    if !removed? {
        return Err(PageError::NotFound);
    }
    let name = &provider.name;
    me.visitor.leave_flash(Flash {
        lead: match provider.is_custom {
            true => format!("{name} was removed."),
            false => format!("The {name} key was removed."),
        },
        text: format!("Delete it at {name} too if nothing else needs it."),
    })?;
    Ok(see_other(LIST))
}

/// The provider that the path names, if there is anything to remove.
async fn known(me: &CurrentAccount, slug: &str) -> Result<(Arc<Provider>, Kept), PageError> {
    let provider = provider_of(me, slug).await?;
    let (owner, slug) = (Owner::Account(me.account.id), provider.slug.clone());
    let secrets = me.visitor.state.policy.secrets.clone();
    let kept: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| provider_keys::find(db, &secrets, owner, &slug))
        .await;
    let kept = kept?;
    if kept.is_empty() && !provider.is_custom {
        return Err(PageError::NotFound);
    }
    Ok((provider, kept))
}

fn page(
    me: &CurrentAccount,
    provider: &Provider,
    kept: &Kept,
    summary: Option<Summary>,
) -> RemovePage {
    let name = &provider.name;
    let key = kept.current.as_ref().or(kept.pending.as_ref());
    let question = match key.is_some() && !provider.is_custom {
        true => format!("Remove the {name} key?"),
        false => format!("Remove {name}?"),
    };
    let href = format!("{LIST}/{}", provider.slug);
    let crumbs = [("Integrations", LIST), (name.as_str(), href.as_str())];
    let mut layout =
        Layout::new(&me.visitor, question, Nav::Integrations).with_crumbs(&crumbs, "Remove");
    if summary.is_some() {
        layout.title = format!("Error: {}", layout.title);
    }
    let times = times(&me.visitor, &me.account);
    RemovePage {
        layout,
        summary,
        slug: provider.slug.clone(),
        name: name.clone(),
        about: provider.about.clone(),
        hint: key.map(hint_words),
        last_used: key.and_then(|key| key.last_used_at).map(|at| times.ago(at)),
        is_custom: provider.is_custom,
    }
}
