//! The registry's wire format: `/rest`, for programs written for ARIN's Reg-RWS.
//!
//! One route takes everything. In this order, and the first failure answers: the path ([`path`]), the method, the key with
//! its scope and limits, `Accept`, `Content-Type` and size, then the `answer` of the resource. Every answer but the bytes
//! of an attachment is XML, errors too, which is why nothing here returns an error to the framework.

mod answer;
mod contacts;
mod customers;
mod networks;
mod organizations;
pub mod path;
mod reports;
mod tickets;
pub mod xml;

use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, Resource as Route, web};

use self::path::{Resource, Target};
use crate::domain::api_keys::scopes::{Access, REGISTRY_READ, REGISTRY_WRITE, REPORTS_READ};
use crate::domain::audit::{Act, Actor};
use crate::domain::registry::Expected;
use crate::domain::usage::outcome::Outcome;
use crate::ids::AccountId;
use crate::web::error::{Code, RestCode, RestError};
use crate::web::extract::api_client::{KeyHeaders, accepted};
use crate::web::extract::body::{self, BodyError};
use crate::web::extract::client;
use crate::web::extract::key_check::deny;
use crate::web::state::AppState;

/// The largest body, in bytes.
const MAX_BODY: usize = 1 << 20;
const XML: &str = "application/xml; charset=utf-8";

/// A call whose key was accepted.
pub(super) struct Call {
    /// Method, as the table of resources has it: HEAD is GET.
    pub(super) method: Method,
    /// True if only the headers of the answer are wanted.
    pub(super) is_head: bool,
    /// What is asked for.
    pub(super) target: Target,
    /// What stood behind the question mark, as it was written.
    pub(super) query: String,
    /// The account that the key acts for.
    pub(super) me: AccountId,
    /// What its changes are written down with.
    pub(super) act: Act,
    /// The scopes of the key.
    pub(super) access: Access,
    /// The body; empty for methods without one.
    pub(super) body: web::Bytes,
    /// `If-Match`.
    pub(super) expected: Expected,
    /// The parts of the server.
    pub(super) state: web::Data<AppState>,
}

/// What a call comes to.
pub(super) type RestResult = Result<HttpResponse, RestError>;

/// The route.
pub fn route() -> Route {
    web::resource(["/rest", "/rest/{path:.*}"]).to(serve)
}

async fn serve(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    match call(&req, payload).await {
        Ok(response) => response,
        Err(error) => refusal(&req, &error),
    }
}

async fn call(req: &HttpRequest, payload: web::Payload) -> RestResult {
    let state = AppState::of(req).clone();
    let raw = req.uri().path();
    let target = (state.config.registry.enabled)
        .then(|| path::parse(raw.strip_prefix("/rest").unwrap_or_default()))
        .flatten()
        .ok_or_else(not_offered)?;
    if !target.resource.takes(req.method().as_str()) {
        return Err(RestError {
            allow: Some(target.resource.methods().into()),
            ..RestError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                RestCode::BadRequest,
                Code::MethodNotAllowed.row().0,
                format!("This path takes {}.", target.resource.methods()),
            )
        });
    }
    let accepted = accepted(req, scope(&target.resource, req.method())).await?;
    check_accept(req, &target.resource)?;
    let has_body = *req.method() == Method::PUT || *req.method() == Method::POST;
    let body = match has_body && takes_body(&target.resource) {
        true => read_body(req, payload).await?,
        false => web::Bytes::new(),
    };
    let method = match *req.method() {
        Method::HEAD => Method::GET,
        ref method => method.clone(),
    };
    answer::answer(Call {
        method,
        is_head: *req.method() == Method::HEAD,
        target,
        query: req.query_string().to_owned(),
        me: accepted.key.owner.id,
        act: Act {
            now: state.clock.now(),
            actor: Actor::ApiKey {
                id: accepted.key.id,
                prefix: accepted.key.prefix(),
            },
            origin: client::origin(req),
            keys: state.policy.secrets.audit_keys().clone(),
        },
        access: accepted.key.usable_access().into_owned(),
        body,
        expected: expected(req.headers()),
        state,
    })
    .await
}

/// What the key is asked for. Tickets ask by their type, so for them any key will do at first.
fn scope(resource: &Resource, method: &Method) -> Option<&'static str> {
    match resource {
        Resource::AssociationsReport | Resource::ReassignmentReport(_) => Some(REPORTS_READ),
        Resource::Tickets
        | Resource::TicketSummaries
        | Resource::Ticket(_)
        | Resource::TicketSummary(_)
        | Resource::Message(..)
        | Resource::Attachment(..)
            if *method != Method::PUT =>
        {
            None
        }
        _ if *method == Method::GET || *method == Method::HEAD => Some(REGISTRY_READ),
        _ => Some(REGISTRY_WRITE),
    }
}

/// PUT and POST of these have a document; the others say all in their path.
fn takes_body(resource: &Resource) -> bool {
    match resource {
        Resource::Email(..)
        | Resource::OrganizationContact(..)
        | Resource::NetworkRemoval(_)
        | Resource::TicketStatus(..) => false,
        Resource::Contacts
        | Resource::Contact(_)
        | Resource::Phones(_)
        | Resource::Phone(..)
        | Resource::Organizations
        | Resource::Organization(_)
        | Resource::OrganizationContacts(_)
        | Resource::Network(_)
        | Resource::MostSpecificNetwork(..)
        | Resource::ParentNetwork(..)
        | Resource::NetworksInRange(..)
        | Resource::Reassignment(_)
        | Resource::Reallocation(_)
        | Resource::NetworkCustomers(_)
        | Resource::Customer(_)
        | Resource::Tickets
        | Resource::TicketSummaries
        | Resource::Ticket(_)
        | Resource::TicketSummary(_)
        | Resource::Messages(_)
        | Resource::Message(..)
        | Resource::Attachment(..)
        | Resource::AssociationsReport
        | Resource::ReassignmentReport(_) => true,
    }
}

fn check_accept(req: &HttpRequest, resource: &Resource) -> Result<(), RestError> {
    // The bytes of an attachment are whatever they are.
    if matches!(resource, Resource::Attachment(..)) || accepts_xml(req.headers()) {
        return Ok(());
    }
    Err(RestError::new(
        StatusCode::NOT_ACCEPTABLE,
        RestCode::BadRequest,
        "not_acceptable",
        "Answers here are application/xml. Leave Accept out, or name application/xml in it.",
    ))
}

/// True if nothing is said, or XML is named with any weight above 0 (RFC 9110, section 12.5.1).
fn accepts_xml(headers: &HeaderMap) -> bool {
    let mut is_said = false;
    for value in headers.get_all(header::ACCEPT) {
        let Ok(value) = value.to_str() else { continue };
        for range in value.split(',').filter(|range| !range.trim().is_empty()) {
            is_said = true;
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts
                .filter_map(|part| part.split_once('='))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
                .map_or(Some(1.0), |(_, weight)| weight.trim().parse::<f64>().ok());
            let is_xml = matches!(
                name.as_str(),
                "*/*" | "application/*" | "application/xml" | "text/xml"
            );
            if is_xml && weight.is_none_or(|weight| weight > 0.0) {
                return true;
            }
        }
    }
    !is_said
}

async fn read_body(req: &HttpRequest, payload: web::Payload) -> Result<web::Bytes, RestError> {
    let content_type = req.headers().get(header::CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase());
    if !matches!(essence.as_deref(), Some("application/xml" | "text/xml")) {
        return Err(RestError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            RestCode::BadRequest,
            Code::UnsupportedMediaType.row().0,
            "Send the document as Content-Type: application/xml.",
        ));
    }
    body::read_up_to(payload, MAX_BODY)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => RestError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                RestCode::BadRequest,
                Code::TooLarge.row().0,
                "A document can hold 1 MiB.",
            ),
            BodyError::Incomplete => RestError::bad_request(
                "The document broke off, or did not arrive within 20 seconds.",
            ),
        })
}

/// `If-Match`: revisions in quotes, or `*`. What is no tag of ours fits nothing.
fn expected(headers: &HeaderMap) -> Expected {
    let mut tags = Vec::new();
    for value in headers.get_all(header::IF_MATCH) {
        tags.extend(value.to_str().unwrap_or_default().split(',').map(str::trim));
    }
    if tags.is_empty() || tags.contains(&"*") {
        return Expected::Any;
    }
    let revision = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Expected::Revisions(tags.iter().filter_map(revision).collect())
}

impl From<xml::read::SchemaError> for RestError {
    fn from(error: xml::read::SchemaError) -> Self {
        Self::schema(error.message, error.components)
    }
}

/// A document as the answer; with the revision of the record as its tag.
pub(super) fn document(body: String, revision: Option<i64>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, XML));
    if let Some(revision) = revision {
        response.insert_header((header::ETAG, format!("\"{revision}\"")));
    }
    response.body(body)
}

fn not_offered() -> RestError {
    RestError::new(
        StatusCode::NOT_FOUND,
        RestCode::Unspecified,
        "not_offered",
        "This call is not offered here. docs/registry.md lists those that are.",
    )
}

/// The answer that an error is.
fn refusal(req: &HttpRequest, error: &RestError) -> HttpResponse {
    // What a record asked for beyond the key itself, and did not find.
    for (code, outcome) in [
        (Code::NoAuthority, Outcome::NoAuthority),
        (Code::MissingScope, Outcome::MissingScope),
    ] {
        if error.reason == code.row().0 {
            deny(req, outcome);
        }
    }
    let request_id = client::request_id(req);
    crate::web::middleware::log_server_error(error.status, error, &request_id);
    let mut response = HttpResponse::build(error.status);
    response.insert_header((header::CONTENT_TYPE, XML));
    for header in error.headers() {
        response.insert_header(header);
    }
    // What belongs to the key is in the error's own headers.
    if error.rate.is_some() {
        req.extensions_mut().remove::<KeyHeaders>();
    }
    response.body(xml::write::error(error, &request_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn accepts(values: &[&str]) -> bool {
        let request = values
            .iter()
            .fold(TestRequest::default(), |request, value| {
                request.append_header((header::ACCEPT, *value))
            });
        accepts_xml(request.to_http_request().headers())
    }

    #[test]
    fn xml_is_answered_unless_it_is_not_acceptable() {
        for values in [
            &[][..],
            &["*/*"],
            &["application/json, text/xml;q=0.1"],
            &["application/json", "APPLICATION/XML"],
            &["application/*; q=1"],
        ] {
            assert!(accepts(values), "{values:?}");
        }
        for values in [
            &["application/json"][..],
            &["application/xml;q=0"],
            &["text/html, */*;q=0.0"],
        ] {
            assert!(!accepts(values), "{values:?}");
        }
    }

    #[test]
    fn if_match_names_revisions() {
        let of = |value: &str| {
            let request = TestRequest::default().insert_header((header::IF_MATCH, value));
            expected(request.to_http_request().headers())
        };
        assert_eq!(of("\"3\""), Expected::Revisions(vec![3]));
        assert_eq!(of("\"3\", \"5\""), Expected::Revisions(vec![3, 5]));
        assert_eq!(of("*"), Expected::Any);
        assert_eq!(of("W/\"3\""), Expected::Revisions(Vec::new()));
        let nothing = TestRequest::default().to_http_request();
        assert_eq!(expected(nothing.headers()), Expected::Any);
    }
}
