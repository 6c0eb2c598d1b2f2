//! No stale yes: whatever was remembered, a change that was committed before a request began decides its answer.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use chrono::TimeDelta;
use diesel::{RunQueryDsl as _, sql_query};
use keyport::crypto::random::system_rng;
use keyport::domain::api_keys::key_string::{Brand, FullKey};
use keyport::store::connection::{connect, connect_for_verifying};
use keyport::store::{DatabaseUrl, Pool, StoreError, migrations};
use reqwest::StatusCode;

use crate::on_both_engines;
use crate::support::actors::{Person, Program, id_of};
use crate::support::at_once::join_all;
use crate::support::command::{assert_fails, keyport};
use crate::support::db::{TestDatabase, postgres_url};
use crate::support::door::Door;
use crate::support::usage::counted;
use crate::support::{Engine, TestApp};

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

/// The number that is the primary key of a key.
fn number_of(full_key: &str) -> i64 {
    let id: keyport::ids::ApiKeyId = id_of(full_key).parse().unwrap();
    id.as_number()
}

/// Runs statements as an operator would, on a connection that keyport knows nothing of.
fn operator(app: &TestApp, statements: &[String]) {
    let mut db = connect(&app.database.url.parse().unwrap()).unwrap();
    for statement in statements {
        sql_query(statement.as_str()).execute(&mut db).unwrap();
    }
}

/// A key that was just accepted, so that its record is remembered.
async fn used_key(app: &TestApp, person: &mut Person) -> Program {
    let program = app.program(person.create_key(&KEY).await);
    program.get("/auth").await.expect(200);
    program
}

on_both_engines! {
    async fn every_change_that_decides_a_verdict_counts_at_once_whoever_makes_it(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let changes = [
            ("UPDATE api_keys SET deactivated_at = 1, deactivated_by = 'sql', ends_at = 1 WHERE id = {id}", "deactivated_key"),
            ("UPDATE api_keys SET expires_at = 1, ends_at = 1 WHERE id = {id}", "expired_key"),
            ("UPDATE api_keys SET digest = digest_of_nothing WHERE id = {id}", "invalid_key"),
            ("UPDATE api_keys SET digest_secret_id = 'gone' WHERE id = {id}", "invalid_key"),
            ("UPDATE api_keys SET allowed_addresses = '192.0.2.1' WHERE id = {id}", "address_not_allowed"),
            ("UPDATE api_keys SET scopes = 'usage:read' WHERE id = {id}", "missing_scope"),
            ("DELETE FROM api_keys WHERE id = {id}", "invalid_key"),
        ];
        let empty = match app.database.engine() {
            Engine::Sqlite => "x'00'",
            Engine::Postgres => "'\\x00'",
        };
        for (change, code) in changes {
            let program = used_key(&app, &mut maren).await;
            program.get("/auth?scope=keys:read").await.expect(200);
            let change = change.replace("{id}", &number_of(&program.key).to_string());
            operator(&app, &[change.replace("digest_of_nothing", empty)]);
            let refused = program.get("/auth?scope=keys:read").await;
            assert_eq!(refused.json()["code"], code, "{change}");
        }
    }
}

on_both_engines! {
    async fn a_change_of_the_owner_counts_for_all_of_its_keys_at_once(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut ravi = app.person("ravi@example.com", "Ravi").await;
        let first = used_key(&app, &mut maren).await;
        let second = used_key(&app, &mut maren).await;
        let other = used_key(&app, &mut ravi).await;
        operator(&app, &["UPDATE accounts SET disabled_at = 1 WHERE email = 'maren@example.com'".to_owned()]);
        for program in [&first, &second] {
            program.get("/auth").await.expect_problem(401, "owner_disabled");
        }
        other.get("/auth").await.expect(200);
        let rename = "UPDATE accounts SET disabled_at = NULL, name = 'Zoë' WHERE email = 'maren@example.com'";
        operator(&app, &[rename.to_owned()]);
        let renamed = first.get("/auth").await.expect(200);
        assert_eq!(renamed.header("x-keyport-account-name"), "Zo%C3%AB");
        operator(&app, &["DELETE FROM accounts WHERE email = 'maren@example.com'".to_owned()]);
        first.get("/auth").await.expect_problem(401, "invalid_key");
        other.get("/auth").await.expect(200);
    }
}

on_both_engines! {
    async fn statements_that_fire_no_ordinary_trigger_count_too(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = used_key(&app, &mut maren).await;
        let id = number_of(&program.key);
        let statements = match app.database.engine() {
            // Replacing fires no delete trigger.
            Engine::Sqlite => vec![format!(
                "INSERT OR REPLACE INTO api_keys (id, account_id, brand, name, digest, digest_secret_id, created_at, ends_at)
                 SELECT id, account_id, brand, name, x'00', digest_secret_id, created_at, 253402300799999
                 FROM api_keys WHERE id = {id}"
            )],
            // Truncating fires no row's trigger.
            Engine::Postgres => vec!["TRUNCATE api_keys CASCADE".to_owned()],
        };
        operator(&app, &statements);
        program.get("/auth").await.expect_problem(401, "invalid_key");
    }
}

on_both_engines! {
    async fn an_epoch_that_repeats_after_a_restore_is_not_taken_for_the_one_before(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = used_key(&app, &mut maren).await;
        let id = number_of(&program.key);
        // What a restore leaves: other content, and a count of steps that has come to the same number on another way.
        let (off, on) = match app.database.engine() {
            Engine::Sqlite => ("DROP TRIGGER api_keys_update_step", "SELECT 1"),
            Engine::Postgres => (
                "ALTER TABLE api_keys DISABLE TRIGGER api_keys_update_step",
                "ALTER TABLE api_keys ENABLE TRIGGER api_keys_update_step",
            ),
        };
        operator(&app, &[
            off.to_owned(),
            format!("UPDATE api_keys SET expires_at = 1, ends_at = 1 WHERE id = {id}"),
            "UPDATE verification_changes SET nonce = 7 WHERE epoch = (SELECT epoch FROM verification_epoch)".to_owned(),
            "UPDATE verification_epoch SET nonce = 7".to_owned(),
            on.to_owned(),
        ]);
        program.get("/auth").await.expect_problem(401, "expired_key");
    }
}

on_both_engines! {
    async fn who_is_further_behind_than_the_oldest_step_forgets_everything(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = used_key(&app, &mut maren).await;
        let id = number_of(&program.key);
        operator(&app, &[
            format!("UPDATE api_keys SET expires_at = 1, ends_at = 1 WHERE id = {id}"),
            "UPDATE accounts SET name = 'A' WHERE email = 'maren@example.com'".to_owned(),
        ]);
        app.state.pool.write_now(|db| keyport::store::verification::prune_changes(db, 0)).unwrap();
        program.get("/auth").await.expect_problem(401, "expired_key");
    }
}

on_both_engines! {
    async fn a_key_that_was_unknown_works_from_the_moment_it_is_made(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = used_key(&app, &mut maren).await;
        let id = number_of(&program.key);
        operator(&app, &[
            format!("CREATE TABLE kept AS SELECT * FROM api_keys WHERE id = {id}"),
            format!("DELETE FROM api_keys WHERE id = {id}"),
        ]);
        program.get("/auth").await.expect_problem(401, "invalid_key");
        operator(&app, &["INSERT INTO api_keys SELECT * FROM kept".to_owned()]);
        program.get("/auth").await.expect(200);
    }
}

on_both_engines! {
    async fn an_expired_key_stays_expired_when_the_clock_goes_back(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "1h"), ("access", "all")];
        let program = app.program(maren.create_key(&fields).await);
        program.get("/auth").await.expect(200);
        app.advance(TimeDelta::hours(1));
        program.get("/auth").await.expect_problem(401, "expired_key");
        app.advance(-TimeDelta::minutes(30));
        program.get("/auth").await.expect_problem(401, "expired_key");
    }
}

/// Deactivated keys of a run, and how many were accepted by a request that began after that.
struct Run {
    checks: usize,
    stale: usize,
}

/// Deactivates keys on a connection of its own while others are asked for all the time, and asks for each right after.
async fn deactivate_under_load(app: &TestApp, keys: &[Program], is_cached: bool) -> Run {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let load: Vec<_> = (0..8)
        .map(|number| {
            let (stop, asked) = (stop.clone(), asked.clone());
            let programs: Vec<Program> = keys.iter().map(|key| app.program(&*key.key)).collect();
            tokio::spawn(async move {
                for program in programs.iter().cycle().skip(number) {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    program.get("/auth").await;
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    // The control: a cache that nobody tells of changes. It has seen every key accepted.
    let mut cache: HashSet<String> = HashSet::new();
    for key in keys {
        if key.get("/auth").await.status == StatusCode::OK {
            cache.insert(key.key.clone());
        }
    }
    let mut run = Run {
        checks: 0,
        stale: 0,
    };
    for key in keys {
        let id = number_of(&key.key);
        let statement = format!(
            "UPDATE api_keys SET deactivated_at = 1, deactivated_by = 'sql', ends_at = 1 WHERE id = {id}"
        );
        operator(app, &[statement]);
        for _ in 0..4 {
            let accepted = if is_cached {
                cache.contains(&key.key)
            } else {
                key.get("/auth").await.status == StatusCode::OK
            };
            run.checks += 1;
            run.stale += usize::from(accepted);
        }
    }
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
    assert!(asked.load(Ordering::Relaxed) > 0, "there was no load");
    run
}

on_both_engines! {
    async fn no_deactivated_key_is_accepted_under_load_and_a_plain_cache_would_be(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut keys = Vec::new();
        for _ in 0..40 {
            keys.push(used_key(&app, &mut maren).await);
        }
        let ours = deactivate_under_load(&app, &keys[..20], false).await;
        assert_eq!((ours.checks, ours.stale), (80, 0));
        let control = deactivate_under_load(&app, &keys[20..], true).await;
        assert_eq!((control.checks, control.stale), (80, 80), "the test would not notice a stale answer");
    }
}

on_both_engines! {
    async fn what_one_instance_answered_every_other_one_knows(app) {
        let second = TestApp::spawn_beside(&app, &[]).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        for _ in 0..10 {
            let program = used_key(&app, &mut maren).await;
            let there = second.program(&*program.key);
            there.get("/auth").await.expect(200);
            maren.deactivate(&id_of(&program.key)).await;
            there.get("/auth").await.expect_problem(401, "deactivated_key");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_in_the_middle_of_load_is_never_a_yes_and_recovers_by_itself() {
    let Some(_) = postgres_url() else { return };
    for is_jammed in [false, true] {
        let database = TestDatabase::new(Engine::Postgres);
        let door = Door::before(&database.url).await;
        let app = TestApp::spawn_on(database, &[("DATABASE_URL", &door.url)]).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = used_key(&app, &mut maren).await;
        let stop = Arc::new(AtomicBool::new(false));
        let load: Vec<_> = (0..4)
            .map(|_| {
                let (stop, program) = (stop.clone(), app.program(&*program.key));
                tokio::spawn(async move {
                    let mut seen = HashSet::new();
                    while !stop.load(Ordering::Relaxed) {
                        seen.insert(program.get("/auth").await.status.as_u16());
                    }
                    seen
                })
            })
            .collect();
        if is_jammed {
            door.jam();
        } else {
            door.shut();
        }
        // While nothing can be confirmed, what is remembered is no answer.
        program
            .get("/auth")
            .await
            .expect_problem(503, "unavailable");
        program.get("/readyz").await.expect(503);
        door.open();
        let back = async { while program.get("/auth").await.status != StatusCode::OK {} };
        tokio::time::timeout(Duration::from_secs(60), back)
            .await
            .unwrap();
        stop.store(true, Ordering::Relaxed);
        for task in load {
            let seen = task.await.unwrap();
            assert!(seen.is_subset(&HashSet::from([200, 503])), "{seen:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_closed_its_connections_and_is_back_answers_the_next_request() {
    let Some(_) = postgres_url() else { return };
    let app = TestApp::spawn(Engine::Postgres).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let program = used_key(&app, &mut maren).await;
    app.database.close_connections();
    program.get("/auth").await.expect(200);
}

#[test]
fn a_server_that_takes_no_changes_confirms_nothing() {
    let Some(_) = postgres_url() else { return };
    let database = TestDatabase::new(Engine::Postgres);
    let writable: DatabaseUrl = database.url.parse().unwrap();
    let pool = Pool::open(&writable, 1).unwrap();
    pool.read_now(migrations::run).unwrap();
    assert!(connect_for_verifying(&writable).is_ok());
    // As a server that follows another one is: it answers, some time behind.
    let read_only = format!("{}%20-cdefault_transaction_read_only%3Don", database.url);
    let refused = connect_for_verifying(&read_only.parse().unwrap())
        .err()
        .unwrap();
    assert!(refused.to_string().contains("read-only"), "{refused}");
    let settings = [("DATABASE_URL", read_only.as_str())];
    for arguments in [&["check"][..], &["serve"]] {
        let output = keyport(database.folder.path(), &settings, arguments);
        assert_fails(
            &output,
            &["read-only", "name the server that takes changes"],
        );
    }
}

on_both_engines! {
    async fn a_store_that_fails_in_the_middle_of_load_is_never_a_yes_and_recovers_by_itself(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = used_key(&app, &mut maren).await;
        let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
        operator(&app, &[rename("verification_epoch", "away")]);
        program.get("/auth").await.expect_problem(503, "unavailable");
        operator(&app, &[rename("away", "verification_epoch")]);
        program.get("/auth").await.expect(200);
    }
}

on_both_engines! {
    async fn everyone_of_a_crowd_gets_the_answer_to_their_own_key(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let one = used_key(&app, &mut maren).await;
        let other = used_key(&app, &mut maren).await;
        let dead = used_key(&app, &mut maren).await;
        maren.deactivate(&id_of(&dead.key)).await;
        let unknown = {
            let id = keyport::ids::ApiKeyId::random(&mut system_rng());
            FullKey::generate(&Brand::default(), id, &mut system_rng()).reveal().to_owned()
        };
        let unknown = app.program(unknown);
        let asked = (0..160).map(|number| {
            let program = [&one, &dead, &unknown, &other][number % 4];
            async move { (program, program.get("/auth").await) }
        });
        for (program, answer) in join_all(asked).await {
            if program.key == one.key || program.key == other.key {
                assert_eq!(answer.expect(200).header("x-keyport-key-id"), id_of(&program.key));
            } else {
                answer.expect(401);
            }
        }
    }
}

on_both_engines! {
    async fn counts_wait_for_a_store_that_cannot_be_written_and_none_is_lost(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = used_key(&app, &mut maren).await;
        app.flush();
        operator(&app, &["ALTER TABLE usage_open_minutes RENAME TO away".to_owned()]);
        for _ in 0..30 {
            program.get("/auth").await.expect(200);
        }
        let failed: Result<(), StoreError> = app.state.recorder.flush();
        assert!(failed.is_err());
        operator(&app, &["ALTER TABLE away RENAME TO usage_open_minutes".to_owned()]);
        app.flush();
        assert_eq!(counted(&app.state.pool), 31);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_after_the_database_was_away_loses_no_count() {
    let Some(_) = postgres_url() else { return };
    let mut app = TestApp::spawn(Engine::Postgres).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let program = used_key(&app, &mut maren).await;
    app.flush();
    // Three connections at once, all idle afterwards.
    let all_open = Arc::new(Barrier::new(3));
    let opened = (0..3).map(|_| {
        let (pool, all_open) = (app.state.pool.clone(), all_open.clone());
        tokio::spawn(async move {
            let read = pool.read(move |_| Ok::<_, StoreError>(all_open.wait()));
            read.await.unwrap();
        })
    });
    for task in opened.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    for _ in 0..20 {
        program.get("/auth").await.expect(200);
    }
    app.database.close_connections();
    app.stop();
    let database: DatabaseUrl = app.database.url.parse().unwrap();
    assert_eq!(counted(&Pool::open(&database, 1).unwrap()), 21);
}
