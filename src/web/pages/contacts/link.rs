//! Settings > Contacts > Link: asking to be linked to a contact, and using the link that was mailed to it. Opening the
//! mailed link changes nothing: programs that look through mails open links too.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{LIST, PageResult, html, see_other, throttled};
use crate::crypto::random::system_rng;
use crate::domain::registry::contacts::Contact;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::links::requests::{self, Asked, ConfirmError};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::Registrant;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/contacts/link.html")]
struct LinkPage {
    layout: Layout,
    handle: Field,
    hours: i64,
    has_mail: bool,
    summary: Option<Summary>,
}

#[derive(Template)]
#[template(path = "pages/contacts/link_confirm.html")]
struct ConfirmPage {
    layout: Layout,
    /// Goes back into the form; it is the visitor's own.
    token: String,
    email: String,
    /// Handle and name; `None` if the link does not work.
    contact: Option<(String, String)>,
    /// Why it cannot be used, although it works.
    refusal: Option<String>,
    summary: Option<Summary>,
}

/// Which contact.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LinkForm {
    handle: String,
}

/// The link's token.
#[derive(Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    token: Secret<String>,
}

impl Default for ConfirmForm {
    fn default() -> Self {
        Self {
            token: Secret::new(String::new()),
        }
    }
}

/// The form; the handle may come with the address.
pub async fn get(Registrant(me): Registrant, query: web::Query<LinkForm>) -> PageResult {
    html(StatusCode::OK, &page(&me, query.into_inner().handle))
}

/// Asks.
pub async fn post(Registrant(me): Registrant, form: Form<LinkForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, stale.into_kept().handle);
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let handle = form.handle.trim().to_owned();
    if handle.is_empty() {
        return refused(
            &me,
            handle,
            "Write the handle of a contact, such as MO1-KP.",
        );
    }
    let (act, account, asked_for) = (me.visitor.act.clone(), me.account.clone(), handle.clone());
    let outbox = me.visitor.state.outbox.clone();
    let life = me.visitor.state.config.registry.link_mail;
    let asked = (me.visitor.state.pool)
        .write(move |db| {
            let rng = &mut system_rng();
            requests::ask(db, &act, &outbox, rng, &account, &asked_for, life)
        })
        .await;
    match asked {
        Ok(Asked::Mailed(contact)) => {
            me.visitor.leave_flash(Flash {
                lead: format!("We have sent a link to the addresses of {contact}."),
                text: "Open it while you are signed in here, then you are linked.".to_owned(),
            })?;
            Ok(see_other(LIST))
        }
        Ok(Asked::Ticket(ticket)) => {
            me.visitor.leave_flash(Flash {
                lead: "Those who are linked to the contact decide.".to_owned(),
                text: "They were told. This ticket says what became of it.".to_owned(),
            })?;
            Ok(see_other(&format!("/tickets/{}", ticket.number)))
        }
        Err(RegistryError::NotFound(words) | RegistryError::Forbidden(words)) => {
            refused(&me, handle, &words)
        }
        Err(RegistryError::Throttled(too_many)) => {
            let mut page = page(&me, handle);
            page.summary = Some(too_many.into());
            throttled(too_many, &page)
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(me: &CurrentAccount, handle: String, words: &str) -> PageResult {
    let mut page = page(me, handle);
    page.handle.refuse(words);
    let fields = [("handle", "Handle", &page.handle)];
    page.summary = Summary::listing("You were not linked, and no one was asked.", &fields);
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount, handle: String) -> LinkPage {
    LinkPage {
        layout: Layout::new(&me.visitor, "Link a contact", Nav::Contacts)
            .with_crumbs(&[("Contacts", LIST)], "Link a contact"),
        handle: Field::with(handle),
        hours: me.visitor.state.config.registry.link_mail.num_hours(),
        has_mail: me.visitor.state.site.has_mail,
        summary: None,
    }
}

/// What the mailed link would do.
pub async fn get_confirm(Registrant(me): Registrant, query: web::Query<ConfirmForm>) -> PageResult {
    let page = confirm_page(&me, query.into_inner().token).await?;
    let status = match page.contact {
        Some(_) => StatusCode::OK,
        None => StatusCode::NOT_FOUND,
    };
    html(status, &page)
}

/// Does it.
pub async fn post_confirm(Registrant(me): Registrant, form: Form<ConfirmForm>) -> PageResult {
    let token = match form.check() {
        Ok(form) => form.token,
        Err(stale) => {
            let mut page = confirm_page(&me, stale.into_kept().token).await?;
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let (act, account, used) = (me.visitor.act.clone(), me.account.clone(), token.clone());
    let outbox = me.visitor.state.outbox.clone();
    let confirmed = (me.visitor.state.pool)
        .write(move |db| requests::confirm(db, &act, &outbox, &account, used.expose()))
        .await;
    match confirmed {
        Ok(contact) => {
            me.visitor.leave_flash(Flash {
                lead: format!("You are linked to {}.", contact.handle),
                text: "What it may do, you and your keys may do from now on.".to_owned(),
            })?;
            Ok(see_other(LIST))
        }
        Err(ConfirmError::Invalid) => {
            let mut page = confirm_page(&me, token).await?;
            page.contact = None;
            html(StatusCode::NOT_FOUND, &page)
        }
        Err(ConfirmError::Refused(error)) => {
            let mut page = confirm_page(&me, token).await?;
            page.refusal = Some(error.to_string());
            html(StatusCode::CONFLICT, &page)
        }
        Err(ConfirmError::Store(error)) => Err(error.into()),
    }
}

async fn confirm_page(
    me: &CurrentAccount,
    token: Secret<String>,
) -> Result<ConfirmPage, PageError> {
    let (now, id, asked) = (me.visitor.now, me.account.id, token.clone());
    let found: Result<Option<Contact>, StoreError> = (me.visitor.state.pool)
        .read(move |db| requests::find(db, now, id, asked.expose()))
        .await;
    let mut layout = Layout::new(&me.visitor, "Link this contact?", Nav::Contacts)
        .with_crumbs(&[("Contacts", LIST)], "Link a contact");
    // The theme form must not carry the link's token to anywhere.
    layout.return_to = LIST.to_owned();
    Ok(ConfirmPage {
        layout,
        token: token.expose().clone(),
        email: me.account.email.clone(),
        contact: found?.map(|contact| (contact.handle.to_string(), contact.name())),
        refusal: None,
        summary: None,
    })
}
