//! What signing in costs: whether its time tells that there is an account, and whether verification waits behind it.
//!
//! `cargo bench --bench accounts`; PostgreSQL as well if `KEYPORT_TEST_POSTGRES_URL` names a server. Server, database and
//! clients share the machine's cores.

#![expect(
    unreachable_pub,
    dead_code,
    reason = "the support modules serve the tests too"
)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and waits, and one that panics has failed"
)]

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use support::app::PASSWORD;
use support::{Engine, TestApp};

#[path = "verify/load.rs"]
mod load;
#[path = "../tests/it/support/mod.rs"]
mod support;

/// Requests of each kind whose time is compared.
const ROUNDS: usize = 60;
/// Sign-ins under way at any moment.
const SIGN_INS: usize = 32;
/// Requests to `/auth` in a second, and the connections that they are spread over.
const RATE: usize = 1_000;
const CONNECTIONS: usize = 8;
const SECONDS: usize = 10;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut engines = vec![Engine::Sqlite];
    if support::db::postgres_url().is_some() {
        engines.push(Engine::Postgres);
    }
    for engine in engines {
        runtime.block_on(async {
            println!("{engine:?}: milliseconds as the client sees them");
            compare_addresses(engine).await;
            // People and the pages that they hold stay on one thread.
            let people = tokio::task::LocalSet::new();
            people.run_until(verify_beside_sign_ins(engine)).await;
        });
    }
}

/// Known and unknown addresses in turns, so that a noisy moment of the machine meets both.
async fn compare_addresses(engine: Engine) {
    let app = TestApp::spawn_with(engine, &support::mail_queue::MAIL_ON).await;
    app.account("maren@example.com", "Maren Okafor");
    let emails = ["maren@example.com", "nobody@example.com"];
    let (mut sign_ins, mut forgotten) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        for (number, email) in emails.iter().enumerate() {
            let mut visitor = app.anonymous();
            let opened = visitor.get("/sign-in").await;
            let fields = [
                ("email", *email),
                ("password", "not this one"),
                ("next", "/"),
            ];
            let began = Instant::now();
            visitor
                .send_form(&opened, "/sign-in", &fields)
                .await
                .expect(422);
            sign_ins[number].push(milliseconds(began));
            let opened = visitor.get("/password/forgot").await;
            let began = Instant::now();
            visitor
                .send_form(&opened, "/password/forgot", &[("email", email)])
                .await
                .expect(200);
            forgotten[number].push(milliseconds(began));
        }
        // Past the windows of the throttles.
        app.advance(chrono::TimeDelta::minutes(61));
    }
    for (what, times) in [
        ("refused sign-in", &mut sign_ins),
        ("forgotten password", &mut forgotten),
    ] {
        for (whose, times) in ["known", "unknown"].iter().zip(times) {
            println!("{}", line(&format!("{what}, {whose} address"), times));
        }
    }
}

/// `/auth` at a steady rate, alone and while people sign in.
async fn verify_beside_sign_ins(engine: Engine) {
    let settings = [("KEYPORT_TRUSTED_PROXIES", "127.0.0.1")];
    let app = Rc::new(TestApp::spawn_with(engine, &settings).await);
    let mut maren = app.person("maren@example.com", "Maren Okafor").await;
    let key = maren
        .create_key(&[("name", "CI"), ("expires_in", "1y"), ("access", "all")])
        .await;
    let request = format!("GET /auth HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\n\r\n");
    let mut alone = ask_steadily(&app, &request).await;

    let (goes_on, done) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicUsize::new(0)),
    );
    let people: Vec<_> = (0..SIGN_INS)
        .map(|number| {
            let email = format!("person{number}@example.com");
            app.account(&email, "Someone");
            let (app, goes_on, done) = (app.clone(), goes_on.clone(), done.clone());
            tokio::task::spawn_local(async move {
                let mut count = 0;
                while goes_on.load(Ordering::Relaxed) {
                    sign_in(&app, &email, number, count).await;
                    done.fetch_add(1, Ordering::Relaxed);
                    count += 1;
                }
            })
        })
        .collect();
    let mut beside = ask_steadily(&app, &request).await;
    goes_on.store(false, Ordering::Relaxed);
    for person in people {
        person.await.unwrap();
    }
    println!("{}", line("/auth at 1,000/s", &mut alone));
    let name = format!("/auth at 1,000/s, {SIGN_INS} sign-ins under way");
    println!("{}", line(&name, &mut beside));
    println!(
        "  {} people signed in meanwhile",
        done.load(Ordering::Relaxed)
    );
}

/// From an address of its own each time, so that no throttle is met.
async fn sign_in(app: &TestApp, email: &str, number: usize, count: usize) {
    let mut visitor = app.anonymous();
    let opened = visitor.get("/sign-in").await;
    let token = opened.page.attribute("input[name=form_token]", "value");
    let fields = [
        ("form_token", token.as_str()),
        ("email", email),
        ("password", PASSWORD),
    ];
    let address = format!("10.{number}.{}.{}", count / 250 % 250, count % 250);
    let headers = [("x-forwarded-for", address.as_str())];
    visitor
        .post_raw("/sign-in", &fields, &headers)
        .await
        .expect(303);
}

/// Times from the moment that a request was due, so that one that waits for the one before counts as slow.
async fn ask_steadily(app: &TestApp, request: &str) -> Vec<f64> {
    let between =
        Duration::from_secs(1) * u32::try_from(CONNECTIONS).unwrap() / u32::try_from(RATE).unwrap();
    let mut tasks = Vec::new();
    for number in 0..CONNECTIONS {
        let mut connection = load::Connection::open(app.address).await;
        let request = request.to_owned();
        tasks.push(tokio::spawn(async move {
            let offset =
                between * u32::try_from(number).unwrap() / u32::try_from(CONNECTIONS).unwrap();
            let mut due = Instant::now() + offset;
            let mut times = Vec::new();
            for _ in 0..RATE * SECONDS / CONNECTIONS {
                tokio::time::sleep_until(due.into()).await;
                assert_eq!(connection.ask(request.as_bytes()).await, 200);
                times.push(milliseconds(due));
                due += between;
            }
            times
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn line(name: &str, times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    format!(
        "  {name:<44} median {:>7.2}   p99 {:>7.2}",
        at(0.5),
        at(0.99)
    )
}
