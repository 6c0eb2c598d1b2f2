//! A contact: what it is, what it does, and its fields to change.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::fields::{ContactFieldsView, ContactForm};
use super::{ContactLine, Known, LIST, PageResult, contact_line, html, known, see_other};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::{Expected, contacts};
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::Registrant;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/contacts/detail.html")]
struct DetailPage {
    layout: Layout,
    summary: Option<Summary>,
    contact: ContactLine,
    kind: &'static str,
    registered: TimeView,
    updated: TimeView,
    revision: i64,
    fields: ContactFieldsView,
}

/// The page.
pub async fn get(Registrant(me): Registrant, handle: web::Path<String>) -> PageResult {
    let known = known(&me, &handle).await?;
    let form = ContactForm::of(&known.contact);
    html(StatusCode::OK, &page(&me, &known, &form))
}

/// Changes it.
pub async fn post(
    Registrant(me): Registrant,
    handle: web::Path<String>,
    form: Form<ContactForm>,
) -> PageResult {
    let before = known(&me, &handle).await?;
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let page = page(&me, &before, &stale.into_kept());
            return refused(page, Summary::stale());
        }
    };
    let (act, id) = (me.visitor.act.clone(), me.account.id);
    let (fields, expected) = (form.to_fields(), expected(&form));
    let handle = before.contact.handle.to_string();
    let target = handle.clone();
    let changed = (me.visitor.state.pool)
        .write(move |db| contacts::change(db, &act, id, &target, &fields, &expected))
        .await;
    match changed {
        Ok(contact) => {
            me.visitor.leave_flash(Flash {
                lead: format!("{} was saved.", contact.name()),
                text: String::new(),
            })?;
            Ok(see_other(&format!("{LIST}/{handle}")))
        }
        Err(RegistryError::Invalid(problems)) => {
            let mut page = page(&me, &before, &form);
            let summary = page.fields.refuse("The contact was not changed.", problems);
            refused(page, summary)
        }
        Err(RegistryError::Stale) => {
            // With what is there now, so that sending it once more means it.
            let now = known(&me, &handle).await?;
            let summary = Summary::of(
                "The contact was not changed.",
                "Someone else has changed it meanwhile. Send the form again to replace what they have saved.",
            );
            refused(page(&me, &now, &form), summary)
        }
        Err(error) => Err(PageError::from(error)),
    }
}

/// The contact as the form was filled with.
fn expected(form: &ContactForm) -> Expected {
    match form.revision.parse() {
        Ok(revision) => Expected::Revisions(vec![revision]),
        Err(_) => Expected::Any,
    }
}

fn refused(mut page: DetailPage, summary: Summary) -> PageResult {
    page.summary = Some(summary);
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount, known: &Known, form: &ContactForm) -> DetailPage {
    let (contact, times) = (&known.contact, times(&me.visitor, &me.account));
    let name = contact.name();
    let mut fields = ContactFieldsView::of(form, false);
    // Whatever was sent: it cannot change.
    fields.contact_type.value = ContactForm::of(contact).contact_type;
    DetailPage {
        layout: Layout::new(&me.visitor, name.clone(), Nav::Contacts)
            .with_crumbs(&[("Contacts", LIST)], contact.handle.as_str()),
        summary: None,
        contact: contact_line(me, known),
        kind: if contact.is_role { "Role" } else { "Person" },
        registered: times.date(contact.registered_at),
        updated: times.ago(contact.updated_at),
        revision: contact.revision,
        fields,
    }
}
