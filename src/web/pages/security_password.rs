//! Settings > Security: changing the password.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::sign_up::password_words;
use super::{PageResult, html, see_other};
use crate::domain::passwords;
use crate::domain::security::password::NewPassword;
use crate::domain::sign_in::{self, Purpose};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::extract::{client, device};
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};

const SECURITY: &str = "/settings/security";

#[derive(Template)]
#[template(path = "pages/security_password.html")]
struct PasswordPage {
    layout: Layout,
    email: String,
    has_password: bool,
    current_password: Field,
    password: Field,
    summary: Option<Summary>,
}

/// The password as it is, and as it shall be.
#[derive(Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    current_password: Secret<String>,
    password: Secret<String>,
}

impl Default for PasswordForm {
    fn default() -> Self {
        Self {
            current_password: Secret::new(String::new()),
            password: Secret::new(String::new()),
        }
    }
}

/// The page.
pub async fn get(RecentSignIn(me): RecentSignIn) -> PageResult {
    html(StatusCode::OK, &page(&me))
}

/// Changes it. All other sessions end; this one goes on under a new id.
pub async fn post(
    req: HttpRequest,
    RecentSignIn(me): RecentSignIn,
    form: Form<PasswordForm>,
) -> PageResult {
    let mut page = page(&me);
    let Ok(form) = form.check() else {
        page.summary = Some(Summary::stale());
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let password = match NewPassword::parse(form.password)
        .and_then(|password| password.for_account(&me.account.email))
    {
        Ok(password) => password,
        Err(error) => {
            page.password.refuse(password_words(&error));
            return refused(page);
        }
    };
    let state = me.visitor.state.clone();
    let (address, devices) = (client::address(&req), device::sent(&req));
    let (act, email) = (me.visitor.act.clone(), me.account.email.clone());
    let begun: Result<_, StoreError> = state
        .pool
        .write(move |db| sign_in::begin(db, &act, &email, address, &devices, Purpose::Confirm))
        .await;
    let attempt = match begun? {
        Ok(attempt) => attempt,
        Err(throttled) => {
            page.summary = Some(throttled.into());
            return super::throttled(throttled, &page);
        }
    };
    let current = form.current_password;
    let matches = state.passwords.verify(current, attempt.hash()).await?;
    // Hashed only for who may set it: a thief of the session cannot keep the hashing busy twice over.
    let changed: Result<_, StoreError> = if matches {
        let hash = state.passwords.hash(password).await?;
        let (act, outbox) = (me.visitor.act.clone(), state.outbox.clone());
        state
            .pool
            .write(move |db| passwords::change(db, &act, &outbox, &attempt, &hash))
            .await
    } else {
        let act = me.visitor.act.clone();
        state
            .pool
            .write(move |db| passwords::note_refused(db, &act, &attempt))
            .await
            .map(|()| None)
    };
    let Some(account) = changed? else {
        page.current_password.refuse("This is not your password.");
        return refused(page);
    };
    me.visitor.stay_signed_in(&account)?;
    me.visitor.leave_flash(Flash {
        lead: "Your password was changed.".to_owned(),
        text: "All other sessions were signed out. Look at your active sessions below.".to_owned(),
    })?;
    Ok(see_other(SECURITY))
}

fn refused(mut page: PasswordPage) -> PageResult {
    page.summary = Summary::listing(
        "Your password was not changed.",
        &[
            (
                "current_password",
                "Current password",
                &page.current_password,
            ),
            ("password", "New password", &page.password),
        ],
    );
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount) -> PasswordPage {
    PasswordPage {
        layout: Layout::new(&me.visitor, "Change password", Nav::Security)
            .with_crumbs(&[("Security", SECURITY)], "Change password"),
        email: me.account.email.clone(),
        has_password: me.account.password_set_at.is_some(),
        current_password: Field::default(),
        password: Field::default(),
        summary: None,
    }
}
