//! Signing in and out.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, local_path, see_other, signed_out};
use crate::config::SignUp;
use crate::crypto::random::system_rng;
use crate::domain::security::passkeys::{Answered, BadPasskey};
use crate::domain::security::throttles::Throttled;
use crate::domain::sign_in::{self, Answer, Passed, Purpose};
use crate::domain::sign_up;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::{PageError, wait_words};
use crate::web::extract::form::Form;
use crate::web::extract::visitor::{CurrentAccount, Visitor};
use crate::web::extract::{client, device};
use crate::web::form::Summary;
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct SignInPage {
    layout: Layout,
    email: String,
    next: String,
    summary: Option<Summary>,
    /// After how long the session before this ended by itself.
    ended_after: Option<String>,
    /// What was done just before, in two sentences.
    done: Option<(&'static str, &'static str)>,
    has_sign_up: bool,
    has_passkeys: bool,
}

/// The way back after signing in, and what was done before.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SignInQuery {
    next: String,
    done: String,
}

/// What is typed to sign in, or what a passkey answered.
#[derive(Deserialize)]
#[serde(default)]
pub struct SignInForm {
    email: String,
    password: Secret<String>,
    next: String,
    ceremony: String,
    credential: String,
}

impl Default for SignInForm {
    fn default() -> Self {
        Self {
            email: String::new(),
            password: Secret::new(String::new()),
            next: String::new(),
            ceremony: String::new(),
            credential: String::new(),
        }
    }
}

/// The page.
pub async fn get(visitor: Visitor, query: web::Query<SignInQuery>) -> PageResult {
    let next = local_path(&query.next).unwrap_or("/");
    if visitor.account.is_some() {
        return Ok(see_other(next));
    }
    let mut page = page(&visitor, "", next, None);
    page.done = done_words(&query.done);
    html(StatusCode::OK, &page)
}

/// Checks the password, or the passkey that stands for password and second step.
pub async fn post(req: HttpRequest, visitor: Visitor, form: Form<SignInForm>) -> PageResult {
    let SignInForm {
        email,
        password,
        next,
        ceremony,
        credential,
    } = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let kept = stale.into_kept();
            let page = page(&visitor, &kept.email, &kept.next, Some(Summary::stale()));
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    if !credential.is_empty() {
        let answered = Answered {
            ceremony,
            credential,
            browser: visitor.form_token.clone(),
        };
        return post_passkey(&visitor, answered, &next).await;
    }
    let state = visitor.state.clone();
    let (address, devices) = (client::address(&req), device::sent(&req));
    let (act, typed) = (visitor.act.clone(), email.clone());
    let begun: Result<_, StoreError> = state
        .pool
        .write(move |db| sign_in::begin(db, &act, &typed, address, &devices, Purpose::SignIn))
        .await;
    let attempt = match begun? {
        Ok(attempt) => attempt,
        Err(throttled) => {
            let page = page(&visitor, &email, &next, Some(throttled.into()));
            return super::throttled(throttled, &page);
        }
    };
    let checked = state.passwords.check(password, attempt.hash()).await?;
    let (act, outbox) = (visitor.act.clone(), state.outbox.clone());
    let finished: Result<_, StoreError> = state
        .pool
        .write(move |db| {
            if let Some(new_hash) = &checked.new_hash {
                sign_in::keep_new_hash(db, &attempt, new_hash)?;
            }
            if checked.matches {
                sign_up::send_link_again(db, &act, &outbox, &mut system_rng(), &attempt)?;
            }
            sign_in::finish(db, &act, &attempt, checked.matches)
        })
        .await;
    let next = local_path(&next).unwrap_or("/");
    match finished? {
        Some(Passed::SignedIn(account)) => {
            visitor.sign_in(&account).await?;
            Ok(see_other(next))
        }
        Some(Passed::NeedsSecondStep(account)) => {
            visitor.await_second_step(&account)?;
            Ok(see_other(&with_next("/sign-in/two-step", next)))
        }
        None => {
            let summary = Summary::of("Email or password is wrong.", "");
            let page = page(&visitor, &email, next, Some(summary));
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn post_passkey(visitor: &Visitor, answered: Answered, next: &str) -> PageResult {
    let party = visitor.state.passkeys.clone().ok_or(PageError::NotFound)?;
    let act = visitor.act.clone();
    let answer: Result<_, StoreError> = visitor
        .state
        .pool
        .write(move |db| sign_in::with_passkey_alone(db, &act, &party, &answered))
        .await;
    let words = match answer? {
        Answer::SignedIn(account) => {
            visitor.sign_in(&account).await?;
            return Ok(see_other(local_path(next).unwrap_or("/")));
        }
        Answer::Refused(bad) => bad.to_string(),
        Answer::Throttled(throttled) => return Err(throttled.into()),
        // A disabled account is told no more here than with a password.
        Answer::Gone => BadPasskey::Unknown.to_string(),
    };
    let page = page(visitor, "", next, Some(Summary::of(words, "")));
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// A page of signing in that knows the way back.
pub(super) fn with_next(page: &str, next: &str) -> String {
    let next = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
    format!("{page}?next={next}")
}

/// What is sent to sign out: nothing but the token.
#[derive(Deserialize)]
pub struct SignOutForm {}

/// Ends the session, here and on the server.
pub async fn post_sign_out(
    CurrentAccount { visitor, .. }: CurrentAccount,
    form: Form<SignOutForm>,
) -> PageResult {
    if form.check().is_err() {
        return Err(PageError::StaleForm);
    }
    let act = visitor.act.clone();
    let written: Result<(), StoreError> = visitor
        .state
        .pool
        .write(move |db| sign_in::sign_out(db, &act))
        .await;
    written?;
    visitor.session.purge();
    Ok(signed_out("/sign-in"))
}

fn page(visitor: &Visitor, email: &str, next: &str, summary: Option<Summary>) -> SignInPage {
    let title = if summary.is_some() {
        "Error: Sign in"
    } else {
        "Sign in"
    };
    SignInPage {
        layout: Layout::new(visitor, title, Nav::None),
        email: email.to_owned(),
        next: local_path(next).unwrap_or("/").to_owned(),
        // What went wrong just now matters more than why this page came up.
        ended_after: visitor.session_ended_after().filter(|_| summary.is_none()),
        summary,
        done: None,
        has_sign_up: visitor.state.site.sign_up == SignUp::Open,
        has_passkeys: visitor.state.passkeys.is_some(),
    }
}

fn done_words(done: &str) -> Option<(&'static str, &'static str)> {
    match done {
        "password" => Some(("Your password was set.", "Sign in with it.")),
        "email" => Some(("Your email is confirmed.", "Sign in with it.")),
        "closed" => Some((
            "Your account was closed.",
            "Its keys no longer work, and your name and address were removed from it.",
        )),
        _ => None,
    }
}

impl From<Throttled> for Summary {
    fn from(throttled: Throttled) -> Self {
        let text = format!("Try again in {}.", wait_words(throttled.retry_after));
        Self::of("Too many tries.", text)
    }
}
