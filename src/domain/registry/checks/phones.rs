//! Checks telephone numbers.

use std::collections::HashSet;

use super::Checked;
use super::problems::{Problems, quoted};
use super::texts::trimmed;
use crate::domain::registry::contacts::Phone;
use crate::domain::registry::fields::{PhoneFields, PhoneKind};

const MAX_PHONES: usize = 20;
/// Digits of a number (ITU-T E.164 has at most 15).
const DIGITS: std::ops::RangeInclusive<usize> = 5..=15;
/// With room for a sign around each digit.
const MAX_NUMBER_CHARS: usize = 40;
const MAX_EXTENSION_DIGITS: usize = 10;

/// A telephone number.
///
/// # Errors
/// All that cannot be accepted.
pub fn phone(fields: &PhoneFields) -> Checked<Phone> {
    let mut problems = Problems::default();
    if fields.kind.is_none() {
        problems.add("type", "Send the code O (Office), M (Mobile) or F (Fax).");
    }
    let number = trimmed(fields.number.as_deref()).unwrap_or_default();
    if !is_number(number) {
        problems.add(
            "number",
            "Send 5 to 15 digits, with + - . ( ) and spaces where you like.",
        );
    }
    let extension = trimmed(fields.extension.as_deref());
    if !extension.is_none_or(is_extension) {
        problems.add(
            "extension",
            "Send up to 10 digits, or leave the extension out.",
        );
    }
    let checked = fields.kind.map(|kind| Phone {
        kind,
        number: number.to_owned(),
        extension: extension.map(str::to_owned),
    });
    problems.or(checked)
}

/// The digits of a number, by which two numbers are the same however they are written.
pub fn digits(number: &str) -> String {
    (number.chars()).filter(char::is_ascii_digit).collect()
}

/// All numbers of a contact, in order.
pub(super) fn phones(problems: &mut Problems, fields: &[PhoneFields]) -> Vec<Phone> {
    if fields.len() > MAX_PHONES {
        problems.add(
            "phones",
            format!("Send at most {MAX_PHONES} telephone numbers."),
        );
        return Vec::new();
    }
    let checked: Vec<Option<Phone>> = (fields.iter())
        .map(|fields| problems.keep(phone(fields)))
        .collect();
    // A number that is bad otherwise may still be the office phone that is asked for.
    if !fields
        .iter()
        .any(|fields| fields.kind == Some(PhoneKind::Office))
    {
        problems.add("phones", "At least one office phone is needed.");
    }
    let phones: Vec<Phone> = checked.into_iter().flatten().collect();
    let mut seen = HashSet::new();
    for phone in &phones {
        if !seen.insert((phone.kind.code(), digits(&phone.number))) {
            problems.add(
                "phones",
                format!(
                    "{} is there twice as type {}. Send it once.",
                    quoted(&phone.number),
                    phone.kind.code()
                ),
            );
        }
    }
    phones
}

fn is_number(text: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_digit() || "+-.() ".contains(c);
    text.chars().all(is_sign)
        && text.len() <= MAX_NUMBER_CHARS
        && DIGITS.contains(&digits(text).len())
}

fn is_extension(text: &str) -> bool {
    text.len() <= MAX_EXTENSION_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office(number: &str) -> PhoneFields {
        PhoneFields {
            kind: Some(PhoneKind::Office),
            number: Some(number.to_owned()),
            extension: None,
        }
    }

    fn elements<T>(checked: Checked<T>) -> Vec<&'static str> {
        let problems = checked.err().unwrap_or_default();
        problems.iter().map(|problem| problem.element).collect()
    }

    fn listed(fields: &[PhoneFields]) -> Vec<&'static str> {
        let mut problems = Problems::default();
        let checked = phones(&mut problems, fields);
        elements(problems.or(Some(checked)))
    }

    #[test]
    fn numbers_have_5_to_15_digits_and_some_signs() {
        for number in [
            "+1.207.555.0142",
            "(207) 555-0142",
            "12345",
            "123456789012345",
        ] {
            assert_eq!(phone(&office(number)).unwrap().number, number);
        }
        for number in [
            "",
            "1234",
            "1234567890123456",
            "555-HELP1",
            "+1/207/555",
            "１２３４５",
        ] {
            assert_eq!(elements(phone(&office(number))), ["number"], "{number}");
        }
    }

    #[test]
    fn each_element_of_a_number_is_named() {
        let fields = PhoneFields {
            kind: None,
            number: None,
            extension: Some("12345678901".to_owned()),
        };
        assert_eq!(elements(phone(&fields)), ["type", "number", "extension"]);
        let fields = PhoneFields {
            extension: Some("x1".to_owned()),
            ..office("12345")
        };
        assert_eq!(elements(phone(&fields)), ["extension"]);
    }

    #[test]
    fn a_contact_has_an_office_phone_and_no_number_twice() {
        let mobile = PhoneFields {
            kind: Some(PhoneKind::Mobile),
            ..office("+1.207.555.0142")
        };
        assert!(listed(&[office("+1.207.555.0142"), mobile.clone()]).is_empty());
        assert_eq!(listed(&[]), ["phones"]);
        assert_eq!(listed(&[mobile]), ["phones"]);
        assert_eq!(listed(&[office("12345"), office("1-2345")]), ["phones"]);
        assert_eq!(listed(&vec![office("12345"); 21]), ["phones"]);
        assert_eq!(listed(&[office("1")]), ["number"]);
    }
}
