//! What the registry promises in words, where no other file has the whole sentence: one authority for pages, REST and JSON,
//! documents that do no harm, well-formed answers, and what is written down.

use std::time::Duration;

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};

use crate::on_both_engines;
use crate::support::Program;
use crate::support::actors::{Answer, id_of};
use crate::support::command::{ServerProcess, keyport};
use crate::support::db::{Engine, TestDatabase};
use crate::support::networks::{customer, document, network};
use crate::support::registry::CORE;

const FUNCTIONS: [&str; 6] = ["AD", "T", "AB", "N", "R", "D"];

/// Asks for something so that nothing comes of it but the answer: what is allowed is then refused for the document, or for
/// what holds the record.
async fn ask(program: &Program, action: &str, handle: &str) -> Answer {
    let (method, path, body) = match action {
        "poc.view" => ("GET", format!("/poc/{handle}"), None),
        "poc.change" => ("PUT", format!("/poc/{handle}"), Some(document("poc", ""))),
        "poc.delete" => ("DELETE", format!("/poc/{handle}"), None),
        "org.view" => ("GET", format!("/org/{handle}"), None),
        "org.change" => ("PUT", format!("/org/{handle}"), Some(document("org", ""))),
        "org.delete" => ("DELETE", format!("/org/{handle}"), None),
        "net.view" => ("GET", format!("/net/{handle}"), None),
        "net.change" => ("PUT", format!("/net/{handle}"), Some(document("net", ""))),
        "net.remove" => ("DELETE", format!("/net/{handle}"), None),
        "net.reassign" => (
            "PUT",
            format!("/net/{handle}/reassign"),
            Some(document("net", "")),
        ),
        "customer.create" => (
            "POST",
            format!("/net/{handle}/customer"),
            Some(document("customer", "")),
        ),
        "report.reassignment" => ("GET", format!("/report/reassignment/{handle}"), None),
        other => panic!("{other} is on the page, and not asked for here"),
    };
    program.rest(method, &path, body.as_deref()).await
}

on_both_engines! {
    async fn the_whole_authority_matrix_gives_the_same_answers_on_pages_rest_and_json(app) {
        let owner = app.registrant("maren@example.com", "Maren Okafor").await;
        let theirs = app.role_contact("Network Operations", &[owner.id]);
        let mut ines = app.registrant("ines@example.com", "Ines Alvarez").await;
        let mine = app.role_contact("Abuse", &[ines.id]);
        let other = app.organization_of("Other Example", &theirs);
        // An organization for each function that the contact has on it, and for each that it has on a network alone. Each
        // has a network, one cut from it for others, and one cut from that, so that none is removed by being asked.
        let places = FUNCTIONS.map(|function| (function, true)).into_iter();
        let places = places.chain(["T", "AB", "N"].map(|function| (function, false)));
        for ((function, is_on_organization), number) in places.zip(1_u8..) {
            let mut contacts = vec![("AD", &*theirs), ("T", &*theirs), ("AB", &*theirs)];
            if is_on_organization {
                contacts.retain(|(theirs, _)| *theirs != function);
                contacts.push((function, &*mine));
            }
            let organization = app.organization(&format!("Harbor {function}"), &contacts);
            let top = app.allocate(&organization, &format!("10.{number}.0.0/16")).unwrap();
            let program = &owner.program;
            let to = format!("<orgHandle>{other}</orgHandle>");
            let cut = network(&format!("10.{number}.0.0"), 24, &to);
            program.put_xml(&format!("/rest/net/{top}/reallocate"), &cut).await.expect(200);
            let cut = network(&format!("10.{number}.0.0"), 28, &to);
            program.put_xml(&format!("/rest/net/NET-10-{number}-0-0-2/reassign"), &cut).await.expect(200);
            if !is_on_organization {
                let links = format!(
                    "<netName>HARBOR</netName><pocLinks><pocLinkRef function=\"{function}\" handle=\"{mine}\"/></pocLinks>"
                );
                program.put_xml(&format!("/rest/net/{top}"), &document("net", &links)).await.expect(200);
            }
        }
        let key = id_of(&ines.program.key);
        let page = ines.person.get(&format!("/settings/api/{key}/access")).await.expect(200).page;
        let listed = ines.program.get("/api/v1/organizations?limit=100").await.expect(200).json();
        let (mut asked, mut allowed) = (0, 0);
        let objects = page.all("[aria-labelledby=registry] caption");
        for (caption, place) in objects.iter().zip(1..) {
            let Some(handle) = caption.strip_prefix("Actions on ") else {
                continue;
            };
            let handle = handle.strip_suffix(" with the answer for each").unwrap();
            let rows = format!("[aria-labelledby=registry] .card-main > div:nth-child({place}) tbody tr");
            let actions = page.all(&format!("{rows} th code"));
            let verdicts = page.all(&format!("{rows} td:nth-child(2)"));
            let reasons = page.all(&format!("{rows} td:nth-child(3)"));
            let mut may = Vec::new();
            for ((action, verdict), reason) in actions.iter().zip(&verdicts).zip(&reasons) {
                let answer = ask(&ines.program, action, handle).await;
                let status = answer.status.as_u16();
                let is_allowed = verdict == "Yes";
                assert_eq!(
                    is_allowed,
                    matches!(status, 200 | 400 | 409),
                    "{action} on {handle}: {verdict}, {}",
                    answer.text()
                );
                if is_allowed {
                    may.push(action.clone());
                } else {
                    // In the same words.
                    assert_eq!(answer.elements("message")[0], *reason, "{action} on {handle}");
                }
                asked += 1;
                allowed += usize::from(is_allowed);
            }
            let json = (listed["organizations"].as_array().unwrap().iter())
                .find(|organization| organization["handle"] == handle);
            match json {
                Some(json) => assert_eq!(json["may"], serde_json::json!(may), "{handle}"),
                None => assert!(!actions.contains(&"org.view".to_owned()), "{handle}"),
            }
        }
        // The contact, six organizations with two networks each, three networks.
        assert_eq!(asked, 3 + 6 * 3 + (6 * 2 + 3) * 6);
        assert!(allowed > 40 && allowed < asked, "{allowed} of {asked}");
        // What the page does not list, since the account has no function on it, is refused everywhere.
        ines.program.rest("GET", &format!("/org/{other}"), None).await.expect_error(401, "E_AUTHENTICATION");
        ines.program.get(&format!("/api/v1/organizations/{other}")).await.expect_problem(403, "no_authority");
    }
}

/// Asserts a document all of whose elements are in the namespaces of this format, its root in that of records.
#[track_caller]
fn assert_is_document(answer: &Answer, what: &str) {
    assert_eq!(
        answer.header("content-type"),
        "application/xml; charset=utf-8",
        "{what}"
    );
    let mut reader = NsReader::from_str(answer.text());
    let (mut depth, mut elements) = (0_usize, 0_usize);
    loop {
        let (space, event) = reader.read_resolved_event().expect(what);
        match &event {
            Event::Start(_) | Event::Empty(_) => {
                let ResolveResult::Bound(Namespace(space)) = space else {
                    panic!("{what}: an element is in no namespace: {}", answer.text());
                };
                assert!(
                    space == CORE
                        || elements > 0 && space.starts_with("http://www.arin.net/regrws/"),
                    "{what}: {space}"
                );
                elements += 1;
                depth += usize::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(depth == 0 && elements > 0, "{what}: {}", answer.text());
}

on_both_engines! {
    async fn every_answer_errors_too_is_well_formed_xml_in_the_core_namespace(app) {
        let maren = app.registrant("maren@example.com", "Maren Okafor").await;
        let contact = app.person_contact("Maren", "Okafor", Some(maren.id));
        let organization = app.organization_of("Harbor & <Example> Networks", &contact);
        let net = app.allocate(&organization, "192.0.2.0/24").unwrap();
        let program = &maren.program;
        program.post_xml(&format!("/rest/net/{net}/customer"), &customer("Lighthouse &amp; Cafe")).await.expect(200);
        program.rest("GET", "/report/associations", None).await.expect(200);
        app.prepare_reports();
        let paths = [
            "", "/", "/nothing", "/poc", "/poc/MO1-KP", "/poc/NO9-KP", "/poc/MO1-KP/phone", "/poc/MO1-KP/phone/+1.207.555.0142",
            "/poc/MO1-KP/email/noc@example.com", "/org", "/org/HEN-1", "/org/NO-9", "/org/HEN-1/poc/MO1-KP;pocFunction=N",
            "/org/HEN-1/poc", "/net/NET-192-0-2-0-1", "/net/NET-192-0-2-0-1/remove", "/net/NET-192-0-2-0-1/reassign",
            "/net/NET-192-0-2-0-1/reallocate", "/net/NET-192-0-2-0-1/customer", "/net/mostSpecificNet/192.0.2.0/192.0.2.1",
            "/net/parentNet/192.0.2.0/192.0.2.1", "/net/netsByIpRange/192.0.2.0/192.0.2.255", "/net/netsByIpRange/a/b",
            "/customer/C00000001", "/customer/C%3C1", "/ticket;ticketType=ANY", "/ticket", "/ticket/summary;ticketStatus=ANY",
            "/ticket/20261122-X1", "/ticket/20261122-X1?msgRefs=true", "/ticket/20261122-X1/summary", "/ticket/20261122-X1/message",
            "/ticket/20261122-X1/message/1", "/ticket/20261122-X1/message/9", "/ticket/20261122-X1/ticketStatus/CLOSED",
            "/report/associations", "/report/reassignment/NET-192-0-2-0-1",
        ];
        let bad = app.program("kp_0000000000_mistyped");
        let poc = document("poc", "<city>&lt;&amp;\u{e9}</city>");
        for path in paths {
            for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
                for body in [None, Some("<"), Some(&*poc)] {
                    let answer = program.rest(method, path, body).await;
                    assert_is_document(&answer, &format!("{method} {path}"));
                }
            }
            assert_is_document(&bad.rest("GET", path, None).await, path);
            let other = program.rest_with("GET", path, None, &[("accept", "application/json")]).await;
            assert_is_document(&other, path);
        }
    }
}

on_both_engines! {
    async fn what_a_get_of_a_network_or_customer_returns_can_be_put_back_unchanged(app) {
        let maren = app.registrant("maren@example.com", "Maren Okafor").await;
        let contact = app.person_contact("Maren", "Okafor", Some(maren.id));
        let organization = app.organization_of("Harbor Example Networks", &contact);
        let net = app.allocate(&organization, "192.0.2.0/24").unwrap();
        let wide = app.allocate(&organization, "2001:db8::/32").unwrap();
        let program = &maren.program;
        let named = format!(
            "<netName>HARBOR</netName><comment><line>One</line><line/><line>&lt;three&gt;</line></comment>\
             <pocLinks><pocLinkRef function=\"N\" handle=\"{contact}\"/></pocLinks>"
        );
        program.put_xml(&format!("/rest/net/{net}"), &document("net", &named)).await.expect(200);
        let private = customer("Lighthouse").replace("</customer>", "<privateCustomer>1</privateCustomer></customer>");
        let made = program.post_xml(&format!("/rest/net/{net}/customer"), &private).await.expect(200);
        let holder = format!("<customerHandle>{}</customerHandle>", made.element("handle"));
        program.put_xml(&format!("/rest/net/{net}/reassign"), &network("192.0.2.64", 26, &holder)).await.expect(200);
        let paths = [
            format!("/net/{net}"), format!("/net/{wide}"), "/net/NET-192-0-2-64-1".to_owned(), "/customer/C00000001".to_owned(),
        ];
        for path in paths {
            let got = program.rest("GET", &path, None).await.expect(200);
            let put = program.rest("PUT", &path, Some(got.text())).await.expect(200);
            assert_eq!(put.text(), got.text());
            assert_eq!(program.rest("GET", &path, None).await.expect(200).text(), got.text());
        }
    }
}

on_both_engines! {
    async fn every_call_refused_ones_too_is_in_the_usage_log_without_its_query(app) {
        let mut maren = app.registrant("maren@example.com", "Maren Okafor").await;
        let contact = app.person_contact("Maren", "Okafor", Some(maren.id));
        app.organization_of("Harbor Example Networks", &contact);
        app.role_contact("Abuse", &[]);
        let reader = [("name", "R"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "registry:read")];
        let reader = app.program(maren.person.create_key(&reader).await);
        let elsewhere = [("name", "E"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", "192.0.2.7")];
        let elsewhere = app.program(maren.person.create_key(&elsewhere).await);
        let limited = [("name", "L"), ("expires_in", "90d"), ("access", "all"), ("rate_limit", "1")];
        let limited = app.program(maren.person.create_key(&limited).await);
        let (program, much) = (&maren.program, " ".repeat((1 << 20) + 1));
        let text = [("content-type", "text/plain")];
        let json = [("accept", "application/json")];
        let mut expected = Vec::new();
        for (program, method, path, body, headers, status) in [
            (program, "GET", "/poc/MO1-KP", None, &[][..], 200),
            (program, "GET", "/poc/ABUSE1-KP", None, &[], 401),
            (program, "GET", "/poc/NO9-KP", None, &[], 404),
            (program, "GET", "/org/HEN-1", None, &json, 406),
            (program, "POST", "/poc", None, &text, 415),
            (program, "PUT", "/poc/MO1-KP", Some(much.as_str()), &[], 413),
            (program, "PUT", "/org/HEN-1", Some("<"), &[], 400),
            (program, "DELETE", "/poc/MO1-KP", None, &[], 409),
            (&reader, "DELETE", "/org/HEN-1", None, &[], 403),
            (&elsewhere, "GET", "/org/HEN-1", None, &[], 403),
            (&limited, "GET", "/org/HEN-1", None, &[], 200),
            (&limited, "GET", "/org/HEN-1", None, &[], 429),
        ] {
            let answer = program.rest_with(method, &format!("{path}?x=secret"), body, headers).await;
            answer.expect(status);
            expected.push(format!("{method} /rest{path} {status}"));
        }
        app.flush();
        let query = "SELECT method || ' ' || path || ' ' || CAST(status AS TEXT) AS text FROM key_requests";
        let mut written = app.texts(query);
        written.sort();
        expected.sort();
        assert_eq!(written, expected);
    }
}

on_both_engines! {
    async fn every_change_link_decision_and_download_is_in_the_audit_log(app) {
        let maren = app.registrant("maren@example.com", "Maren Okafor").await;
        let contact = app.person_contact("Maren", "Okafor", Some(maren.id));
        let organization = app.organization_of("Harbor Example Networks", &contact);
        let net = app.allocate(&organization, "192.0.2.0/24").unwrap();
        let program = &maren.program;
        let of = |path: &str| format!("/rest{path}");
        let person = program.rest("GET", "/poc/MO1-KP", None).await.expect(200);
        let unhandled = person.text().replace("<handle>MO1-KP</handle>", "");
        let other = program.rest("POST", "/poc;makeLink=true", Some(&unhandled)).await.expect(200).handle();
        program.put_xml(&of(&format!("/poc/{other}")), person.text().replace("MO1-KP", &other).as_str()).await.expect(200);
        let phone = document("phone", "<type><code>F</code></type><number>+1.207.555.0143</number>");
        program.put_xml(&of(&format!("/poc/{other}/phone")), &phone).await.expect(200);
        program.rest("DELETE", &format!("/poc/{other}/phone;type=F"), None).await.expect(200);
        program.rest("POST", &format!("/poc/{other}/email/b@example.com"), None).await.expect(200);
        program.rest("DELETE", &format!("/poc/{other}/email/b@example.com"), None).await.expect(200);
        program.rest("PUT", &format!("/org/HEN-1/poc/{other};pocFunction=N"), None).await.expect(200);
        program.rest("DELETE", &format!("/org/HEN-1/poc/{other}"), None).await.expect(200);
        program.rest("DELETE", &format!("/poc/{other}"), None).await.expect(200);
        assert_eq!(app.audited("contact.create"), ["MO1-KP done", "MO2-KP done"]);
        assert_eq!(app.audited("contact.change"), ["MO2-KP done"; 5]);
        assert_eq!(app.audited("contact.delete"), ["MO2-KP done"]);
        assert_eq!(app.audited("link.make"), ["MO1-KP done", "MO2-KP done"]);
        assert_eq!(app.audited("organization.change"), ["HEN-1 done"; 2]);

        program.put_xml(&of(&format!("/net/{net}")), &document("net", "<netName>NEW</netName>")).await.expect(200);
        let made = program.post_xml(&of(&format!("/net/{net}/customer")), &customer("Lighthouse")).await.expect(200);
        let path = format!("/customer/{}", made.handle());
        let got = program.rest("GET", &path, None).await.expect(200);
        program.rest("PUT", &path, Some(got.text())).await.expect(200);
        let holder = format!("<customerHandle>{}</customerHandle>", made.handle());
        program.put_xml(&of(&format!("/net/{net}/reassign")), &network("192.0.2.0", 28, &holder)).await.expect(200);
        program.rest("DELETE", "/net/NET-192-0-2-0-2", None).await.expect(200);
        program.rest("DELETE", &path, None).await.expect(200);
        assert_eq!(app.audited("network.create"), ["NET-192-0-2-0-1 done", "NET-192-0-2-0-2 done"]);
        assert_eq!(app.audited("network.change"), ["NET-192-0-2-0-1 done"]);
        assert_eq!(app.audited("network.remove"), ["NET-192-0-2-0-2 done"]);
        for action in ["customer.create", "customer.change", "customer.delete"] {
            assert_eq!(app.audited(action), ["C00000001 done"], "{action}");
        }

        let org = program.rest("GET", "/org/HEN-1", None).await.expect(200);
        let asked = program.rest("POST", "/org", Some(org.text())).await.expect(200);
        let ticket = asked.element("ticketNo");
        let text = document("message", "<subject>Why</subject><text><line>So</line></text>");
        program.put_xml(&of(&format!("/ticket/{ticket}/message")), &text).await.expect(200);
        let mut operator = app.operator("oona@example.com", "Oona").await;
        let page = format!("/operator/tickets/{ticket}");
        operator.fill_in(&page, &page, &[("decision", "approve")]).await.expect(303);
        program.rest("PUT", &format!("/ticket/{ticket}/ticketStatus/CLOSED"), None).await.expect(200);
        for action in ["ticket.open", "ticket.message", "ticket.decide", "ticket.close"] {
            assert_eq!(app.audited(action), [format!("{ticket} done")], "{action}");
        }
        assert_eq!(app.audited("organization.create").len(), 2);
        program.get("/api/v1/reports/associations").await.expect(200);
        program.get("/api/v1/reports/key-inventory").await.expect(200);
        assert_eq!(app.audited("download").len(), 2);
    }
}

/// Bytes that memory may grow by while documents are refused: what one of them takes, for each of the workers.
const MOST_GROWTH: u64 = 20_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_and_deep_and_large_documents_are_refused_quickly_and_without_growth_of_memory() {
    let database = TestDatabase::new(Engine::Sqlite);
    let folder = database.folder.path();
    let run = |arguments: &[&str]| {
        let output = keyport(folder, &[], arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&["user", "add", "maren@example.com", "--name", "Maren"]);
    let key = run(&[
        "key",
        "create",
        "--name",
        "CI",
        "--account",
        "maren@example.com",
    ]);
    let server = ServerProcess::start(folder, &[]);
    let entity = |number: usize| {
        let inner = format!("&l{};", number - 1).repeat(10);
        format!("<!ENTITY l{number} \"{inner}\">")
    };
    let laughs: String = (1..10).map(entity).collect();
    let laughs = format!("<!DOCTYPE poc [<!ENTITY l0 \"ha\">{laughs}]><poc>&l9;</poc>");
    let quadratic = format!(
        "<!DOCTYPE poc [<!ENTITY a \"{}\">]><poc>{}</poc>",
        "a".repeat(300_000),
        "&a;".repeat(200_000)
    );
    let wide = |inner: String| document("poc", &inner);
    let names: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
    let spaces: String = (0..60)
        .map(|n| format!(" xmlns:n{n}=\"urn:{n}\""))
        .collect();
    let spaced = format!("<comment{spaces}/>").repeat(900);
    let documents = [
        laughs,
        quadratic,
        wide("<comment>".repeat(10_000)),
        wide("<x:a xmlns:x=\"urn:x\">".repeat(32)),
        wide(format!("<comment{names}/>")),
        wide("<comment/>".repeat(90_000)),
        wide(spaced),
        wide("&#65;".repeat(200_000)),
        wide("<![CDATA[a]]>".repeat(70_000)),
        format!("<!--{}", "-".repeat(1_000_000)),
    ];
    let client = reqwest::Client::new();
    let mut before = 0;
    for round in 0..4 {
        for body in &documents {
            let answer = client
                .post(format!("http://{}/rest/poc", server.address))
                .header("x-api-key", &key)
                .header("content-type", "application/xml")
                .body(body.clone())
                // A document that ties the parser up gets no answer at all.
                .timeout(Duration::from_secs(60))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 400, "{}", &body[..100]);
            let text = answer.text().await.unwrap();
            assert!(text.contains("E_SCHEMA_VALIDATION") || text.contains("E_ENTITY_VALIDATION"));
            assert!(text.len() < 50_000, "{}", text.len());
        }
        // What the allocator keeps is there after the first round.
        match round {
            0 => before = server.resident_bytes(),
            _ => assert!(
                server.resident_bytes() < before + MOST_GROWTH,
                "round {round}"
            ),
        }
    }
}
