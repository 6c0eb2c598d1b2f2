//! Refuses forms that another site has sent in a signed-in person's name. The form token refuses them as well; this
//! check needs no token, holds for every form there will ever be, and says why.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use url::Url;

use crate::web::state::Site;

/// True for a request that may change something and that a browser says comes from elsewhere.
///
/// `Sec-Fetch-Site` (W3C Fetch Metadata) decides where the browser sends it, which is on https and on localhost; else
/// `Origin` must be this host. A request with neither is no browser's, and the form token still guards it.
pub(super) fn is_cross_site(req: &HttpRequest, site: &Site) -> bool {
    if req.method().is_safe() {
        return false;
    }
    if let Some(value) = text(req.headers(), "sec-fetch-site") {
        return !matches!(value, "same-origin" | "none");
    }
    let Some(origin) = text(req.headers(), header::ORIGIN.as_str()) else {
        return false;
    };
    let host = text(req.headers(), header::HOST.as_str());
    !is_own(origin, host, site)
}

fn is_own(origin: &str, host: Option<&str>, site: &Site) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    if origin.origin() == site.public_url.origin() {
        return true;
    }
    // Another address of this server, but not its own over plain http, which anyone on the way can speak for.
    if origin.scheme() != site.public_url.scheme() {
        return false;
    }
    let Some(origin_host) = origin.host_str() else {
        return false;
    };
    let origin_authority = match origin.port() {
        Some(port) => format!("{origin_host}:{port}"),
        None => origin_host.to_owned(),
    };
    host.is_some_and(|host| host.eq_ignore_ascii_case(&origin_authority))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SignUp;
    use actix_web::test::TestRequest;

    fn refused(headers: &[(&'static str, &'static str)]) -> bool {
        let site = Site {
            public_url: Url::parse("https://keys.example").unwrap(),
            sign_up: SignUp::Open,
            security_contact: None,
            mail_way: None,
            has_mail: false,
        };
        let request = headers.iter().fold(TestRequest::post(), |request, header| {
            request.insert_header(*header)
        });
        is_cross_site(&request.to_http_request(), &site)
    }

    #[test]
    fn the_browsers_own_word_decides() {
        assert!(!refused(&[("sec-fetch-site", "same-origin")]));
        assert!(!refused(&[("sec-fetch-site", "none")]));
        assert!(refused(&[("sec-fetch-site", "cross-site")]));
        assert!(refused(&[("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn without_it_the_origin_must_be_ours() {
        assert!(!refused(&[("origin", "https://keys.example")]));
        assert!(!refused(&[
            ("origin", "https://10.0.0.5:8443"),
            ("host", "10.0.0.5:8443")
        ]));
        for (plain, host) in [
            ("http://keys.example", "keys.example"),
            ("http://10.0.0.5:8080", "10.0.0.5:8080"),
        ] {
            assert!(refused(&[("origin", plain), ("host", host)]));
        }
        assert!(refused(&[
            ("origin", "https://evil.example"),
            ("host", "keys.example")
        ]));
        assert!(refused(&[("origin", "null"), ("host", "keys.example")]));
    }

    #[test]
    fn a_request_that_is_no_browsers_passes() {
        assert!(!refused(&[]));
    }
}
