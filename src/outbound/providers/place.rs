//! Where a provider is, and whether it may be called: judged when the address is read, and again before each call.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::http::uri::PathAndQuery;
use url::{Host, Position, Url};

use super::addresses::is_public;

/// The longest base URL, in bytes.
const MOST_URL_BYTES: usize = 300;

/// A host and port that an operator allows although it is private, or unencrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedPlace {
    host: String,
    port: u16,
}

/// A text that is no `HOST:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write HOST:PORT, like 127.0.0.1:9000")]
pub struct BadPlace;

impl AllowedPlace {
    /// Reads `HOST:PORT`; IPv6 addresses in brackets.
    ///
    /// # Errors
    /// If it is something else.
    pub fn parse(text: &str) -> Result<Self, BadPlace> {
        let (host, port) = text.trim().rsplit_once(':').ok_or(BadPlace)?;
        let port: u16 = port.parse().or(Err(BadPlace))?;
        let host = Host::parse(host).or(Err(BadPlace))?;
        if port == 0 {
            return Err(BadPlace);
        }
        Ok(Self {
            host: host.to_string(),
            port,
        })
    }
}

/// The places that an operator allows. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Arc<[AllowedPlace]>);

impl Allowed {
    /// These, and all that is public.
    pub fn new(places: Vec<AllowedPlace>) -> Self {
        Self(places.into())
    }

    /// True if the operator allows host and port by name.
    pub(super) fn names(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return false;
        };
        self.0
            .iter()
            .any(|place| place.port == port && place.host == host)
    }
}

/// Why a URL is no provider's base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBaseUrl {
    /// Not an https URL of a host, without user, query and fragment.
    #[error("Enter an address that begins with https://, like https://api.example.com.")]
    Malformed,
    /// Unencrypted.
    #[error("Enter an address that begins with https://. The key would be sent unencrypted.")]
    NotHttps,
    /// An address that is not of the internet, or a name that always stands for one.
    #[error(
        "This address is in a private range. An operator of this server can allow it by host and port."
    )]
    Private,
    /// Longer than 300 bytes.
    #[error("Enter an address of at most 300 characters.")]
    Long,
}

/// Scheme, host, port and the beginning of the path of a provider. Everything that is called stands below it.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads it. A slash, and a version such as `/v1`, at its end do not belong to it.
    ///
    /// # Errors
    /// If it is no such URL, or may not be called.
    pub fn parse(text: &str, allowed: &Allowed) -> Result<Self, BadBaseUrl> {
        let text = text.trim();
        if text.len() > MOST_URL_BYTES {
            return Err(BadBaseUrl::Long);
        }
        let mut url = Url::parse(text).or(Err(BadBaseUrl::Malformed))?;
        let is_plain = matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !is_plain {
            return Err(BadBaseUrl::Malformed);
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
        let is_odd = path.contains("//") || path.contains('%');
        if is_odd {
            return Err(BadBaseUrl::Malformed);
        }
        url.set_path(&path);
        let base = Self(url);
        base.judge(allowed)?;
        Ok(base)
    }

    /// What was stored once as a base URL. Whether it may be called still, each call judges. `None` if it is no URL at all.
    pub fn from_stored(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        (matches!(url.scheme(), "https" | "http") && url.has_host()).then_some(Self(url))
    }

    /// Whether it may be called, as far as can be said before its name is resolved.
    ///
    /// # Errors
    /// If it may not.
    pub(super) fn judge(&self, allowed: &Allowed) -> Result<(), BadBaseUrl> {
        if allowed.names(&self.0) {
            return Ok(());
        }
        if self.0.scheme() != "https" {
            return Err(BadBaseUrl::NotHttps);
        }
        let is_private = match self.0.host() {
            Some(Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
            Some(Host::Domain(name)) => stands_for_this_machine(name),
            None => return Err(BadBaseUrl::Malformed),
        };
        if is_private {
            return Err(BadBaseUrl::Private);
        }
        Ok(())
    }

    /// True if the operator allows it by name: then it may be private, and unencrypted.
    pub(super) fn is_named(&self, allowed: &Allowed) -> bool {
        allowed.names(&self.0)
    }

    /// Path and query of a call: this one's path, then the given one. `None` if that does not begin with a slash, leads upward,
    /// or has characters that no request line can hold.
    pub(super) fn join(&self, path_and_query: &str) -> Option<PathAndQuery> {
        let path = path_and_query.split('?').next().unwrap_or_default();
        let leads_upward = path.contains('\\')
            || path.split('/').any(|part| {
                let is_dots = |part: &str| matches!(part, "." | "..");
                is_dots(part)
                    || part.contains('%') && is_dots(&part.to_ascii_lowercase().replace("%2e", "."))
            });
        if !path.starts_with('/') || leads_upward {
            return None;
        }
        let below = self.0.path().trim_end_matches('/');
        PathAndQuery::try_from(format!("{below}{path_and_query}")).ok()
    }

    /// Scheme, host and port: where its connections lead to.
    pub(super) fn origin(&self) -> &str {
        &self.0[..Position::BeforePath]
    }

    /// Host, and port if it is not the scheme's own: what a request names (RFC 9110, section 7.2).
    pub(super) fn authority(&self) -> &str {
        &self.0[Position::BeforeHost..Position::BeforePath]
    }

    /// The host, for people.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Display for BaseUrl {
    /// Without a slash at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

/// RFC 6761, section 6.3. Other names are judged by what they are resolved to.
fn stands_for_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(places: &[&str]) -> Allowed {
        let places = places.iter().map(|text| AllowedPlace::parse(text).unwrap());
        Allowed::new(places.collect())
    }

    fn parse(text: &str) -> Result<String, BadBaseUrl> {
        let nothing = Allowed::default();
        BaseUrl::parse(text, &nothing).map(|base| base.to_string())
    }

    #[test]
    fn a_base_url_is_kept_without_version_and_slash() {
        for (text, kept) in [
            ("https://api.openai.com", "https://api.openai.com"),
            (" https://API.example/v1/ ", "https://api.example"),
            ("https://openrouter.ai/api/v1", "https://openrouter.ai/api"),
            ("https://h.example:8443/a/", "https://h.example:8443/a"),
            ("https://1.1.1.1", "https://1.1.1.1"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(kept), "{text}");
        }
    }

    #[test]
    fn what_is_no_https_url_of_a_host_is_refused() {
        let long = format!("https://h.example/{}", "a".repeat(300));
        for (text, problem) in [
            ("", BadBaseUrl::Malformed),
            ("api.example", BadBaseUrl::Malformed),
            ("ftp://h.example", BadBaseUrl::Malformed),
            ("file:///etc/passwd", BadBaseUrl::Malformed),
            ("https://u:p@h.example", BadBaseUrl::Malformed),
            ("https://h.example?a", BadBaseUrl::Malformed),
            ("https://h.example#a", BadBaseUrl::Malformed),
            ("https://h.example//a", BadBaseUrl::Malformed),
            ("https://h.example/%2e%2e%2fa", BadBaseUrl::Malformed),
            ("http://h.example", BadBaseUrl::NotHttps),
            (&long, BadBaseUrl::Long),
        ] {
            assert_eq!(parse(text), Err(problem), "{text}");
        }
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[fd00::1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "１２７.0.0.1",
        ] {
            let text = format!("https://{host}");
            assert_eq!(parse(&text), Err(BadBaseUrl::Private), "{text}");
        }
    }

    #[test]
    fn an_operator_allows_a_host_with_its_port_and_no_other() {
        let allowed = allowed(&["127.0.0.1:9000", "[::1]:9000", "models.internal:443"]);
        let parse = |text: &str| BaseUrl::parse(text, &allowed).is_ok();
        assert!(parse("http://127.0.0.1:9000"));
        assert!(parse("https://127.0.0.1:9000/x"));
        assert!(parse("http://[::1]:9000"));
        assert!(parse("https://models.internal"));
        assert!(parse("http://models.internal:443"));
        assert!(!parse("http://127.0.0.1:9001"));
        assert!(!parse("http://127.0.0.2:9000"));
        assert!(!parse("http://models.internal"));
        for text in ["127.0.0.1", "h:0", ":1", "a b:1", "http://h:1", "h:99999"] {
            assert_eq!(AllowedPlace::parse(text), Err(BadPlace), "{text}");
        }
    }

    #[test]
    fn calls_stay_on_host_and_below_the_path() {
        let base = BaseUrl::parse("https://h.example:444/api", &Allowed::default()).unwrap();
        assert_eq!(base.origin(), "https://h.example:444");
        assert_eq!(base.authority(), "h.example:444");
        let join = |path: &str| base.join(path).map(|joined| joined.to_string());
        let is = |path, whole: &str| assert_eq!(join(path).as_deref(), Some(whole));
        is("/v1/models", "/api/v1/models");
        is("/v1/a?b=c/../d", "/api/v1/a?b=c/../d");
        is("/a%20b", "/api/a%20b");
        is("/@evil.example/", "/api/@evil.example/");
        is("//evil.example/x", "/api//evil.example/x");
        for path in [
            "",
            "v1",
            "/../x",
            "/a/%2e%2E/b",
            "/a/.",
            "/a\\..\\b",
            "@evil.example",
            "/a b",
            "/a\r\nhost: evil.example",
        ] {
            assert_eq!(join(path), None, "{path}");
        }
    }

    #[test]
    fn a_request_names_the_port_where_it_is_not_the_scheme_s_own() {
        for (text, authority) in [
            ("https://h.example:443/v1", "h.example"),
            ("https://[2606:4700::1]:8443", "[2606:4700::1]:8443"),
        ] {
            let base = BaseUrl::parse(text, &Allowed::default()).unwrap();
            assert_eq!(base.authority(), authority);
        }
    }
}
