//! Operator > Integrations > one provider: the server's key for it, and which accounts may use it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::integrations::{
    ConfirmForm, KeyCard, KeyForm, check_and_save, check_now, key_card, refuse_key, tell_checked,
    tell_saved,
};
use super::super::{PageResult, html, see_other};
use super::integrations::INTEGRATIONS;
use crate::domain::integrations::provider_keys::{self, Kept, Owner};
use crate::domain::integrations::providers::Provider;
use crate::domain::integrations::sharing::{self, Access, MOST_ACCOUNTS, ShareError, Sharing};
use crate::domain::text::EmailAddress;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::operator::{Operator, RecentOperator};
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/operator/integration.html")]
struct IntegrationPage {
    layout: Layout,
    summary: Option<Summary>,
    slug: String,
    name: String,
    host: String,
    placeholder: String,
    /// The key, if there is one.
    card: Option<KeyCard>,
    key: Field,
    access: Field,
    accounts: Field,
}

#[derive(Template)]
#[template(path = "pages/operator/integration_remove.html")]
struct RemovePage {
    layout: Layout,
    summary: Option<Summary>,
    slug: String,
    name: String,
}

/// Who may use the key.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ShareForm {
    access: String,
    accounts: String,
}

/// What is known of a provider here.
struct Known {
    provider: Arc<Provider>,
    kept: Kept,
    sharing: Sharing,
}

/// The provider of the settings that a path names.
async fn known(me: &CurrentAccount, slug: &str) -> Result<Known, PageError> {
    let provider = me.visitor.state.catalog.find(slug).cloned();
    let provider = provider.ok_or(PageError::NotFound)?;
    let slug = provider.slug.clone();
    let secrets = me.visitor.state.policy.secrets.clone();
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let kept = provider_keys::find(db, &secrets, Owner::Instance, &slug)?;
            Ok((kept, sharing::find(db, &slug)?))
        })
        .await;
    let (kept, sharing) = found?;
    Ok(Known {
        provider,
        kept,
        sharing,
    })
}

/// The page.
pub async fn get(Operator(me): Operator, slug: web::Path<String>) -> PageResult {
    let known = known(&me, &slug).await?;
    html(StatusCode::OK, &page(&me, &known))
}

/// Checks and saves a key.
pub async fn post(
    RecentOperator(me): RecentOperator,
    slug: web::Path<String>,
    form: Form<KeyForm>,
) -> PageResult {
    let known = known(&me, &slug).await?;
    let mut page = page(&me, &known);
    let Ok(form) = form.check() else {
        page.summary = Some(Summary::stale());
        return refused(page, "");
    };
    let provider = known.provider.clone();
    match check_and_save(&me, Owner::Instance, provider, &form.key, None).await? {
        Ok((saved, reason)) => {
            tell_saved(&me, &known.provider, saved, &reason)?;
            Ok(see_other(&format!("{INTEGRATIONS}/{}", page.slug)))
        }
        Err(problem) => {
            page.summary =
                refuse_key(&mut page.key, problem).map(|(lead, text)| Summary::of(lead, text));
            refused(page, "The key was not saved.")
        }
    }
}

/// Asks the provider whether it takes the key.
pub async fn post_check(
    RecentOperator(me): RecentOperator,
    slug: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let known = known(&me, &slug).await?;
    if form.check().is_err() {
        return Err(PageError::StaleForm);
    }
    let checked = check_now(&me, Owner::Instance, &known.provider).await?;
    let (end, reason) = checked.ok_or(PageError::NotFound)?;
    tell_checked(&me, &known.provider, end, &reason)?;
    Ok(see_other(&format!(
        "{INTEGRATIONS}/{}",
        known.provider.slug
    )))
}

/// Asks whether to remove the key.
pub async fn get_remove(RecentOperator(me): RecentOperator, slug: web::Path<String>) -> PageResult {
    let known = known(&me, &slug).await?;
    if known.kept.is_empty() {
        return Err(PageError::NotFound);
    }
    html(StatusCode::OK, &remove_page(&me, &known.provider, None))
}

/// Removes it.
pub async fn post_remove(
    RecentOperator(me): RecentOperator,
    slug: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let known = known(&me, &slug).await?;
    if form.check().is_err() {
        let page = remove_page(&me, &known.provider, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, slug) = (me.visitor.act.clone(), known.provider.slug.clone());
    let removed: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| provider_keys::remove(db, &act, Owner::Instance, &slug))
        .await;
    if !removed? {
        return Err(PageError::NotFound);
    }
    me.visitor.leave_flash(Flash {
        lead: format!("The server’s {} key was removed.", known.provider.name),
        text: "No account can use it any more.".to_owned(),
    })?;
    Ok(see_other(INTEGRATIONS))
}

/// Sets who may use the key.
pub async fn post_access(
    RecentOperator(me): RecentOperator,
    slug: web::Path<String>,
    form: Form<ShareForm>,
) -> PageResult {
    let known = known(&me, &slug).await?;
    let mut page = page(&me, &known);
    let (form, is_stale) = match form.check() {
        Ok(form) => (form, false),
        Err(stale) => (stale.into_kept(), true),
    };
    page.access = Field::with(&form.access);
    page.accounts = Field::with(&form.accounts);
    if is_stale {
        page.summary = Some(Summary::stale());
        return refused(page, "");
    }
    let access = Access::from_word(&form.access);
    if access.is_none() {
        page.access.refuse("Choose who may use the key.");
    }
    let emails = addresses(&form.accounts)
        .inspect_err(|problem| page.accounts.refuse(problem))
        .ok();
    let (Some(access), Some(emails)) = (access, emails) else {
        return refused(page, "Nothing was changed.");
    };
    let (act, slug) = (me.visitor.act.clone(), known.provider.slug.clone());
    let set: Result<(), ShareError> = (me.visitor.state.pool)
        .write(move |db| sharing::set(db, &act, &slug, access, &emails))
        .await;
    match set {
        Ok(()) => {
            me.visitor.leave_flash(Flash {
                lead: "It was set who may use the key.".to_owned(),
                text: "It holds from the next request on.".to_owned(),
            })?;
            Ok(see_other(&format!("{INTEGRATIONS}/{}", page.slug)))
        }
        Err(ShareError::NoAccount(email)) => {
            (page.accounts).refuse(format!("There is no account with the address {email}."));
            refused(page, "Nothing was changed.")
        }
        Err(ShareError::Store(error)) => Err(error.into()),
    }
}

/// One address a line.
fn addresses(text: &str) -> Result<Vec<EmailAddress>, String> {
    let mut all: Vec<EmailAddress> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match EmailAddress::parse(line) {
            Ok(email) if all.contains(&email) => {}
            Ok(email) => all.push(email),
            Err(_) => return Err(format!("Line {}: this is no email address.", index + 1)),
        }
    }
    if all.len() > MOST_ACCOUNTS {
        return Err(format!("Enter at most {MOST_ACCOUNTS} accounts."));
    }
    Ok(all)
}

fn refused(mut page: IntegrationPage, lead: &str) -> PageResult {
    if page.summary.is_none() {
        let fields = [
            ("key", "Key", &page.key),
            ("access-all", "Who may use it", &page.access),
            ("accounts", "Accounts", &page.accounts),
        ];
        page.summary = Summary::listing(lead, &fields);
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount, known: &Known) -> IntegrationPage {
    let provider = &known.provider;
    let href = format!("{INTEGRATIONS}/{}", provider.slug);
    let card = (!known.kept.is_empty()).then(|| KeyCard {
        // Accounts have it on their page; operators call with keys of their own.
        sdk_url: String::new(),
        // The form stands on this very page.
        replace_href: "#key".to_owned(),
        wants_key: false,
        ..key_card(me, provider, &known.kept, href)
    });
    IntegrationPage {
        layout: Layout::new(
            &me.visitor,
            provider.name.clone(),
            Nav::OperatorIntegrations,
        )
        .with_crumbs(&[("Integrations", INTEGRATIONS)], &provider.name),
        summary: None,
        slug: provider.slug.clone(),
        name: provider.name.clone(),
        host: provider.base_url().host().to_owned(),
        placeholder: provider.placeholder.clone(),
        card,
        key: Field::default(),
        access: Field::with(known.sharing.access.word()),
        accounts: Field::with(known.sharing.emails.join("\n")),
    }
}

fn remove_page(me: &CurrentAccount, provider: &Provider, summary: Option<Summary>) -> RemovePage {
    let question = format!("Remove the server’s {} key?", provider.name);
    let href = format!("{INTEGRATIONS}/{}", provider.slug);
    let crumbs = [
        ("Integrations", INTEGRATIONS),
        (provider.name.as_str(), href.as_str()),
    ];
    let mut layout = Layout::new(&me.visitor, question, Nav::OperatorIntegrations)
        .with_crumbs(&crumbs, "Remove");
    if summary.is_some() {
        layout.title = format!("Error: {}", layout.title);
    }
    RemovePage {
        layout,
        summary,
        slug: provider.slug.clone(),
        name: provider.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_one_a_line_and_count_once() {
        let read = |text: &str| addresses(text).map(|all| all.len());
        assert_eq!(read(""), Ok(0));
        assert_eq!(
            read("a@b.example\r\n\r\n A@b.example \r\nc@d.example"),
            Ok(2)
        );
        let problem = read("a@b.example\nnobody").unwrap_err();
        assert!(problem.starts_with("Line 2"), "{problem}");
    }
}
