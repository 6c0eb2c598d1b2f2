//! Operator > Organizations and contacts > Networks: all of them by handle, with a filter.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::registry_lists::{ListFrame, ListQuery, NETWORKS, ORGANIZATIONS};
use crate::domain::registry::lists;
use crate::domain::registry::networks::{Holder, Network};
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::Layout;

#[derive(Template)]
#[template(path = "pages/operator/networks.html")]
struct NetworksPage {
    layout: Layout,
    list: ListFrame,
    rows: Vec<NetworkRow>,
}

/// A network in a table.
pub(super) struct NetworkRow {
    pub(super) handle: String,
    pub(super) name: String,
    pub(super) range: String,
    pub(super) kind: &'static str,
    pub(super) holder: String,
    /// Where the holder's page is, if it has one.
    pub(super) holder_href: Option<String>,
}

impl From<&Network> for NetworkRow {
    fn from(network: &Network) -> Self {
        let (holder, holder_href) = match &network.holder {
            Holder::Organization(handle) => (handle, Some(ORGANIZATIONS.href_of(handle))),
            Holder::Customer(handle) => (handle, None),
        };
        Self {
            handle: network.handle.to_string(),
            name: network.name.clone(),
            range: network.range.to_string(),
            kind: network.kind.name(),
            holder: holder.to_string(),
            holder_href,
        }
    }
}

/// The page.
pub async fn get(
    RegistryOperator(me): RegistryOperator,
    query: web::Query<ListQuery>,
) -> PageResult {
    let (found, list) = (NETWORKS.page(&me, query.into_inner(), lists::networks)).await?;
    let page = NetworksPage {
        layout: NETWORKS.layout(&me),
        rows: found.iter().map(NetworkRow::from).collect(),
        list,
    };
    html(StatusCode::OK, &page)
}
