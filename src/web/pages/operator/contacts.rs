//! Operator > Organizations and contacts > Contacts: all of them by handle, with a filter.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::ROWS;
use super::registry_lists::{CONTACTS, ListFrame, ListQuery, Segment, segments};
use crate::domain::registry::contacts::Contact;
use crate::domain::registry::lists;
use crate::store::StoreError;
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/operator/contacts.html")]
struct ContactsPage {
    layout: Layout,
    segments: Vec<Segment>,
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
    let query = query.into_inner();
    let (text, cursor) = (query.text().to_owned(), query.cursor());
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| lists::contacts(db, &text, cursor.as_ref(), ROWS))
        .await;
    let found = found?;
    let times = times(&me.visitor, &me.account);
    let row = |contact: &Contact| Row {
        handle: contact.handle.to_string(),
        name: contact.name(),
        kind: if contact.is_role { "Role" } else { "Person" },
        emails: contact.emails.clone(),
        updated: times.date(contact.updated_at),
    };
    let page = ContactsPage {
        layout: Layout::new(&me.visitor, "Contacts", Nav::OperatorRegistry),
        segments: segments(CONTACTS),
        rows: found.records.iter().map(row).collect(),
        list: query.frame(CONTACTS, &found),
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}
