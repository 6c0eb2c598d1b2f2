//! Postal addresses, and texts of several lines.

use super::countries::{self, Country};

/// A postal address that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostalAddress {
    /// Lines of the street, in order.
    pub street: Vec<String>,
    /// Town.
    pub city: String,
    /// Code of the state or province.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country.
    pub country: &'static Country,
}

impl PostalAddress {
    /// From the columns of a record. A country that this version does not know (any more) reads as unknown (ZZ).
    pub fn from_stored(
        street: &str,
        city: String,
        state: Option<String>,
        postal_code: Option<String>,
        country: &str,
    ) -> Self {
        Self {
            street: lines(street),
            city,
            state,
            postal_code,
            country: countries::find(country).unwrap_or(&UNKNOWN),
        }
    }
}

/// User-assigned in ISO 3166-1, and used for "unknown" by Unicode CLDR.
static UNKNOWN: Country = Country {
    code2: "ZZ",
    code3: "ZZZ",
    name: "Unknown",
    dialing_code: None,
};

/// The lines of a stored text.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Lines as they are stored.
pub fn joined(lines: &[String]) -> String {
    lines.join("\n")
}
