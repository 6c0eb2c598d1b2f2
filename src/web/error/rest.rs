//! What a call under `/rest` can be refused with: the table of situations, statuses and codes of Reg-RWS.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use chrono::TimeDelta;

use super::{ApiError, Code, rate_limit, retry_after};
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::verification::limits::RateState;
use crate::store::StoreError;

/// The codes that programs for this wire format know. There are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestCode {
    /// The document does not follow the schema.
    SchemaValidation,
    /// An element cannot be accepted.
    EntityValidation,
    /// There is no such record.
    ObjectNotFound,
    /// The key, or the authority of its account.
    Authentication,
    /// Something still names the record. So spelled.
    NotRemoveable,
    /// It cannot be asked like this.
    BadRequest,
    /// The database is away.
    Outage,
    /// Too many requests.
    TooManyRequests,
    /// Anything else.
    Unspecified,
}

impl RestCode {
    /// The word in the document.
    pub fn word(self) -> &'static str {
        match self {
            Self::SchemaValidation => "E_SCHEMA_VALIDATION",
            Self::EntityValidation => "E_ENTITY_VALIDATION",
            Self::ObjectNotFound => "E_OBJECT_NOT_FOUND",
            Self::Authentication => "E_AUTHENTICATION",
            Self::NotRemoveable => "E_NOT_REMOVEABLE",
            Self::BadRequest => "E_BAD_REQUEST",
            Self::Outage => "E_OUTAGE",
            Self::TooManyRequests => "E_TOO_MANY_REQUESTS",
            Self::Unspecified => "E_UNSPECIFIED",
        }
    }
}

/// What is wrong with one element of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The element's name, which may be one that there is not.
    pub element: Cow<'static, str>,
    /// A sentence that says what to do.
    pub message: String,
}

impl Component {
    /// With this sentence.
    pub fn new(element: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            element: element.into(),
            message: message.into(),
        }
    }
}

impl From<Problem> for Component {
    fn from(problem: Problem) -> Self {
        Self::new(problem.element, problem.message)
    }
}

/// Why a call was refused.
#[derive(Debug)]
pub struct RestError {
    /// The status.
    pub status: StatusCode,
    /// For programs that know Reg-RWS.
    pub code: RestCode,
    /// The word that the other API has for it.
    pub reason: &'static str,
    /// A sentence that says what to do. Boxed as the next, since results of calls are to stay small.
    pub message: Box<str>,
    /// One per bad element.
    pub components: Box<[Component]>,
    /// For 429 and 503: when to try again.
    pub retry_after: Option<TimeDelta>,
    /// For 405: the methods.
    pub allow: Option<Box<str>>,
    /// For the limit of a key: how it stands.
    pub rate: Option<Box<RateState>>,
    /// For the log only.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl RestError {
    /// A refusal.
    pub fn new(
        status: StatusCode,
        code: RestCode,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            reason,
            message: message.into().into(),
            components: Box::default(),
            retry_after: None,
            allow: None,
            rate: None,
            cause: None,
        }
    }

    /// 400 `E_BAD_REQUEST`: the address or a parameter cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            RestCode::BadRequest,
            "invalid_request",
            message,
        )
    }

    /// 404 for a record that does not exist.
    pub fn no_record(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            RestCode::ObjectNotFound,
            "not_found",
            message,
        )
    }

    /// 403: the key lacks a scope that only the record itself asks for.
    pub fn missing_scope(scope: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            RestCode::Authentication,
            Code::MissingScope.row().0,
            format!("This request needs the scope {scope}, which this key does not have."),
        )
    }

    /// A document that does not follow the schema.
    pub fn schema(message: impl Into<String>, components: Vec<Component>) -> Self {
        Self {
            components: components.into(),
            ..Self::new(
                StatusCode::BAD_REQUEST,
                RestCode::SchemaValidation,
                "invalid_request",
                message,
            )
        }
    }

    /// Header lines that belong to the status.
    pub fn headers(&self) -> Vec<(header::HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.push((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("ApiKey realm=\"keyport\""),
            ));
        }
        headers.extend(self.retry_after.map(retry_after));
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

impl fmt::Display for RestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for RestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// The refusals of keys, and of the database, with the statuses that programs for this wire format expect.
impl From<ApiError> for RestError {
    fn from(error: ApiError) -> Self {
        let (status, code) = match error.code {
            Code::MissingKey
            | Code::InvalidKey
            | Code::DeactivatedKey
            | Code::ExpiredKey
            | Code::ReplacedSecret
            | Code::OwnerDisabled => (StatusCode::BAD_REQUEST, RestCode::Authentication),
            Code::TwoKeys | Code::KeyInUrl => (StatusCode::BAD_REQUEST, RestCode::BadRequest),
            Code::AddressNotAllowed | Code::MissingScope | Code::NoAuthority => {
                (StatusCode::FORBIDDEN, RestCode::Authentication)
            }
            Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, RestCode::TooManyRequests),
            Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, RestCode::Outage),
            Code::NotFound => (StatusCode::NOT_FOUND, RestCode::ObjectNotFound),
            Code::Conflict => (StatusCode::CONFLICT, RestCode::EntityValidation),
            Code::InvalidField => (StatusCode::BAD_REQUEST, RestCode::EntityValidation),
            Code::UnknownScope
            | Code::ExceedsCaller
            | Code::OutsideLimits
            | Code::UnknownProvider
            | Code::NoProviderKey
            | Code::UnreadableProviderKey
            | Code::BadPath
            | Code::ProviderUnreachable
            | Code::BadProviderAnswer
            | Code::ProviderTooSlow
            | Code::LoopDetected
            | Code::BadSignature
            | Code::InvalidRequest
            | Code::MethodNotAllowed
            | Code::PreconditionFailed
            | Code::TooLarge
            | Code::UnsupportedMediaType
            | Code::KeyLimit
            | Code::IdempotencyConflict => (error.status(), RestCode::BadRequest),
            Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, RestCode::Unspecified),
        };
        Self {
            retry_after: error.retry_after,
            allow: error.allow,
            rate: error.rate,
            cause: error.cause,
            ..Self::new(status, code, error.code.row().0, error.detail)
        }
    }
}

impl From<StoreError> for RestError {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<RegistryError> for RestError {
    fn from(error: RegistryError) -> Self {
        let with = |status, code, reason, message| Self::new(status, code, reason, message);
        match error {
            RegistryError::NotFound(words) => Self::no_record(words),
            RegistryError::Denied(denied) => {
                let status = match denied.is_forbidden {
                    true => StatusCode::FORBIDDEN,
                    false => StatusCode::UNAUTHORIZED,
                };
                let reason = Code::NoAuthority.row().0;
                with(status, RestCode::Authentication, reason, denied.words())
            }
            RegistryError::Invalid(problems) => Self {
                message: "Nothing was changed. Correct the elements that are listed.".into(),
                components: problems.into_iter().map(Component::from).collect(),
                ..with(
                    StatusCode::BAD_REQUEST,
                    RestCode::EntityValidation,
                    "invalid_field",
                    String::new(),
                )
            },
            RegistryError::BadRequest(words) => Self::bad_request(words),
            RegistryError::Forbidden(words) => {
                let code = RestCode::BadRequest;
                with(StatusCode::FORBIDDEN, code, "forbidden", words)
            }
            RegistryError::NotRemovable(words, holders) => Self {
                components: holders.into_iter().map(Component::from).collect(),
                ..with(
                    StatusCode::CONFLICT,
                    RestCode::NotRemoveable,
                    Code::Conflict.row().0,
                    words,
                )
            },
            RegistryError::Conflict(problem) => Self {
                message: problem.message.as_str().into(),
                components: Box::new([problem.into()]),
                ..with(
                    StatusCode::CONFLICT,
                    RestCode::EntityValidation,
                    Code::Conflict.row().0,
                    String::new(),
                )
            },
            RegistryError::Closed(words) => {
                let reason = Code::Conflict.row().0;
                with(StatusCode::CONFLICT, RestCode::BadRequest, reason, words)
            }
            error @ RegistryError::Stale => {
                let reason = Code::PreconditionFailed.row().0;
                let status = StatusCode::PRECONDITION_FAILED;
                with(status, RestCode::BadRequest, reason, error.to_string())
            }
            RegistryError::Throttled(throttled) => ApiError::from(throttled).into(),
            RegistryError::Store(error) => error.into(),
        }
    }
}

/// The same for the JSON API: without authority 403, unknown 404.
impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NotFound(words) => Self::new(Code::NotFound, words),
            RegistryError::Denied(denied) => Self::new(Code::NoAuthority, denied.words()),
            RegistryError::Invalid(problems) => Self::fields(
                (problems.into_iter())
                    .map(|problem| super::FieldError {
                        field: problem.element.to_owned(),
                        message: problem.message,
                    })
                    .collect(),
            ),
            RegistryError::BadRequest(words) => Self::new(Code::InvalidRequest, words),
            RegistryError::Forbidden(words) => Self::new(Code::NoAuthority, words),
            RegistryError::NotRemovable(words, _) | RegistryError::Closed(words) => {
                Self::new(Code::Conflict, words)
            }
            RegistryError::Conflict(problem) => Self::new(Code::Conflict, problem.message),
            error @ RegistryError::Stale => Self::new(Code::PreconditionFailed, error.to_string()),
            RegistryError::Throttled(throttled) => throttled.into(),
            RegistryError::Store(error) => error.into(),
        }
    }
}
