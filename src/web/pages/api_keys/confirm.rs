//! The acts that cannot be undone, each behind a question: deactivate an active key, delete an ended one, end the old
//! secret of a rotated one.
//!
//! Each is asked on a page of its own, which script shows as a dialog; the answer is a form of that page.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::{KeyLine, LIST, html, key_line, key_of, see_other};
use crate::clock::Timestamp;
use crate::domain::api_keys::{self, ApiKey, ChangeKeyError, Deactivated, KeyState, rotation};
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::times::Times;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Deactivate,
    Delete,
    EndOldSecret,
}

impl fmt::Display for Act {
    /// The last part of the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deactivate => "deactivate",
            Self::Delete => "delete",
            Self::EndOldSecret => "end-old-secret",
        })
    }
}

impl Act {
    fn question(self) -> &'static str {
        match self {
            Self::Deactivate => "Deactivate this API key?",
            Self::Delete => "Delete this API key?",
            Self::EndOldSecret => "End the old secret?",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Deactivate => "Deactivate",
            Self::Delete => "Delete",
            Self::EndOldSecret => "End old secret",
        }
    }

    /// Where to go instead, if there is nothing to ask.
    fn elsewhere(self, key: &ApiKey, now: Timestamp) -> Option<String> {
        let is_active = key.state_at(now) == KeyState::Active;
        let page = format!("{LIST}/{}", key.id);
        match self {
            Self::Deactivate => (!is_active).then_some(page),
            // An active key has to be deactivated first.
            Self::Delete => is_active.then(|| format!("{page}/deactivate")),
            Self::EndOldSecret => key.overlap_at(now).is_none().then_some(page),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/api_keys/confirm.html")]
struct ConfirmPage {
    layout: Layout,
    summary: Option<Summary>,
    act: Act,
    key: KeyLine,
}

/// Nothing but the token.
#[derive(Deserialize)]
pub struct ConfirmForm {}

/// Asks whether to deactivate.
pub async fn get_deactivate(me: CurrentAccount, id: web::Path<String>) -> PageResult {
    ask(&me, &id, Act::Deactivate).await
}

/// Asks whether to delete.
pub async fn get_delete(me: CurrentAccount, id: web::Path<String>) -> PageResult {
    ask(&me, &id, Act::Delete).await
}

/// Asks whether to end the old secret.
pub async fn get_end_old_secret(me: CurrentAccount, id: web::Path<String>) -> PageResult {
    ask(&me, &id, Act::EndOldSecret).await
}

async fn ask(me: &CurrentAccount, id: &str, act: Act) -> PageResult {
    let key = key_of(me, id).await?;
    match act.elsewhere(&key, me.visitor.now) {
        Some(elsewhere) => Ok(see_other(&elsewhere)),
        None => html(StatusCode::OK, &page(me, &key, act, None)),
    }
}

/// Deactivates.
pub async fn post_deactivate(
    me: CurrentAccount,
    id: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let key = match confirmed(&me, &id, form, Act::Deactivate).await? {
        Ok(key) => key,
        Err(refused) => return Ok(refused),
    };
    let (act, owner) = (me.visitor.act.clone(), me.account.id);
    let outbox = me.visitor.state.outbox.clone();
    let done = (me.visitor.state.pool)
        .write(move |db| {
            let done = api_keys::deactivate(db, &act, owner, key.id)?;
            outbox.tell_deactivated(db, &act, &done)?;
            Ok::<_, ChangeKeyError>(done)
        })
        .await?;
    let words = deactivated_words(&done, &times(&me.visitor, &me.account));
    leave(&me, LIST, words)
}

/// Deletes from the list.
pub async fn post_delete(
    me: CurrentAccount,
    id: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let key = match confirmed(&me, &id, form, Act::Delete).await? {
        Ok(key) => key,
        Err(refused) => return Ok(refused),
    };
    let (act, owner, key_id) = (me.visitor.act.clone(), me.account.id, key.id);
    let done = (me.visitor.state.pool)
        .write(move |db| api_keys::delete(db, &act, owner, key_id))
        .await;
    match done {
        Ok(key) => leave(
            &me,
            LIST,
            Flash {
                lead: format!("{} was deleted from the list.", key.name),
                text: String::new(),
            },
        ),
        Err(ChangeKeyError::StillActive) => Ok(see_other(&format!("{LIST}/{key_id}/deactivate"))),
        Err(error) => Err(error.into()),
    }
}

/// Ends the old secret.
pub async fn post_end_old_secret(
    me: CurrentAccount,
    id: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let key = match confirmed(&me, &id, form, Act::EndOldSecret).await? {
        Ok(key) => key,
        Err(refused) => return Ok(refused),
    };
    let (act, owner, key_id) = (me.visitor.act.clone(), me.account.id, key.id);
    let ended = (me.visitor.state.pool)
        .write(move |db| rotation::end_old_secret(db, &act, owner, key_id))
        .await?;
    let words = Flash {
        lead: if ended {
            format!("The old secret of {} was ended.", key.name)
        } else {
            format!("The old secret of {} had already ended.", key.name)
        },
        text: "Only the new one works now.".to_owned(),
    };
    leave(&me, &format!("{LIST}/{key_id}"), words)
}

/// The key that the form is about, or the page again if the form is too old.
async fn confirmed(
    me: &CurrentAccount,
    id: &str,
    form: Form<ConfirmForm>,
    act: Act,
) -> Result<Result<ApiKey, HttpResponse>, PageError> {
    let key = key_of(me, id).await?;
    if form.check().is_ok() {
        return Ok(Ok(key));
    }
    let page = page(me, &key, act, Some(Summary::stale()));
    html(StatusCode::UNPROCESSABLE_ENTITY, &page).map(Err)
}

fn leave(me: &CurrentAccount, to: &str, words: Flash) -> PageResult {
    me.visitor.leave_flash(words)?;
    Ok(see_other(to))
}

fn deactivated_words(done: &Deactivated, times: &Times) -> Flash {
    match done {
        Deactivated::Now(key) => Flash {
            lead: format!("{} was deactivated.", key.name),
            text: format!(
                "It stopped working at {} and moved to your inactive API keys.",
                times.clock(key.ends_at).text
            ),
        },
        Deactivated::Before(key) => {
            let how = match key.deactivated_at {
                Some(_) => "was already deactivated",
                None => "had already expired",
            };
            Flash {
                lead: format!("{} {how}", key.name),
                text: format!("on {}.", times.full(key.ends_at).text),
            }
        }
    }
}

fn page(me: &CurrentAccount, key: &ApiKey, act: Act, summary: Option<Summary>) -> ConfirmPage {
    let href = format!("{LIST}/{}", key.id);
    ConfirmPage {
        layout: Layout::new(&me.visitor, act.question(), Nav::ApiKeys)
            .with_crumbs(&[("API keys", LIST), (&key.name, &href)], act.label()),
        summary,
        act,
        key: key_line(me, key),
    }
}
