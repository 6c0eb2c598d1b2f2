//! Rotating keys by API.

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::ToSchema;

use super::key_creation::{CreatedKey, idempotency};
use super::keys::{Refused, parse_id};
use crate::crypto::random::system_rng;
use crate::domain::api_keys::by_key::{self, RotationByKey};
use crate::domain::api_keys::rotation::Overlap;
use crate::domain::security::throttles;
use crate::web::error::ApiError;
use crate::web::extract::api_client::{ApiClient, KeysWrite};
use crate::web::extract::json::JsonObject;
use crate::web::state::AppState;

/// How long the old secret shall still work.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct Rotation {
    /// One of `none`, `1h`, `24h`, `7d`. Default `24h`. Never longer than the key itself.
    #[schema(example = "24h", pattern = "^(none|1h|24h|7d)$")]
    overlap: Option<String>,
}

/// Rotate a key
///
/// The key keeps its id, name, limits and end, and gets a new secret: the answer holds the full key, once. The old secret works
/// for the overlap. A second rotation ends it at once. The key can have no more than the calling key has.
/// With an `Idempotency-Key` header, a repeated request within 24 hours changes nothing and answers 200 without `key`.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/rotate",
    tag = "Keys",
    operation_id = "rotate_key",
    params(
        ("id" = String, Path, description = "The public id of the key.", example = "Zx5bTn0vGf"),
        ("Idempotency-Key" = Option<String>, Header, description = "Any text of up to 255 characters that names this rotation.", min_length = 1, max_length = 255, example = "rotate-1"),
    ),
    request_body(content = Rotation, content_type = "application/json"),
    responses((status = 200, description = "The key, with the new full key in `key`.", body = CreatedKey)),
    security(("api_key" = ["keys:write"]))
)]
pub async fn rotate(
    req: HttpRequest,
    client: ApiClient<KeysWrite>,
    state: web::Data<AppState>,
    id: web::Path<String>,
    mut body: JsonObject,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let idempotency = idempotency(&req, &body)?;
    let overlap = match body.take_text("overlap").as_deref() {
        None => Some(Overlap::Day),
        Some(word) => Overlap::from_word(word),
    };
    if overlap.is_none() {
        body.refuse("overlap", "Send one of none, 1h, 24h, 7d.");
    }
    body.finish()?;
    let overlap = overlap.unwrap_or(Overlap::Day);
    let (act, policy, caller) = (
        client.act.clone(),
        state.policy.clone(),
        client.accepted.clone(),
    );
    let outbox = state.outbox.clone();
    let rotated: Result<RotationByKey, Refused> = state
        .pool
        .write(move |db| {
            throttles::take_key_creation(db, act.now, caller.key.owner.id)?
                .map_err(ApiError::from)?;
            let rng = &mut system_rng();
            let done =
                by_key::rotate_by_key(db, &act, &policy, rng, &caller, id, overlap, idempotency)?;
            if let RotationByKey::Made(rotated) = &done {
                outbox.tell_rotated(db, &act, &rotated.key)?;
            }
            Ok(done)
        })
        .await;
    let (now, scopes) = (client.act.now, &state.policy.scopes);
    let answer = match rotated.map_err(|Refused(error)| error)? {
        RotationByKey::Made(rotated) => {
            CreatedKey::of(&rotated.key, now, scopes, Some(&rotated.full_key))
        }
        RotationByKey::MadeBefore(key) => CreatedKey::of(&key, now, scopes, None),
    };
    Ok(HttpResponse::Ok().json(answer))
}
