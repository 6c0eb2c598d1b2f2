//! Rotating keys by API: never more than the caller has, and once for each idempotency key.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::{Program, TestApp};

const ACCOUNT: &str = "/api/v1/account";
const EMAIL: &str = "maren@example.com";

async fn manager(app: &TestApp) -> Program {
    let mut maren = app.person(EMAIL, "Maren Okafor").await;
    let fields = [
        ("name", "Manager"),
        ("expires_in", "1y"),
        ("access", "chosen"),
        ("scope", "keys:read"),
        ("scope", "keys:write"),
    ];
    app.program(maren.create_key(&fields).await)
}

/// A further key of the manager's; returns it with its path.
async fn make(manager: &Program, fields: Value) -> (String, String) {
    let made = manager.post("/api/v1/keys", &fields).await.expect(201);
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/keys/{}/rotate", id_of(&key));
    (key, path)
}

fn key_in(answer: &Value) -> String {
    answer["key"].as_str().unwrap().to_owned()
}

on_both_engines! {
    async fn a_key_is_rotated_and_keeps_all_but_its_secret(app) {
        let manager = manager(&app).await;
        let (old, path) = make(&manager, json!({
            "name": "Export", "expires_in": "7d", "rate_limit": 600, "allowed_addresses": ["127.0.0.0/8"],
        })).await;
        let record = format!("/api/v1/keys/{}", id_of(&old));
        let before = manager.get(&record).await.expect(200).json();
        let rotated = manager.post(&path, &json!({"overlap": "1h"})).await.expect(200);
        assert_eq!(rotated.header("cache-control"), "no-store");
        let mut answer = rotated.json();
        let new = key_in(&answer);
        assert_eq!(new[..13], old[..13]);
        assert_ne!(new, old);
        answer.as_object_mut().unwrap().remove("key");
        assert_eq!(answer, before);
        let after = manager.get(&record).await.expect(200);
        assert!(after.json().get("key").is_none());
        app.advance(TimeDelta::seconds(3_599));
        for key in [&old, &new] {
            app.program(key).get(ACCOUNT).await.expect(200);
        }
        app.advance(TimeDelta::seconds(1));
        app.program(&old).get(ACCOUNT).await.expect_problem(401, "replaced_secret");
        app.program(&new).get(ACCOUNT).await.expect(200);
    }
}

on_both_engines! {
    async fn without_a_word_the_overlap_is_a_day(app) {
        let manager = manager(&app).await;
        let (old, path) = make(&manager, json!({"name": "Export"})).await;
        manager.post(&path, &json!({})).await.expect(200);
        app.advance(TimeDelta::seconds(86_399));
        app.program(&old).get(ACCOUNT).await.expect(200);
        app.advance(TimeDelta::seconds(1));
        app.program(&old).get(ACCOUNT).await.expect_problem(401, "replaced_secret");
    }
}

on_both_engines! {
    async fn a_key_rotates_itself_and_ends_its_own_secret(app) {
        let manager = manager(&app).await;
        let path = format!("/api/v1/keys/{}/rotate", id_of(&manager.key));
        let answer = manager.post(&path, &json!({"overlap": "none"})).await.expect(200).json();
        manager.post(&path, &json!({})).await.expect_problem(401, "replaced_secret");
        app.program(key_in(&answer)).get("/api/v1/keys").await.expect(200);
    }
}

on_both_engines! {
    async fn a_key_that_exceeds_the_caller_is_not_rotated(app) {
        let manager = manager(&app).await;
        let mut maren = app.anonymous();
        maren.sign_in(EMAIL, crate::support::app::PASSWORD).await;
        let caller = [
            ("name", "Caller"), ("expires_in", "30d"), ("access", "chosen"), ("scope", "keys:write"),
            ("scope", "keys:read"), ("allowed_addresses", "127.0.0.0/8"),
        ];
        let caller = app.program(maren.create_key(&caller).await);
        for (name, fields, what) in [
            ("all", vec![("expires_in", "7d"), ("access", "all"), ("allowed_addresses", "127.0.0.1")], "scopes"),
            ("scopes", vec![("expires_in", "7d"), ("access", "chosen"), ("scope", "usage:read"), ("allowed_addresses", "127.0.0.1")], "scopes"),
            ("wider", vec![("expires_in", "7d"), ("access", "chosen"), ("scope", "keys:read"), ("allowed_addresses", "127.0.0.1\n10.0.0.0/8")], "addresses"),
            ("anywhere", vec![("expires_in", "7d"), ("access", "chosen"), ("scope", "keys:read")], "addresses"),
            ("longer", vec![("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:read"), ("allowed_addresses", "127.0.0.1")], "2026-12-22T18:31:00Z"),
            ("for ever", vec![("expires_in", "never"), ("access", "chosen"), ("scope", "keys:read"), ("allowed_addresses", "127.0.0.1")], "2026-12-22T18:31:00Z"),
        ] {
            let key = maren.create_key(&[vec![("name", name)], fields].concat()).await;
            let path = format!("/api/v1/keys/{}/rotate", id_of(&key));
            let refused = caller.post(&path, &json!({})).await.expect_problem(403, "exceeds_caller").json();
            assert!(refused["detail"].as_str().unwrap().contains(what), "{name}: {refused}");
            app.program(&key).get(ACCOUNT).await.expect(200);
            assert!(!maren.get(&format!("/settings/api/{}", id_of(&key))).await.page.has("#secrets"), "{name}");
        }
        let within = maren.create_key(&[
            ("name", "within"), ("expires_in", "30d"), ("access", "chosen"), ("scope", "keys:read"), ("allowed_addresses", "127.0.0.1"),
        ]).await;
        let path = format!("/api/v1/keys/{}/rotate", id_of(&within));
        caller.post(&path, &json!({})).await.expect(200);
        drop(manager);
    }
}

on_both_engines! {
    async fn an_idempotency_key_rotates_once(app) {
        let manager = manager(&app).await;
        let (first, path) = make(&manager, json!({"name": "First"})).await;
        let (_, other_path) = make(&manager, json!({"name": "Second"})).await;
        let send = |path: &str, body: Value, name: &'static str| {
            let (path, manager) = (path.to_owned(), &manager);
            async move { manager.send(Method::POST, &path, Some(body.to_string()), &[("idempotency-key", name)]).await }
        };
        let body = json!({"overlap": "none"});
        let made = send(&path, body.clone(), "r-1").await.expect(200).json();
        let new = key_in(&made);
        let again = send(&path, body.clone(), "r-1").await.expect(200).json();
        assert!(again.get("key").is_none());
        assert_eq!(again["id"], made["id"]);
        app.program(&new).get(ACCOUNT).await.expect(200);
        app.program(&first).get(ACCOUNT).await.expect_problem(401, "replaced_secret");
        send(&path, json!({"overlap": "7d"}), "r-1").await.expect_problem(422, "idempotency_conflict");
        // The same body for another key is another request.
        send(&other_path, body.clone(), "r-1").await.expect_problem(422, "idempotency_conflict");
        app.program(&new).get(ACCOUNT).await.expect(200);
        send(&path, body.clone(), "r-2").await.expect(200);
        app.program(&new).get(ACCOUNT).await.expect_problem(401, "replaced_secret");
        app.advance(TimeDelta::hours(24));
        assert!(send(&path, body, "r-1").await.expect(200).json().get("key").is_some());
    }
}

on_both_engines! {
    async fn changes_of_one_key_at_the_same_time_never_stand_in_each_other_s_way(app) {
        let second = TestApp::spawn_beside(&app, &[]).await;
        let manager = manager(&app).await;
        for round in 0..8 {
            let (key, rotate) = make(&manager, json!({"name": "Export", "scopes": ["keys:read"]})).await;
            let record = format!("/api/v1/keys/{}", id_of(&key));
            let changes = (0..12).map(|number| {
                let instance = if number % 2 == 0 { &app } else { &second };
                let program = instance.program(&*manager.key);
                let (rotate, record) = (rotate.clone(), record.clone());
                tokio::spawn(async move {
                    let answer = match number {
                        0 => program.send(Method::DELETE, &record, None, &[]).await,
                        1..=3 => {
                            let name = json!({"name": format!("Export {number}")});
                            program.send(Method::PATCH, &record, Some(name.to_string()), &[]).await
                        }
                        4..=7 => program.post(&rotate, &json!({"overlap": "none"})).await,
                        _ => program.post(&rotate, &json!({"overlap": "24h"})).await,
                    };
                    (number, answer.status.as_u16())
                })
            });
            let changes: Vec<_> = changes.collect();
            for change in changes {
                let (number, status) = change.await.unwrap();
                let is_rotation = number > 3;
                assert!(status == 200 || is_rotation && status == 409, "round {round}, {number}: {status}");
            }
            app.program(&key).get(ACCOUNT).await.expect(401);
            let record = manager.get(&record).await.expect(200).json();
            assert_eq!(record["state"], "deactivated");
        }
    }
}

on_both_engines! {
    async fn bad_requests_rotate_nothing(app) {
        let manager = manager(&app).await;
        let (key, path) = make(&manager, json!({"name": "Export"})).await;
        for (body, field) in [
            (json!({"overlap": "2h"}), "overlap"),
            (json!({"overlap": 24}), "overlap"),
            (json!({"overlap": ""}), "overlap"),
            (json!({"overlap": "1h", "name": "New"}), "name"),
        ] {
            let problem = manager.post(&path, &body).await.expect_problem(422, "invalid_field").json();
            assert_eq!(problem["errors"][0]["field"], field, "{body}");
            assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
        }
        manager.send(Method::POST, &path, Some("[]".to_owned()), &[]).await.expect_problem(400, "invalid_request");
        manager.send(Method::POST, &path, Some("{".to_owned()), &[]).await.expect_problem(400, "invalid_request");
        manager.send(Method::POST, &path, None, &[]).await.expect_problem(415, "unsupported_media_type");
        let reader = app.program(&key);
        reader.post(&path, &json!({})).await.expect_problem(403, "missing_scope");
        reader.get(ACCOUNT).await.expect(200);
        let record = manager.get(&format!("/api/v1/keys/{}", id_of(&key))).await.expect(200).json();
        assert_eq!(record["state"], "active");
        manager.get(&path).await.expect_problem(405, "method_not_allowed");
    }
}

on_both_engines! {
    async fn ended_keys_conflict_and_keys_of_others_are_not_found(app) {
        let manager = manager(&app).await;
        let mut other = app.person("other@example.com", "Other").await;
        let theirs = other.create_key(&[("name", "Theirs"), ("expires_in", "7d"), ("access", "chosen"), ("scope", "keys:read")]).await;
        for id in [id_of(&theirs), "0000000000".to_owned(), "x".to_owned()] {
            let path = format!("/api/v1/keys/{id}/rotate");
            manager.post(&path, &json!({"overlap": "none"})).await.expect_problem(404, "not_found");
        }
        app.program(&theirs).get(ACCOUNT).await.expect(200);
        let (ended, path) = make(&manager, json!({"name": "Ended"})).await;
        manager.delete(&format!("/api/v1/keys/{}", id_of(&ended))).await.expect(200);
        manager.post(&path, &json!({})).await.expect_problem(409, "conflict");
        let (expired, path) = make(&manager, json!({"name": "Expired", "expires_in": "1h"})).await;
        app.advance(TimeDelta::hours(1));
        manager.post(&path, &json!({})).await.expect_problem(409, "conflict");
        app.program(&expired).get(ACCOUNT).await.expect_problem(401, "expired_key");
    }
}
