//! Texts with a NUL. PostgreSQL has none, and would refuse the query that one gets into; SQLite would answer it.
//!
//! At the edge, SUBSTITUTE (U+001A) takes the place of each: a control character too, so it is in no name and no address,
//! and what has one matches nothing and is refused where it would be stored.

use std::borrow::Cow;

use actix_web::dev::ServiceRequest;
use actix_web::http::Uri;
use actix_web::http::uri::PathAndQuery;

const ESCAPED_NUL: &str = "%00";
const ESCAPED_SUBSTITUTE: &str = "%1A";
const SUBSTITUTE: u8 = 0x1A;

/// Replaces each NUL in the path and the query of a request.
pub(super) fn replace_in_uri(req: &mut ServiceRequest) {
    let Some(sent) = req.uri().path_and_query() else {
        return;
    };
    if !sent.as_str().contains(ESCAPED_NUL) {
        return;
    }
    let replaced = sent.as_str().replace(ESCAPED_NUL, ESCAPED_SUBSTITUTE);
    let Ok(replaced) = replaced.parse::<PathAndQuery>() else {
        return;
    };
    let mut parts = req.uri().clone().into_parts();
    parts.path_and_query = Some(replaced);
    if let Ok(uri) = Uri::from_parts(parts) {
        req.match_info_mut().get_mut().update(&uri);
        req.head_mut().uri = uri;
    }
}

/// A text with each NUL replaced.
pub fn replaced(text: &str) -> String {
    text.replace('\0', "\u{1A}")
}

/// A form's body with each NUL replaced.
pub fn replaced_in_form(body: &[u8]) -> Cow<'_, [u8]> {
    let is_clean = !body.contains(&0)
        && !(body.windows(ESCAPED_NUL.len())).any(|part| part == ESCAPED_NUL.as_bytes());
    if is_clean {
        return Cow::Borrowed(body);
    }
    let mut clean = Vec::with_capacity(body.len());
    let mut rest = body;
    while let [first, behind @ ..] = rest {
        if let Some(after) = rest.strip_prefix(ESCAPED_NUL.as_bytes()) {
            clean.extend_from_slice(ESCAPED_SUBSTITUTE.as_bytes());
            rest = after;
        } else {
            clean.push(if *first == 0 { SUBSTITUTE } else { *first });
            rest = behind;
        }
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nul_of_a_form_is_replaced_and_nothing_else() {
        for (body, clean) in [
            ("a=b%20c", "a=b%20c"),
            ("a=%00&b=\0c%00", "a=%1A&b=\u{1A}c%1A"),
            ("a=%2500", "a=%2500"),
            ("a=%0", "a=%0"),
        ] {
            assert_eq!(*replaced_in_form(body.as_bytes()), *clean.as_bytes());
        }
    }
}
