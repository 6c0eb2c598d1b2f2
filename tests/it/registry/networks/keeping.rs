use reqwest::Method;

use super::Harbor;
use crate::on_both_engines;
use crate::support::networks::{document, network};

on_both_engines! {
    async fn a_network_is_changed_as_a_whole(app) {
        let harbor = Harbor::new(&app);
        let path = format!("/rest/net/{}", harbor.v4);
        let links = format!(
            "<pocLinks><pocLinkRef function=\"N\" handle=\"{0}\"/><pocLinkRef function=\"T\" handle=\"{0}\"/></pocLinks>",
            harbor.contact.to_lowercase()
        );
        let body = |more: &str| document("net", &format!("<netName>NEW NAME</netName>{more}"));
        let changed = harbor.program.put_xml(&path, &body(&format!("<comment><line number=\"1\">Hello</line></comment>{links}"))).await.expect(200);
        assert_eq!(changed.element("netName"), "NEW NAME");
        assert_eq!(changed.header("etag"), "\"2\"");
        assert!(changed.text().contains(&format!("<pocLinks><pocLinkRef description=\"Tech\" function=\"T\" handle=\"{0}\"/><pocLinkRef description=\"NOC\" function=\"N\" handle=\"{0}\"/></pocLinks>", harbor.contact)), "{}", changed.text());
        // What was got can be put back. A list that is not sent is kept, a comment is not; an empty list clears.
        let got = harbor.program.get(&path).await.expect(200);
        let back = harbor.program.put_xml(&path, got.text()).await.expect(200);
        assert_eq!(back.text(), got.text());
        let kept = harbor.program.put_xml(&path, &body("")).await.expect(200);
        assert!(kept.text().contains("pocLinkRef") && !kept.text().contains("comment"), "{}", kept.text());
        let cleared = harbor.program.put_xml(&path, &body("<pocLinks/>")).await.expect(200);
        assert!(!cleared.text().contains("pocLinkRef"));
        for more in ["<handle>NET-192-0-2-0-9</handle>", "<orgHandle>LEC-1</orgHandle>", "<version>6</version>", "<parentNetHandle>NET-1</parentNetHandle>",
            "<netBlocks><netBlock><startAddress>192.0.2.0</startAddress><cidrLength>25</cidrLength></netBlock></netBlocks>",
            "<pocLinks><pocLinkRef function=\"AD\" handle=\"NO1-KP\"/></pocLinks>",
            "<pocLinks><pocLinkRef function=\"R\" handle=\"NO1-KP\"/></pocLinks>",
            "<pocLinks><pocLinkRef function=\"T\" handle=\"NONE1-KP\"/></pocLinks>"] {
            harbor.program.put_xml(&path, &body(more)).await.expect_error(400, "E_ENTITY_VALIDATION");
        }
        harbor.program.put_xml(&path, &document("net", "")).await.expect_invalid(&["netName"]);
        harbor.program.put_xml(&path, &document("net", "<netName>a_b</netName>")).await.expect_invalid(&["netName"]);
        harbor.outsider.put_xml(&path, &body("")).await.expect_error(401, "E_AUTHENTICATION");
        harbor.program.put_xml("/rest/net/NET-192-0-2-0-9", &body("")).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        assert_eq!(app.audited("network.change").len(), 4);
    }
}

on_both_engines! {
    async fn who_names_another_revision_changes_nothing(app) {
        let harbor = Harbor::new(&app);
        let path = format!("/rest/net/{}", harbor.v4);
        let change = document("net", "<netName>NEW</netName>");
        let send = async |tag: &str| {
            let request = reqwest::Client::new().put(harbor.program.url(&path)).header("x-api-key", &harbor.program.key);
            let request = request.header("content-type", "application/xml").header("if-match", tag).body(change.clone());
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(send("\"1\"").await, 200);
        assert_eq!(send("\"1\"").await, 412);
        assert_eq!(send("\"2\"").await, 200);
        let made = harbor.reassigned("192.0.2.0", 28).await;
        let path = format!("/rest/net/{made}");
        let headers = [("if-match", "\"7\"")];
        harbor.program.send(Method::DELETE, &path, None, &headers).await.expect(412);
        harbor.program.delete(&path).await.expect(200);
    }
}

on_both_engines! {
    async fn a_customers_network_is_changed_from_above_and_has_no_contacts(app) {
        let harbor = Harbor::new(&app);
        let path = format!("/rest/net/{}", harbor.reassigned("192.0.2.0", 28).await);
        let body = |more: &str| document("net", &format!("<netName>CAFE</netName>{more}"));
        let changed = harbor.program.put_xml(&path, &body("<pocLinks/>")).await.expect(200);
        assert_eq!(changed.element("netName"), "CAFE");
        let links = format!("<pocLinks><pocLinkRef function=\"T\" handle=\"{}\"/></pocLinks>", harbor.contact);
        harbor.program.put_xml(&path, &body(&links)).await.expect_invalid(&["pocLinks"]);
        harbor.outsider.put_xml(&path, &body("")).await.expect_error(401, "E_AUTHENTICATION");
    }
}

on_both_engines! {
    async fn a_direct_allocation_is_not_removed(app) {
        let harbor = Harbor::new(&app);
        let path = format!("/rest/net/{}", harbor.v4);
        harbor.program.delete(&path).await.expect_error(403, "E_BAD_REQUEST");
        harbor.outsider.delete(&path).await.expect_error(401, "E_AUTHENTICATION");
        harbor.program.delete("/rest/net/NET-192-0-2-0-9").await.expect_error(404, "E_OBJECT_NOT_FOUND");
        harbor.program.get(&path).await.expect(200);
    }
}

on_both_engines! {
    async fn removing_a_network_with_networks_under_it_asks_an_operator(app) {
        let harbor = Harbor::new(&app);
        let (lantern, tomas) = harbor.other(&app);
        let to = format!("<orgHandle>{lantern}</orgHandle>");
        let path = format!("/rest/net/{}/reallocate", harbor.v4);
        harbor.program.put_xml(&path, &network("192.0.2.128", 25, &to)).await.expect(200);
        let tomas = app.program_of(&tomas);
        tomas.put_xml("/rest/net/NET-192-0-2-128-1/reassign", &network("192.0.2.128", 28, &to)).await.expect(200);
        // The document of the network may be sent along; it says nothing.
        let asked = tomas.put_xml("/rest/net/NET-192-0-2-128-1/remove", &document("net", "")).await.expect(200);
        assert!(asked.text().contains("<ticketedRequest"));
        assert_eq!(asked.element("webTicketType"), "NET_DELETE_REQUEST");
        assert_eq!(asked.element("webTicketStatus"), "PENDING_REVIEW");
        let again = tomas.delete("/rest/net/NET-192-0-2-128-1").await.expect(200);
        assert_eq!(again.element("ticketNo"), asked.element("ticketNo"));
        tomas.get("/rest/net/NET-192-0-2-128-2").await.expect(200);
        // What has none under it goes at once, from above too.
        let gone = harbor.program.send(Method::PUT, "/rest/net/NET-192-0-2-128-2/remove", None, &[]).await;
        gone.expect_error(401, "E_AUTHENTICATION");
        tomas.send(Method::PUT, "/rest/net/NET-192-0-2-128-2/remove", None, &[]).await.expect(200);
        harbor.program.delete("/rest/net/NET-192-0-2-128-1").await.expect(200);
    }
}

on_both_engines! {
    async fn a_tree_of_networks_is_removed_at_once_and_customers_stay(app) {
        let harbor = Harbor::new(&app);
        let to = format!("<orgHandle>{}</orgHandle>", harbor.organization);
        let path = format!("/rest/net/{}/reallocate", harbor.v4);
        harbor.program.put_xml(&path, &network("192.0.2.0", 25, &to)).await.expect(200);
        let customer = harbor.customer("Lighthouse Cafe").await;
        let more = format!("<customerHandle>{customer}</customerHandle>");
        harbor.program.put_xml("/rest/net/NET-192-0-2-0-2/reassign", &network("192.0.2.0", 28, &more)).await.expect(200);
        harbor.program.put_xml("/rest/net/NET-192-0-2-0-2/reassign", &network("192.0.2.16", 28, &to)).await.expect(200);
        let act = app.act();
        let root = "NET-192-0-2-0-2".parse().unwrap();
        let removed = app.state.pool.write_now(|db| keyport::domain::registry::networks::remove_tree(db, &act, &root));
        let removed: Vec<String> = removed.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(removed, ["NET-192-0-2-0-2", "NET-192-0-2-0-3", "NET-192-0-2-16-1"]);
        assert_eq!(app.audited("network.remove").len(), 3);
        harbor.program.get(&format!("/rest/customer/{customer}")).await.expect(200);
        let left = harbor.program.get("/rest/net/netsByIpRange/0.0.0.0/255.255.255.255").await.expect(200);
        assert_eq!(left.elements("handle"), ["NET-192-0-2-0-1"]);
    }
}
