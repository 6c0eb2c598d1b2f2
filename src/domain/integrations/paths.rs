//! Which paths may be passed on to a provider: only those that mean the same to everyone who reads them.
//!
//! A path that climbs (`..`), or hides a slash, a backslash or a control character behind percent signs, may be read in one
//! way here and in another by the provider, or by what stands before it. Such paths are refused, not mended.

use std::borrow::Cow;

/// Bytes of a path and its query that are passed on.
const MOST_BYTES: usize = 8 * 1024;
/// How often something may have been percent-encoded over: decoding once more must not bring up what is refused.
const MOST_LAYERS: usize = 4;

/// Why a path is not passed on: the end of a sentence that begins with "The path".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// It has a segment `.` or `..`, encoded or not.
    #[error("has a segment of dots: write it without “.” and “..”")]
    Dots,
    /// It has a slash or a backslash that is encoded, or a backslash.
    #[error("has an encoded slash or a backslash: write plain slashes")]
    Slash,
    /// It has an empty segment.
    #[error("has two slashes in a row: write one")]
    Empty,
    /// It has a control character, or one outside of ASCII that is not encoded.
    #[error("has a control character, or one that must be percent-encoded")]
    Character,
    /// It has a percent sign that begins no encoded byte.
    #[error("has a percent sign without two hexadecimal digits behind it")]
    Percent,
    /// It is too long.
    #[error("is longer than 8,192 bytes, with its query")]
    Long,
}

/// Makes sure that a path, as it stood in the request line, can be passed on.
///
/// # Errors
/// If not; nothing is mended.
pub fn check(path: &str, query: Option<&str>) -> Result<(), BadPath> {
    if path.len() + query.map_or(0, str::len) > MOST_BYTES {
        return Err(BadPath::Long);
    }
    let is_plain = |text: &str| text.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    if !is_plain(path) || !query.is_none_or(is_plain) {
        return Err(BadPath::Character);
    }
    if path.contains('\\') {
        return Err(BadPath::Slash);
    }
    // A slash at the end is part of some addresses.
    let inner = path.strip_prefix('/').unwrap_or(path);
    if inner.contains("//") || inner.starts_with('/') {
        return Err(BadPath::Empty);
    }
    path.split('/').try_for_each(check_segment)
}

fn check_segment(segment: &str) -> Result<(), BadPath> {
    let mut text: Cow<'_, [u8]> = Cow::Borrowed(segment.as_bytes());
    for layer in 0..=MOST_LAYERS {
        // What follows a semicolon belongs to no name: some servers cut it off before they look at dots.
        let name = text.split(|byte| *byte == b';').next().unwrap_or_default();
        if name == b"." || name == b".." {
            return Err(BadPath::Dots);
        }
        if layer > 0 && text.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
            return Err(BadPath::Slash);
        }
        if text.iter().any(u8::is_ascii_control) {
            return Err(BadPath::Character);
        }
        match decode(&text) {
            Ok(Some(decoded)) => text = Cow::Owned(decoded),
            Ok(None) => return Ok(()),
            // Behind the first layer, a percent sign is one that was meant.
            Err(bad) if layer == 0 => return Err(bad),
            Err(_) => return Ok(()),
        }
    }
    Err(BadPath::Percent)
}

/// Undoes one layer of percent-encoding; `None` if there is none.
fn decode(text: &[u8]) -> Result<Option<Vec<u8>>, BadPath> {
    if !text.contains(&b'%') {
        return Ok(None);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            decoded.push(*first);
            continue;
        }
        let (high, low) = match tail {
            [high, low, ..] => (hex(*high), hex(*low)),
            _ => (None, None),
        };
        let (Some(high), Some(low)) = (high, low) else {
            return Err(BadPath::Percent);
        };
        decoded.push(high << 4 | low);
        rest = &tail[2..];
    }
    Ok(Some(decoded))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// A path in the one form in which it is compared with limits: of what is percent-encoded, letters, digits, `-`, `.`, `_` and
/// `~` are written plainly, since they mean the same (RFC 3986 section 6.2.2.2), and the rest with upper-case digits.
pub fn canonical(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3);
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        let (Some(code), Some(byte)) = (code, byte) else {
            plain.push('%');
            rest = &rest[at + 1..];
            continue;
        };
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            plain.push(char::from(byte));
        } else {
            plain.push('%');
            plain.push_str(&code.to_ascii_uppercase());
        }
        rest = &rest[at + 3..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_pass() {
        for path in [
            "/v1/chat/completions",
            "/v1/models/",
            "/",
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
            "/v1/files/file-abc%20d",
            "/v1/models/..hidden",
            "/v1/a...b/100%25",
            "/v1/%C3%A9",
        ] {
            assert_eq!(check(path, Some("a=b%2Fc&d=..")), Ok(()), "{path}");
        }
    }

    #[test]
    fn dots_are_refused_however_they_are_written() {
        for path in [
            "/v1/../admin",
            "/..",
            "/v1/.",
            "/v1/./x",
            "/v1/%2e%2e/x",
            "/v1/%2E./x",
            "/v1/.%2e",
            "/v1/%252e%252e/x",
            "/v1/%25252e%25252e/x",
            "/v1/..;a=b/x",
            "/v1/%2e%2e%3bx/y",
        ] {
            assert_eq!(check(path, None), Err(BadPath::Dots), "{path}");
        }
    }

    #[test]
    fn hidden_slashes_are_refused() {
        for path in [
            "/v1%2fx",
            "/v1/%2F..%2Fx",
            "/v1/a%5cb",
            "/v1/a%5C..%5Cb",
            "/v1/a\\b",
            "/v1/a%252fb",
        ] {
            assert_eq!(check(path, None), Err(BadPath::Slash), "{path}");
        }
    }

    #[test]
    fn other_ways_to_be_read_twice_are_refused() {
        assert_eq!(check("//evil.example/x", None), Err(BadPath::Empty));
        assert_eq!(check("/v1//x", None), Err(BadPath::Empty));
        assert_eq!(check("/v1/%00", None), Err(BadPath::Character));
        assert_eq!(check("/v1/%0d%0aHost:x", None), Err(BadPath::Character));
        assert_eq!(check("/v1/%7f", None), Err(BadPath::Character));
        assert_eq!(check("/v1/a b", None), Err(BadPath::Character));
        assert_eq!(check("/v1/é", None), Err(BadPath::Character));
        assert_eq!(check("/v1", Some("a=\u{1}")), Err(BadPath::Character));
        assert_eq!(check("/v1/%zz", None), Err(BadPath::Percent));
        assert_eq!(check("/v1/%4", None), Err(BadPath::Percent));
        let long = format!("/{}", "a".repeat(9_000));
        assert_eq!(check(&long, None), Err(BadPath::Long));
        assert_eq!(check("/v1", Some(&long)), Err(BadPath::Long));
    }

    #[test]
    fn what_means_the_same_is_compared_as_the_same() {
        assert_eq!(canonical("/v1/%6dodels/a%2dB"), "/v1/models/a-B");
        assert_eq!(canonical("/v1/a%3ab"), "/v1/a%3Ab");
        assert_eq!(canonical("/v1/models"), "/v1/models");
        assert_eq!(canonical("/v1/%"), "/v1/%");
    }
}
