//! The program that calls the API: exactly one credential, judged for the scope that the route needs.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};

use super::client;
use super::key_check::{KeyCheck, Shown, missing_key};
use super::visitor::Visitor;
use crate::clock::Timestamp;
use crate::domain::api_keys::scopes::{
    KEYS_READ, KEYS_VERIFY, KEYS_WRITE, REGISTRY_READ, USAGE_READ,
};
use crate::domain::audit::{Act, Actor};
use crate::domain::verification::Accepted;
use crate::domain::verification::limits::RateState;
use crate::web::error::ApiError;
use crate::web::state::AppState;

/// What a route asks of a key.
pub trait Requirement: 'static {
    /// The scope, or `None` if any key will do.
    const SCOPE: Option<&'static str>;
}

/// Any key will do.
pub struct AnyKey;
/// Reads keys.
pub struct KeysRead;
/// Changes keys.
pub struct KeysWrite;
/// Reads the usage of keys.
pub struct UsageRead;
/// Reads contacts, organizations and networks.
pub struct RegistryRead;
/// Verifies keys, for services.
pub struct KeysVerify;

impl Requirement for AnyKey {
    const SCOPE: Option<&'static str> = None;
}
impl Requirement for KeysRead {
    const SCOPE: Option<&'static str> = Some(KEYS_READ);
}
impl Requirement for UsageRead {
    const SCOPE: Option<&'static str> = Some(USAGE_READ);
}
impl Requirement for RegistryRead {
    const SCOPE: Option<&'static str> = Some(REGISTRY_READ);
}
impl Requirement for KeysVerify {
    const SCOPE: Option<&'static str> = Some(KEYS_VERIFY);
}
impl Requirement for KeysWrite {
    const SCOPE: Option<&'static str> = Some(KEYS_WRITE);
}

/// What the answer to an accepted key tells of it in its headers.
#[derive(Clone, Copy)]
pub struct KeyHeaders {
    /// For `Keyport-Key-Expires`.
    pub expires_at: Option<Timestamp>,
    /// For `RateLimit` and `RateLimit-Policy`.
    pub rate: Option<RateState>,
}

/// A caller whose key was accepted for this route.
pub struct ApiClient<R: Requirement> {
    /// The key and its owner.
    pub accepted: Accepted,
    /// What its changes are written down with.
    pub act: Act,
    requirement: PhantomData<R>,
}

impl<R: Requirement> FromRequest for ApiClient<R> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let accepted = accepted(&req, R::SCOPE).await?;
            let state = AppState::of(&req);
            let act = Act {
                now: state.clock.now(),
                actor: Actor::ApiKey {
                    id: accepted.key.id,
                    prefix: accepted.key.prefix(),
                },
                origin: client::origin(&req),
                keys: state.policy.secrets.audit_keys().clone(),
            };
            Ok(Self {
                accepted,
                act,
                requirement: PhantomData,
            })
        })
    }
}

/// Someone who may read the API's description: any accepted key, or a session. A key that is presented decides.
pub struct Reader;

impl FromRequest for Reader {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            if check(&req, &[]).await?.is_some() {
                return Ok(Self);
            }
            let visitor = Visitor::extract(&req).await?;
            visitor
                .account
                .map(|_| Self)
                .ok_or_else(|| missing_key(&req).into())
        })
    }
}

/// The key of a request, judged for this scope.
///
/// # Errors
/// If there is none, or it is refused.
pub async fn accepted(
    req: &HttpRequest,
    scope: Option<&'static str>,
) -> Result<Accepted, ApiError> {
    accepted_for(req, scope.as_slice()).await
}

/// The key of a request, judged for all of these scopes.
///
/// # Errors
/// As [`accepted`].
pub async fn accepted_for(req: &HttpRequest, scopes: &[&str]) -> Result<Accepted, ApiError> {
    check(req, scopes).await?.ok_or_else(|| missing_key(req))
}

/// Judges the key; whatever the verdict, its use is noted once the answer is known. `None` if there is no key.
async fn check(req: &HttpRequest, scopes: &[&str]) -> Result<Option<Accepted>, ApiError> {
    let Some(check) = KeyCheck::of(req, Shown::of(req), scopes).await? else {
        return Ok(None);
    };
    let result = check.result();
    if let Ok(accepted) = &result {
        req.extensions_mut().insert(KeyHeaders {
            expires_at: accepted.key.expires_at,
            rate: accepted.rate,
        });
    }
    req.extensions_mut().insert(check);
    result.map(Some)
}
