//! `POST /api/v1/verify`: for services without a gateway.

use serde_json::json;

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::{Program, TestApp};

const VERIFY: &str = "/api/v1/verify";
const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

/// A service with a key that only operators can give.
async fn service(app: &TestApp) -> Program {
    let operator = app.account("ines@example.com", "Ines");
    let act = keyport::domain::audit::Act::by_command(app.now());
    let made: Result<(), keyport::store::StoreError> = app
        .state
        .pool
        .write_now(|db| keyport::domain::accounts::set_operator(db, &act, operator.id, true));
    made.unwrap();
    let mut ines = app.anonymous();
    ines.sign_in("ines@example.com", crate::support::app::PASSWORD)
        .await;
    let fields = [
        ("name", "Service"),
        ("expires_in", "1y"),
        ("access", "chosen"),
        ("scope", "keys:verify"),
    ];
    app.program(ines.create_key(&fields).await)
}

on_both_engines! {
    async fn a_service_learns_yes_or_why_not_and_the_use_is_the_judged_key_s(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[KEY[0], KEY[1], KEY[2], ("allowed_addresses", "192.0.2.0/24"), ("rate_limit", "2")]).await;
        let ask = async |body: serde_json::Value| service.post(VERIFY, &body).await.expect(200).json();
        let yes = ask(json!({"key": key, "scope": "keys:read", "address": "192.0.2.7", "method": "POST", "path": "/v1/x"})).await;
        assert_eq!((&yes["valid"], &yes["code"]), (&json!(true), &json!("valid")));
        assert_eq!(yes["key"]["id"], id_of(&key));
        assert_eq!(yes["key"]["name"], "CI");
        assert_eq!(yes["rate_limit"], json!({"limit": 2, "remaining": 1, "reset_seconds": 60}));
        for (body, code) in [
            (json!({"key": key}), "address_not_allowed"),
            (json!({"key": key, "address": "198.51.100.1"}), "address_not_allowed"),
            (json!({"key": key, "address": "192.0.2.7", "scope": "keys:write"}), "missing_scope"),
            (json!({"key": "nonsense"}), "invalid_key"),
        ] {
            let no = ask(body).await;
            assert_eq!((&no["valid"], &no["code"]), (&json!(false), &json!(code)));
        }
        assert_eq!(ask(json!({"key": "nonsense"})).await["key"], json!(null));
        let near = json!({"key": key, "address": "::ffff:192.0.2.7"});
        assert_eq!(ask(near.clone()).await["valid"], true);
        let limited = ask(near.clone()).await;
        assert_eq!((&limited["code"], &limited["rate_limit"]["remaining"]), (&json!("rate_limited"), &json!(0)));
        maren.deactivate(&id_of(&key)).await;
        let dead = ask(near).await;
        assert_eq!((&dead["code"], &dead["key"]["id"]), (&json!("deactivated_key"), &json!(id_of(&key))));
        app.flush();
        let page = maren.get(&format!("/settings/api/{}?requests=all", id_of(&key))).await.page;
        let rows = page.all(".requests tbody tr");
        assert_eq!(rows.len(), 7);
        assert!(rows[6].contains("POST /v1/xAccepted200"), "{rows:?}");
    }
}

on_both_engines! {
    async fn the_call_itself_is_refused_like_others(app) {
        let service = service(&app).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        app.program(&*key).post(VERIFY, &json!({"key": key})).await.expect_problem(403, "missing_scope");
        service.post(VERIFY, &json!({"key": key, "scope": "nothing"})).await.expect_problem(400, "unknown_scope");
        for body in [json!({}), json!({"key": 1}), json!({"key": key, "address": "nowhere"}), json!({"key": key, "more": 1})] {
            service.post(VERIFY, &body).await.expect_problem(422, "invalid_field");
        }
        service.post(VERIFY, &json!([])).await.expect_problem(400, "invalid_request");
        let large = json!({"key": "k".repeat(70_000)});
        service.post(VERIFY, &large).await.expect_problem(413, "too_large");
        // Only operators can give the scope.
        let fields = [("name", "x"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:verify")];
        let refused = maren.fill_in("/settings/api/new", "/settings/api/new", &fields).await.expect(422);
        assert_eq!(refused.page.words(".field-error"), "Only operators may choose keys:verify.");
    }
}
