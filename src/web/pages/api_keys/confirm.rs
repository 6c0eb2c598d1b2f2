//! The two acts that cannot be undone, each behind a question: deactivate an active key, delete an ended one.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::{LIST, html, key_of, see_other};
use crate::domain::api_keys::{self, ApiKey, ChangeKeyError, Deactivated, KeyState};
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;
use crate::web::times::Times;

#[derive(Template)]
#[template(path = "pages/api_keys/deactivate.html")]
struct DeactivatePage {
    layout: Layout,
    summary: Option<Summary>,
    key: KeyLine,
}

#[derive(Template)]
#[template(path = "pages/api_keys/delete.html")]
struct DeletePage {
    layout: Layout,
    summary: Option<Summary>,
    key: KeyLine,
}

/// Which key is meant: shown first, so that nobody ends the wrong one.
struct KeyLine {
    id: String,
    name: String,
    prefix: String,
    last_use: Option<TimeView>,
}

/// Nothing but the token.
#[derive(Deserialize)]
pub struct ConfirmForm {}

/// Asks whether to deactivate. A key that has ended has nothing to deactivate: its own page says so.
pub async fn get_deactivate(me: CurrentAccount, id: web::Path<String>) -> PageResult {
    let key = key_of(&me, &id).await?;
    if key.state_at(me.visitor.now) != KeyState::Active {
        return Ok(see_other(&format!("{LIST}/{}", key.id)));
    }
    html(StatusCode::OK, &deactivate_page(&me, &key, None))
}

/// Deactivates.
pub async fn post_deactivate(
    me: CurrentAccount,
    id: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let key = key_of(&me, &id).await?;
    if form.check().is_err() {
        let page = deactivate_page(&me, &key, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, owner) = (me.visitor.act.clone(), me.account.id);
    let done = me
        .visitor
        .state
        .pool
        .write(move |db| api_keys::deactivate(db, &act, owner, key.id))
        .await?;
    me.visitor
        .leave_flash(deactivated_words(&done, &times(&me.visitor, &me.account)))?;
    Ok(see_other(LIST))
}

/// Asks whether to delete. An active key has to be deactivated first.
pub async fn get_delete(me: CurrentAccount, id: web::Path<String>) -> PageResult {
    let key = key_of(&me, &id).await?;
    if key.state_at(me.visitor.now) == KeyState::Active {
        return Ok(see_other(&format!("{LIST}/{}/deactivate", key.id)));
    }
    html(StatusCode::OK, &delete_page(&me, &key, None))
}

/// Deletes from the list.
pub async fn post_delete(
    me: CurrentAccount,
    id: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let key = key_of(&me, &id).await?;
    if form.check().is_err() {
        let page = delete_page(&me, &key, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, owner, key_id) = (me.visitor.act.clone(), me.account.id, key.id);
    let done = me
        .visitor
        .state
        .pool
        .write(move |db| api_keys::delete(db, &act, owner, key_id))
        .await;
    match done {
        Ok(key) => {
            me.visitor.leave_flash(Flash {
                lead: format!("{} was deleted from the list.", key.name),
                text: String::new(),
            })?;
            Ok(see_other(LIST))
        }
        Err(ChangeKeyError::StillActive) => Ok(see_other(&format!("{LIST}/{key_id}/deactivate"))),
        Err(error) => Err(error.into()),
    }
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

fn deactivate_page(me: &CurrentAccount, key: &ApiKey, summary: Option<Summary>) -> DeactivatePage {
    DeactivatePage {
        layout: layout(me, key, "Deactivate this API key?", "Deactivate"),
        summary,
        key: key_line(me, key),
    }
}

fn delete_page(me: &CurrentAccount, key: &ApiKey, summary: Option<Summary>) -> DeletePage {
    DeletePage {
        layout: layout(me, key, "Delete this API key?", "Delete"),
        summary,
        key: key_line(me, key),
    }
}

fn layout(me: &CurrentAccount, key: &ApiKey, title: &str, act: &str) -> Layout {
    let href = format!("{LIST}/{}", key.id);
    Layout::new(&me.visitor, title, Nav::ApiKeys)
        .with_crumbs(&[("API keys", LIST), (&key.name, &href)], act)
}

fn key_line(me: &CurrentAccount, key: &ApiKey) -> KeyLine {
    let times = times(&me.visitor, &me.account);
    KeyLine {
        id: key.id.to_string(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        last_use: key.last_use.as_ref().map(|last_use| times.ago(last_use.at)),
    }
}
