//! The OpenAPI 3.1 document: made of the notes beside the handlers, with the answers that every call can give.

use actix_web::HttpResponse;
use actix_web::web;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{account, contacts, key_creation, keys, leaks, organizations, rotation, usage, verify};
use crate::web::downloads::calls;
use crate::web::error::{ApiError, Code, FieldError, Problem};
use crate::web::extract::api_client::Reader;
use crate::web::state::AppState;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "keyport API",
        description = "Manage and use API keys. Send your key in the `x-api-key` header of every request.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        account::read,
        keys::list,
        key_creation::create,
        keys::read,
        keys::rename,
        keys::deactivate,
        keys::deactivate_self,
        rotation::rotate,
        usage::read,
        contacts::list,
        contacts::read,
        organizations::list,
        organizations::read,
        verify::verify,
        leaks::report,
        leaks::report_by_github,
        calls::list,
        calls::read,
        read
    ),
    components(schemas(Problem, FieldError)),
    tags(
        (name = "Account", description = "Whose key this is"),
        (name = "Keys", description = "Manage the keys of your account"),
        (name = "Registry", description = "Contacts and organizations that your account reaches"),
        (name = "Verification", description = "Verify keys that others present to your service"),
        (name = "Reports", description = "Download reports and files"),
        (name = "Leaks", description = "Report keys that were found in public"),
        (name = "Description", description = "This document")
    )
)]
struct Document;

/// Codes that each call can refuse with, beyond those of every call.
const PATCH_AND_POST: [Code; 4] = [
    Code::TooLarge,
    Code::UnsupportedMediaType,
    Code::InvalidField,
    Code::InvalidRequest,
];

/// The document for a server at `base`.
pub fn document(base: &str) -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or(Value::Null);
    document["servers"] = json!([{ "url": base, "description": "This server" }]);
    document["components"]["securitySchemes"] = json!({
        "api_key": {
            "type": "apiKey", "in": "header", "name": "x-api-key",
            "description": "A key made under Settings, API keys. `Authorization: Bearer KEY` and `Authorization: ApiKey KEY` work as well."
        }
    });
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, operations) in paths {
            for (method, operation) in operations.as_object_mut().into_iter().flatten() {
                add_refusals(path, method, operation);
            }
        }
    }
    document
}

/// Adds the refusals that the extractors in front of a handler give.
fn add_refusals(path: &str, method: &str, operation: &mut Value) {
    // Calls that need no key have an empty requirement.
    let needs_key = operation["security"][0]["api_key"].is_array();
    let codes = match needs_key {
        true => refusals_of_keys(path, method, operation),
        false => refusals_of_reports(path),
    };
    if needs_key {
        add_expiry(operation);
    }
    describe(codes, operation);
}

/// Of calls that anyone may make.
fn refusals_of_reports(path: &str) -> Vec<Code> {
    let mut codes = vec![
        Code::TooLarge,
        Code::InvalidRequest,
        Code::Unavailable,
        Code::Internal,
    ];
    match path {
        "/api/v1/leaks/github" => codes.extend([Code::BadSignature, Code::NotFound]),
        _ => codes.extend([Code::UnsupportedMediaType, Code::InvalidField]),
    }
    codes
}

fn refusals_of_keys(path: &str, method: &str, operation: &Value) -> Vec<Code> {
    let has_scope = operation["security"][0]["api_key"]
        .as_array()
        .is_some_and(|scopes| !scopes.is_empty());
    let mut codes = vec![
        Code::TwoKeys,
        Code::KeyInUrl,
        Code::MissingKey,
        Code::InvalidKey,
        Code::DeactivatedKey,
        Code::ExpiredKey,
        Code::ReplacedSecret,
        Code::OwnerDisabled,
        Code::AddressNotAllowed,
        Code::RateLimited,
        Code::Unavailable,
        Code::Internal,
    ];
    if has_scope {
        codes.push(Code::MissingScope);
    }
    if path == "/api/v1/verify" {
        codes.push(Code::NoAuthority);
    }
    if path == "/api/v1/reports/{slug}" {
        codes.extend([Code::NotFound, Code::NoAuthority, Code::InvalidRequest]);
    }
    if path.contains("{id}") {
        codes.push(Code::NotFound);
    }
    if path.contains("{handle}") {
        codes.extend([Code::NoAuthority, Code::NotFound]);
    }
    if matches!(method, "post" | "patch") {
        codes.extend(PATCH_AND_POST);
    }
    match method {
        "post" if path == "/api/v1/verify" => {
            codes.push(Code::UnknownScope);
            codes.retain(|code| *code != Code::InvalidField);
        }
        "post" if path.ends_with("/rotate") => codes.extend([
            Code::ExceedsCaller,
            Code::Conflict,
            Code::IdempotencyConflict,
        ]),
        "post" => codes.extend([
            Code::ExceedsCaller,
            Code::KeyLimit,
            Code::IdempotencyConflict,
        ]),
        "patch" => codes.push(Code::PreconditionFailed),
        "get" if path.ends_with("/usage") => codes.push(Code::InvalidRequest),
        "get" if is_list(path) => codes.push(Code::InvalidRequest),
        _ => {}
    }
    codes
}

/// True if it comes by pages, whose parameters can be wrong.
fn is_list(path: &str) -> bool {
    let lists = ["/api/v1/keys", "/api/v1/contacts", "/api/v1/organizations"];
    lists.contains(&path)
}

fn add_expiry(operation: &mut Value) {
    let accepted: Vec<String> = operation["responses"]
        .as_object()
        .map(|responses| responses.keys().cloned().collect())
        .unwrap_or_default();
    for status in accepted {
        operation["responses"][status]["headers"]["Keyport-Key-Expires"] = json!({
            "description": "When the calling key expires; absent if it never does.",
            "schema": { "type": "string", "format": "date-time" }
        });
    }
}

fn describe(mut codes: Vec<Code>, operation: &mut Value) {
    codes.sort_by_key(|code| code.row().1);
    for code in codes {
        let (word, status, title) = code.row();
        let response = &mut operation["responses"][status.to_string()];
        let description = match response["description"].as_str() {
            Some(before) => format!("{before}; `{word}`: {title}"),
            None => format!("`{word}`: {title}"),
        };
        *response = json!({
            "description": description,
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
        });
        if status == 401 {
            response["headers"]["WWW-Authenticate"] = json!({
                "description": "How to authenticate.",
                "schema": { "type": "string" }
            });
        }
        if matches!(status, 429 | 503) {
            response["headers"]["Retry-After"] = json!({
                "description": "Seconds until the next try.",
                "schema": { "type": "integer" }
            });
        }
    }
}

/// This document
///
/// For any key, and for people who are signed in.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "Description",
    operation_id = "read_openapi",
    responses((status = 200, description = "The OpenAPI 3.1 document.", body = Object)),
    security(("api_key" = []))
)]
pub async fn read(_reader: Reader, state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(document(state.site.base())))
}
