//! Networks: found by their addresses, cut from others, changed and removed.

mod allocations;
mod cutting;
mod finding;
mod keeping;

use keyport::domain::accounts::Account;

use crate::support::{Program, TestApp};

/// Harbor holds 192.0.2.0/24 and 2001:db8::/32, for which maren acts; outsider acts for nothing.
struct Harbor {
    maren: Account,
    program: Program,
    outsider: Program,
    contact: String,
    organization: String,
    v4: String,
    v6: String,
}

impl Harbor {
    fn new(app: &TestApp) -> Self {
        let maren = app.account("maren@example.com", "Maren Okafor");
        let outsider = app.account("outsider@example.com", "Out Sider");
        let contact = app.role_contact("Network Operations", &[]);
        app.link(maren.id, &contact);
        let organization = app.organization_of("Harbor Example Networks", &contact);
        Self {
            program: app.program_of(&maren),
            outsider: app.program_of(&outsider),
            v4: app.allocate(&organization, "192.0.2.0/24").unwrap(),
            v6: app.allocate(&organization, "2001:db8::/32").unwrap(),
            maren,
            contact,
            organization,
        }
    }

    /// Another organization, and who acts for it.
    fn other(&self, app: &TestApp) -> (String, Account) {
        let tomas = app.account("tomas@example.com", "Tomas Rey");
        let contact = app.role_contact("Lantern Desk", &[]);
        app.link(tomas.id, &contact);
        (
            app.organization_of("Lantern Example Cooperative", &contact),
            tomas,
        )
    }

    /// A customer of Harbor's.
    async fn customer(&self, name: &str) -> String {
        let path = format!("/rest/net/{}/customer", self.v4);
        let document = crate::support::networks::customer(name);
        let made = self.program.post_xml(&path, &document).await.expect(200);
        made.element("handle")
    }

    /// Reassigns addresses to a customer of its own.
    async fn reassigned(&self, start: &str, length: u8) -> String {
        let customer = self.customer("Lighthouse Cafe").await;
        let more = format!("<customerHandle>{customer}</customerHandle>");
        let parent = if start.contains(':') {
            &self.v6
        } else {
            &self.v4
        };
        let path = format!("/rest/net/{parent}/reassign");
        let document = crate::support::networks::network(start, length, &more);
        let made = self.program.put_xml(&path, &document).await.expect(200);
        made.element("handle")
    }
}
