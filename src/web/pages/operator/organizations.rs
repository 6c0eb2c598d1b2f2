//! Operator > Organizations and contacts: all organizations by handle, with a filter.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::registry_lists::{ListFrame, ListQuery, ORGANIZATIONS};
use crate::domain::registry::lists;
use crate::domain::registry::organizations::Organization;
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::{Layout, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/operator/organizations.html")]
struct OrganizationsPage {
    layout: Layout,
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
    let (found, list) = (ORGANIZATIONS.page(&me, query.into_inner(), lists::organizations)).await?;
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
        layout: ORGANIZATIONS.layout(&me),
        rows: found.iter().map(row).collect(),
        list,
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}
