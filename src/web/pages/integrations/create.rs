//! Adding a provider that keyport does not know: any server with an API like OpenAI's, or that takes `x-api-key`.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::saving::add_problem;
use super::{LIST, PageResult, check_and_save, html, refuse_key, see_other, tell_saved};
use crate::domain::integrations::custom::{self, CustomAuth, NewCustomProvider, Slug};
use crate::domain::integrations::provider_keys::Owner;
use crate::secret::Secret;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/integrations/create.html")]
struct CreatePage {
    layout: Layout,
    summary: Option<Summary>,
    slug: Field,
    base_url: Field,
    auth: Field,
    key: Field,
}

/// What is entered.
#[derive(Deserialize)]
#[serde(default)]
pub struct CreateForm {
    slug: String,
    base_url: String,
    auth: String,
    key: Secret<String>,
}

impl Default for CreateForm {
    fn default() -> Self {
        Self {
            slug: String::new(),
            base_url: String::new(),
            auth: CustomAuth::Bearer.word().to_owned(),
            key: Secret::new(String::new()),
        }
    }
}

/// The form.
pub async fn get(RecentSignIn(me): RecentSignIn) -> PageResult {
    html(StatusCode::OK, &page(&me, &CreateForm::default()))
}

/// Adds the provider; with a key, once that was checked.
pub async fn post(RecentSignIn(me): RecentSignIn, form: Form<CreateForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, &stale.into_kept());
            page.summary = Some(Summary::stale());
            return refused(page);
        }
    };
    let mut page = page(&me, &form);
    let Some(new) = parse(&me, &mut page) else {
        return refused(page);
    };
    let provider = new.provider();
    if form.key.expose().trim().is_empty() {
        let (act, id) = (me.visitor.act.clone(), me.account.id);
        let added = (me.visitor.state.pool)
            .write(move |db| custom::add(db, &act, id, &new))
            .await;
        if let Err(error) = added {
            let (lead, text) = add_problem(error)?;
            page.summary = Some(Summary::of(lead, text));
            return refused(page);
        }
        me.visitor.leave_flash(Flash {
            lead: format!("{} was added.", provider.name),
            text: "Enter its key to connect it.".to_owned(),
        })?;
        return Ok(see_other(&format!("{LIST}/{}", provider.slug)));
    }
    let owner = Owner::Account(me.account.id);
    match check_and_save(&me, owner, provider.clone(), &form.key, Some(new)).await? {
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

/// What the fields mean; `None` if one of them says why not.
fn parse(me: &CurrentAccount, page: &mut CreatePage) -> Option<NewCustomProvider> {
    let catalog = &me.visitor.state.catalog;
    let slug = Slug::parse(catalog, &page.slug.value)
        .inspect_err(|problem| page.slug.refuse(problem.to_string()));
    let base_url = custom::parse_base_url(catalog, &page.base_url.value)
        .inspect_err(|problem| page.base_url.refuse(problem.to_string()));
    let auth = CustomAuth::from_word(&page.auth.value);
    if auth.is_none() {
        page.auth.refuse("Choose how the key is sent.");
    }
    Some(NewCustomProvider::new(slug.ok()?, base_url.ok()?, auth?))
}

fn refused(mut page: CreatePage) -> PageResult {
    if page.summary.is_none() {
        let fields = [
            ("slug", "Name", &page.slug),
            ("base_url", "Base URL", &page.base_url),
            ("auth-bearer", "How the key is sent", &page.auth),
            ("key", "Key", &page.key),
        ];
        page.summary = Summary::listing("The provider was not added.", &fields);
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount, form: &CreateForm) -> CreatePage {
    CreatePage {
        layout: Layout::new(&me.visitor, "Add a custom provider", Nav::Integrations)
            .with_crumbs(&[("Integrations", LIST)], "Custom provider"),
        summary: None,
        slug: Field::with(&form.slug),
        base_url: Field::with(&form.base_url),
        auth: Field::with(&form.auth),
        key: Field::default(),
    }
}
