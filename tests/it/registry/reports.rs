//! Own reports, and what operators publish and grant.

use keyport::domain::reports::grants::Grantee;
use reqwest::Method;

use super::downloads::{fill, grant, keyed, link};
use crate::on_both_engines;
use crate::support::app::PASSWORD;
use crate::support::{Person, TestApp};

/// The lines of a CSV file.
fn lines(text: &str) -> Vec<&str> {
    text.trim_end_matches("\r\n").split("\r\n").collect()
}

on_both_engines! {
    async fn own_reports_tell_what_the_links_reach(app) {
        fill(&app);
        let (program, id) = keyed(&app, "maren@example.com").await;
        let path = "/api/v1/reports/associations";
        let empty = program.get(path).await.expect(200);
        assert_eq!(lines(empty.text()), ["contact,contact_type,object_type,object,object_name,function,via"]);
        assert_eq!(empty.header("cache-control"), "no-store");
        assert_eq!(empty.header("content-type"), "text/csv; charset=utf-8");
        assert!(empty.header("content-disposition").contains("filename=\"associations.csv\""));
        assert!(empty.headers.get("etag").is_none());
        link(&app, id, "MO1-KP");
        let all = program.send(Method::GET, path, None, &[("range", "bytes=0-1")]).await.expect(200);
        assert_eq!(
            lines(all.text())[1..],
            [
                "MO1-KP,PERSON,org,HEN-1,Harbor Example Networks,AD,direct",
                "MO1-KP,PERSON,org,HEN-1,Harbor Example Networks,T,direct",
                "MO1-KP,PERSON,net,NET-192-0-2-0-1,'=HARBOR,AD,organization",
                "MO1-KP,PERSON,net,NET-192-0-2-0-1,'=HARBOR,T,organization",
            ]
        );
        program.send(Method::HEAD, path, None, &[]).await.expect(200);
        assert_eq!(app.audited("download"), ["associations done", "associations done"]);
    }
}

on_both_engines! {
    async fn the_reassignment_report_lists_networks_and_what_is_free(app) {
        fill(&app);
        let (program, id) = keyed(&app, "maren@example.com").await;
        let path = "/api/v1/reports/reassignments";
        let of = |net: &str| format!("{path}?net={net}");
        program.get(path).await.expect_problem(400, "invalid_request");
        program.get(&of("NET-10-0-0-0-1")).await.expect_problem(404, "not_found");
        program.get(&of("..%2F")).await.expect_problem(404, "not_found");
        program.get(&of("NET-192-0-2-0-1")).await.expect_problem(403, "no_authority");
        link(&app, id, "ABUSE1-KP");
        program.get(&of("NET-192-0-2-0-1")).await.expect_problem(403, "no_authority");
        link(&app, id, "MO1-KP");
        program.get(&of("NET-192-0-2-0-2")).await.expect_problem(403, "no_authority");
        let made = program.get(&of("net-192-0-2-0-1")).await.expect(200);
        assert_eq!(
            lines(made.text())[1..],
            [
                "NET-192-0-2-0-2,NET-192-0-2-0-1,1,S,192.0.2.0,192.0.2.15,192.0.2.0/28,'=HARBOR,C00000001,\
                 Hidden Lighthouse,2026-11-22T18:31:00Z",
                ",NET-192-0-2-0-1,1,FREE,192.0.2.16,192.0.2.255,192.0.2.16/28 192.0.2.32/27 192.0.2.64/26 \
                 192.0.2.128/25,,,,",
            ]
        );
        assert_eq!(app.audited("download"), ["reassignments NET-192-0-2-0-1 done"]);
    }
}

on_both_engines! {
    async fn reports_about_keys_need_their_scopes(app) {
        let mut person = app.person("maren@example.com", "Maren Okafor").await;
        let key = person
            .create_key(&[
                ("name", "=cmd"), ("expires_in", "7d"), ("access", "chosen"), ("scope", "reports:read"),
            ])
            .await;
        let program = app.program(key);
        program.get("/api/v1/reports/key-inventory").await.expect_problem(403, "missing_scope");
        program.get("/api/v1/reports/key-usage").await.expect_problem(403, "missing_scope");
        let listed = program.get("/api/v1/reports").await.expect(200).json();
        let slugs: Vec<_> = listed["reports"].as_array().unwrap().iter().map(|entry| &entry["slug"]).collect();
        assert_eq!(slugs, ["associations", "reassignments"]);
        app.flush();

        let inventory = person.get("/downloads/key-inventory").await.expect(200);
        let rows = lines(inventory.text());
        assert_eq!(rows.len(), 2);
        assert!(rows[1].contains(",'=cmd,active,2026-11-22T18:31:00Z,"), "{}", rows[1]);
        assert!(rows[1].contains(",reports:read,,"), "{}", rows[1]);
        let usage = person.get("/downloads/key-usage?step=hour&from=2026-11-22").await.expect(200);
        let rows = lines(usage.text());
        assert!(rows[1].starts_with("2026-11-22T18:00:00Z,") && rows[1].ends_with(",'=cmd,valid,1"), "{rows:?}");
        assert!(rows[2].ends_with(",'=cmd,missing_scope,2"), "{rows:?}");
        let bad = person.get("/downloads/key-usage?from=yesterday").await.expect(422);
        assert!(bad.page.words("#from-error").contains("days like"));
    }
}

on_both_engines! {
    async fn the_page_leads_to_files_and_opens_tickets(app) {
        fill(&app);
        let (_, id) = keyed(&app, "maren@example.com").await;
        let mut person = app.anonymous();
        person.sign_in("maren@example.com", PASSWORD).await;
        let path = "/downloads/reassignments";
        let now = [("net", " NET-192-0-2-0-1 "), ("how", "now")];
        let led = person.post_from("/downloads", path, &now).await.expect(303);
        assert_eq!(led.header("location"), "/downloads/reassignments?net=NET-192-0-2-0-1");
        // Neither an unknown network nor one of others tells which of both it is.
        for net in ["NET-192-0-2-0-1", "NET-10-0-0-0-1", "no handle"] {
            let refused = person.get(&format!("{path}?net={net}")).await.expect(404);
            assert!(refused.page.words("#net-error").contains("no network with this handle"));
            let ticket = [("net", net), ("how", "ticket")];
            person.post_from("/downloads", path, &ticket).await.expect(404);
        }
        link(&app, id, "MO1-KP");
        let page = person.get("/downloads").await.expect(200);
        assert_eq!(page.page.attribute("#networks option", "value"), "NET-192-0-2-0-1");
        // It counts what its table lists: nothing is published for this account.
        assert_eq!(page.page.words("[aria-labelledby=reports] .count"), "0");
        person.get(&format!("{path}?net=NET-192-0-2-0-1")).await.expect(200);
        let ticket = [("net", "NET-192-0-2-0-1"), ("how", "ticket")];
        let opened = person.post_from("/downloads", path, &ticket).await.expect(303);
        assert!(opened.header("location").starts_with("/tickets/20261122-X"));
        let stale = person.post_raw(path, &ticket, &[]).await.expect(422);
        assert!(stale.text().contains("too old"));
        let filtered = person.get("/downloads?q=zebra").await.expect(200);
        assert!(filtered.text().contains("No report matches “zebra”."));
    }
}

/// Sends a form with a file, as a browser does.
pub(super) async fn upload(
    app: &TestApp,
    person: &Person,
    path: &str,
    fields: &[(&str, &str)],
    file: Option<(&str, Vec<u8>)>,
) -> reqwest::Response {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part =
            format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    if let Some((name, bytes)) = file {
        let part = format!(
            "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             content-type: text/html\r\n\r\n"
        );
        body.extend(part.into_bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--cut--\r\n");
    send(app, person, path, body).await
}

async fn send(app: &TestApp, person: &Person, path: &str, body: Vec<u8>) -> reqwest::Response {
    let cookies: Vec<String> = (person.cookies.iter())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
        .post(app.url(path))
        .header("cookie", cookies.join("; "))
        .header("content-type", "multipart/form-data; boundary=cut")
        .body(body)
        .send()
        .await
        .unwrap()
}

fn kept_files(app: &TestApp) -> String {
    app.text(
        "SELECT CAST(COUNT(*) AS TEXT) AS text FROM stored_files WHERE complete_at IS NOT NULL",
    )
}

on_both_engines! {
    with [("KEYPORT_REGISTRY_MAX_REPORT_BYTES", "600000")],
    async fn operators_publish_and_grant_on_pages(app) {
        fill(&app);
        let mut operator = app.operator("op@example.com", "Olga Operator").await;
        let (program, _) = keyed(&app, "maren@example.com").await;
        let opened = operator.get("/operator/reports/new").await.expect(200);
        let token = opened.page.attribute("form.card input[name=form_token]", "value");
        let new = "/operator/reports/new";
        let fields = |token: &str, slug: &str| {
            vec![
                ("form_token".to_owned(), token.to_owned()), ("slug".to_owned(), slug.to_owned()),
                ("title".to_owned(), "Weekly list".to_owned()), ("access".to_owned(), "restricted".to_owned()),
            ]
        };
        let publish = async |slug: &str, token: &str, file: Option<(&str, Vec<u8>)>| {
            let fields = fields(token, slug);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            upload(&app, &operator, new, &fields, file).await
        };
        let file = || Some(("../../etc/weekly.HTML", b"<script>1</script>".to_vec()));
        let stale = publish("weekly", "x", file()).await;
        assert_eq!(stale.status(), 422);
        assert!(stale.text().await.unwrap().contains("too old"));
        for slug in ["", "../weekly", "Weekly", "bulk-registry", "bulkwhois", "new"] {
            let refused = publish(slug, &token, file()).await;
            assert_eq!(refused.status(), 422, "{slug}");
            assert!(refused.text().await.unwrap().contains("slug-error"));
        }
        let none = publish("weekly", &token, None).await;
        assert!(none.text().await.unwrap().contains("Choose a file."));
        let large = publish("weekly", &token, Some(("a.csv", vec![b'a'; 600_001]))).await;
        assert_eq!(large.status(), 422);
        assert!(large.text().await.unwrap().contains("600 kB at most"));
        // One that breaks off in the middle.
        let mut cut = Vec::new();
        for (name, value) in fields(&token, "weekly") {
            cut.extend(format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        cut.extend(b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n");
        cut.extend(vec![b'a'; 550_000]);
        assert_eq!(send(&app, &operator, new, cut).await.status(), 400);
        assert_eq!(kept_files(&app), "0");
        assert!(app.audited("report.publish").is_empty());

        let done = publish("weekly", &token, file()).await;
        assert_eq!(done.status(), 303);
        assert_eq!(done.headers()["location"], "/operator/reports/weekly");
        let taken = publish("weekly", &token, file()).await;
        assert!(taken.text().await.unwrap().contains("There is a report with this name."));
        program.get("/api/v1/reports/weekly").await.expect_problem(403, "no_authority");

        let path = "/operator/reports/weekly";
        for (bad, field) in [
            (&[("account", ""), ("org", "")][..], "#account-error"),
            (&[("account", "nobody@example.com")], "#account-error"),
            (&[("account", "maren@example.com"), ("org", "HEN-1")], "#account-error"),
            (&[("org", "HEN-9"), ("function", "T")], "#org-error"),
            (&[("org", "HEN-1")], "#org-error"),
            (&[("account", "maren@example.com"), ("until", "2026-11-21")], "#until-error"),
            (&[("account", "maren@example.com"), ("until", "soon")], "#until-error"),
        ] {
            let refused = operator.post_from(path, path, bad).await.expect(422);
            assert!(refused.page.has(field), "{bad:?}");
        }
        let to = [("account", "maren@example.com"), ("until", "2026-11-22")];
        operator.post_from(path, path, &to).await.expect(303);
        let sent = program.get("/api/v1/reports/weekly").await.expect(200);
        assert_eq!(sent.text(), "<script>1</script>");
        assert_eq!(sent.header("content-type"), "application/octet-stream");
        assert!(sent.header("content-disposition").contains(".html\""));

        let page = operator.get(path).await.expect(200);
        let take = page.page.attribute("a[href*=ungrant]", "href");
        operator.fill_in(&take, &take, &[]).await.expect(303);
        program.get("/api/v1/reports/weekly").await.expect_problem(403, "no_authority");
        let details = [("title", "Weekly"), ("description", "For all"), ("access", "everyone")];
        operator.post_from(path, &format!("{path}/details"), &details).await.expect(303);
        program.get("/public/rest/downloads/weekly").await.expect(200);
        let opened = operator.get(path).await.expect(200);
        let token = opened.page.attribute("form.card input[name=form_token]", "value");
        let edition = upload(
            &app, &operator, &format!("{path}/edition"), &[("form_token", &token)],
            Some(("b.csv", b"b".to_vec())),
        )
        .await;
        assert_eq!(edition.status(), 303);
        assert_eq!(program.get("/api/v1/reports/weekly").await.expect(200).text(), "b");
        let remove = format!("{path}/remove");
        operator.fill_in(&remove, &remove, &[]).await.expect(303);
        operator.get(path).await.expect(404);
        program.get("/api/v1/reports/weekly").await.expect_problem(404, "not_found");
        assert_eq!(app.audited("report.publish").len(), 2);
        assert_eq!(app.audited("report.grant"), ["weekly to the account done"]);
        assert_eq!(app.audited("report.ungrant"), ["weekly from the account done"]);
        assert_eq!(app.audited("report.change"), ["weekly (everyone) done"]);
        assert_eq!(app.audited("report.remove"), ["weekly done"]);
        operator.get("/operator/reports/bulk-registry").await.expect(200);
        operator.get("/operator/reports/bulk-registry/remove").await.expect(404);
        let mut other = app.anonymous();
        other.sign_in("maren@example.com", PASSWORD).await;
        other.get("/operator/reports").await.expect(404);
        other.get(path).await.expect(404);
    }
}

on_both_engines! {
    async fn a_grant_for_another_report_is_none(app) {
        fill(&app);
        let (program, id) = keyed(&app, "maren@example.com").await;
        grant(&app, "bulk-registry", &Grantee::Account(id), None);
        let listed = program.get("/api/v1/reports").await.expect(200).json();
        let bulk = listed["reports"].as_array().unwrap().iter().find(|entry| entry["slug"] == "bulk-registry");
        assert_eq!(bulk.unwrap()["updated_at"], "2026-11-22T18:31:00Z");
        program.get("/public/rest/downloads/bulk-registry").await.expect_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_leaves_nothing_of_an_upload() {
    let app = TestApp::spawn(crate::support::Engine::Sqlite).await;
    let act = app.act();
    let clock: keyport::clock::SharedClock = app.clock.clone();
    let used = app.text("SELECT CAST(page_count AS TEXT) AS text FROM pragma_page_count");
    let most = used.parse::<i64>().unwrap() + 500;
    // One connection is full; its file takes no more than 2 MB.
    let pool = keyport::store::Pool::open(app.state.pool.url(), 1).unwrap();
    let limited: Result<(), keyport::store::StoreError> = pool.read_now(|db| {
        use diesel::connection::SimpleConnection as _;
        let keyport::store::Db::Sqlite(connection) = db else {
            unreachable!("this test is on SQLite");
        };
        Ok(connection.batch_execute(&format!("PRAGMA max_page_count = {most}"))?)
    });
    limited.unwrap();
    let mut file = keyport::domain::reports::files::FileWriter::new(&pool, &clock, u64::MAX);
    let mut failed = None;
    for _ in 0..20 {
        if let Err(error) = file.push(&[7; 256 * 1024]).await {
            failed = Some(error.to_string());
            break;
        }
    }
    assert_eq!(
        failed.as_deref(),
        Some("the database is read-only, or full")
    );
    assert_eq!(kept_files(&app), "0");
    drop(file);
    // Removed at once in the background, or by housekeeping.
    app.advance(chrono::TimeDelta::hours(2));
    keyport::domain::reports::files::sweep(&app.state.pool, app.now()).unwrap();
    assert_eq!(
        app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM stored_file_chunks"),
        "0"
    );
    assert!(app.audited("report.publish").is_empty() && act.now < app.now());
}
