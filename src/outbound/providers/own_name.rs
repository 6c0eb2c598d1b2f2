//! By what a call is recognized that a provider's address has led back to us (RFC 8586).

use hyper::header::{HeaderName, HeaderValue};

/// By which servers a call has come.
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");

/// What our own calls bear in `CDN-Loop`.
#[derive(Clone, Debug)]
pub struct OwnName(HeaderValue);

impl OwnName {
    /// Takes it: host and port of the public address.
    pub fn new(name: HeaderValue) -> Self {
        Self(name)
    }

    /// What a call bears.
    pub(super) fn value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// True if one of these values of `CDN-Loop` says that the call has been here before.
    pub(super) fn is_in<'a>(&self, mut values: impl Iterator<Item = &'a [u8]>) -> bool {
        let is_ours = |server: &[u8]| {
            let name = server.split(|byte| *byte == b';').next();
            let name = name.unwrap_or_default().trim_ascii();
            name.eq_ignore_ascii_case(self.0.as_bytes())
        };
        values.any(|value| value.split(|byte| *byte == b',').any(is_ours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_was_here_says_so_among_others() {
        let name = OwnName::new(HeaderValue::from_static("keys.example:8443"));
        let is_in = |values: &[&str]| name.is_in(values.iter().map(|value| value.as_bytes()));
        assert!(is_in(&["keys.example:8443"]));
        assert!(is_in(&["a", "b;v=1, KEYS.example:8443 ; x"]));
        assert!(!is_in(&[]));
        assert!(!is_in(&["keys.example", "other.keys.example:8443", ""]));
    }
}
