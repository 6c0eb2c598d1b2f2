//! `/proxy/{provider}/…`: calls of providers with a key of ours, to which the provider's own key is put in.
//!
//! 1. The path is judged as it was sent (`target`), then the key of ours, as everywhere: with the scope, and for this very call.
//! 2. The provider's key is opened (`desk`), and the call made: to the configured host, whatever the path says. Headers
//!    are chosen in `headers`; bodies pass both ways as they come (`request_body`, `answer`).
//! 3. What the provider answers is passed on as it is, errors too. What we answer ourselves is marked by `Keyport-Error`.
//! 4. When the answer ends, or the client leaves, the usage log gets its line, with the tokens used (`notes`).
//!
//! Stands apart from pages and API, as forward-auth does: no session, no log line for each request.

mod answer;
mod desk;
mod headers;
mod notes;
mod request_body;
mod target;

use std::rc::Rc;

use actix_web::body::BodySize;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Scope};

use self::answer::{Call, PassingBody};
use self::notes::{News, Notes};
use self::target::Target;
use super::error::{ApiError, Code, rate_limit};
use super::extract::key_check::{Asked, KeyCheck, Shown, missing_key};
use super::middleware::{REQUEST_ID, RequestId, api_response, security_headers};
use super::state::{AppState, Worker};
use crate::clock::Timestamp;
use crate::domain::api_keys::scopes::INTEGRATIONS_USE;
use crate::domain::integrations::calls::{CallRefusal, Opened};
use crate::domain::integrations::limits;
use crate::domain::integrations::tokens::Meter;
use crate::domain::integrations::{Answer, CDN_LOOP, CallError};
use crate::domain::verification::Accepted;
use crate::domain::verification::limits::RateState;

pub use self::desk::CallDesk;

const ERROR: HeaderName = HeaderName::from_static("keyport-error");
const KEY_EXPIRES: HeaderName = HeaderName::from_static("keyport-key-expires");
/// Tells nginx in front of us to hold no events back (nginx.org, ngx_http_proxy_module, "proxy_buffering").
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// For answers from elsewhere at our origin: nothing in them runs, or acts as one of our pages.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// The route: every method and path below it.
pub fn scope() -> Scope {
    web::scope("/proxy").default_service(web::to(pass_on))
}

async fn pass_on(req: HttpRequest, payload: Payload) -> HttpResponse {
    let state = AppState::of(&req);
    let id = state.request_ids.next(state.clock.now());
    let mut answer = match attempt(&req, payload).await {
        Ok(answer) => answer,
        Err(error) => ours(&error, state, &id),
    };
    let headers = answer.headers_mut();
    security_headers::set(headers, state.site.is_https());
    if !headers.contains_key(REQUEST_ID)
        && let Ok(value) = HeaderValue::from_str(&id.0)
    {
        headers.insert(REQUEST_ID, value);
    }
    answer
}

/// An answer of our own, marked.
fn ours(error: &ApiError, state: &AppState, id: &RequestId) -> HttpResponse {
    let mut answer = api_response(error, state, id);
    let code = HeaderValue::from_static(error.code.row().0);
    answer.headers_mut().insert(ERROR, code);
    answer
}

async fn attempt(req: &HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let target = Target::of(req);
    let checked = target.check(req.method()).and_then(|()| check_way(req));
    let asked = Asked {
        scopes: &[INTEGRATIONS_USE],
        call: checked.is_ok().then_some(limits::Call {
            provider: target.provider,
            method: req.method().as_str(),
            path: target.path,
        }),
        is_refused: checked.is_err(),
    };
    let check = KeyCheck::of_asked(req, Shown::of(req), asked).await?;
    let check = check.ok_or_else(|| missing_key(req))?;
    let prepared = match check
        .result()
        .and_then(|accepted| checked.map(|()| accepted))
    {
        Ok(accepted) => prepare(req, &target, &check, accepted).await,
        Err(error) => Err(error),
    };
    match prepared {
        Ok(prepared) => call(req, payload, &target, check, prepared).await,
        Err(error) => {
            check.record(req, Shown::of(req), error.status().as_u16());
            Err(error)
        }
    }
}

/// A provider's address may lead back to us. A call that is passed on would come again then, and again.
fn check_way(req: &HttpRequest) -> Result<(), ApiError> {
    let values = req.headers().get_all(CDN_LOOP.as_str());
    let connector = &AppState::of(req).connector;
    match connector.has_been_here(values.map(HeaderValue::as_bytes)) {
        true => Err(ApiError::new(
            Code::LoopDetected,
            "This call has been passed on by this server before. Check the address of the provider.",
        )),
        false => Ok(()),
    }
}

/// All that a call needs but its body.
struct Prepared {
    accepted: Accepted,
    path_and_query: String,
    opened: Rc<Opened>,
}

async fn prepare(
    req: &HttpRequest,
    target: &Target<'_>,
    check: &KeyCheck,
    accepted: Accepted,
) -> Result<Prepared, ApiError> {
    let path_and_query = target.for_provider(&accepted.key.prefix())?;
    let (state, desk) = (AppState::of(req), &Worker::of(req).desk);
    let account = accepted.key.owner.id;
    let opened = (desk
        .open(state, account, target.provider, check.confirmed())
        .await)
        .map_err(|refusal| refused(refusal, target.provider, state))?;
    Ok(Prepared {
        accepted,
        path_and_query,
        opened,
    })
}

fn refused(refusal: CallRefusal, provider: &str, state: &AppState) -> ApiError {
    let page = format!("{}/settings/integrations", state.site.base());
    match refusal {
        CallRefusal::UnknownProvider => ApiError::new(
            Code::UnknownProvider,
            format!(
                "There is no provider of this name. Those that there are are listed at {page}."
            ),
        ),
        CallRefusal::NoKey => ApiError::new(
            Code::NoProviderKey,
            format!("There is no key for this provider. Save one at {page}/{provider}."),
        ),
        CallRefusal::NotAllowed => ApiError::new(
            Code::NoProviderKey,
            format!(
                "Your account has no key for this provider, and may not use that of this server. Save one at \
                 {page}/{provider}, or ask an operator."
            ),
        ),
        CallRefusal::CannotBeOpened => ApiError::new(
            Code::UnreadableProviderKey,
            format!(
                "The key for this provider is kept, but cannot be opened. Save it again at {page}/{provider}."
            ),
        ),
        CallRefusal::Store(error) => error.into(),
    }
}

async fn call(
    req: &HttpRequest,
    payload: Payload,
    target: &Target<'_>,
    check: KeyCheck,
    prepared: Prepared,
) -> Result<HttpResponse, ApiError> {
    let Prepared {
        accepted,
        path_and_query,
        opened,
    } = prepared;
    let worker = Worker::of(req);
    let (rate, expires_at) = (accepted.rate, accepted.key.expires_at);
    let headers = headers::for_provider(req.headers(), &accepted.key.prefix());
    let check_at = check.at();
    // From here on, whatever happens is noted when this goes.
    let mut call = Call::begin(req.clone(), check, accepted, target.provider);
    let sent = async {
        let body = (request_body::take(req, payload).await).or(Err(CallError::Incomplete))?;
        let method = hyper::Method::from_bytes(req.method().as_str().as_bytes())
            .expect("what is a method here is one there");
        let (endpoint, secret) = (&opened.provider.endpoint, &opened.secret);
        (worker.provider_client)
            .send(endpoint, secret, method, &path_and_query, headers, body)
            .await
    };
    let got = match tokio::time::timeout(worker.desk.settings.answer_within, sent).await {
        Ok(Ok(got)) => got,
        // No one is there to be answered.
        Ok(Err(error @ CallError::Incomplete)) => return Err(not_answered(error)),
        Ok(Err(error)) => return Err(fail(&mut call, not_answered(error), None)),
        Err(_elapsed) => {
            let error = not_answered(CallError::TimedOut);
            return Err(fail(&mut call, error, None));
        }
    };
    let got_status = got.status();
    let status = match StatusCode::from_u16(got_status.as_u16()) {
        Ok(status) if !status.is_informational() && !is_redirect(&got) => status,
        _ => {
            let error = not_followed(&got);
            return Err(fail(&mut call, error, Some(got_status.as_u16())));
        }
    };
    let media_type = text(&got, hyper::header::CONTENT_TYPE);
    let meter = Meter::of(media_type, text(&got, hyper::header::CONTENT_ENCODING));
    let news = News::of(got_status, &opened);
    call.answered(status.as_u16(), Some(status.as_u16()));
    call.read_along(meter, Notes::of(&opened, news, check_at), news);
    let mut answer = head(status, &got, rate, expires_at);
    let size = size(req.method(), status, &got);
    let silence = worker.desk.settings.silence;
    Ok(answer.body(PassingBody::new(got.into_body(), size, silence, call)))
}

/// The head of the answer to the client: the provider's, with what we add.
fn head(
    status: StatusCode,
    got: &Answer,
    rate: Option<RateState>,
    expires_at: Option<Timestamp>,
) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    headers::give_back(got.headers(), &mut answer);
    answer.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    answer.insert_header((
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    ));
    if let Some(Ok(at)) = expires_at.map(|at| HeaderValue::from_str(&at.to_rfc3339())) {
        answer.insert_header((KEY_EXPIRES, at));
    }
    for line in rate.into_iter().flat_map(rate_limit) {
        answer.insert_header(line);
    }
    let media_type = text(got, hyper::header::CONTENT_TYPE);
    if media_type.is_some_and(|kind| kind.starts_with("text/event-stream")) {
        answer.insert_header((ACCEL_BUFFERING, HeaderValue::from_static("no")));
    }
    answer
}

/// A header of a provider's answer.
fn text(got: &Answer, name: hyper::header::HeaderName) -> Option<&str> {
    (got.headers().get(name)).and_then(|value| value.to_str().ok())
}

/// How much will come, as far as the provider says so.
fn size(method: &Method, status: StatusCode, got: &Answer) -> BodySize {
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return BodySize::None;
    }
    // Where both are said, the length is not true (RFC 9112 section 6.3).
    let is_chunked = (got.headers()).contains_key(hyper::header::TRANSFER_ENCODING);
    let length = text(got, hyper::header::CONTENT_LENGTH)
        .filter(|_| !is_chunked)
        .and_then(|text| text.parse().ok());
    match length {
        Some(length) => BodySize::Sized(length),
        None if *method == Method::HEAD => BodySize::None,
        None => BodySize::Stream,
    }
}

/// Notes what the call is answered with.
fn fail(call: &mut Call, error: ApiError, upstream_status: Option<u16>) -> ApiError {
    call.answered(error.status().as_u16(), upstream_status);
    error
}

/// Why there is no answer.
fn not_answered(error: CallError) -> ApiError {
    match error {
        CallError::Incomplete => ApiError::new(
            Code::InvalidRequest,
            "The request broke off before its end.",
        ),
        CallError::TimedOut => ApiError::new(
            Code::ProviderTooSlow,
            "The provider did not answer in time. Whether it did what was asked is not known.",
        ),
        CallError::Unreachable(words) => ApiError::new(
            Code::ProviderUnreachable,
            format!("The provider gave no answer. {words}"),
        ),
        CallError::Refused(words) => ApiError::new(
            Code::ProviderUnreachable,
            format!("The provider may not be called. {words}"),
        ),
    }
}

/// True for an answer that sends the client elsewhere. Clients would go there, with our key in their headers.
fn is_redirect(got: &Answer) -> bool {
    got.status().is_redirection() && got.headers().contains_key(hyper::header::LOCATION)
}

fn not_followed(got: &Answer) -> ApiError {
    let status = got.status().as_u16();
    ApiError::new(
        Code::BadProviderAnswer,
        match is_redirect(got) {
            true => format!(
                "The provider answered with a redirect ({status}), which is not followed. Check the path, and the address \
                 of the provider."
            ),
            false => {
                format!("The provider answered with the status {status}, which answers no request.")
            }
        },
    )
}
