//! `/auth`: a gateway asks, for each request that it receives, whether the request's key may pass.
//!
//! 1. The gateway sends the original request's headers here, and what it knows of its method and path.
//! 2. 2xx lets the request through, and the identity headers of the answer go to the upstream. All of them are on every
//!    2xx, empty if there is nothing to say, so that a client's own copies never get through.
//! 3. Anything else refuses it, with the answer's status and body.
//!
//! Stands apart from pages and API: no session, no page headers, no log line for each request, since it is asked for
//! every request of the services behind the gateway. The usage log holds them.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::{ApiError, Code, rate_limit};
use super::extract::client;
use super::extract::key_check::{KeyCheck, Shown, missing_key};
use super::middleware::{REQUEST_ID, api_response, security_headers};
use super::state::AppState;
use crate::domain::api_keys::scopes::ScopeCatalog;
use crate::domain::verification::Accepted;

const KEY_ID: HeaderName = HeaderName::from_static("x-keyport-key-id");
const ACCOUNT_ID: HeaderName = HeaderName::from_static("x-keyport-account-id");
const ACCOUNT_NAME: HeaderName = HeaderName::from_static("x-keyport-account-name");
const SCOPES: HeaderName = HeaderName::from_static("x-keyport-scopes");
const EXPIRES: HeaderName = HeaderName::from_static("x-keyport-expires");
const KEY_EXPIRES: HeaderName = HeaderName::from_static("keyport-key-expires");
const ERROR_STATUS: HeaderName = HeaderName::from_static("x-error-status");

/// Percent-encoded in the account's name: everything but the unreserved characters of RFC 3986.
const IN_NAMES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The route: every method, since some gateways repeat the original one.
pub fn resource() -> Resource {
    web::resource("/auth").to(judge)
}

/// What the gateway's address asks for.
#[derive(Default)]
struct Wanted {
    scopes: Vec<String>,
    for_nginx: bool,
}

async fn judge(req: HttpRequest) -> HttpResponse {
    let (wanted, outcome) = match wanted(&req) {
        Ok(wanted) => {
            let outcome = check(&req, &wanted).await;
            (wanted, outcome)
        }
        Err(error) => (Wanted::default(), Err((error, None))),
    };
    let shown = shown(&req);
    match outcome {
        Ok((check, accepted)) => {
            let answer = yes(&accepted, &AppState::of(&req).policy.scopes);
            check.record(&req, shown, answer.status().as_u16());
            answer
        }
        Err((error, check)) => {
            if let Some(check) = check {
                check.record(&req, shown, error.status().as_u16());
            }
            no(&req, &error, wanted.for_nginx || asks_for_nginx(&req))
        }
    }
}

async fn check(
    req: &HttpRequest,
    wanted: &Wanted,
) -> Result<(KeyCheck, Accepted), (ApiError, Option<KeyCheck>)> {
    let scopes: Vec<&str> = wanted.scopes.iter().map(String::as_str).collect();
    let check = (KeyCheck::of(req, shown(req), &scopes).await)
        .and_then(|check| check.ok_or_else(|| missing_key(req)))
        .map_err(|error| (error, None))?;
    match check.result() {
        Ok(accepted) => Ok((check, accepted)),
        Err(error) => Err((error, Some(check))),
    }
}

fn wanted(req: &HttpRequest) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted::default();
    let (ours, _) = split_query(req.query_string());
    if ours.is_empty() {
        return Ok(wanted);
    }
    let catalog = &AppState::of(req).policy.scopes;
    for (name, value) in url::form_urlencoded::parse(ours.as_bytes()) {
        match &*name {
            "scope" => wanted.scopes.push(known_scope(catalog, &value)?),
            "proxy" => wanted.for_nginx = value == "nginx",
            _ => {}
        }
    }
    Ok(wanted)
}

/// A scope that this instance knows.
///
/// # Errors
/// If it does not: a gateway that asks for a misspelt scope must not let anyone through.
pub fn known_scope(catalog: &ScopeCatalog, name: &str) -> Result<String, ApiError> {
    match catalog.find(name) {
        Some(scope) => Ok(scope.to_string()),
        None => Err(ApiError::new(
            Code::UnknownScope,
            format!(
                "There is no scope “{name}” here. Correct the address that asks for it, or define the scope."
            ),
        )),
    }
}

/// What the gateway asks for, and the original address behind `uri=`, which comes last: some gateways can only append it.
/// The client wrote that address, so nothing in it is taken for the gateway's.
fn split_query(query: &str) -> (&str, Option<&str>) {
    // Most are, and looking through nothing takes time as well.
    if query.is_empty() {
        return ("", None);
    }
    if let Some(address) = query.strip_prefix("uri=") {
        return ("", Some(address));
    }
    match query.split_once("&uri=") {
        Some((ours, address)) => (ours, Some(address)),
        None => (query, None),
    }
}

fn asks_for_nginx(req: &HttpRequest) -> bool {
    let (ours, _) = split_query(req.query_string());
    ours.split('&').any(|pair| pair == "proxy=nginx")
}

/// The request that the gateway received, if the gateway is trusted and tells of it.
fn shown(req: &HttpRequest) -> Shown<'_> {
    let (own_query, appended) = split_query(req.query_string());
    let itself = Shown {
        query: own_query,
        ..Shown::of(req)
    };
    if !client::is_behind_trusted_proxy(req) {
        return itself;
    }
    let text = |names: [&str; 3]| names.iter().find_map(|name| value(req.headers(), name));
    let method = text([
        "x-original-method",
        "x-forwarded-method",
        "x-auth-request-method",
    ]);
    let address = text(["x-original-uri", "x-forwarded-uri", "x-original-url"]).or(appended);
    let Some(address) = address else {
        return Shown {
            method: method.unwrap_or(itself.method),
            ..itself
        };
    };
    // Some gateways send the whole URL.
    let address = match address.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => address,
    };
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    Shown {
        method: method.unwrap_or(itself.method),
        path,
        query,
    }
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn yes(accepted: &Accepted, catalog: &ScopeCatalog) -> HttpResponse {
    let key = &accepted.key;
    let expires = key
        .expires_at
        .map_or_else(|| HeaderValue::from_static(""), |at| text(&at.to_rfc3339()));
    let mut answer = HttpResponse::new(StatusCode::OK);
    let headers = answer.headers_mut();
    headers.insert(KEY_ID, text(key.id.encoded().as_str()));
    headers.insert(ACCOUNT_ID, text(key.owner.id.encoded().as_str()));
    let name = Cow::from(utf8_percent_encode(&key.owner.name, IN_NAMES));
    headers.insert(ACCOUNT_NAME, text(&name));
    headers.insert(SCOPES, text(&key.usable_access().names(catalog)));
    headers.insert(EXPIRES, expires.clone());
    if key.expires_at.is_some() {
        headers.insert(KEY_EXPIRES, expires);
    }
    for (name, value) in accepted.rate.into_iter().flat_map(rate_limit) {
        headers.insert(name, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Letters, digits and marks of ASCII only, so it always is a header's value.
fn text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// nginx takes 2xx, 401 and 403 for an answer and turns everything else into a 500 of its own: for it, other refusals are
/// 403, and say their status in a header.
fn no(req: &HttpRequest, error: &ApiError, for_nginx: bool) -> HttpResponse {
    let state = AppState::of(req);
    let id = state.request_ids.next(state.clock.now());
    let mut answer = api_response(error, state, &id);
    // A gateway passes the refusal on, and a browser may be there to read it.
    security_headers::set(answer.headers_mut(), state.site.is_https());
    answer.headers_mut().insert(REQUEST_ID, text(&id.0));
    let status = answer.status();
    if for_nginx && status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN {
        *answer.status_mut() = StatusCode::FORBIDDEN;
        answer
            .headers_mut()
            .insert(ERROR_STATUS, HeaderValue::from(status.as_u16()));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_uri_is_the_client_s() {
        assert_eq!(split_query("scope=a"), ("scope=a", None));
        let (ours, address) = split_query("scope=a&uri=/x?y=1&scope=b&proxy=nginx");
        assert_eq!(ours, "scope=a");
        assert_eq!(address, Some("/x?y=1&scope=b&proxy=nginx"));
        assert_eq!(split_query("uri=/x"), ("", Some("/x")));
    }
}
