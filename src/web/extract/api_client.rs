//! The program that calls the API: exactly one credential, judged for the scope that the route needs.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use super::client;
use super::visitor::Visitor;
use crate::clock::Timestamp;
use crate::domain::api_keys::scopes::{KEYS_READ, KEYS_WRITE};
use crate::domain::audit::{Act, Actor};
use crate::domain::verification::limits::RateState;
use crate::domain::verification::{Accepted, Need, Verifier};
use crate::web::error::{ApiError, Code};
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

impl Requirement for AnyKey {
    const SCOPE: Option<&'static str> = None;
}
impl Requirement for KeysRead {
    const SCOPE: Option<&'static str> = Some(KEYS_READ);
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
            let presented = presented(&req)?.ok_or_else(missing_key)?;
            let accepted = verify(&req, &presented, R::SCOPE).await?;
            let state = state(&req);
            let act = Act {
                now: state.clock.now(),
                actor: Actor::ApiKey {
                    id: accepted.key.id,
                    prefix: accepted.key.prefix(),
                },
                origin: client::origin(&req),
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
            if let Some(presented) = presented(&req)? {
                verify(&req, &presented, None).await?;
                return Ok(Self);
            }
            let visitor = Visitor::extract(&req).await?;
            visitor
                .account
                .map(|_| Self)
                .ok_or_else(|| missing_key().into())
        })
    }
}

async fn verify(
    req: &HttpRequest,
    raw: &[u8],
    scope: Option<&'static str>,
) -> Result<Accepted, ApiError> {
    let state = state(req);
    let need = Need {
        scopes: scope.as_slice(),
        address: Some(client::address(req)),
    };
    let accepted = verifier(req).verify(raw, need).await?.into_result()?;
    state.recorder.record(
        accepted.key.id,
        state.clock.now(),
        &client::address(req).to_string(),
        &client::name(req),
    );
    req.extensions_mut().insert(KeyHeaders {
        expires_at: accepted.key.expires_at,
        rate: accepted.rate,
    });
    Ok(accepted)
}

/// The one credential of a request. The same key in two places is one credential.
fn presented(req: &HttpRequest) -> Result<Option<Vec<u8>>, ApiError> {
    let in_url = url::form_urlencoded::parse(req.query_string().as_bytes())
        .any(|(name, _)| name == "apikey");
    if in_url {
        return Err(ApiError::new(
            Code::KeyInUrl,
            "An API key in a URL ends up in logs and histories. Send it in the x-api-key header, \
             and if this URL was seen by others, deactivate the key.",
        ));
    }
    let mut credentials: Vec<&[u8]> = req
        .headers()
        .get_all("x-api-key")
        .map(|value| value.as_bytes().trim_ascii())
        .chain(
            req.headers()
                .get_all(header::AUTHORIZATION)
                .filter_map(|value| credential(value.as_bytes())),
        )
        .collect();
    credentials.sort_unstable();
    credentials.dedup();
    match credentials.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.to_vec())),
        _ => Err(ApiError::new(
            Code::TwoKeys,
            "The request carries two different credentials. Send one, in the x-api-key header.",
        )),
    }
}

/// The credential of an `Authorization` header with one of our schemes; other schemes are someone else's.
fn credential(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let space = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at(space);
    let ours = scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"apikey");
    ours.then(|| rest.trim_ascii())
}

fn missing_key() -> ApiError {
    ApiError::new(
        Code::MissingKey,
        "Send your API key in the x-api-key header. Keys are made under Settings, API keys.",
    )
}

fn verifier(req: &HttpRequest) -> &Verifier {
    req.app_data::<Verifier>()
        .expect("server.rs puts a verifier into every app")
}

fn state(req: &HttpRequest) -> &AppState {
    req.app_data::<web::Data<AppState>>()
        .expect("server.rs puts the state into every app")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn presented_in(headers: &[(&'static str, &'static str)]) -> Result<Option<Vec<u8>>, Code> {
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, header| {
                request.append_header(*header)
            });
        presented(&request.to_http_request()).map_err(|error| error.code)
    }

    #[test]
    fn a_key_is_found_in_each_documented_place() {
        for header in [
            ("x-api-key", " K "),
            ("authorization", "Bearer K"),
            ("authorization", "ApiKey  K"),
            ("authorization", "apikey K"),
        ] {
            assert_eq!(presented_in(&[header]), Ok(Some(b"K".to_vec())));
        }
    }

    #[test]
    fn one_key_twice_is_one_and_two_keys_are_refused() {
        let same = presented_in(&[("x-api-key", "K"), ("authorization", "Bearer K")]);
        assert_eq!(same, Ok(Some(b"K".to_vec())));
        for second in [("authorization", "Bearer L"), ("x-api-key", "L")] {
            assert_eq!(
                presented_in(&[("x-api-key", "K"), second]),
                Err(Code::TwoKeys)
            );
        }
    }

    #[test]
    fn other_schemes_are_ignored() {
        assert_eq!(presented_in(&[("authorization", "Basic dTpw")]), Ok(None));
        assert_eq!(presented_in(&[]), Ok(None));
    }

    #[test]
    fn a_key_in_the_url_is_refused() {
        let request = TestRequest::with_uri("/x?a=1&apikey=K").to_http_request();
        assert_eq!(
            presented(&request).map_err(|error| error.code),
            Err(Code::KeyInUrl)
        );
    }
}
