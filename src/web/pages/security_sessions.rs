//! Settings > Security: ending sessions, one of them or all others.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::security::{SessionRow, session_row};
use super::{PageResult, html, see_other};
use crate::domain::security::sessions::{self, EndedOne};
use crate::ids::SessionId;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::times::counted;

const SECURITY: &str = "/settings/security";

#[derive(Template)]
#[template(path = "pages/security_sessions.html")]
struct SessionsPage {
    layout: Layout,
    summary: Option<Summary>,
    others: Vec<SessionRow>,
    /// "2 other sessions".
    number: String,
}

/// Which session to end; none for all others.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SessionsForm {
    session: String,
}

/// Asks whether to end all others.
pub async fn get(RecentSignIn(me): RecentSignIn) -> PageResult {
    html(StatusCode::OK, &page(&me, None).await?)
}

/// Ends one or all others.
pub async fn post(RecentSignIn(me): RecentSignIn, form: Form<SessionsForm>) -> PageResult {
    let Ok(form) = form.check() else {
        let page = page(&me, Some(Summary::stale())).await?;
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let words = if form.session.is_empty() {
        end_others(&me).await?
    } else {
        let id = form.session.parse().or(Err(PageError::NotFound))?;
        end_one(&me, id).await?
    };
    me.visitor.leave_flash(words)?;
    Ok(see_other(SECURITY))
}

async fn end_one(me: &CurrentAccount, id: SessionId) -> Result<Flash, PageError> {
    // This one is ended by signing out, which also clears what the browser keeps.
    if me.visitor.session_id() == Some(id) {
        return Err(PageError::NotFound);
    }
    let (act, owner) = (me.visitor.act.clone(), me.account.id);
    let ended: Result<EndedOne, StoreError> = (me.visitor.state.pool)
        .write(move |db| sessions::end_one(db, &act, owner, id))
        .await;
    match ended? {
        EndedOne::Now => Ok(Flash {
            lead: "The session was signed out.".to_owned(),
            text: "It stopped working at once.".to_owned(),
        }),
        EndedOne::Before => Ok(Flash {
            lead: "That session had already ended.".to_owned(),
            text: String::new(),
        }),
        EndedOne::NotTheirs => Err(PageError::NotFound),
    }
}

async fn end_others(me: &CurrentAccount) -> Result<Flash, PageError> {
    let (act, owner, kept) = (
        me.visitor.act.clone(),
        me.account.id,
        me.visitor.session_id(),
    );
    let ended: Result<usize, StoreError> = (me.visitor.state.pool)
        .write(move |db| sessions::end_others(db, &act, owner, kept))
        .await;
    let ended = i64::try_from(ended?).unwrap_or(i64::MAX);
    Ok(Flash {
        lead: match ended {
            0 => "There was no other session.".to_owned(),
            1 => "1 other session was signed out.".to_owned(),
            more => format!("{} were signed out.", counted(more, "other session")),
        },
        text: "Only this one goes on.".to_owned(),
    })
}

async fn page(me: &CurrentAccount, summary: Option<Summary>) -> Result<SessionsPage, PageError> {
    let (id, now) = (me.account.id, me.visitor.now);
    let listed: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| sessions::list(db, now, id))
        .await;
    let times = times(&me.visitor, &me.account);
    let others: Vec<SessionRow> = listed?
        .into_iter()
        .map(|session| session_row(session, &me.visitor, &times))
        .filter(|session| !session.is_current)
        .collect();
    Ok(SessionsPage {
        layout: Layout::new(&me.visitor, "Sign out other sessions?", Nav::Security)
            .with_crumbs(&[("Security", SECURITY)], "Sign out other sessions"),
        summary,
        number: counted(
            i64::try_from(others.len()).unwrap_or(i64::MAX),
            "other session",
        ),
        others,
    })
}
