//! Records of the registry for tests, and the documents of its wire format.

use keyport::crypto::random::system_rng;
use keyport::domain::accounts::Account;
use keyport::domain::api_keys::addresses::AllowedAddresses;
use keyport::domain::api_keys::scopes::Access;
use keyport::domain::api_keys::{self, NewApiKey};
use keyport::domain::registry::error::RegistryError;
use keyport::domain::registry::fields::{
    AddressFields, BlockFields, ContactFields, ContactLinkFields, NetworkFields,
    OrganizationFields, PhoneFields, PhoneKind,
};
use keyport::domain::registry::functions::Function;
use keyport::domain::registry::{checks, contacts, links, networks, organizations};
use keyport::domain::text::Name;
use reqwest::Method;

use super::actors::{Answer, Program};
use super::app::TestApp;

/// The address of every record.
pub fn address() -> AddressFields {
    AddressFields {
        street: vec!["4 Quay Street".to_owned()],
        city: Some("Portland".to_owned()),
        state: Some("ME".to_owned()),
        postal_code: Some("04101".to_owned()),
        country_code2: Some("US".to_owned()),
        country_code3: None,
    }
}

impl TestApp {
    /// A program with a key of this account that may do everything.
    pub fn program_of(&self, account: &Account) -> Program {
        let act = self.act();
        let new = NewApiKey {
            name: Name::parse("Program").unwrap(),
            expires_at: None,
            access: Access::All,
            allowed_addresses: AllowedAddresses::default(),
            rate_limit: None,
        };
        let policy = &self.state.policy;
        let made = self
            .state
            .pool
            .write_now(|db| api_keys::create(db, &act, policy, &mut system_rng(), account.id, new));
        let (_, full_key) = made.unwrap_or_else(|error| panic!("no key: {error}"));
        self.program(full_key.reveal())
    }

    /// A contact that is a role, made by this account but not linked to it.
    pub fn role(&self, maker: &Account, name: &str) -> String {
        let act = self.act();
        let fields = ContactFields {
            is_role: Some(true),
            company_name: Some("Harbor Example Networks".to_owned()),
            last_name: Some(name.to_owned()),
            address: address(),
            emails: Some(vec!["noc@example.com".to_owned()]),
            phones: Some(vec![PhoneFields {
                kind: Some(PhoneKind::Office),
                number: Some("+1.207.555.0142".to_owned()),
                extension: None,
            }]),
            ..ContactFields::default()
        };
        let made = (self.state.pool)
            .write_now(|db| contacts::create(db, &act, maker.id, "KP", &fields, false));
        made.unwrap().handle.to_string()
    }

    /// Links an account to a contact, as an operator does.
    pub fn link(&self, account: &Account, contact: &str) {
        let act = self.act();
        let linked = (self.state.pool).write_now(|db| links::link(db, &act, account.id, contact));
        assert!(linked.unwrap(), "it was linked before");
    }

    /// Ends such a link.
    pub fn unlink(&self, account: &Account, contact: &str) {
        let act = self.act();
        let ended = (self.state.pool).write_now(|db| links::unlink(db, &act, account.id, contact));
        assert!(ended.unwrap(), "it was not linked");
    }

    /// An organization with these contacts.
    pub fn organization(&self, name: &str, contacts: &[(&str, Function)]) -> String {
        let act = self.act();
        let link = |(handle, function): &(&str, Function)| ContactLinkFields {
            handle: Some((*handle).to_owned()),
            function: Some(*function),
        };
        let fields = OrganizationFields {
            name: Some(name.to_owned()),
            address: address(),
            contacts: Some(contacts.iter().map(link).collect()),
            ..OrganizationFields::default()
        };
        let made = self.state.pool.write_now(|db| {
            let new = checks::new_organization(&fields).map_err(RegistryError::Invalid)?;
            organizations::create(db, &act, None, &new)
        });
        made.unwrap().handle.to_string()
    }

    /// An organization, each of whose contacts is one contact.
    pub fn organization_of(&self, name: &str, contact: &str) -> String {
        let all = [Function::Admin, Function::Tech, Function::Abuse];
        self.organization(name, &all.map(|function| (contact, function)))
    }

    /// A direct allocation of a block, such as 192.0.2.0/24.
    pub fn allocation(&self, organization: &str, block: &str) -> Result<String, RegistryError> {
        let act = self.act();
        let (start, length) = block.split_once('/').unwrap();
        let fields = NetworkFields {
            name: Some("HARBOR".to_owned()),
            blocks: Some(vec![BlockFields {
                start: Some(start.to_owned()),
                length: Some(length.to_owned()),
                ..BlockFields::default()
            }]),
            organization: Some(organization.to_owned()),
            ..NetworkFields::default()
        };
        let made = (self.state.pool).write_now(|db| networks::allocate(db, &act, &fields));
        Ok(made?.handle.to_string())
    }
}

impl Program {
    /// Sends a document.
    pub async fn send_xml(&self, method: Method, path: &str, document: &str) -> Answer {
        let request = reqwest::Client::new()
            .request(method, self.url(path))
            .header("x-api-key", &self.key)
            .header("content-type", "application/xml")
            .body(document.to_owned());
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn put_xml(&self, path: &str, document: &str) -> Answer {
        self.send_xml(Method::PUT, path, document).await
    }

    pub async fn post_xml(&self, path: &str, document: &str) -> Answer {
        self.send_xml(Method::POST, path, document).await
    }
}

impl Answer {
    /// Asserts a refusal under `/rest`: status and code.
    #[track_caller]
    pub fn expect_error(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.element("code"), code, "{}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            "application/xml; charset=utf-8"
        );
        answer
    }

    /// The same of a document whose elements were refused, with the names of these.
    #[track_caller]
    pub fn expect_invalid(self, elements: &[&str]) -> Self {
        let answer = self.expect_error(400, "E_ENTITY_VALIDATION");
        assert_eq!(
            elements_of(answer.text(), "name"),
            elements,
            "{}",
            answer.text()
        );
        answer
    }

    /// The text of the first element with this name; empty if there is none.
    pub fn element(&self, name: &str) -> String {
        elements_of(self.text(), name)
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    /// The texts of all elements with this name.
    pub fn elements(&self, name: &str) -> Vec<String> {
        elements_of(self.text(), name)
    }
}

fn elements_of(document: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = document.split(&open).skip(1);
    parts
        .map(|part| part.split(&close).next().unwrap().to_owned())
        .collect()
}

/// A document with this root and content.
pub fn document(root: &str, content: &str) -> String {
    format!("<{root} xmlns=\"http://www.arin.net/regrws/core/v1\">{content}</{root}>")
}

/// A customer with this name.
pub fn customer(name: &str) -> String {
    document(
        "customer",
        &format!("<customerName>{name}</customerName>{CUSTOMER_ADDRESS}"),
    )
}

/// What every customer has beside its name.
pub const CUSTOMER_ADDRESS: &str = "<streetAddress><line number=\"1\">1 Point Road</line></streetAddress><city>Halifax</city>\
     <iso3166-2>NS</iso3166-2><postalCode>B3H 0A1</postalCode><iso3166-1><code2>CA</code2></iso3166-1>";

/// A network of these addresses, with more elements.
pub fn network(start: &str, length: u8, more: &str) -> String {
    document(
        "net",
        &format!(
            "<netName>CUT</netName><netBlocks><netBlock><startAddress>{start}</startAddress>\
             <cidrLength>{length}</cidrLength></netBlock></netBlocks>{more}"
        ),
    )
}
