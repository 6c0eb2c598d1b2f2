//! Headers that every answer carries.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// Scripts, styles, images, fonts and fetches from here only; forms go nowhere else; no frame, no base, no plugin.
/// No exception for inline code: whatever slips into a page as markup cannot run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Two years, as browsers' preload lists ask.
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// Sets them; HSTS only where the public address is https. A download has a stricter policy of its own.
pub fn set(headers: &mut HeaderMap, is_https: bool) {
    let hsts = is_https.then_some(("strict-transport-security", HSTS));
    for (name, value) in HEADERS.into_iter().chain(hsts) {
        if name == "content-security-policy" && headers.contains_key(name) {
            continue;
        }
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
}
