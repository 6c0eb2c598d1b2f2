//! Keys that were found in public: ended at once, their owners told once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use keyport::domain::mail::{LeakFate, Mail};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::actors::{Answer, id_of};
use crate::support::{Engine, Person, TestApp};

const LEAKS: &str = "/api/v1/leaks";
const GITHUB: &str = "/api/v1/leaks/github";
const FIELDS: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

async fn report(app: &TestApp, body: Value) -> Answer {
    send(app, LEAKS, body.to_string(), &[]).await
}

async fn send(app: &TestApp, path: &str, body: String, headers: &[(&str, &str)]) -> Answer {
    let request = reqwest::Client::new()
        .request(Method::POST, app.url(path))
        .header("content-type", "application/json")
        .body(body);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    Answer::of(request.send().await.unwrap()).await
}

/// The mails about leaks that wait.
fn leak_mails(app: &TestApp) -> Vec<(Option<String>, String)> {
    let leaks = app
        .mails()
        .into_iter()
        .filter_map(|queued| match queued.mail {
            Mail::KeyLeaked { url, source, .. } => Some((url, source)),
            _ => None,
        });
    leaks.collect()
}

on_both_engines! {
    async fn a_reported_key_stops_at_once_and_its_owner_is_told_once(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let url = "https://git.example/acme/.env";
        for _ in 0..3 {
            let taken = report(&app, json!({"key": key, "url": url})).await.expect(202).json();
            assert_eq!(taken, json!({"status": "taken"}));
        }
        app.program(&key).get("/auth").await.expect_problem(401, "deactivated_key");
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.page;
        assert!(page.words(".facts").contains("a leak report from someone who found it"), "{}", page.words(".facts"));
        assert!(page.all(".facts dd").contains(&"Never".to_owned()), "it moved the last use");
        assert_eq!(leak_mails(&app), [(Some(url.to_owned()), "someone who found it".to_owned())]);
    }
}

on_both_engines! {
    async fn what_is_no_true_key_gets_the_same_answer_and_changes_nothing(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let rng = &mut keyport::crypto::random::system_rng();
        let id = id_of(&key).parse().unwrap();
        let wrong = keyport::domain::api_keys::key_string::FullKey::generate(&"kp".parse().unwrap(), id, rng);
        let answers = [report(&app, json!({"key": wrong.reveal()})).await, report(&app, json!({"key": "noise"})).await];
        for answer in answers {
            assert_eq!(answer.expect(202).json(), json!({"status": "taken"}));
        }
        app.program(&key).get("/auth").await.expect(200);
        assert!(leak_mails(&app).is_empty());
        for (body, status) in [(json!({}), 422), (json!({"key": 1}), 422), (json!({"key": "a", "more": 1}), 422), (json!([]), 400)] {
            report(&app, body).await.expect(status);
        }
    }
}

on_both_engines! {
    async fn a_replaced_secret_that_is_found_ends_alone(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let old = maren.create_key(&FIELDS).await;
        let path = format!("/settings/api/{}/rotate", id_of(&old));
        let rotated = maren.fill_in(&path, &path, &[("overlap", "24h")]).await.expect(200);
        let new = rotated.page.words("#full-key");
        app.program(&old).get("/auth").await.expect(200);
        report(&app, json!({"key": old})).await.expect(202);
        app.program(&old).get("/auth").await.expect_problem(401, "replaced_secret");
        app.program(&new).get("/auth").await.expect(200);
        assert_eq!(leak_mails(&app).len(), 1);
        report(&app, json!({"key": new})).await.expect(202);
        app.program(&new).get("/auth").await.expect_problem(401, "deactivated_key");
        assert_eq!(leak_mails(&app).len(), 2);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn the_mail_says_what_truly_became_of_the_key(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let rotate = async |maren: &mut Person, key: &str| {
            let path = format!("/settings/api/{}/rotate", id_of(key));
            let rotated = maren.fill_in(&path, &path, &[("overlap", "none")]).await.expect(200);
            rotated.page.words("#full-key")
        };
        let working = maren.create_key(&FIELDS).await;
        let replaced = maren.create_key(&FIELDS).await;
        rotate(&mut maren, &replaced).await;
        let deactivated = maren.create_key(&FIELDS).await;
        maren.deactivate(&id_of(&deactivated)).await;
        let old_of_dead = maren.create_key(&FIELDS).await;
        rotate(&mut maren, &old_of_dead).await;
        maren.deactivate(&id_of(&old_of_dead)).await;
        for key in [&working, &replaced, &deactivated, &old_of_dead] {
            report(&app, json!({"key": key})).await.expect(202);
        }
        let expired = maren.create_key(&FIELDS).await;
        app.advance(TimeDelta::days(91));
        report(&app, json!({"key": expired})).await.expect(202);
        let fate = |key: &str| {
            let fates = app.mails().into_iter().filter_map(|queued| match queued.mail {
                Mail::KeyLeaked { key: mailed, fate, .. } if mailed.id == id_of(key) => Some(fate),
                _ => None,
            });
            fates.collect::<Vec<_>>()
        };
        assert_eq!(fate(&working), [LeakFate::Deactivated]);
        assert_eq!(fate(&replaced), [LeakFate::OldSecretEnded]);
        assert_eq!(fate(&deactivated), [LeakFate::WasDeactivated]);
        assert_eq!(fate(&old_of_dead), [LeakFate::WasDeactivated]);
        assert_eq!(fate(&expired), [LeakFate::HadExpired]);
    }
}

/// A key pair as GitHub has them.
struct Github {
    key: SigningKey,
}

impl Github {
    fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[seed; 32]).unwrap(),
        }
    }

    /// For the settings.
    fn entry(&self, id: &str) -> String {
        let der = self.key.verifying_key().to_public_key_der().unwrap();
        format!("{id}:{}", STANDARD.encode(der.as_bytes()))
    }

    fn sign(&self, body: &str) -> String {
        let signature: Signature = self.key.sign(body.as_bytes());
        STANDARD.encode(signature.to_der().as_bytes())
    }

    async fn report(&self, app: &TestApp, id: &str, body: &str) -> Answer {
        let signature = self.sign(body);
        let headers = [
            ("github-public-key-identifier", id),
            ("github-public-key-signature", &*signature),
        ];
        send(app, GITHUB, body.to_owned(), &headers).await
    }
}

fn labels(answer: &Value) -> Vec<&str> {
    let items = answer.as_array().unwrap().iter();
    items.map(|item| item["label"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_s_reports_are_acted_on_one_by_one() {
    let github = Github::new(7);
    let entry = github.entry("one");
    let settings = [("KEYPORT_LEAKS_GITHUB_KEYS", entry.as_str())];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let (first, second) = (
        maren.create_key(&FIELDS).await,
        maren.create_key(&FIELDS).await,
    );
    // Some of them are no reports, and of types that are not known: the others are acted on all the same.
    let body = json!([
        {"token": first, "type": "keyport_api_key", "url": "", "source": "content"},
        {"token": 7}, "noise", null, {"type": "keyport_api_key"},
        {"token": "noise", "type": "another", "url": 5},
        {"token": second, "type": "another", "url": "https://github.com/x", "source": "commit"},
    ])
    .to_string();
    for _ in 0..2 {
        let answer = github.report(&app, "one", &body).await.expect(200);
        assert!(!answer.text().contains(&first[14..]), "a key came back");
        let answer = answer.json();
        assert_eq!(
            labels(&answer),
            ["true_positive", "false_positive", "true_positive"]
        );
        let hash = keyport::crypto::digest::sha256(first.as_bytes());
        assert_eq!(answer[0]["token_hash"], STANDARD.encode(hash));
        assert_eq!(answer[0]["token_type"], "keyport_api_key");
    }
    for key in [&first, &second] {
        let dead = app.program(key).get("/auth").await;
        dead.expect_problem(401, "deactivated_key");
    }
    let mut mails = leak_mails(&app);
    mails.sort();
    let github = || "GitHub".to_owned();
    let url = Some("https://github.com/x".to_owned());
    assert_eq!(mails, [(None, github()), (url, github())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_that_github_did_not_sign_change_nothing() {
    let (github, other) = (Github::new(7), Github::new(8));
    let entry = github.entry("one");
    let settings = [("KEYPORT_LEAKS_GITHUB_KEYS", entry.as_str())];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let key = maren.create_key(&FIELDS).await;
    let body = json!([{"token": key, "type": "t"}]).to_string();
    let refused = "bad_signature";
    send(&app, GITHUB, body.clone(), &[])
        .await
        .expect_problem(403, refused);
    other
        .report(&app, "one", &body)
        .await
        .expect_problem(403, refused);
    github
        .report(&app, "two", &body)
        .await
        .expect_problem(403, refused);
    // Signed for another body.
    let signature = github.sign("[]");
    for signature in [&*signature, "", "%", "AAAA"] {
        let headers = [
            ("github-public-key-identifier", "one"),
            ("github-public-key-signature", signature),
        ];
        let answer = send(&app, GITHUB, body.clone(), &headers).await;
        answer.expect_problem(403, refused);
    }
    github
        .report(&app, "one", "{}")
        .await
        .expect_problem(400, "invalid_request");
    let large = format!("[\"{}\"]", "a".repeat(1_100_000));
    github
        .report(&app, "one", &large)
        .await
        .expect_problem(413, "too_large");
    app.program(&key).get("/auth").await.expect(200);
    let without = TestApp::spawn(Engine::Sqlite).await;
    send(&without, GITHUB, body, &[])
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_s_keys_are_fetched_kept_and_followed_when_they_change() {
    use crate::support::upstream::Upstream;
    let (old, new) = (Github::new(7), Github::new(8));
    let list = |keys: &[(&str, &Github, bool)]| {
        let keys: Vec<Value> = keys
            .iter()
            .map(|(id, github, is_current)| {
                let key = github.key.verifying_key();
                let pem = key.to_public_key_pem(p256::pkcs8::LineEnding::LF).unwrap();
                json!({"key_identifier": id, "key": pem, "is_current": is_current})
            })
            .collect();
        json!({ "public_keys": keys }).to_string()
    };
    let server = Upstream::spawn().await;
    server.answer_with(&list(&[("one", &old, true)]));
    let url = format!("http://{}/keys", server.address);
    let settings = [("KEYPORT_LEAKS_GITHUB_KEYS_URL", url.as_str())];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    for _ in 0..3 {
        old.report(&app, "one", "[]").await.expect(200);
    }
    assert_eq!(server.take().len(), 1);
    // Ids that are made up lead to one fetch a minute.
    server.answer_with(&list(&[("one", &old, false), ("two", &new, true)]));
    for _ in 0..3 {
        new.report(&app, "two", "[]")
            .await
            .expect_problem(403, "bad_signature");
    }
    assert_eq!(server.take().len(), 0);
    app.advance(TimeDelta::minutes(1));
    new.report(&app, "two", "[]").await.expect(200);
    old.report(&app, "one", "[]")
        .await
        .expect_problem(403, "bad_signature");
    assert_eq!(server.take().len(), 1);
    // Where they cannot be had, nothing is believed.
    server.answer_with("no list");
    app.advance(TimeDelta::hours(25));
    let answer = new.report(&app, "two", "[]").await;
    let problem = answer.expect_problem(503, "unavailable").json();
    assert_eq!(problem["title"], "Not available at present");
    assert!(!problem.to_string().contains("database"), "{problem}");
}
