//! The metrics: what they count, what they never tell, and where they are to be had.

use reqwest::{Method, StatusCode};

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::{Engine, TestApp};

const ON: [(&str, &str); 1] = [("KEYPORT_METRICS_BIND", "127.0.0.1:0")];

/// What Prometheus reads.
async fn scrape(app: &TestApp) -> String {
    let address = app.metrics.expect("the settings turn them on");
    let answer = reqwest::get(format!("http://{address}/metrics"))
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    answer.text().await.unwrap()
}

/// The value of a series; its name stands with its labels.
#[track_caller]
fn value(text: &str, series: &str) -> f64 {
    text.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("{series} is not in {text}"))
        .parse()
        .unwrap()
}

#[track_caller]
fn answers(text: &str, code: &str) -> f64 {
    value(
        text,
        &format!("keyport_verifications_total{{code=\"{code}\"}}"),
    )
}

on_both_engines! {
    with super::ON,
    async fn each_answer_is_counted_by_its_code_and_nothing_secret_is_told(app) {
        let mut maren = app.person("maren@example.com", "Maren Secretname").await;
        let fields = [("name", "Hidden"), ("expires_in", "90d"), ("access", "all")];
        let (key, ended) = (maren.create_key(&fields).await, maren.create_key(&fields).await);
        maren.deactivate(&id_of(&ended)).await;
        let program = app.program(&key);
        for _ in 0..3 {
            program.get("/auth").await.expect(200);
        }
        program.get("/api/v1/account").await.expect(200);
        app.program(&ended).get("/auth").await.expect_problem(401, "deactivated_key");
        app.program("noise").get("/auth").await.expect_problem(401, "invalid_key");
        program.post("/api/v1/verify", &serde_json::json!({})).await.expect(403);
        maren.get("/auth").await.expect_problem(401, "missing_key");
        maren.get("/api/v1/account").await.expect_problem(401, "missing_key");
        let other = [("authorization", "Bearer other")];
        program.send(Method::GET, "/auth", None, &other).await.expect_problem(400, "two_keys");
        program.get(&format!("/api/v1/account?apikey={key}")).await.expect(400);
        app.flush();

        let text = scrape(&app).await;
        for (code, times) in [
            ("valid", 4.0),
            ("deactivated_key", 1.0),
            ("invalid_key", 1.0),
            ("missing_scope", 1.0),
            ("missing_key", 2.0),
            ("two_keys", 1.0),
            ("key_in_url", 1.0),
            ("rate_limited", 0.0),
            ("unavailable", 0.0),
        ] {
            assert_eq!(answers(&text, code), times, "{code}: {text}");
        }
        // All but those without one key.
        assert_eq!(value(&text, "keyport_verification_duration_seconds_count"), 8.0);
        assert_eq!(value(&text, "keyport_verification_duration_seconds_bucket{le=\"+Inf\"}"), 8.0);
        assert!(value(&text, "keyport_verification_duration_seconds_sum") > 0.0);
        // All that named a key.
        assert_eq!(value(&text, "keyport_usage_requests_written_total"), 7.0);
        assert_eq!(value(&text, "keyport_usage_flush_failures_total"), 0.0);
        assert!(value(&text, "keyport_usage_last_flush_duration_seconds") > 0.0);
        assert_eq!(value(&text, "keyport_verifier_waiting_questions"), 0.0);
        assert_eq!(value(&text, "keyport_verifier_waiting_batches"), 0.0);
        assert_eq!(value(&text, "keyport_pool_connections_max"), 8.0);
        assert!(value(&text, "keyport_pool_connections{state=\"idle\"}") >= 1.0);

        let ids = [id_of(&key), id_of(&ended)];
        let secrets = [&key, &ended, &ids[0], &ids[1]].map(String::as_str);
        for secret in secrets.into_iter().chain(["maren", "Secretname", "Hidden", "postgres:", "sqlite:"]) {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

on_both_engines! {
    with super::ON,
    async fn what_could_not_be_judged_is_counted_as_unavailable(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        app.execute("ALTER TABLE verification_epoch RENAME TO gone");
        app.program(&key).get("/auth").await.expect_problem(503, "unavailable");
        app.execute("ALTER TABLE gone RENAME TO verification_epoch");
        let text = scrape(&app).await;
        assert_eq!((answers(&text, "unavailable"), answers(&text, "valid")), (1.0, 0.0));
        assert_eq!(value(&text, "keyport_verifier_waiting_questions"), 0.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_has_help_and_a_type_and_is_documented() {
    let app = TestApp::spawn_with(Engine::Sqlite, &ON).await;
    let text = scrape(&app).await;
    let manual = std::fs::read_to_string("docs/operations.md").unwrap();
    let names: Vec<&str> = (text.lines())
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert!(names.len() >= 10, "{text}");
    for name in names {
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} has no help"
        );
        assert!(
            manual.contains(&format!("`{name}`")) || manual.contains(&format!("`{name}{{")),
            "{name} is not in docs/operations.md"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_portal_are_on_different_addresses() {
    let app = TestApp::spawn_with(Engine::Sqlite, &ON).await;
    app.anonymous().get("/metrics").await.expect(404);
    let metrics = app.metrics.unwrap();
    for path in ["/", "/sign-in", "/auth", "/api/v1/account", "/healthz"] {
        let answer = reqwest::get(format!("http://{metrics}{path}"))
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_setting_there_are_no_metrics() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    assert!(app.metrics.is_none());
    app.anonymous().get("/metrics").await.expect(404);
}
