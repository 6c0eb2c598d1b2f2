//! The contacts that the account of a key is linked to.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::registry::{PageQuery, Range, check_enabled, refusal};
use crate::clock::Timestamp;
use crate::domain::registry::associations::{self, Association, Place};
use crate::domain::registry::contacts::{self, Contact};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::links;
use crate::web::error::ApiError;
use crate::web::extract::api_client::{ApiClient, RegistryRead};
use crate::web::state::AppState;

/// A contact that the account is linked to.
#[derive(Serialize, ToSchema)]
pub struct ContactRecord {
    /// Its name in the registry.
    #[schema(example = "MO1-KP")]
    handle: String,
    /// `person` or `role`.
    #[schema(rename = "type", example = "person", pattern = "^(person|role)$")]
    #[serde(rename = "type")]
    kind: String,
    /// The person's name, or the role's.
    #[schema(example = "Maren Okafor")]
    name: String,
    /// Its company; null if there is none.
    #[schema(example = json!(null))]
    company: Option<String>,
    /// Its mail addresses.
    #[schema(example = json!(["maren@example.com"]))]
    emails: Vec<String>,
    /// Since when the account is linked to it.
    #[schema(format = DateTime, example = "2026-11-22T18:31:00Z")]
    linked_at: String,
    /// What it does on organizations and networks.
    functions: Vec<ContactFunction>,
}

/// A function of a contact.
#[derive(Serialize, ToSchema)]
pub struct ContactFunction {
    /// `AD` Admin, `T` Tech, `AB` Abuse, `N` NOC, `R` Routing, `D` DNS.
    #[schema(example = "AD", pattern = "^(AD|T|AB|N|R|D)$")]
    function: String,
    /// `org` or `net`.
    #[schema(example = "org", pattern = "^(org|net)$")]
    on: String,
    /// Of the organization or network.
    #[schema(example = "HEN-1")]
    handle: String,
    /// Of the organization or network.
    #[schema(example = "Harbor Example Networks")]
    name: String,
}

/// A page of contacts.
#[derive(Serialize, ToSchema)]
pub struct ContactListPage {
    /// The contacts, by handle.
    contacts: Vec<ContactRecord>,
    /// Send it as `cursor` for the next page; null on the last one.
    #[schema(example = json!(null))]
    next_cursor: Option<String>,
}

impl ContactRecord {
    fn of(contact: &Contact, linked_at: Timestamp, associations: &[Association]) -> Self {
        let mine = (associations.iter()).filter(|one| one.contact == contact.handle);
        let kind = if contact.is_role { "role" } else { "person" };
        Self {
            handle: contact.handle.to_string(),
            kind: kind.to_owned(),
            name: contact.name(),
            company: contact.company_name.clone(),
            emails: contact.emails.clone(),
            linked_at: linked_at.to_rfc3339(),
            functions: mine.map(ContactFunction::from).collect(),
        }
    }
}

impl From<&Association> for ContactFunction {
    fn from(association: &Association) -> Self {
        let on = match association.place {
            Place::Organization => "org",
            Place::Network => "net",
        };
        Self {
            function: association.function.code().to_owned(),
            on: on.to_owned(),
            handle: association.object.to_string(),
            name: association.name.clone(),
        }
    }
}

/// List contacts
///
/// The contacts that the account is linked to, with what they do.
#[utoipa::path(
    get,
    path = "/api/v1/contacts",
    tag = "Registry",
    operation_id = "list_contacts",
    params(PageQuery),
    responses((status = 200, description = "A page of contacts.", body = ContactListPage)),
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
            let links = links::list_for_account(db, me)?;
            let (links, next_cursor) = range.cut(links, |link| &link.contact);
            let handles: Vec<String> = links.iter().map(|link| link.contact.to_string()).collect();
            let since: BTreeMap<&Handle, Timestamp> = (links.iter())
                .map(|link| (&link.contact, link.linked_at))
                .collect();
            let associations = associations::list_for_account(db, me)?;
            let found = contacts::list(db, &handles)?;
            let contacts = found.iter().filter_map(|contact| {
                let linked_at = *since.get(&contact.handle)?;
                Some(ContactRecord::of(contact, linked_at, &associations))
            });
            Ok(ContactListPage {
                contacts: contacts.collect(),
                next_cursor,
            })
        })
        .await;
    Ok(HttpResponse::Ok().json(page?))
}

/// Read a contact
#[utoipa::path(
    get,
    path = "/api/v1/contacts/{handle}",
    tag = "Registry",
    operation_id = "read_contact",
    params(("handle" = String, Path, description = "The contact's handle, in any case.", example = "MO1-KP")),
    responses((status = 200, description = "The contact.", body = ContactRecord)),
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
    let record: Result<_, RegistryError> = state
        .pool
        .read(move |db| {
            let contact = contacts::view(db, me, &handle)?;
            let link = links::find(db, me, &contact.handle)?;
            let associations = associations::list_for_account(db, me)?;
            // A link that ended between both reads was the last moment's truth.
            let linked_at = link.map_or(contact.registered_at, |link| link.linked_at);
            Ok(ContactRecord::of(&contact, linked_at, &associations))
        })
        .await;
    let record = record.map_err(|error| refusal(&req, error))?;
    Ok(HttpResponse::Ok().json(record))
}
