//! What happens to keys and passwords, and who is told of it.

use chrono::TimeDelta;
use keyport::domain::passwords;
use keyport::store::StoreError;
use serde_json::json;

use super::{mailing, queued, subjects};
use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::command::keyport;
use crate::support::mail::SmtpServer;
use crate::support::{Engine, TestApp};

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
const WRITER: [(&str, &str); 4] = [
    ("name", "Writer"),
    ("expires_in", "90d"),
    ("access", "chosen"),
    ("scope", "keys:write"),
];

on_both_engines! {
    async fn the_owner_is_told_when_a_key_is_created_rotated_and_deactivated(app) {
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        let mut maren = app.person("maren@example.com", "Maren Okafor").await;
        let key = maren.create_key(&KEY).await;
        app.deliver();
        let mail = server.take().pop().unwrap();
        assert_eq!((&*mail.to, &*mail.subject), ("maren@example.com", "CI was created"));
        assert!(mail.text.contains("created by Maren Okafor"), "{}", mail.text);
        assert!(mail.text.contains("From: 127.0.0.1"), "{}", mail.text);
        assert!(!mail.text.contains(&key[14..]), "{}", mail.text);
        let link = mail.link("http://localhost:8080/settings/api/");
        assert_eq!(link, id_of(&key));
        let path = format!("/settings/api/{}/rotate", id_of(&key));
        maren.fill_in(&path, &path, &[("overlap", "24h")]).await.expect(200);
        assert_eq!(subjects(&app, &server), ["CI was rotated"]);
        let path = format!("/settings/api/{}/deactivate", id_of(&key));
        let opened = maren.get(&path).await;
        for _ in 0..2 {
            maren.send_form(&opened, &path, &[]).await.expect(303);
        }
        assert_eq!(subjects(&app, &server), ["CI was deactivated"]);
    }
}

on_both_engines! {
    async fn of_keys_that_programs_create_one_an_hour_is_told(app) {
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let writer = app.program(maren.create_key(&WRITER).await);
        assert_eq!(subjects(&app, &server), ["Writer was created"]);
        let body = |name: &str| json!({"name": name, "scopes": ["keys:write"], "expires_in": "7d"});
        let mut made = Vec::new();
        for name in ["First", "Second", "Third"] {
            let answer = writer.post("/api/v1/keys", &body(name)).await.expect(201);
            made.push(answer.json()["id"].as_str().unwrap().to_owned());
        }
        app.deliver();
        let mail = server.take().pop().unwrap();
        assert_eq!(mail.subject, "First was created");
        assert!(mail.text.contains("created by API key kp_"), "{}", mail.text);
        assert!(mail.text.contains("in this hour are only in the audit log"), "{}", mail.text);
        let rotate = format!("/api/v1/keys/{}/rotate", made[0]);
        writer.post(&rotate, &json!({})).await.expect(200);
        writer.delete(&format!("/api/v1/keys/{}", made[1])).await.expect(200);
        writer.delete(&format!("/api/v1/keys/{}", made[1])).await.expect(200);
        assert_eq!(subjects(&app, &server), ["First was rotated", "Second was deactivated"]);
        app.advance(TimeDelta::hours(1));
        writer.post("/api/v1/keys", &body("Fourth")).await.expect(201);
        writer.delete("/api/v1/key").await.expect(200);
        assert_eq!(subjects(&app, &server), ["Fourth was created", "Writer was deactivated"]);
    }
}

on_both_engines! {
    async fn a_request_that_is_repeated_is_told_of_once(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let writer = app.program(maren.create_key(&WRITER).await);
        let body = json!({"name": "CI", "scopes": ["keys:write"], "expires_in": "7d"}).to_string();
        let headers = [("idempotency-key", "once")];
        for status in [201, 200] {
            let sent = writer.send(reqwest::Method::POST, "/api/v1/keys", Some(body.clone()), &headers);
            sent.await.expect(status);
        }
        assert_eq!(queued(&app).len(), 2, "one for the writer, one for its key");
    }
}

on_both_engines! {
    async fn commands_tell_of_keys_and_demonstrations_do_not(app) {
        app.account("maren@example.com", "Maren");
        let settings = [("DATABASE_URL", app.database.url.as_str())];
        let run = |arguments: &[&str]| {
            let output = keyport(app.database.folder.path(), &settings, arguments);
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let key = run(&["key", "create", "--account", "maren@example.com", "--name", "CI"]);
        run(&["key", "deactivate", key.trim().rsplit_once('_').unwrap().0]);
        let kinds = || {
            let mut kinds: Vec<String> = queued(&app).into_iter().map(|row| row.kind).collect();
            kinds.sort_unstable();
            kinds
        };
        assert_eq!(kinds(), ["key_created", "key_deactivated"]);
        run(&["demo", "--force"]);
        let out = app.database.folder.path().join("keys.txt");
        run(&["seed", "--keys", "5", "--out", out.to_str().unwrap()]);
        assert_eq!(kinds().len(), 2);
    }
}

on_both_engines! {
    async fn a_password_that_is_set_by_link_is_told_of(app) {
        let id = app.account("maren@example.com", "Maren").id;
        let act = app.act();
        let rng = &mut keyport::crypto::random::system_rng();
        let token: Result<_, StoreError> = (app.state.pool)
            .write_now(|db| passwords::make_link(db, &act, rng, id));
        let token = token.unwrap();
        let page = format!("/password/reset?token={}", token.expose());
        let fields = [("token", token.expose().as_str()), ("password", "another kestrel 43")];
        let mut maren = app.anonymous();
        maren.fill_in(&page, "/password/reset", &fields).await.expect(303);
        let rows = queued(&app);
        assert_eq!(rows.len(), 1);
        assert_eq!((&*rows[0].kind, &*rows[0].recipient), ("password_changed", "maren@example.com"));
    }
}

on_both_engines! {
    async fn uses_of_a_dead_key_are_told_of_once_a_day_with_their_number(app) {
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let program = app.program(&*key);
        maren.deactivate(&id_of(&key)).await;
        app.deliver();
        server.take();
        let use_it = async |times: usize| {
            for _ in 0..times {
                program.get("/auth").await.expect(401);
            }
            app.flush();
            app.deliver();
            server.take()
        };
        let first = use_it(1).await;
        assert_eq!(first.last().unwrap().subject, "CI: something still uses a dead secret");
        assert!(first.last().unwrap().text.contains("was presented once"));
        assert!(use_it(3).await.is_empty());
        app.advance(TimeDelta::hours(24) - TimeDelta::milliseconds(1));
        assert!(use_it(1).await.is_empty());
        app.advance(TimeDelta::milliseconds(1));
        let second = use_it(1).await;
        assert_eq!(second.len(), 1);
        assert!(second[0].text.contains("was presented 5 times"), "{}", second[0].text);
    }
}

on_both_engines! {
    async fn mails_about_a_deleted_key_lead_to_no_page(app) {
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let id = id_of(&key);
        maren.deactivate(&id).await;
        let path = format!("/settings/api/{id}/delete");
        maren.fill_in(&path, &path, &[]).await.expect(303);
        app.deliver();
        server.take();
        let program = app.program(&*key);
        program.get("/auth").await.expect(401);
        app.flush();
        program.post("/api/v1/leaks", &json!({ "key": key })).await;
        app.deliver();
        let mails = server.take();
        assert_eq!(mails.len(), 2);
        for mail in mails {
            assert!(!mail.text.contains(&format!("/settings/api/{id}")), "{}", mail.text);
            assert!(mail.text.contains("You deleted this key"), "{}", mail.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_gets_into_another_header_or_into_html() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let server = SmtpServer::spawn().await;
    let app = mailing(&app, &server).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let fields = |name| [("name", name), KEY[1], KEY[2]];
    let path = "/settings/api/new";
    let injected = fields("CI\r\nBcc: eve@example.com");
    maren.fill_in(path, path, &injected).await.expect(422);
    // What a page cannot do, someone at the database can.
    maren
        .create_key(&fields("Schlüssel <b>für</b> “CI”, ".repeat(3).trim()))
        .await;
    app.deliver();
    let mail = server.take().pop().unwrap();
    assert!(
        mail.subject.starts_with("Schlüssel <b>für</b> “CI”,"),
        "{}",
        mail.subject
    );
    assert!(!mail.html.contains("<b>für"), "{}", mail.html);
    app.execute(
        "UPDATE api_keys SET name = 'CI' || char(13) || char(10) || 'Bcc: eve@example.com'",
    );
    let id = mail.link("http://localhost:8080/settings/api/");
    maren.deactivate(&id).await;
    app.deliver();
    let mail = server.take().pop().unwrap();
    assert_eq!(mail.subject, "CI Bcc: eve@example.com was deactivated");
    assert!(
        mail.headers.iter().all(|(name, _)| name != "Bcc"),
        "{:?}",
        mail.headers
    );
    assert_eq!(mail.to, "maren@example.com");
}
