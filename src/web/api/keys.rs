//! API keys, managed by API.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::domain::api_keys::rate_limit::RateLimit;
use crate::domain::api_keys::scopes::{Scope, ScopeCatalog};
use crate::domain::api_keys::{self, ApiKey, ChangeKeyError, KeyList, KeyState};
use crate::domain::text::Name;
use crate::ids::ApiKeyId;
use crate::store::StoreError;
use crate::web::error::{ApiError, Code};
use crate::web::extract::api_client::{AnyKey, ApiClient, KeysRead, KeysWrite, Requirement};
use crate::web::extract::json::JsonObject;
use crate::web::extract::pagination;
use crate::web::state::AppState;

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
pub struct KeyRecord {
    /// The public id.
    #[schema(example = "Zx5bTn0vGf")]
    id: String,
    /// The part of the key that is shown.
    #[schema(example = "kp_Zx5bTn0vGf")]
    prefix: String,
    /// Its name.
    #[schema(example = "Grafana data source")]
    name: String,
    /// `active`, `expired` (time did it) or `deactivated` (someone did it).
    #[schema(example = "active", pattern = "^(active|expired|deactivated)$")]
    state: String,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-11-22T18:31:00Z")]
    created_at: String,
    /// When time ends it; null for never.
    #[schema(format = DateTime, example = "2027-02-20T18:31:00Z")]
    expires_at: Option<String>,
    /// When it ended; null while it is active.
    #[schema(format = DateTime, example = json!(null))]
    ended_at: Option<String>,
    /// The last accepted request; null if there was none.
    #[schema(format = DateTime, example = "2026-11-22T18:40:12Z")]
    last_used_at: Option<String>,
    /// What it may be used for now.
    #[schema(example = json!(["keys:read", "usage:read"]))]
    scopes: Vec<String>,
    /// Addresses and ranges that it may be used from; empty for any.
    #[schema(example = json!(["203.0.113.0/24"]))]
    allowed_addresses: Vec<String>,
    /// Requests a minute that it may make; null for any number.
    #[schema(example = 600)]
    rate_limit: Option<u32>,
}

impl KeyRecord {
    pub(super) fn of(key: &ApiKey, now: Timestamp, catalog: &ScopeCatalog) -> Self {
        Self {
            id: key.id.to_string(),
            prefix: key.prefix.clone(),
            name: key.name.clone(),
            state: state_word(key.state_at(now)).to_owned(),
            created_at: key.created_at.to_rfc3339(),
            expires_at: key.expires_at.map(Timestamp::to_rfc3339),
            ended_at: key.ended_at(now).map(Timestamp::to_rfc3339),
            last_used_at: key
                .last_use
                .as_ref()
                .map(|last_use| last_use.at.to_rfc3339()),
            scopes: key
                .access
                .scopes(catalog)
                .iter()
                .map(Scope::to_string)
                .collect(),
            allowed_addresses: key.allowed_addresses.texts().collect(),
            rate_limit: key.rate_limit.map(RateLimit::requests),
        }
    }
}

fn state_word(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Expired => "expired",
        KeyState::Deactivated => "deactivated",
    }
}

/// A page of keys.
#[derive(Serialize, ToSchema)]
pub struct KeyListPage {
    /// The keys: those asked for as active by soonest end, else by latest end.
    keys: Vec<KeyRecord>,
    /// Send it as `cursor` for the next page; null on the last one.
    #[schema(example = json!(null))]
    next_cursor: Option<String>,
}

/// Which keys to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Which keys: `active`, `inactive` or `all`. Default `all`.
    #[param(example = "active", pattern = "^(active|inactive|all)$")]
    state: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[ab][0-9A-Za-z]{20}$", example = "a0000UkQ6dGQa9mEj2rXn")]
    cursor: Option<String>,
    /// Keys a page. Default 50.
    #[param(example = "50", pattern = "^([1-9][0-9]?|1[0-9][0-9]|200)$")]
    limit: Option<String>,
}

/// What can be changed of a key.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct KeyChange {
    /// 1 to 100 characters.
    #[schema(
        example = "Invoice export, nightly",
        min_length = 1,
        max_length = 100,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb]*[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb][^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb]*$"
    )]
    name: String,
}

/// List keys
///
/// The keys of the account that the calling key acts as. Deleted keys are not listed.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    tag = "Keys",
    operation_id = "list_keys",
    params(ListQuery),
    responses((status = 200, description = "A page of keys.", body = KeyListPage)),
    security(("api_key" = ["keys:read"]))
)]
pub async fn list(
    client: ApiClient<KeysRead>,
    state: web::Data<AppState>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, ApiError> {
    let (now, owner) = (client.act.now, client.accepted.key.owner.id);
    let list = match query.state.as_deref() {
        None | Some("all") => KeyList::All,
        Some("active") => KeyList::Active(now),
        Some("inactive") => KeyList::Inactive(now),
        Some(_) => return bad_query("state is one of active, inactive, all."),
    };
    let limit = match query.limit.as_deref().map(str::parse::<usize>) {
        None => 50,
        Some(Ok(limit)) if (1..=200).contains(&limit) => limit,
        Some(_) => return bad_query("limit is a number from 1 to 200."),
    };
    let cursor = match query.cursor.as_deref().map(pagination::read) {
        None => None,
        Some(None) => return bad_query("cursor is the next_cursor of the page before."),
        Some(cursor) => cursor,
    };
    let page: Result<_, StoreError> = state
        .pool
        .read(move |db| api_keys::list(db, owner, list, None, cursor, limit))
        .await;
    let page = page?;
    Ok(HttpResponse::Ok().json(KeyListPage {
        keys: page
            .keys
            .iter()
            .map(|key| KeyRecord::of(key, now, &state.policy.scopes))
            .collect(),
        next_cursor: page.next.map(pagination::write),
    }))
}

/// A refusal that ends a transaction, whatever refused.
pub(super) struct Refused(pub(super) ApiError);

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

/// Read a key
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}",
    tag = "Keys",
    operation_id = "read_key",
    params(("id" = String, Path, description = "The public id of the key.", example = "Zx5bTn0vGf")),
    responses((status = 200, description = "The key. `ETag` changes when name or state do.", body = KeyRecord)),
    security(("api_key" = ["keys:read"]))
)]
pub async fn read(
    client: ApiClient<KeysRead>,
    state: web::Data<AppState>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let owner = client.accepted.key.owner.id;
    let found: Result<_, StoreError> = state
        .pool
        .read(move |db| api_keys::find(db, owner, id))
        .await;
    let key = found?.ok_or_else(ApiError::not_found)?;
    Ok(record(&client, &state, &key))
}

/// Rename a key
///
/// Honours `If-Match` with the `ETag` of a read: if name or state have changed since, it answers 412 and changes nothing.
#[utoipa::path(
    patch,
    path = "/api/v1/keys/{id}",
    tag = "Keys",
    operation_id = "rename_key",
    params(
        ("id" = String, Path, description = "The public id of the key.", example = "Zx5bTn0vGf"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change builds on."),
    ),
    request_body(content = KeyChange, content_type = "application/json"),
    responses((status = 200, description = "The key as it is now.", body = KeyRecord)),
    security(("api_key" = ["keys:write"]))
)]
pub async fn rename(
    req: HttpRequest,
    client: ApiClient<KeysWrite>,
    state: web::Data<AppState>,
    id: web::Path<String>,
    mut body: JsonObject,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let name = match body.take_text("name").as_deref().map(Name::parse) {
        Some(Ok(name)) => Some(name),
        Some(Err(error)) => {
            body.refuse("name", error.to_string());
            None
        }
        None => {
            if !body.has_errors() {
                body.refuse("name", "Enter a name of 1 to 100 characters.");
            }
            None
        }
    };
    body.finish()?;
    let name = name.ok_or_else(|| ApiError::new(Code::InvalidField, "Nothing was changed."))?;
    let wanted = req
        .headers()
        .get(header::IF_MATCH)
        .map(|value| value.as_bytes().to_vec());
    let (act, owner) = (client.act.clone(), client.accepted.key.owner.id);
    let renamed: Result<ApiKey, Refused> = state
        .pool
        .write(move |db| {
            let key = api_keys::find(db, owner, id)?.ok_or_else(ApiError::not_found)?;
            let fits = |wanted: &[u8]| wanted == b"*" || wanted == etag(&key, act.now).as_bytes();
            if wanted.as_deref().is_some_and(|wanted| !fits(wanted)) {
                return Err(Refused(ApiError::new(
                    Code::PreconditionFailed,
                    "The key has changed since it was read. Nothing was changed. Read it again.",
                )));
            }
            api_keys::rename(db, &act, owner, id, &name).map_err(|error| Refused(error.into()))
        })
        .await;
    let key = renamed.map_err(|Refused(error)| error)?;
    Ok(record(&client, &state, &key))
}

/// Deactivate a key
///
/// For ever. A key that has ended is left as it is, and the answer is the same.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{id}",
    tag = "Keys",
    operation_id = "deactivate_key",
    params(("id" = String, Path, description = "The public id of the key.", example = "Zx5bTn0vGf")),
    responses((status = 200, description = "The key as it is now.", body = KeyRecord)),
    security(("api_key" = ["keys:write"]))
)]
pub async fn deactivate(
    client: ApiClient<KeysWrite>,
    state: web::Data<AppState>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    deactivate_one(&client, &state, id).await
}

/// Deactivate the calling key
///
/// A program that has finished, or that finds its key exposed, ends it with this.
#[utoipa::path(
    delete,
    path = "/api/v1/key",
    tag = "Keys",
    operation_id = "deactivate_this_key",
    responses((status = 200, description = "The key as it is now.", body = KeyRecord)),
    security(("api_key" = []))
)]
pub async fn deactivate_self(
    client: ApiClient<AnyKey>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let id = client.accepted.key.id;
    deactivate_one(&client, &state, id).await
}

async fn deactivate_one<R: Requirement>(
    client: &ApiClient<R>,
    state: &AppState,
    id: ApiKeyId,
) -> Result<HttpResponse, ApiError> {
    let (act, owner) = (client.act.clone(), client.accepted.key.owner.id);
    let outbox = state.outbox.clone();
    let done = state
        .pool
        .write(move |db| {
            let done = api_keys::deactivate(db, &act, owner, id)?;
            outbox.tell_deactivated(db, &act, &done)?;
            Ok::<_, ChangeKeyError>(done)
        })
        .await?;
    Ok(record(client, state, &done.into_key()))
}

fn record<R: Requirement>(client: &ApiClient<R>, state: &AppState, key: &ApiKey) -> HttpResponse {
    let now = client.act.now;
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag(key, now)))
        .json(KeyRecord::of(key, now, &state.policy.scopes))
}

/// Changes with what a change would overwrite: name and state, not the last use.
fn etag(key: &ApiKey, now: Timestamp) -> String {
    let content = format!("{}/{}/{}", key.id, state_word(key.state_at(now)), key.name);
    let digest = sha256(content.as_bytes());
    let hex: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

pub(super) fn parse_id(text: &str) -> Result<ApiKeyId, ApiError> {
    text.parse().map_err(|_malformed| ApiError::not_found())
}

pub(super) fn bad_query<T>(detail: &'static str) -> Result<T, ApiError> {
    Err(ApiError::new(Code::InvalidRequest, detail))
}
