//! Asking for a link for a forgotten password. The answer is the same whether or not there is an account.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html};
use crate::crypto::random::system_rng;
use crate::domain::passwords;
use crate::domain::text::EmailAddress;
use crate::store::StoreError;
use crate::web::extract::client;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::Visitor;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/password_forgot.html")]
struct PasswordForgotPage {
    layout: Layout,
    has_mail: bool,
    is_sent: bool,
    email: Field,
    summary: Option<Summary>,
}

/// Whose password was forgotten.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ForgotForm {
    email: String,
}

/// The page.
pub async fn get(visitor: Visitor) -> PageResult {
    html(StatusCode::OK, &page(&visitor, ""))
}

/// Mails the link, if there is an account.
pub async fn post(req: HttpRequest, visitor: Visitor, form: Form<ForgotForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&visitor, &stale.into_kept().email);
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let mut page = page(&visitor, &form.email);
    if !page.has_mail {
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let Ok(email) = EmailAddress::parse(&form.email) else {
        page.email.refuse("Enter an email address.");
        page.summary = Summary::listing("No link was sent.", &[("email", "Email", &page.email)]);
        page.layout.title = format!("Error: {}", page.layout.title);
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let state = visitor.state.clone();
    let (act, address) = (visitor.act.clone(), client::address(&req));
    let outbox = state.outbox.clone();
    let asked: Result<_, StoreError> = state
        .pool
        .write(move |db| {
            let rng = &mut system_rng();
            passwords::request_reset(db, &act, &outbox, rng, &email, address)
        })
        .await;
    if let Err(throttled) = asked? {
        page.summary = Some(throttled.into());
        return super::throttled(throttled, &page);
    }
    page.is_sent = true;
    html(StatusCode::OK, &page)
}

fn page(visitor: &Visitor, email: &str) -> PasswordForgotPage {
    PasswordForgotPage {
        layout: Layout::new(visitor, "Reset your password", Nav::None),
        has_mail: visitor.state.site.has_mail,
        is_sent: false,
        email: Field::with(email),
        summary: None,
    }
}
