//! `/auth`: what a gateway is told of the key of each request that it receives.

use chrono::TimeDelta;
use keyport::domain::accounts;
use keyport::domain::api_keys::key_string::FullKey;
use reqwest::Method;

use crate::on_both_engines;
use crate::support::actors::{Answer, id_of};
use crate::support::{Engine, Program, TestApp};

const AUTH: &str = "/auth";
const FIELDS: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
const IDENTITY: [&str; 5] = [
    "x-keyport-key-id",
    "x-keyport-account-id",
    "x-keyport-account-name",
    "x-keyport-scopes",
    "x-keyport-expires",
];

/// The tests' own address is a gateway that is trusted.
const BEHIND_GATEWAY: [(&str, &str); 1] = [("KEYPORT_TRUSTED_PROXIES", "127.0.0.1")];
const KEYS_IN_URLS: [(&str, &str); 2] = [
    ("KEYPORT_TRUSTED_PROXIES", "127.0.0.1"),
    ("KEYPORT_QUERY_KEYS", "allow"),
];

async fn ask(program: &Program, path: &str, headers: &[(&str, &str)]) -> Answer {
    program.send(Method::GET, path, None, headers).await
}

fn page_of(full_key: &str) -> String {
    format!("/settings/api/{}", id_of(full_key))
}

fn with_other_secret(key: &str) -> String {
    let id = id_of(key).parse().unwrap();
    let rng = &mut keyport::crypto::random::system_rng();
    let other = FullKey::generate(&"kp".parse().unwrap(), id, rng);
    other.reveal().to_owned()
}

/// A request without a key in a header, as a gateway passes it on.
async fn without_key(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    app.anonymous().send(Method::GET, AUTH, None, headers).await
}

async fn without_key_at(app: &TestApp, path: &str) -> Answer {
    app.anonymous().send(Method::GET, path, None, &[]).await
}

on_both_engines! {
    async fn every_yes_says_who_it_is_in_all_five_headers(app) {
        let mut zoe = app.person("zoe@example.com", "Zoë, Müller").await;
        let key = zoe.create_key(&[("name", "a"), ("expires_in", "1h"), ("access", "chosen"), ("scope", "usage:read"), ("scope", "keys:read")]).await;
        let account = app.program(&key).get("/api/v1/account").await.expect(200).json();
        let answer = app.program(&key).get(AUTH).await.expect(200);
        let values = IDENTITY.map(|name| answer.header(name).to_owned());
        assert_eq!(values, [
            id_of(&key).as_str(),
            account["account_id"].as_str().unwrap(),
            "Zo%C3%AB%2C%20M%C3%BCller",
            "keys:read usage:read",
            "2026-11-22T19:31:00Z",
        ]);
        assert_eq!(answer.header("keyport-key-expires"), "2026-11-22T19:31:00Z");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.text(), "");
        assert!(answer.headers.get("set-cookie").is_none());
        assert!(answer.headers.get("ratelimit").is_none());

        let never = zoe.create_key(&[("name", "b"), ("expires_in", "never"), ("access", "all"), ("rate_limit", "5")]).await;
        let answer = app.program(&never).get(AUTH).await.expect(200);
        for name in IDENTITY {
            assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}");
        }
        assert_eq!(answer.header("x-keyport-expires"), "");
        assert!(answer.headers.get("keyport-key-expires").is_none());
        let scopes: Vec<&str> = answer.header("x-keyport-scopes").split(' ').collect();
        assert!(scopes.contains(&"reports:read") && !scopes.contains(&"keys:write") && !scopes.contains(&"keys:verify"), "{scopes:?}");
        assert_eq!(answer.header("ratelimit"), "\"minute\";r=4;t=60");
        assert_eq!(answer.header("ratelimit-policy"), "\"minute\";q=5;w=60");
    }
}

on_both_engines! {
    async fn what_a_client_says_of_itself_is_not_echoed(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "a"), ("expires_in", "never"), ("access", "all")]).await;
        let forged = IDENTITY.map(|name| (name, "forged"));
        let answer = ask(&app.program(&key), AUTH, &forged).await.expect(200);
        for name in IDENTITY {
            assert_ne!(answer.header(name), "forged", "{name}");
            assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}");
        }
        let refused = without_key(&app, &forged).await.expect_problem(401, "missing_key");
        for name in IDENTITY {
            assert!(refused.headers.get(name).is_none(), "{name}");
        }
    }
}

on_both_engines! {
    async fn each_refusal_has_its_status_and_code_and_for_nginx_one_that_it_passes_on(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let replaced = maren.create_key(&FIELDS).await;
        let rotate = format!("{}/rotate", page_of(&replaced));
        maren.fill_in(&rotate, &rotate, &[("overlap", "none")]).await.expect(200);
        let deactivated = maren.create_key(&FIELDS).await;
        maren.deactivate(&id_of(&deactivated)).await;
        let elsewhere = maren.create_key(&[("name", "e"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", "192.0.2.1")]).await;
        let limited = maren.create_key(&[("name", "l"), ("expires_in", "90d"), ("access", "all"), ("rate_limit", "1")]).await;
        let expired = maren.create_key(&[("name", "x"), ("expires_in", "1h"), ("access", "all")]).await;
        let mut other = app.person("other@example.com", "Other").await;
        let disabled = other.create_key(&FIELDS).await;
        let owner = app.program(&disabled).get("/api/v1/account").await.expect(200).json()["account_id"].as_str().unwrap().parse().unwrap();
        let act = app.act();
        app.state.pool.write_now(|db| accounts::disable(db, &act, owner)).unwrap();
        app.advance(TimeDelta::hours(1));
        app.program(&limited).get(AUTH).await.expect(200);
        let unknown = with_other_secret("kp_0000000000_");
        let two = [("authorization", "Bearer kp_other")];
        for (key, query, headers, status, code) in [
            (key.as_str(), "", &two[..], 400, "two_keys"),
            (&key, "scope=no:such", &[], 400, "unknown_scope"),
            ("noise", "", &[], 401, "invalid_key"),
            (&unknown, "", &[], 401, "invalid_key"),
            (&with_other_secret(&key), "", &[], 401, "invalid_key"),
            (&"k".repeat(10_000), "", &[], 401, "invalid_key"),
            (&deactivated, "", &[], 401, "deactivated_key"),
            (&expired, "", &[], 401, "expired_key"),
            (&replaced, "", &[], 401, "replaced_secret"),
            (&disabled, "", &[], 401, "owner_disabled"),
            (&elsewhere, "", &[], 403, "address_not_allowed"),
            (&key, "scope=keys:write", &[], 403, "missing_scope"),
            (&limited, "", &[], 429, "rate_limited"),
        ] {
            let program = app.program(key);
            let refused = ask(&program, &format!("{AUTH}?{query}"), headers).await.expect_problem(status, code);
            assert_eq!(refused.headers.contains_key("www-authenticate"), status == 401, "{code}");
            assert_eq!(refused.headers.contains_key("retry-after"), status == 429, "{code}");
            assert!(refused.headers.get("x-error-status").is_none());
            for name in IDENTITY {
                assert!(refused.headers.get(name).is_none(), "{code}: {name}");
            }
            let path = format!("{AUTH}?{query}&proxy=nginx");
            let for_nginx = ask(&program, &path, headers).await;
            let is_passed_on = matches!(status, 401 | 403);
            assert_eq!(for_nginx.status.as_u16(), if is_passed_on { status } else { 403 }, "{code}");
            let told = if is_passed_on { String::new() } else { status.to_string() };
            assert_eq!(for_nginx.header("x-error-status"), told, "{code}");
            assert_eq!(for_nginx.header("retry-after"), refused.header("retry-after"), "{code}");
            assert_eq!(for_nginx.json()["code"], code);
            assert_eq!(for_nginx.json()["status"], status);
        }
        without_key(&app, &[]).await.expect_problem(401, "missing_key");
        without_key(&app, &[("authorization", "Basic dTpw")]).await.expect_problem(401, "missing_key");
        let request = reqwest::Client::new().get(app.url(AUTH));
        let bytes = reqwest::header::HeaderValue::from_bytes(&[0xff; 52]).unwrap();
        assert_eq!(request.header("x-api-key", bytes).send().await.unwrap().status(), 401);
        // A session is no key.
        maren.get(AUTH).await.expect_problem(401, "missing_key");
    }
}

on_both_engines! {
    async fn a_store_that_cannot_be_asked_is_never_a_yes(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = app.program(maren.create_key(&FIELDS).await);
        program.get(AUTH).await.expect(200);
        app.execute("ALTER TABLE verification_epoch RENAME TO away");
        let refused = program.get(AUTH).await.expect_problem(503, "unavailable");
        assert_eq!(refused.header("retry-after"), "5");
        let for_nginx = program.get("/auth?proxy=nginx").await.expect(403);
        assert_eq!(for_nginx.header("x-error-status"), "503");
        assert_eq!(for_nginx.header("retry-after"), "5");
        app.program("noise").get(AUTH).await.expect_problem(401, "invalid_key");
        app.execute("ALTER TABLE away RENAME TO verification_epoch");
        program.get(AUTH).await.expect(200);
    }
}

on_both_engines! {
    async fn all_scopes_that_are_asked_for_are_needed(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "a"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:read"), ("scope", "usage:read")]).await;
        let program = app.program(key);
        program.get("/auth?scope=keys:read").await.expect(200);
        program.get("/auth?scope=keys%3Aread&scope=usage:read").await.expect(200);
        for query in ["scope=keys:read&scope=reports:read", "scope=reports:read&scope=keys:read"] {
            let refused = program.get(&format!("{AUTH}?{query}")).await.expect_problem(403, "missing_scope").json();
            assert!(refused["detail"].as_str().unwrap().contains("reports:read"), "{refused}");
        }
        for query in ["scope=keys:read&scope=no:such", "scope=", "scope=KEYS:READ", "scope=keys:read%20usage:read"] {
            program.get(&format!("{AUTH}?{query}")).await.expect_problem(400, "unknown_scope");
        }
    }
}

on_both_engines! {
    async fn every_method_is_judged(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = app.program(maren.create_key(&FIELDS).await);
        for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
            let method: Method = name.parse().unwrap();
            let answer = program.send(method.clone(), AUTH, None, &[]).await.expect(200);
            assert_eq!(answer.headers.get_all("x-keyport-key-id").iter().count(), 1, "{name}");
            assert_eq!(app.program("noise").send(method, AUTH, None, &[]).await.status, 401, "{name}");
        }
        // Another site's page may not be able to read the answer, but a gateway that passes its headers on gets one.
        let foreign = [("origin", "https://other.example"), ("sec-fetch-site", "cross-site")];
        program.send(Method::POST, AUTH, None, &foreign).await.expect(200);
    }
}

on_both_engines! {
    with super::BEHIND_GATEWAY,
    async fn the_usage_log_holds_the_original_request(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let program = app.program(&key);
        for (headers, expected) in [
            (vec![("x-original-method", "PUT"), ("x-original-uri", "/a?page=2")], "PUT /a"),
            (vec![("x-forwarded-method", "POST"), ("x-forwarded-uri", "/b?x=1")], "POST /b"),
            (vec![("x-original-url", "https://service.example/c/d?x=1")], "GET /c/d"),
            (vec![("x-original-url", "https://service.example")], "GET /"),
            (vec![], "GET /auth"),
        ] {
            app.advance(TimeDelta::seconds(1));
            ask(&program, AUTH, &headers).await.expect(200);
            app.flush();
            let page = maren.get(&page_of(&key)).await.page;
            assert_eq!(page.words(".requests .request"), expected);
        }
    }
}

on_both_engines! {
    async fn only_a_trusted_gateway_tells_of_the_original_request(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "a"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", "203.0.113.7")]).await;
        let here = maren.create_key(&FIELDS).await;
        let headers = [
            ("x-original-method", "PUT"), ("x-original-uri", "/forged"), ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=203.0.113.7"), ("x-forwarded-proto", "http"),
        ];
        ask(&app.program(&key), AUTH, &headers).await.expect_problem(403, "address_not_allowed");
        ask(&app.program(&here), AUTH, &headers).await.expect(200);
        app.flush();
        let page = maren.get(&page_of(&here)).await.page;
        assert_eq!(page.words(".requests .request"), "GET /auth");
        assert_eq!(page.words(".requests td[data-label=Address]"), "127.0.0.1");
        assert!(!page.has(".notice.warn"));
    }
}

on_both_engines! {
    with super::BEHIND_GATEWAY,
    async fn client_addresses_are_counted_from_the_right_and_contradictions_bind(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let bound = maren.create_key(&[("name", "a"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", "203.0.113.0/24")]).await;
        let free = app.program(maren.create_key(&FIELDS).await);
        let bound = app.program(bound);
        for headers in [
            vec![("x-forwarded-for", "203.0.113.7")],
            vec![("x-forwarded-for", "192.0.2.1, 203.0.113.7")],
            vec![("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "203.0.113.7, 127.0.0.1")],
            vec![("forwarded", "for=192.0.2.1, for=\"203.0.113.7:4711\"")],
            vec![("x-forwarded-for", "::ffff:203.0.113.7")],
            vec![("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.7")],
        ] {
            ask(&bound, AUTH, &headers).await.expect(200);
        }
        for headers in [
            vec![],
            vec![("x-forwarded-for", "203.0.113.7, 192.0.2.1")],
            vec![("x-forwarded-for", "203.0.113.7, unknown")],
            vec![("forwarded", "for=203.0.113.7, for=_hidden")],
            vec![("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.8")],
            vec![("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=203.0.113.7")],
        ] {
            ask(&bound, AUTH, &headers).await.expect_problem(403, "address_not_allowed");
            // A key that may be used from everywhere may be from there, too.
            ask(&free, AUTH, &headers).await.expect(200);
        }
        app.flush();
        let page = maren.get(&format!("{}?requests=all", page_of(&free.key))).await.page;
        assert!(page.all(".requests td[data-label=Address]").contains(&"unknown".to_owned()));
    }
}

on_both_engines! {
    with super::BEHIND_GATEWAY,
    async fn a_key_in_the_original_url_is_refused_and_flagged_if_it_is_true(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "all"), ("rate_limit", "2")];
        let key = maren.create_key(&fields).await;
        let wrong = format!("/x?apikey={}", with_other_secret(&key));
        without_key(&app, &[("x-original-uri", &wrong)]).await.expect_problem(400, "key_in_url");
        app.flush();
        assert!(!maren.get(&page_of(&key)).await.page.has(".notice.warn"));
        let uri = format!("/x?a=1&apikey={key}");
        for headers in [[("x-original-uri", uri.as_str())], [("x-forwarded-uri", &uri)], [("x-original-url", &uri)]] {
            let refused = without_key(&app, &headers).await.expect_problem(400, "key_in_url");
            assert!(!refused.text().contains(&key[14..22]));
        }
        // The same key in both places is one credential, and still stands in the URL.
        ask(&app.program(&key), AUTH, &[("x-original-uri", &uri)]).await.expect_problem(400, "key_in_url");
        app.flush();
        let page = maren.get(&format!("{}?requests=all", page_of(&key))).await;
        assert_eq!(
            page.page.words(".notice.warn"),
            "This key was seen in a URL, last at today, 18:31 UTC. URLs end up in logs and histories. \
             Rotate the key without overlap, and send it in the x-api-key header over https."
        );
        let outcomes = page.page.all(".requests .badge-k");
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "Key in URL").count(), 4, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "Wrong secret").count(), 1, "{outcomes:?}");
        assert!(page.page.all(".requests .request").iter().all(|request| request == "GET /x"));
        assert!(!page.text().contains(&key[14..22]));
        assert!(page.page.all(".facts dd").contains(&"Never".to_owned()), "it moved the last use");
        // Checks that fail do not use up the rate limit.
        let program = app.program(&key);
        for status in [200, 200, 429] {
            program.get(AUTH).await.expect(status);
        }
    }
}

on_both_engines! {
    async fn a_key_in_the_url_of_this_very_request_is_refused_too(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let path = format!("/auth?apikey={key}");
        without_key_at(&app, &path).await.expect_problem(400, "key_in_url");
        app.flush();
        assert!(maren.get(&page_of(&key)).await.page.has(".notice.warn"));
        // What stands behind `uri=` is another request's address, and of no one that is trusted.
        without_key_at(&app, &format!("/auth?uri=/x?apikey={key}")).await.expect_problem(401, "missing_key");
    }
}

on_both_engines! {
    with super::BEHIND_GATEWAY,
    async fn a_dead_key_in_a_url_is_an_attempt_as_well(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        maren.deactivate(&id_of(&key)).await;
        let uri = format!("/x?apikey={key}");
        without_key(&app, &[("x-original-uri", &uri)]).await.expect_problem(400, "key_in_url");
        app.flush();
        let page = maren.get(&page_of(&key)).await.page;
        let notices = page.all(".notice.warn");
        assert!(notices[0].starts_with("Something still uses this key."), "{notices:?}");
        assert!(notices[1].starts_with("This key was seen in a URL"), "{notices:?}");
        assert!(notices[1].ends_with("Check who could read it."), "{notices:?}");
    }
}

on_both_engines! {
    with super::KEYS_IN_URLS,
    async fn where_keys_in_urls_are_allowed_they_are_taken_and_flagged(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let uri = format!("/x?apikey={key}");
        let answer = without_key(&app, &[("x-original-uri", &uri)]).await.expect(200);
        assert_eq!(answer.header("x-keyport-key-id"), id_of(&key));
        app.anonymous().get(&format!("/api/v1/account?apikey={key}")).await.expect(200);
        let other = format!("/x?apikey={}", with_other_secret(&key));
        without_key(&app, &[("x-original-uri", &other)]).await.expect_problem(401, "invalid_key");
        ask(&app.program(&key), AUTH, &[("x-original-uri", &other)]).await.expect_problem(400, "two_keys");
        app.flush();
        let page = maren.get(&page_of(&key)).await.page;
        assert!(page.words(".notice.warn").starts_with("This key was seen in a URL"));
        // The flag stays.
        app.advance(TimeDelta::days(60));
        let page = maren.sign_in_again("maren@example.com").await.get(&page_of(&key)).await.page;
        assert!(page.words(".notice.warn").starts_with("This key was seen in a URL, last at 22 Nov 2026, 18:31 UTC."), "{}", page.words(".notice.warn"));
    }
}

on_both_engines! {
    with super::BEHIND_GATEWAY,
    async fn a_true_key_on_plain_http_from_another_machine_is_flagged(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let program = app.program(&key);
        let wrong = app.program(with_other_secret(&key));
        let plain = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "http")];
        ask(&wrong, AUTH, &plain).await.expect_problem(401, "invalid_key");
        for harmless in [
            vec![("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")],
            vec![("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "http, https")],
            vec![("x-forwarded-for", "203.0.113.7")],
            vec![("x-forwarded-proto", "http")],
            vec![],
        ] {
            ask(&program, AUTH, &harmless).await.expect(200);
        }
        app.flush();
        assert!(!maren.get(&page_of(&key)).await.page.has(".notice.warn"));
        ask(&program, AUTH, &plain).await.expect(200);
        app.flush();
        let page = maren.get(&page_of(&key)).await.page;
        assert!(page.words(".notice.warn").starts_with("This key was seen on plain http, last at today, 18:31 UTC."));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_of_the_operator_are_known_to_gateways_and_to_the_form() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyport.toml");
    let scope = "[[scopes]]\nname = \"billing:read\"\ndescription = \"Read invoices\"\n";
    std::fs::write(&file, scope).unwrap();
    let settings = [("KEYPORT_CONFIG", file.to_str().unwrap())];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let fields = [
        ("name", "Invoices"),
        ("expires_in", "90d"),
        ("access", "chosen"),
        ("scope", "billing:read"),
    ];
    let key = maren.create_key(&fields).await;
    let answer = app.program(&key).get("/auth?scope=billing:read").await;
    assert_eq!(
        answer.expect(200).header("x-keyport-scopes"),
        "billing:read"
    );
    let refused = app.program(&key).get("/auth?scope=keys:read").await;
    refused.expect_problem(403, "missing_scope");
}
