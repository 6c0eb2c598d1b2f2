//! Managing keys by API.

use reqwest::Method;
use serde_json::json;

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::at_once::join_all;
use crate::support::{Program, TestApp};

async fn manager(app: &TestApp) -> Program {
    let mut maren = app.person("maren@example.com", "Maren Okafor").await;
    let fields = [
        ("name", "Manager"),
        ("expires_in", "1y"),
        ("access", "chosen"),
        ("scope", "keys:read"),
        ("scope", "keys:write"),
        ("scope", "usage:read"),
    ];
    let key = maren.create_key(&fields).await;
    app.program(key)
}

on_both_engines! {
    async fn a_key_is_created_read_renamed_and_deactivated(app) {
        let manager = manager(&app).await;
        let created = manager.post("/api/v1/keys", &json!({"name": "Export", "expires_in": "7d"})).await.expect(201);
        let record = created.json();
        let full_key = record["key"].as_str().unwrap();
        assert_eq!(record["state"], "active");
        assert_eq!(record["expires_at"], "2026-11-29T18:31:00Z");
        assert_eq!(record["scopes"], json!(["keys:read", "usage:read"]));
        assert_eq!(created.header("cache-control"), "no-store");
        app.program(full_key).get("/api/v1/account").await.expect(200);

        let path = format!("/api/v1/keys/{}", record["id"].as_str().unwrap());
        let read = manager.get(&path).await.expect(200);
        assert!(read.json().get("key").is_none());
        let etag = read.header("etag").to_owned();
        let renamed = manager.patch(&path, &json!({"name": "Export, nightly"})).await.expect(200);
        assert_eq!(renamed.json()["name"], "Export, nightly");
        let stale = manager
            .send(Method::PATCH, &path, Some(json!({"name": "X"}).to_string()), &[("if-match", &etag)])
            .await;
        stale.expect_problem(412, "precondition_failed");

        let ended = manager.delete(&path).await.expect(200).json();
        assert_eq!(ended["state"], "deactivated");
        assert_eq!(ended["ended_at"], "2026-11-22T18:31:00Z");
        app.advance(chrono::TimeDelta::hours(1));
        assert_eq!(manager.delete(&path).await.expect(200).json(), ended);
        app.program(full_key).get("/api/v1/account").await.expect_problem(401, "deactivated_key");
    }
}

on_both_engines! {
    async fn a_key_ends_itself(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let program = app.program(&key);
        let ended = program.delete("/api/v1/key").await.expect(200).json();
        assert_eq!(ended["state"], "deactivated");
        program.delete("/api/v1/key").await.expect_problem(401, "deactivated_key");
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.expect(200);
        assert!(page.text().contains(&format!("by API key kp_{}", id_of(&key))));
    }
}

on_both_engines! {
    async fn lists_come_in_pages_by_state(app) {
        let manager = manager(&app).await;
        for number in 0..5 {
            let body = json!({"name": format!("Key {number}"), "expires_in": "7d"});
            let id = manager.post("/api/v1/keys", &body).await.expect(201).json()["id"].clone();
            if number < 2 {
                manager.delete(&format!("/api/v1/keys/{}", id.as_str().unwrap())).await.expect(200);
            }
        }
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = manager.get(&format!("/api/v1/keys?state=active&limit=2{cursor}")).await.expect(200).json();
            let keys = page["keys"].as_array().unwrap();
            assert!(keys.len() <= 2);
            seen.extend(keys.iter().map(|key| key["id"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (4, 4));
        let inactive = manager.get("/api/v1/keys?state=inactive").await.expect(200).json();
        assert_eq!(inactive["keys"].as_array().unwrap().len(), 2);
        for query in ["state=gone", "limit=0", "limit=201", "limit=x", "cursor=x"] {
            manager.get(&format!("/api/v1/keys?{query}")).await.expect_problem(400, "invalid_request");
        }
    }
}

on_both_engines! {
    async fn bad_fields_are_all_named_and_change_nothing(app) {
        let manager = manager(&app).await;
        let long = "x".repeat(101);
        for (body, fields) in [
            (json!({}), vec!["name"]),
            (json!({"name": 7}), vec!["name"]),
            (json!({"name": ""}), vec!["name"]),
            (json!({"name": long}), vec!["name"]),
            (json!({"name": "a\u{202e}b"}), vec!["name"]),
            (json!({"name": "a", "colour": "red"}), vec!["colour"]),
            (json!({"name": "", "expires_in": "2h", "scopes": ["x:y"]}), vec!["name", "expires_in", "scopes"]),
            (json!({"name": "a", "expires_at": "2026-11-22T18:31:00Z"}), vec!["expires_at"]),
            (json!({"name": "a", "expires_at": "tomorrow"}), vec!["expires_at"]),
            (json!({"name": "a", "expires_at": "2027-02-29T00:00:00Z"}), vec!["expires_at"]),
            (json!({"name": "a", "expires_in": "7d", "expires_at": "2027-01-01T00:00:00Z"}), vec!["expires_at"]),
            (json!({"name": "a", "scopes": []}), vec!["scopes"]),
            (json!({"name": "a", "scopes": "keys:read"}), vec!["scopes"]),
        ] {
            let problem = manager.post("/api/v1/keys", &body).await.expect_problem(422, "invalid_field").json();
            let named: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect();
            assert_eq!(named, fields, "{body}");
        }
        let send = |body: &str, kind: &'static str| {
            let body = body.to_owned();
            let manager = &manager;
            async move {
                let request = reqwest::Client::new().post(app_url(manager)).header("x-api-key", &manager.key);
                request.header("content-type", kind).body(body).send().await.unwrap().status().as_u16()
            }
        };
        assert_eq!(send("{", "application/json").await, 400);
        assert_eq!(send("[]", "application/json").await, 400);
        assert_eq!(send("name=a", "application/x-www-form-urlencoded").await, 415);
        assert_eq!(send(&format!("{{\"name\": \"{}\"}}", "x".repeat(70_000)), "application/json").await, 413);
        let all = manager.get("/api/v1/keys").await.expect(200).json();
        assert_eq!(all["keys"].as_array().unwrap().len(), 1);
    }
}

fn app_url(program: &Program) -> String {
    program.url("/api/v1/keys")
}

on_both_engines! {
    async fn a_key_makes_none_that_exceeds_it(app) {
        let manager = manager(&app).await;
        let wider = json!({"name": "a", "scopes": ["reports:read"], "expires_in": "7d"});
        manager.post("/api/v1/keys", &wider).await.expect_problem(403, "exceeds_caller");
        let longer = json!({"name": "a", "expires_in": "never"});
        let refused = manager.post("/api/v1/keys", &longer).await.expect_problem(403, "exceeds_caller").json();
        let end = manager.get("/api/v1/account").await.expect(200).json()["expires_at"].as_str().unwrap().to_owned();
        assert!(refused["detail"].as_str().unwrap().contains(&end), "{refused}");
        let short = manager.post("/api/v1/keys", &json!({"name": "a", "expires_in": "1h", "scopes": ["keys:write"]})).await.expect(201).json();
        let child = app.program(short["key"].as_str().unwrap());
        // A key with nothing to hand on has to name scopes, and the default of 90 days outlives it.
        child.post("/api/v1/keys", &json!({"name": "b", "expires_in": "1h"})).await.expect_problem(422, "invalid_field");
        child.post("/api/v1/keys", &json!({"name": "b", "scopes": ["keys:write"]})).await.expect_problem(403, "exceeds_caller");
        child.get("/api/v1/keys").await.expect_problem(403, "missing_scope");
    }
}

on_both_engines! {
    async fn an_idempotency_key_creates_once(app) {
        let manager = manager(&app).await;
        let body = json!({"name": "Once", "expires_in": "7d"}).to_string();
        let headers = [("idempotency-key", "a-1")];
        let first = manager.send(Method::POST, "/api/v1/keys", Some(body.clone()), &headers).await.expect(201).json();
        let again = manager.send(Method::POST, "/api/v1/keys", Some(body.clone()), &headers).await.expect(200).json();
        assert_eq!(first["id"], again["id"]);
        assert!(again.get("key").is_none());
        let other = json!({"name": "Other", "expires_in": "7d"}).to_string();
        manager.send(Method::POST, "/api/v1/keys", Some(other), &headers).await.expect_problem(422, "idempotency_conflict");
        app.advance(chrono::TimeDelta::hours(24));
        let later = manager.send(Method::POST, "/api/v1/keys", Some(body), &headers).await.expect(201).json();
        assert_ne!(first["id"], later["id"]);
    }
}

on_both_engines! {
    async fn ids_of_others_of_nobody_and_malformed_are_not_found(app) {
        let manager = manager(&app).await;
        let mut other = app.person("other@example.com", "Other").await;
        let key = other.create_key(&[("name", "Theirs"), ("expires_in", "90d"), ("access", "all")]).await;
        for id in [id_of(&key), "0000000000".to_owned(), "x".to_owned(), "..%2f..".to_owned()] {
            let path = format!("/api/v1/keys/{id}");
            manager.get(&path).await.expect_problem(404, "not_found");
            manager.delete(&path).await.expect_problem(404, "not_found");
            manager.patch(&path, &json!({"name": "Mine"})).await.expect_problem(404, "not_found");
        }
        app.program(&key).get("/api/v1/account").await.expect(200);
        manager.get("/api/v1/nothing").await.expect_problem(404, "not_found");
        let wrong_method = manager.send(Method::PUT, "/api/v1/keys", None, &[]).await.expect_problem(405, "method_not_allowed");
        assert_eq!(wrong_method.header("allow"), "GET, HEAD, POST");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_active_keys_is_exact_under_parallel_requests() {
    use crate::support::Engine;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if engine == Engine::Postgres && crate::support::db::postgres_url().is_none() {
            continue;
        }
        let app = TestApp::spawn_with(engine, &[("KEYPORT_KEYS_MAX_ACTIVE", "5")]).await;
        let manager = manager(&app).await;
        let body = json!({"name": "a", "expires_in": "7d"});
        let answers = (0..12).map(|_| manager.post("/api/v1/keys", &body));
        let mut created = 0;
        for answer in join_all(answers).await {
            match answer.status.as_u16() {
                201 => created += 1,
                _ => drop(answer.expect_problem(422, "key_limit")),
            }
        }
        assert_eq!(created, 4, "one of five is the manager itself");
    }
}
