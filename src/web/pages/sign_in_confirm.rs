//! Confirming that it is still the account's holder who sits there, before what only they should do.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, local_path, see_other};
use crate::domain::sign_in::{self, Purpose};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::extract::client;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/sign_in_confirm.html")]
struct ConfirmPage {
    layout: Layout,
    email: String,
    next: String,
    summary: Option<Summary>,
}

/// The way back after confirming.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ConfirmQuery {
    next: String,
}

/// What shows that it is them.
#[derive(Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    password: Secret<String>,
    next: String,
}

impl Default for ConfirmForm {
    fn default() -> Self {
        Self {
            password: Secret::new(String::new()),
            next: String::new(),
        }
    }
}

/// The page.
pub async fn get(me: CurrentAccount, query: web::Query<ConfirmQuery>) -> PageResult {
    let next = local_path(&query.next).unwrap_or("/");
    html(StatusCode::OK, &page(&me, next, None))
}

/// Checks the password.
pub async fn post(req: HttpRequest, me: CurrentAccount, form: Form<ConfirmForm>) -> PageResult {
    let ConfirmForm { password, next } = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let page = page(&me, &stale.into_kept().next, Some(Summary::stale()));
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let state = me.visitor.state.clone();
    let address = client::address(&req);
    let (act, email) = (me.visitor.act.clone(), me.account.email.clone());
    let begun: Result<_, StoreError> = state
        .pool
        .write(move |db| sign_in::begin(db, &act, &email, address, Purpose::Confirm))
        .await;
    let attempt = match begun? {
        Ok(attempt) => attempt,
        Err(throttled) => {
            return super::throttled(throttled, &page(&me, &next, Some(throttled.into())));
        }
    };
    let matches = state.passwords.verify(password, attempt.hash()).await?;
    let act = me.visitor.act.clone();
    let finished: Result<_, StoreError> = state
        .pool
        .write(move |db| sign_in::finish(db, &act, &attempt, matches))
        .await;
    if finished?.is_none_or(|account| account.id != me.account.id) {
        let summary = Summary::of("The password is wrong.", "");
        let page = page(&me, &next, Some(summary));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    me.visitor.confirm_sign_in()?;
    Ok(see_other(local_path(&next).unwrap_or("/")))
}

fn page(me: &CurrentAccount, next: &str, summary: Option<Summary>) -> ConfirmPage {
    let title = if summary.is_some() {
        "Error: Confirm it is you"
    } else {
        "Confirm it is you"
    };
    ConfirmPage {
        layout: Layout::new(&me.visitor, title, Nav::None),
        email: me.account.email.clone(),
        next: local_path(next).unwrap_or("/").to_owned(),
        summary,
    }
}
