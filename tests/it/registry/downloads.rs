//! Downloads: the whole registry, published reports, and what every file is sent with.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use chrono::TimeDelta;
use keyport::clock::SharedClock;
use keyport::domain::registry::functions::{Function, Functions};
use keyport::domain::registry::handles::Handle;
use keyport::domain::reports::files::{self, FileWriter, StoredFile};
use keyport::domain::reports::grants::{self, DEFAULT_FUNCTIONS, GrantError, Grantee};
use keyport::domain::reports::published::{self, About, Access};
use keyport::ids::AccountId;
use keyport::store::StoreError;
use keyport::store::registry::contacts::ContactRow;
use keyport::store::registry::customers::CustomerRow;
use keyport::store::registry::links::LinkRow;
use keyport::store::registry::networks::NetworkRow;
use keyport::store::registry::organizations::OrganizationRow;
use keyport::store::registry::{contacts, customers, head, links, networks, organizations};
use reqwest::Method;

use crate::on_both_engines;
use crate::support::{Program, TestApp};

/// A small registry: an organization with two networks, a private customer with one, two contacts.
pub(super) fn fill(app: &TestApp) {
    let now = app.now();
    let contact = |handle: &str, is_role: bool, name: &str| ContactRow {
        handle: handle.to_owned(),
        is_role,
        company_name: is_role.then(|| "Harbor Example Networks".to_owned()),
        first_name: (!is_role).then(|| "Maren".to_owned()),
        middle_name: None,
        last_name: name.to_owned(),
        street: "4 Quay Street".to_owned(),
        city: "Portland".to_owned(),
        state: Some("ME".to_owned()),
        postal_code: Some("04101".to_owned()),
        country: "US".to_owned(),
        comment: "Ask <us> & smile".to_owned(),
        registered_at: now,
        updated_at: now,
        revision: 1,
    };
    let organization = OrganizationRow {
        handle: "HEN-1".to_owned(),
        name: "Harbor Example Networks".to_owned(),
        dba_name: None,
        tax_id: Some("TAX-42".to_owned()),
        url: None,
        street: "4 Quay Street".to_owned(),
        city: "Portland".to_owned(),
        state: Some("ME".to_owned()),
        postal_code: Some("04101".to_owned()),
        country: "US".to_owned(),
        comment: String::new(),
        accepts_reassignments: true,
        registered_at: now,
        updated_at: now,
        revision: 1,
    };
    let customer = CustomerRow {
        handle: "C00000001".to_owned(),
        name: "Hidden Lighthouse".to_owned(),
        organization: "HEN-1".to_owned(),
        network: "NET-192-0-2-0-1".to_owned(),
        is_private: true,
        street: "1 Secret Road".to_owned(),
        city: "Halifax".to_owned(),
        state: None,
        postal_code: None,
        country: "CA".to_owned(),
        comment: String::new(),
        registered_at: now,
        updated_at: now,
        revision: 1,
    };
    let network =
        |handle: &str, kind: &str, range: ([u8; 4], [u8; 4]), parent: Option<&str>| NetworkRow {
            handle: handle.to_owned(),
            kind: kind.to_owned(),
            name: "=HARBOR".to_owned(),
            version: 4,
            start_ip: range.0.to_vec(),
            end_ip: range.1.to_vec(),
            organization: (kind == "DA").then(|| "HEN-1".to_owned()),
            customer: (kind != "DA").then(|| "C00000001".to_owned()),
            parent: parent.map(str::to_owned),
            comment: String::new(),
            registered_at: now,
            updated_at: now,
            revision: 1,
        };
    let filled: Result<(), StoreError> = app.state.pool.write_now(|db| {
        contacts::insert(db, &contact("MO1-KP", false, "Okafor"))?;
        contacts::insert(db, &contact("ABUSE1-KP", true, "Abuse"))?;
        organizations::insert(db, &organization)?;
        customers::insert(db, &customer)?;
        let whole = ([192, 0, 2, 0], [192, 0, 2, 255]);
        networks::insert(db, &network("NET-192-0-2-0-1", "DA", whole, None))?;
        let part = ([192, 0, 2, 0], [192, 0, 2, 15]);
        let parent = Some("NET-192-0-2-0-1");
        networks::insert(db, &network("NET-192-0-2-0-2", "S", part, parent))?;
        head::advance(db, now)
    });
    filled.unwrap();
    app.execute(
        "INSERT INTO organization_contacts VALUES
             ('HEN-1', 'MO1-KP', 'AD'), ('HEN-1', 'MO1-KP', 'T'), ('HEN-1', 'ABUSE1-KP', 'AB');
         INSERT INTO contact_emails VALUES ('MO1-KP', 'maren@example.com', 'maren@example.com', 0);",
    );
}

/// Links an account to a contact.
pub(super) fn link(app: &TestApp, account_id: AccountId, contact: &str) {
    let row = LinkRow {
        account_id,
        contact: contact.to_owned(),
        is_exclusive: contact == "MO1-KP",
        linked_at: app.now(),
    };
    let linked: Result<bool, StoreError> = app.state.pool.write_now(|db| links::insert(db, &row));
    linked.unwrap();
}

fn unlink(app: &TestApp, account_id: AccountId, contact: &str) {
    let ended: Result<bool, StoreError> =
        (app.state.pool).write_now(|db| links::delete(db, account_id, contact));
    assert!(ended.unwrap());
}

/// A key of a new account, made through the page, with the account.
pub(super) async fn keyed(app: &TestApp, email: &str) -> (Program, AccountId) {
    let mut person = app.person(email, "Sam Sample").await;
    let key = person
        .create_key(&[("name", "downloads"), ("expires_in", "7d")])
        .await;
    let id = app.text(&format!(
        "SELECT CAST(id AS TEXT) AS text FROM accounts WHERE email = '{email}'"
    ));
    let accounts: Result<_, StoreError> =
        (app.state.pool).read_now(keyport::domain::accounts::list);
    let account = (accounts.unwrap().into_iter())
        .find(|account| account.id.as_number().to_string() == id)
        .unwrap();
    (app.program(key), account.id)
}

fn keep(app: &TestApp, bytes: &[u8]) -> StoredFile {
    let clock: SharedClock = app.clock.clone();
    let mut file = FileWriter::new(&app.state.pool, &clock, u64::MAX);
    file.write_all(bytes).unwrap();
    file.finish().unwrap()
}

/// Publishes an edition.
fn publish(app: &TestApp, slug: &str, access: Access, bytes: &[u8]) -> String {
    let (act, file) = (app.act(), keep(app, bytes));
    let about = About::parse("Peering contacts", "Whom to reach", access).unwrap();
    let slug = slug.parse().unwrap();
    let published: Result<String, StoreError> = (app.state.pool)
        .write_now(|db| published::publish(db, &act, &slug, &about, &file, "list.csv"));
    published.unwrap()
}

pub(super) fn grant(app: &TestApp, slug: &str, grantee: &Grantee, days: Option<i64>) {
    let act = app.act();
    let until = days.map(|days| app.now() + TimeDelta::days(days));
    let granted: Result<(), GrantError> = (app.state.pool)
        .write_now(|db| grants::grant(db, &act, &slug.parse().unwrap(), grantee, until));
    granted.unwrap();
}

async fn bytes(program: &Program, path: &str, headers: &[(&str, &str)]) -> (u16, Vec<u8>) {
    let mut request = reqwest::Client::new()
        .get(program.url(path))
        .header("x-api-key", &program.key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (
        response.status().as_u16(),
        response.bytes().await.unwrap().to_vec(),
    )
}

fn unzipped(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let (name, mut text) = (file.name().unwrap().to_string(), String::new());
            file.read_to_string(&mut text).unwrap();
            (name, text)
        })
        .collect()
}

const BULK: &str = "/public/rest/downloads/bulkwhois";

on_both_engines! {
    async fn the_whole_registry_needs_a_key_and_a_grant(app) {
        fill(&app);
        let (program, id) = keyed(&app, "outsider@example.com").await;
        let mut nobody = app.anonymous();
        for path in [BULK, "/public/secure/downloads/bulkwhois", &format!("{BULK}/nets.xml")] {
            nobody.get(path).await.expect_problem(401, "missing_key");
            program.get(path).await.expect_problem(403, "no_authority");
        }
        for path in [
            "/public/rest/downloads/nothing", "/public/rest/else", "/public",
            &format!("{BULK}/nets.json"), &format!("{BULK}/nets+nets.zip"), &format!("{BULK}/nets"),
            &format!("{BULK}/..%2Fnets.zip"), "/api/v1/reports/nothing", "/api/v1/reports/..%2f..%2fetc",
        ] {
            nobody.get(path).await.expect_problem(404, "not_found");
            program.get(path).await.expect_problem(404, "not_found");
        }
        assert!(app.audited("download").is_empty());
        app.flush();
        assert_eq!(
            app.texts("SELECT DISTINCT CAST(outcome AS TEXT) AS text FROM key_requests"),
            ["8"]
        );

        grant(&app, "bulk-registry", &Grantee::Account(id), Some(3));
        let (status, all) = bytes(&program, BULK, &[]).await;
        assert_eq!(status, 200);
        let files = unzipped(&all);
        assert_eq!(files.keys().collect::<Vec<_>>(), ["arin_db.txt", "arin_db.xml"]);
        let (xml, text) = (&files["arin_db.xml"], &files["arin_db.txt"]);
        assert!(xml.contains("<bulkwhois xmlns=\"http://www.arin.net/bulkwhois/core/v1\">"));
        assert!(xml.contains("<handle>MO1-KP</handle>") && xml.contains("<isRoleAccount>N</isRoleAccount>"));
        assert!(xml.contains("Ask &lt;us&gt; &amp; smile"));
        assert!(xml.contains("<startAddress>192.000.002.000</startAddress>"));
        assert!(xml.contains("<orgHandle>C00000001</orgHandle>"));
        assert!(text.contains("\n\nNetHandle:       NET-192-0-2-0-1\n"), "{text}");
        assert!(text.ends_with("Source:          KP\n"));
        for hidden in ["TAX-42", "Hidden Lighthouse", "1 Secret Road"] {
            assert!(!xml.contains(hidden) && !text.contains(hidden), "{hidden}");
        }
        assert!(xml.contains("Private Customer") && text.contains("Private Residence"));

        let (_, some) = bytes(&program, &format!("{BULK}/nets+asns.zip"), &[]).await;
        let files = unzipped(&some);
        assert!(files["arin_db.xml"].contains("<net>") && !files["arin_db.xml"].contains("<poc>"));
        let (_, xml) = bytes(&program, "/api/v1/reports/bulk-registry?objects=orgs&format=xml", &[]).await;
        let xml = String::from_utf8(xml).unwrap();
        assert!(xml.contains("<customer>Y</customer>") && !xml.contains("<net>"));
        assert!(xml.find("C00000001") < xml.find("HEN-1"));
        let bad = program.get("/api/v1/reports/bulk-registry?objects=everything").await;
        bad.expect_problem(400, "invalid_request");

        // The same state makes the same bytes, also on another instance; another state makes another file.
        let beside = TestApp::spawn_beside(&app, &[]).await;
        let (_, again) = bytes(&beside.program(&program.key), BULK, &[]).await;
        assert!(all == again);
        assert_eq!(app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM registry_files"), "3");
        let moved: Result<(), StoreError> = (app.state.pool).write_now(|db| head::advance(db, app.now()));
        moved.unwrap();
        bytes(&program, BULK, &[]).await;
        assert_eq!(app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM registry_files"), "1");

        app.advance(TimeDelta::days(3));
        program.get(BULK).await.expect_problem(403, "no_authority");
        assert_eq!(app.audited("download").len(), 5);
    }
}

on_both_engines! {
    async fn a_file_is_resumed_kept_and_written_down(app) {
        let (program, id) = keyed(&app, "maren@example.com").await;
        let content: Vec<u8> = (0..700_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let edition = publish(&app, "peering-contacts", Access::Restricted, &content);
        grant(&app, "peering-contacts", &Grantee::Account(id), None);
        let path = "/api/v1/reports/peering-contacts";
        let whole = program.send(Method::HEAD, path, None, &[]).await.expect(200);
        assert!(app.audited("download").is_empty());
        assert_eq!(whole.header("content-length"), "700000");
        assert_eq!(whole.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(whole.header("accept-ranges"), "bytes");
        assert_eq!(whole.header("cache-control"), "private, no-cache");
        assert_eq!(whole.header("x-content-type-options"), "nosniff");
        assert!(whole.header("content-security-policy").ends_with("sandbox"));
        assert_eq!(whole.header("last-modified"), "Sun, 22 Nov 2026 18:31:00 GMT");
        let name = format!("peering-contacts-{edition}.csv");
        assert_eq!(
            whole.header("content-disposition"),
            format!("attachment; filename=\"{name}\"; filename*=UTF-8''{name}")
        );
        let tag = whole.header("etag").to_owned();
        assert_eq!(tag.len(), 66);

        assert!(bytes(&program, path, &[]).await == (200, content.clone()));
        let mut resumed = bytes(&program, path, &[("range", "bytes=0-299999")]).await.1;
        let (status, rest) = bytes(&program, path, &[("range", "bytes=300000-"), ("if-range", &tag)]).await;
        assert_eq!(status, 206);
        resumed.extend(rest);
        assert!(resumed == content);
        let part = program.send(Method::GET, path, None, &[("range", "bytes=0-9")]).await.expect(206);
        assert_eq!(part.header("content-range"), "bytes 0-9/700000");
        assert_eq!(part.header("content-length"), "10");
        assert!(bytes(&program, path, &[("range", "bytes=0-1,5-6")]).await == (200, content.clone()));
        assert!(bytes(&program, path, &[("range", "bytes=0-1"), ("if-range", "\"x\"")]).await == (200, content));

        let written = app.audited("download");
        let what = format!("peering-contacts {edition}");
        assert_eq!(written[0], format!("{what} done"));
        assert_eq!(written[1], format!("{what} bytes 0-299999 done"));
        assert_eq!(written.len(), 6);
        let same = program.send(Method::GET, path, None, &[("if-none-match", &tag)]).await.expect(304);
        assert!(same.text().is_empty() && same.header("etag") == tag);
        let none = program.send(Method::GET, path, None, &[("range", "bytes=700000-")]).await.expect(416);
        assert_eq!(none.header("content-range"), "bytes */700000");
        assert_eq!(app.audited("download").len(), 6);

        // The newest edition is served, an older one by its name.
        app.advance(TimeDelta::minutes(1));
        let newer = publish(&app, "peering-contacts", Access::Restricted, b"new");
        assert!(bytes(&program, path, &[]).await == (200, b"new".to_vec()));
        let old = format!("/public/rest/downloads/peering-contacts?edition={edition}");
        assert_eq!(bytes(&program, &old, &[]).await.1.len(), 700_000);
        program.get(&format!("{path}?edition={newer}x")).await.expect_problem(404, "not_found");
        let listed = program.get("/api/v1/reports").await.expect(200).json();
        let entry = (listed["reports"].as_array().unwrap().iter())
            .find(|entry| entry["slug"] == "peering-contacts").unwrap().clone();
        assert_eq!(entry["edition"], newer.as_str());
        assert_eq!(entry["size_bytes"], 3);
        assert_eq!(entry["access"], "restricted");
    }
}

on_both_engines! {
    async fn a_restricted_report_is_there_by_session_and_key_while_the_link_and_the_grant_last(app) {
        fill(&app);
        let (program, id) = keyed(&app, "maren@example.com").await;
        let mut person = app.anonymous();
        person.sign_in("maren@example.com", crate::support::app::PASSWORD).await;
        publish(&app, "peering-contacts", Access::Restricted, b"contacts");
        publish(&app, "network-status", Access::Everyone, b"status");
        let hen: Handle = "HEN-1".parse().unwrap();
        grant(&app, "peering-contacts", &Grantee::Organization(hen.clone(), DEFAULT_FUNCTIONS), None);
        let (page, key) = ("/downloads/peering-contacts", "/api/v1/reports/peering-contacts");
        let closed = async |person: &mut crate::support::Person| {
            let listed = person.get("/downloads").await.expect(200);
            assert!(listed.text().contains("/downloads/network-status"));
            assert!(!listed.text().contains(page));
            person.get(page).await.expect(404);
            program.get(key).await.expect_problem(403, "no_authority");
        };
        closed(&mut person).await;
        // Abuse is not among the functions.
        link(&app, id, "ABUSE1-KP");
        closed(&mut person).await;
        link(&app, id, "MO1-KP");
        assert!(person.get("/downloads").await.text().contains(page));
        assert_eq!(person.get(page).await.expect(200).text(), "contacts");
        assert_eq!(program.get(key).await.expect(200).text(), "contacts");
        unlink(&app, id, "MO1-KP");
        closed(&mut person).await;
        let abuse = Functions::of(&[Function::Abuse]);
        grant(&app, "peering-contacts", &Grantee::Organization(hen, abuse), Some(1));
        assert_eq!(person.get(page).await.expect(200).text(), "contacts");
        app.advance(TimeDelta::days(1));
        person.sign_in_again("maren@example.com").await;
        closed(&mut person).await;
        person.get("/downloads/../../etc/passwd").await.expect(404);
        person.get("/downloads/%2e%2e%2fetc").await.expect(404);
        let log = person.get("/settings/audit").await;
        assert!(log.text().contains("peering-contacts"));
    }
}

on_both_engines! {
    async fn a_download_that_has_begun_goes_on_when_rights_and_file_go(app) {
        fill(&app);
        let (program, id) = keyed(&app, "maren@example.com").await;
        let content = vec![7u8; 24 << 20];
        publish(&app, "peering-contacts", Access::Restricted, &content);
        let hen: Handle = "HEN-1".parse().unwrap();
        grant(&app, "peering-contacts", &Grantee::Organization(hen, DEFAULT_FUNCTIONS), None);
        link(&app, id, "MO1-KP");
        let path = "/api/v1/reports/peering-contacts";
        let begun = reqwest::Client::new()
            .get(program.url(path))
            .header("x-api-key", &program.key)
            .send()
            .await
            .unwrap();
        assert_eq!(begun.status(), 200);
        unlink(&app, id, "MO1-KP");
        program.get(path).await.expect_problem(403, "no_authority");
        let (act, slug) = (app.act(), "peering-contacts".parse().unwrap());
        let removed: Result<bool, StoreError> =
            (app.state.pool).write_now(|db| published::remove(db, &act, &slug));
        assert!(removed.unwrap());
        files::sweep(&app.state.pool, app.now()).unwrap();
        program.get(path).await.expect_problem(404, "not_found");
        assert!(begun.bytes().await.unwrap() == content);
        // Once no one can be reading it, the file goes too.
        app.advance(TimeDelta::hours(3));
        files::sweep(&app.state.pool, app.now()).unwrap();
        assert_eq!(app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM stored_file_chunks"), "0");
        assert_eq!(app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM stored_files"), "0");
    }
}

on_both_engines! {
    async fn an_account_downloads_thirty_times_a_minute(app) {
        let (program, _) = keyed(&app, "maren@example.com").await;
        publish(&app, "network-status", Access::Everyone, b"status");
        let path = "/api/v1/reports/network-status";
        for _ in 0..30 {
            program.get(path).await.expect(200);
        }
        let refused = program.get(path).await.expect_problem(429, "rate_limited");
        assert!(!refused.header("retry-after").is_empty());
        app.advance(TimeDelta::minutes(1));
        program.get(path).await.expect(200);
    }
}

on_both_engines! {
    async fn nothing_is_sent_that_cannot_be_written_down(app) {
        let (program, _) = keyed(&app, "maren@example.com").await;
        publish(&app, "network-status", Access::Everyone, b"status");
        app.execute("DELETE FROM audit_head");
        let refused = program.get("/api/v1/reports/network-status").await;
        assert!(refused.status.is_server_error(), "{}", refused.status);
        assert_ne!(refused.text(), "status");
    }
}

on_both_engines! {
    with [("KEYPORT_REGISTRY_ENABLED", "false")],
    async fn without_a_registry_there_are_no_downloads(app) {
        let (program, _) = keyed(&app, "maren@example.com").await;
        let mut person = app.anonymous();
        person.sign_in("maren@example.com", crate::support::app::PASSWORD).await;
        for path in ["/api/v1/reports", "/api/v1/reports/associations", BULK] {
            program.get(path).await.expect_problem(404, "not_found");
        }
        person.get("/downloads").await.expect(404);
        person.get("/downloads/associations").await.expect(404);
        assert!(!person.get("/").await.text().contains("/downloads"));
    }
}

on_both_engines! {
    async fn a_file_is_read_as_it_is_sent_and_not_ahead(app) {
        let (program, _) = keyed(&app, "maren@example.com").await;
        publish(&app, "network-status", Access::Everyone, &vec![7u8; 64 << 20]);
        let begun = reqwest::Client::new()
            .get(program.url("/api/v1/reports/network-status"))
            .header("x-api-key", &program.key)
            .send()
            .await
            .unwrap();
        assert_eq!(begun.status(), 200);
        // What is behind the first 32 MiB goes while the client has read nothing: had it been held, it would still arrive.
        app.execute("DELETE FROM stored_file_chunks WHERE number >= 128");
        assert!(begun.bytes().await.is_err());
    }
}
