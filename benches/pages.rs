//! Time of the pages and of a keyed request, against a page that does next to nothing, in the same run.
//!
//! `cargo bench --bench pages`; PostgreSQL as well if `KEYPORT_TEST_POSTGRES_URL` names a server.

#![expect(
    unreachable_pub,
    dead_code,
    reason = "the support modules serve the tests too"
)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, and one that panics has failed"
)]

use std::time::Instant;

use support::{Engine, TestApp};

#[path = "../tests/it/support/mod.rs"]
mod support;

const KEYS: usize = 1_000;
const ROUNDS: usize = 300;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        measure(Engine::Sqlite).await;
        if support::db::postgres_url().is_some() {
            measure(Engine::Postgres).await;
        }
    });
}

async fn measure(engine: Engine) {
    let app = TestApp::spawn_with(engine, &[("KEYPORT_KEYS_MAX_ACTIVE", "2000")]).await;
    let mut maren = app.person("maren@example.com", "Maren Okafor").await;
    let fields = [
        ("name", "Manager"),
        ("expires_in", "1y"),
        ("access", "chosen"),
        ("scope", "keys:write"),
    ];
    let manager = app.program(maren.create_key(&fields).await);
    for number in 1..KEYS {
        let body = serde_json::json!({
            "name": format!("Key {number}"), "scopes": ["keys:write"], "expires_in": "90d",
        });
        let id = manager.post("/api/v1/keys", &body).await.expect(201).json()["id"].clone();
        if number % 20 == 0 {
            manager
                .delete(&format!("/api/v1/keys/{}", id.as_str().unwrap()))
                .await
                .expect(200);
        }
        app.advance(chrono::TimeDelta::seconds(1));
    }
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        // In turns, so that a noisy moment of the machine meets all of them.
        let paths = ["/robots.txt", "/settings/api", "/settings/api?q=key+9"];
        for (path, times) in paths.iter().zip(&mut times) {
            let began = Instant::now();
            maren.get(path).await.expect(200);
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        let began = Instant::now();
        manager.get("/api/v1/account").await.expect(200);
        times[3].push(began.elapsed().as_secs_f64() * 1000.0);
    }
    println!(
        "{engine:?}: milliseconds as the client sees them, {KEYS} keys, one connection, {ROUNDS} rounds"
    );
    let names = [
        "robots.txt (reference)",
        "API-keys page",
        "API-keys page, filtered",
        "GET /api/v1/account",
    ];
    for (name, times) in names.iter().zip(&mut times) {
        println!("{}", line(name, times));
    }
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for _ in 0..30 {
        for (email, times) in [
            ("maren@example.com", &mut known),
            ("nobody@example.com", &mut unknown),
        ] {
            let mut visitor = app.anonymous();
            let opened = visitor.get("/sign-in").await;
            let fields = [
                ("email", email),
                ("password", "not this one"),
                ("next", "/"),
            ];
            let began = Instant::now();
            visitor
                .send_form(&opened, "/sign-in", &fields)
                .await
                .expect(422);
            times.push(began.elapsed().as_secs_f64() * 1000.0);
            // Past the throttle's window.
            app.advance(chrono::TimeDelta::minutes(16));
        }
    }
    println!("{}", line("refused sign-in, known address", &mut known));
    println!("{}", line("refused sign-in, unknown address", &mut unknown));
}

fn line(name: &str, times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    format!(
        "  {name:<34} median {:>7.2}   p99 {:>7.2}",
        at(0.5),
        at(0.99)
    )
}
