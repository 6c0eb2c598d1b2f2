//! Checks postal addresses.

use super::problems::{Problems, quoted};
use super::texts::{lines, optional, required, trimmed};
use crate::domain::registry::countries::{self, Country};
use crate::domain::registry::fields::AddressFields;
use crate::domain::registry::postal::PostalAddress;

const MAX_STREET_LINES: usize = 10;
const MAX_STREET_CHARS: usize = 100;
const MAX_CITY_CHARS: usize = 60;
const MAX_STATE_CHARS: usize = 3;
const MAX_POSTAL_CODE_CHARS: usize = 20;
/// Of a record's comment.
const MAX_COMMENT_LINES: usize = 50;
const MAX_COMMENT_CHARS: usize = 200;

/// An address. State and postal code are required where countries have a table of states.
pub(super) fn address(problems: &mut Problems, fields: &AddressFields) -> Option<PostalAddress> {
    let street = lines(
        problems,
        "streetAddress",
        &fields.street,
        MAX_STREET_LINES,
        MAX_STREET_CHARS,
    );
    if street.is_empty() {
        problems.add("streetAddress", "Give at least one line.");
    }
    let city = required(problems, "city", fields.city.as_deref(), MAX_CITY_CHARS);
    let country = country(problems, fields);
    let state = state(problems, fields.state.as_deref(), country);
    let postal_code = postal_code(problems, fields.postal_code.as_deref(), country);
    Some(PostalAddress {
        street,
        city,
        state,
        postal_code,
        country: country?,
    })
}

/// The comment of a record.
pub(super) fn comment(problems: &mut Problems, comment: &[String]) -> Vec<String> {
    lines(
        problems,
        "comment",
        comment,
        MAX_COMMENT_LINES,
        MAX_COMMENT_CHARS,
    )
}

/// By either code, or by both if they agree.
fn country(problems: &mut Problems, fields: &AddressFields) -> Option<&'static Country> {
    let (code2, code3) = (
        trimmed(fields.country_code2.as_deref()),
        trimmed(fields.country_code3.as_deref()),
    );
    if code2.is_none() && code3.is_none() {
        problems.add(
            "iso3166-1",
            "Name the country by code2 or code3, such as US or USA.",
        );
        return None;
    }
    let by_code2 = known(problems, "code2", code2, 2);
    let by_code3 = known(problems, "code3", code3, 3);
    if let (Some(one), Some(other)) = (by_code2, by_code3)
        && one != other
    {
        problems.add(
            "iso3166-1",
            format!(
                "code2 is that of {}, code3 that of {}. Send one of them, or two that agree.",
                one.name, other.name
            ),
        );
    }
    by_code2.or(by_code3)
}

fn known(
    problems: &mut Problems,
    element: &'static str,
    code: Option<&str>,
    length: usize,
) -> Option<&'static Country> {
    let code = code?;
    let country = countries::find(code).filter(|_| code.len() == length);
    if country.is_none() {
        problems.add(
            element,
            format!("{} is no country. Send a code of ISO 3166-1.", quoted(code)),
        );
    }
    country
}

fn state(
    problems: &mut Problems,
    text: Option<&str>,
    country: Option<&'static Country>,
) -> Option<String> {
    let state = trimmed(text).map(str::to_ascii_uppercase);
    let states = country.and_then(|country| countries::states(country.code2));
    match (&state, country.zip(states)) {
        (None, Some((country, _))) => {
            problems.add(
                "iso3166-2",
                format!(
                    "An address in {} needs the code of its state or province.",
                    country.name
                ),
            );
        }
        (Some(state), Some((country, states))) if !states.contains(&state.as_str()) => {
            problems.add(
                "iso3166-2",
                format!(
                    "{} is no state or province of {}. Send its code of two letters.",
                    quoted(state),
                    country.name
                ),
            );
        }
        (Some(state), None) if !is_state(state) => {
            problems.add(
                "iso3166-2",
                "Send 1 to 3 letters A to Z or digits, or leave it out.",
            );
        }
        _ => {}
    }
    state
}

fn is_state(text: &str) -> bool {
    (1..=MAX_STATE_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn postal_code(
    problems: &mut Problems,
    text: Option<&str>,
    country: Option<&'static Country>,
) -> Option<String> {
    let code = optional(problems, "postalCode", text, MAX_POSTAL_CODE_CHARS);
    let needs_one = country.filter(|country| countries::states(country.code2).is_some());
    match (&code, needs_one) {
        (None, Some(country)) => {
            problems.add(
                "postalCode",
                format!("An address in {} needs it.", country.name),
            );
        }
        (Some(code), Some(country)) if country.code2 == "US" && !is_zip_code(code) => {
            problems.add(
                "postalCode",
                "Send five digits, or nine such as 04101-1234.",
            );
        }
        _ => {}
    }
    code
}

/// "04101" or "04101-1234".
fn is_zip_code(code: &str) -> bool {
    let is_digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match code.split_once('-') {
        Some((five, four)) => is_digits(five, 5) && is_digits(four, 4),
        None => is_digits(code, 5),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An address that is accepted.
    pub(in super::super) fn portland() -> AddressFields {
        AddressFields {
            street: vec!["4 Quay Street".to_owned()],
            city: Some("Portland".to_owned()),
            state: Some("ME".to_owned()),
            postal_code: Some("04101".to_owned()),
            country_code2: Some("US".to_owned()),
            country_code3: None,
        }
    }

    fn checked(
        change: impl FnOnce(&mut AddressFields),
    ) -> Result<PostalAddress, Vec<&'static str>> {
        let mut fields = portland();
        change(&mut fields);
        let mut problems = Problems::default();
        let checked = address(&mut problems, &fields);
        let elements = |problem: &crate::domain::registry::error::Problem| problem.element;
        (problems.or(checked)).map_err(|problems| problems.iter().map(elements).collect())
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_address_is_kept_as_it_is_written_with_an_upper_case_state() {
        let address = checked(|fields| {
            fields.state = some("me");
            fields.country_code2 = some("us");
            fields.country_code3 = some("USA");
            fields.postal_code = some("04101-1234");
            fields.street.push(" ".to_owned());
        })
        .unwrap();
        assert_eq!(address.state.as_deref(), Some("ME"));
        assert_eq!(address.country.code2, "US");
        assert_eq!(address.street, ["4 Quay Street"]);
    }

    #[test]
    fn the_country_decides_what_is_needed() {
        let abroad = checked(|fields| {
            fields.state = None;
            fields.postal_code = None;
            fields.country_code2 = None;
            fields.country_code3 = some("DEU");
        });
        assert_eq!(abroad.unwrap().country.code2, "DE");
        let canada = checked(|fields| {
            fields.country_code2 = some("CA");
            fields.state = some("NS");
            fields.postal_code = some("B3H 0A1");
        });
        assert!(canada.is_ok());
        let nowhere = checked(|fields| {
            fields.state = None;
            fields.postal_code = some(" ");
        });
        assert_eq!(nowhere.unwrap_err(), ["iso3166-2", "postalCode"]);
    }

    type Change = fn(&mut AddressFields);

    #[test]
    fn each_element_is_named() {
        let cases: &[(Change, &[&str])] = &[
            (|f| f.street = vec![String::new()], &["streetAddress"]),
            (|f| f.street = vec!["x".to_owned(); 11], &["streetAddress"]),
            (|f| f.street = vec!["x".repeat(101)], &["streetAddress"]),
            (|f| f.city = None, &["city"]),
            (|f| f.city = some(&"x".repeat(61)), &["city"]),
            (|f| f.state = some("ZZ"), &["iso3166-2"]),
            (|f| f.postal_code = some("4101"), &["postalCode"]),
            (|f| f.postal_code = some("04101-12"), &["postalCode"]),
            (|f| f.country_code2 = None, &["iso3166-1"]),
            (|f| f.country_code2 = some("XX"), &["code2"]),
            (|f| f.country_code2 = some("USA"), &["code2"]),
            (|f| f.country_code3 = some("CAN"), &["iso3166-1"]),
            (|f| f.country_code3 = some("US"), &["code3"]),
        ];
        for (change, elements) in cases {
            assert_eq!(checked(change).unwrap_err(), *elements);
        }
        let abroad = checked(|fields| {
            fields.country_code2 = some("DE");
            fields.state = some("ABCD");
            fields.postal_code = some(&"1".repeat(21));
        });
        assert_eq!(abroad.unwrap_err(), ["iso3166-2", "postalCode"]);
    }
}
