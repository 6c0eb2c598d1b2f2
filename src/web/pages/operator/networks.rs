//! Operator > Organizations and contacts > Networks: all of them by handle, with a filter.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::ROWS;
use super::registry_lists::{ListFrame, ListQuery, NETWORKS, ORGANIZATIONS, Segment, segments};
use crate::domain::registry::lists;
use crate::domain::registry::networks::{Holder, Network};
use crate::store::StoreError;
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/operator/networks.html")]
struct NetworksPage {
    layout: Layout,
    segments: Vec<Segment>,
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
            Holder::Organization(handle) => (handle, Some(format!("{ORGANIZATIONS}/{handle}"))),
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
    let query = query.into_inner();
    let (text, cursor) = (query.text().to_owned(), query.cursor());
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| lists::networks(db, &text, cursor.as_ref(), ROWS))
        .await;
    let found = found?;
    let page = NetworksPage {
        layout: Layout::new(&me.visitor, "Networks", Nav::OperatorRegistry),
        segments: segments(NETWORKS),
        rows: found.records.iter().map(NetworkRow::from).collect(),
        list: query.frame(NETWORKS, &found),
    };
    html(StatusCode::OK, &page)
}
