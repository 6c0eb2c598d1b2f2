//! Rate limits: exact in one instance, exact across instances with Redis, and never a failure without it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;

use crate::on_both_engines;
use crate::support::redis::Redis;
use crate::support::{Engine, Program, TestApp};

const AUTH: &str = "/auth";
const CLIENTS: usize = 64;
const REQUESTS: usize = 400;
const LIMIT: usize = 100;
const MIDWAY: usize = LIMIT / 2;

async fn key_with_limit(app: &TestApp, email: &str, limit: &str) -> String {
    let mut person = app.person(email, "Maren").await;
    let fields = [
        ("name", "x"),
        ("expires_in", "90d"),
        ("access", "all"),
        ("rate_limit", limit),
    ];
    person.create_key(&fields).await
}

/// Asks many times at once, by turns at each instance; returns how often each status was the answer.
async fn ask_at_once(apps: &[&TestApp], key: &str) -> BTreeMap<u16, usize> {
    ask_at_once_and(apps, key, || ()).await
}

/// As [`ask_at_once`]; when half of the limit has been asked for, does something else as well.
async fn ask_at_once_and(
    apps: &[&TestApp],
    key: &str,
    midway: impl FnOnce() + Send + 'static,
) -> BTreeMap<u16, usize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let midway: Arc<Mutex<Option<_>>> = Arc::new(Mutex::new(Some(midway)));
    let clients = (0..CLIENTS).map(|number| {
        let program = apps[number % apps.len()].program(key);
        let (asked, midway) = (asked.clone(), midway.clone());
        tokio::spawn(async move {
            let mut statuses = Vec::new();
            loop {
                match asked.fetch_add(1, Ordering::Relaxed) {
                    REQUESTS.. => return statuses,
                    MIDWAY => (midway.lock().unwrap().take().unwrap())(),
                    _ => {}
                }
                statuses.push(ask(&program).await);
            }
        })
    });
    let mut counts = BTreeMap::new();
    for client in clients.collect::<Vec<_>>() {
        for status in client.await.unwrap() {
            *counts.entry(status).or_default() += 1;
        }
    }
    counts
}

/// One request; checks the headers that every answer about a limit has.
async fn ask(program: &Program) -> u16 {
    let answer = program.get(AUTH).await;
    let status = answer.status.as_u16();
    let policy = answer.header("ratelimit-policy");
    assert!(
        policy.starts_with("\"minute\";q=") && policy.ends_with(";w=60"),
        "{policy}"
    );
    let state = answer.header("ratelimit");
    assert!(state.starts_with("\"minute\";r="), "{state}");
    if status == 429 {
        assert!(state.starts_with("\"minute\";r=0;t="), "{state}");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        answer.expect_problem(429, "rate_limited");
    }
    status
}

fn exactly_the_limit() -> BTreeMap<u16, usize> {
    BTreeMap::from([(200, LIMIT), (429, REQUESTS - LIMIT)])
}

on_both_engines! {
    async fn one_instance_accepts_exactly_the_limit(app) {
        let key = key_with_limit(&app, "maren@example.com", "100").await;
        assert_eq!(ask_at_once(&[&app], &key).await, exactly_the_limit());
    }
}

on_both_engines! {
    async fn two_instances_with_redis_accept_exactly_the_limit_together(app) {
        let Some(redis) = Redis::start() else { return };
        let url = redis.url();
        let settings = [("REDIS_URL", url.as_str())];
        let one = TestApp::spawn_beside(&app, &settings).await;
        let two = TestApp::spawn_beside(&app, &settings).await;
        let key = key_with_limit(&one, "maren@example.com", "100").await;
        let counts = ask_at_once(&[&one, &two], &key).await;
        let failures = one.state.limits.redis_failures() + two.state.limits.redis_failures();
        assert_eq!(failures, 0, "Redis did not answer in time: {counts:?}");
        assert_eq!(counts, exactly_the_limit());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_redis_each_key_has_its_own_window_and_a_refused_use_counts_for_nothing() {
    let Some(redis) = Redis::start() else { return };
    let app = TestApp::spawn_with(Engine::Sqlite, &[("REDIS_URL", &redis.url())]).await;
    let first = app.program(key_with_limit(&app, "a@example.com", "2").await);
    let second = app.program(key_with_limit(&app, "b@example.com", "2").await);
    for _ in 0..3 {
        let lacking = first.get("/auth?scope=keys:verify").await;
        lacking.expect_problem(403, "missing_scope");
    }
    for expected in [200, 200, 429, 429] {
        assert_eq!(ask(&first).await, expected);
    }
    for expected in [200, 200, 429] {
        assert_eq!(ask(&second).await, expected);
    }
    assert_eq!(app.state.limits.redis_failures(), 0);
}

on_both_engines! {
    async fn without_redis_a_window_reopens_after_sixty_seconds_and_not_before(app) {
        let program = app.program(key_with_limit(&app, "maren@example.com", "1").await);
        let other = app.program(key_with_limit(&app, "noor@example.com", "1").await);
        let lacking = program.get("/auth?scope=keys:verify").await;
        lacking.expect_problem(403, "missing_scope");
        assert_eq!(ask(&program).await, 200);
        app.advance(TimeDelta::milliseconds(59_999));
        assert_eq!(ask(&program).await, 429);
        assert_eq!(ask(&other).await, 200);
        app.advance(TimeDelta::milliseconds(1));
        assert_eq!(ask(&program).await, 200);
        assert_eq!(ask(&program).await, 429);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_key_does_not_use_up_its_limit_in_redis() {
    let Some(redis) = Redis::start() else { return };
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str())];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    let key = key_with_limit(&app, "maren@example.com", "1").await;
    app.advance(TimeDelta::days(91));
    app.program(&*key)
        .get(AUTH)
        .await
        .expect_problem(401, "expired_key");
    app.advance(TimeDelta::days(-91));
    // What an instance has seen expire stays expired there: another one has not seen it.
    let other = TestApp::spawn_beside(&app, &settings).await;
    let program = other.program(&*key);
    assert_eq!(ask(&program).await, 200);
    assert_eq!(ask(&program).await, 429);
}

on_both_engines! {
    async fn when_redis_goes_each_instance_counts_on_alone_until_it_is_back(app) {
        let Some(mut redis) = Redis::start() else { return };
        let url = redis.url();
        let settings = [("REDIS_URL", url.as_str())];
        let one = TestApp::spawn_beside(&app, &settings).await;
        let two = TestApp::spawn_beside(&app, &settings).await;
        let key = key_with_limit(&one, "maren@example.com", "3").await;
        let (at_one, at_two) = (one.program(&key), two.program(&key));
        assert_eq!(ask(&at_one).await, 200);
        assert_eq!(ask(&at_two).await, 200);
        redis.stop();
        // The first has heard of one request, the second of both.
        for expected in [200, 200, 429] {
            assert_eq!(ask(&at_one).await, expected);
        }
        for expected in [200, 429] {
            assert_eq!(ask(&at_two).await, expected);
        }
        // One attempt each: then Redis is left alone.
        assert_eq!(one.state.limits.redis_failures(), 1);
        assert_eq!(two.state.limits.redis_failures(), 1);
        redis.start_again();
        app.advance(TimeDelta::seconds(1));
        // Both are with Redis again, which has forgotten the window and begins one for both.
        for (program, expected) in [(&at_one, 200), (&at_two, 200), (&at_one, 200), (&at_two, 429), (&at_one, 429)] {
            assert_eq!(ask(program).await, expected);
        }
        assert_eq!(one.state.limits.redis_failures(), 1);
    }
}

on_both_engines! {
    async fn when_redis_goes_in_the_middle_no_request_fails(app) {
        let Some(mut redis) = Redis::start() else { return };
        let url = redis.url();
        let settings = [("REDIS_URL", url.as_str())];
        let one = TestApp::spawn_beside(&app, &settings).await;
        let two = TestApp::spawn_beside(&app, &settings).await;
        let key = key_with_limit(&one, "maren@example.com", "100").await;
        let counts = ask_at_once_and(&[&one, &two], &key, move || redis.stop()).await;
        for app in [&one, &two] {
            assert!(app.state.limits.redis_failures() > 0, "Redis went too late: {counts:?}");
        }
        let accepted = counts[&200];
        assert_eq!(accepted + counts[&429], REQUESTS, "{counts:?}");
        assert!((LIMIT..=2 * LIMIT).contains(&accepted), "{counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_restarted_between_two_requests_is_not_gone() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let app = TestApp::spawn_with(Engine::Sqlite, &[("REDIS_URL", &redis.url())]).await;
    let key = key_with_limit(&app, "maren@example.com", "8").await;
    // Each has a connection of its own, so that every worker serves one.
    let programs: Vec<Program> = (0..8).map(|_| app.program(&key)).collect();
    for _ in 0..2 {
        for program in &programs {
            assert_eq!(ask(program).await, 200);
        }
        assert_eq!(ask(&programs[0]).await, 429);
        redis.start_again();
    }
    assert_eq!(app.state.limits.redis_failures(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_delays_one_request_and_fails_none() {
    let Some(redis) = Redis::start() else { return };
    let app = TestApp::spawn_with(Engine::Sqlite, &[("REDIS_URL", &redis.url())]).await;
    let program = app.program(key_with_limit(&app, "maren@example.com", "3").await);
    assert_eq!(ask(&program).await, 200);
    redis.freeze();
    for expected in [200, 200, 429] {
        assert_eq!(ask(&program).await, expected);
    }
    assert_eq!(app.state.limits.redis_failures(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_never_there_fails_no_request() {
    // Port 1 of this machine: nothing of ours listens there.
    let settings = [("REDIS_URL", "redis://127.0.0.1:1")];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    let program = app.program(key_with_limit(&app, "maren@example.com", "1").await);
    assert_eq!(ask(&program).await, 200);
    assert_eq!(ask(&program).await, 429);
}
