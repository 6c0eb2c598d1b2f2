//! Settings > Profile: closing the account, behind a question.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, signed_out};
use crate::domain::api_keys;
use crate::domain::closing::{self, CloseError};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Layout, Nav};
use crate::web::times::counted;

#[derive(Template)]
#[template(path = "pages/profile_close.html")]
struct ClosePage {
    layout: Layout,
    email: String,
    /// "6 active keys".
    keys: String,
    has_keys: bool,
    is_last_operator: bool,
    has_mail: bool,
    summary: Option<Summary>,
}

/// Nothing but the token.
#[derive(Deserialize)]
pub struct CloseForm {}

/// Asks whether to close it.
pub async fn get(RecentSignIn(me): RecentSignIn) -> PageResult {
    html(StatusCode::OK, &page(&me, None).await?)
}

/// Closes it.
pub async fn post(RecentSignIn(me): RecentSignIn, form: Form<CloseForm>) -> PageResult {
    if form.check().is_err() {
        let page = page(&me, Some(Summary::stale())).await?;
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, account) = (me.visitor.act.clone(), me.account.clone());
    let outbox = me.visitor.state.outbox.clone();
    let closed = (me.visitor.state.pool)
        .write(move |db| closing::close(db, &act, &outbox, &account))
        .await;
    match closed {
        Ok(()) => {}
        Err(CloseError::LastOperator) => {
            let summary = Summary::of("Your account was not closed.", "");
            let page = page(&me, Some(summary)).await?;
            return html(StatusCode::CONFLICT, &page);
        }
        Err(CloseError::Store(error)) => return Err(error.into()),
    }
    me.visitor.session.purge();
    Ok(signed_out("/sign-in?done=closed"))
}

async fn page(me: &CurrentAccount, summary: Option<Summary>) -> Result<ClosePage, PageError> {
    let (account, now) = (me.account.clone(), me.visitor.now);
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let counts = api_keys::count(db, account.id, now)?;
            Ok((counts.active, closing::is_last_operator(db, &account)?))
        })
        .await;
    let (active, is_last_operator) = found?;
    Ok(ClosePage {
        layout: Layout::new(&me.visitor, "Close your account?", Nav::Profile)
            .with_crumbs(&[("Profile", "/settings/profile")], "Close account"),
        email: me.account.email.clone(),
        keys: counted(active, "active key"),
        has_keys: active > 0,
        is_last_operator,
        has_mail: me.visitor.state.site.has_mail,
        summary,
    })
}
