//! What a call of the API can be refused with, and the table of codes, statuses and titles.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use chrono::TimeDelta;
use serde::Serialize;

use super::{rate_limit, retry_after, wait_words};
use crate::clock::Timestamp;
use crate::domain::api_keys::rotation::RotateKeyError;
use crate::domain::api_keys::{ChangeKeyError, CreateKeyError};
use crate::domain::integrations::limits::Outside;
use crate::domain::security::throttles::Throttled;
use crate::domain::verification::Refusal;
use crate::domain::verification::engine::Unverifiable;
use crate::domain::verification::limits::RateState;
use crate::store::StoreError;
use crate::web::times::counted;

/// The codes of the API, as the documentation lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No key where one is needed.
    MissingKey,
    /// Two different credentials in one request.
    TwoKeys,
    /// A key in the URL.
    KeyInUrl,
    /// A scope that this instance does not know is asked for.
    UnknownScope,
    /// Malformed, unknown, or a wrong secret.
    InvalidKey,
    /// The true secret of a key that was deactivated.
    DeactivatedKey,
    /// The true secret of a key that has expired.
    ExpiredKey,
    /// A true secret of the key that another one has replaced.
    ReplacedSecret,
    /// The key's owner is disabled.
    OwnerDisabled,
    /// The key may not be used from this address.
    AddressNotAllowed,
    /// The key lacks a scope.
    MissingScope,
    /// The key's owner lacks the authority.
    NoAuthority,
    /// The key's limits do not allow this call of a provider.
    OutsideLimits,
    /// There is no such provider.
    UnknownProvider,
    /// There is no key for the provider.
    NoProviderKey,
    /// The key for the provider cannot be opened.
    UnreadableProviderKey,
    /// The path cannot be passed on.
    BadPath,
    /// The provider gave no answer.
    ProviderUnreachable,
    /// The provider's answer cannot be passed on.
    BadProviderAnswer,
    /// The provider took too long.
    ProviderTooSlow,
    /// The new key would exceed the one that makes it.
    ExceedsCaller,
    /// A report is not signed as it must be.
    BadSignature,
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
    /// It does not fit what is there.
    Conflict,
    /// The account has as many active keys as it may have.
    KeyLimit,
    /// The same `Idempotency-Key` with another body.
    IdempotencyConflict,
    /// A defect.
    Internal,
}

impl Code {
    /// All codes, in the order of the documentation.
    pub const ALL: [Self; 35] = [
        Self::MissingKey,
        Self::TwoKeys,
        Self::KeyInUrl,
        Self::UnknownScope,
        Self::InvalidKey,
        Self::DeactivatedKey,
        Self::ExpiredKey,
        Self::ReplacedSecret,
        Self::OwnerDisabled,
        Self::AddressNotAllowed,
        Self::MissingScope,
        Self::NoAuthority,
        Self::ExceedsCaller,
        Self::BadSignature,
        Self::RateLimited,
        Self::Unavailable,
        Self::InvalidRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidField,
        Self::KeyLimit,
        Self::IdempotencyConflict,
        Self::OutsideLimits,
        Self::UnknownProvider,
        Self::NoProviderKey,
        Self::UnreadableProviderKey,
        Self::BadPath,
        Self::ProviderUnreachable,
        Self::BadProviderAnswer,
        Self::ProviderTooSlow,
        Self::Internal,
    ];

    /// The table for the API: word, status, title.
    pub fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MissingKey => ("missing_key", 401, "No API key"),
            Self::TwoKeys => ("two_keys", 400, "Two different credentials"),
            Self::KeyInUrl => ("key_in_url", 400, "API key in the URL"),
            Self::UnknownScope => ("unknown_scope", 400, "No such scope"),
            Self::InvalidKey => ("invalid_key", 401, "Not a valid API key"),
            Self::DeactivatedKey => ("deactivated_key", 401, "The API key was deactivated"),
            Self::ExpiredKey => ("expired_key", 401, "The API key has expired"),
            Self::ReplacedSecret => (
                "replaced_secret",
                401,
                "The secret of the API key was replaced",
            ),
            Self::AddressNotAllowed => (
                "address_not_allowed",
                403,
                "The API key may not be used from this address",
            ),
            Self::OwnerDisabled => (
                "owner_disabled",
                401,
                "The owner of the API key is disabled",
            ),
            Self::MissingScope => ("missing_scope", 403, "The API key lacks a scope"),
            Self::NoAuthority => (
                "no_authority",
                403,
                "The owner of the API key lacks the authority",
            ),
            Self::OutsideLimits => ("outside_limits", 403, "The API key may not make this call"),
            Self::UnknownProvider => ("unknown_provider", 404, "No such provider"),
            Self::NoProviderKey => ("no_provider_key", 409, "No key for the provider"),
            Self::UnreadableProviderKey => (
                "unreadable_provider_key",
                409,
                "The key for the provider cannot be opened",
            ),
            Self::BadPath => ("bad_path", 400, "The path cannot be passed on"),
            Self::ProviderUnreachable => {
                ("provider_unreachable", 502, "No answer from the provider")
            }
            Self::BadProviderAnswer => (
                "bad_provider_answer",
                502,
                "The provider's answer cannot be passed on",
            ),
            Self::ProviderTooSlow => (
                "provider_too_slow",
                504,
                "The provider did not answer in time",
            ),
            Self::ExceedsCaller => (
                "exceeds_caller",
                403,
                "More than the calling API key may do",
            ),
            Self::BadSignature => ("bad_signature", 403, "The signature is missing or wrong"),
            Self::RateLimited => ("rate_limited", 429, "Too many requests"),
            Self::Unavailable => ("unavailable", 503, "Not available at present"),
            Self::InvalidRequest => ("invalid_request", 400, "The request cannot be read"),
            Self::NotFound => ("not_found", 404, "Not found"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "Method not allowed"),
            Self::Conflict => ("conflict", 409, "It does not fit the state of the record"),
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
    pub allow: Option<Box<str>>,
    /// For the limit of a key: how it stands.
    pub rate: Option<Box<RateState>>,
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
            rate: None,
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
        if let Some(rate) = &self.rate {
            headers.extend(rate_limit(**rate));
        }
        let allow = self.allow.as_deref().map(HeaderValue::from_str);
        headers.extend(
            allow
                .and_then(Result::ok)
                .map(|allow| (header::ALLOW, allow)),
        );
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

impl From<Unverifiable> for ApiError {
    fn from(error: Unverifiable) -> Self {
        Self {
            retry_after: Some(TimeDelta::seconds(5)),
            cause: Some(Box::new(error)),
            ..Self::new(
                Code::Unavailable,
                "The database cannot be used at present, so the key could not be verified. Try again.",
            )
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
            Refusal::Invalid => invalid_key(),
            Refusal::Deactivated(at) => {
                Self::new(Code::DeactivatedKey, ended("was deactivated", at))
            }
            Refusal::Expired(at) => Self::new(Code::ExpiredKey, ended("expired", at)),
            Refusal::OwnerDisabled => Self::new(
                Code::OwnerDisabled,
                "The account that this key belongs to is disabled.",
            ),
            Refusal::ReplacedSecret(at) => Self::new(
                Code::ReplacedSecret,
                format!(
                    "This secret was replaced and stopped working at {}. Use the key's new secret.",
                    at.to_rfc3339()
                ),
            ),
            Refusal::AddressNotAllowed(Some(address)) => Self::new(
                Code::AddressNotAllowed,
                format!("This key may not be used from {address}."),
            ),
            Refusal::AddressNotAllowed(None) => Self::new(
                Code::AddressNotAllowed,
                "This key may be used from certain addresses only, and the address of this request is not known \
                 for sure.",
            ),
            Refusal::RateLimited(rate) => Self {
                retry_after: Some(rate.resets_in),
                rate: Some(Box::new(rate)),
                ..Self::new(
                    Code::RateLimited,
                    format!(
                        "This key may make {} a minute. Try again in {}.",
                        counted(rate.limit.requests().into(), "request"),
                        wait_words(rate.resets_in)
                    ),
                )
            },
            Refusal::MissingScope(scope) => Self::new(
                Code::MissingScope,
                format!("This request needs the scope {scope}, which this key does not have."),
            ),
            Refusal::OutsideLimits(outside) => Self::new(
                Code::OutsideLimits,
                match outside {
                    Outside::Provider(provider) => {
                        format!("This key may not be used for the provider {provider}.")
                    }
                    Outside::Method(method) => {
                        format!("This key may not make calls of providers with {method}.")
                    }
                    Outside::Path => {
                        "This key may not call this path of providers.".to_owned()
                    }
                    Outside::Unreadable => {
                        "The limits of this key cannot be read, so it may call no provider. Set them again."
                            .to_owned()
                    }
                },
            ),
            Refusal::NoAuthority(scope) => Self::new(
                Code::NoAuthority,
                format!(
                    "This key has the scope {scope}, but its owner is not an operator. Ask an operator for the role."
                ),
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

impl From<RotateKeyError> for ApiError {
    fn from(error: RotateKeyError) -> Self {
        match error {
            RotateKeyError::NotFound => Self::not_found(),
            RotateKeyError::Ended => Self::new(
                Code::Conflict,
                "The key has ended, and an ended key cannot be rotated. Nothing was changed. Create a new key.",
            ),
            // Forms are the pages' own; the API has no form to use twice.
            RotateKeyError::FormUsed => {
                Self::new(Code::Internal, "Something went wrong on our side.")
            }
            RotateKeyError::Store(error) => error.into(),
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
    fn every_code_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            Code::ALL.iter().map(|code| code.row().0).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
