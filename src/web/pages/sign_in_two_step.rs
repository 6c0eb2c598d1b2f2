//! The second step of signing in: a code of the authenticator app, a recovery code, or a passkey.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::sign_in::with_next;
use super::{PageResult, html, local_path, see_other};
use crate::domain::accounts::Account;
use crate::domain::security::passkeys::{self, Answered};
use crate::domain::security::two_step::BadCode;
use crate::domain::sign_in::{self, Answer, Purpose, Step};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::client;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::{PendingSignIn, Visitor};
use crate::web::form::Summary;
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/sign_in_two_step.html")]
struct TwoStepPage {
    layout: Layout,
    next: String,
    again: String,
    summary: Option<Summary>,
    error: Option<BadCode>,
    /// True if they chose to type a recovery code. Either field takes either code; only the words differ.
    wants_recovery: bool,
    other_way: String,
    has_passkeys: bool,
}

/// The way back after signing in, and which code they want to type.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct TwoStepQuery {
    next: String,
    with: String,
}

/// In `with`: a recovery code.
const RECOVERY: &str = "recovery-code";

/// What shows that it is them.
#[derive(Deserialize)]
#[serde(default)]
pub struct TwoStepForm {
    code: Secret<String>,
    ceremony: String,
    credential: String,
    next: String,
    with: String,
}

impl Default for TwoStepForm {
    fn default() -> Self {
        Self {
            code: Secret::new(String::new()),
            ceremony: String::new(),
            credential: String::new(),
            next: String::new(),
            with: String::new(),
        }
    }
}

/// The page. Without a password that was right some minutes ago, that comes first.
pub async fn get(visitor: Visitor, query: web::Query<TwoStepQuery>) -> PageResult {
    let next = local_path(&query.next).unwrap_or("/");
    if visitor.account.is_some() {
        return Ok(see_other(next));
    }
    match visitor.pending_sign_in() {
        Some(pending) => {
            let page = page(&visitor, &pending, next, query.with == RECOVERY).await?;
            html(StatusCode::OK, &page)
        }
        None => Ok(see_other(&with_next("/sign-in", next))),
    }
}

/// Checks the code or the passkey, whichever was sent.
pub async fn post(req: HttpRequest, visitor: Visitor, form: Form<TwoStepForm>) -> PageResult {
    let (form, is_stale) = match form.check() {
        Ok(form) => (form, false),
        Err(stale) => (stale.into_kept(), true),
    };
    let next = local_path(&form.next).unwrap_or("/").to_owned();
    let Some(pending) = visitor.pending_sign_in() else {
        return Ok(see_other(&with_next("/sign-in", &next)));
    };
    let mut page = page(&visitor, &pending, &next, form.with == RECOVERY).await?;
    if is_stale {
        page.summary = Some(Summary::stale());
        return refused(page);
    }
    let step = Step {
        purpose: Purpose::SignIn,
        account_id: pending.account_id,
        address: client::address(&req),
        pending: Some(pending.pending),
    };
    if form.credential.is_empty() {
        match check_code(&visitor, step, form.code).await? {
            Answer::SignedIn(account) => finish(&visitor, &account, &next).await,
            Answer::Refused(bad) => {
                page.error = Some(bad);
                refused(page)
            }
            Answer::Throttled(throttled) => {
                page.summary = Some(throttled.into());
                super::throttled(throttled, &page)
            }
            Answer::Gone => give_up(&visitor),
        }
    } else {
        match check_passkey(&visitor, step, form).await? {
            Answer::SignedIn(account) => finish(&visitor, &account, &next).await,
            Answer::Refused(bad) => {
                page.summary = Some(Summary::of(bad.to_string(), ""));
                refused(page)
            }
            Answer::Throttled(throttled) => Err(throttled.into()),
            Answer::Gone => give_up(&visitor),
        }
    }
}

async fn check_code(
    visitor: &Visitor,
    step: Step,
    code: Secret<String>,
) -> Result<Answer<BadCode>, PageError> {
    let (act, vault) = (visitor.act.clone(), visitor.state.vault());
    let answer: Result<_, StoreError> = (visitor.state.pool)
        .write(move |db| sign_in::answer_with_code(db, &act, &vault, &step, &code))
        .await;
    Ok(answer?)
}

async fn check_passkey(
    visitor: &Visitor,
    step: Step,
    form: TwoStepForm,
) -> Result<Answer<passkeys::BadPasskey>, PageError> {
    let party = visitor.state.passkeys.clone().ok_or(PageError::NotFound)?;
    let act = visitor.act.clone();
    let answered = Answered {
        ceremony: form.ceremony,
        credential: form.credential,
        browser: visitor.form_token.clone(),
    };
    let answer: Result<_, StoreError> = (visitor.state.pool)
        .write(move |db| sign_in::answer_with_passkey(db, &act, &party, &step, &answered))
        .await;
    Ok(answer?)
}

async fn finish(visitor: &Visitor, account: &Account, next: &str) -> PageResult {
    visitor.sign_in(account).await?;
    Ok(see_other(next))
}

/// The account was disabled or got another password meanwhile: nothing here leads on.
fn give_up(visitor: &Visitor) -> PageResult {
    visitor.session.purge();
    Ok(see_other("/sign-in"))
}

fn refused(mut page: TwoStepPage) -> PageResult {
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn page(
    visitor: &Visitor,
    pending: &PendingSignIn,
    next: &str,
    wants_recovery: bool,
) -> Result<TwoStepPage, PageError> {
    let id = pending.account_id;
    let counted: Result<_, StoreError> = (visitor.state.pool)
        .read(move |db| passkeys::count(db, id))
        .await;
    let here = with_next("/sign-in/two-step", next);
    let (title, other_way) = if wants_recovery {
        ("Enter a recovery code", here)
    } else {
        ("Enter your 6-digit code", format!("{here}&with={RECOVERY}"))
    };
    Ok(TwoStepPage {
        layout: Layout::new(visitor, title, Nav::None),
        next: next.to_owned(),
        again: with_next("/sign-in", next),
        summary: None,
        error: None,
        wants_recovery,
        other_way,
        has_passkeys: counted? > 0 && visitor.state.passkeys.is_some(),
    })
}
