//! Which headers go on to a provider, and which come back.
//!
//! Left out both ways: what belongs to one connection (RFC 9110 section 7.6.1, with what `Connection` names), and cookies,
//! which are of one origin. On the way there also every place that a key of ours may stand in, and what proxies tell of the
//! client. On the way back also what would speak for our own origin: it is keyport that answers.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{self as ours, HeaderMap as OurHeaders};
use hyper::header::{self as theirs, HeaderMap as TheirHeaders};

/// Belong to one connection.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Not sent on: set anew for the call, a place for a key, a cookie, or about who asks and by which way.
const NOT_SENT: [&str; 22] = [
    "host",
    "content-length",
    "expect",
    "accept-encoding",
    "http2-settings",
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-request-id",
    "x-auth-request-method",
    "x-http-method-override",
    "x-method-override",
    "x-http-method",
    "x-rewrite-url",
];

/// Not sent on, whatever follows.
const NOT_SENT_BEGINS: [&str; 4] = ["x-forwarded-", "x-original-", "x-keyport-", "keyport-"];

/// Not sent back: set by us, of another origin, or about one; or an order to a cache in front of us.
const NOT_GIVEN: [&str; 19] = [
    "content-length",
    "set-cookie",
    "set-cookie2",
    "alt-svc",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "strict-transport-security",
    "public-key-pins",
    "refresh",
    "nel",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "cache-control",
    "expires",
    "cdn-cache-control",
    "cloudflare-cdn-cache-control",
    "edge-control",
];

/// Not sent back, whatever follows. Some of these are orders that servers in front of us obey, as if they were ours: to send a
/// file of their own in place of the answer, or to keep it for others.
const NOT_GIVEN_BEGINS: [&str; 10] = [
    "access-control-",
    "cross-origin-",
    "x-keyport-",
    "keyport-",
    "x-accel-",
    "x-sendfile",
    "x-lighttpd-",
    "x-litespeed-",
    "x-reproxy-",
    "surrogate-",
];

fn is_listed(name: &str, names: &[&str], begins: &[&str]) -> bool {
    HOP_BY_HOP.contains(&name)
        || names.contains(&name)
        || begins.iter().any(|begin| name.starts_with(begin))
}

/// The names that `Connection` lists, in lower case.
fn named_by_connection<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    values
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .filter(|name| !matches!(name.as_str(), "" | "close" | "keep-alive"))
        .collect()
}

/// The headers of a call, without any that holds `key_prefix`: our key must not leave, wherever its sender has put it. The
/// provider's own key is put in by who sends them.
pub(super) fn for_provider(sent: &OurHeaders, key_prefix: &str) -> TheirHeaders {
    let named = named_by_connection(
        sent.get_all(ours::CONNECTION)
            .map(ours::HeaderValue::as_bytes),
    );
    let mut headers = TheirHeaders::with_capacity(sent.len() + 2);
    for (name, value) in sent {
        let name = name.as_str();
        let is_kept = !is_listed(name, &NOT_SENT, &NOT_SENT_BEGINS)
            && !named.iter().any(|other| other == name)
            && !contains(value.as_bytes(), key_prefix.as_bytes());
        let name = theirs::HeaderName::from_bytes(name.as_bytes());
        let value = theirs::HeaderValue::from_bytes(value.as_bytes());
        if let (true, Ok(name), Ok(value)) = (is_kept, name, value) {
            headers.append(name, value);
        }
    }
    // Compressed answers would hide the tokens that they tell.
    headers.insert(
        theirs::ACCEPT_ENCODING,
        theirs::HeaderValue::from_static("identity"),
    );
    headers
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Gives the headers of a provider's answer to ours.
pub(super) fn give_back(got: &TheirHeaders, answer: &mut HttpResponseBuilder) {
    let named = named_by_connection(
        (got.get_all(theirs::CONNECTION).iter()).map(theirs::HeaderValue::as_bytes),
    );
    for (name, value) in got {
        let name = name.as_str();
        if is_listed(name, &NOT_GIVEN, &NOT_GIVEN_BEGINS) || named.iter().any(|other| other == name)
        {
            continue;
        }
        let name = ours::HeaderName::from_bytes(name.as_bytes());
        let value = ours::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            answer.append_header((name, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::HttpResponse;
    use actix_web::test::TestRequest;

    const PREFIX: &str = "kp_Zx5bTn0vGf";

    fn sent(lines: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let request = lines.iter().fold(TestRequest::default(), |request, line| {
            request.append_header(*line)
        });
        let headers = for_provider(request.to_http_request().headers(), PREFIX);
        let text = |value: &theirs::HeaderValue| value.to_str().unwrap().to_owned();
        let lines = headers.iter();
        lines
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    fn identity() -> (String, String) {
        ("accept-encoding".to_owned(), "identity".to_owned())
    }

    #[test]
    fn our_key_leaves_in_no_header() {
        for line in [
            ("x-api-key", "kp_Zx5bTn0vGf_secret"),
            ("authorization", "Bearer kp_Zx5bTn0vGf_secret"),
            ("authorization", "Basic dTpw"),
            ("x-goog-api-key", "kp_Zx5bTn0vGf_secret"),
            ("api-key", "anything"),
            ("x-other", "my kp_Zx5bTn0vGf_secret"),
            ("cookie", "keyport=1"),
        ] {
            assert_eq!(sent(&[line]), [identity()], "{line:?}");
        }
    }

    #[test]
    fn what_belongs_to_the_connection_or_tells_of_the_client_stays() {
        let lines = [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("upgrade", "websocket"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("host", "keys.example"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-anything", "1"),
            ("forwarded", "for=192.0.2.1"),
            ("keyport-error", "x"),
            ("x-original-url", "/admin"),
            ("x-rewrite-url", "/admin"),
            ("x-http-method", "DELETE"),
            ("accept-encoding", "gzip"),
        ];
        assert_eq!(sent(&lines), [identity()]);
    }

    #[test]
    fn everything_else_goes_on_in_its_order() {
        let lines = [
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
            ("user-agent", "OpenAI/Python"),
            ("http-referer", "https://app.example"),
            ("idempotency-key", "1"),
        ];
        let went = sent(&lines);
        for (name, value) in lines {
            assert!(
                went.contains(&(name.to_owned(), value.to_owned())),
                "{name}"
            );
        }
        assert_eq!(went.len(), lines.len() + 1);
    }

    #[test]
    fn what_would_speak_for_our_origin_does_not_come_back() {
        let mut got = TheirHeaders::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-request-id", "req_1"),
            ("retry-after", "20"),
            ("x-ratelimit-remaining-requests", "3"),
            ("connection", "X-Hop"),
            ("x-hop", "1"),
            ("set-cookie", "a=b"),
            ("alt-svc", "h3=\":443\""),
            ("access-control-allow-origin", "*"),
            ("strict-transport-security", "max-age=1"),
            ("content-security-policy", "default-src *"),
            ("keyport-error", "forged"),
            ("x-accel-redirect", "/inside"),
            ("x-accel-buffering", "yes"),
            ("x-sendfile", "/etc/passwd"),
            ("x-lighttpd-send-file", "/etc/passwd"),
            ("x-litespeed-location", "/inside"),
            ("x-reproxy-url", "http://inside"),
            ("surrogate-control", "max-age=60"),
            ("cdn-cache-control", "max-age=60"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
        ] {
            got.append(name, theirs::HeaderValue::from_static(value));
        }
        let mut answer = HttpResponse::Ok();
        give_back(&got, &mut answer);
        let answer = answer.finish();
        let mut names: Vec<&str> = answer.headers().keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        let expected = [
            "content-type",
            "retry-after",
            "x-ratelimit-remaining-requests",
            "x-request-id",
        ];
        assert_eq!(names, expected);
    }
}
