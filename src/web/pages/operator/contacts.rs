//! Operator > Organizations and contacts > Contacts: all of them by handle, with a filter.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::registry_lists::{CONTACTS, ListFrame, ListQuery};
use crate::domain::registry::contacts::Contact;
use crate::domain::registry::lists;
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::{Layout, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/operator/contacts.html")]
struct ContactsPage {
    layout: Layout,
    list: ListFrame,
    rows: Vec<Row>,
    zone: String,
}

struct Row {
    handle: String,
    name: String,
    kind: &'static str,
    emails: Vec<String>,
    updated: TimeView,
}

/// The page.
pub async fn get(
    RegistryOperator(me): RegistryOperator,
    query: web::Query<ListQuery>,
) -> PageResult {
    let (found, list) = (CONTACTS.page(&me, query.into_inner(), lists::contacts)).await?;
    let times = times(&me.visitor, &me.account);
    let row = |contact: &Contact| Row {
        handle: contact.handle.to_string(),
        name: contact.name(),
        kind: if contact.is_role { "Role" } else { "Person" },
        emails: contact.emails.clone(),
        updated: times.date(contact.updated_at),
    };
    let page = ContactsPage {
        layout: CONTACTS.layout(&me),
        rows: found.iter().map(row).collect(),
        list,
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}
