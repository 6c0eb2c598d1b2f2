//! Reports of keys that were found in public: by anyone, and by GitHub's secret scanning.
//!
//! A report of a true key ends it and tells its owner; any other is nothing. The answer to anyone is the same in both
//! cases: whether a key is true is not for finders to learn here.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::crypto::digest::sha256;
use crate::domain::audit::{Act, Actor};
use crate::domain::leaks::{self, BadSignature, FoundAt};
use crate::store::StoreError;
use crate::web::error::{ApiError, Code};
use crate::web::extract::client;
use crate::web::extract::json::JsonObject;
use crate::web::state::AppState;

/// Reports of one call by GitHub.
const MOST_BYTES: usize = 1024 * 1024;

/// A key that was found.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct FoundKey {
    /// The full key.
    #[schema(example = "kp_Zx5bTn0vGf_0000000000000000000000000000000000000000")]
    key: String,
    /// Where it was found.
    #[schema(example = "https://git.example/acme/app/blob/main/.env")]
    url: Option<String>,
}

/// That it was taken.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    /// Always `taken`, whatever was found.
    #[schema(example = "taken")]
    status: &'static str,
}

/// Report a key found in public
///
/// Needs no key. A true key is deactivated at once and its owner is told by mail; the answer is the same for any other
/// text.
#[utoipa::path(
    post,
    path = "/api/v1/leaks",
    tag = "Leaks",
    operation_id = "report_leak",
    request_body(content = FoundKey, content_type = "application/json"),
    responses((status = 202, description = "The report was taken.", body = Taken)),
    security(())
)]
pub async fn report(
    req: HttpRequest,
    state: web::Data<AppState>,
    mut body: JsonObject,
) -> Result<HttpResponse, ApiError> {
    let key = body.take_text("key");
    let url = body.take_text("url");
    if key.is_none() && !body.has_errors() {
        body.refuse("key", "Send the full key that was found.");
    }
    body.finish()?;
    let act = act(&req, &state, "someone who found it");
    let found_at = FoundAt::at(url.as_deref().unwrap_or_default());
    let key = key.unwrap_or_default();
    judge(&state, act, key.trim().as_bytes(), found_at).await?;
    let taken = Taken { status: "taken" };
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(taken))
}

/// A report of GitHub's.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read item by item")]
pub struct GithubReport {
    /// The text that was found.
    #[schema(example = "kp_Zx5bTn0vGf_0000000000000000000000000000000000000000")]
    token: String,
    /// The name that the format is registered under.
    #[schema(example = "keyport_api_key")]
    r#type: String,
    /// Where it was found; may be empty.
    #[schema(example = "https://github.com/acme/app/blob/main/.env")]
    url: Option<String>,
    /// In what.
    #[schema(example = "content")]
    source: Option<String>,
}

/// What a report was about.
#[derive(Serialize, ToSchema)]
pub struct GithubAnswer {
    /// SHA-256 of the text, in base64.
    token_hash: String,
    /// As it was reported.
    #[schema(example = "keyport_api_key")]
    token_type: String,
    /// `true_positive` for a key of this server, also if it had ended before; else `false_positive`.
    #[schema(example = "true_positive")]
    label: &'static str,
}

/// Reports by GitHub's secret scanning
///
/// Many in one call, signed with one of GitHub's keys. Answers 404 where the operator has not set those keys.
#[utoipa::path(
    post,
    path = "/api/v1/leaks/github",
    tag = "Leaks",
    operation_id = "report_leaks_by_github",
    params(
        ("Github-Public-Key-Identifier" = Option<String>, Header, description = "Which key the body is signed with.", example = "90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a"),
        ("Github-Public-Key-Signature" = Option<String>, Header, description = "ECDSA on P-256 with SHA-256 over the body, DER in base64.", example = "MEUCIQ=="),
    ),
    request_body(content = Vec<GithubReport>, content_type = "application/json"),
    responses((status = 200, description = "What each report was about.", body = Vec<GithubAnswer>)),
    security(())
)]
pub async fn report_by_github(
    req: HttpRequest,
    state: web::Data<AppState>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let Some(keys) = state.leak_keys.clone() else {
        return Err(ApiError::not_found());
    };
    let body = payload.to_bytes_limited(MOST_BYTES).await;
    let Ok(Ok(body)) = body else {
        return Err(match body {
            Err(_) => ApiError::new(Code::TooLarge, "A call can hold 1 MiB of reports."),
            Ok(_) => ApiError::new(Code::InvalidRequest, "The body broke off."),
        });
    };
    let header = |name: &str| {
        let value = req.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let (id, signature) = (
        header("github-public-key-identifier"),
        header("github-public-key-signature"),
    );
    keys.verify(state.clock.now(), id, signature, &body).await?;
    let Ok(Value::Array(reports)) = serde_json::from_slice(&body) else {
        return Err(ApiError::new(
            Code::InvalidRequest,
            "Send a JSON array of reports.",
        ));
    };
    let mut answers = Vec::with_capacity(reports.len());
    for report in &reports {
        let text = |name: &str| report.get(name).and_then(Value::as_str);
        // One bad report must not keep the others from being acted on.
        let Some(token) = text("token") else { continue };
        let found_at = FoundAt::at(text("url").unwrap_or_default());
        let act = act(&req, &state, "GitHub");
        let is_true = judge(&state, act, token.as_bytes(), found_at).await?;
        answers.push(GithubAnswer {
            token_hash: STANDARD.encode(sha256(token.as_bytes())),
            token_type: text("type").unwrap_or_default().to_owned(),
            label: if is_true {
                "true_positive"
            } else {
                "false_positive"
            },
        });
    }
    Ok(HttpResponse::Ok().json(answers))
}

fn act(req: &HttpRequest, state: &AppState, source: &str) -> Act {
    Act {
        now: state.clock.now(),
        actor: Actor::LeakReport {
            source: source.to_owned(),
        },
        origin: client::origin(req),
        keys: state.policy.secrets.audit_keys().clone(),
    }
}

/// True if it is or was a key of this instance; it no longer works then.
async fn judge(
    state: &web::Data<AppState>,
    act: Act,
    text: &[u8],
    found_at: FoundAt,
) -> Result<bool, ApiError> {
    // What has no true checksum is nothing: most of what is reported costs no query.
    let Ok(presented) = state.policy.parse(text) else {
        return Ok(false);
    };
    let (policy, outbox) = (state.policy.clone(), state.outbox.clone());
    let reported: Result<bool, StoreError> = state
        .pool
        .write(move |db| leaks::report(db, &act, &policy, &outbox, &presented, &found_at))
        .await;
    Ok(reported?)
}

impl From<BadSignature> for ApiError {
    fn from(error: BadSignature) -> Self {
        match error {
            BadSignature::Wrong => Self::new(
                Code::BadSignature,
                "The report is not signed by a current key of GitHub's. Nothing was changed.",
            ),
            BadSignature::NoKeys(_) => Self {
                cause: Some(Box::new(error)),
                ..Self::new(
                    Code::Unavailable,
                    "GitHub's public keys cannot be had at present, so the report could not be checked. Send it again.",
                )
            },
        }
    }
}
