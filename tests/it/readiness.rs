//! Whether an instance can serve, and how it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};
use keyport::store::StoreError;
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::on_both_engines;
use crate::support::db::{TestDatabase, postgres_url, run};
use crate::support::door::Door;
use crate::support::usage::counted;
use crate::support::{Engine, TestApp};

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

on_both_engines! {
    async fn an_instance_is_ready_while_its_verifier_can_ask_the_database(app) {
        let mut probe = app.anonymous();
        let ready = probe.get("/readyz").await.expect(200);
        assert_eq!((ready.text(), ready.header("cache-control")), ("ready\n", "no-store"));
        probe.send(Method::HEAD, "/readyz", None, &[]).await.expect(200);

        app.execute("ALTER TABLE verification_epoch RENAME TO gone");
        let not_ready = probe.get("/readyz").await.expect(503);
        assert_eq!(not_ready.text(), "the verifier cannot ask the database\n");
        probe.send(Method::HEAD, "/readyz", None, &[]).await.expect(503);
        // The process is alive all the same: to start it again would not help.
        probe.get("/healthz").await.expect(200);

        app.execute("ALTER TABLE gone RENAME TO verification_epoch");
        probe.get("/readyz").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_ready_again_when_its_server_is_back() {
    if postgres_url().is_none() {
        return;
    }
    let database = TestDatabase::new(Engine::Postgres);
    let door = Door::before(&database.url).await;
    let app = TestApp::spawn_on(database, &[("DATABASE_URL", &door.url)]).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let program = app.program(maren.create_key(&KEY).await);
    program.get("/auth").await.expect(200);

    door.shut();
    let not_ready = app.anonymous().get("/readyz").await.expect(503);
    assert_eq!(
        not_ready.text(),
        "the verifier cannot ask the database\nthe pool has no connection to the database\n"
    );
    let refused = program.get("/auth").await;
    refused.expect_problem(503, "unavailable");

    door.open();
    let back = async {
        // The pool tries again by itself, after a while.
        while app.anonymous().get("/readyz").await.status != StatusCode::OK {}
    };
    tokio::time::timeout(PATIENCE, back).await.unwrap();
    program.get("/auth").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_has_closed_fail_one_request_at_most() {
    if postgres_url().is_none() {
        return;
    }
    let app = TestApp::spawn(Engine::Postgres).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    for _ in 0..2 {
        close_all(&app, 8, Vec::new());
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(maren.get("/settings/api").await.status.as_u16());
        }
        let failed = statuses.iter().filter(|status| **status != 200).count();
        // One that was in use a moment ago may be taken for alive.
        assert!(failed <= 1, "{statuses:?}");
    }
    // What changes something begins with another connection, and is not done twice.
    close_all(&app, 8, Vec::new());
    let written: Result<(), StoreError> = (app.state.pool).write_now(|db| {
        sql_query("SELECT 1").execute(db)?;
        Ok(())
    });
    written.unwrap();
}

/// Takes so many of the pool's connections at once, and has the server close them.
fn close_all(app: &TestApp, left: usize, mut pids: Vec<i64>) {
    #[derive(QueryableByName)]
    struct Pid {
        #[diesel(sql_type = BigInt)]
        pid: i64,
    }
    if left == 0 {
        let url = postgres_url().unwrap();
        for pid in pids {
            run(&url, &format!("SELECT pg_terminate_backend({pid}, 5000)"));
        }
        return;
    }
    let done: Result<(), StoreError> = app.state.pool.read_now(|db| {
        let query = sql_query("SELECT CAST(pg_backend_pid() AS BIGINT) AS pid");
        pids.push(query.get_result::<Pid>(db)?.pid);
        close_all(app, left - 1, pids);
        Ok(())
    });
    done.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_told_to_stop_says_so_and_still_serves_whom_it_is_sent() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let program = app.program(maren.create_key(&KEY).await);
    app.state.draining.begin();
    let not_ready = app.anonymous().get("/readyz").await.expect(503);
    assert_eq!(not_ready.text(), "draining\n");
    app.anonymous().get("/healthz").await.expect(200);
    program.get("/auth").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balancers_have_the_time_of_the_setting_to_notice() {
    let settings = [("KEYPORT_DRAIN_SECONDS", "2")];
    let mut app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    app.begin_stop();
    let noticed = async { while app.anonymous().get("/readyz").await.text() != "draining\n" {} };
    tokio::time::timeout(PATIENCE, noticed).await.unwrap();
    let address = app.address;
    app.stop();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_runs_when_the_signal_comes_is_answered() {
    let mut app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let scopes = [
        ("access", "chosen"),
        ("scope", "keys:write"),
        ("scope", "reports:read"),
    ];
    let fields = [&KEY[..2], &scopes].concat();
    let key = maren.create_key(&fields).await;
    let body = r#"{"name": "late", "expires_in": "30d"}"#;
    let mut wire = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /api/v1/keys HTTP/1.1\r\nhost: {}\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        app.address,
        body.len()
    );
    wire.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body, so the request runs.
    let mut asked = [0; 12];
    wire.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");

    app.begin_stop();
    let closed = async { while TcpStream::connect(app.address).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, closed).await.unwrap();
    wire.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 201 Created"), "{answer}");
    app.stop();
    assert_eq!(counted(&app.state.pool), 1);
}

on_both_engines! {
    async fn every_request_that_was_answered_is_in_the_usage_log_after_the_end(app) {
        let mut app = app;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let answered = Arc::new(AtomicU64::new(0));
        let many = Arc::new(Notify::new());
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (answered, many) = (answered.clone(), many.clone());
                let request = reqwest::Client::new().get(app.url("/auth")).header("x-api-key", &key);
                tokio::spawn(async move {
                    // Until the server is gone.
                    while let Ok(answer) = request.try_clone().unwrap().send().await {
                        assert_eq!(answer.status(), StatusCode::OK);
                        if answered.fetch_add(1, Ordering::Relaxed) == 100 {
                            many.notify_one();
                        }
                    }
                })
            })
            .collect();
        tokio::time::timeout(PATIENCE, many.notified()).await.unwrap();
        app.stop();
        let counted = counted(&app.state.pool);
        for client in clients {
            client.await.unwrap();
        }
        assert_eq!(counted, answered.load(Ordering::Relaxed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_request_before_the_signal_is_in_the_usage_log() {
    let mut app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let key = maren.create_key(&KEY).await;
    // Without a connection the server ends at once, sooner than the log is written by itself.
    drop(maren);
    let last = reqwest::Client::new()
        .get(app.url("/auth"))
        .header("x-api-key", &key)
        .header("connection", "close");
    assert_eq!(last.send().await.unwrap().status(), StatusCode::OK);
    app.stop();
    assert_eq!(counted(&app.state.pool), 1);
}
