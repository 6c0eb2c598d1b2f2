//! What our own errors come to in the API, and its words for them.

use chrono::TimeDelta;

use super::super::wait_words;
use super::{ApiError, Code};
use crate::clock::Timestamp;
use crate::domain::api_keys::rotation::RotateKeyError;
use crate::domain::api_keys::{ChangeKeyError, CreateKeyError};
use crate::domain::integrations::limits::Outside;
use crate::domain::security::throttles::Throttled;
use crate::domain::verification::Refusal;
use crate::domain::verification::engine::Unverifiable;
use crate::store::StoreError;
use crate::web::times::counted;

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
