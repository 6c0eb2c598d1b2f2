//! Short texts that people enter: names of keys and accounts, and email addresses.

use std::fmt;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 100;
/// The longest email address, in bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL_BYTES: usize = 254;

/// The longest part before the @, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// Why a text is no name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing is left after trimming, or more than 100 characters.
    #[error("Enter a name of 1 to 100 characters.")]
    Length,
    /// Characters that do not show, or that turn the text around them.
    #[error("Remove characters that cannot be seen or that change the direction of the text.")]
    Hidden,
}

/// A name of 1 to 100 characters, trimmed, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// If nothing is left after trimming, it is longer than 100 characters, or it has control characters.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let trimmed = text.trim();
        let length = trimmed.chars().count();
        if length == 0 || length > MAX_NAME_CHARS {
            return Err(BadName::Length);
        }
        if trimmed.chars().any(is_hidden) {
            return Err(BadName::Hidden);
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What of a text from outside can be seen and stays in its place, `max_chars` at most: for logs, and for showing it to others.
pub fn visible(text: &str, max_chars: usize) -> String {
    text.chars()
        .filter(|c| !is_hidden(*c))
        .take(max_chars)
        .collect()
}

/// Control characters, those that change the direction of the text around them (Unicode Standard Annex 9, "explicit
/// directional formatting"), line separators, and those that show nothing (the property `Default_Ignorable_Code_Point`
/// of Unicode, less the joiners and variation selectors that scripts and emoji need): with them one name can be made to
/// look like another, or like none.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
            | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// A text that is no email address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an email address")]
pub struct BadEmail;

/// An email address in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address by the rule that browsers apply to `<input type=email>` (HTML Standard, "valid e-mail
    /// address"), with at least one dot-free label as host, and lowers its case.
    ///
    /// # Errors
    /// If it does not follow that rule, or is longer than 254 bytes, or 64 before the @: no server would take mail for it.
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let trimmed = text.trim();
        let (local, host) = trimmed.rsplit_once('@').ok_or(BadEmail)?;
        let local_is_valid =
            (1..=MAX_LOCAL_BYTES).contains(&local.len()) && local.bytes().all(is_local_byte);
        let host_is_valid = host.split('.').all(is_host_label);
        if trimmed.len() > MAX_EMAIL_BYTES || !local_is_valid || !host_is_valid {
            return Err(BadEmail);
        }
        Ok(Self(trimmed.to_ascii_lowercase()))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_host_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The pattern for `LIKE` that finds this text anywhere, in lower case, escaped with a backslash.
pub fn like_pattern(text: &str) -> String {
    let escaped = text
        .to_lowercase()
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_may_hold_html_and_emoji() {
        assert_eq!(Name::parse("  CI deploy ").unwrap().as_str(), "CI deploy");
        for name in ["<b>bold</b>", "🔑 key", "Schlüssel", &"é".repeat(100)] {
            assert_eq!(Name::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn empty_long_and_deceptive_names_are_refused() {
        for name in ["", "   ", &"x".repeat(101)] {
            assert_eq!(Name::parse(name), Err(BadName::Length), "{name:?}");
        }
        for name in [
            "a\nb",
            "a\u{0}b",
            "a\u{202E}b",
            "a\u{200F}b",
            "a\u{2066}b",
            "a\u{AD}b",
            "\u{3164}",
            "a\u{E0041}",
        ] {
            assert_eq!(Name::parse(name), Err(BadName::Hidden), "{name:?}");
        }
    }

    #[test]
    fn what_is_written_down_keeps_only_what_can_be_seen() {
        let sent = "curl/8\r\nrow 9: \u{202E}enod\u{2066}\u{200B} \u{1b}[31m é🔑";
        assert_eq!(visible(sent, 100), "curl/8row 9: enod [31m é🔑");
        assert_eq!(visible("ééé", 2), "éé");
    }

    #[test]
    fn addresses_are_compared_in_lower_case() {
        let address = EmailAddress::parse(" Maren@Harbor.Example ").unwrap();
        assert_eq!(address.as_str(), "maren@harbor.example");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in [
            "", "a", "@b", "a@", "a b@c", "a@b..c", "a@-b", "a\n@b", "ä@b.c", &long,
        ] {
            assert_eq!(EmailAddress::parse(text), Err(BadEmail), "{text:?}");
        }
        let local = |length| EmailAddress::parse(&format!("{}@example.com", "a".repeat(length)));
        assert!(local(64).is_ok() && local(65).is_err());
    }
}
