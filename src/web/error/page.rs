//! What a page's handler can fail with, and the table of what the error page says.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use chrono::TimeDelta;

use super::{retry_after, wait_words};
use crate::domain::api_keys::ChangeKeyError;
use crate::domain::operators::OperateError;
use crate::domain::registry::error::RegistryError;
use crate::domain::security::password::TooBusy;
use crate::domain::security::throttles::Throttled;
use crate::store::StoreError;

/// What a page's handler can fail with.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page is for people who are signed in; after that they come back to this local path.
    #[error("not signed in")]
    NotSignedIn(String),
    /// What is asked for needs a sign-in of the last minutes; after confirming it they come back to this local path.
    #[error("no recent sign-in")]
    NotConfirmed(String),
    /// The request cannot be read.
    #[error("the request is malformed")]
    Malformed,
    /// Nothing is there, or it is someone else's.
    #[error("not found")]
    NotFound,
    /// The path takes only these methods.
    #[error("method not allowed")]
    MethodNotAllowed(Box<str>),
    /// The form was sent from another site.
    #[error("a form was sent from another site")]
    CrossSite,
    /// The form's token is missing or stale, on a page that has no fields to keep.
    #[error("a form was too old")]
    StaleForm,
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
            Self::NotConfirmed(_) => (StatusCode::SEE_OTHER, "Confirm it is you", String::new()),
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
            Self::StaleForm => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "This form is too old",
                "Nothing was changed. Go back, reload the page and send it again.".to_owned(),
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
            Self::MethodNotAllowed(allow) => (HeaderValue::from_str(allow).ok())
                .map(|allow| (header::ALLOW, allow))
                .into_iter()
                .collect(),
            Self::Throttled(throttled) => vec![retry_after(throttled.retry_after)],
            Self::Unavailable(_) => vec![retry_after(TimeDelta::seconds(5))],
            Self::NotSignedIn(next) => vec![location("/sign-in", next)],
            Self::NotConfirmed(next) => vec![location("/sign-in/confirm", next)],
            Self::Malformed
            | Self::NotFound
            | Self::CrossSite
            | Self::StaleForm
            | Self::TooLarge
            | Self::Internal(_) => Vec::new(),
        }
    }
}

/// A page of ours that knows the way back.
fn location(page: &str, next: &str) -> (header::HeaderName, HeaderValue) {
    let next = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
    let value = HeaderValue::from_str(&format!("{page}?next={next}"));
    (
        header::LOCATION,
        value.expect("letters, digits and percent signs"),
    )
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

impl From<OperateError> for PageError {
    fn from(error: OperateError) -> Self {
        match error {
            // The last four are offered to no one: pages say beforehand what cannot be.
            OperateError::NotFound
            | OperateError::NotOperator
            | OperateError::LastOperator
            | OperateError::OwnAccount
            | OperateError::Disabled
            | OperateError::Unconfirmed
            | OperateError::HasAccount => Self::NotFound,
            OperateError::Store(error) => error.into(),
        }
    }
}

/// What pages put beside fields or over a form does not come here.
impl From<RegistryError> for PageError {
    fn from(error: RegistryError) -> Self {
        match error {
            // What one may not read is not there.
            RegistryError::NotFound(_) | RegistryError::Denied(_) => Self::NotFound,
            RegistryError::Throttled(throttled) => throttled.into(),
            RegistryError::Store(error) => error.into(),
            // The last ones are offered to no one: pages say beforehand what cannot be.
            RegistryError::Invalid(_)
            | RegistryError::BadRequest(_)
            | RegistryError::Forbidden(_)
            | RegistryError::NotRemovable(..)
            | RegistryError::Conflict(_)
            | RegistryError::Closed(_)
            | RegistryError::Stale => Self::Malformed,
        }
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
