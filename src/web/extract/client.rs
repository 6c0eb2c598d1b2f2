//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpMessage as _;
use actix_web::HttpRequest;
use actix_web::http::header;

use crate::domain::audit::Origin;
use crate::web::middleware::RequestId;

/// Characters of a client's name for itself that are kept.
const MAX_CLIENT_CHARS: usize = 200;

/// The address at the other end of the connection. An IPv4 address in IPv6 clothes is the IPv4 address.
pub fn address(req: &HttpRequest) -> IpAddr {
    req.peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            peer.ip().to_canonical()
        })
}

/// The client as it names itself, cut, without control characters.
pub fn name(req: &HttpRequest) -> String {
    req.headers()
        .get(header::USER_AGENT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_CLIENT_CHARS)
        .collect()
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
