//! Customers: made under networks, read, changed and deleted by those who act for what is above them.

use crate::on_both_engines;
use crate::support::networks::{CUSTOMER_ADDRESS, customer, document, network};
use crate::support::{Program, TestApp};

/// An organization with one network, for which the program acts, and one that acts for nothing.
fn harbor(app: &TestApp) -> (Program, Program) {
    let maren = app.account("maren@example.com", "Maren Okafor");
    let contact = app.role_contact("Network Operations", &[]);
    app.link(maren.id, &contact);
    let organization = app.organization_of("Harbor Example Networks", &contact);
    app.allocate(&organization, "192.0.2.0/24").unwrap();
    let outsider = app.account("outsider@example.com", "Out Sider");
    (app.program_of(&maren), app.program_of(&outsider))
}

const MAKE: &str = "/rest/net/NET-192-0-2-0-1/customer";

on_both_engines! {
    async fn a_customer_is_made_under_a_network(app) {
        let (program, outsider) = harbor(&app);
        let made = program.post_xml(&format!("{MAKE}/"), &customer("Lighthouse Cafe")).await.expect(200);
        assert_eq!(
            made.text().trim_start_matches("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
            "<customer xmlns=\"http://www.arin.net/regrws/core/v1\"><handle>C00000001</handle>\
             <registrationDate>2026-11-22T18:31:00+00:00</registrationDate><customerName>Lighthouse Cafe</customerName>\
             <streetAddress><line number=\"1\">1 Point Road</line></streetAddress><city>Halifax</city>\
             <iso3166-2>NS</iso3166-2><postalCode>B3H 0A1</postalCode><iso3166-1><name>Canada</name><code2>CA</code2>\
             <code3>CAN</code3><e164>1</e164></iso3166-1><parentOrgHandle>HEN-1</parentOrgHandle>\
             <privateCustomer>false</privateCustomer></customer>"
        );
        let got = program.get("/rest/customer/c00000001").await.expect(200);
        assert_eq!(got.text(), made.text());
        // Creating it again makes another one.
        let again = program.post_xml(MAKE, &customer("Lighthouse Cafe")).await.expect(200);
        assert_eq!(again.element("handle"), "C00000002");
        assert_eq!(app.audited("customer.create"), ["C00000001 done", "C00000002 done"]);
        outsider.post_xml(MAKE, &customer("Mine")).await.expect_error(401, "E_AUTHENTICATION");
        outsider.get("/rest/customer/C00000001").await.expect_error(401, "E_AUTHENTICATION");
        program.post_xml("/rest/net/NET-1/customer", &customer("Mine")).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        for path in ["/rest/customer/C00000009", "/rest/customer/no_handle"] {
            program.get(path).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        }
    }
}

on_both_engines! {
    async fn customers_that_cannot_be_accepted_are_refused_with_every_element(app) {
        let (program, outsider) = harbor(&app);
        let nothing = program.post_xml(MAKE, &document("customer", "")).await.expect_error(400, "E_ENTITY_VALIDATION");
        let elements = nothing.elements("name");
        for element in ["customerName", "streetAddress", "city", "iso3166-1"] {
            assert!(elements.iter().any(|name| name == element), "{element}: {elements:?}");
        }
        let with = |more: &str| document("customer", &format!("<customerName>Cafe</customerName>{CUSTOMER_ADDRESS}{more}"));
        program.post_xml(MAKE, &with("<parentOrgHandle>LEC-1</parentOrgHandle>")).await.expect_invalid(&["parentOrgHandle"]);
        program.post_xml(MAKE, &with("<privateCustomer>perhaps</privateCustomer>")).await.expect_error(400, "E_SCHEMA_VALIDATION");
        program.post_xml(MAKE, &customer(&"x".repeat(101))).await.expect_invalid(&["customerName"]);
        // Nothing of it is judged for those without authority.
        outsider.post_xml(MAKE, &document("customer", "")).await.expect_error(401, "E_AUTHENTICATION");
        assert_eq!(app.text("SELECT COUNT(*) || '' AS text FROM customers"), "0");
        program.post_xml(MAKE, &with("<parentOrgHandle>hen-1</parentOrgHandle>")).await.expect(200);
    }
}

on_both_engines! {
    async fn a_customer_is_changed_as_a_whole(app) {
        let (program, outsider) = harbor(&app);
        program.post_xml(MAKE, &customer("Lighthouse Cafe")).await.expect(200);
        let path = "/rest/customer/C00000001";
        let with = |name: &str, more: &str| document("customer", &format!("<customerName>{name}</customerName>{CUSTOMER_ADDRESS}{more}"));
        let changed = program.put_xml(path, &with("Point Cafe", "<privateCustomer>1</privateCustomer><comment><line number=\"1\">Hello</line></comment>")).await.expect(200);
        assert_eq!((changed.element("customerName").as_str(), changed.element("privateCustomer").as_str()), ("Point Cafe", "true"));
        assert_eq!(changed.header("etag"), "\"2\"");
        // Those who may read it see a private customer whole, and put back what they got.
        let got = program.get(path).await.expect(200);
        assert_eq!(got.element("customerName"), "Point Cafe");
        let back = program.put_xml(path, got.text()).await.expect(200);
        assert_eq!(back.text(), got.text());
        for more in ["<handle>C00000002</handle>", "<parentOrgHandle>LEC-1</parentOrgHandle>"] {
            program.put_xml(path, &with("Cafe", more)).await.expect_error(400, "E_ENTITY_VALIDATION");
        }
        outsider.put_xml(path, &with("Cafe", "")).await.expect_error(401, "E_AUTHENTICATION");
        program.put_xml("/rest/customer/C00000009", &with("Cafe", "")).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        assert_eq!(app.audited("customer.change").len(), 2);
    }
}

on_both_engines! {
    async fn a_customer_with_a_network_is_not_deleted(app) {
        let (program, outsider) = harbor(&app);
        program.post_xml(MAKE, &customer("Lighthouse Cafe")).await.expect(200);
        let more = "<customerHandle>C00000001</customerHandle>";
        program.put_xml("/rest/net/NET-192-0-2-0-1/reassign", &network("192.0.2.0", 28, more)).await.expect(200);
        let path = "/rest/customer/C00000001";
        let refused = program.delete(path).await.expect_error(409, "E_NOT_REMOVEABLE");
        assert!(refused.text().contains("NET-192-0-2-0-2 is registered to it."), "{}", refused.text());
        outsider.delete(path).await.expect_error(401, "E_AUTHENTICATION");
        program.delete("/rest/net/NET-192-0-2-0-2").await.expect(200);
        let deleted = program.delete(path).await.expect(200);
        assert_eq!(deleted.element("customerName"), "Lighthouse Cafe");
        program.delete(path).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        assert_eq!(app.audited("customer.delete"), ["C00000001 done"]);
        // Its number is not given again.
        let made = program.post_xml(MAKE, &customer("Another")).await.expect(200);
        assert_eq!(made.element("handle"), "C00000002");
    }
}

on_both_engines! {
    async fn no_customer_is_made_under_a_customers_network(app) {
        let (program, _) = harbor(&app);
        program.post_xml(MAKE, &customer("Lighthouse Cafe")).await.expect(200);
        let more = "<customerHandle>C00000001</customerHandle>";
        program.put_xml("/rest/net/NET-192-0-2-0-1/reassign", &network("192.0.2.0", 28, more)).await.expect(200);
        program.post_xml("/rest/net/NET-192-0-2-0-2/customer", &customer("Guest")).await.expect_error(401, "E_AUTHENTICATION");
    }
}
