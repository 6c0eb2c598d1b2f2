//! Confirming an address with the link that was mailed to it. Opening the page changes nothing: programs that look through
//! mails open links too.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, see_other};
use crate::crypto::random::system_rng;
use crate::domain::emails::{self, ChangeEmailError, Confirmed, Waiting};
use crate::domain::security::throttles;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::chosen_password::ChosenPassword;
use crate::web::extract::client;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::Visitor;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/email_verify.html")]
struct EmailVerifyPage {
    layout: Layout,
    /// Goes back into the form; it is the visitor's own.
    token: String,
    /// What the link confirms; `None` if it does not work.
    waiting: Option<Waiting>,
    is_taken: bool,
    summary: Option<Summary>,
}

/// The link's token.
#[derive(Deserialize)]
#[serde(default)]
pub struct VerifyForm {
    token: Secret<String>,
}

impl Default for VerifyForm {
    fn default() -> Self {
        Self {
            token: Secret::new(String::new()),
        }
    }
}

/// The page.
pub async fn get(visitor: Visitor, query: web::Query<VerifyForm>) -> PageResult {
    let page = page(&visitor, query.into_inner().token).await?;
    let status = match page.waiting {
        Some(_) => StatusCode::OK,
        None => StatusCode::NOT_FOUND,
    };
    html(status, &page)
}

/// Confirms the address.
pub async fn post(req: HttpRequest, visitor: Visitor, form: Form<VerifyForm>) -> PageResult {
    let token = match form.check() {
        Ok(form) => form.token,
        Err(stale) => {
            let mut page = page(&visitor, stale.into_kept().token).await?;
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let state = visitor.state.clone();
    let (address, now) = (client::address(&req), visitor.now);
    let taken: Result<_, StoreError> = state
        .pool
        .write(move |db| throttles::take_email_link(db, now, address))
        .await;
    if let Err(throttled) = taken? {
        let mut page = page(&visitor, token).await?;
        page.summary = Some(throttled.into());
        return super::throttled(throttled, &page);
    }
    let (chosen, parts) = (ChosenPassword::of(&req), state.clone());
    let (act, outbox, used) = (visitor.act.clone(), state.outbox.clone(), token.clone());
    let confirmed = state
        .pool
        .write(move |db| {
            let theirs = |email: &str, hash: &str| chosen.is(&parts, email, hash);
            emails::confirm(db, &act, &outbox, &mut system_rng(), &used, theirs)
        })
        .await;
    match confirmed {
        Ok(Confirmed::Done) if visitor.account.is_some() => {
            visitor.leave_flash(Flash {
                lead: "The address is confirmed.".to_owned(),
                text: String::new(),
            })?;
            Ok(see_other("/settings/profile"))
        }
        Ok(Confirmed::Done) => Ok(see_other("/sign-in?done=email")),
        // The browser may be another one than the one that signed up, or the sign-up someone else's.
        Ok(Confirmed::ChoosePassword(token)) => Ok(see_other(&format!(
            "/password/reset?token={}",
            token.expose()
        ))),
        Ok(Confirmed::Dead) => {
            let mut page = page(&visitor, token).await?;
            page.waiting = None;
            html(StatusCode::NOT_FOUND, &page)
        }
        Err(ChangeEmailError::Taken) => {
            let mut page = page(&visitor, token).await?;
            page.waiting = None;
            page.is_taken = true;
            html(StatusCode::CONFLICT, &page)
        }
        Err(ChangeEmailError::Throttled(throttled)) => Err(PageError::Throttled(throttled)),
        Err(ChangeEmailError::Store(error)) => Err(error.into()),
    }
}

async fn page(visitor: &Visitor, token: Secret<String>) -> Result<EmailVerifyPage, PageError> {
    let (now, asked) = (visitor.now, token.clone());
    let waiting: Result<_, StoreError> = visitor
        .state
        .pool
        .read(move |db| emails::look(db, now, &asked))
        .await;
    let mut layout = Layout::new(visitor, "Confirm your email", Nav::None);
    // The theme form must not carry the link's token to anywhere.
    layout.return_to = "/".to_owned();
    Ok(EmailVerifyPage {
        layout,
        token: token.expose().clone(),
        waiting: waiting?,
        is_taken: false,
        summary: None,
    })
}
