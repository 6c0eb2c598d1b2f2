//! Verifying keys for services that do not stand behind a gateway.

use std::net::IpAddr;
use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::api_keys::scopes::ScopeCatalog;
use crate::domain::usage::outcome::Outcome;
use crate::domain::usage::{Exposures, Use};
use crate::domain::verification::figures::Answer;
use crate::domain::verification::limits::RateState;
use crate::domain::verification::record::{KeyRecord, SecretMatch};
use crate::domain::verification::{Need, Refusal, Verdict};
use crate::web::error::{ApiError, Code, whole_seconds};
use crate::web::extract::api_client::{ApiClient, KeysVerify};
use crate::web::extract::client;
use crate::web::extract::json::JsonObject;
use crate::web::forward_auth::known_scope;
use crate::web::state::{AppState, Worker};

/// A key that was presented to a service, and what for.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct KeyToVerify {
    /// The full key, as it was presented.
    #[schema(example = "kp_Zx5bTn0vGf_0000000000000000000000000000000000000000")]
    key: String,
    /// The scope that the request needs.
    #[schema(example = "reports:read")]
    scope: Option<String>,
    /// The address that the request came from. A key that is bound to addresses is refused without it.
    #[schema(example = "203.0.113.24")]
    address: Option<String>,
    /// The request's method, for the usage log.
    #[schema(example = "GET")]
    method: Option<String>,
    /// The request's path, for the usage log.
    #[schema(example = "/v1/invoices")]
    path: Option<String>,
}

/// Yes or no, and why not.
#[derive(Serialize, ToSchema)]
pub struct KeyVerdict {
    /// True if the key is good for this.
    #[schema(example = true)]
    valid: bool,
    /// `valid`, or the reason, in the words of the refusals of this API.
    #[schema(example = "valid")]
    code: String,
    /// The key; null if the presented text is no true key.
    key: Option<VerifiedKey>,
    /// How it stands to its rate limit; null if it has none or was refused before that.
    rate_limit: Option<RateLimitState>,
}

/// A key whose secret was true.
#[derive(Serialize, ToSchema)]
pub struct VerifiedKey {
    /// The public id.
    #[schema(example = "Zx5bTn0vGf")]
    id: String,
    /// The part of the key that is shown.
    #[schema(example = "kp_Zx5bTn0vGf")]
    prefix: String,
    /// Its name.
    #[schema(example = "Grafana data source")]
    name: String,
    /// Id of the account that it acts as.
    #[schema(example = "7Qm2xR4tBd")]
    account_id: String,
    /// What it may be used for now.
    #[schema(example = json!(["reports:read", "usage:read"]))]
    scopes: Vec<String>,
    /// When time ends it; null for never.
    #[schema(format = DateTime, example = "2027-02-20T18:31:00Z")]
    expires_at: Option<String>,
}

/// How a key stands to its rate limit.
#[derive(Serialize, ToSchema)]
pub struct RateLimitState {
    /// Requests a minute.
    #[schema(example = 600)]
    limit: u32,
    /// Requests that are left in this window.
    #[schema(example = 599)]
    remaining: u32,
    /// Seconds until the window ends.
    #[schema(example = 60)]
    reset_seconds: i64,
}

/// Verify a key
///
/// For services that receive other people's keys. Whether they are good or not, the answer is 200. Refusals of the call itself
/// speak of the calling key.
#[utoipa::path(
    post,
    path = "/api/v1/verify",
    tag = "Verification",
    operation_id = "verify_key",
    request_body(content = KeyToVerify, content_type = "application/json"),
    responses((status = 200, description = "Yes or no.", body = KeyVerdict)),
    security(("api_key" = ["keys:verify"]))
)]
#[expect(
    clippy::disallowed_methods,
    reason = "how long an answer took is a figure about this machine"
)]
pub async fn verify(
    req: HttpRequest,
    _client: ApiClient<KeysVerify>,
    state: web::Data<AppState>,
    mut body: JsonObject,
) -> Result<HttpResponse, ApiError> {
    let began = Instant::now();
    let key = body.take_text("key");
    if key.is_none() && !body.has_errors() {
        body.refuse("key", "Send the key as it was presented.");
    }
    let scope = body.take_text("scope");
    let address = match body
        .take_text("address")
        .as_deref()
        .map(str::parse::<IpAddr>)
    {
        None => None,
        Some(Ok(address)) => Some(address.to_canonical()),
        Some(Err(_)) => {
            body.refuse("address", "Send an IPv4 or IPv6 address.");
            None
        }
    };
    let method = body.take_text("method").unwrap_or_default();
    let path = body.take_text("path").unwrap_or_default();
    // 422 would speak of a record of ours; this body is only a question.
    body.finish().map_err(|error| ApiError {
        code: Code::InvalidRequest,
        ..error
    })?;
    let key = key.unwrap_or_default();
    let scope = scope
        .map(|name| known_scope(&state.policy.scopes, &name))
        .transpose()?;
    let worker = Worker::of(&req);
    let need = Need {
        scopes: &scope.as_deref().into_iter().collect::<Vec<_>>(),
        address,
        ..Need::default()
    };
    let figures = &worker.figures;
    let verdict = (worker.verifier.verify(key.as_bytes(), need).await)
        .inspect_err(|_| figures.count_timed(Answer::Unavailable, began.elapsed()))?;
    let outcome = Outcome::from(&verdict);
    figures.count_timed(Answer::Judged(outcome), began.elapsed());
    let answer = answer(&verdict, &state.policy.scopes);
    if let Some(key) = &verdict.key {
        worker.recorder.record(&Use {
            key,
            secret: verdict.secret,
            at: verdict.at,
            outcome,
            is_dead: outcome.is_dead_key(),
            exposures: Exposures::default(),
            address,
            client: client::name_as_sent(&req),
            method: &method,
            path: &path,
            status: match &verdict.outcome {
                Ok(_) => 200,
                Err(refusal) => ApiError::from(refusal.clone()).status().as_u16(),
            },
            took_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            upstream: None,
        });
    }
    Ok(HttpResponse::Ok().json(answer))
}

fn answer(verdict: &Verdict, catalog: &ScopeCatalog) -> KeyVerdict {
    let is_true = verdict.secret != SecretMatch::Wrong;
    let rate = match &verdict.outcome {
        Ok(rate) => *rate,
        Err(Refusal::RateLimited(rate)) => Some(*rate),
        Err(_) => None,
    };
    KeyVerdict {
        valid: verdict.outcome.is_ok(),
        code: Outcome::from(verdict).code().to_owned(),
        key: verdict
            .key
            .as_ref()
            .filter(|_| is_true)
            .map(|key| verified(key, catalog)),
        rate_limit: rate.map(rate_limit_state),
    }
}

fn verified(key: &KeyRecord, catalog: &ScopeCatalog) -> VerifiedKey {
    VerifiedKey {
        id: key.id.to_string(),
        prefix: key.prefix(),
        name: key.name.to_string(),
        account_id: key.owner.id.to_string(),
        scopes: key
            .usable_access()
            .scopes(catalog)
            .iter()
            .map(ToString::to_string)
            .collect(),
        expires_at: key.expires_at.map(|at| at.to_rfc3339()),
    }
}

fn rate_limit_state(rate: RateState) -> RateLimitState {
    RateLimitState {
        limit: rate.limit.requests(),
        remaining: rate.remaining,
        reset_seconds: whole_seconds(rate.resets_in),
    }
}
