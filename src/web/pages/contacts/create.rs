//! Making a contact.

use actix_web::http::StatusCode;
use askama::Template;

use super::fields::{ContactFieldsView, ContactForm};
use super::{LIST, PageResult, html, see_other};
use crate::domain::registry::contacts;
use crate::domain::registry::error::RegistryError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::Registrant;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/contacts/create.html")]
struct CreatePage {
    layout: Layout,
    summary: Option<Summary>,
    fields: ContactFieldsView,
    makes_link: bool,
}

/// The form.
pub async fn get(Registrant(me): Registrant) -> PageResult {
    let form = ContactForm {
        contact_type: "PERSON".to_owned(),
        make_link: "true".to_owned(),
        ..ContactForm::default()
    };
    html(StatusCode::OK, &page(&me, &form))
}

/// Makes it.
pub async fn post(Registrant(me): Registrant, form: Form<ContactForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let page = page(&me, &stale.into_kept());
            return refused(page, Summary::stale());
        }
    };
    let suffix = me.visitor.state.config.registry.suffix.clone();
    let (act, id) = (me.visitor.act.clone(), me.account.id);
    let outbox = me.visitor.state.outbox.clone();
    let (fields, makes_link) = (form.to_fields(), !form.make_link.is_empty());
    let made = (me.visitor.state.pool)
        .write(move |db| contacts::create(db, &act, &outbox, id, &suffix, &fields, makes_link))
        .await;
    match made {
        Ok(contact) => {
            let text = match makes_link {
                true => "It is linked to your account.",
                false => {
                    "It is not linked to your account, so you cannot read or change it. Write the handle down."
                }
            };
            me.visitor.leave_flash(Flash {
                lead: format!("{} was created as {}.", contact.name(), contact.handle),
                text: text.to_owned(),
            })?;
            Ok(see_other(LIST))
        }
        Err(RegistryError::Invalid(problems)) => {
            let mut page = page(&me, &form);
            let summary = page.fields.refuse("The contact was not created.", problems);
            refused(page, summary)
        }
        Err(error) => Err(PageError::from(error)),
    }
}

fn refused(mut page: CreatePage, summary: Summary) -> PageResult {
    page.summary = Some(summary);
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount, form: &ContactForm) -> CreatePage {
    CreatePage {
        layout: Layout::new(&me.visitor, "Create contact", Nav::Contacts)
            .with_crumbs(&[("Contacts", LIST)], "Create"),
        summary: None,
        fields: ContactFieldsView::of(form, true),
        makes_link: !form.make_link.is_empty(),
    }
}
