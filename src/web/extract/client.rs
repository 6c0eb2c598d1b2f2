//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpMessage as _;
use actix_web::HttpRequest;
use actix_web::http::header;

use crate::domain::api_keys::key_string::without_secrets;
use crate::domain::audit::Origin;
use crate::domain::text::visible;
use crate::web::middleware::RequestId;
use crate::web::state::AppState;

/// Characters of a client's name for itself that are kept.
const MAX_CLIENT_CHARS: usize = 200;

/// The address at the other end of the connection.
fn peer(req: &HttpRequest) -> IpAddr {
    req.peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            peer.ip().to_canonical()
        })
}

/// The client's address; `None` if trusted proxies tell it in ways that contradict each other.
pub fn known_address(req: &HttpRequest) -> Option<IpAddr> {
    AppState::of(req).proxies.client(peer(req), req.headers())
}

/// The client's address, else the nearest proxy's.
pub fn address(req: &HttpRequest) -> IpAddr {
    known_address(req).unwrap_or_else(|| peer(req))
}

/// True if the request comes straight from a proxy that the operator trusts.
pub fn is_behind_trusted_proxy(req: &HttpRequest) -> bool {
    AppState::of(req).proxies.trust(peer(req))
}

/// True if the client sent the request over plain http, and from another machine: others may have read it.
pub fn is_exposed_on_plain_http(req: &HttpRequest) -> bool {
    let peer = peer(req);
    let is_plain = (AppState::of(req).proxies).is_plain_http(peer, req.headers());
    is_plain == Some(true) && known_address(req).is_none_or(|address| !address.is_loopback())
}

/// The client as it names itself; empty if that is not text.
pub fn name_as_sent(req: &HttpRequest) -> &str {
    req.headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The client as it names itself, cut, without what cannot be seen and without secrets.
pub fn name(req: &HttpRequest) -> String {
    let sent = (req.headers())
        .get(header::USER_AGENT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .unwrap_or_default();
    visible(&without_secrets(&sent), MAX_CLIENT_CHARS)
}

/// The id of this request.
pub fn request_id(req: &HttpRequest) -> String {
    req.extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

/// All of it, for the audit log.
pub fn origin(req: &HttpRequest) -> Origin {
    Origin {
        address: Some(address(req).to_string()),
        client: Some(name(req)),
        request_id: Some(request_id(req)),
    }
}
