//! Two-step verification: set up or moved to another app, and turned off.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html, see_other};
use super::shown_codes::{already_shown, shown};
use super::{SECURITY, TWO_STEP};
use crate::crypto::random::system_rng;
use crate::domain::security::two_step::{self, BadCode, SetUp, TurnOnError};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;
use crate::web::qr::Qr;

#[derive(Template)]
#[template(path = "pages/security/two_step.html")]
struct TwoStepPage {
    layout: Layout,
    summary: Option<Summary>,
    error: Option<BadCode>,
    /// Since when it is on already, if so.
    since: Option<TimeView>,
    /// The secret, sealed, for the form to bring back.
    set_up: String,
    qr: Qr,
    /// The secret as text in groups of four.
    secret: String,
    url: String,
}

/// The first code, and the secret that it belongs to.
#[derive(Deserialize)]
#[serde(default)]
pub struct TwoStepForm {
    code: Secret<String>,
    set_up: String,
}

impl Default for TwoStepForm {
    fn default() -> Self {
        Self {
            code: Secret::new(String::new()),
            set_up: String::new(),
        }
    }
}

/// The page, with a new secret.
pub async fn get(RecentSignIn(me): RecentSignIn) -> PageResult {
    let set_up = new_set_up(&me).await?;
    html(StatusCode::OK, &page(&me, &set_up).await?)
}

/// Turns it on. The answer shows the recovery codes; the form cannot be used a second time.
pub async fn post(RecentSignIn(me): RecentSignIn, form: Form<TwoStepForm>) -> PageResult {
    let (form, is_stale) = match form.check() {
        Ok(form) => (form, false),
        Err(stale) => (stale.into_kept(), true),
    };
    let (id, now) = (me.account.id, me.visitor.now);
    let secrets = me.visitor.state.policy.secrets.clone();
    let opened = SetUp::open(&secrets, id, now, &form.set_up);
    let (Some(set_up), false) = (opened, is_stale) else {
        let mut page = page(&me, &new_set_up(&me).await?).await?;
        page.summary = Some(Summary::of(
            "This form is too old.",
            "Nothing was changed. Scan the new code.",
        ));
        return refused(page);
    };
    let shown_again = page(&me, &set_up).await?;
    let (act, account) = (me.visitor.act.clone(), me.account.clone());
    let vault = me.visitor.state.vault();
    let turned_on = (me.visitor.state.pool)
        .write(move |db| two_step::turn_on(db, &act, &vault, &account, &set_up, &form.code))
        .await;
    match turned_on {
        Ok(codes) => shown(&me, &codes, true),
        Err(TurnOnError::FormUsed) => already_shown(&me),
        Err(TurnOnError::Overtaken) => {
            let mut page = page(&me, &new_set_up(&me).await?).await?;
            page.summary = Some(Summary::of(
                "Two-step verification was changed in the meantime.",
                "Nothing was changed here. Recovery codes that another window has shown go on working.",
            ));
            refused(page)
        }
        Err(TurnOnError::Code(bad)) => refused(TwoStepPage {
            error: Some(bad),
            ..shown_again
        }),
        Err(TurnOnError::Store(error)) => Err(error.into()),
    }
}

fn refused(mut page: TwoStepPage) -> PageResult {
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn new_set_up(me: &CurrentAccount) -> Result<SetUp, StoreError> {
    let (id, secrets) = (me.account.id, &me.visitor.state.policy.secrets);
    let found = (me.visitor.state.pool)
        .read(move |db| two_step::find(db, id))
        .await?;
    let replaces = found.map(|found| found.since);
    Ok(SetUp::new(
        secrets,
        &mut system_rng(),
        id,
        me.visitor.now,
        replaces,
    ))
}

async fn page(me: &CurrentAccount, set_up: &SetUp) -> Result<TwoStepPage, StoreError> {
    let id = me.account.id;
    let found = (me.visitor.state.pool)
        .read(move |db| two_step::find(db, id))
        .await?;
    let title = match found {
        Some(_) => "Change two-step verification",
        None => "Set up two-step verification",
    };
    let issuer = me.visitor.state.site.public_url.host_str();
    let url = (set_up.totp()).url(issuer.unwrap_or("keyport"), &me.account.email);
    let since = found.map(|found| times(&me.visitor, &me.account).date(found.since));
    Ok(TwoStepPage {
        layout: Layout::new(&me.visitor, title, Nav::Security)
            .with_crumbs(&[("Security", SECURITY)], "Two-step verification"),
        summary: None,
        error: None,
        since,
        set_up: set_up.sealed().to_owned(),
        qr: Qr::of(&url),
        secret: in_fours(&set_up.totp().base32()),
        url,
    })
}

/// "ABCD EFGH", so that it can be typed without losing one's place.
fn in_fours(text: &str) -> String {
    let groups: Vec<&str> = (0..text.len())
        .step_by(4)
        .map(|start| &text[start..text.len().min(start + 4)])
        .collect();
    groups.join(" ")
}

#[derive(Template)]
#[template(path = "pages/security/two_step_off.html")]
struct OffPage {
    layout: Layout,
    summary: Option<Summary>,
}

/// Nothing but the token.
#[derive(Deserialize)]
pub struct OffForm {}

/// Asks whether to turn it off.
pub async fn get_off(RecentSignIn(me): RecentSignIn) -> PageResult {
    let id = me.account.id;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| two_step::find(db, id))
        .await;
    match found? {
        Some(_) => html(StatusCode::OK, &off_page(&me, None)),
        None => Ok(see_other(TWO_STEP)),
    }
}

/// Turns it off.
pub async fn post_off(RecentSignIn(me): RecentSignIn, form: Form<OffForm>) -> PageResult {
    if form.check().is_err() {
        let page = off_page(&me, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, account) = (me.visitor.act.clone(), me.account.clone());
    let outbox = me.visitor.state.outbox.clone();
    let turned_off: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| two_step::turn_off(db, &act, &outbox, &account))
        .await;
    let lead = if turned_off? {
        "Two-step verification is off."
    } else {
        "Two-step verification was already off."
    };
    me.visitor.leave_flash(Flash {
        lead: lead.to_owned(),
        text: "Your recovery codes no longer work.".to_owned(),
    })?;
    Ok(see_other(SECURITY))
}

fn off_page(me: &CurrentAccount, summary: Option<Summary>) -> OffPage {
    let title = "Turn off two-step verification?";
    let mut layout = Layout::new(&me.visitor, title, Nav::Security).with_crumbs(
        &[("Security", SECURITY), ("Two-step verification", TWO_STEP)],
        "Turn off",
    );
    if summary.is_some() {
        layout.title = format!("Error: {title}");
    }
    OffPage { layout, summary }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_in_groups_of_four() {
        assert_eq!(in_fours("ABCDEFGH"), "ABCD EFGH");
        assert_eq!(in_fours("ABCDEF"), "ABCD EF");
    }
}
