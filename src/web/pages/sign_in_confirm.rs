//! Confirming that it is still the account's holder who sits there, before what only they should do.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, local_path, see_other};
use crate::domain::security::passkeys::{self, Answered};
use crate::domain::security::throttles::Throttled;
use crate::domain::security::two_step;
use crate::domain::sign_in::{self, Answer, Passed, Purpose, Step};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::extract::{client, device};
use crate::web::form::Summary;
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/sign_in_confirm.html")]
struct ConfirmPage {
    layout: Layout,
    email: String,
    next: String,
    summary: Option<Summary>,
    offers: Offers,
}

/// What the account can confirm it with beside its password.
#[derive(Clone, Copy)]
struct Offers {
    code: bool,
    passkey: bool,
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
    code: Secret<String>,
    ceremony: String,
    credential: String,
    next: String,
}

impl Default for ConfirmForm {
    fn default() -> Self {
        Self {
            password: Secret::new(String::new()),
            code: Secret::new(String::new()),
            ceremony: String::new(),
            credential: String::new(),
            next: String::new(),
        }
    }
}

/// The page.
pub async fn get(me: CurrentAccount, query: web::Query<ConfirmQuery>) -> PageResult {
    let next = local_path(&query.next).unwrap_or("/");
    html(StatusCode::OK, &page(&me, offers(&me).await?, next, None))
}

/// Checks password, code or passkey, whichever was sent.
pub async fn post(req: HttpRequest, me: CurrentAccount, form: Form<ConfirmForm>) -> PageResult {
    let offers = offers(&me).await?;
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let next = stale.into_kept().next;
            return refused(&me, offers, &next, Summary::stale());
        }
    };
    let step = Step {
        purpose: Purpose::Confirm,
        account_id: me.account.id,
        address: client::address(&req),
        pending: None,
    };
    let next = form.next.clone();
    let verdict = if !form.credential.is_empty() {
        check_passkey(&me, step, form).await?
    } else if !form.code.expose().trim().is_empty() {
        check_code(&me, step, form.code).await?
    } else {
        check_password(&me, step, device::sent(&req), form.password).await?
    };
    match verdict {
        Verdict::Right => {
            me.visitor.confirm_sign_in()?;
            Ok(see_other(local_path(&next).unwrap_or("/")))
        }
        Verdict::Wrong(words) => refused(&me, offers, &next, Summary::of(words, "")),
        Verdict::Throttled(throttled) => {
            let page = page(&me, offers, &next, Some(throttled.into()));
            super::throttled(throttled, &page)
        }
    }
}

enum Verdict {
    Right,
    Wrong(String),
    Throttled(Throttled),
}

impl<B: ToString> From<Answer<B>> for Verdict {
    fn from(answer: Answer<B>) -> Self {
        match answer {
            Answer::SignedIn(_) => Self::Right,
            Answer::Refused(bad) => Self::Wrong(bad.to_string()),
            Answer::Throttled(throttled) => Self::Throttled(throttled),
            Answer::Gone => Self::Wrong("This account can no longer sign in.".to_owned()),
        }
    }
}

async fn check_password(
    me: &CurrentAccount,
    step: Step,
    devices: Vec<Secret<String>>,
    password: Secret<String>,
) -> Result<Verdict, PageError> {
    let state = me.visitor.state.clone();
    let (act, email) = (me.visitor.act.clone(), me.account.email.clone());
    let begun: Result<_, StoreError> = state
        .pool
        .write(move |db| sign_in::begin(db, &act, &email, step.address, &devices, step.purpose))
        .await;
    let attempt = match begun? {
        Ok(attempt) => attempt,
        Err(throttled) => return Ok(Verdict::Throttled(throttled)),
    };
    let matches = state.passwords.verify(password, attempt.hash()).await?;
    let act = me.visitor.act.clone();
    let finished: Result<_, StoreError> = state
        .pool
        .write(move |db| sign_in::finish(db, &act, &attempt, matches))
        .await;
    Ok(match finished? {
        Some(Passed::SignedIn(account)) if account.id == me.account.id => Verdict::Right,
        Some(Passed::SignedIn(_) | Passed::NeedsSecondStep(_)) | None => {
            Verdict::Wrong("The password is wrong.".to_owned())
        }
    })
}

async fn check_code(
    me: &CurrentAccount,
    step: Step,
    code: Secret<String>,
) -> Result<Verdict, PageError> {
    let state = me.visitor.state.clone();
    let (act, vault) = (me.visitor.act.clone(), state.vault());
    let answer: Result<_, StoreError> = state
        .pool
        .write(move |db| sign_in::answer_with_code(db, &act, &vault, &step, &code))
        .await;
    Ok(answer?.into())
}

async fn check_passkey(
    me: &CurrentAccount,
    step: Step,
    form: ConfirmForm,
) -> Result<Verdict, PageError> {
    let state = me.visitor.state.clone();
    let party = state.passkeys.clone().ok_or(PageError::NotFound)?;
    let act = me.visitor.act.clone();
    let answered = Answered {
        ceremony: form.ceremony,
        credential: form.credential,
        browser: me.visitor.form_token.clone(),
    };
    let answer: Result<_, StoreError> = state
        .pool
        .write(move |db| sign_in::answer_with_passkey(db, &act, &party, &step, &answered))
        .await;
    Ok(answer?.into())
}

async fn offers(me: &CurrentAccount) -> Result<Offers, PageError> {
    let id = me.account.id;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| Ok((two_step::find(db, id)?.is_some(), passkeys::count(db, id)?)))
        .await;
    let (code, passkeys) = found?;
    Ok(Offers {
        code,
        passkey: passkeys > 0 && me.visitor.state.passkeys.is_some(),
    })
}

fn refused(me: &CurrentAccount, offers: Offers, next: &str, summary: Summary) -> PageResult {
    let page = page(me, offers, next, Some(summary));
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount, offers: Offers, next: &str, summary: Option<Summary>) -> ConfirmPage {
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
        offers,
    }
}
