//! `/auth`: what a gateway is told.

use chrono::TimeDelta;
use keyport::domain::accounts;
use keyport::domain::audit::Act;
use keyport::domain::text::EmailAddress;
use keyport::store::StoreError;
use reqwest::Method;

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::{Engine, TestApp};

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
const IDENTITY: [&str; 5] = [
    "x-keyport-key-id",
    "x-keyport-account-id",
    "x-keyport-account-name",
    "x-keyport-scopes",
    "x-keyport-expires",
];

on_both_engines! {
    async fn every_yes_has_all_identity_headers(app) {
        let mut zoe = app.person("zoe@example.com", "Zoë, Müller").await;
        let key = zoe.create_key(&KEY).await;
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD] {
            let yes = app.program(&*key).send(method, "/auth", None, &[("x-keyport-expires", "forged")]).await.expect(200);
            for name in IDENTITY {
                assert_eq!(yes.headers.get_all(name).iter().count(), 1, "{name}");
            }
            assert_eq!(yes.header("x-keyport-key-id"), id_of(&key));
            assert_eq!(yes.header("x-keyport-account-name"), "Zo%C3%AB%2C%20M%C3%BCller");
            assert!(yes.header("x-keyport-scopes").starts_with("integrations:use keys:read "));
            assert_eq!(yes.header("x-keyport-expires"), "2027-02-20T18:31:00Z");
            assert_eq!(yes.header("keyport-key-expires"), "2027-02-20T18:31:00Z");
            assert_eq!(yes.text(), "");
        }
        let forever = zoe.create_key(&[("name", "CI"), ("expires_in", "never"), ("access", "all")]).await;
        let yes = app.program(&*forever).get("/auth").await.expect(200);
        assert_eq!(yes.header("x-keyport-expires"), "");
        assert!(yes.headers.contains_key("x-keyport-expires"));
        assert!(!yes.headers.contains_key("keyport-key-expires"));
    }
}

on_both_engines! {
    async fn each_refusal_has_its_status_and_code(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let program = app.program(&*key);
        app.program("").get("/auth").await.expect_problem(401, "invalid_key");
        let nothing = reqwest::get(app.url("/auth")).await.unwrap();
        assert_eq!(nothing.status(), 401);
        assert!(nothing.text().await.unwrap().contains("missing_key"));
        app.program("k".repeat(10_000)).get("/auth").await.expect_problem(401, "invalid_key");
        let two = [("authorization", "Bearer other")];
        program.send(Method::GET, "/auth", None, &two).await.expect_problem(400, "two_keys");
        program.get("/auth?scope=keys:write").await.expect_problem(403, "missing_scope");
        program.get("/auth?scope=keys:read&scope=keys:write").await.expect_problem(403, "missing_scope");
        program.get("/auth?scope=keys:read&scope=usage:read").await.expect(200);
        program.get("/auth?scope=keys:raed").await.expect_problem(400, "unknown_scope");
        let bound = maren.create_key(&[KEY[0], KEY[1], KEY[2], ("allowed_addresses", "192.0.2.1")]).await;
        app.program(&*bound).get("/auth").await.expect_problem(403, "address_not_allowed");
        let limited = maren.create_key(&[KEY[0], KEY[1], KEY[2], ("rate_limit", "2")]).await;
        let limited = app.program(&*limited);
        // What is refused before the limit does not use it up.
        limited.get("/auth?scope=keys:write").await.expect_problem(403, "missing_scope");
        let first = limited.get("/auth").await.expect(200);
        assert_eq!(first.header("ratelimit-policy"), "\"minute\";q=2;w=60");
        assert_eq!(first.header("ratelimit"), "\"minute\";r=1;t=60");
        app.advance(TimeDelta::seconds(20));
        limited.get("/auth").await.expect(200);
        let refused = limited.get("/auth").await.expect_problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "40");
        assert_eq!(refused.header("ratelimit"), "\"minute\";r=0;t=40");
        app.advance(TimeDelta::seconds(40));
        limited.get("/auth").await.expect(200);
        maren.deactivate(&id_of(&key)).await;
        program.get("/auth").await.expect_problem(401, "deactivated_key");
        let act = Act::by_command(app.now());
        let disabled: Result<(), StoreError> = app.state.pool.write_now(|db| {
            let email = EmailAddress::parse("maren@example.com").unwrap();
            let account = accounts::find_by_email(db, &email)?.unwrap();
            accounts::disable(db, &act, account.id)
        });
        disabled.unwrap();
        program.get("/auth").await.expect_problem(401, "owner_disabled");
    }
}

on_both_engines! {
    async fn nginx_gets_403_where_it_takes_no_other_status(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[KEY[0], KEY[1], KEY[2], ("rate_limit", "1")]).await;
        let program = app.program(&*key);
        program.get("/auth?proxy=nginx").await.expect(200);
        let limited = program.get("/auth?proxy=nginx").await.expect(403);
        assert_eq!(limited.header("x-error-status"), "429");
        assert_eq!(limited.header("retry-after"), "60");
        let unknown = program.get("/auth?proxy=nginx&scope=nothing").await.expect(403);
        assert_eq!(unknown.header("x-error-status"), "400");
        app.program("x").get("/auth?proxy=nginx").await.expect(401);
        let scope = program.get("/auth?proxy=nginx&scope=keys:write").await.expect(403);
        assert!(!scope.headers.contains_key("x-error-status"));
        app.execute("ALTER TABLE verification_epoch RENAME TO away");
        let away = program.get("/auth?proxy=nginx").await.expect(403);
        assert_eq!(away.header("x-error-status"), "503");
        program.get("/auth").await.expect_problem(503, "unavailable");
    }
}

async fn behind_a_gateway() -> TestApp {
    TestApp::spawn_with(Engine::Sqlite, &[("KEYPORT_TRUSTED_PROXIES", "127.0.0.1")]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_s_address_is_what_trusted_proxies_say_counted_from_the_right() {
    let app = behind_a_gateway().await;
    let alone = TestApp::spawn_beside(&app, &[("KEYPORT_TRUSTED_PROXIES", "")]).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let key = maren
        .create_key(&[
            KEY[0],
            KEY[1],
            KEY[2],
            ("allowed_addresses", "203.0.113.0/24"),
        ])
        .await;
    let ask = async |app: &TestApp, headers: &[(&str, &str)]| {
        app.program(&*key)
            .send(Method::GET, "/auth", None, headers)
            .await
            .status
            .as_u16()
    };
    assert_eq!(ask(&app, &[("x-forwarded-for", "203.0.113.7")]).await, 200);
    assert_eq!(
        ask(&app, &[("forwarded", "for=203.0.113.7;proto=https")]).await,
        200
    );
    assert_eq!(
        ask(&app, &[("x-forwarded-for", "203.0.113.7, 192.0.2.1")]).await,
        403
    );
    assert_eq!(ask(&app, &[("x_forwarded_for", "203.0.113.7")]).await, 403);
    assert_eq!(ask(&app, &[]).await, 403);
    // Two that contradict each other: not known for sure, and so not allowed.
    let both = [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.8"),
    ];
    assert_eq!(ask(&app, &both).await, 403);
    // Nobody is trusted here.
    assert_eq!(
        ask(&alone, &[("x-forwarded-for", "203.0.113.7")]).await,
        403
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_true_key_in_a_url_or_on_plain_http_is_flagged_and_a_wrong_one_is_not() {
    let app = behind_a_gateway().await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let shown = async |maren: &mut crate::support::Person, key: &str| {
        app.flush();
        maren
            .get(&format!("/settings/api/{}", id_of(key)))
            .await
            .page
            .all(".notice.warn strong")
    };
    let wrong = maren.create_key(&KEY).await;
    let true_key = maren.create_key(&KEY).await;
    // The id of one with the secret of nobody: well-formed, and wrong.
    let id = id_of(&wrong).parse().unwrap();
    let made_up = keyport::domain::api_keys::key_string::FullKey::generate(
        &"kp".parse().unwrap(),
        id,
        &mut keyport::crypto::random::system_rng(),
    );
    for key in [made_up.reveal(), &true_key] {
        let uri = format!("/reports?apikey={key}");
        let headers = [("x-original-uri", uri.as_str())];
        let refused = app.program("").send_without_key("/auth", &headers).await;
        refused.expect_problem(400, "key_in_url");
    }
    assert_eq!(shown(&mut maren, &wrong).await, Vec::<String>::new());
    assert_eq!(shown(&mut maren, &true_key).await.len(), 1);
    assert!(shown(&mut maren, &true_key).await[0].starts_with("This key was seen in a URL"));
    let plain = maren.create_key(&KEY).await;
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "http"),
    ];
    app.program(&*plain)
        .send(Method::GET, "/auth", None, &headers)
        .await
        .expect(200);
    assert!(shown(&mut maren, &plain).await[0].starts_with("This key was seen on plain http"));
    let safe = maren.create_key(&KEY).await;
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
    ];
    app.program(&*safe)
        .send(Method::GET, "/auth", None, &headers)
        .await
        .expect(200);
    assert_eq!(shown(&mut maren, &safe).await, Vec::<String>::new());

    let lenient = TestApp::spawn_beside(&app, &[("KEYPORT_QUERY_KEYS", "allow")]).await;
    let other = maren.create_key(&KEY).await;
    let answer = lenient
        .program("")
        .send_without_key(&format!("/api/v1/account?apikey={other}"), &[])
        .await;
    answer.expect(200);
    lenient.flush();
    assert!(shown(&mut maren, &other).await[0].starts_with("This key was seen in a URL"));
}
