//! Operator > Organizations and contacts > Networks > one of them: its facts, and what was cut from it.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::networks::NetworkRow;
use super::registry_lists::NETWORKS;
use super::registry_records::{ContactRow, Record, handle_of};
use crate::domain::registry::networks::{self, Holder};
use crate::domain::registry::{contacts, customers, organizations};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::registrant::RegistryOperator;
use crate::web::layout::{Layout, times};

/// Networks that were cut from it that the page shows at most.
const MOST: usize = 500;

#[derive(Template)]
#[template(path = "pages/operator/network.html")]
struct NetworkPage {
    layout: Layout,
    record: Record,
    network: NetworkRow,
    prefixes: Vec<String>,
    holder_name: Option<String>,
    parent: Option<String>,
    contacts: Vec<ContactRow>,
    children: Vec<NetworkRow>,
    /// True if there are more than the page shows.
    goes_on: bool,
}

/// The page.
pub async fn get(RegistryOperator(me): RegistryOperator, handle: web::Path<String>) -> PageResult {
    let handle = handle_of(&handle)?;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let Some(network) = networks::find(db, &handle)? else {
                return Ok(None);
            };
            let holder_name = match &network.holder {
                Holder::Organization(handle) => {
                    organizations::find(db, handle)?.map(|organization| organization.name)
                }
                Holder::Customer(handle) => {
                    customers::find(db, handle)?.map(|customer| customer.name)
                }
            };
            let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
            let children = networks::cut_from(db, &handle, limit)?;
            let contacts = contacts::with_names(db, &network.contacts)?;
            Ok(Some((network, holder_name, children, contacts)))
        })
        .await;
    let (network, holder_name, mut children, contacts) = found?.ok_or(PageError::NotFound)?;
    let times = times(&me.visitor, &me.account);
    let goes_on = children.len() > MOST;
    children.truncate(MOST);
    let page = NetworkPage {
        layout: NETWORKS.layout_below(&me, &network.name, network.handle.as_str()),
        prefixes: (network.range.prefixes().iter())
            .map(ToString::to_string)
            .collect(),
        holder_name,
        parent: network.parent.as_ref().map(ToString::to_string),
        contacts: contacts.iter().map(ContactRow::from).collect(),
        children: children.iter().map(NetworkRow::from).collect(),
        goes_on,
        network: NetworkRow::from(&network),
        record: Record {
            handle: network.handle.to_string(),
            name: network.name,
            comment: network.comment,
            registered: times.date(network.registered_at),
            updated: times.date(network.updated_at),
            zone: times.zone_name(),
        },
    };
    html(StatusCode::OK, &page)
}
