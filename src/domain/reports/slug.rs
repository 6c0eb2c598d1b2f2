//! The names of reports in addresses.

use std::fmt;
use std::str::FromStr;

use super::BULK_SLUG;
use super::own::OwnKind;

/// The most characters of a slug.
const MAX_CHARS: usize = 64;
/// Names of addresses that are something else, which a published report must not take.
const TAKEN: [&str; 2] = ["bulkwhois", "new"];

/// The name of a report in addresses: lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSlug {
    /// Other signs, or too many.
    #[error(
        "Write 1 to 64 lower-case letters, digits and hyphens, beginning with a letter or digit."
    )]
    Malformed,
    /// A report of keyport's own.
    #[error("This name is taken. Choose another one.")]
    BuiltIn,
}

impl Slug {
    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One that a report is to be published under.
    ///
    /// # Errors
    /// If it is none, or a built-in report's.
    pub fn parse_new(text: &str) -> Result<Self, BadSlug> {
        let slug: Self = text.trim().parse()?;
        match slug.is_built_in() || TAKEN.contains(&slug.as_str()) {
            true => Err(BadSlug::BuiltIn),
            false => Ok(slug),
        }
    }

    /// True for the reports that keyport makes itself.
    pub fn is_built_in(&self) -> bool {
        self.0 == BULK_SLUG || OwnKind::from_slug(&self.0).is_some()
    }
}

impl FromStr for Slug {
    type Err = BadSlug;

    fn from_str(text: &str) -> Result<Self, BadSlug> {
        let is_slug = (1..=MAX_CHARS).contains(&text.len())
            && !text.starts_with('-')
            && (text.bytes()).all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        is_slug
            .then(|| Self(text.to_owned()))
            .ok_or(BadSlug::Malformed)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_have_no_signs_that_mean_something_in_paths() {
        for text in ["a", "0-0", "network-status", &"a".repeat(64)] {
            assert!(Slug::parse_new(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "-a",
            "A",
            "a b",
            "../a",
            "a/b",
            "a.b",
            "%2e",
            "ä",
            &"a".repeat(65),
        ] {
            assert_eq!(Slug::parse_new(text), Err(BadSlug::Malformed), "{text}");
        }
        for text in [
            "bulkwhois",
            "new",
            "bulk-registry",
            "associations",
            "key-usage",
        ] {
            assert_eq!(Slug::parse_new(text), Err(BadSlug::BuiltIn), "{text}");
        }
    }
}
