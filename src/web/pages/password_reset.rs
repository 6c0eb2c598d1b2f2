//! Setting a password with a one-time link.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::sign_up::password_words;
use super::{PageResult, html, see_other};
use crate::domain::passwords;
use crate::domain::security::password::{BadPassword, NewPassword};
use crate::domain::security::throttles;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::extract::client;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::Visitor;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/password_reset.html")]
struct PasswordResetPage {
    layout: Layout,
    /// Goes back into the form; it is the visitor's own.
    token: String,
    works: bool,
    has_mail: bool,
    password: Field,
    summary: Option<Summary>,
}

/// The link's token.
#[derive(Deserialize)]
#[serde(default)]
pub struct LinkQuery {
    token: Secret<String>,
}

impl Default for LinkQuery {
    fn default() -> Self {
        Self {
            token: Secret::new(String::new()),
        }
    }
}

/// The new password, and the link's token again.
#[derive(Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    token: Secret<String>,
    password: Secret<String>,
}

impl Default for PasswordForm {
    fn default() -> Self {
        Self {
            token: Secret::new(String::new()),
            password: Secret::new(String::new()),
        }
    }
}

/// The page. Opening it does not use the link up.
pub async fn get(visitor: Visitor, query: web::Query<LinkQuery>) -> PageResult {
    let token = query.into_inner().token;
    let (now, asked) = (visitor.now, token.clone());
    let email: Result<Option<String>, StoreError> = visitor
        .state
        .pool
        .read(move |db| passwords::link_email(db, now, &asked))
        .await;
    let works = email?.is_some();
    let status = if works {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    html(status, &page(&visitor, &token, works))
}

/// Sets the password and leads to sign in.
pub async fn post(req: HttpRequest, visitor: Visitor, form: Form<PasswordForm>) -> PageResult {
    let PasswordForm { token, password } = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&visitor, &stale.into_kept().token, true);
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let mut page = page(&visitor, &token, true);
    let password = match NewPassword::parse(password) {
        Ok(password) => password,
        Err(error) => return refused(page, &error),
    };
    let state = visitor.state.clone();
    let (address, now, asked) = (client::address(&req), visitor.now, token.clone());
    let taken: Result<_, StoreError> = state
        .pool
        .write(move |db| {
            let taken = throttles::take_password_link(db, now, address)?;
            Ok((taken, passwords::link_email(db, now, &asked)?))
        })
        .await;
    let (taken, email) = taken?;
    if let Err(throttled) = taken {
        page.summary = Some(throttled.into());
        return super::throttled(throttled, &page);
    }
    let password = match email {
        Some(email) => match password.for_account(&email) {
            Ok(password) => password,
            Err(error) => return refused(page, &error),
        },
        // What does not work is said below, after as much work.
        None => password,
    };
    let hash = state.passwords.hash(password).await?;
    let (act, outbox) = (visitor.act.clone(), state.outbox.clone());
    let set: Result<bool, StoreError> = state
        .pool
        .write(move |db| passwords::set_by_link(db, &act, &outbox, &token, &hash))
        .await;
    if set? {
        Ok(see_other("/sign-in?done=password"))
    } else {
        page.works = false;
        html(StatusCode::NOT_FOUND, &page)
    }
}

fn refused(mut page: PasswordResetPage, error: &BadPassword) -> PageResult {
    page.password.refuse(password_words(error));
    page.layout.title = format!("Error: {}", page.layout.title);
    page.summary = Summary::listing(
        "The password was not set.",
        &[("password", "Password", &page.password)],
    );
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(visitor: &Visitor, token: &Secret<String>, works: bool) -> PasswordResetPage {
    let mut layout = Layout::new(visitor, "Choose a new password", Nav::None);
    // The theme form must not carry the link's token to anywhere.
    layout.return_to = "/".to_owned();
    PasswordResetPage {
        layout,
        token: token.expose().clone(),
        works,
        has_mail: visitor.state.site.has_mail,
        password: Field::default(),
        summary: None,
    }
}
