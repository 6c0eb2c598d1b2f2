//! Creating keys by API: what may be asked for, and the one answer that holds the full key.

use std::collections::BTreeSet;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use super::keys::{KeyRecord, Refused, bad_query};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::random::system_rng;
use crate::domain::api_keys::addresses::AllowedAddresses;
use crate::domain::api_keys::by_key::{self, CreateByKeyError, CreationByKey, Idempotency};
use crate::domain::api_keys::expiry::{BadExpiry, Expiry, Life};
use crate::domain::api_keys::key_string::FullKey;
use crate::domain::api_keys::rate_limit::RateLimit;
use crate::domain::api_keys::scopes::{Access, Scope, ScopeCatalog};
use crate::domain::api_keys::{ApiKey, NewApiKey};
use crate::domain::security::throttles;
use crate::domain::text::Name;
use crate::web::error::{ApiError, Code};
use crate::web::extract::api_client::{ApiClient, KeysWrite};
use crate::web::extract::json::JsonObject;
use crate::web::state::AppState;

/// A new API key. `key` is the full key: this answer is the only place where it ever is.
#[derive(Serialize, ToSchema)]
pub struct CreatedKey {
    #[serde(flatten)]
    record: KeyRecord,
    /// The full key. Absent when a request is repeated with its `Idempotency-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "kp_Zx5bTn0vGf_…")]
    key: Option<String>,
}

impl CreatedKey {
    pub(super) fn of(
        key: &ApiKey,
        now: Timestamp,
        catalog: &ScopeCatalog,
        full_key: Option<&FullKey>,
    ) -> Self {
        Self {
            record: KeyRecord::of(key, now, catalog),
            key: full_key.map(|full_key| full_key.reveal().to_owned()),
        }
    }
}

/// What makes a key. Without an expiry it lives 90 days; without scopes it gets the caller's, less `keys:write` and `keys:verify`; without addresses it gets the caller's.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewKey {
    /// 1 to 100 characters.
    #[schema(
        example = "Invoice export script",
        min_length = 1,
        max_length = 100,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb]*[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb][^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb]*$"
    )]
    name: String,
    /// One of `1h`, `7d`, `30d`, `90d`, `1y`, `never`.
    #[schema(example = "30d", pattern = "^(1h|7d|30d|90d|1y|never)$")]
    expires_in: Option<String>,
    /// When it shall expire, instead of `expires_in`.
    #[schema(format = DateTime, example = json!(null))]
    expires_at: Option<String>,
    /// What it may be used for.
    #[schema(example = json!(["keys:read"]))]
    scopes: Option<Vec<String>>,
    /// Addresses and CIDR blocks that it may be used from, at most 100.
    #[schema(example = json!(["203.0.113.0/24", "2001:db8::7"]))]
    allowed_addresses: Option<Vec<String>>,
    /// Requests a minute that it may make.
    #[schema(example = 600, minimum = 1, maximum = 1_000_000)]
    rate_limit: Option<u32>,
}

/// Create a key
///
/// Answers with the full key, once. It can have no more scopes and no longer life than the calling key, so name an
/// `expires_at` where that one ends within 90 days.
/// With an `Idempotency-Key` header, a repeated request within 24 hours creates nothing and answers 200 without `key`.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    tag = "Keys",
    operation_id = "create_key",
    params(("Idempotency-Key" = Option<String>, Header, description = "Any text of up to 255 characters that names this creation.", min_length = 1, max_length = 255, example = "invoice-export-1")),
    request_body(content = NewKey, content_type = "application/json"),
    responses(
        (status = 201, description = "The new key, with the full key in `key`.", body = CreatedKey),
        (status = 200, description = "The key that the first request with this `Idempotency-Key` made, without `key`.", body = CreatedKey),
    ),
    security(("api_key" = ["keys:write"]))
)]
pub async fn create(
    req: HttpRequest,
    client: ApiClient<KeysWrite>,
    state: web::Data<AppState>,
    mut body: JsonObject,
) -> Result<HttpResponse, ApiError> {
    let idempotency = idempotency(&req, &body)?;
    let new = parse_new(&client, &state, &mut body);
    body.finish()?;
    let new = new?;
    let (act, policy, caller) = (
        client.act.clone(),
        state.policy.clone(),
        client.accepted.clone(),
    );
    let outbox = state.outbox.clone();
    let created: Result<CreationByKey, Refused> = state
        .pool
        .write(move |db| {
            throttles::take_key_creation(db, act.now, caller.key.owner.id)?
                .map_err(ApiError::from)?;
            let rng = &mut system_rng();
            let made = by_key::create_by_key(db, &act, &policy, rng, &caller, new, idempotency)?;
            if let CreationByKey::Made(key, _) = &made {
                outbox.tell_created(db, &act, key)?;
            }
            Ok(made)
        })
        .await;
    let now = client.act.now;
    match created.map_err(|Refused(error)| error)? {
        CreationByKey::Made(key, full_key) => Ok(HttpResponse::Created()
            .insert_header((header::LOCATION, format!("/api/v1/keys/{}", key.id)))
            .json(CreatedKey::of(
                &key,
                now,
                &state.policy.scopes,
                Some(&full_key),
            ))),
        CreationByKey::MadeBefore(key) => {
            Ok(HttpResponse::Ok().json(CreatedKey::of(&key, now, &state.policy.scopes, None)))
        }
    }
}

/// The name of a request, if it has one: it stands for this path with this body.
pub(super) fn idempotency(
    req: &HttpRequest,
    body: &JsonObject,
) -> Result<Option<Idempotency>, ApiError> {
    match req.headers().get("idempotency-key") {
        None => Ok(None),
        Some(value) if (1..=255).contains(&value.len()) => {
            let request = [req.path().as_bytes(), b"\n", &body.raw].concat();
            Ok(Some(Idempotency {
                key_digest: sha256(value.as_bytes()).to_vec(),
                request_digest: sha256(&request).to_vec(),
            }))
        }
        Some(_) => bad_query("Idempotency-Key has 1 to 255 characters."),
    }
}

impl From<CreateByKeyError> for Refused {
    fn from(error: CreateByKeyError) -> Self {
        Self(match error {
            CreateByKeyError::MoreScopes => ApiError::new(
                Code::ExceedsCaller,
                "The key would have scopes that the key that asks for it lacks. Nothing was changed. \
                 Name scopes of the asking key.",
            ),
            CreateByKeyError::MoreCalls => ApiError::new(
                Code::ExceedsCaller,
                "The key may make calls of providers that the calling key may not. Nothing was changed.",
            ),
            CreateByKeyError::MoreAddresses => ApiError::new(
                Code::ExceedsCaller,
                "The key could be used from addresses that the key that asks for it is not allowed. Nothing was \
                 changed. Name addresses that the asking key may be used from.",
            ),
            CreateByKeyError::LongerLife(end) => ApiError::new(
                Code::ExceedsCaller,
                format!(
                    "The key would outlive the key that asks for it. Nothing was changed. \
                     Name an expires_at of {} at the latest.",
                    end.to_rfc3339()
                ),
            ),
            CreateByKeyError::Rotate(error) => error.into(),
            CreateByKeyError::IdempotencyConflict => ApiError::new(
                Code::IdempotencyConflict,
                "This Idempotency-Key was used for another request. Nothing was changed. Use a new one.",
            ),
            CreateByKeyError::Create(error) => error.into(),
            CreateByKeyError::Store(error) => error.into(),
        })
    }
}

/// Reads the fields; bad ones are noted in the body, and the error inside is then never seen.
fn parse_new(
    client: &ApiClient<KeysWrite>,
    state: &AppState,
    body: &mut JsonObject,
) -> Result<NewApiKey, ApiError> {
    let incomplete = || ApiError::new(Code::InvalidField, "Nothing was created.");
    let name = match body.take_text("name").as_deref().map(Name::parse) {
        Some(Ok(name)) => Some(name),
        Some(Err(error)) => {
            body.refuse("name", error.to_string());
            None
        }
        None if body.has_errors() => None,
        None => {
            body.refuse("name", "Enter a name of 1 to 100 characters.");
            None
        }
    };
    let expires_at = parse_expiry(client, state, body);
    let access = parse_access(client, state, body);
    let allowed_addresses = parse_addresses(client, body);
    let rate_limit = match body.take_number("rate_limit").map(RateLimit::new) {
        None => None,
        Some(Ok(limit)) => Some(limit),
        Some(Err(error)) => {
            body.refuse("rate_limit", error.to_string());
            None
        }
    };
    Ok(NewApiKey {
        allowed_addresses: allowed_addresses.ok_or_else(incomplete)?,
        rate_limit,
        name: name.ok_or_else(incomplete)?,
        expires_at: expires_at.ok_or_else(incomplete)?,
        access: access.ok_or_else(incomplete)?,
        // Those of the key that makes it.
        call_limits: client.accepted.key.call_limits.clone(),
    })
}

/// `None` if it was refused; inside, `None` for never.
fn parse_expiry(
    client: &ApiClient<KeysWrite>,
    state: &AppState,
    body: &mut JsonObject,
) -> Option<Option<Timestamp>> {
    let word = body.take_text("expires_in");
    let instant = body.take_text("expires_at");
    let (field, expiry) = match (word.as_deref(), instant.as_deref()) {
        (Some(_), Some(_)) => {
            body.refuse("expires_at", "Send expires_in or expires_at, not both.");
            return None;
        }
        (None, None) => {
            let life = Life::suggested(state.policy.longest_life);
            ("expires_in", Expiry::After(life))
        }
        (Some("never"), None) => ("expires_in", Expiry::Never),
        (Some(word), None) => match Life::from_word(word) {
            Some(life) => ("expires_in", Expiry::After(life)),
            None => {
                body.refuse("expires_in", "Send one of 1h, 7d, 30d, 90d, 1y, never.");
                return None;
            }
        },
        (None, Some(text)) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => ("expires_at", Expiry::At(at.with_timezone(&Utc).into())),
            Err(_) => {
                body.refuse("expires_at", "Send a time like 2027-03-31T00:00:00Z.");
                return None;
            }
        },
    };
    match expiry.resolve(client.act.now, Tz::UTC, state.policy.longest_life) {
        Ok(end) => Some(end),
        Err(error) => {
            body.refuse(
                field,
                match error {
                    BadExpiry::Past => "Choose a time in the future.".to_owned(),
                    BadExpiry::TooFar => "Choose a time within 100 years.".to_owned(),
                    BadExpiry::LongerThan(longest) => {
                        format!(
                            "The longest life allowed here is {} days.",
                            longest.num_days()
                        )
                    }
                },
            );
            None
        }
    }
}

/// `None` if they were refused. Where none are named, the new key gets the caller's.
fn parse_addresses(
    client: &ApiClient<KeysWrite>,
    body: &mut JsonObject,
) -> Option<AllowedAddresses> {
    let Some(entries) = body.take_texts("allowed_addresses") else {
        return Some(client.accepted.key.allowed_addresses.clone());
    };
    // A blank line of a form is nothing; a blank entry here is a caller's mistake, and must not mean "everywhere".
    if entries.iter().any(|entry| entry.trim().is_empty()) {
        body.refuse(
            "allowed_addresses",
            "An entry is empty. Leave it out, or send null for the calling key's own.",
        );
        return None;
    }
    match AllowedAddresses::parse(entries.iter().map(String::as_str)) {
        Ok(addresses) => Some(addresses),
        Err(error) => {
            body.refuse("allowed_addresses", error.to_string());
            None
        }
    }
}

fn parse_access(
    client: &ApiClient<KeysWrite>,
    state: &AppState,
    body: &mut JsonObject,
) -> Option<Access> {
    let catalog = &state.policy.scopes;
    let Some(names) = body.take_texts("scopes") else {
        let inherited = by_key::inherited(&client.accepted.key.usable_access(), catalog);
        if inherited.is_none() {
            body.refuse(
                "scopes",
                "The calling key has only scopes that are not handed on by default. Name the scopes.",
            );
        }
        return inherited;
    };
    let mut chosen: BTreeSet<Scope> = BTreeSet::new();
    for name in &names {
        match catalog.find(name) {
            Some(scope) => {
                chosen.insert(scope.clone());
            }
            None => {
                body.refuse("scopes", format!("There is no scope “{name}” here."));
                return None;
            }
        }
    }
    if chosen.is_empty() {
        body.refuse("scopes", "Choose at least one scope.");
        return None;
    }
    Some(Access::Chosen(chosen))
}
