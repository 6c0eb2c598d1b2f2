//! Reads contacts, organizations and customers.

use super::fields::{Fields, Found};
use super::tree::{Element, Space};
use crate::domain::registry::fields::{
    AddressFields, ContactFields, ContactLinkFields, CustomerFields, OrganizationFields,
    PhoneFields, PhoneKind,
};
use crate::domain::registry::functions::Function;

/// What is in a `poc`.
pub(super) fn contact(fields: &mut Fields, element: &Element) -> ContactFields {
    let names = [
        "handle",
        "contactType",
        "companyName",
        "firstName",
        "middleName",
        "lastName",
        "streetAddress",
        "city",
        "iso3166-2",
        "postalCode",
        "iso3166-1",
        "comment",
        "emails",
        "phones",
    ];
    let found = fields.children(element, &names, &[]);
    ContactFields {
        handle: fields.text(&found, "handle"),
        is_role: fields.one_of(
            &found,
            "contactType",
            "PERSON and ROLE",
            |text| match text {
                "PERSON" => Some(false),
                "ROLE" => Some(true),
                _ => None,
            },
        ),
        company_name: fields.text(&found, "companyName"),
        first_name: fields.text(&found, "firstName"),
        middle_name: fields.text(&found, "middleName"),
        last_name: fields.text(&found, "lastName"),
        address: address(fields, &found),
        comment: fields.lines(&found, "comment"),
        emails: found.get("emails").map(|emails| {
            let emails = fields.list(emails, "email");
            (emails.into_iter().filter_map(|email| fields.leaf(email))).collect()
        }),
        phones: found.get("phones").map(|phones| {
            let phones = fields.list(phones, "phone");
            (phones.into_iter().map(|element| phone(fields, element))).collect()
        }),
    }
}

/// What is in a `phone`. A code that no type has is none, which is said with all else that is wrong with the number.
pub(super) fn phone(fields: &mut Fields, element: &Element) -> PhoneFields {
    let found = fields.children(element, &["type", "number", "extension"], &[]);
    let kind = found.get("type").and_then(|kind| {
        let found = fields.children(kind, &["code"], &[]);
        let code = fields.text(&found, "code")?;
        PhoneKind::from_code(&code)
    });
    PhoneFields {
        kind,
        number: fields.text(&found, "number"),
        extension: fields.text(&found, "extension"),
    }
}

/// What is in an `org`.
pub(super) fn organization(fields: &mut Fields, element: &Element) -> OrganizationFields {
    let names = [
        "handle",
        "orgName",
        "dbaName",
        "taxId",
        "orgUrl",
        "acceptReassignments",
        "streetAddress",
        "city",
        "iso3166-2",
        "postalCode",
        "iso3166-1",
        "comment",
        "pocLinks",
    ];
    let found = fields.children(element, &names, &[]);
    OrganizationFields {
        handle: fields.text(&found, "handle"),
        name: fields.text(&found, "orgName"),
        dba_name: fields.text(&found, "dbaName"),
        tax_id: fields.text(&found, "taxId"),
        url: fields.text(&found, "orgUrl"),
        address: address(fields, &found),
        comment: fields.lines(&found, "comment"),
        accepts_reassignments: fields.boolean(&found, "acceptReassignments"),
        contacts: links(fields, &found),
    }
}

/// What is in a `customer`.
pub(super) fn customer(fields: &mut Fields, element: &Element) -> CustomerFields {
    let names = [
        "handle",
        "customerName",
        "parentOrgHandle",
        "privateCustomer",
        "streetAddress",
        "city",
        "iso3166-2",
        "postalCode",
        "iso3166-1",
        "comment",
    ];
    let found = fields.children(element, &names, &[]);
    CustomerFields {
        handle: fields.text(&found, "handle"),
        name: fields.text(&found, "customerName"),
        organization: fields.text(&found, "parentOrgHandle"),
        is_private: fields.boolean(&found, "privateCustomer"),
        address: address(fields, &found),
        comment: fields.lines(&found, "comment"),
    }
}

/// `pocLinks`, if it is there.
pub(super) fn links(fields: &mut Fields, found: &Found<'_>) -> Option<Vec<ContactLinkFields>> {
    let list = found.get("pocLinks")?;
    let mut links = Vec::new();
    for entry in fields.list(list, "pocLinkRef") {
        fields.leaf(entry);
        let words = "AD, T, AB, N, R and D";
        let function = entry.attribute("function");
        links.push(ContactLinkFields {
            handle: entry.attribute("handle").map(str::to_owned),
            function: function
                .and_then(|code| fields.word("function", code, words, Function::from_code)),
        });
    }
    Some(links)
}

fn address(fields: &mut Fields, found: &Found<'_>) -> AddressFields {
    let (mut code2, mut code3) = (None, None);
    if let Some(country) = found.get("iso3166-1") {
        let ignored = [(Space::Core, "name"), (Space::Core, "e164")];
        let found = fields.children(country, &["code2", "code3"], &ignored);
        code2 = fields.text(&found, "code2");
        code3 = fields.text(&found, "code3");
    }
    AddressFields {
        street: fields.lines(found, "streetAddress"),
        city: fields.text(found, "city"),
        state: fields.text(found, "iso3166-2"),
        postal_code: fields.text(found, "postalCode"),
        country_code2: code2,
        country_code3: code3,
    }
}
