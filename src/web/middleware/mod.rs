//! What surrounds every request: its id, its log line, the check for other sites, the security headers, and the
//! bodies of errors.

mod cross_site;
pub mod moved_cookies;
pub mod nul;
pub mod security_headers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, web};

use rand::CryptoRng;

use super::error::{ApiError, Code, PageError, rate_limit};
use super::extract::api_client::KeyHeaders;
use super::extract::device::device_cookie;
use super::extract::key_check::{KeyCheck, Shown};
use super::extract::visitor::{ErrorPageContext, seed_cookie};
use super::pages::{error_page, unsubscribe};
use super::state::AppState;
use crate::base62::Encoded;
use crate::clock::Timestamp;
use crate::crypto::random::base62_text;
use crate::domain::api_keys::key_string::without_secrets;
use crate::store::StoreError;

/// Names a request in its answer, in log lines and in the audit log. Sorts by time.
#[derive(Clone)]
pub struct RequestId(pub String);

/// Names requests: the time, what this instance drew when it began, and a count. Drawing chance for each request would
/// cost a call of the operating system, and names need not be hard to guess.
#[derive(Clone)]
pub struct RequestIds {
    instance: Arc<str>,
    next: Arc<AtomicU64>,
}

impl RequestIds {
    /// For one instance.
    pub fn new(rng: &mut impl CryptoRng) -> Self {
        Self {
            instance: base62_text(rng, 6).into(),
            next: Arc::new(AtomicU64::new(0)),
        }
    }

    /// A new name.
    pub fn next(&self, now: Timestamp) -> RequestId {
        let instant = Encoded::<8>::of(now.as_millis().unsigned_abs());
        let count = Encoded::<6>::of(self.next.fetch_add(1, Ordering::Relaxed));
        RequestId([instant.as_str(), &self.instance, count.as_str()].concat())
    }
}

/// Characters of a path that a log line holds.
const MAX_LOGGED_PATH: usize = 500;
/// Bytes that the body of a refusal takes, as a rule.
const USUAL_PROBLEM: usize = 512;
/// Where an answer tells the name of its request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const KEY_EXPIRES: HeaderName = HeaderName::from_static("keyport-key-expires");

/// The outermost layer.
///
/// # Errors
/// Only with a response inside, for failures of the layers below that carry no request (the session store's).
pub async fn envelope(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    nul::replace_in_uri(&mut req);
    let state = req
        .app_data::<web::Data<AppState>>()
        .expect("server.rs puts the state into every app")
        .clone();
    let began = state.clock.now();
    let id = state.request_ids.next(began);
    req.extensions_mut().insert(id.clone());
    let is_api = is_api(req.path());
    let method = req.method().clone();
    let path: String = without_secrets(req.path())
        .chars()
        .take(MAX_LOGGED_PATH)
        .collect();

    // A link in a mail carries its own proof, and mail programs open it from wherever they are.
    let is_signed_link = req.path() == unsubscribe::PATH;
    let outcome =
        if !is_api && !is_signed_link && cross_site::is_cross_site(req.request(), &state.site) {
            Ok(req
                .error_response(PageError::CrossSite)
                .map_into_boxed_body())
        } else {
            next.call(req)
                .await
                .map(ServiceResponse::map_into_boxed_body)
        };
    let answer = match outcome {
        Ok(response) => Ok(finish(response, &state, &id)),
        Err(error) => {
            let mut response = failure(&error, is_api, &state, &id);
            decorate(response.headers_mut(), &state, &id);
            Err((error, response))
        }
    };
    let status = match &answer {
        Ok(response) => response.status(),
        Err((_, response)) => response.status(),
    };
    let took = state.clock.now() - began;
    // Neither query nor address: both may tell what only their sender should know.
    tracing::info!(
        request_id = %id.0, %method, path = %path, status = status.as_u16(), duration_ms = took.num_milliseconds(),
        "request"
    );
    answer.map_err(|(error, response)| InternalError::from_response(error, response).into())
}

/// Writes the body of an error, and the headers that every answer has.
fn finish(
    response: ServiceResponse<BoxBody>,
    state: &AppState,
    id: &RequestId,
) -> ServiceResponse<BoxBody> {
    let (req, mut response) = response.into_parts();
    let body = response
        .error()
        .map(|error| error_body(error, &req, state, id));
    if let Some(mut with_body) = body {
        // Cookies that a layer below has set belong to the answer whatever its body is.
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            with_body
                .headers_mut()
                .append(header::SET_COOKIE, cookie.clone());
        }
        response = with_body;
    }
    for cookie in seed_cookie(&req).into_iter().chain(device_cookie(&req)) {
        if let Err(error) = response.add_cookie(&cookie) {
            tracing::error!(%error, "a cookie could not be set");
        }
    }
    if let Some(check) = req.extensions().get::<KeyCheck>() {
        check.record(&req, Shown::of(&req), response.status().as_u16());
    }
    let key = req.extensions().get::<KeyHeaders>().copied();
    if let Some(expires_at) = key.and_then(|key| key.expires_at)
        && let Ok(value) = HeaderValue::from_str(&expires_at.to_rfc3339())
    {
        response.headers_mut().insert(KEY_EXPIRES, value);
    }
    for (name, value) in key
        .and_then(|key| key.rate)
        .into_iter()
        .flat_map(rate_limit)
    {
        response.headers_mut().insert(name, value);
    }
    // A yes is true for one request only: no cache on the way may repeat it, unless its handler says how it may be kept.
    if is_api(req.path()) && !response.headers().contains_key(header::CACHE_CONTROL) {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    decorate(response.headers_mut(), state, id);
    ServiceResponse::new(req, response)
}

fn decorate(headers: &mut header::HeaderMap, state: &AppState, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(REQUEST_ID, value);
    }
    security_headers::set(headers, state.site.is_https());
}

fn error_body(
    error: &Error,
    req: &HttpRequest,
    state: &AppState,
    id: &RequestId,
) -> HttpResponse<BoxBody> {
    let status = error.as_response_error().status_code();
    if is_api(req.path()) {
        return match error.as_error::<ApiError>() {
            Some(error) => api_response(error, state, id),
            None => match error.as_error::<PageError>() {
                Some(PageError::Unavailable(_)) => api_response(&unavailable(), state, id),
                _ => api_response(&from_framework(status), state, id),
            },
        };
    }
    let page_error = error.as_error::<PageError>();
    let framework_error;
    let page_error = match page_error {
        Some(page_error) => page_error,
        None => {
            framework_error = page_error_of(status);
            &framework_error
        }
    };
    let context = req.extensions().get::<ErrorPageContext>().cloned();
    page_response(page_error, context, state, id)
}

/// The answer to a failure of a layer that wraps the handlers: the session store's.
fn failure(error: &Error, is_api: bool, state: &AppState, id: &RequestId) -> HttpResponse<BoxBody> {
    tracing::error!(request_id = %id.0, error = %chain(error), "a layer failed");
    let page_error =
        PageError::Unavailable(StoreError::Unavailable("the session store failed".into()));
    if is_api {
        api_response(&unavailable(), state, id)
    } else {
        page_response(&page_error, None, state, id)
    }
}

fn unavailable() -> ApiError {
    StoreError::Unavailable("the session store failed".into()).into()
}

fn chain(error: &Error) -> String {
    format!("{error:?}")
}

/// The answer that an API error is.
pub fn api_response(error: &ApiError, state: &AppState, id: &RequestId) -> HttpResponse<BoxBody> {
    log_server_error(error.status(), error, &id.0);
    let mut body = Vec::with_capacity(USUAL_PROBLEM);
    if serde_json::to_writer(&mut body, &error.problem(state.site.base(), &id.0)).is_err() {
        body.clear();
    }
    let mut response = HttpResponse::with_body(error.status(), BoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in error.headers() {
        headers.insert(name, value);
    }
    response
}

fn page_response(
    error: &PageError,
    context: Option<ErrorPageContext>,
    state: &AppState,
    id: &RequestId,
) -> HttpResponse<BoxBody> {
    let words = error.words();
    log_server_error(words.status, error, &id.0);
    let mut response = HttpResponse::build(words.status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    for header in error.headers() {
        response.insert_header(header);
    }
    if words.status.is_redirection() {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"));
    match error_page::render(&words, &id.0, context, state) {
        Ok(body) => response.body(body),
        Err(error) => {
            tracing::error!(request_id = %id.0, %error, "the error page could not be written");
            response.body(words.text)
        }
    }
}

/// Logs a 5xx with the whole chain of causes, once, at the edge.
pub fn log_server_error(status: StatusCode, error: &dyn std::error::Error, request_id: &str) {
    if !status.is_server_error() {
        return;
    }
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push_str(": ");
        causes.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(request_id, error = %causes, "a request failed");
}

fn from_framework(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::not_found(),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(Code::TooLarge, "A body can hold 64 KiB."),
        status if status.is_client_error() => {
            ApiError::new(Code::InvalidRequest, "The request could not be read.")
        }
        _ => ApiError::new(Code::Internal, "Something went wrong on our side."),
    }
}

fn page_error_of(status: StatusCode) -> PageError {
    match status {
        StatusCode::NOT_FOUND => PageError::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
        status if status.is_client_error() => PageError::Malformed,
        _ => PageError::Internal("an error of the framework".into()),
    }
}

/// True for what programs call, with a key rather than a session.
fn is_api(path: &str) -> bool {
    ["/api", "/rest", "/public"].iter().any(|root| {
        (path.strip_prefix(root)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
