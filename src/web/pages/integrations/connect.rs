//! Entering a key for a provider: the first one, or one in place of another.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{
    KeyForm, LIST, PageResult, check_and_save, hint_words, html, provider_of, refuse_key,
    see_other, tell_saved,
};
use crate::domain::integrations::provider_keys::{self, Kept, Owner};
use crate::domain::integrations::providers::Provider;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/integrations/connect.html")]
struct ConnectPage {
    layout: Layout,
    summary: Option<Summary>,
    slug: String,
    name: String,
    about: String,
    host: String,
    placeholder: String,
    console: String,
    docs: String,
    /// What is shown of the key in use, if there is one.
    old: Option<String>,
    key: Field,
}

/// The form.
pub async fn get(RecentSignIn(me): RecentSignIn, slug: web::Path<String>) -> PageResult {
    let (provider, kept) = known(&me, &slug).await?;
    html(StatusCode::OK, &page(&me, &provider, &kept))
}

/// Checks and saves the key.
pub async fn post(
    RecentSignIn(me): RecentSignIn,
    slug: web::Path<String>,
    form: Form<KeyForm>,
) -> PageResult {
    let (provider, kept) = known(&me, &slug).await?;
    let mut page = page(&me, &provider, &kept);
    let Ok(form) = form.check() else {
        page.summary = Some(Summary::stale());
        return refused(page);
    };
    let owner = Owner::Account(me.account.id);
    match check_and_save(&me, owner, provider.clone(), &form.key, None).await? {
        Ok((saved, reason)) => {
            tell_saved(&me, &provider, saved, &reason)?;
            Ok(see_other(LIST))
        }
        Err(problem) => {
            page.summary =
                refuse_key(&mut page.key, problem).map(|(lead, text)| Summary::of(lead, text));
            refused(page)
        }
    }
}

fn refused(mut page: ConnectPage) -> PageResult {
    if page.summary.is_none() {
        let fields = [("key", "Key", &page.key)];
        page.summary = Summary::listing("The key was not saved.", &fields);
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// The provider that the path names, and what the account keeps for it.
async fn known(me: &CurrentAccount, slug: &str) -> Result<(Arc<Provider>, Kept), PageError> {
    let provider = provider_of(me, slug).await?;
    let (owner, slug) = (Owner::Account(me.account.id), provider.slug.clone());
    let secrets = me.visitor.state.policy.secrets.clone();
    let kept: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| provider_keys::find(db, &secrets, owner, &slug))
        .await;
    Ok((provider, kept?))
}

fn page(me: &CurrentAccount, provider: &Provider, kept: &Kept) -> ConnectPage {
    let name = &provider.name;
    let title = match kept.current {
        None => format!("Connect {name}"),
        Some(_) => format!("Replace the {name} key"),
    };
    ConnectPage {
        layout: Layout::new(&me.visitor, title, Nav::Integrations)
            .with_crumbs(&[("Integrations", LIST)], name),
        summary: None,
        slug: provider.slug.clone(),
        name: name.clone(),
        about: provider.about.clone(),
        host: provider.base_url().host().to_owned(),
        placeholder: provider.placeholder.clone(),
        console: provider.console.clone(),
        docs: provider.docs.clone(),
        old: kept.current.as_ref().map(hint_words),
        key: Field::default(),
    }
}
