//! Whose request it is when it comes through proxies: what their headers say, as far as they may be believed.
//!
//! A header that anyone can send proves nothing. `Forwarded` and `X-Forwarded-*` are read only if the peer is a proxy
//! that the operator trusts, and hops are counted from the right: what a trusted proxy appended is true, what stood
//! left of it came from its peer.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";

/// The proxies that the operator trusts.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Trusts these.
    pub fn new(blocks: &[IpNet]) -> Self {
        Self(blocks.into())
    }

    /// True if headers from this peer are believed.
    pub fn trust(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|block| block.contains(&peer))
    }

    /// The client's address; `None` if the headers contradict each other or cannot be read, so that it is not known for
    /// sure.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            return Some(peer);
        }
        let x_forwarded = headers.contains_key(X_FORWARDED_FOR);
        let forwarded = headers.contains_key(FORWARDED);
        let by_x_forwarded = || {
            let hops = values(headers, X_FORWARDED_FOR)
                .flat_map(|line| line.split(','))
                .map(|hop| node(hop.trim()));
            self.last_untrusted(peer, hops.collect())
        };
        let by_forwarded = || {
            let hops = values(headers, FORWARDED)
                .flat_map(|line| line.split(','))
                .map(|element| parameter(element, "for").and_then(node));
            self.last_untrusted(peer, hops.collect())
        };
        match (x_forwarded, forwarded) {
            (false, false) => Some(peer),
            (true, false) => by_x_forwarded(),
            (false, true) => by_forwarded(),
            // The proxy wrote one of them, and the client may have written the other.
            (true, true) => by_x_forwarded().filter(|address| by_forwarded() == Some(*address)),
        }
    }

    /// True if the client's own connection was plain http; `None` if nobody who is believed says so.
    pub fn is_plain_http(&self, peer: IpAddr, headers: &HeaderMap) -> Option<bool> {
        if !self.trust(peer) {
            return Some(true);
        }
        let scheme = last(headers, "x-forwarded-proto")
            .or_else(|| last(headers, FORWARDED).and_then(|element| parameter(element, "proto")))?;
        Some(scheme.eq_ignore_ascii_case("http"))
    }

    /// Walks from the right over what trusted proxies wrote. Without any other address, it is the leftmost of them.
    fn last_untrusted(&self, peer: IpAddr, hops: Vec<Option<IpAddr>>) -> Option<IpAddr> {
        let mut nearest = peer;
        for hop in hops.into_iter().rev() {
            nearest = hop?;
            if !self.trust(nearest) {
                break;
            }
        }
        Some(nearest)
    }
}

/// The last element of a header that is a list.
fn last<'a>(headers: &'a HeaderMap, name: &'a str) -> Option<&'a str> {
    let line = values(headers, name).last()?;
    line.rsplit(',').next().map(str::trim)
}

/// The lines of a header that are text.
fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    // A line that is not text becomes one that cannot be read as an address.
    headers
        .get_all(name)
        .map(|value| value.to_str().unwrap_or("?"))
}

/// A parameter of an element of `Forwarded` (RFC 7239 section 4), without its quotes.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known.trim().eq_ignore_ascii_case(name)).then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without a port (RFC 7239 section 6). `None` for names that hide it, and for anything else.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.parse(),
        None => text.parse().or_else(|error| {
            let without_port = text.rsplit_once(':').map(|(address, _)| address);
            without_port.map_or(Err(error), str::parse)
        }),
    };
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> Option<String> {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".parse().unwrap()]);
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, line| {
                request.append_header(*line)
            });
        let request = request.to_http_request();
        let found = proxies.client(peer.parse().unwrap(), request.headers());
        found.map(|address| address.to_string())
    }

    #[test]
    fn a_peer_that_is_not_trusted_speaks_for_itself_alone() {
        let forged = [
            ("x-forwarded-for", "192.0.2.1"),
            ("forwarded", "for=192.0.2.1"),
        ];
        assert_eq!(
            client("203.0.113.5", &forged).as_deref(),
            Some("203.0.113.5")
        );
        assert_eq!(
            client("::ffff:203.0.113.5", &[]).as_deref(),
            Some("203.0.113.5")
        );
    }

    #[test]
    fn hops_are_counted_from_the_right() {
        for (value, expected) in [
            ("203.0.113.5", "203.0.113.5"),
            ("192.0.2.1, 203.0.113.5", "203.0.113.5"),
            ("192.0.2.1, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
            ("203.0.113.5:8080, 10.0.0.2", "203.0.113.5"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::ffff:192.0.2.9", "192.0.2.9"),
            ("10.0.0.9, 10.0.0.2", "10.0.0.9"),
        ] {
            let headers = [("x-forwarded-for", value)];
            assert_eq!(
                client(PROXY, &headers).as_deref(),
                Some(expected),
                "{value}"
            );
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let headers = [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-for", "203.0.113.5"),
        ];
        assert_eq!(client(PROXY, &headers).as_deref(), Some("203.0.113.5"));
    }

    #[test]
    fn forwarded_is_read_as_its_standard_writes_it() {
        for (value, expected) in [
            ("for=192.0.2.1, for=203.0.113.5;proto=https", "203.0.113.5"),
            ("For=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("by=10.0.0.1; for = 203.0.113.5", "203.0.113.5"),
        ] {
            let headers = [("forwarded", value)];
            assert_eq!(
                client(PROXY, &headers).as_deref(),
                Some(expected),
                "{value}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_known_for_sure() {
        for value in [
            "unknown",
            "_hidden",
            "",
            "203.0.113.5, nonsense",
            "300.1.1.1",
        ] {
            assert_eq!(
                client(PROXY, &[("x-forwarded-for", value)]),
                None,
                "{value}"
            );
        }
        assert_eq!(client(PROXY, &[("forwarded", "proto=https")]), None);
    }

    #[test]
    fn two_headers_that_contradict_each_other_are_not_known_for_sure() {
        let one = ("x-forwarded-for", "203.0.113.5");
        assert_eq!(client(PROXY, &[one, ("forwarded", "for=192.0.2.1")]), None);
        let same = client(PROXY, &[one, ("forwarded", "for=203.0.113.5")]);
        assert_eq!(same.as_deref(), Some("203.0.113.5"));
    }

    #[test]
    fn an_underscore_makes_another_header() {
        let headers = [("x_forwarded_for", "192.0.2.1")];
        assert_eq!(client(PROXY, &headers).as_deref(), Some(PROXY));
    }

    #[test]
    fn the_scheme_is_the_nearest_proxy_s() {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".parse().unwrap()]);
        let plain = |peer: &str, line: Option<(&'static str, &'static str)>| {
            let request = line
                .into_iter()
                .fold(TestRequest::default(), |request, line| {
                    request.append_header(line)
                });
            let headers = request.to_http_request();
            proxies.is_plain_http(peer.parse().unwrap(), headers.headers())
        };
        assert_eq!(plain("203.0.113.5", None), Some(true));
        assert_eq!(
            plain("203.0.113.5", Some(("x-forwarded-proto", "https"))),
            Some(true)
        );
        assert_eq!(plain(PROXY, None), None);
        assert_eq!(
            plain(PROXY, Some(("x-forwarded-proto", "https, http"))),
            Some(true)
        );
        assert_eq!(
            plain(PROXY, Some(("x-forwarded-proto", "https"))),
            Some(false)
        );
        assert_eq!(
            plain(PROXY, Some(("forwarded", "for=1.2.3.4;proto=http"))),
            Some(true)
        );
    }
}
