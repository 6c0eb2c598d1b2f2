//! Operator > Organizations and contacts > Contacts > one of them: its facts, what it does, and who acts for it. An
//! account is linked by its address, and unlinked behind a question.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html, see_other};
use super::registry_lists::{CONTACTS, NETWORKS, ORGANIZATIONS};
use super::registry_records::{Record, address_lines, handle_of};
use super::{ConfirmForm, account_of};
use crate::domain::accounts;
use crate::domain::registry::associations::{self, Association, Place};
use crate::domain::registry::contacts::{self, Contact};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::links::{self, LinkedAccount};
use crate::domain::text::EmailAddress;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::{RecentRegistryOperator, RegistryOperator};
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/operator/contact.html")]
struct ContactPage {
    layout: Layout,
    record: Record,
    kind: &'static str,
    company: Option<String>,
    address: Vec<String>,
    emails: Vec<String>,
    /// What it is for, and the number.
    phones: Vec<(&'static str, String)>,
    functions: Vec<FunctionRow>,
    linked: Vec<LinkedRow>,
}

struct FunctionRow {
    function: &'static str,
    href: String,
    object: String,
    name: String,
}

struct LinkedRow {
    id: String,
    name: String,
    email: String,
    since: TimeView,
    is_disabled: bool,
}

#[derive(Template)]
#[template(path = "pages/operator/contact_link.html")]
struct LinkPage {
    layout: Layout,
    summary: Option<Summary>,
    handle: String,
    name: String,
    is_role: bool,
    email: Field,
}

#[derive(Template)]
#[template(path = "pages/operator/contact_unlink.html")]
struct UnlinkPage {
    layout: Layout,
    summary: Option<Summary>,
    handle: String,
    name: String,
    id: String,
    account: String,
    email: String,
    /// True if the contact is in use, and after this no account acts for it.
    leaves_none: bool,
}

/// Whom to link.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LinkForm {
    email: String,
}

/// A contact with what operators see of it.
struct Known {
    contact: Contact,
    associations: Vec<Association>,
    linked: Vec<LinkedAccount>,
}

/// The page.
pub async fn get(RegistryOperator(me): RegistryOperator, handle: web::Path<String>) -> PageResult {
    let known = known(&me, &handle).await?;
    let (contact, times) = (&known.contact, times(&me.visitor, &me.account));
    let name = contact.name();
    let page = ContactPage {
        layout: CONTACTS.layout_below(&me, &name, contact.handle.as_str()),
        record: Record {
            handle: contact.handle.to_string(),
            name,
            comment: contact.comment.clone(),
            registered: times.date(contact.registered_at),
            updated: times.date(contact.updated_at),
            zone: times.zone_name(),
        },
        kind: if contact.is_role { "Role" } else { "Person" },
        company: contact.company_name.clone(),
        address: address_lines(&contact.address),
        emails: contact.emails.clone(),
        phones: contact.phones.iter().map(phone_words).collect(),
        functions: known.associations.iter().map(function_row).collect(),
        linked: (known.linked.iter())
            .map(|linked| LinkedRow {
                id: linked.account.id.to_string(),
                name: linked.account.name.clone(),
                email: linked.account.email.clone(),
                since: times.date(linked.linked_at),
                is_disabled: linked.account.disabled_at.is_some(),
            })
            .collect(),
    };
    html(StatusCode::OK, &page)
}

/// The form that links an account.
pub async fn get_link(
    RecentRegistryOperator(me): RecentRegistryOperator,
    handle: web::Path<String>,
) -> PageResult {
    let known = known(&me, &handle).await?;
    html(StatusCode::OK, &link_page(&me, &known, ""))
}

/// Links an account.
pub async fn post_link(
    RecentRegistryOperator(me): RecentRegistryOperator,
    handle: web::Path<String>,
    form: Form<LinkForm>,
) -> PageResult {
    let known = known(&me, &handle).await?;
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = link_page(&me, &known, &stale.into_kept().email);
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let mut page = link_page(&me, &known, form.email.trim());
    let Ok(email) = EmailAddress::parse(&form.email) else {
        return link_refused(
            page,
            "Enter the address of an account, like name@example.com.",
        );
    };
    let (act, outbox) = (me.visitor.act.clone(), me.visitor.state.outbox.clone());
    let target = known.contact.handle.to_string();
    let linked: Result<_, RegistryError> = (me.visitor.state.pool)
        .write(move |db| {
            let Some(account) = accounts::find_by_email(db, &email)? else {
                return Ok(None);
            };
            let is_new = links::make(db, &act, &outbox, account.id, &target)?;
            Ok(Some((account, is_new)))
        })
        .await;
    match linked {
        Ok(Some((account, true))) => {
            me.visitor.leave_flash(Flash {
                lead: format!("{} acts for {} now.", account.name, known.contact.handle),
                text: "They and the addresses of the contact are told by email.".to_owned(),
            })?;
            Ok(see_other(&CONTACTS.href_of(&known.contact.handle)))
        }
        Ok(Some((_, false))) => {
            link_refused(page, "This account is linked to the contact already.")
        }
        Ok(None) => link_refused(page, "There is no account with this address."),
        Err(RegistryError::Forbidden(words) | RegistryError::BadRequest(words)) => {
            page.email.value = form.email;
            link_refused(page, words)
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks whether to unlink an account.
pub async fn get_unlink(
    RecentRegistryOperator(me): RecentRegistryOperator,
    path: web::Path<(String, String)>,
) -> PageResult {
    let (known, linked) = linked(&me, &path).await?;
    html(StatusCode::OK, &unlink_page(&me, &known, &linked, None))
}

/// Unlinks it.
pub async fn post_unlink(
    RecentRegistryOperator(me): RecentRegistryOperator,
    path: web::Path<(String, String)>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let (known, linked) = linked(&me, &path).await?;
    if form.check().is_err() {
        let page = unlink_page(&me, &known, &linked, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, outbox) = (me.visitor.act.clone(), me.visitor.state.outbox.clone());
    let (id, target) = (linked.account.id, known.contact.handle.to_string());
    let ended: Result<bool, RegistryError> = (me.visitor.state.pool)
        .write(move |db| links::end(db, &act, &outbox, id, &target))
        .await;
    if !ended? {
        return Err(PageError::NotFound);
    }
    me.visitor.leave_flash(Flash {
        lead: format!(
            "{} no longer acts for {}.",
            linked.account.name, known.contact.handle
        ),
        text: "What the contact gave the account and its keys has ended.".to_owned(),
    })?;
    Ok(see_other(&CONTACTS.href_of(&known.contact.handle)))
}

async fn known(me: &CurrentAccount, handle: &str) -> Result<Known, PageError> {
    let handle = handle_of(handle)?;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let Some(contact) = contacts::find(db, &handle)? else {
                return Ok(None);
            };
            Ok(Some(Known {
                associations: associations::list_for_contact(db, &handle)?,
                linked: links::list_for_contact(db, &handle)?,
                contact,
            }))
        })
        .await;
    found?.ok_or(PageError::NotFound)
}

/// The contact, and the link of the account that a path names.
async fn linked(
    me: &CurrentAccount,
    (handle, id): &(String, String),
) -> Result<(Known, LinkedAccount), PageError> {
    let known = known(me, handle).await?;
    let account = account_of(me, id).await?;
    let linked = known.linked.iter().find(|one| one.account.id == account.id);
    let linked = linked.cloned().ok_or(PageError::NotFound)?;
    Ok((known, linked))
}

fn phone_words(phone: &contacts::Phone) -> (&'static str, String) {
    let number = match &phone.extension {
        Some(extension) => format!("{} ext. {extension}", phone.number),
        None => phone.number.clone(),
    };
    (phone.kind.name(), number)
}

fn function_row(association: &Association) -> FunctionRow {
    let list = match association.place {
        Place::Organization => &ORGANIZATIONS,
        Place::Network => &NETWORKS,
    };
    FunctionRow {
        function: association.function.name(),
        href: list.href_of(&association.object),
        object: association.object.to_string(),
        name: association.name.clone(),
    }
}

fn link_page(me: &CurrentAccount, known: &Known, email: &str) -> LinkPage {
    LinkPage {
        layout: layout(me, known, "Link an account", "Link"),
        summary: None,
        handle: known.contact.handle.to_string(),
        name: known.contact.name(),
        is_role: known.contact.is_role,
        email: Field::with(email),
    }
}

fn link_refused(mut page: LinkPage, words: impl Into<String>) -> PageResult {
    page.email.refuse(words);
    page.layout.title = format!("Error: {}", page.layout.title);
    page.summary = Summary::listing(
        "Nothing was linked.",
        &[("email", "Email of the account", &page.email)],
    );
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn unlink_page(
    me: &CurrentAccount,
    known: &Known,
    linked: &LinkedAccount,
    summary: Option<Summary>,
) -> UnlinkPage {
    let is_other = |one: &LinkedAccount| {
        one.account.id != linked.account.id && one.account.disabled_at.is_none()
    };
    UnlinkPage {
        layout: layout(me, known, "Unlink this account?", "Unlink"),
        summary,
        handle: known.contact.handle.to_string(),
        name: known.contact.name(),
        id: linked.account.id.to_string(),
        account: linked.account.name.clone(),
        email: linked.account.email.clone(),
        leaves_none: !known.associations.is_empty() && !known.linked.iter().any(is_other),
    }
}

fn layout(me: &CurrentAccount, known: &Known, title: &str, label: &str) -> Layout {
    let handle = &known.contact.handle;
    let href = CONTACTS.href_of(handle);
    Layout::new(&me.visitor, title, Nav::OperatorRegistry)
        .with_crumbs(&[CONTACTS.crumb(), (handle.as_str(), &href)], label)
}
