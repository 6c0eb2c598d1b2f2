//! Tickets: over the wire format, on their pages, and for operators.

use std::io::{Cursor, Read as _};

use chrono::TimeDelta;
use keyport::domain::registry::error::RegistryError;
use keyport::domain::registry::links;
use keyport::domain::registry::tickets::opening::{self, ReportRequest};
use reqwest::StatusCode;

use crate::on_both_engines;
use crate::support::at_once::join_all;
use crate::support::command::{assert_fails, keyport};
use crate::support::registry::Registrant;
use crate::support::{Program, TestApp};

const ORGANIZATION: &str = r#"<org xmlns="http://www.arin.net/regrws/core/v1"><orgName>Harbor Example Networks</orgName>
<streetAddress><line number="1">4 Quay Street</line></streetAddress><city>Portland</city><iso3166-2>ME</iso3166-2>
<postalCode>04101</postalCode><iso3166-1><code2>US</code2></iso3166-1><pocLinks>
<pocLinkRef function="AD" handle="MO1-KP"/><pocLinkRef function="T" handle="MO1-KP"/>
<pocLinkRef function="AB" handle="MO1-KP"/></pocLinks></org>"#;

fn message(subject: &str, further: &str) -> String {
    format!(
        r#"<message xmlns="http://www.arin.net/regrws/core/v1"><subject>{subject}</subject>
        <text><line number="1">We need it.</line></text>{further}</message>"#
    )
}

async fn maren(app: &TestApp) -> Registrant {
    app.registrant("maren@example.com", "Maren Okafor").await
}

async fn ines(app: &TestApp) -> Registrant {
    app.registrant("ines@example.com", "Ines Alvarez").await
}

/// Maren, linked to the one contact of an organization.
async fn maren_of_harbor(app: &TestApp) -> (Registrant, String) {
    let maren = maren(app).await;
    let contact = app.person_contact("Maren", "Okafor", Some(maren.id));
    let contact = contact.as_str();
    let contacts = [("AD", contact), ("T", contact), ("AB", contact)];
    let organization = app.organization("Harbor Example Networks", &contacts);
    (maren, organization)
}

/// The bytes of an attachment.
async fn bytes(program: &Program, path: &str) -> (StatusCode, Vec<u8>) {
    let request = reqwest::Client::new()
        .get(program.url(&format!("/rest{path}")))
        .header("x-api-key", &program.key);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, answer.bytes().await.unwrap().to_vec())
}

/// What a file of a ZIP holds.
fn unzipped(zip: Vec<u8>, name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut text = String::new();
    zip.by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

async fn status(program: &Program, number: &str) -> String {
    let path = format!("/ticket/{number}/summary");
    let got = program.rest("GET", &path, None).await.expect_xml("ticket");
    got.elements("webTicketStatus").remove(0)
}

on_both_engines! {
    async fn an_organization_exists_once_an_operator_has_approved_the_ticket(app) {
        let mut maren = maren(&app).await;
        let mut operator = app.operator("oona@example.com", "Oona").await;
        // Its contacts have to exist.
        let refused = maren.program.rest("POST", "/org", Some(ORGANIZATION)).await;
        refused.expect_error(400, "E_ENTITY_VALIDATION");
        app.person_contact("Maren", "Okafor", Some(maren.id));
        let asked = maren.program.rest("POST", "/org", Some(ORGANIZATION)).await.expect_xml("ticket");
        assert_eq!(asked.elements("ticketNo"), ["20261122-X1"]);
        assert_eq!(asked.elements("webTicketType"), ["ORG_CREATE"]);
        assert_eq!(asked.elements("webTicketStatus"), ["PENDING_REVIEW"]);
        assert!(asked.elements("webTicketResolution").is_empty());
        maren.program.rest("GET", "/org/HEN-1", None).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        let shown = maren.person.get("/tickets/20261122-X1").await.expect(200);
        assert!(shown.page.words("[aria-labelledby=asked]").contains("Harbor Example Networks"));
        // Only operators decide, although the account is linked to its contacts.
        let fields = [("decision", "approve")];
        maren.person.post_from("/tickets", "/tickets/20261122-X1/decision", &fields).await.expect(404);
        let list = operator.get("/operator/tickets").await.expect(200);
        assert!(list.text().contains("20261122-X1"));
        let page = "/operator/tickets/20261122-X1";
        let shown = operator.get(page).await.expect(200);
        assert!(shown.text().contains("Harbor Example Networks") && shown.text().contains("Admin MO1-KP"));
        operator.fill_in(page, page, &[("take", "true")]).await.expect(303);
        assert_eq!(status(&maren.program, "20261122-X1").await, "ASSIGNED");
        app.advance(TimeDelta::minutes(1));
        operator.fill_in(page, page, &fields).await.expect(303);
        let got = maren.program.rest("GET", "/ticket/20261122-X1", None).await.expect_xml("ticket");
        assert_eq!(got.elements("webTicketStatus"), ["RESOLVED"]);
        assert_eq!(got.elements("webTicketResolution"), ["ACCEPTED"]);
        assert_eq!(got.elements("st:orgHandle"), ["HEN-1"]);
        assert_eq!(got.elements("st:shared"), ["false"]);
        assert_eq!(got.elements("resolvedDate"), ["2026-11-22T18:32:00+00:00"]);
        maren.program.rest("GET", "/org/HEN-1", None).await.expect_xml("org");
        // A second decision changes nothing.
        operator.post_from("/settings/profile", page, &[("decision", "deny"), ("reason", "x")]).await.expect(409);
        assert_eq!(app.mail_kinds("maren@example.com").iter().filter(|kind| **kind == "ticket_changed").count(), 2);
        assert_eq!(app.audited("ticket.open"), ["20261122-X1 done"]);
        assert_eq!(app.audited("ticket.take"), ["20261122-X1 done"]);
        assert_eq!(app.audited("ticket.decide"), ["20261122-X1 done"]);
        assert_eq!(app.audited("organization.create"), ["HEN-1 done"]);
    }
}

on_both_engines! {
    async fn who_is_denied_reads_the_reason_and_closes_the_ticket(app) {
        let maren = maren(&app).await;
        let ines = ines(&app).await;
        let mut operator = app.operator("oona@example.com", "Oona").await;
        app.person_contact("Maren", "Okafor", Some(maren.id));
        maren.program.rest("POST", "/org", Some(ORGANIZATION)).await.expect_xml("ticket");
        let (path, page) = ("/ticket/20261122-X1", "/operator/tickets/20261122-X1");
        let close = format!("{path}/ticketStatus/CLOSED");
        // Not before it is decided, nor to something else, nor by others.
        maren.program.rest("PUT", &close, None).await.expect_error(400, "E_BAD_REQUEST");
        operator.fill_in(page, page, &[("decision", "deny")]).await.expect(422);
        operator.fill_in(page, page, &[("decision", "deny"), ("reason", "Unknown name.\nShow papers.")])
            .await.expect(303);
        let got = maren.program.rest("GET", path, None).await.expect_xml("ticket");
        assert_eq!(got.elements("webTicketResolution"), ["DENIED"]);
        assert!(got.text().contains(r#"<line number="2">Show papers.</line>"#), "{}", got.text());
        // While it is not closed, more can be said.
        let put = maren.program.rest("PUT", &format!("{path}/message"), Some(&message("Papers", ""))).await;
        put.expect_xml("message");
        ines.program.rest("PUT", &close, None).await.expect_error(401, "E_AUTHENTICATION");
        let other = format!("{path}/ticketStatus/APPROVED");
        maren.program.rest("PUT", &other, None).await.expect_error(400, "E_BAD_REQUEST");
        let document = |status: &str| format!(
            r#"<ticket xmlns="http://www.arin.net/regrws/core/v1"><webTicketStatus>{status}</webTicketStatus></ticket>"#
        );
        maren.program.rest("PUT", path, Some(&document("RESOLVED"))).await.expect_error(400, "E_BAD_REQUEST");
        let closed = maren.program.rest("PUT", path, Some(&document("CLOSED"))).await.expect_xml("ticket");
        assert_eq!(closed.elements("webTicketStatus"), ["CLOSED"]);
        assert_eq!(closed.elements("webTicketResolution"), ["DENIED"]);
        maren.program.rest("PUT", &close, None).await.expect_error(400, "E_BAD_REQUEST");
        let refused = maren.program.rest("PUT", &format!("{path}/message"), Some(&message("But", ""))).await;
        refused.expect_error(409, "E_BAD_REQUEST");
        assert_eq!(app.audited("ticket.close"), ["20261122-X1 done"]);
    }
}

on_both_engines! {
    async fn the_associations_report_lists_exactly_what_the_links_reach(app) {
        let (mut maren, _) = maren_of_harbor(&app).await;
        let ines = ines(&app).await;
        app.role_contact("Unlinked", &[]);
        let asked = maren.program.rest("GET", "/report/associations", None).await.expect_xml("ticket");
        assert_eq!(asked.elements("webTicketType"), ["ASSOCIATIONS_REPORT"]);
        maren.program.rest("HEAD", "/report/associations", None).await.expect(405);
        app.prepare_reports();
        let path = "/ticket/20261122-X1";
        let got = maren.program.rest("GET", &format!("{path}/summary"), None).await.expect_xml("ticket");
        assert_eq!(got.elements("webTicketStatus"), ["CLOSED"]);
        assert_eq!(got.elements("webTicketResolution"), ["PROCESSED"]);
        let got = maren.program.rest("GET", &format!("{path}?msgRefs=true"), None).await.expect_xml("ticket");
        assert_eq!(got.elements("messageId"), ["1"]);
        assert_eq!(got.elements("attachmentId"), ["1"]);
        assert_eq!(got.elements("attachmentFilename"), ["associations.zip"]);
        let file = format!("{path}/message/1/attachment/1");
        let (status, zip) = bytes(&maren.program, &file).await;
        assert_eq!(status, 200);
        let csv = unzipped(zip.clone(), "associations.csv");
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "contact,contact_type,object_type,object,object_name,function,via");
        assert_eq!(lines.len(), 4, "{csv}");
        assert!(lines[1..].iter().all(|line| line.starts_with("MO1-KP,") && line.contains("HEN-1")));
        assert!(unzipped(zip, "README.txt").contains("20261122-X1"));
        // The whole ticket holds the same; HEAD sends nothing, and downloads are written down.
        let whole = maren.program.rest("GET", path, None).await.expect_xml("ticket");
        assert_eq!(whole.elements("filename"), ["associations.zip"]);
        assert_eq!(whole.elements("data").len(), 1);
        let got = maren.program.rest("GET", &format!("{path}/message/1"), None).await.expect_xml("message");
        assert_eq!(got.elements("attachmentFilename"), ["associations.zip"]);
        assert!(got.elements("data").is_empty());
        maren.program.rest("HEAD", &file, None).await.expect(200);
        let downloaded = "ticket 20261122-X1 associations.zip done";
        assert_eq!(app.audited("download"), [downloaded, downloaded]);
        // Another account's key gets nothing of it; what is not there is not there for its holder either.
        for path in [path.to_owned(), format!("{path}/message/1"), file.clone()] {
            ines.program.rest("GET", &path, None).await.expect_error(401, "E_AUTHENTICATION");
        }
        for path in [
            "/ticket/20261122-X9".to_owned(),
            "/ticket/nothing".to_owned(),
            format!("{path}/message/2"),
            format!("{path}/message/x"),
            format!("{path}/message/1/attachment/2"),
        ] {
            maren.program.rest("GET", &path, None).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        }
        // On the page, too.
        let page = maren.person.get("/tickets/20261122-X1").await.expect(200);
        let href = page.page.attribute(".messages a", "href");
        let file = maren.person.get(&href).await.expect(200);
        assert_eq!(file.header("content-type"), "application/octet-stream");
        assert!(file.header("content-disposition").starts_with("attachment; filename=\"associations.zip\""));
        assert!(file.header("content-security-policy").contains("sandbox"));
        assert_eq!(app.audited("download").len(), 3);
    }
}

on_both_engines! {
    async fn ten_reports_at_once_are_one_ticket(app) {
        let (maren, _) = maren_of_harbor(&app).await;
        let asked = (0..10).map(|_| maren.program.rest("GET", "/report/associations", None));
        for answer in join_all(asked).await {
            let number = answer.expect_xml("ticket").elements("ticketNo");
            assert_eq!(number, ["20261122-X1"]);
        }
        app.prepare_reports();
        // For a minute it is the same, unless links have changed.
        let ask = || async {
            let got = maren.program.rest("GET", "/report/associations", None).await;
            let number = got.expect_xml("ticket").elements("ticketNo").remove(0);
            app.prepare_reports();
            number
        };
        app.advance(TimeDelta::seconds(59));
        assert_eq!(ask().await, "20261122-X1");
        app.advance(TimeDelta::seconds(1));
        assert_eq!(ask().await, "20261122-X2");
        app.role_contact("Network Operations", &[maren.id]);
        assert_eq!(ask().await, "20261122-X3");
        app.unlink(maren.id, "NO1-KP");
        assert_eq!(ask().await, "20261122-X4");
        assert_eq!(ask().await, "20261122-X4");
        let files = app.texts("SELECT file_name AS text FROM ticket_attachments");
        assert_eq!(files.len(), 4);
    }
}

on_both_engines! {
    async fn two_instances_prepare_a_report_once(app) {
        let (maren, _) = maren_of_harbor(&app).await;
        let beside = TestApp::spawn_beside(&app, &[]).await;
        for _ in 0..3 {
            maren.program.rest("GET", "/report/associations", None).await.expect_xml("ticket");
            app.advance(TimeDelta::minutes(1));
            beside.prepare_reports();
            app.prepare_reports();
        }
        let messages = app.texts("SELECT ticket AS text FROM ticket_messages ORDER BY ticket");
        assert_eq!(messages, ["20261122-X1", "20261122-X2", "20261122-X3"]);
        let statuses = app.texts("SELECT DISTINCT status AS text FROM tickets");
        assert_eq!(statuses, ["CLOSED"]);
    }
}

on_both_engines! {
    async fn the_reassignment_report_is_for_techs_and_only_while_they_are(app) {
        let (maren, organization) = maren_of_harbor(&app).await;
        // Abuse of it, which is not enough.
        let ines = ines(&app).await;
        let abuse = app.role_contact("Abuse", &[ines.id]);
        let add = format!("/org/{organization}/poc/{abuse};pocFunction=AB");
        maren.program.rest("PUT", &add, None).await.expect_xml("org");
        let network = app.allocation(&organization, "192.0.2.0", "24");
        let path = format!("/report/reassignment/{network}");
        ines.program.rest("GET", &path, None).await.expect_error(401, "E_AUTHENTICATION");
        let none = "/report/reassignment/NET-10-0-0-0-1";
        ines.program.rest("GET", none, None).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        let asked = maren.program.rest("GET", &path, None).await.expect_xml("ticket");
        assert_eq!(asked.elements("webTicketType"), ["USER_REASSIGNMENT_REPORT"]);
        app.prepare_reports();
        let file = "/ticket/20261122-X1/message/1/attachment/1";
        let (status, zip) = bytes(&maren.program, file).await;
        assert_eq!(status, 200);
        let csv = unzipped(zip, "reassignments.csv");
        assert!(csv.contains("FREE,192.0.2.0,192.0.2.255"), "{csv}");
        // Without the link the finished file is out of reach, and whole tickets too; the ticket itself is not.
        app.unlink(maren.id, "MO1-KP");
        maren.program.rest("GET", file, None).await.expect_error(401, "E_AUTHENTICATION");
        let ticket = "/ticket/20261122-X1";
        maren.program.rest("GET", ticket, None).await.expect_error(401, "E_AUTHENTICATION");
        maren.program.rest("GET", &format!("{ticket}?msgRefs=true"), None).await.expect_xml("ticket");
        let listed = maren.program.rest("GET", "/ticket;ticketType=ANY", None).await.expect_xml("collection");
        assert!(listed.elements("data").is_empty());
        assert_eq!(listed.elements("attachmentId"), ["1"]);
        // Who lost the link before it was prepared is told why there is none.
        app.advance(TimeDelta::minutes(1));
        app.link(maren.id, "MO1-KP");
        let (act, id, report) = (app.act(), maren.id, ReportRequest::Reassignments(network.parse().unwrap()));
        let opened: Result<_, RegistryError> = app.state.pool.write_now(|db| {
            let ticket = opening::open_report_request(db, &act, id, &report, true)?;
            links::unlink(db, &act, id, "MO1-KP")?;
            Ok(ticket)
        });
        let number = opened.unwrap().number;
        app.prepare_reports();
        let got = maren.program.rest("GET", &format!("/ticket/{number}"), None).await.expect_xml("ticket");
        assert_eq!(got.elements("webTicketResolution"), ["UNSUCCESSFUL"]);
        assert!(got.text().contains("reassignment report"), "{}", got.text());
        assert!(app.mail_kinds("maren@example.com").contains(&"report_ready"));
    }
}

on_both_engines! {
    async fn a_network_with_networks_under_it_goes_when_an_operator_approves(app) {
        let (maren, organization) = maren_of_harbor(&app).await;
        let mut operator = app.operator("oona@example.com", "Oona").await;
        let network = app.allocation(&organization, "192.0.2.0", "24");
        let cut = |start: &str, length: u8, recipient: &str| format!(
            r#"<net xmlns="http://www.arin.net/regrws/core/v1"><netName>CUT</netName><netBlocks><netBlock>
            <startAddress>{start}</startAddress><cidrLength>{length}</cidrLength></netBlock></netBlocks>
            <orgHandle>{recipient}</orgHandle></net>"#
        );
        let path = format!("/net/{network}/reallocate");
        let cut_one = cut("192.0.2.0", 25, &organization);
        let made = maren.program.rest("PUT", &path, Some(&cut_one)).await.expect_xml("ticketedRequest");
        let middle = made.handle();
        let path = format!("/net/{middle}/reassign");
        let cut_two = cut("192.0.2.64", 26, &organization);
        let made = maren.program.rest("PUT", &path, Some(&cut_two)).await.expect_xml("ticketedRequest");
        let lowest = made.handle();
        // Of a reassigned one there is no report.
        let report = format!("/report/reassignment/{lowest}");
        maren.program.rest("GET", &report, None).await.expect_error(400, "E_BAD_REQUEST");
        let path = format!("/net/{middle}");
        for _ in 0..2 {
            let asked = maren.program.rest("DELETE", &path, None).await.expect_xml("ticketedRequest");
            assert_eq!(asked.elements("webTicketType"), ["NET_DELETE_REQUEST"]);
            assert_eq!(asked.elements("ticketNo"), ["20261122-X1"]);
        }
        maren.program.rest("GET", &path, None).await.expect_xml("net");
        let page = "/operator/tickets/20261122-X1";
        operator.fill_in(page, page, &[("decision", "approve")]).await.expect(303);
        for gone in [&middle, &lowest] {
            let gone = maren.program.rest("GET", &format!("/net/{gone}"), None).await;
            gone.expect_error(404, "E_OBJECT_NOT_FOUND");
        }
        maren.program.rest("GET", &format!("/net/{network}"), None).await.expect_xml("net");
        assert_eq!(app.audited("network.remove").len(), 2);
    }
}

on_both_engines! {
    async fn lists_have_own_tickets_and_those_about_linked_roles(app) {
        let (maren, ines) = (maren(&app).await, ines(&app).await);
        let outsider = app.registrant("outsider@example.com", "Out Sider").await;
        let role = app.role_contact("Network Operations", &[maren.id]);
        app.role_contact("Abuse", &[ines.id]);
        let (act, handle) = (app.act(), role.parse().unwrap());
        let opened: Result<_, RegistryError> = (app.state.pool)
            .write_now(|db| opening::open_link_request(db, &act, outsider.id, &handle));
        let number = opened.unwrap().0.number.to_string();
        let list = async |asker: &Registrant, search: &str| {
            let got = asker.program.rest("GET", &format!("/ticket;{search}"), None).await;
            got.expect_xml("collection").elements("ticketNo")
        };
        for search in ["ticketType=ANY", "ticketType=POC_RECOVERY", "ticketStatus=ANY_OPEN",
            "ticketType=POC_RECOVERY;ticketStatus=PENDING_REVIEW"] {
            assert_eq!(list(&maren, search).await, [number.as_str()], "{search}");
            assert_eq!(list(&outsider, search).await, [number.as_str()], "{search}");
            assert!(list(&ines, search).await.is_empty(), "{search}");
        }
        for search in ["ticketType=ORG_CREATE", "ticketStatus=CLOSED"] {
            assert!(list(&maren, search).await.is_empty(), "{search}");
        }
        app.unlink(maren.id, &role);
        assert!(list(&maren, "ticketStatus=PENDING_REVIEW").await.is_empty());
        assert_eq!(list(&outsider, "ticketStatus=PENDING_REVIEW").await, [number.as_str()]);
    }
}

on_both_engines! {
    async fn lists_show_what_the_scopes_of_the_key_cover(app) {
        let (mut maren, _) = maren_of_harbor(&app).await;
        maren.program.rest("POST", "/org", Some(ORGANIZATION)).await.expect_xml("ticket");
        maren.program.rest("GET", "/report/associations", None).await.expect_xml("ticket");
        app.prepare_reports();
        let mut key = async |scopes: &[&str]| {
            let mut fields = vec![("name", "CI"), ("expires_in", "90d"), ("access", "chosen")];
            fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
            app.program(maren.person.create_key(&fields).await)
        };
        let (reads, reports) = (key(&["registry:read"]).await, key(&["reports:read"]).await);
        let neither = key(&["usage:read"]).await;
        for (program, all) in [
            (&maren.program, vec!["20261122-X2", "20261122-X1"]),
            (&reads, vec!["20261122-X1"]),
            (&reports, vec!["20261122-X2"]),
        ] {
            let got = program.rest("GET", "/ticket/summary;ticketType=ANY", None).await.expect_xml("collection");
            let mut found = got.elements("ticketNo");
            found.sort();
            found.reverse();
            assert_eq!(found, all);
        }
        neither.rest("GET", "/ticket;ticketType=ANY", None).await.expect_error(403, "E_AUTHENTICATION");
        neither.rest("GET", "/ticket/20261122-X1", None).await.expect_error(403, "E_AUTHENTICATION");
        reads.rest("GET", "/ticket/20261122-X2/summary", None).await.expect_error(403, "E_AUTHENTICATION");
        reports.rest("GET", "/ticket/20261122-X1", None).await.expect_error(403, "E_AUTHENTICATION");
        reads.rest("GET", "/report/associations", None).await.expect_error(403, "E_AUTHENTICATION");
        let refused = reads.rest("PUT", "/ticket/20261122-X1/message", Some(&message("x", ""))).await;
        refused.expect_error(403, "E_AUTHENTICATION");
        for (search, found) in [
            ("ticketStatus=ANY_OPEN", vec!["20261122-X1"]),
            ("ticketStatus=CLOSED", vec!["20261122-X2"]),
            ("ticketType=ORG_CREATE;ticketStatus=CLOSED", vec![]),
            ("ticketType=WHOWAS_REPORT", vec![]),
            ("ticketStatus=PENDING_CONFIRMATION", vec![]),
        ] {
            let path = format!("/ticket;{search}");
            let got = maren.program.rest("GET", &path, None).await.expect_xml("collection");
            assert_eq!(got.elements("ticketNo"), found, "{search}");
        }
        for path in ["/ticket", "/ticket;ticketType=org_create", "/ticket;ticketStatus=DONE",
            "/ticket/summary;status=CLOSED", "/ticket/20261122-X1?msgRefs=perhaps"] {
            maren.program.rest("GET", path, None).await.expect_error(400, "E_BAD_REQUEST");
        }
    }
}

on_both_engines! {
    async fn messages_carry_files_and_say_what_is_wrong_with_them(app) {
        let (maren, _) = maren_of_harbor(&app).await;
        let ines = ines(&app).await;
        let mut operator = app.operator("oona@example.com", "Oona").await;
        maren.program.rest("POST", "/org", Some(ORGANIZATION)).await.expect_xml("ticket");
        let path = "/ticket/20261122-X1/message";
        // "plan" in base64.
        let file = "<attachments><attachment><data>cGxhbg==</data><filename>../papers/plan.txt</filename></attachment></attachments>";
        let sent = message("Plan", &format!("<category>JUSTIFICATION</category>{file}"));
        let put = maren.program.rest("PUT", path, Some(&sent)).await.expect_xml("message");
        assert_eq!(put.elements("msg:messageId"), ["1"]);
        assert_eq!(put.elements("category"), ["JUSTIFICATION"]);
        assert_eq!(put.elements("attachmentFilename"), ["plan.txt"]);
        let post = maren.program.rest("POST", path, Some(&message("More", ""))).await.expect_xml("message");
        assert_eq!(post.elements("msg:messageId"), ["2"]);
        let got = bytes(&maren.program, &format!("{path}/1/attachment/1")).await;
        assert_eq!(got, (StatusCode::OK, b"plan".to_vec()));
        let whole = maren.program.rest("GET", "/ticket/20261122-X1", None).await.expect_xml("ticket");
        assert_eq!(whole.elements("data"), ["cGxhbg=="]);
        assert_eq!(whole.elements("subject"), ["Plan", "More"]);
        // Operators read them; others get nothing, and write nothing.
        let shown = operator.get("/operator/tickets/20261122-X1").await.expect(200);
        let href = shown.page.attribute(".messages a", "href");
        assert_eq!(operator.get(&href).await.expect(200).text(), "plan");
        ines.program.rest("PUT", path, Some(&sent)).await.expect_error(401, "E_AUTHENTICATION");
        for further in [
            "<attachments><attachment><data>cGxhbg==</data></attachment></attachments>".to_owned(),
            "<attachments><attachment><filename>a.txt</filename></attachment></attachments>".to_owned(),
            format!("<attachments>{}</attachments>",
                "<attachment><data>cGxhbg==</data><filename>a</filename></attachment>".repeat(6)),
        ] {
            let refused = maren.program.rest("PUT", path, Some(&message("Plan", &further))).await;
            refused.expect_error(400, "E_ENTITY_VALIDATION");
        }
        let refused = maren.program.rest("PUT", path, Some(&message(&"x".repeat(201), ""))).await;
        let refused = refused.expect_error(400, "E_ENTITY_VALIDATION");
        assert_eq!(refused.elements("name"), ["subject"]);
        assert_eq!(app.audited("ticket.message").len(), 2);
        // More than a document can hold is asked for one by one.
        let large = format!(
            "<attachments><attachment><data>{}</data><filename>large.bin</filename></attachment></attachments>",
            "AAAA".repeat(180_000)
        );
        for _ in 0..2 {
            maren.program.rest("PUT", path, Some(&message("Large", &large))).await.expect_xml("message");
        }
        maren.program.rest("GET", "/ticket/20261122-X1", None).await.expect_error(413, "E_BAD_REQUEST");
        maren.program.rest("GET", "/ticket/20261122-X1?msgRefs=true", None).await.expect_xml("ticket");
        let (status, large) = bytes(&maren.program, &format!("{path}/4/attachment/1")).await;
        assert_eq!((status, large.len()), (StatusCode::OK, 540_000));
    }
}

on_both_engines! {
    async fn tickets_end_by_themselves_and_reports_go_unless_they_are_kept(app) {
        let (mut maren, _) = maren_of_harbor(&app).await;
        let mut operator = app.operator("oona@example.com", "Oona").await;
        maren.program.rest("POST", "/org", Some(ORGANIZATION)).await.expect_xml("ticket");
        let page = "/operator/tickets/20261122-X1";
        operator.fill_in(page, page, &[("decision", "approve")]).await.expect(303);
        app.advance(TimeDelta::days(10) - TimeDelta::seconds(1));
        app.tidy_tickets();
        assert_eq!(status(&maren.program, "20261122-X1").await, "RESOLVED");
        app.advance(TimeDelta::seconds(1));
        app.tidy_tickets();
        assert_eq!(status(&maren.program, "20261122-X1").await, "CLOSED");
        for _ in 0..2 {
            maren.program.rest("GET", "/report/associations", None).await.expect_xml("ticket");
            app.prepare_reports();
            app.advance(TimeDelta::minutes(1));
        }
        let person = maren.person.sign_in_again("maren@example.com").await;
        let kept = "/tickets/20261202-X2";
        person.fill_in(kept, &format!("{kept}/keep"), &[("keep", "true")]).await.expect(303);
        person.post_from(kept, "/tickets/20261122-X1/keep", &[("keep", "true")]).await.expect(409);
        person.post_from(kept, &format!("{kept}/withdraw"), &[]).await.expect(409);
        assert_eq!(app.audited("ticket.keep"), ["20261202-X2 done"]);
        let fields = [("name", "Later"), ("expires_in", "never"), ("access", "all")];
        let program = app.program(person.create_key(&fields).await);
        app.advance(TimeDelta::days(90) - TimeDelta::minutes(2) - TimeDelta::seconds(1));
        app.tidy_tickets();
        assert_eq!(status(&program, "20261202-X1").await, "CLOSED");
        app.advance(TimeDelta::seconds(1));
        app.tidy_tickets();
        program.rest("GET", "/ticket/20261202-X1", None).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        assert_eq!(status(&program, "20261202-X2").await, "CLOSED");
        assert_eq!(status(&program, "20261122-X1").await, "CLOSED");
    }
}

on_both_engines! {
    async fn reports_and_downloads_are_limited(app) {
        let (maren, _) = maren_of_harbor(&app).await;
        for _ in 0..30 {
            maren.program.rest("GET", "/report/associations", None).await.expect_xml("ticket");
        }
        let refused = maren.program.rest("GET", "/report/associations", None).await;
        assert!(!refused.expect_error(429, "E_TOO_MANY_REQUESTS").header("retry-after").is_empty());
        app.prepare_reports();
        let file = "/ticket/20261122-X1/message/1/attachment/1";
        for _ in 0..30 {
            assert_eq!(bytes(&maren.program, file).await.0, 200);
        }
        maren.program.rest("GET", file, None).await.expect_error(429, "E_TOO_MANY_REQUESTS");
        assert_eq!(app.audited("download").len(), 30);
    }
}

on_both_engines! {
    with [("KEYPORT_REGISTRY_ENABLED", "false")],
    async fn without_a_registry_there_are_no_tickets(app) {
        let maren = maren(&app).await;
        let mut operator = app.operator("oona@example.com", "Oona").await;
        for path in ["/tickets", "/tickets/20261122-X1", "/settings/contacts/link", "/operator/tickets",
            "/operator/tickets/20261122-X1"] {
            operator.get(path).await.expect(404);
        }
        let page = operator.get("/operator/health").await.expect(200);
        assert!(!page.text().contains("/tickets"));
        maren.program.rest("GET", "/report/associations", None).await.expect_error(404, "E_UNSPECIFIED");
    }
}

on_both_engines! {
    async fn tickets_are_decided_by_command(app) {
        let maren = maren(&app).await;
        app.person_contact("Maren", "Okafor", Some(maren.id));
        for _ in 0..2 {
            maren.program.rest("POST", "/org", Some(ORGANIZATION)).await.expect_xml("ticket");
        }
        let settings = [("DATABASE_URL", app.database.url.as_str())];
        let folder = app.database.folder.path();
        let run = |arguments: &[&str]| {
            let output = keyport(folder, &settings, arguments);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            text
        };
        assert_eq!(run(&["ticket", "list"]).lines().count(), 2);
        let shown = run(&["ticket", "show", "20261122-X1"]);
        assert!(shown.contains("maren@example.com") && shown.contains("Harbor Example Networks"));
        assert!(run(&["ticket", "take", "20261122-X1"]).contains("Assigned"));
        assert!(run(&["ticket", "approve", "20261122-X1"]).contains("HEN-1"));
        run(&["ticket", "deny", "20261122-X2", "--reason", "Twice."]);
        assert_eq!(run(&["ticket", "list"]), "");
        assert_eq!(run(&["ticket", "list", "--all"]).lines().count(), 2);
        assert!(run(&["ticket", "show", "20261122-X2"]).contains("Twice."));
        for (arguments, words) in [
            (&["ticket", "approve", "20261122-X1"][..], "decided already"),
            (&["ticket", "deny", "20261122-X9", "--reason", "x"], "There is no ticket"),
            (&["ticket", "take", "x y"], "There is no ticket"),
        ] {
            assert_fails(&keyport(folder, &settings, arguments), &[words]);
        }
    }
}

on_both_engines! {
    async fn a_report_that_fails_three_times_says_so(app) {
        let (maren, _) = maren_of_harbor(&app).await;
        app.execute("ALTER TABLE stored_file_chunks RENAME TO kept_chunks");
        maren.program.rest("GET", "/report/associations", None).await.expect_xml("ticket");
        for _ in 0..2 {
            app.prepare_reports();
            assert_eq!(status(&maren.program, "20261122-X1").await, "IN_PROGRESS");
            // Not before its time.
            app.advance(TimeDelta::seconds(10));
        }
        app.prepare_reports();
        let got = maren.program.rest("GET", "/ticket/20261122-X1", None).await.expect_xml("ticket");
        assert_eq!(got.elements("webTicketStatus"), ["CLOSED"]);
        assert_eq!(got.elements("webTicketResolution"), ["UNSUCCESSFUL"]);
        assert_eq!(got.elements("subject"), ["The report could not be prepared"]);
        assert!(got.text().contains("It failed 3 times."), "{}", got.text());
        // Who asks again gets another one.
        app.execute("ALTER TABLE kept_chunks RENAME TO stored_file_chunks");
        maren.program.rest("GET", "/report/associations", None).await.expect_xml("ticket");
        app.prepare_reports();
        let got = maren.program.rest("GET", "/ticket/20261122-X2", None).await.expect_xml("ticket");
        assert_eq!(got.elements("webTicketResolution"), ["PROCESSED"]);
    }
}
