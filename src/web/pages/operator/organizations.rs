//! Operator > Organizations and contacts: all organizations by handle, with a filter.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::ROWS;
use super::registry_lists::{ListFrame, ListQuery, ORGANIZATIONS, Segment, segments};
use crate::domain::registry::lists;
use crate::domain::registry::organizations::Organization;
use crate::store::StoreError;
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/operator/organizations.html")]
struct OrganizationsPage {
    layout: Layout,
    segments: Vec<Segment>,
    list: ListFrame,
    rows: Vec<Row>,
    zone: String,
}

struct Row {
    handle: String,
    name: String,
    dba_name: Option<String>,
    place: String,
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
        .read(move |db| lists::organizations(db, &text, cursor.as_ref(), ROWS))
        .await;
    let found = found?;
    let times = times(&me.visitor, &me.account);
    let row = |organization: &Organization| Row {
        handle: organization.handle.to_string(),
        name: organization.name.clone(),
        dba_name: organization.dba_name.clone(),
        place: format!(
            "{}, {}",
            organization.address.city, organization.address.country.name
        ),
        updated: times.date(organization.updated_at),
    };
    let page = OrganizationsPage {
        layout: Layout::new(&me.visitor, "Organizations", Nav::OperatorRegistry),
        segments: segments(ORGANIZATIONS),
        rows: found.records.iter().map(row).collect(),
        list: query.frame(ORGANIZATIONS, &found),
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}
