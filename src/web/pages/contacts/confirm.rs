//! What is asked before it is done: end the link to a contact, delete it.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{ContactLine, Known, LIST, PageResult, contact_line, html, known, see_other};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::{Expected, contacts, links};
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::Registrant;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Unlink,
    Delete,
}

impl fmt::Display for Act {
    /// The last part of the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unlink => "unlink",
            Self::Delete => "delete",
        })
    }
}

impl Act {
    fn question(self) -> &'static str {
        match self {
            Self::Unlink => "Unlink this contact?",
            Self::Delete => "Delete this contact?",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Unlink => "Unlink",
            Self::Delete => "Delete",
        }
    }
}

#[derive(Template)]
#[template(path = "pages/contacts/confirm.html")]
struct ConfirmPage {
    layout: Layout,
    summary: Option<Summary>,
    act: Act,
    contact: ContactLine,
    /// True if the contact is in use, and after this no account acts for it.
    leaves_none: bool,
    /// True if it cannot be done: something names the contact.
    is_named: bool,
}

/// Nothing but the token.
#[derive(Deserialize)]
pub struct ConfirmForm {}

/// Asks whether to unlink.
pub async fn get_unlink(Registrant(me): Registrant, handle: web::Path<String>) -> PageResult {
    ask(&me, &handle, Act::Unlink).await
}

/// Asks whether to delete.
pub async fn get_delete(Registrant(me): Registrant, handle: web::Path<String>) -> PageResult {
    ask(&me, &handle, Act::Delete).await
}

async fn ask(me: &CurrentAccount, handle: &str, act: Act) -> PageResult {
    let known = known(me, handle).await?;
    html(StatusCode::OK, &page(me, &known, act, None))
}

/// Unlinks.
pub async fn post_unlink(
    Registrant(me): Registrant,
    handle: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let known = match confirmed(&me, &handle, form, Act::Unlink).await? {
        Ok(known) => known,
        Err(refused) => return Ok(refused),
    };
    let (act, id) = (me.visitor.act.clone(), me.account.id);
    let outbox = me.visitor.state.outbox.clone();
    let target = known.contact.handle.to_string();
    (me.visitor.state.pool)
        .write(move |db| links::end(db, &act, &outbox, id, &target))
        .await?;
    leave(
        &me,
        format!("{} was unlinked.", known.contact.name()),
        "What it gave you and your keys has ended.",
    )
}

/// Deletes.
pub async fn post_delete(
    Registrant(me): Registrant,
    handle: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let before = match confirmed(&me, &handle, form, Act::Delete).await? {
        Ok(known) => known,
        Err(refused) => return Ok(refused),
    };
    let (act, id) = (me.visitor.act.clone(), me.account.id);
    let outbox = me.visitor.state.outbox.clone();
    let target = before.contact.handle.to_string();
    let deleted = (me.visitor.state.pool)
        .write(move |db| contacts::delete(db, &act, &outbox, id, &target, &Expected::Any))
        .await;
    match deleted {
        Ok(contact) => leave(&me, format!("{} was deleted.", contact.name()), ""),
        Err(RegistryError::NotRemovable(words, _)) => {
            let now = known(&me, &handle).await?;
            let summary = Summary::of("The contact was not deleted.", words);
            html(
                StatusCode::UNPROCESSABLE_ENTITY,
                &page(&me, &now, Act::Delete, Some(summary)),
            )
        }
        Err(error) => Err(PageError::from(error)),
    }
}

/// The contact that the form is about, or the page again if the form is too old.
async fn confirmed(
    me: &CurrentAccount,
    handle: &str,
    form: Form<ConfirmForm>,
    act: Act,
) -> Result<Result<Known, HttpResponse>, PageError> {
    let known = known(me, handle).await?;
    if form.check().is_ok() {
        return Ok(Ok(known));
    }
    let page = page(me, &known, act, Some(Summary::stale()));
    html(StatusCode::UNPROCESSABLE_ENTITY, &page).map(Err)
}

fn leave(me: &CurrentAccount, lead: String, text: &str) -> PageResult {
    let text = text.to_owned();
    me.visitor.leave_flash(Flash { lead, text })?;
    Ok(see_other(LIST))
}

fn page(me: &CurrentAccount, known: &Known, act: Act, summary: Option<Summary>) -> ConfirmPage {
    let handle = &known.contact.handle;
    let href = format!("{LIST}/{handle}");
    let mut layout = Layout::new(&me.visitor, act.question(), Nav::Contacts)
        .with_crumbs(&[("Contacts", LIST), (handle.as_str(), &href)], act.label());
    if summary.is_some() {
        layout.title = format!("Error: {}", layout.title);
    }
    let is_named = !known.associations.is_empty();
    ConfirmPage {
        layout,
        summary,
        act,
        contact: contact_line(me, known),
        leaves_none: is_named && !known.has_others,
        is_named,
    }
}
