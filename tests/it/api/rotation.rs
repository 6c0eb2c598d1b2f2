//! Rotating keys, and reading their usage, by API.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::on_both_engines;
use crate::support::actors::{Person, id_of};
use crate::support::{Program, TestApp};

async fn manager(app: &TestApp, person: &mut Person, more: &[(&str, &str)]) -> Program {
    let fields = [
        ("name", "Manager"),
        ("expires_in", "1y"),
        ("access", "chosen"),
        ("scope", "keys:read"),
        ("scope", "keys:write"),
        ("scope", "usage:read"),
    ];
    app.program(person.create_key(&[&fields[..], more].concat()).await)
}

on_both_engines! {
    async fn a_key_gets_a_new_secret_once(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let manager = manager(&app, &mut maren, &[]).await;
        let made = manager.post("/api/v1/keys", &json!({"name": "Export"})).await.expect(201).json();
        let old = made["key"].as_str().unwrap();
        let path = format!("/api/v1/keys/{}/rotate", made["id"].as_str().unwrap());
        let send = async |body: &str| {
            let header = [("idempotency-key", "once")];
            manager.send(Method::POST, &path, Some(body.to_owned()), &header).await
        };
        let rotated = send("{\"overlap\":\"1h\"}").await.expect(200).json();
        let new = rotated["key"].as_str().unwrap();
        assert_eq!(rotated["id"], made["id"]);
        for key in [old, new] {
            app.program(key).get("/auth").await.expect(200);
        }
        let again = send("{\"overlap\":\"1h\"}").await.expect(200).json();
        assert!(again.get("key").is_none());
        send("{\"overlap\":\"7d\"}").await.expect_problem(422, "idempotency_conflict");
        app.program(new).get("/auth").await.expect(200);
        app.advance(TimeDelta::hours(1));
        app.program(old).get("/auth").await.expect_problem(401, "replaced_secret");
        manager.post(&path, &json!({"overlap": "2h"})).await.expect_problem(422, "invalid_field");
        manager.post("/api/v1/keys/0000000000/rotate", &json!({})).await.expect_problem(404, "not_found");
        manager.delete(&format!("/api/v1/keys/{}", made["id"].as_str().unwrap())).await.expect(200);
        manager.post(&path, &json!({})).await.expect_problem(409, "conflict");
    }
}

on_both_engines! {
    async fn a_key_rotates_and_makes_none_that_exceeds_it(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let bound = manager(&app, &mut maren, &[("allowed_addresses", "127.0.0.1")]).await;
        for fields in [
            // More scopes, more addresses, a longer life.
            &[("name", "a"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", "127.0.0.1")][..],
            &[("name", "b"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:read")],
            &[("name", "c"), ("expires_in", "never"), ("access", "chosen"), ("scope", "keys:read"), ("allowed_addresses", "127.0.0.1")],
        ] {
            let key = maren.create_key(fields).await;
            let path = format!("/api/v1/keys/{}/rotate", id_of(&key));
            bound.post(&path, &json!({})).await.expect_problem(403, "exceeds_caller");
            app.program(&*key).get("/auth").await.expect(200);
        }
        let wider = json!({"name": "d", "scopes": ["keys:read"], "allowed_addresses": ["127.0.0.0/8"]});
        bound.post("/api/v1/keys", &wider).await.expect_problem(403, "exceeds_caller");
        // Without addresses, a new key gets its maker's.
        let made = bound.post("/api/v1/keys", &json!({"name": "e", "rate_limit": 5})).await.expect(201).json();
        assert_eq!((&made["allowed_addresses"], &made["rate_limit"]), (&json!(["127.0.0.1"]), &json!(5)));
        for body in [
            json!({"name": "f", "allowed_addresses": ["127.0.0.1/33"]}),
            json!({"name": "f", "allowed_addresses": vec!["127.0.0.1"; 1], "rate_limit": 0}),
            json!({"name": "f", "rate_limit": 1.5}),
        ] {
            bound.post("/api/v1/keys", &body).await.expect_problem(422, "invalid_field");
        }
    }
}

on_both_engines! {
    async fn usage_is_told_step_by_step_with_totals_by_code(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let reader = manager(&app, &mut maren, &[]).await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let program = app.program(&*key);
        program.get("/auth").await.expect(200);
        app.advance(TimeDelta::minutes(1));
        program.get("/auth").await.expect(200);
        program.get("/auth?scope=keys:write").await.expect(403);
        app.flush();
        let path = format!("/api/v1/keys/{}/usage", id_of(&key));
        let usage = reader.get(&path).await.expect(200).json();
        assert_eq!(usage["step"], "hour");
        assert_eq!(usage["totals"], json!({"accepted": 2, "refused": 1, "by_code": {"valid": 2, "missing_scope": 1}}));
        let points = usage["points"].as_array().unwrap();
        assert_eq!(points.len(), 25);
        assert_eq!(points[24], json!({"at": "2026-11-22T18:00:00Z", "accepted": 2, "refused": 1}));
        let minutes = reader.get(&format!("{path}?from=2026-11-22T18:30:00Z&to=2026-11-22T18:33:00Z&step=minute")).await;
        let accepted: Vec<_> = minutes.json()["points"].as_array().unwrap().iter().map(|p| p["accepted"].clone()).collect();
        assert_eq!(accepted, [json!(0), json!(1), json!(1)]);
        for query in ["step=week", "from=yesterday", "from=2027-01-01T00:00:00Z", "from=2020-01-01T00:00:00Z&step=minute"] {
            reader.get(&format!("{path}?{query}")).await.expect_problem(400, "invalid_request");
        }
        program.get(&path).await.expect(200);
        let mut ravi = app.person("ravi@example.com", "Ravi").await;
        let other = manager(&app, &mut ravi, &[]).await;
        other.get(&path).await.expect_problem(404, "not_found");
    }
}
