use std::net::Ipv4Addr;

use keyport::domain::registry::networks::MAX_FOUND;
use keyport::store::StoreError;
use keyport::store::registry::networks::{self, NetworkContactRow, NetworkRow};

use super::Harbor;
use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::networks::network;

on_both_engines! {
    async fn a_network_is_found_by_its_handle_in_any_case(app) {
        let harbor = Harbor::new(&app);
        assert_eq!(harbor.v4, "NET-192-0-2-0-1");
        let found = harbor.program.get("/rest/net/net-192-0-2-0-1").await.expect(200);
        assert_eq!(
            found.text().trim_start_matches("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
            "<net xmlns=\"http://www.arin.net/regrws/core/v1\"><version>4</version>\
             <handle>NET-192-0-2-0-1</handle><registrationDate>2026-11-22T18:31:00+00:00</registrationDate>\
             <netName>HARBOR</netName><netBlocks><netBlock><type>DA</type>\
             <description>Direct Allocation</description><startAddress>192.000.002.000</startAddress>\
             <endAddress>192.000.002.255</endAddress><cidrLength>24</cidrLength></netBlock></netBlocks>\
             <orgHandle>HEN-1</orgHandle></net>"
        );
        assert_eq!(found.header("etag"), "\"1\"");
        for path in ["/rest/net/NET-192-0-2-0-2", "/rest/net/no_handle"] {
            harbor.program.get(path).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        }
        harbor.outsider.get("/rest/net/NET-192-0-2-0-1").await.expect_error(401, "E_AUTHENTICATION");
    }
}

on_both_engines! {
    async fn the_smallest_network_around_addresses_is_found(app) {
        let harbor = Harbor::new(&app);
        let (low, high) = (harbor.reassigned("192.0.2.0", 28).await, harbor.reassigned("192.0.2.64", 26).await);
        let found = async |start: &str, end: &str| {
            let path = format!("/rest/net/mostSpecificNet/{start}/{end}");
            harbor.program.get(&path).await.expect(200).element("handle")
        };
        assert_eq!(found("192.0.2.0", "192.0.2.15").await, low);
        assert_eq!(found("192.000.002.005", "192.0.2.9").await, low);
        // Behind a network that was cut, beside it, and across its end.
        assert_eq!(found("192.0.2.16", "192.0.2.16").await, harbor.v4);
        assert_eq!(found("192.0.2.15", "192.0.2.16").await, harbor.v4);
        assert_eq!(found("192.0.2.0", "192.0.2.255").await, harbor.v4);
        assert_eq!(found("192.0.2.127", "192.0.2.127").await, high);
        assert_eq!(found("192.0.2.200", "192.0.2.201").await, harbor.v4);
        assert_eq!(found("2001:db8:1::", "2001:0DB8:0001:0000:0000:0000:0000:FFFF").await, harbor.v6);
        for (start, end) in [("192.0.1.255", "192.0.2.0"), ("192.0.2.0", "192.0.3.0"), ("203.0.113.0", "203.0.113.1"), ("::", "::1")] {
            let path = format!("/rest/net/mostSpecificNet/{start}/{end}");
            harbor.program.get(&path).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        }
        let path = "/rest/net/mostSpecificNet/192.0.2.0/192.0.2.1";
        harbor.outsider.get(path).await.expect_error(401, "E_AUTHENTICATION");
    }
}

on_both_engines! {
    async fn the_network_above_addresses_is_found(app) {
        let harbor = Harbor::new(&app);
        harbor.reassigned("192.0.2.0", 28).await;
        let found = async |start: &str, end: &str| {
            let path = format!("/rest/net/parentNet/{start}/{end}");
            harbor.program.get(&path).await.expect(200).element("handle")
        };
        assert_eq!(found("192.0.2.0", "192.0.2.15").await, harbor.v4);
        assert_eq!(found("192.0.2.0", "192.0.2.14").await, "NET-192-0-2-0-2");
        assert_eq!(found("192.0.2.16", "192.0.2.31").await, harbor.v4);
        // It was cut from none.
        let path = "/rest/net/parentNet/192.0.2.0/192.0.2.255";
        harbor.program.get(path).await.expect_error(404, "E_OBJECT_NOT_FOUND");
    }
}

on_both_engines! {
    async fn overlapping_networks_are_listed_by_address_for_those_who_may_read_them(app) {
        let harbor = Harbor::new(&app);
        let (lantern, tomas) = harbor.other(&app);
        harbor.reassigned("192.0.2.0", 28).await;
        harbor.reassigned("192.0.2.64", 26).await;
        let more = format!("<orgHandle>{lantern}</orgHandle>");
        let path = format!("/rest/net/{}/reallocate", harbor.v4);
        harbor.program.put_xml(&path, &network("192.0.2.128", 25, &more)).await.expect(200);
        let list = async |program: &crate::support::Program, range: &str| {
            let path = format!("/rest/net/netsByIpRange/{range}");
            program.get(&path).await.expect(200).elements("handle")
        };
        let all = "0.0.0.0/255.255.255.255";
        assert_eq!(
            list(&harbor.program, all).await,
            ["NET-192-0-2-0-1", "NET-192-0-2-0-2", "NET-192-0-2-64-1", "NET-192-0-2-128-1"]
        );
        // Those around the first address come first.
        assert_eq!(
            list(&harbor.program, "192.0.2.10/192.0.2.70").await,
            ["NET-192-0-2-0-1", "NET-192-0-2-0-2", "NET-192-0-2-64-1"]
        );
        assert_eq!(list(&harbor.program, "192.0.2.20/192.0.2.30").await, ["NET-192-0-2-0-1"]);
        assert_eq!(list(&harbor.program, "::/ffff::").await, ["NET6-2001-DB8-1"]);
        let tomas = app.program_of(&tomas);
        assert_eq!(list(&tomas, all).await, ["NET-192-0-2-128-1"]);
        assert!(list(&harbor.outsider, all).await.is_empty());
    }
}

on_both_engines! {
    async fn a_contact_of_a_network_alone_finds_it_and_what_was_cut_from_it(app) {
        let harbor = Harbor::new(&app);
        let tomas = app.account("tomas@example.com", "Tomas Rey");
        let contact = app.role_contact("Abuse", &[]);
        app.link(tomas.id, &contact);
        harbor.reassigned("192.0.2.0", 28).await;
        let change = format!(
            "<netName>HARBOR</netName><pocLinks><pocLinkRef function=\"AB\" handle=\"{contact}\"/></pocLinks>"
        );
        let path = format!("/rest/net/{}", harbor.v4);
        let document = crate::support::networks::document("net", &change);
        harbor.program.put_xml(&path, &document).await.expect(200);
        let listed = app.program_of(&tomas).get("/rest/net/netsByIpRange/0.0.0.0/255.255.255.255").await;
        assert_eq!(listed.expect(200).elements("handle"), ["NET-192-0-2-0-1", "NET-192-0-2-0-2"]);
    }
}

/// One of many networks of 32 addresses, the first at 10.0.0.0.
fn cut(app: &TestApp, number: u32, parent: &str, organization: &str) -> NetworkRow {
    let first = 0x0A00_0000 + number * 32;
    NetworkRow {
        handle: format!("CUT-{number}"),
        kind: "A".to_owned(),
        name: "CUT".to_owned(),
        version: 4,
        start_ip: first.to_be_bytes().to_vec(),
        end_ip: (first + 31).to_be_bytes().to_vec(),
        organization: Some(organization.to_owned()),
        customer: None,
        parent: Some(parent.to_owned()),
        comment: String::new(),
        registered_at: app.now(),
        updated_at: app.now(),
        revision: 1,
    }
}

on_both_engines! {
    async fn among_more_networks_than_are_answered_everyone_finds_the_same_as_among_few(app) {
        let harbor = Harbor::new(&app);
        let (lantern, tomas) = harbor.other(&app);
        let above = app.allocate(&lantern, "10.0.0.0/16").unwrap();
        let ines = app.account("ines@example.com", "Ines Alvarez");
        let contact = app.role_contact("Abuse", &[ines.id]);
        // All of them are Lantern's but one, which is Harbor's. Another one has a contact of its own, and one below it.
        let (held, named) = (900, 901);
        let many = u32::try_from(MAX_FOUND).unwrap();
        let written: Result<(), StoreError> = app.state.pool.write_now(|db| {
            for number in 0..many {
                let holder = if number == held { &harbor.organization } else { &lantern };
                networks::insert(db, &cut(&app, number, &above, holder))?;
            }
            let below = cut(&app, named, &format!("CUT-{named}"), &lantern);
            let end_ip = below.start_ip.clone();
            networks::insert(db, &NetworkRow { handle: "BELOW".to_owned(), end_ip, ..below })?;
            let (network, function) = (format!("CUT-{named}"), "AB".to_owned());
            networks::add_contact(db, &NetworkContactRow { network, contact: contact.clone(), function })
        });
        written.unwrap();
        let (maren, outsider) = (&harbor.program, &harbor.outsider);
        let (tomas, ines_calls) = (app.program_of(&tomas), app.program_of(&ines));
        let list = async |program: &crate::support::Program, start: &str, last: u32| {
            let end = Ipv4Addr::from(0x0A00_0000 + last * 32 + 31);
            let path = format!("/rest/net/netsByIpRange/{start}/{end}");
            program.get(&path).await.expect(200).elements("handle")
        };
        let mut first = vec![above, "CUT-0".to_owned()];
        first.extend((1..many).map(|number| format!("CUT-{number}")));
        first.insert(named as usize + 2, "BELOW".to_owned());
        first.truncate(MAX_FOUND);
        // With the one above and the one below, as many begin there as are answered; one more; and all.
        for last in [many - 3, many - 2, many - 1] {
            assert_eq!(list(maren, "10.0.0.0", last).await, ["CUT-900"], "up to {last}");
            assert_eq!(list(&ines_calls, "10.0.0.0", last).await, ["CUT-901", "BELOW"], "up to {last}");
            assert_eq!(list(&tomas, "10.0.0.0", last).await, first, "up to {last}");
            assert!(list(outsider, "10.0.0.0", last).await.is_empty(), "up to {last}");
        }
        // Those around the first address count among those that are answered.
        assert_eq!(list(&tomas, "10.0.0.1", many - 1).await, first);
        assert_eq!(list(maren, "10.0.112.128", many - 1).await, ["CUT-900"]);
        assert_eq!(list(&ines_calls, "10.0.112.161", many - 1).await, ["CUT-901"]);
        app.unlink(ines.id, &contact);
        for last in [many - 3, many - 2] {
            assert!(list(&ines_calls, "10.0.0.0", last).await.is_empty(), "up to {last}");
        }
    }
}

on_both_engines! {
    async fn addresses_in_a_path_that_are_no_range_are_refused(app) {
        let harbor = Harbor::new(&app);
        for range in ["192.0.2/192.0.2.1", "192.0.2.9/192.0.2.1", "192.0.2.0/::1", "x/y", "192.0.2.0/192.0.2.0256"] {
            for word in ["mostSpecificNet", "parentNet", "netsByIpRange"] {
                let path = format!("/rest/net/{word}/{range}");
                harbor.program.get(&path).await.expect_error(400, "E_BAD_REQUEST");
            }
        }
    }
}
