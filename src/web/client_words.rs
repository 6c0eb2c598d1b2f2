//! How a browser names itself, in words for people: "Firefox 146 on macOS". A small table: what it does not know is shown
//! as it came.

use crate::web::markup::{Icon, icon};

/// A browser in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientWords {
    /// "Safari on iPhone".
    pub text: String,
    /// True for what is held in a hand.
    pub is_small: bool,
}

impl ClientWords {
    /// A picture of the kind of device.
    pub fn icon(&self) -> Icon {
        icon(if self.is_small {
            "smartphone"
        } else {
            "monitor"
        })
    }
}

/// What precedes the version, and the name. Most browsers name others too, so the order decides.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// What gives a system away, its name, and whether it is held in a hand.
const SYSTEMS: [(&str, &str, bool); 8] = [
    ("iPhone", "iPhone", true),
    ("iPad", "iPad", true),
    ("Android", "Android", true),
    ("Windows", "Windows", false),
    ("CrOS", "ChromeOS", false),
    ("Mac OS X", "macOS", false),
    ("FreeBSD", "FreeBSD", false),
    ("Linux", "Linux", false),
];

/// Words for a client that named itself so.
pub fn client_words(client: &str) -> ClientWords {
    let browser = BROWSERS.iter().find_map(|(mark, name)| {
        let version = client.split(mark).nth(1)?;
        Some(match (*name, major(version)) {
            // Safari's number is the one of its engine.
            ("Safari", _) | (_, None) => (*name).to_owned(),
            (name, Some(major)) => format!("{name} {major}"),
        })
    });
    let system = SYSTEMS.iter().find(|(mark, ..)| client.contains(mark));
    let text = match (browser, system) {
        (Some(browser), Some((_, system, _))) => format!("{browser} on {system}"),
        (Some(browser), None) => browser,
        (None, _) if client.is_empty() => "Unknown browser".to_owned(),
        (None, _) => client.chars().take(60).collect(),
    };
    ClientWords {
        text,
        is_small: system.is_some_and(|(.., is_small)| *is_small),
    }
}

fn major(version: &str) -> Option<&str> {
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    Some(&version[..end]).filter(|digits| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_systems_are_named() {
        for (client, words) in [
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:146.0) Gecko/20100101 Firefox/146.0",
                "Firefox 146 on macOS",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
                "Chrome 143 on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
                "Edge 143 on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36",
                "Chrome 143 on Android",
            ),
            ("curl/8.5.0", "curl/8.5.0"),
            ("", "Unknown browser"),
        ] {
            assert_eq!(client_words(client).text, words);
        }
    }

    #[test]
    fn phones_are_small() {
        assert!(client_words("Mozilla/5.0 (iPhone) Safari/604.1").is_small);
        assert!(!client_words("Mozilla/5.0 (X11; Linux x86_64) Firefox/146.0").is_small);
    }
}
