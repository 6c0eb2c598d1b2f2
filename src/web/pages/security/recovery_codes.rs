//! New recovery codes: asked first, since the ones before stop working.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html, see_other};
use super::shown_codes::{already_shown, shown};
use super::{SECURITY, TWO_STEP};
use crate::crypto::random::{base62_text, system_rng};
use crate::domain::security::recovery_codes::MakeCodesError;
use crate::domain::security::two_step;
use crate::store::StoreError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/security/recovery_codes.html")]
struct RecoveryCodesPage {
    layout: Layout,
    summary: Option<Summary>,
    form_id: String,
    left: i64,
}

/// The one-time id of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RecoveryCodesForm {
    form_id: String,
}

/// Asks. Without two-step verification there are no codes: that comes first.
pub async fn get(RecentSignIn(me): RecentSignIn) -> PageResult {
    match left(&me).await? {
        Some(left) => html(StatusCode::OK, &page(&me, left, None)),
        None => off(&me),
    }
}

/// Makes them. The answer shows them; the form cannot be used a second time.
pub async fn post(RecentSignIn(me): RecentSignIn, form: Form<RecoveryCodesForm>) -> PageResult {
    let form_id = match form.check() {
        Ok(form) if !form.form_id.is_empty() => form.form_id,
        Ok(_) | Err(_) => {
            let Some(left) = left(&me).await? else {
                return off(&me);
            };
            let mut page = page(&me, left, Some(Summary::stale()));
            page.layout.title = format!("Error: {}", page.layout.title);
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let (act, account) = (me.visitor.act.clone(), me.account.clone());
    let vault = me.visitor.state.vault();
    let made = (me.visitor.state.pool)
        .write(move |db| two_step::make_codes(db, &act, &vault, &account, &form_id))
        .await;
    match made {
        Ok(Some(codes)) => shown(&me, &codes, false),
        Ok(None) => off(&me),
        Err(MakeCodesError::FormUsed) => already_shown(&me),
        Err(MakeCodesError::Store(error)) => Err(error.into()),
    }
}

fn off(me: &CurrentAccount) -> PageResult {
    me.visitor.leave_flash(Flash {
        lead: "There are no recovery codes yet.".to_owned(),
        text: "You get 10 when you turn on two-step verification.".to_owned(),
    })?;
    Ok(see_other(TWO_STEP))
}

async fn left(me: &CurrentAccount) -> Result<Option<i64>, StoreError> {
    let id = me.account.id;
    let found = (me.visitor.state.pool)
        .read(move |db| two_step::find(db, id))
        .await?;
    Ok(found.map(|two_step| two_step.codes_left))
}

fn page(me: &CurrentAccount, left: i64, summary: Option<Summary>) -> RecoveryCodesPage {
    RecoveryCodesPage {
        layout: Layout::new(&me.visitor, "New recovery codes", Nav::Security)
            .with_crumbs(&[("Security", SECURITY)], "Recovery codes"),
        summary,
        form_id: base62_text(&mut system_rng(), 22),
        left,
    }
}
