use super::Harbor;
use crate::on_both_engines;
use crate::support::networks::{CUSTOMER_ADDRESS, customer, document, network};

on_both_engines! {
    async fn a_tech_of_the_network_finds_it_reassigns_from_it_and_takes_it_back(app) {
        let harbor = Harbor::new(&app);
        let tech = app.account("tomas@example.com", "Tomas Rey");
        let contact = app.role_contact("Field Desk", &[]);
        app.link(tech.id, &contact);
        let links = format!("<netName>HARBOR</netName><pocLinks><pocLinkRef function=\"T\" handle=\"{contact}\"/></pocLinks>");
        let path = format!("/rest/net/{}", harbor.v4);
        harbor.program.put_xml(&path, &document("net", &links)).await.expect(200);
        let tech = app.program_of(&tech);
        let parent = tech.get("/rest/net/mostSpecificNet/192.0.2.64/192.0.2.127").await.expect(200).element("handle");
        assert_eq!(parent, harbor.v4);
        let made = tech.post_xml(&format!("/rest/net/{parent}/customer"), &customer("Lighthouse Cafe")).await.expect(200);
        let holder = made.element("handle");
        assert_eq!(holder, "C00000001");
        let more = format!("<customerHandle>{holder}</customerHandle><parentNetHandle>{parent}</parentNetHandle>");
        let path = format!("/rest/net/{parent}/reassign");
        let made = tech.put_xml(&path, &network("192.000.002.064", 26, &more)).await.expect(200);
        assert!(made.text().contains("<ticketedRequest xmlns=\"http://www.arin.net/regrws/core/v1\"><net>"));
        assert_eq!(made.element("handle"), "NET-192-0-2-64-1");
        assert_eq!(made.element("type"), "S");
        assert_eq!(made.element("customerHandle"), holder);
        let got = tech.get("/rest/net/NET-192-0-2-64-1").await.expect(200);
        assert_eq!(got.element("parentNetHandle"), parent);
        assert_eq!(got.element("endAddress"), "192.000.002.127");
        // Outside, and over it.
        let more = format!("<customerHandle>{}</customerHandle>", harbor.customer("Second").await);
        for (start, length) in [("198.51.100.0", 26), ("192.0.2.64", 26), ("192.0.2.64", 27), ("192.0.2.0", 25), ("192.0.2.0", 24), ("192.0.0.0", 16)] {
            let answer = tech.put_xml(&path, &network(start, length, &more)).await;
            assert_eq!(answer.expect_error(409, "E_ENTITY_VALIDATION").element("name"), "netBlocks");
        }
        let before = app.text("SELECT COUNT(*) || '' AS text FROM networks");
        harbor.outsider.put_xml(&path, &network("192.0.2.0", 28, &more)).await.expect_error(403, "E_AUTHENTICATION");
        assert_eq!(app.text("SELECT COUNT(*) || '' AS text FROM networks"), before);
        let removed = tech.delete("/rest/net/NET-192-0-2-64-1").await.expect(200);
        assert_eq!(removed.element("handle"), "NET-192-0-2-64-1");
        tech.get("/rest/net/NET-192-0-2-64-1").await.expect_error(404, "E_OBJECT_NOT_FOUND");
        tech.get("/rest/customer/C00000001").await.expect(200);
        // Its number is not given again.
        let again = tech.put_xml(&path, &network("192.0.2.64", 26, &format!("<customerHandle>{holder}</customerHandle>"))).await;
        assert_eq!(again.expect(200).element("handle"), "NET-192-0-2-64-2");
        assert_eq!(
            app.audited("network.create"),
            ["NET-192-0-2-0-1 done", "NET6-2001-DB8-1 done", "NET-192-0-2-64-1 done", "NET-192-0-2-64-2 done"]
        );
        assert_eq!(app.audited("network.remove"), ["NET-192-0-2-64-1 done"]);
    }
}

on_both_engines! {
    async fn a_customer_can_be_made_with_its_network(app) {
        let harbor = Harbor::new(&app);
        let path = format!("/rest/net/{}/reassign", harbor.v4);
        let more = |extra: &str| format!("<customer><customerName>Lighthouse Cafe</customerName>{CUSTOMER_ADDRESS}{extra}</customer>");
        let made = harbor.program.put_xml(&path, &network("192.0.2.64", 26, &more(""))).await.expect(200);
        let handle = made.element("customerHandle");
        let customer = harbor.program.get(&format!("/rest/customer/{handle}")).await.expect(200);
        assert_eq!(customer.element("parentOrgHandle"), harbor.organization);
        assert_eq!(app.audited("customer.create"), ["C00000001 done"]);
        // With addresses that are taken no customer is made either.
        harbor.program.put_xml(&path, &network("192.0.2.64", 28, &more(""))).await.expect_error(409, "E_ENTITY_VALIDATION");
        let wrong = more("<parentOrgHandle>LEC-1</parentOrgHandle>");
        harbor.program.put_xml(&path, &network("192.0.2.0", 28, &wrong)).await.expect_invalid(&["parentOrgHandle"]);
        assert_eq!(app.text("SELECT COUNT(*) || '' AS text FROM customers"), "1");
    }
}

on_both_engines! {
    async fn networks_are_reassigned_and_reallocated_to_organizations_that_accept_them(app) {
        let harbor = Harbor::new(&app);
        let (lantern, tomas) = harbor.other(&app);
        let to_lantern = format!("<orgHandle>{}</orgHandle>", lantern.to_lowercase());
        let reassign = format!("/rest/net/{}/reassign", harbor.v4.to_lowercase());
        let reallocate = format!("/rest/net/{}/reallocate", harbor.v4);
        let made = harbor.program.put_xml(&reassign, &network("192.0.2.0", 28, &to_lantern)).await.expect(200);
        assert_eq!((made.element("type"), made.element("orgHandle")), ("S".to_owned(), lantern.clone()));
        let made = harbor.program.put_xml(&reallocate, &network("192.0.2.128", 25, &to_lantern)).await.expect(200);
        assert_eq!((made.element("type"), made.element("description")), ("A".to_owned(), "Reallocated".to_owned()));
        // Who holds it now cuts from what was reallocated, and not from what was reassigned.
        let tomas = app.program_of(&tomas);
        let customer = tomas.post_xml("/rest/net/NET-192-0-2-128-1/customer", &customer("Lamp Shop")).await.expect(200);
        let to_customer = format!("<customerHandle>{}</customerHandle>", customer.element("handle"));
        tomas.put_xml("/rest/net/NET-192-0-2-0-2/reassign", &network("192.0.2.0", 29, &to_customer)).await.expect_error(403, "E_BAD_REQUEST");
        tomas.put_xml("/rest/net/NET-192-0-2-128-1/reassign", &network("192.0.2.128", 28, &to_customer)).await.expect(200);
        // Nor does anyone reassign what lies below from above.
        let own = format!("<orgHandle>{}</orgHandle>", harbor.organization);
        harbor.program.put_xml(&reassign, &network("192.0.2.128", 28, &own)).await.expect_error(409, "E_ENTITY_VALIDATION");
        app.execute("UPDATE organizations SET accepts_reassignments = NOT accepts_reassignments WHERE handle = 'LEC-1'".replace("NOT accepts_reassignments", if app.database.engine() == crate::support::Engine::Sqlite { "0" } else { "FALSE" }).as_str());
        harbor.program.put_xml(&reassign, &network("192.0.2.32", 28, &to_lantern)).await.expect_error(403, "E_BAD_REQUEST");
    }
}

on_both_engines! {
    async fn recipients_that_are_none_are_refused(app) {
        let harbor = Harbor::new(&app);
        let (lantern, tomas) = harbor.other(&app);
        app.allocate(&lantern, "203.0.113.0/24").unwrap();
        let theirs = app.program_of(&tomas).post_xml("/rest/net/NET-203-0-113-0-1/customer", &customer("Theirs")).await.expect(200).element("handle");
        let mine = harbor.customer("Mine").await;
        let reassign = format!("/rest/net/{}/reassign", harbor.v4);
        let reallocate = format!("/rest/net/{}/reallocate", harbor.v4);
        for (path, more, element) in [
            (&reassign, String::new(), "orgHandle"),
            (&reassign, format!("<orgHandle>{lantern}</orgHandle><customerHandle>{mine}</customerHandle>"), "customerHandle"),
            (&reassign, "<orgHandle>NONE-1</orgHandle>".to_owned(), "orgHandle"),
            (&reassign, "<orgHandle>!</orgHandle>".to_owned(), "orgHandle"),
            (&reassign, "<customerHandle>C00000099</customerHandle>".to_owned(), "customerHandle"),
            (&reassign, format!("<customerHandle>{theirs}</customerHandle>"), "customerHandle"),
            (&reallocate, format!("<customerHandle>{mine}</customerHandle>"), "orgHandle"),
        ] {
            harbor.program.put_xml(path, &network("192.0.2.0", 28, &more)).await.expect_invalid(&[element]);
        }
        // Each customer has one network.
        let more = format!("<customerHandle>{mine}</customerHandle>");
        harbor.program.put_xml(&reassign, &network("192.0.2.0", 28, &more)).await.expect(200);
        let again = harbor.program.put_xml(&reassign, &network("192.0.2.32", 28, &more)).await;
        assert_eq!(again.expect_error(409, "E_ENTITY_VALIDATION").element("name"), "customerHandle");
    }
}

on_both_engines! {
    async fn documents_that_do_not_fit_the_call_are_refused(app) {
        let harbor = Harbor::new(&app);
        let more = format!("<orgHandle>{}</orgHandle>", harbor.organization);
        let path = format!("/rest/net/{}/reassign", harbor.v4);
        let block = |block: &str| document("net", &format!("<netName>CUT</netName><netBlocks>{block}</netBlocks>{more}"));
        let one = |content: &str| block(&format!("<netBlock>{content}</netBlock>"));
        for (body, element) in [
            (network("192.0.2.0", 28, &format!("{more}<version>6</version>")), "version"),
            (network("192.0.2.0", 28, &format!("{more}<parentNetHandle>NET-203-0-113-0-1</parentNetHandle>")), "parentNetHandle"),
            (network("192.0.2.0", 28, &format!("{more}<pocLinks><pocLinkRef function=\"T\" handle=\"{}\"/></pocLinks>", harbor.contact)), "pocLinks"),
            (one("<type>A</type><startAddress>192.0.2.0</startAddress><cidrLength>28</cidrLength>"), "type"),
            (one("<type>DA</type><startAddress>192.0.2.0</startAddress><cidrLength>28</cidrLength>"), "type"),
            (block(""), "netBlocks"),
            (block("<netBlock><startAddress>192.0.2.0</startAddress><cidrLength>28</cidrLength></netBlock><netBlock><startAddress>192.0.2.16</startAddress><cidrLength>28</cidrLength></netBlock>"), "netBlocks"),
        ] {
            harbor.program.put_xml(&path, &body).await.expect_invalid(&[element]);
        }
        // Host bits, end before start, families mixed, neither end nor length, both but not the same.
        for content in [
            "<startAddress>192.0.2.1</startAddress><cidrLength>28</cidrLength>",
            "<startAddress>192.0.2.16</startAddress><endAddress>192.0.2.15</endAddress>",
            "<startAddress>192.0.2.0</startAddress><endAddress>2001:db8::</endAddress>",
            "<startAddress>192.0.2.0</startAddress>",
            "<startAddress>192.0.2.0</startAddress><endAddress>192.0.2.31</endAddress><cidrLength>28</cidrLength>",
            "<startAddress>192.0.2.256</startAddress><cidrLength>28</cidrLength>",
            "<startAddress>192.0.2.0</startAddress><cidrLength>33</cidrLength>",
        ] {
            harbor.program.put_xml(&path, &one(content)).await.expect_error(400, "E_ENTITY_VALIDATION");
        }
        let v6 = format!("/rest/net/{}/reassign", harbor.v6);
        harbor.program.put_xml(&v6, &network("2001:db8::", 65, &more)).await.expect_error(400, "E_ENTITY_VALIDATION");
        harbor.program.put_xml(&path, &one("<type>XX</type><startAddress>192.0.2.0</startAddress><cidrLength>28</cidrLength>")).await.expect_error(400, "E_SCHEMA_VALIDATION");
        harbor.program.put_xml("/rest/net/NET-192-0-2-9-9/reassign", &network("192.0.2.0", 28, &more)).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        assert_eq!(app.audited("network.create").len(), 2);
    }
}

on_both_engines! {
    async fn ranges_that_are_no_prefix_and_every_form_of_ipv6_are_cut(app) {
        let harbor = Harbor::new(&app);
        let to = format!("<orgHandle>{}</orgHandle>", harbor.organization);
        let body = document("net", &format!(
            "<netName>ODD</netName><netBlocks><netBlock><startAddress>192.0.2.0</startAddress>\
             <endAddress>192.0.2.130</endAddress></netBlock></netBlocks>{to}"
        ));
        let path = format!("/rest/net/{}/reassign", harbor.v4);
        let made = harbor.program.put_xml(&path, &body).await.expect(200);
        assert_eq!(made.elements("cidrLength"), ["25", "31", "32"]);
        // As answered it can be put back.
        let odd = harbor.program.get("/rest/net/NET-192-0-2-0-2").await.expect(200);
        let back = harbor.program.put_xml("/rest/net/NET-192-0-2-0-2", odd.text()).await.expect(200);
        assert_eq!(back.elements("cidrLength"), ["25", "31", "32"]);
        let path = format!("/rest/net/{}/reassign", harbor.v6);
        for (start, length, handle) in [
            ("2001:db8:1000::", 48, "NET6-2001-DB8-1000-1"),
            ("2001:0DB8:0000:0001:0000:0000:0000:0000", 64, "NET6-2001-DB8-0-1-1"),
            ("2001:DB8:0:2::", 64, "NET6-2001-DB8-0-2-1"),
        ] {
            let made = harbor.program.put_xml(&path, &network(start, length, &to)).await.expect(200);
            assert_eq!((made.element("handle").as_str(), made.element("version").as_str()), (handle, "6"));
        }
        let found = harbor.program.get("/rest/net/NET6-2001-DB8-0-1-1").await.expect(200);
        assert_eq!(found.element("startAddress"), "2001:0DB8:0000:0001:0000:0000:0000:0000");
        assert_eq!(found.element("endAddress"), "2001:0DB8:0000:0001:FFFF:FFFF:FFFF:FFFF");
    }
}

on_both_engines! {
    async fn authority_on_the_network_above_decides(app) {
        let harbor = Harbor::new(&app);
        let to = format!("<orgHandle>{}</orgHandle>", harbor.organization);
        let path = format!("/rest/net/{}/reassign", harbor.v4);
        let document = network("192.0.2.0", 28, &to);
        // Abuse alone has a function there, which is not enough: 401, not 403.
        let ines = app.account("ines@example.com", "Ines");
        let abuse = app.role_contact("Abuse", &[]);
        app.link(ines.id, &abuse);
        let contacts = [
            ("AD", harbor.contact.as_str()),
            ("T", harbor.contact.as_str()),
            ("AB", abuse.as_str()),
        ];
        let other = app.organization("Second Harbor", &contacts);
        let block = app.allocate(&other, "198.51.100.0/24").unwrap();
        let ines = app.program_of(&ines);
        ines.get(&format!("/rest/net/{block}")).await.expect(200);
        ines.put_xml(&format!("/rest/net/{block}/reassign"), &network("198.51.100.0", 28, &to)).await.expect_error(401, "E_AUTHENTICATION");
        ines.put_xml(&path, &document).await.expect_error(403, "E_AUTHENTICATION");
        // The document is not judged for those without authority.
        ines.put_xml(&path, &network("1.2.3.4", 7, "")).await.expect_error(403, "E_AUTHENTICATION");
        // A link that has ended gives nothing on the very next call.
        app.unlink(harbor.maren.id, &harbor.contact);
        harbor.program.put_xml(&path, &document).await.expect_error(403, "E_AUTHENTICATION");
        app.link(harbor.maren.id, &harbor.contact);
        harbor.program.put_xml(&path, &document).await.expect(200);
    }
}

on_both_engines! {
    async fn of_twenty_overlapping_reassignments_at_once_one_is_done(app) {
        let harbor = Harbor::new(&app);
        let to = format!("<orgHandle>{}</orgHandle>", harbor.organization);
        let path = format!("/rest/net/{}/reassign", harbor.v4);
        let calls = (0..20_u8).map(|number| {
            // They overlap, but no two are the same.
            let document = network("192.0.2.64", 26 + number % 5, &to);
            let (program, path) = (&harbor.program, &path);
            async move { program.put_xml(path, &document).await.status.as_u16() }
        });
        let mut statuses = futures_util::future::join_all(calls).await;
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200);
        assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
        assert_eq!(app.text("SELECT COUNT(*) || '' AS text FROM networks"), "3");
    }
}
