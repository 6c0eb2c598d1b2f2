//! The one page that ever shows recovery codes: the answer to making them. The same codes as a file.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html};
use super::SECURITY;
use crate::domain::security::recovery_codes::{self, RecoveryCode};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/security/shown_codes.html")]
struct ShownCodesPage {
    layout: Layout,
    /// The one place in all templates that holds recovery codes.
    codes: Vec<String>,
    was_turned_on: bool,
}

#[derive(Template)]
#[template(path = "pages/security/codes_already_shown.html")]
struct AlreadyShownPage {
    layout: Layout,
}

/// The page with the codes. `was_turned_on` if they came with two-step verification itself.
pub(super) fn shown(
    me: &CurrentAccount,
    codes: &[RecoveryCode],
    was_turned_on: bool,
) -> PageResult {
    let mut layout = Layout::new(&me.visitor, "Save your recovery codes", Nav::Security)
        .with_crumbs(&[("Security", SECURITY)], "Recovery codes");
    layout.return_to = SECURITY.to_owned();
    let page = ShownCodesPage {
        layout,
        codes: codes.iter().map(RecoveryCode::reveal).collect(),
        was_turned_on,
    };
    html(StatusCode::OK, &page)
}

/// The answer to a form that has shown its codes before.
pub(super) fn already_shown(me: &CurrentAccount) -> PageResult {
    let title = "These codes were already shown";
    let layout = Layout::new(&me.visitor, title, Nav::Security)
        .with_crumbs(&[("Security", SECURITY)], "Recovery codes");
    html(StatusCode::CONFLICT, &AlreadyShownPage { layout })
}

/// The codes of the page, sent back by it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CodesForm {
    code: Vec<String>,
}

/// The codes as a text file. The page sends them itself, so that they are kept nowhere, and a file can be had without
/// script; what is no code of this account is not passed on.
pub async fn post_text(me: CurrentAccount, form: Form<CodesForm>) -> PageResult {
    let Ok(form) = form.check() else {
        return Err(PageError::StaleForm);
    };
    let codes: Option<Vec<RecoveryCode>> = (form.code.iter().take(MOST_CODES))
        .map(|code| RecoveryCode::parse(code))
        .collect();
    let Some(codes) = codes else {
        return Err(PageError::Malformed);
    };
    let (id, secrets) = (me.account.id, me.visitor.state.policy.secrets.clone());
    let (asked, known) = (codes.clone(), me.visitor.state.pool.clone());
    let known: Result<_, StoreError> = known
        .read(move |db| recovery_codes::are_known(db, &secrets, id, &asked))
        .await;
    if !known? {
        return Err(PageError::Malformed);
    }
    Ok(file(&me, &codes))
}

/// As many as are ever shown at a time.
const MOST_CODES: usize = 10;

fn file(me: &CurrentAccount, codes: &[RecoveryCode]) -> HttpResponse {
    let mut text = format!(
        "Recovery codes for {} at {}\r\nEach works once. Keep them in a safe place.\r\n\r\n",
        me.account.email,
        me.visitor.state.site.host()
    );
    for code in codes {
        text.push_str(&code.reveal());
        text.push_str("\r\n");
    }
    HttpResponseBuilder::new(StatusCode::OK)
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"keyport-recovery-codes.txt\"",
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}
