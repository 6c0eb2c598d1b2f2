//! The fields of a contact, as a form has them: read into the same texts as a document's, and refused beside the field.

use serde::Deserialize;

use crate::domain::registry::contacts::{Contact, MAX_WAYS};
use crate::domain::registry::countries;
use crate::domain::registry::error::Problem;
use crate::domain::registry::fields::{AddressFields, ContactFields, PhoneFields, PhoneKind};
use crate::web::form::{Field, Summary, entered};

/// What is filled in. Lists are repeated fields; the parts of a telephone number stand at the same place of theirs.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ContactForm {
    /// `PERSON` or `ROLE`.
    pub contact_type: String,
    /// Of its company.
    pub company_name: String,
    /// Of a person.
    pub first_name: String,
    /// Of a person.
    pub middle_name: String,
    /// Of a person, or the name of the role.
    pub last_name: String,
    /// Lines.
    pub street_address: Vec<String>,
    /// Town.
    pub city: String,
    /// Code of the state or province.
    pub iso3166_2: String,
    /// Postal code.
    pub postal_code: String,
    /// Code of the country.
    pub iso3166_1: String,
    /// Lines.
    pub comment: Vec<String>,
    /// Mail addresses.
    pub email: Vec<String>,
    /// Numbers.
    pub phone: Vec<String>,
    /// Codes of what they are for; `O` where there is none.
    pub phone_type: Vec<String>,
    /// Extensions.
    pub phone_extension: Vec<String>,
    /// Ticked: the account is linked to the contact at once.
    pub make_link: String,
    /// Of the contact that the form was filled with; empty for whatever it is now.
    pub revision: String,
}

impl ContactForm {
    /// Filled with what the contact is now.
    pub(super) fn of(contact: &Contact) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let kind = if contact.is_role { "ROLE" } else { "PERSON" };
        Self {
            contact_type: kind.to_owned(),
            company_name: text(&contact.company_name),
            first_name: text(&contact.first_name),
            middle_name: text(&contact.middle_name),
            last_name: contact.last_name.clone(),
            street_address: vec![contact.address.street.join("\n")],
            city: contact.address.city.clone(),
            iso3166_2: text(&contact.address.state),
            postal_code: text(&contact.address.postal_code),
            iso3166_1: contact.address.country.code2.to_owned(),
            comment: vec![contact.comment.join("\n")],
            email: contact.emails.clone(),
            phone: (contact.phones.iter())
                .map(|phone| phone.number.clone())
                .collect(),
            phone_type: (contact.phones.iter())
                .map(|phone| phone.kind.code().to_owned())
                .collect(),
            phone_extension: (contact.phones.iter())
                .map(|phone| text(&phone.extension))
                .collect(),
            make_link: String::new(),
            revision: contact.revision.to_string(),
        }
    }

    /// As a document would say it. Empty rows of lists count for nothing.
    pub(super) fn to_fields(&self) -> ContactFields {
        let lines = |texts: &[String]| -> Vec<String> {
            (texts.iter())
                .flat_map(|text| text.lines().map(str::to_owned))
                .collect()
        };
        let is_code2 = self.iso3166_1.trim().len() <= 2;
        let country = entered(&self.iso3166_1);
        ContactFields {
            handle: None,
            is_role: match self.contact_type.as_str() {
                "PERSON" => Some(false),
                "ROLE" => Some(true),
                _ => None,
            },
            company_name: entered(&self.company_name),
            first_name: entered(&self.first_name),
            middle_name: entered(&self.middle_name),
            last_name: entered(&self.last_name),
            address: AddressFields {
                street: lines(&self.street_address),
                city: entered(&self.city),
                state: entered(&self.iso3166_2),
                postal_code: entered(&self.postal_code),
                country_code2: country.clone().filter(|_| is_code2),
                country_code3: country.filter(|_| !is_code2),
            },
            comment: lines(&self.comment),
            emails: Some(
                self.email
                    .iter()
                    .filter_map(|email| entered(email))
                    .collect(),
            ),
            phones: Some(self.rows().filter_map(PhoneRow::into_fields).collect()),
        }
    }

    fn rows(&self) -> impl Iterator<Item = PhoneRow> {
        let at = |list: &[String], index: usize| list.get(index).cloned().unwrap_or_default();
        (0..self.phone.len()).map(move |index| PhoneRow {
            kind: match at(&self.phone_type, index) {
                none if none.is_empty() => PhoneKind::Office.code().to_owned(),
                kind => kind,
            },
            number: at(&self.phone, index),
            extension: at(&self.phone_extension, index),
        })
    }
}

/// A telephone number as a row of the form.
pub(super) struct PhoneRow {
    /// Code of what it is for.
    pub kind: String,
    /// The number.
    pub number: String,
    /// Extension.
    pub extension: String,
}

impl PhoneRow {
    fn empty() -> Self {
        Self {
            kind: PhoneKind::Office.code().to_owned(),
            number: String::new(),
            extension: String::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.number.trim().is_empty() && self.extension.trim().is_empty()
    }

    fn into_fields(self) -> Option<PhoneFields> {
        if self.is_empty() {
            return None;
        }
        Some(PhoneFields {
            kind: PhoneKind::from_code(&self.kind),
            number: entered(&self.number),
            extension: entered(&self.extension),
        })
    }
}

/// The fields on the page. The name of a contact that there is already cannot be changed and has none.
pub(super) struct ContactFieldsView {
    /// True for one that is to be made.
    pub is_new: bool,
    /// `PERSON` or `ROLE`.
    pub contact_type: Field,
    /// Of its company.
    pub company_name: Field,
    /// Of a person.
    pub first_name: Field,
    /// Of a person.
    pub middle_name: Field,
    /// Of a person, or the name of the role.
    pub last_name: Field,
    /// Lines.
    pub street_address: Field,
    /// Town.
    pub city: Field,
    /// Code of the state or province.
    pub state: Field,
    /// Postal code.
    pub postal_code: Field,
    /// Code of the country.
    pub country: Field,
    /// Code and name of every country.
    pub countries: Vec<(&'static str, &'static str)>,
    /// Lines.
    pub comment: Field,
    /// Mail addresses, and some empty rows.
    pub emails: Vec<String>,
    /// What is wrong with them.
    pub emails_error: Option<String>,
    /// Telephone numbers, and some empty rows.
    pub phones: Vec<PhoneRow>,
    /// What is wrong with them.
    pub phones_error: Option<String>,
}

impl ContactFieldsView {
    /// With these values.
    pub(super) fn of(form: &ContactForm, is_new: bool) -> Self {
        let mut emails = form.email.clone();
        emails.retain(|email| !email.trim().is_empty());
        let mut phones: Vec<PhoneRow> = form.rows().filter(|row| !row.is_empty()).collect();
        let rows = |filled: usize| (filled + 1).clamp(2, MAX_WAYS.max(filled));
        emails.resize(rows(emails.len()), String::new());
        phones.resize_with(rows(phones.len()), PhoneRow::empty);
        let countries = countries::by_name().into_iter();
        Self {
            is_new,
            contact_type: Field::with(&*form.contact_type),
            company_name: Field::with(&*form.company_name),
            first_name: Field::with(&*form.first_name),
            middle_name: Field::with(&*form.middle_name),
            last_name: Field::with(&*form.last_name),
            street_address: Field::with(form.street_address.join("\n")),
            city: Field::with(&*form.city),
            state: Field::with(&*form.iso3166_2),
            postal_code: Field::with(&*form.postal_code),
            country: Field::with(&*form.iso3166_1),
            countries: countries
                .map(|country| (country.code2, country.name))
                .collect(),
            comment: Field::with(form.comment.join("\n")),
            emails,
            emails_error: None,
            phones,
            phones_error: None,
        }
    }

    /// The kinds of telephone numbers: code, word.
    pub(super) fn phone_kinds(&self) -> [(&'static str, &'static str); 3] {
        PhoneKind::ALL.map(|kind| (kind.code(), kind.name()))
    }

    /// Puts each problem beside its field, and lists the fields.
    pub(super) fn refuse(&mut self, lead: &str, problems: Vec<Problem>) -> Summary {
        for Problem { element, message } in problems {
            let message = match element {
                // A document has codes, a form has a list.
                "iso3166-1" | "code2" | "code3" => "Choose a country of the list.".to_owned(),
                _ => message,
            };
            let error = match element {
                "contactType" => &mut self.contact_type.error,
                "companyName" => &mut self.company_name.error,
                "firstName" => &mut self.first_name.error,
                "middleName" => &mut self.middle_name.error,
                "lastName" => &mut self.last_name.error,
                "streetAddress" => &mut self.street_address.error,
                "city" => &mut self.city.error,
                "iso3166-2" => &mut self.state.error,
                "postalCode" => &mut self.postal_code.error,
                "iso3166-1" | "code2" | "code3" => &mut self.country.error,
                "comment" => &mut self.comment.error,
                "emails" | "email" => &mut self.emails_error,
                _ => &mut self.phones_error,
            };
            match error {
                // Several rows of a list may be wrong: each is told.
                Some(known) => *known = format!("{known} {message}"),
                None => *error = Some(message),
            }
        }
        self.listing(lead)
    }

    fn listing(&self, lead: &str) -> Summary {
        let list = |error: &Option<String>| Field {
            error: error.clone(),
            ..Field::default()
        };
        let (emails, phones) = (list(&self.emails_error), list(&self.phones_error));
        let fields = [
            ("contact_type-person", "Type", &self.contact_type),
            ("first_name", "First name", &self.first_name),
            ("middle_name", "Middle name", &self.middle_name),
            (
                "last_name",
                "Last name or name of the role",
                &self.last_name,
            ),
            ("company_name", "Company", &self.company_name),
            ("street_address", "Street", &self.street_address),
            ("city", "City", &self.city),
            ("iso3166_2", "State or province", &self.state),
            ("postal_code", "Postal code", &self.postal_code),
            ("iso3166_1", "Country", &self.country),
            ("email", "Email", &emails),
            ("phone", "Phone", &phones),
            ("comment", "Comment", &self.comment),
        ];
        Summary::listing(lead, &fields)
            .unwrap_or_else(|| Summary::of(lead, "Something in it cannot be accepted."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> ContactForm {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ContactForm {
            contact_type: "ROLE".to_owned(),
            street_address: list(&["4 Quay Street\r\nFloor 2"]),
            iso3166_1: "USA".to_owned(),
            email: list(&["a@example.com", " ", "b@example.com"]),
            phone: list(&["+1.207.555.0142", "", "+1.207.555.0143"]),
            phone_type: list(&["M", "O"]),
            phone_extension: list(&["", "", " 12 "]),
            ..ContactForm::default()
        }
    }

    #[test]
    fn a_form_says_what_a_document_would() {
        let fields = form().to_fields();
        assert_eq!(fields.is_role, Some(true));
        assert_eq!(fields.address.street, ["4 Quay Street", "Floor 2"]);
        assert_eq!(fields.address.country_code3.as_deref(), Some("USA"));
        assert_eq!(fields.emails.unwrap(), ["a@example.com", "b@example.com"]);
        let phones = fields.phones.unwrap();
        assert_eq!(phones.len(), 2);
        assert_eq!(phones[0].kind, Some(PhoneKind::Mobile));
        // One without a type is for the office.
        assert_eq!(phones[1].kind, Some(PhoneKind::Office));
        assert_eq!(phones[1].extension.as_deref(), Some("12"));
    }

    #[test]
    fn lists_have_an_empty_row_to_fill_in() {
        let view = ContactFieldsView::of(&form(), true);
        assert_eq!((view.emails.len(), view.phones.len()), (3, 3));
        let empty = ContactFieldsView::of(&ContactForm::default(), true);
        assert_eq!((empty.emails.len(), empty.phones.len()), (2, 2));
        let full = ContactForm {
            email: vec!["a@example.com".to_owned(); MAX_WAYS],
            ..ContactForm::default()
        };
        assert_eq!(ContactFieldsView::of(&full, true).emails.len(), MAX_WAYS);
    }

    #[test]
    fn each_problem_stands_beside_its_field() {
        let mut view = ContactFieldsView::of(&form(), true);
        let problems = vec![
            Problem::new("postalCode", "One."),
            Problem::new("number", "Two."),
            Problem::new("phones", "Three."),
        ];
        let summary = view.refuse("Nothing was saved.", problems);
        assert_eq!(view.postal_code.error.as_deref(), Some("One."));
        assert_eq!(view.phones_error.as_deref(), Some("Two. Three."));
        assert_eq!(summary.fields.len(), 2);
    }
}
