//! Operator > Organizations and contacts > a new organization, with the contacts that act for it.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html};
use super::registry_lists::{List, ORGANIZATIONS};
use crate::domain::registry::error::{Problem, RegistryError};
use crate::domain::registry::fields::{AddressFields, ContactLinkFields, OrganizationFields};
use crate::domain::registry::functions::Function;
use crate::domain::registry::{checks, countries, organizations};
use crate::web::extract::form::Form;
use crate::web::extract::registrant::RecentRegistryOperator;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary, entered, entered_lines};
use crate::web::layout::Layout;

#[derive(Template)]
#[template(path = "pages/operator/organization_new.html")]
struct NewOrganizationPage {
    layout: Layout,
    list: &'static List,
    summary: Option<Summary>,
    org_name: Field,
    dba_name: Field,
    tax_id: Field,
    org_url: Field,
    street_address: Field,
    city: Field,
    state: Field,
    postal_code: Field,
    country: Field,
    countries: Vec<(&'static str, &'static str)>,
    comment: Field,
    refuses_reassignments: bool,
    contacts: Vec<ContactField>,
}

/// The contacts with one function.
struct ContactField {
    function: Function,
    id: &'static str,
    help: &'static str,
    need: &'static str,
    field: Field,
}

/// What is filled in. Handles are separated by spaces or commas.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct OrganizationForm {
    org_name: String,
    dba_name: String,
    tax_id: String,
    org_url: String,
    street_address: String,
    city: String,
    iso3166_2: String,
    postal_code: String,
    iso3166_1: String,
    comment: String,
    /// `no`: networks cannot be reassigned to it.
    reassignments: String,
    admin: String,
    tech: String,
    abuse: String,
    noc: String,
    routing: String,
    dns: String,
}

impl OrganizationForm {
    /// Handles by function.
    fn contacts(&self) -> [(Function, &'static str, &str); 6] {
        [
            (Function::Admin, "admin", &self.admin),
            (Function::Tech, "tech", &self.tech),
            (Function::Abuse, "abuse", &self.abuse),
            (Function::Noc, "noc", &self.noc),
            (Function::Routing, "routing", &self.routing),
            (Function::Dns, "dns", &self.dns),
        ]
    }

    /// As a document would say it.
    fn to_fields(&self) -> OrganizationFields {
        let contacts = self.contacts().into_iter();
        let contacts = contacts.flat_map(|(function, _, written)| {
            handles(written).map(move |handle| ContactLinkFields {
                handle: Some(handle.to_owned()),
                function: Some(function),
            })
        });
        OrganizationFields {
            handle: None,
            name: entered(&self.org_name),
            dba_name: entered(&self.dba_name),
            tax_id: entered(&self.tax_id),
            url: entered(&self.org_url),
            address: AddressFields {
                street: entered_lines(&self.street_address),
                city: entered(&self.city),
                state: entered(&self.iso3166_2),
                postal_code: entered(&self.postal_code),
                country_code2: entered(&self.iso3166_1),
                country_code3: None,
            },
            comment: entered_lines(&self.comment),
            accepts_reassignments: Some(self.reassignments != "no"),
            contacts: Some(contacts.collect()),
        }
    }
}

fn handles(written: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| c.is_whitespace() || c == ',' || c == ';';
    written
        .split(is_between)
        .filter(|handle| !handle.is_empty())
}

impl ContactField {
    /// What is missing, if there are not as many as there have to be.
    fn missing(&self) -> Option<&'static str> {
        let count = handles(&self.field.value).count();
        match self.function {
            Function::Admin if count != 1 => Some("Name exactly one contact."),
            Function::Tech | Function::Abuse if count == 0 => Some("Name at least one contact."),
            _ => None,
        }
    }

    /// True if the message is about one of these.
    fn is_named(&self, message: &str) -> bool {
        let is_around = |c: char| c.is_whitespace() || "“”.,".contains(c);
        handles(&self.field.value)
            .any(|handle| (message.split(is_around)).any(|word| word.eq_ignore_ascii_case(handle)))
    }
}

/// The form.
pub async fn get(RecentRegistryOperator(me): RecentRegistryOperator) -> PageResult {
    html(StatusCode::OK, &page(&me, &OrganizationForm::default()))
}

/// Makes it.
pub async fn post(
    RecentRegistryOperator(me): RecentRegistryOperator,
    form: Form<OrganizationForm>,
) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, &stale.into_kept());
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let (act, fields) = (me.visitor.act.clone(), form.to_fields());
    let made = (me.visitor.state.pool)
        .write(move |db| {
            let new = checks::new_organization(&fields).map_err(RegistryError::Invalid)?;
            organizations::create(db, &act, None, &new)
        })
        .await;
    match made {
        Ok(organization) => {
            let lead = format!("{} was created.", organization.name);
            ORGANIZATIONS.lead_to_new(&me, lead, &organization.handle)
        }
        Err(RegistryError::Invalid(problems)) => {
            let mut page = page(&me, &form);
            page.refuse(problems);
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

impl NewOrganizationPage {
    /// Puts each problem beside its field, and lists the fields.
    fn refuse(&mut self, problems: Vec<Problem>) {
        for Problem { element, message } in problems {
            let (field, message) = match element {
                "orgName" => (&mut self.org_name, message),
                "dbaName" => (&mut self.dba_name, message),
                "taxId" => (&mut self.tax_id, message),
                "orgUrl" => (&mut self.org_url, message),
                "streetAddress" => (&mut self.street_address, message),
                "city" => (&mut self.city, message),
                "iso3166-2" => (&mut self.state, message),
                "postalCode" => (&mut self.postal_code, message),
                // A document has codes, a form has a list.
                "iso3166-1" | "code2" | "code3" => (
                    &mut self.country,
                    "Choose a country of the list.".to_owned(),
                ),
                "comment" => (&mut self.comment, message),
                _ => {
                    self.refuse_contacts(&message);
                    continue;
                }
            };
            field.refuse_also(&message);
        }
        self.list();
    }

    /// Who acts for it is one list in a document, and a field for each function here.
    fn refuse_contacts(&mut self, message: &str) {
        let is_about =
            |function: Function| message.contains(&format!("function {}.", function.code()));
        let is_about_one = Function::ALL.into_iter().any(is_about);
        let mut is_told = false;
        for contact in &mut self.contacts {
            if contact.is_named(message) && (!is_about_one || is_about(contact.function)) {
                contact.field.refuse_also(message);
                is_told = true;
            }
        }
        if is_told {
            return;
        }
        for contact in &mut self.contacts {
            if let Some(words) = contact.missing() {
                contact.field.refuse_also(words);
            }
        }
        if self
            .contacts
            .iter()
            .all(|contact| contact.field.error.is_none())
            && let Some(first) = self.contacts.first_mut()
        {
            first.field.refuse_also(message);
        }
    }

    fn list(&mut self) {
        let mut fields = vec![
            ("org_name", "Name", &self.org_name),
            ("dba_name", "Trading name", &self.dba_name),
            ("tax_id", "Tax id", &self.tax_id),
            ("org_url", "Web address", &self.org_url),
            ("street_address", "Street", &self.street_address),
            ("city", "City", &self.city),
            ("iso3166_2", "State or province", &self.state),
            ("postal_code", "Postal code", &self.postal_code),
            ("iso3166_1", "Country", &self.country),
        ];
        let contacts = self.contacts.iter();
        fields.extend(contacts.map(|one| (one.id, one.function.name(), &one.field)));
        fields.push(("comment", "Comment", &self.comment));
        self.summary = Summary::listing("The organization was not created.", &fields);
        self.layout.title = format!("Error: {}", self.layout.title);
    }
}

fn page(me: &CurrentAccount, form: &OrganizationForm) -> NewOrganizationPage {
    let contact = |(function, id, written): (Function, &'static str, &str)| {
        let (help, need) = match function {
            Function::Admin => ("The one who answers for it.", "required"),
            Function::Tech => ("Those who run it.", "required"),
            Function::Abuse => ("Those who hear complaints.", "required"),
            Function::Noc | Function::Routing | Function::Dns => ("", "optional"),
        };
        ContactField {
            function,
            id,
            help,
            need,
            field: Field::with(written),
        }
    };
    NewOrganizationPage {
        layout: ORGANIZATIONS.layout_below(me, "Create an organization", "Create"),
        list: &ORGANIZATIONS,
        summary: None,
        org_name: Field::with(&form.org_name),
        dba_name: Field::with(&form.dba_name),
        tax_id: Field::with(&form.tax_id),
        org_url: Field::with(&form.org_url),
        street_address: Field::with(&form.street_address),
        city: Field::with(&form.city),
        state: Field::with(&form.iso3166_2),
        postal_code: Field::with(&form.postal_code),
        country: Field::with(&form.iso3166_1),
        countries: (countries::by_name().into_iter())
            .map(|country| (country.code2, country.name))
            .collect(),
        comment: Field::with(&form.comment),
        refuses_reassignments: form.reassignments == "no",
        contacts: form.contacts().into_iter().map(contact).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_read_however_they_are_separated() {
        let form = OrganizationForm {
            admin: " MO1-KP ".to_owned(),
            tech: "MO1-KP, IA1-KP;NOC1-KP\r\nX1-KP".to_owned(),
            ..OrganizationForm::default()
        };
        let contacts = form.to_fields().contacts.unwrap();
        let of = |function| -> Vec<&str> {
            let mine = contacts.iter().filter(|one| one.function == Some(function));
            mine.filter_map(|one| one.handle.as_deref()).collect()
        };
        assert_eq!(of(Function::Admin), ["MO1-KP"]);
        assert_eq!(of(Function::Tech), ["MO1-KP", "IA1-KP", "NOC1-KP", "X1-KP"]);
        assert!(of(Function::Abuse).is_empty());
    }
}
