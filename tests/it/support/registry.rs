//! The registry's records, made where the routes that make them are not the subject, and calls of its wire format.

use keyport::domain::accounts;
use keyport::domain::registry::checks::{self, NewOrganization};
use keyport::domain::registry::contacts;
use keyport::domain::registry::error::RegistryError;
use keyport::domain::registry::fields::{
    AddressFields, BlockFields, ContactFields, ContactLinkFields, NetworkFields,
    OrganizationFields, PhoneFields, PhoneKind,
};
use keyport::domain::registry::functions::Function;
use keyport::domain::registry::{links, networks, organizations};
use keyport::domain::text::EmailAddress;
use keyport::ids::AccountId;
use keyport::store::StoreError;
use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use reqwest::Method;

use super::actors::Answer;
use super::{Person, Program, TestApp};

/// The namespace of every answer.
pub const CORE: &str = "http://www.arin.net/regrws/core/v1";

/// Someone with an account, at a browser and with a key that may do all that the account may.
pub struct Registrant {
    pub id: AccountId,
    pub person: Person,
    pub program: Program,
}

impl TestApp {
    pub async fn registrant(&self, email: &str, name: &str) -> Registrant {
        let mut person = self.person(email, name).await;
        let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
        let program = self.program(person.create_key(&fields).await);
        let id = self.account_id(email);
        Registrant {
            id,
            person,
            program,
        }
    }

    fn account_id(&self, email: &str) -> AccountId {
        let email = EmailAddress::parse(email).unwrap();
        let found: Result<_, StoreError> =
            (self.state.pool).read_now(|db| accounts::find_by_email(db, &email));
        found.unwrap().expect("there is such an account").id
    }

    /// Makes a person, linked to an account or not, and returns the handle.
    pub fn person_contact(&self, first: &str, last: &str, linked: Option<AccountId>) -> String {
        self.contact(
            ContactFields {
                is_role: Some(false),
                first_name: Some(first.to_owned()),
                last_name: Some(last.to_owned()),
                ..contact_fields()
            },
            linked.as_slice(),
        )
    }

    /// Makes a role, linked to these accounts, and returns the handle.
    pub fn role_contact(&self, name: &str, linked: &[AccountId]) -> String {
        self.contact(
            ContactFields {
                is_role: Some(true),
                company_name: Some("Harbor Example Networks".to_owned()),
                last_name: Some(name.to_owned()),
                ..contact_fields()
            },
            linked,
        )
    }

    fn contact(&self, fields: ContactFields, linked: &[AccountId]) -> String {
        let (act, nobody): (_, AccountId) = (self.act(), "0000000000".parse().unwrap());
        let made: Result<String, RegistryError> = self.state.pool.write_now(|db| {
            let made =
                contacts::create(db, &act, &self.state.outbox, nobody, "KP", &fields, false)?;
            for account in linked {
                links::link(db, &act, *account, made.handle.as_str())?;
            }
            Ok(made.handle.to_string())
        });
        made.unwrap()
    }

    /// Makes an organization with contacts as (code of the function, handle), and returns its handle.
    pub fn organization(&self, name: &str, contacts: &[(&str, &str)]) -> String {
        let act = self.act();
        let new = new_organization(name, contacts);
        let made: Result<String, RegistryError> = (self.state.pool).write_now(|db| {
            Ok(organizations::create(db, &act, None, &new)?
                .handle
                .to_string())
        });
        made.unwrap()
    }

    /// Allocates a prefix to an organization, and returns the network's handle.
    pub fn allocation(&self, organization: &str, start: &str, length: &str) -> String {
        let act = self.act();
        let fields = NetworkFields {
            name: Some("HARBOR".to_owned()),
            organization: Some(organization.to_owned()),
            blocks: Some(vec![BlockFields {
                start: Some(start.to_owned()),
                length: Some(length.to_owned()),
                ..BlockFields::default()
            }]),
            ..NetworkFields::default()
        };
        let made: Result<String, RegistryError> = (self.state.pool)
            .write_now(|db| Ok(networks::allocate(db, &act, &fields)?.handle.to_string()));
        made.unwrap()
    }

    pub fn link(&self, account: AccountId, contact: &str) {
        let act = self.act();
        let linked: Result<bool, RegistryError> =
            (self.state.pool).write_now(|db| links::link(db, &act, account, contact));
        assert!(linked.unwrap(), "it was linked before");
    }

    pub fn unlink(&self, account: AccountId, contact: &str) {
        let act = self.act();
        let unlinked: Result<bool, RegistryError> =
            (self.state.pool).write_now(|db| links::unlink(db, &act, account, contact));
        assert!(unlinked.unwrap(), "it was not linked");
    }
}

fn address() -> AddressFields {
    AddressFields {
        street: vec!["4 Quay Street".to_owned()],
        city: Some("Portland".to_owned()),
        state: Some("ME".to_owned()),
        postal_code: Some("04101".to_owned()),
        country_code2: Some("US".to_owned()),
        country_code3: None,
    }
}

/// What people and roles have in common.
fn contact_fields() -> ContactFields {
    ContactFields {
        address: address(),
        emails: Some(vec!["noc@example.com".to_owned()]),
        phones: Some(vec![PhoneFields {
            kind: Some(PhoneKind::Office),
            number: Some("+1.207.555.0142".to_owned()),
            extension: None,
        }]),
        ..ContactFields::default()
    }
}

fn new_organization(name: &str, contacts: &[(&str, &str)]) -> NewOrganization {
    let link = |(function, handle): &(&str, &str)| ContactLinkFields {
        handle: Some((*handle).to_owned()),
        function: Function::from_code(function),
    };
    checks::new_organization(&OrganizationFields {
        name: Some(name.to_owned()),
        address: address(),
        contacts: Some(contacts.iter().map(link).collect()),
        ..OrganizationFields::default()
    })
    .unwrap()
}

impl Program {
    /// A call under `/rest`, with a document or without.
    pub async fn rest(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.rest_with(method, path, body, &[]).await
    }

    /// The same with further headers.
    pub async fn rest_with(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method: Method = method.parse().unwrap();
        let mut request = (self
            .client
            .request(method, format!("{}/rest{path}", self.base)))
        .header("x-api-key", &self.key);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/xml")
                .body(body.to_owned());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }
}

impl Answer {
    /// Asserts a document of the wire format with this root.
    #[track_caller]
    pub fn expect_xml(self, root: &str) -> Self {
        let answer = self.expect(200);
        answer.check_xml(root);
        answer
    }

    /// Asserts a refusal of the wire format.
    #[track_caller]
    pub fn expect_error(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        answer.check_xml("error");
        assert_eq!(answer.elements("code"), [code], "{}", answer.text());
        if status == 401 {
            assert_eq!(
                answer.header("www-authenticate"),
                "ApiKey realm=\"keyport\""
            );
        }
        answer
    }

    #[track_caller]
    fn check_xml(&self, root: &str) {
        assert_eq!(
            self.header("content-type"),
            "application/xml; charset=utf-8"
        );
        let mut reader = NsReader::from_str(self.text());
        let mut found = None;
        loop {
            match reader.read_resolved_event() {
                Ok((namespace, Event::Start(start) | Event::Empty(start))) => {
                    let local = start.local_name().as_ref().to_owned();
                    let ResolveResult::Bound(namespace) = namespace else {
                        panic!("{local} is in no namespace: {}", self.text());
                    };
                    let is_core = namespace.as_ref() == CORE;
                    if found.is_none() {
                        assert!(is_core, "{}", self.text());
                        found = Some(local);
                    }
                }
                Ok((_, Event::Eof)) => break,
                Ok(_) => {}
                Err(error) => panic!("{error}: {}", self.text()),
            }
        }
        assert_eq!(found.as_deref(), Some(root), "{}", self.text());
    }

    /// The texts of all elements with this name.
    pub fn elements(&self, name: &str) -> Vec<String> {
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        (self.text().split(&start).skip(1))
            .map(|rest| rest.split(&end).next().unwrap().to_owned())
            .collect()
    }

    /// The handle of the record that was answered.
    pub fn handle(&self) -> String {
        self.elements("handle").remove(0)
    }

    /// The contacts of a record, as "AD MO1-KP".
    pub fn contact_links(&self) -> Vec<String> {
        let attribute = |text: &str, name: &str| {
            let rest = text.split(&format!("{name}=\"")).nth(1).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        (self.text().split("<pocLinkRef ").skip(1))
            .map(|rest| {
                format!(
                    "{} {}",
                    attribute(rest, "function"),
                    attribute(rest, "handle")
                )
            })
            .collect()
    }
}
