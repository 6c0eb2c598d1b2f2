//! Verifying keys for services: whatever the key, the answer is 200; refusals of the call speak of the caller.

use chrono::TimeDelta;
use keyport::domain::accounts;
use keyport::domain::api_keys::key_string::FullKey;
use keyport::domain::text::EmailAddress;
use keyport::ids::AccountId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::actors::{Answer, id_of};
use crate::support::{Program, TestApp};

const VERIFY: &str = "/api/v1/verify";

/// A service of an operator, whose key may verify.
async fn service(app: &TestApp) -> Program {
    let operator = app.account("op@example.com", "Op").id;
    set_operator(app, operator, true);
    let mut op = app.anonymous();
    op.sign_in("op@example.com", crate::support::app::PASSWORD)
        .await;
    let fields = [
        ("name", "Service"),
        ("expires_in", "never"),
        ("access", "chosen"),
        ("scope", "keys:verify"),
    ];
    app.program(op.create_key(&fields).await)
}

fn set_operator(app: &TestApp, id: AccountId, is_operator: bool) {
    let act = app.act();
    let set = app
        .state
        .pool
        .write_now(|db| accounts::set_operator(db, &act, id, is_operator));
    set.unwrap();
}

async fn verify(service: &Program, body: Value) -> Value {
    let answer: Answer = service.post(VERIFY, &body).await;
    answer.expect(200).json()
}

fn with_other_secret(key: &str) -> String {
    let id = id_of(key).parse().unwrap();
    let rng = &mut keyport::crypto::random::system_rng();
    let other = FullKey::generate(&"kp".parse().unwrap(), id, rng);
    other.reveal().to_owned()
}

on_both_engines! {
    async fn a_good_key_is_valid_and_tells_whose_it_is(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "Grafana"), ("expires_in", "1h"), ("access", "chosen"), ("scope", "keys:read"), ("scope", "usage:read")]).await;
        let account = app.program(&key).get("/api/v1/account").await.expect(200).json();
        let answer = verify(&service, json!({"key": key, "scope": "keys:read", "address": "203.0.113.24", "method": "GET", "path": "/v1"})).await;
        assert_eq!(answer, json!({
            "valid": true,
            "code": "valid",
            "key": {
                "id": id_of(&key),
                "prefix": format!("kp_{}", id_of(&key)),
                "name": "Grafana",
                "account_id": account["account_id"],
                "scopes": ["keys:read", "usage:read"],
                "expires_at": "2026-11-22T19:31:00Z",
            },
            "rate_limit": null,
        }));
        let never = maren.create_key(&[("name", "Long"), ("expires_in", "never"), ("access", "all")]).await;
        let answer = verify(&service, json!({"key": format!("  {never} "), "scope": null})).await;
        assert_eq!(answer["valid"], true, "{answer}");
        assert!(answer["key"]["expires_at"].is_null());
        let scopes = answer["key"]["scopes"].as_array().unwrap();
        assert!(scopes.contains(&json!("reports:read")), "{answer}");
        assert!(!scopes.contains(&json!("keys:write")) && !scopes.contains(&json!("keys:verify")), "{answer}");
    }
}

on_both_engines! {
    async fn each_reason_is_told_and_only_a_true_secret_tells_the_key(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let unknown = with_other_secret("kp_0000000000_");
        for text in ["", "noise", &"k".repeat(10_000), &unknown, &with_other_secret(&key), "ключ", &key[..51]] {
            let answer = verify(&service, json!({"key": text})).await;
            assert_eq!(answer, json!({"valid": false, "code": "invalid_key", "key": null, "rate_limit": null}), "{text}");
        }
        let refused = |answer: Value, code: &str| {
            assert_eq!(answer["valid"], false, "{answer}");
            assert_eq!(answer["code"], code, "{answer}");
            assert!(answer["key"]["id"].is_string(), "{answer}");
            assert!(answer["rate_limit"].is_null(), "{answer}");
        };
        refused(verify(&service, json!({"key": key, "scope": "keys:write"})).await, "missing_scope");
        let rotate = format!("/settings/api/{}/rotate", id_of(&key));
        let new = maren.fill_in(&rotate, &rotate, &[("overlap", "none")]).await.expect(200).page.words("#full-key");
        refused(verify(&service, json!({"key": key})).await, "replaced_secret");
        assert_eq!(verify(&service, json!({"key": new})).await["valid"], true);
        let short = maren.create_key(&[("name", "Short"), ("expires_in", "1h"), ("access", "all")]).await;
        app.advance(TimeDelta::hours(1));
        refused(verify(&service, json!({"key": short})).await, "expired_key");
        let owner = app.program(&new).get("/api/v1/account").await.expect(200).json()["account_id"].as_str().unwrap().parse().unwrap();
        maren.deactivate(&id_of(&key)).await;
        refused(verify(&service, json!({"key": new})).await, "deactivated_key");
        let act = app.act();
        app.state.pool.write_now(|db| accounts::disable(db, &act, owner)).unwrap();
        refused(verify(&service, json!({"key": new})).await, "owner_disabled");
    }
}

on_both_engines! {
    async fn a_key_that_is_bound_to_addresses_needs_the_address(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[
            ("name", "Bound"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", "203.0.113.0/24\n2001:db8::/32"),
        ]).await;
        for (address, code) in [
            (None, "address_not_allowed"),
            (Some("203.0.114.1"), "address_not_allowed"),
            (Some("127.0.0.1"), "address_not_allowed"),
            (Some("2001:db9::1"), "address_not_allowed"),
            (Some("203.0.113.255"), "valid"),
            (Some("::ffff:203.0.113.7"), "valid"),
            (Some("2001:db8::7"), "valid"),
        ] {
            let answer = verify(&service, json!({"key": key, "address": address})).await;
            assert_eq!(answer["code"], code, "{address:?}");
        }
    }
}

on_both_engines! {
    async fn the_rate_limit_and_usage_of_the_judged_key_count(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "Limited"), ("expires_in", "90d"), ("access", "all"), ("rate_limit", "2")]).await;
        let body = json!({"key": key, "address": "203.0.113.24", "method": "POST", "path": "/v1/invoices?page=2"});
        // What is refused for another reason uses nothing up.
        verify(&service, json!({"key": key, "scope": "keys:write"})).await;
        app.advance(TimeDelta::seconds(1));
        let first = verify(&service, body.clone()).await;
        assert_eq!(first["rate_limit"], json!({"limit": 2, "remaining": 1, "reset_seconds": 60}));
        app.advance(TimeDelta::seconds(10));
        app.program(&key).get("/auth").await.expect(200);
        app.advance(TimeDelta::seconds(1));
        let over = verify(&service, body).await;
        assert_eq!(over["code"], "rate_limited");
        assert_eq!(over["rate_limit"], json!({"limit": 2, "remaining": 0, "reset_seconds": 49}));
        assert!(over["key"]["id"].is_string());
        app.flush();
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.expect(200).page;
        assert_eq!(page.all(".requests .badge-k"), ["Rate limited", "Accepted", "Accepted", "Missing scope"]);
        assert_eq!(page.all(".requests .request")[0], "POST /v1/invoices");
        assert_eq!(page.all(".requests td[data-label=Status]"), ["429", "200", "200", "403"]);
        assert_eq!(page.all(".requests td[data-label=Address]"), ["203.0.113.24", "127.0.0.1", "203.0.113.24", "unknown"]);
    }
}

on_both_engines! {
    async fn what_a_service_says_of_a_request_cannot_stop_the_usage_log(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let (method, path) = ("<b>\u{0}GET", format!("/\u{0}\n\u{202e}é{}", "x".repeat(40_000)));
        verify(&service, json!({"key": key, "method": method, "path": path})).await;
        app.flush();
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.expect(200);
        let request = page.page.words(".requests .request");
        assert!(request.starts_with("<b>GET /") && request.chars().count() < 220, "{request}");
        assert!(!page.text().contains("<b>GET"));
    }
}

on_both_engines! {
    async fn refusals_of_the_call_speak_of_the_caller(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let body = json!({"key": service.key});
        let lacking = app.program(&key).post(VERIFY, &body).await.expect_problem(403, "missing_scope").json();
        assert!(lacking["detail"].as_str().unwrap().contains("keys:verify"), "{lacking}");
        app.program("noise").post(VERIFY, &body).await.expect_problem(401, "invalid_key");
        service.get(VERIFY).await.expect_problem(405, "method_not_allowed");
        // The scope is offered to operators only.
        let offered = maren.get("/settings/api/new").await.expect(200);
        assert!(!offered.page.has("input[name=scope][value='keys:verify']"));
        let fields = [("name", "x"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:verify")];
        let refused = maren.fill_in("/settings/api/new", "/settings/api/new", &fields).await.expect(422);
        assert_eq!(refused.page.words(".field-error"), "Only operators may choose keys:verify.");
        let manager = maren.create_key(&[("name", "m"), ("expires_in", "1y"), ("access", "chosen"), ("scope", "keys:write")]).await;
        let wanted = json!({"name": "v", "expires_in": "1h", "scopes": ["keys:verify"]});
        app.program(manager).post("/api/v1/keys", &wanted).await.expect_problem(403, "exceeds_caller");
        // The caller's own limit is a 429.
        let mut op = app.anonymous();
        op.sign_in("op@example.com", crate::support::app::PASSWORD).await;
        let limited = op.create_key(&[
            ("name", "l"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:verify"), ("rate_limit", "1"),
        ]).await;
        let limited = app.program(limited);
        limited.post(VERIFY, &json!({"key": key})).await.expect(200);
        let over = limited.post(VERIFY, &json!({"key": key})).await.expect_problem(429, "rate_limited");
        assert_eq!(over.header("retry-after"), "60");
    }
}

on_both_engines! {
    async fn a_service_s_key_is_as_good_as_its_owner_s_role(app) {
        let service = service(&app).await;
        let body = json!({"key": service.key});
        service.post(VERIFY, &body).await.expect(200);
        let email = EmailAddress::parse("op@example.com").unwrap();
        let operator = app.state.pool.read_now(|db| accounts::find_by_email(db, &email)).unwrap().unwrap().id;
        set_operator(&app, operator, false);
        service.post(VERIFY, &body).await.expect_problem(403, "no_authority");
        service.get("/auth?scope=keys:verify").await.expect_problem(403, "no_authority");
        service.get("/api/v1/account").await.expect(200);
        app.flush();
        let mut op = app.anonymous();
        op.sign_in("op@example.com", crate::support::app::PASSWORD).await;
        let page = op.get(&format!("/settings/api/{}?requests=all", id_of(&service.key))).await.page;
        let refused = page.all(".requests .badge-k");
        assert_eq!(refused.iter().filter(|badge| *badge == "No authority").count(), 2, "{refused:?}");
        set_operator(&app, operator, true);
        service.post(VERIFY, &body).await.expect(200);
    }
}

on_both_engines! {
    async fn bad_bodies_are_refused_and_judge_nothing(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        for (body, fields) in [
            (json!({}), vec!["key"]),
            (json!({"key": null}), vec!["key"]),
            (json!({"key": 7}), vec!["key"]),
            (json!({"key": key, "scopes": ["keys:read"]}), vec!["scopes"]),
            (json!({"key": key, "scope": ["keys:read"]}), vec!["scope"]),
            (json!({"key": key, "address": "nowhere"}), vec!["address"]),
            (json!({"key": key, "address": "203.0.113.0/24"}), vec!["address"]),
            (json!({"key": key, "method": 1, "path": {}, "ip": "::1"}), vec!["method", "path", "ip"]),
        ] {
            let problem = service.post(VERIFY, &body).await.expect_problem(400, "invalid_request").json();
            let named: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
            assert_eq!(named, fields, "{body}");
            assert!(!problem.to_string().contains(&key[14..]), "{problem}");
        }
        service.post(VERIFY, &json!({"key": key, "scope": "no:such"})).await.expect_problem(400, "unknown_scope");
        service.send(Method::POST, VERIFY, Some("{".to_owned()), &[]).await.expect_problem(400, "invalid_request");
        service.send(Method::POST, VERIFY, Some("[]".to_owned()), &[]).await.expect_problem(400, "invalid_request");
        service.send(Method::POST, VERIFY, None, &[]).await.expect_problem(415, "unsupported_media_type");
        let large = json!({"key": "k".repeat(70_000)});
        service.post(VERIFY, &large).await.expect_problem(413, "too_large");
        app.flush();
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.expect(200).page;
        assert!(!page.has(".requests tbody"));
    }
}
