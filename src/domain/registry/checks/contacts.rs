//! Checks contacts.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::addresses::{address, comment};
use super::phones::phones;
use super::problems::{Problems, quoted};
use super::texts::{optional, required, trimmed, unchanged};
use super::{Checked, NewContact};
use crate::domain::registry::contacts::{Contact, Phone};
use crate::domain::registry::fields::ContactFields;
use crate::domain::text::EmailAddress;

const MAX_COMPANY_CHARS: usize = 100;
const MAX_GIVEN_NAME_CHARS: usize = 50;
const MAX_LAST_NAME_CHARS: usize = 100;
const MAX_EMAILS: usize = 20;
/// RFC 5321, section 4.5.3.1.1.
const MAX_LOCAL_PART_BYTES: usize = 64;

/// A contact that is to be made.
///
/// # Errors
/// All that cannot be accepted.
pub fn new_contact(fields: &ContactFields) -> Checked<NewContact> {
    let mut problems = Problems::default();
    if fields.is_role.is_none() {
        problems.add("contactType", "Send PERSON or ROLE.");
    }
    let emails = emails(&mut problems, fields.emails.as_deref().unwrap_or_default());
    let phones = phones(&mut problems, fields.phones.as_deref().unwrap_or_default());
    let names = Names {
        first: fields.first_name.as_deref(),
        middle: fields.middle_name.as_deref(),
        last: fields.last_name.as_deref(),
    };
    let contact = fields
        .is_role
        .and_then(|is_role| whole(&mut problems, fields, is_role, &names, emails, phones));
    if fields.is_role.is_none() {
        // Whatever it is, these are asked of it.
        address(&mut problems, &fields.address);
        comment(&mut problems, &fields.comment);
        required(&mut problems, "lastName", names.last, MAX_LAST_NAME_CHARS);
    }
    problems.or(contact)
}

/// A contact as it is to be: a full replacement, except that what cannot be changed and is left out keeps its value, and so do
/// the lists.
///
/// # Errors
/// All that cannot be accepted, changes of what cannot be changed included.
pub fn changed_contact(fields: &ContactFields, present: &Contact) -> Checked<NewContact> {
    let mut problems = Problems::default();
    problems.own_handle(fields.handle.as_deref(), &present.handle);
    if fields
        .is_role
        .is_some_and(|is_role| is_role != present.is_role)
    {
        problems.add(
            "contactType",
            "This cannot be changed. Leave it out, or make a new contact.",
        );
    }
    let names = Names {
        first: present.first_name.as_deref(),
        middle: present.middle_name.as_deref(),
        last: Some(&present.last_name),
    };
    unchanged(
        &mut problems,
        "firstName",
        fields.first_name.as_deref(),
        names.first,
    );
    unchanged(
        &mut problems,
        "middleName",
        fields.middle_name.as_deref(),
        names.middle,
    );
    unchanged(
        &mut problems,
        "lastName",
        fields.last_name.as_deref(),
        names.last,
    );
    let emails = match &fields.emails {
        Some(sent) => emails(&mut problems, sent),
        None => present.emails.clone(),
    };
    let phones = match &fields.phones {
        Some(sent) => phones(&mut problems, sent),
        None => present.phones.clone(),
    };
    let role = present.is_role;
    let contact = whole(&mut problems, fields, role, &names, emails, phones);
    problems.or(contact)
}

/// A mail address as it is kept: trimmed, its case as it was written.
///
/// # Errors
/// If it is none.
pub fn email(text: &str) -> Checked<String> {
    let text = text.trim();
    let mut problems = Problems::default();
    if !is_email(text) {
        let message = match text {
            "" => "Send a mail address, such as noc@example.com.".to_owned(),
            text => format!(
                "{} is no mail address. Send one such as noc@example.com.",
                quoted(text)
            ),
        };
        problems.add("email", message);
    }
    problems.or(Some(text.to_owned()))
}

/// What a contact is called.
struct Names<'a> {
    first: Option<&'a str>,
    middle: Option<&'a str>,
    last: Option<&'a str>,
}

/// All that people and roles have in common, and what makes them differ.
fn whole(
    problems: &mut Problems,
    fields: &ContactFields,
    is_role: bool,
    names: &Names<'_>,
    emails: Vec<String>,
    phones: Vec<Phone>,
) -> Option<NewContact> {
    let company = fields.company_name.as_deref();
    let company_name = optional(problems, "companyName", company, MAX_COMPANY_CHARS);
    let last_name = required(problems, "lastName", names.last, MAX_LAST_NAME_CHARS);
    let (first_name, middle_name) = match is_role {
        true => {
            if company_name.is_none() {
                problems.add("companyName", "A role needs the name of its company.");
            }
            no_given_name(problems, "firstName", names.first);
            no_given_name(problems, "middleName", names.middle);
            (None, None)
        }
        false => {
            name_of_person(problems, "lastName", &last_name);
            let first = required(problems, "firstName", names.first, MAX_GIVEN_NAME_CHARS);
            name_of_person(problems, "firstName", &first);
            let middle = optional(problems, "middleName", names.middle, MAX_GIVEN_NAME_CHARS);
            name_of_person(
                problems,
                "middleName",
                middle.as_deref().unwrap_or_default(),
            );
            (Some(first), middle)
        }
    };
    let address = address(problems, &fields.address);
    let comment = comment(problems, &fields.comment);
    Some(NewContact {
        is_role,
        company_name,
        first_name,
        middle_name,
        last_name,
        address: address?,
        comment,
        emails,
        phones,
    })
}

fn no_given_name(problems: &mut Problems, element: &'static str, name: Option<&str>) {
    if trimmed(name).is_some() {
        problems.add(
            element,
            "A role has no given name. Leave this out, and send the role's name as lastName.",
        );
    }
}

/// Notes a name that people do not have; one that is missing is noted elsewhere.
fn name_of_person(problems: &mut Problems, element: &'static str, name: &str) {
    // Composed, and with the marks that cannot be composed: some scripts write no name without them.
    let is_letter = |c: char| c.is_alphabetic() || is_combining_mark(c);
    let is_name = name.nfc().all(|c| is_letter(c) || " -'.".contains(c));
    let is_blank = !name.chars().any(char::is_alphabetic);
    if !name.is_empty() && (!is_name || is_blank) {
        problems.add(
            element,
            "A person's name has letters, spaces, hyphens, apostrophes and periods, and no digits.",
        );
    }
}

/// All addresses of a contact, in order.
fn emails(problems: &mut Problems, sent: &[String]) -> Vec<String> {
    if sent.is_empty() {
        problems.add("emails", "At least one mail address is needed.");
    }
    if sent.len() > MAX_EMAILS {
        problems.add(
            "emails",
            format!("Send at most {MAX_EMAILS} mail addresses."),
        );
        return Vec::new();
    }
    let checked = sent.iter().map(|text| problems.keep(email(text)));
    let emails: Vec<String> = checked.collect::<Vec<_>>().into_iter().flatten().collect();
    let mut seen = HashSet::new();
    for email in &emails {
        if !seen.insert(email.to_ascii_lowercase()) {
            problems.add("emails", format!("{email} is there twice. Send it once."));
        }
    }
    emails
}

/// The shape of RFC 5321, section 4.1.2, without quoted names and literal addresses.
fn is_email(text: &str) -> bool {
    let local_is_valid = text.rsplit_once('@').is_some_and(|(local, _)| {
        local.len() <= MAX_LOCAL_PART_BYTES && local.split('.').all(|part| !part.is_empty())
    });
    local_is_valid && EmailAddress::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::addresses::tests::portland;
    use super::*;
    use crate::domain::registry::fields::{PhoneFields, PhoneKind};
    use crate::domain::registry::samples;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn office() -> PhoneFields {
        PhoneFields {
            kind: Some(PhoneKind::Office),
            number: some("+1.207.555.0142"),
            extension: None,
        }
    }

    fn person() -> ContactFields {
        ContactFields {
            is_role: Some(false),
            first_name: some(" Maren "),
            last_name: some("Okafor"),
            address: portland(),
            emails: Some(vec![" Maren@Example.com ".to_owned()]),
            phones: Some(vec![office()]),
            ..ContactFields::default()
        }
    }

    fn role() -> ContactFields {
        ContactFields {
            is_role: Some(true),
            company_name: some("Harbor"),
            first_name: None,
            last_name: some("Abuse Desk 2"),
            ..person()
        }
    }

    fn elements<T>(checked: Checked<T>) -> Vec<&'static str> {
        let problems = checked.err().unwrap_or_default();
        problems.iter().map(|problem| problem.element).collect()
    }

    type Change = fn(&mut ContactFields);

    fn changed(mut fields: ContactFields, change: Change) -> ContactFields {
        change(&mut fields);
        fields
    }

    #[test]
    fn people_and_roles_are_accepted() {
        let contact = new_contact(&person()).unwrap();
        assert_eq!(contact.first_name.as_deref(), Some("Maren"));
        assert_eq!(contact.emails, ["Maren@Example.com"]);
        assert_eq!(new_contact(&role()).unwrap().last_name, "Abuse Desk 2");
        for name in ["Jean-Luc d'Été", "O'Neill Jr.", "李", "A\u{30A}sa", "विक्रम"] {
            let fields = ContactFields {
                last_name: some(name),
                ..person()
            };
            assert!(new_contact(&fields).is_ok(), "{name}");
        }
    }

    #[test]
    fn each_element_is_named() {
        let cases: &[(ContactFields, Change, &[&str])] = &[
            (person(), |f| f.is_role = None, &["contactType"]),
            (person(), |f| f.first_name = None, &["firstName"]),
            (person(), |f| f.first_name = some("Mar3n"), &["firstName"]),
            (person(), |f| f.first_name = some("-"), &["firstName"]),
            (
                person(),
                |f| f.first_name = some(&"x".repeat(51)),
                &["firstName"],
            ),
            (person(), |f| f.middle_name = some("X2"), &["middleName"]),
            (person(), |f| f.last_name = some("Ok@for"), &["lastName"]),
            (person(), |f| f.last_name = some(" "), &["lastName"]),
            (
                person(),
                |f| f.company_name = some(&"x".repeat(101)),
                &["companyName"],
            ),
            (role(), |f| f.company_name = None, &["companyName"]),
            (role(), |f| f.first_name = some("Maren"), &["firstName"]),
            (role(), |f| f.middle_name = some("M"), &["middleName"]),
            (role(), |f| f.last_name = None, &["lastName"]),
            (role(), |f| f.last_name = some("a\u{7}b"), &["lastName"]),
            (person(), |f| f.emails = None, &["emails"]),
            (person(), |f| f.emails = Some(Vec::new()), &["emails"]),
            (
                person(),
                |f| f.emails = Some(vec!["nobody".to_owned()]),
                &["email"],
            ),
            (person(), |f| f.phones = None, &["phones"]),
            (
                person(),
                |f| f.comment = vec!["x".to_owned(); 51],
                &["comment"],
            ),
            (
                person(),
                |f| f.comment = vec!["x".repeat(201)],
                &["comment"],
            ),
            (person(), |f| f.address.city = None, &["city"]),
        ];
        for (fields, change, named) in cases {
            let fields = changed(fields.clone(), *change);
            assert_eq!(elements(new_contact(&fields)), *named, "{fields:?}");
        }
    }

    #[test]
    fn everything_is_said_at_once() {
        assert_eq!(
            elements(new_contact(&ContactFields::default())),
            [
                "contactType",
                "emails",
                "phones",
                "streetAddress",
                "city",
                "iso3166-1",
                "lastName"
            ]
        );
    }

    #[test]
    fn addresses_are_there_once_whatever_their_case() {
        let with = |emails: &[&str]| {
            let emails = emails.iter().map(|email| (*email).to_owned()).collect();
            elements(new_contact(&ContactFields {
                emails: Some(emails),
                ..person()
            }))
        };
        assert_eq!(with(&["a@example.com", "A@EXAMPLE.com"]), ["emails"]);
        let many: Vec<String> = (0..21)
            .map(|number| format!("a{number}@example.com"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(with(&many), ["emails"]);
        assert!(with(&many[..20]).is_empty());
    }

    #[test]
    fn mail_addresses_have_the_shape_of_rfc_5321() {
        for text in ["a@example.com", "a.b+c@mail.example", "A'B@example.com"] {
            assert_eq!(email(text).unwrap(), text);
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "a",
            "@example.com",
            "a@",
            "a b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "a@example..com",
            "a@-x.com",
            "é@example.com",
            "a@b@c,d",
            &long,
        ] {
            assert_eq!(elements(email(text)), ["email"], "{text}");
        }
    }

    #[test]
    fn a_change_keeps_what_is_left_out_and_cannot_be_changed() {
        let present = samples::person();
        let fields = ContactFields {
            address: portland(),
            ..ContactFields::default()
        };
        let contact = changed_contact(&fields, &present).unwrap();
        assert_eq!(
            (contact.emails, contact.phones),
            (present.emails.clone(), present.phones.clone())
        );
        assert_eq!(
            (contact.first_name, contact.last_name),
            (present.first_name.clone(), present.last_name.clone())
        );
        let fields = ContactFields {
            handle: some("mo1-kp"),
            company_name: some("Harbor"),
            emails: Some(vec!["new@example.com".to_owned()]),
            ..fields
        };
        let contact = changed_contact(&fields, &present).unwrap();
        assert_eq!(contact.emails, ["new@example.com"]);
        assert_eq!(contact.company_name.as_deref(), Some("Harbor"));
        // A role needs its company, which is cleared if it is left out.
        let role = ContactFields {
            address: portland(),
            ..ContactFields::default()
        };
        assert_eq!(
            elements(changed_contact(&role, &samples::role())),
            ["companyName"]
        );
    }

    #[test]
    fn what_cannot_be_changed_is_named() {
        let fields = ContactFields {
            handle: some("MO2-KP"),
            is_role: Some(true),
            first_name: some("Maria"),
            middle_name: some("M"),
            last_name: some("okafor"),
            emails: Some(Vec::new()),
            phones: Some(Vec::new()),
            ..person()
        };
        assert_eq!(
            elements(changed_contact(&fields, &samples::person())),
            [
                "handle",
                "contactType",
                "firstName",
                "middleName",
                "lastName",
                "emails",
                "phones"
            ]
        );
    }
}
