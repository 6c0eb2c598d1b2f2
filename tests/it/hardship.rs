//! What keyport takes: being killed, and clients that send slowly.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use keyport::store::StoreError;
use keyport::store::usage::take_turn;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::command::{ServerProcess, keyport};
use crate::support::db::{TestDatabase, postgres_url};
use crate::support::usage::counted;
use crate::support::{Engine, TestApp};

/// Slow clients that are there at the same time.
const SLOW: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_that_send_slowly_keep_no_one_waiting() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
    let program = app.program(maren.create_key(&fields).await);
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        // A request that never ends.
        stream
            .write_all(b"GET /auth HTTP/1.1\r\nhost: x\r\nx-api")
            .await
            .unwrap();
        slow.push(stream);
    }
    for _ in 0..20 {
        program.get("/auth").await.expect(200);
        maren.get("/settings/api").await.expect(200);
    }
    drop(slow);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_over_the_limit_are_refused_and_nothing_is_counted() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
    let program = app.program(maren.create_key(&fields).await);
    let large = "a".repeat(1_000_000);
    for path in ["/auth", "/api/v1/account", "/settings/api"] {
        // The server may close the connection before all of it was sent.
        let client = reqwest::Client::new();
        let request = client.get(app.url(path)).header("x-api-key", &program.key);
        if let Ok(answer) = request.header("x-large", &large).send().await {
            assert_eq!(answer.status(), 431, "{path}");
        }
    }
    app.flush();
    let page = format!(
        "/settings/api/{}",
        crate::support::actors::id_of(&program.key)
    );
    assert_eq!(
        maren.get(&page).await.page.all(".requests tbody tr").len(),
        0
    );
    program.get("/auth").await.expect(200);
}

#[expect(
    clippy::disallowed_methods,
    reason = "what a kill may lose is measured in this machine's time"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_at_most_the_last_second_of_counts_and_no_acknowledged_change() {
    let database = TestDatabase::new(Engine::Sqlite);
    let run = |arguments: &[&str]| {
        let output = keyport(database.folder.path(), &[], arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&["user", "add", "maren@example.com", "--name", "Maren"]);
    let key = run(&[
        "key",
        "create",
        "--account",
        "maren@example.com",
        "--name",
        "CI",
        "--scope",
        "keys:write",
    ]);
    let mut server = ServerProcess::start(database.folder.path(), &[]);
    let address = server.address.clone();
    let client = reqwest::Client::new();
    let ask = || async {
        let answer = client
            .get(format!("http://{address}/auth"))
            .header("x-api-key", &key);
        assert_eq!(answer.send().await.unwrap().status(), 200);
        Instant::now()
    };
    let began = Instant::now();
    let mut answered = Vec::new();
    while began.elapsed() < Duration::from_millis(2_500) {
        answered.push(ask().await);
    }
    let made = client
        .post(format!("http://{address}/api/v1/keys"))
        .header("x-api-key", &key)
        .header("content-type", "application/json")
        .body("{\"name\":\"The last one\",\"expires_in\":\"7d\",\"scopes\":[\"keys:write\"]}");
    assert_eq!(made.send().await.unwrap().status(), 201);
    server.kill();
    let killed = Instant::now();

    let app = TestApp::spawn_on(database, &[]).await;
    let counted = usize::try_from(counted(&app.state.pool)).unwrap();
    let second = Duration::from_secs(1);
    let sure = answered.iter().filter(|at| killed - **at > second).count();
    assert!(
        counted >= sure,
        "{counted} counted, {sure} answered a second before the kill"
    );
    assert!(
        counted <= answered.len() + 1,
        "{counted} counted, {} answered",
        answered.len()
    );
    let keys = app.program(&*key).get("/api/v1/account").await.expect(200);
    assert_eq!(keys.json()["account_name"], "Maren");
    let list = ["key", "list", "--account", "maren@example.com"];
    let listed = keyport(app.database.folder.path(), &[], &list);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("The last one"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_write_the_usage_log_one_after_the_other() {
    if postgres_url().is_none() {
        return;
    }
    let app = TestApp::spawn(Engine::Postgres).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
    let program = app.program(maren.create_key(&fields).await);
    let may_write = |waits| {
        let turn: Result<bool, StoreError> = (app.state.pool).write_now(|db| take_turn(db, waits));
        turn.unwrap()
    };
    // Another instance writes.
    let (pool, (taken, is_taken)) = (app.state.pool.clone(), channel());
    let (end, ended) = channel::<()>();
    let other = thread::spawn(move || {
        pool.write_now(|db| {
            assert!(take_turn(db, false)?);
            taken.send(()).unwrap();
            // Until the test lets go of its end.
            assert!(ended.recv().is_err());
            Ok::<_, StoreError>(())
        })
    });
    is_taken.recv().unwrap();
    assert!(!may_write(false));
    program.get("/auth").await.expect(200);
    let recorder = app.state.recorder.clone();
    let flushed = thread::spawn(move || recorder.flush());
    drop(end);
    other.join().unwrap().unwrap();
    flushed.join().unwrap().unwrap();
    assert_eq!(counted(&app.state.pool), 1);
    assert!(may_write(false) && may_write(true));
}
