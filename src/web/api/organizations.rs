//! The organizations that the account of a key may read.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::registry::{PageQuery, Range, check_enabled, refusal};
use crate::domain::registry::associations;
use crate::domain::registry::authority::Action;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::holdings::{self, HeldNetwork, Overview};
use crate::domain::registry::organizations;
use crate::web::error::ApiError;
use crate::web::extract::api_client::{ApiClient, RegistryRead};
use crate::web::state::AppState;

/// The most networks that are told of one organization.
const MAX_NETWORKS: i64 = 1000;

/// An organization.
#[derive(Serialize, ToSchema)]
pub struct OrganizationRecord {
    /// Its name in the registry.
    #[schema(example = "HEN-1")]
    handle: String,
    /// Its name.
    #[schema(example = "Harbor Example Networks")]
    name: String,
    /// Where it is: two letters of ISO 3166-1.
    #[schema(example = "US")]
    country: String,
    /// Who acts for it.
    contacts: Vec<OrganizationContact>,
    /// The networks that it holds, and those that were cut from them, by address; 1,000 at most.
    networks: Vec<OrganizationNetwork>,
    /// What the account may do to it: of `org.view`, `org.change`, `org.delete`.
    #[schema(example = json!(["org.view", "org.change", "org.delete"]))]
    may: Vec<String>,
}

/// A contact that acts for an organization.
#[derive(Serialize, ToSchema)]
pub struct OrganizationContact {
    /// The contact.
    #[schema(example = "MO1-KP")]
    handle: String,
    /// `AD` Admin, `T` Tech, `AB` Abuse, `N` NOC, `R` Routing, `D` DNS.
    #[schema(example = "AD", pattern = "^(AD|T|AB|N|R|D)$")]
    function: String,
}

/// A network of an organization.
#[derive(Serialize, ToSchema)]
pub struct OrganizationNetwork {
    /// Its name in the registry.
    #[schema(example = "NET-192-0-2-0-1")]
    handle: String,
    /// Its name.
    #[schema(example = "HARBOR")]
    name: String,
    /// `DA` direct allocation, `A` reallocated, `S` reassigned.
    #[schema(rename = "type", example = "DA", pattern = "^(DA|A|S)$")]
    #[serde(rename = "type")]
    kind: String,
    /// The first address.
    #[schema(example = "192.0.2.0")]
    start: String,
    /// The last address.
    #[schema(example = "192.0.2.255")]
    end: String,
    /// The organization or customer that it is registered to.
    #[schema(example = "HEN-1")]
    holder: String,
}

/// A page of organizations.
#[derive(Serialize, ToSchema)]
pub struct OrganizationListPage {
    /// The organizations, by handle.
    organizations: Vec<OrganizationRecord>,
    /// Send it as `cursor` for the next page; null on the last one.
    #[schema(example = json!(null))]
    next_cursor: Option<String>,
}

impl From<Overview> for OrganizationRecord {
    fn from(seen: Overview) -> Self {
        let Overview {
            organization,
            networks,
            may,
        } = seen;
        let contacts = organization
            .contacts
            .iter()
            .map(|link| OrganizationContact {
                handle: link.contact.to_string(),
                function: link.function.code().to_owned(),
            });
        Self {
            contacts: contacts.collect(),
            handle: organization.handle.to_string(),
            name: organization.name,
            country: organization.address.country.code2.to_owned(),
            networks: networks
                .into_iter()
                .map(OrganizationNetwork::from)
                .collect(),
            may: may
                .into_iter()
                .map(Action::name)
                .map(str::to_owned)
                .collect(),
        }
    }
}

impl From<HeldNetwork> for OrganizationNetwork {
    fn from(network: HeldNetwork) -> Self {
        Self {
            handle: network.handle.to_string(),
            name: network.name,
            kind: network.kind,
            start: network.range.start().to_string(),
            end: network.range.end().to_string(),
            holder: network.holder.to_string(),
        }
    }
}

/// List organizations
///
/// The organizations that a contact of the account acts for.
#[utoipa::path(
    get,
    path = "/api/v1/organizations",
    tag = "Registry",
    operation_id = "list_organizations",
    params(PageQuery),
    responses((status = 200, description = "A page of organizations.", body = OrganizationListPage)),
    security(("api_key" = ["registry:read"]))
)]
pub async fn list(
    client: ApiClient<RegistryRead>,
    state: web::Data<AppState>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    check_enabled(&state)?;
    let range = Range::of(&query)?;
    let me = client.accepted.key.owner.id;
    let page: Result<_, RegistryError> = state
        .pool
        .read(move |db| {
            let associations = associations::list_for_account(db, me)?;
            let handles = associations::organizations(&associations);
            let (handles, next_cursor) = range.cut(handles, |handle| handle);
            let handles: Vec<String> = handles.iter().map(Handle::to_string).collect();
            let mut records = Vec::with_capacity(handles.len());
            for organization in organizations::list(db, &handles)? {
                let seen = holdings::overview(db, me, organization, MAX_NETWORKS)?;
                // Its last link may have ended since it was listed.
                if !seen.may.is_empty() {
                    records.push(OrganizationRecord::from(seen));
                }
            }
            Ok(OrganizationListPage {
                organizations: records,
                next_cursor,
            })
        })
        .await;
    Ok(HttpResponse::Ok().json(page?))
}

/// Read an organization
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{handle}",
    tag = "Registry",
    operation_id = "read_organization",
    params(("handle" = String, Path, description = "The organization's handle, in any case.", example = "HEN-1")),
    responses((status = 200, description = "The organization.", body = OrganizationRecord)),
    security(("api_key" = ["registry:read"]))
)]
pub async fn read(
    req: HttpRequest,
    client: ApiClient<RegistryRead>,
    state: web::Data<AppState>,
    handle: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    check_enabled(&state)?;
    let me = client.accepted.key.owner.id;
    let found: Result<_, RegistryError> = state
        .pool
        .read(move |db| {
            let organization = organizations::view(db, me, &handle)?;
            Ok(holdings::overview(db, me, organization, MAX_NETWORKS)?)
        })
        .await;
    let found = found.map_err(|error| refusal(&req, error))?;
    Ok(HttpResponse::Ok().json(OrganizationRecord::from(found)))
}
