//! What a call of the API can be refused with: its body and headers. The codes are in `codes.rs`, what each of our own
//! errors comes to in `refusals.rs`.

mod codes;
mod refusals;

use std::borrow::Cow;
use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use chrono::TimeDelta;
use serde::Serialize;

use super::{rate_limit, retry_after};
use crate::domain::verification::limits::RateState;

pub use codes::Code;
pub use refusals::invalid_key;

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
pub struct Problem<'a> {
    /// Where the code is explained.
    #[schema(example = "http://localhost:8080/docs/api#deactivated_key")]
    pub r#type: String,
    /// The same for every refusal with this code.
    #[schema(example = "The API key was deactivated")]
    pub title: &'a str,
    /// The status, as in the status line.
    #[schema(example = 401)]
    pub status: u16,
    /// What happened here, and what to do.
    #[schema(
        example = "This key was deactivated at 2026-11-22T18:31:09Z and can never work again."
    )]
    pub detail: &'a str,
    /// The reason, for programs.
    #[schema(example = "deactivated_key")]
    pub code: &'a str,
    /// Names this request in the logs.
    #[schema(example = "0Vc3xq1Z8s2kPq9LmT4w")]
    pub request_id: &'a str,
    /// With `invalid_field`: which fields, and what is wanted.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: &'a [FieldError],
}

/// What an API handler can fail with.
#[derive(Debug)]
pub struct ApiError {
    /// The reason.
    pub code: Code,
    /// What happened here, and what to do: for people.
    pub detail: Cow<'static, str>,
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
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
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
    pub fn problem<'a>(&'a self, base: &str, request_id: &'a str) -> Problem<'a> {
        let (code, status, title) = self.code.row();
        Problem {
            r#type: [base, "/docs/api#", code].concat(),
            title,
            status,
            detail: &self.detail,
            code,
            request_id,
            errors: &self.errors,
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
