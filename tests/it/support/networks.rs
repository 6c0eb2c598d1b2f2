//! Networks and customers of the registry for tests, and documents of its wire format.

use keyport::crypto::random::system_rng;
use keyport::domain::accounts::Account;
use keyport::domain::api_keys::addresses::AllowedAddresses;
use keyport::domain::api_keys::scopes::Access;
use keyport::domain::api_keys::{self, NewApiKey};
use keyport::domain::integrations::limits::CallLimits;
use keyport::domain::registry::error::RegistryError;
use keyport::domain::registry::fields::{BlockFields, NetworkFields};
use keyport::domain::registry::networks;
use keyport::domain::text::Name;

use super::actors::{Answer, Program};
use super::app::TestApp;

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
            call_limits: CallLimits::default(),
        };
        let policy = &self.state.policy;
        let made = self
            .state
            .pool
            .write_now(|db| api_keys::create(db, &act, policy, &mut system_rng(), account.id, new));
        let (_, full_key) = made.unwrap_or_else(|error| panic!("no key: {error}"));
        self.program(full_key.reveal())
    }

    /// An organization, each of whose contacts is one contact.
    pub fn organization_of(&self, name: &str, contact: &str) -> String {
        self.organization(name, &["AD", "T", "AB"].map(|function| (function, contact)))
    }

    /// Allocates a block, such as 192.0.2.0/24, if it may be.
    pub fn allocate(&self, organization: &str, block: &str) -> Result<String, RegistryError> {
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
    pub async fn put_xml(&self, path: &str, document: &str) -> Answer {
        self.rest("PUT", rest(path), Some(document)).await
    }

    pub async fn post_xml(&self, path: &str, document: &str) -> Answer {
        self.rest("POST", rest(path), Some(document)).await
    }
}

fn rest(path: &str) -> &str {
    path.strip_prefix("/rest")
        .expect("a path of the wire format")
}

impl Answer {
    /// Asserts that elements of a document were refused, with the names of these.
    #[track_caller]
    pub fn expect_invalid(self, elements: &[&str]) -> Self {
        let answer = self.expect_error(400, "E_ENTITY_VALIDATION");
        assert_eq!(answer.elements("name"), elements, "{}", answer.text());
        answer
    }

    /// The text of the first element with this name; empty if there is none.
    pub fn element(&self, name: &str) -> String {
        self.elements(name).into_iter().next().unwrap_or_default()
    }
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
