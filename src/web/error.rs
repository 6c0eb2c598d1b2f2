//! The only place where an error becomes a status: one table for pages, one for the API.
//!
//! What a person or program is told and what is logged are apart: a 5xx carries fixed words and the request id,
//! never the cause's own text. Handlers return these errors; `middleware::envelope` writes their bodies, since it
//! knows the request id and who is signed in.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use chrono::TimeDelta;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::domain::api_keys::{ChangeKeyError, CreateKeyError};
use crate::domain::security::password::TooBusy;
use crate::domain::security::throttles::Throttled;
use crate::domain::verification::Refusal;
use crate::store::StoreError;

/// What a page's handler can fail with.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page is for people who are signed in; after that they come back to this local path.
    #[error("not signed in")]
    NotSignedIn(String),
    /// The request cannot be read.
    #[error("the request is malformed")]
    Malformed,
    /// Nothing is there, or it is someone else's.
    #[error("not found")]
    NotFound,
    /// The path takes only these methods.
    #[error("method not allowed")]
    MethodNotAllowed(&'static str),
    /// The form was sent from another site.
    #[error("a form was sent from another site")]
    CrossSite,
    /// The body is larger than 64 KiB.
    #[error("the body is too large")]
    TooLarge,
    /// Too many tries.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The database cannot be reached, is locked or read-only.
    #[error("the store is unavailable")]
    Unavailable(#[source] StoreError),
    /// A defect or a full disk.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What an error page says.
pub struct PageWords {
    /// The status.
    pub status: StatusCode,
    /// Title and heading.
    pub title: &'static str,
    /// What it means and what to do.
    pub text: String,
}

impl PageError {
    /// The table for pages.
    pub fn words(&self) -> PageWords {
        let (status, title, text) = match self {
            Self::NotSignedIn(_) => (StatusCode::SEE_OTHER, "Sign in", String::new()),
            Self::Malformed => (
                StatusCode::BAD_REQUEST,
                "Request not understood",
                "The request could not be read. Nothing was changed. Go back and try again.".to_owned(),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Page not found",
                "There is nothing at this address, or it is not yours.".to_owned(),
            ),
            Self::MethodNotAllowed(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Not possible here",
                "This address does not take that kind of request. Nothing was changed.".to_owned(),
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "Request refused",
                "The request came from another site. Nothing was changed. Open the page here and try again."
                    .to_owned(),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too much at once",
                "A form can hold 64 KiB. Nothing was changed. Send less.".to_owned(),
            ),
            Self::Throttled(throttled) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
                format!("Too many requests. Try again in {}.", wait_words(throttled.retry_after)),
            ),
            Self::Unavailable(StoreError::ReadOnly(_)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Changes are not possible at present",
                "The database cannot be written. Nothing was changed. Try again later.".to_owned(),
            ),
            Self::Unavailable(StoreError::Busy(_)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The database is busy",
                "The database is locked by another program. Nothing was changed. Try again in a minute.".to_owned(),
            ),
            Self::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The database cannot be reached",
                "The database cannot be reached. Keys are refused until it is back.".to_owned(),
            ),
            Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "Something went wrong on our side. Nothing was changed.".to_owned(),
            ),
        };
        PageWords {
            status,
            title,
            text,
        }
    }

    /// Header lines that belong to the status.
    pub fn headers(&self) -> Vec<(header::HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed(allow) => vec![(header::ALLOW, HeaderValue::from_static(allow))],
            Self::Throttled(throttled) => vec![retry_after(throttled.retry_after)],
            Self::Unavailable(_) => vec![retry_after(TimeDelta::seconds(5))],
            Self::NotSignedIn(next) => {
                let next =
                    percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
                HeaderValue::from_str(&format!("/sign-in?next={next}"))
                    .map(|value| vec![(header::LOCATION, value)])
                    .unwrap_or_default()
            }
            Self::Malformed
            | Self::NotFound
            | Self::CrossSite
            | Self::TooLarge
            | Self::Internal(_) => Vec::new(),
        }
    }
}

impl actix_web::ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.words().status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(_) | StoreError::ReadOnly(_) | StoreError::Unavailable(_) => {
                Self::Unavailable(error)
            }
            // A broken constraint that no rule foresaw is a defect.
            StoreError::Broken(_) | StoreError::Other(_) => Self::Internal(Box::new(error)),
        }
    }
}

impl From<TooBusy> for PageError {
    fn from(_busy: TooBusy) -> Self {
        Self::Throttled(Throttled {
            retry_after: TimeDelta::seconds(10),
        })
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<ChangeKeyError> for PageError {
    fn from(error: ChangeKeyError) -> Self {
        match error {
            // Deleting is offered for ended keys only, so there is nothing to delete at this address.
            ChangeKeyError::NotFound | ChangeKeyError::StillActive => Self::NotFound,
            ChangeKeyError::Store(error) => error.into(),
        }
    }
}

fn retry_after(delay: TimeDelta) -> (header::HeaderName, HeaderValue) {
    (
        header::RETRY_AFTER,
        HeaderValue::from(u64::try_from(whole_seconds(delay)).unwrap_or(1)),
    )
}

/// Rounded up: who waits this long is let through.
fn whole_seconds(delay: TimeDelta) -> i64 {
    (delay.num_milliseconds() + 999) / 1000
}

/// "30 seconds", "1 minute", "2 minutes".
pub fn wait_words(delay: TimeDelta) -> String {
    let seconds = whole_seconds(delay).max(1);
    let (number, unit) = if seconds < 60 {
        (seconds, "second")
    } else {
        ((seconds + 59) / 60, "minute")
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// The codes of the API, as the documentation lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No key where one is needed.
    MissingKey,
    /// Two different credentials in one request.
    TwoKeys,
    /// A key in the URL.
    KeyInUrl,
    /// Malformed, unknown, or a wrong secret.
    InvalidKey,
    /// The true secret of a key that was deactivated.
    DeactivatedKey,
    /// The true secret of a key that has expired.
    ExpiredKey,
    /// The key's owner is disabled.
    OwnerDisabled,
    /// The key lacks a scope.
    MissingScope,
    /// The new key would exceed the one that makes it.
    ExceedsCaller,
    /// Too many requests.
    RateLimited,
    /// The store cannot be reached.
    Unavailable,
    /// The request cannot be read.
    InvalidRequest,
    /// Nothing is there, or it is someone else's.
    NotFound,
    /// The path takes other methods.
    MethodNotAllowed,
    /// `If-Match` does not fit.
    PreconditionFailed,
    /// The body is larger than 64 KiB.
    TooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// A field has a bad value.
    InvalidField,
    /// The account has as many active keys as it may have.
    KeyLimit,
    /// The same `Idempotency-Key` with another body.
    IdempotencyConflict,
    /// A defect.
    Internal,
}

impl Code {
    /// All codes, in the order of the documentation.
    pub const ALL: [Self; 21] = [
        Self::MissingKey,
        Self::TwoKeys,
        Self::KeyInUrl,
        Self::InvalidKey,
        Self::DeactivatedKey,
        Self::ExpiredKey,
        Self::OwnerDisabled,
        Self::MissingScope,
        Self::ExceedsCaller,
        Self::RateLimited,
        Self::Unavailable,
        Self::InvalidRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidField,
        Self::KeyLimit,
        Self::IdempotencyConflict,
        Self::Internal,
    ];

    /// The table for the API: word, status, title.
    pub fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MissingKey => ("missing_key", 401, "No API key"),
            Self::TwoKeys => ("two_keys", 400, "Two different credentials"),
            Self::KeyInUrl => ("key_in_url", 400, "API key in the URL"),
            Self::InvalidKey => ("invalid_key", 401, "Not a valid API key"),
            Self::DeactivatedKey => ("deactivated_key", 401, "The API key was deactivated"),
            Self::ExpiredKey => ("expired_key", 401, "The API key has expired"),
            Self::OwnerDisabled => (
                "owner_disabled",
                401,
                "The owner of the API key is disabled",
            ),
            Self::MissingScope => ("missing_scope", 403, "The API key lacks a scope"),
            Self::ExceedsCaller => (
                "exceeds_caller",
                403,
                "More than the calling API key may do",
            ),
            Self::RateLimited => ("rate_limited", 429, "Too many requests"),
            Self::Unavailable => ("unavailable", 503, "The database cannot be reached"),
            Self::InvalidRequest => ("invalid_request", 400, "The request cannot be read"),
            Self::NotFound => ("not_found", 404, "Not found"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "Method not allowed"),
            Self::PreconditionFailed => ("precondition_failed", 412, "The record has changed"),
            Self::TooLarge => ("too_large", 413, "The body is too large"),
            Self::UnsupportedMediaType => ("unsupported_media_type", 415, "The body is not JSON"),
            Self::InvalidField => ("invalid_field", 422, "A field has a bad value"),
            Self::KeyLimit => ("key_limit", 422, "Too many active API keys"),
            Self::IdempotencyConflict => (
                "idempotency_conflict",
                422,
                "The Idempotency-Key was used with another body",
            ),
            Self::Internal => ("internal", 500, "Something went wrong on our side"),
        }
    }
}

/// A field with a bad value.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name in the body.
    #[schema(example = "name")]
    pub field: String,
    /// What is wanted.
    #[schema(example = "Enter a name of 1 to 100 characters.")]
    pub message: String,
}

/// The body of every refusal (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Where the code is explained.
    #[schema(example = "http://localhost:8080/docs/api#deactivated_key")]
    pub r#type: String,
    /// The same for every refusal with this code.
    #[schema(example = "The API key was deactivated")]
    pub title: String,
    /// The status, as in the status line.
    #[schema(example = 401)]
    pub status: u16,
    /// What happened here, and what to do.
    #[schema(
        example = "This key was deactivated at 2026-11-22T18:31:09Z and can never work again."
    )]
    pub detail: String,
    /// The reason, for programs.
    #[schema(example = "deactivated_key")]
    pub code: String,
    /// Names this request in the logs.
    #[schema(example = "0Vc3xq1Z8s2kPq9LmT4w")]
    pub request_id: String,
    /// With `invalid_field`: which fields, and what is wanted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What an API handler can fail with.
#[derive(Debug)]
pub struct ApiError {
    /// The reason.
    pub code: Code,
    /// What happened here, and what to do: for people.
    pub detail: String,
    /// Bad fields.
    pub errors: Vec<FieldError>,
    /// For 429 and 503: when to try again.
    pub retry_after: Option<TimeDelta>,
    /// For 405: the methods.
    pub allow: Option<&'static str>,
    /// For the log only.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// A refusal with this reason.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            cause: None,
        }
    }

    /// A refusal of fields.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let names: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        Self {
            errors: errors.clone(),
            ..Self::new(
                Code::InvalidField,
                format!("Nothing was changed. Correct: {}.", names.join(", ")),
            )
        }
    }

    /// Nothing at this address, or someone else's.
    pub fn not_found() -> Self {
        Self::new(
            Code::NotFound,
            "There is nothing at this address, or it is not yours.",
        )
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.row().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body.
    pub fn problem(&self, base: &str, request_id: &str) -> Problem {
        let (code, status, title) = self.code.row();
        Problem {
            r#type: format!("{base}/docs/api#{code}"),
            title: title.to_owned(),
            status,
            detail: self.detail.clone(),
            code: code.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
        }
    }

    /// Header lines that belong to the status.
    pub fn headers(&self) -> Vec<(header::HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.push((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("ApiKey realm=\"keyport\""),
            ));
        }
        if let Some(delay) = self.retry_after {
            headers.push(retry_after(delay));
        }
        if let Some(allow) = self.allow {
            headers.push((header::ALLOW, HeaderValue::from_static(allow)));
        }
        headers
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.row().0)
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl actix_web::ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let refusal = match &error {
            StoreError::Busy(_) | StoreError::ReadOnly(_) | StoreError::Unavailable(_) => Self {
                retry_after: Some(TimeDelta::seconds(5)),
                ..Self::new(
                    Code::Unavailable,
                    "The database cannot be used at present. Nothing was changed. Try again.",
                )
            },
            StoreError::Broken(_) | StoreError::Other(_) => Self::new(
                Code::Internal,
                "Something went wrong on our side. Nothing was changed.",
            ),
        };
        Self {
            cause: Some(Box::new(error)),
            ..refusal
        }
    }
}

impl From<Throttled> for ApiError {
    fn from(throttled: Throttled) -> Self {
        Self {
            retry_after: Some(throttled.retry_after),
            ..Self::new(
                Code::RateLimited,
                format!("Try again in {}.", wait_words(throttled.retry_after)),
            )
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let ended = |how: &str, at: Timestamp| {
            format!(
                "This key {how} at {} and can never work again.",
                at.to_rfc3339()
            )
        };
        match refusal {
            Refusal::Unknown => invalid_key(),
            Refusal::Deactivated(at) => {
                Self::new(Code::DeactivatedKey, ended("was deactivated", at))
            }
            Refusal::Expired(at) => Self::new(Code::ExpiredKey, ended("expired", at)),
            Refusal::OwnerDisabled => Self::new(
                Code::OwnerDisabled,
                "The account that this key belongs to is disabled.",
            ),
            Refusal::MissingScope(scope) => Self::new(
                Code::MissingScope,
                format!("This request needs the scope {scope}, which this key does not have."),
            ),
        }
    }
}

/// The one answer to malformed keys, unknown ids and wrong secrets.
pub fn invalid_key() -> ApiError {
    ApiError::new(
        Code::InvalidKey,
        "This is not an API key of this server. Check that all of it was copied.",
    )
}

impl From<CreateKeyError> for ApiError {
    fn from(error: CreateKeyError) -> Self {
        match error {
            CreateKeyError::LimitReached(most) => Self::new(
                Code::KeyLimit,
                format!(
                    "The account has {most} active keys, the most it may have. Deactivate one first."
                ),
            ),
            // Forms are the pages' own; the API has no form to use twice.
            CreateKeyError::FormUsed(_) => {
                Self::new(Code::Internal, "Something went wrong on our side.")
            }
            CreateKeyError::Store(error) => error.into(),
        }
    }
}

impl From<ChangeKeyError> for ApiError {
    fn from(error: ChangeKeyError) -> Self {
        match error {
            ChangeKeyError::NotFound | ChangeKeyError::StillActive => Self::not_found(),
            ChangeKeyError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_in_whole_units_rounded_up() {
        assert_eq!(wait_words(TimeDelta::milliseconds(1)), "1 second");
        assert_eq!(wait_words(TimeDelta::seconds(59)), "59 seconds");
        assert_eq!(wait_words(TimeDelta::seconds(60)), "1 minute");
        assert_eq!(wait_words(TimeDelta::seconds(61)), "2 minutes");
    }

    #[test]
    fn every_code_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            Code::ALL.iter().map(|code| code.row().0).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
