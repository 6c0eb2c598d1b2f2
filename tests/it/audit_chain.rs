//! The chain of the audit log: what is done to it behind keyport's back is found and named.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use keyport::crypto::instance_secret::InstanceSecrets;
use keyport::domain::accounts::Account;
use keyport::domain::audit::verify::{Finding, Report, verify};
use keyport::domain::audit::{Act, Action, Actor, Origin, Outcome, chain, retention};
use keyport::secret::Secret;
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::command::{assert_fails, keyport};
use crate::support::{Engine, TestApp};

/// Writes so many entries, a second apart.
fn write(app: &TestApp, account: &Account, entries: usize) {
    for _ in 0..entries {
        app.advance(TimeDelta::seconds(1));
        let act = Act {
            actor: account.as_actor(),
            origin: Origin {
                address: Some("203.0.113.7".to_owned()),
                client: Some("curl/8".to_owned()),
                request_id: None,
            },
            ..app.act()
        };
        record(app, &act, account).unwrap();
    }
}

fn record(app: &TestApp, act: &Act, account: &Account) -> Result<(), StoreError> {
    app.state
        .pool
        .write_now(|db| act.record(db, Some(account.id), Action::SignIn, None, Outcome::Done))
}

fn report(app: &TestApp) -> Report {
    let keys = app.state.policy.secrets.audit_keys();
    let report: Result<Report, StoreError> = app.state.pool.snapshot_now(|db| verify(db, keys));
    report.unwrap()
}

fn findings(app: &TestApp) -> Vec<Finding> {
    report(app).findings
}

/// Who may write the database may also turn its triggers off.
fn turn_triggers_off(app: &TestApp) {
    app.execute(match app.database.engine() {
        Engine::Sqlite => {
            "DROP TRIGGER audit_entries_keep_update; DROP TRIGGER audit_entries_keep_delete"
        }
        Engine::Postgres => "ALTER TABLE audit_entries DISABLE TRIGGER USER",
    });
}

fn keep(app: &TestApp) {
    let keys = app.state.policy.secrets.audit_keys();
    retention::run(
        &app.state.pool,
        app.now(),
        TimeDelta::days(400),
        keys,
        &|| false,
    )
    .unwrap();
}

fn count(app: &TestApp) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let count: Result<Count, StoreError> = app
        .state
        .pool
        .read_now(|db| Ok(sql_query("SELECT COUNT(*) AS rows FROM audit_entries").get_result(db)?));
    count.unwrap().rows
}

on_both_engines! {
    async fn each_way_to_tamper_with_a_row_is_found_and_the_row_is_named(app) {
        let maren = app.account("maren@example.com", "Maren");
        write(&app, &maren, 9);
        let intact = report(&app);
        assert_eq!(intact.findings, []);
        assert_eq!((intact.rows, intact.before, intact.dropped_through), (10, 0, None));
        assert_eq!(intact.last_at, Some(app.now()));
        turn_triggers_off(&app);
        let columns = "id, at, account_id, actor, actor_id, actor_words, action, target, result, address, client, request_id, hash";
        app.execute("CREATE TABLE rows_before AS SELECT * FROM audit_entries");
        app.execute("CREATE TABLE head_before AS SELECT * FROM audit_head");
        let restore = format!(
            "DELETE FROM audit_entries; INSERT INTO audit_entries ({columns}) SELECT {columns} FROM rows_before;
             DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM head_before"
        );
        let insert = |id: i64| format!(
            "INSERT INTO audit_entries ({columns}) SELECT {id}, at, account_id, actor, actor_id, actor_words, action,
             target, result, address, client, request_id, hash FROM rows_before WHERE id = 3"
        );
        let zeros = match app.database.engine() {
            Engine::Sqlite => "zeroblob(32)",
            Engine::Postgres => "decode(repeat('00', 32), 'hex')",
        };
        let cases = [
            ("UPDATE audit_entries SET result = 'refused' WHERE id = 4".to_owned(), vec![Finding::Altered(4)]),
            ("UPDATE audit_entries SET address = NULL WHERE id = 2".to_owned(), vec![Finding::Altered(2)]),
            ("UPDATE audit_entries SET account_id = account_id + 1 WHERE id = 10".to_owned(), vec![Finding::Altered(10)]),
            (format!("UPDATE audit_entries SET hash = {zeros} WHERE id = 6"), vec![Finding::Altered(6)]),
            ("UPDATE audit_entries SET hash = NULL WHERE id = 6".to_owned(), vec![Finding::Altered(6)]),
            ("DELETE FROM audit_entries WHERE id = 5".to_owned(), vec![Finding::Removed(5, 5)]),
            ("DELETE FROM audit_entries WHERE id IN (4, 5, 6)".to_owned(), vec![Finding::Removed(4, 6)]),
            ("DELETE FROM audit_entries WHERE id = 1".to_owned(), vec![Finding::Removed(1, 1)]),
            ("DELETE FROM audit_entries WHERE id > 8".to_owned(), vec![Finding::Removed(9, 10)]),
            ("DELETE FROM audit_entries".to_owned(), vec![Finding::Removed(1, 10)]),
            // Swapped.
            ("UPDATE audit_entries SET id = 99 WHERE id = 3; UPDATE audit_entries SET id = 3 WHERE id = 7;
              UPDATE audit_entries SET id = 7 WHERE id = 99".to_owned(), vec![Finding::Altered(3)]),
            (insert(11), vec![Finding::Inserted(11)]),
            (insert(0), vec![Finding::Inserted(0)]),
            // Put between two others: those behind it move on.
            (format!("UPDATE audit_entries SET id = id + 100 WHERE id > 5; UPDATE audit_entries SET id = id - 99 WHERE id > 5; {}", insert(6)),
             vec![Finding::Altered(6)]),
            // The newest rows are cut off, and the head is put where they end now.
            ("DELETE FROM audit_entries WHERE id > 8; UPDATE audit_head SET last_id = 8,
              last_hash = (SELECT hash FROM audit_entries WHERE id = 8)".to_owned(), vec![Finding::HeadMac]),
            (format!("UPDATE audit_head SET last_hash = {zeros}"), vec![Finding::HeadMac, Finding::HeadHash(10)]),
            // The oldest rows are cut off, as if retention had dropped them.
            ("UPDATE audit_head SET anchor_id = 4, anchor_hash = (SELECT hash FROM audit_entries WHERE id = 4);
              DELETE FROM audit_entries WHERE id < 5".to_owned(), vec![Finding::HeadMac]),
            ("UPDATE audit_head SET anchor_hash = (SELECT hash FROM audit_entries WHERE id = 4)".to_owned(),
             vec![Finding::HeadMac, Finding::Altered(1)]),
            // Everything is called older than the chain.
            (format!("UPDATE audit_head SET before_id = 10, anchor_id = 10, last_hash = {zeros}; UPDATE audit_entries SET hash = NULL"),
             vec![Finding::HeadMac]),
            ("UPDATE audit_head SET mac = NULL, mac_secret_id = NULL".to_owned(), vec![Finding::HeadMac]),
            ("UPDATE audit_head SET mac_secret_id = 'other'".to_owned(), vec![Finding::UnknownSecret("other".to_owned())]),
            ("DELETE FROM audit_head".to_owned(), vec![Finding::NoHead]),
        ];
        for (tampering, expected) in cases {
            app.execute(&tampering);
            assert_eq!(findings(&app), expected, "{tampering}");
            app.execute(&restore);
            assert_eq!(findings(&app), [], "after {tampering}");
        }
    }
}

on_both_engines! {
    async fn the_database_refuses_what_is_done_to_rows_by_mistake(app) {
        let maren = app.account("maren@example.com", "Maren");
        write(&app, &maren, 2);
        for statement in ["UPDATE audit_entries SET result = 'refused'", "DELETE FROM audit_entries WHERE id = 3"] {
            let refused: Result<usize, StoreError> =
                app.state.pool.write_now(|db| Ok(sql_query(statement).execute(db)?));
            assert!(refused.is_err(), "{statement}");
        }
        assert_eq!(findings(&app), []);
    }
}

on_both_engines! {
    async fn the_next_entry_does_not_vouch_for_a_chain_that_was_rewritten(app) {
        let maren = app.account("maren@example.com", "Maren");
        write(&app, &maren, 4);
        // All hashes made anew, as anyone can, by a program without the instance secret.
        let stranger = InstanceSecrets::parse(&Secret::new(format!("x:{}=", "A".repeat(43)))).unwrap();
        turn_triggers_off(&app);
        app.execute("DELETE FROM audit_entries WHERE id > 3");
        app.execute("UPDATE audit_head SET last_id = 3, last_hash = (SELECT hash FROM audit_entries WHERE id = 3)");
        let foreign = Act::by_command(app.now(), stranger.audit_keys());
        record(&app, &foreign, &maren).unwrap();
        let id = app.state.policy.secrets.audit_keys().ids();
        app.execute(&format!("UPDATE audit_head SET unconfirmed_from = NULL, mac_secret_id = '{id}'"));
        assert_eq!(findings(&app), [Finding::HeadMac]);
        write(&app, &maren, 2);
        assert_eq!(findings(&app), [Finding::Unconfirmed(5)]);
        write(&app, &maren, 1);
        assert_eq!(findings(&app), [Finding::Unconfirmed(5)]);
        // Once all that may have been rewritten is gone by its age, the rest is as good as ever.
        app.advance(TimeDelta::days(401));
        write(&app, &maren, 1);
        keep(&app);
        assert_eq!(findings(&app), []);
    }
}

on_both_engines! {
    async fn a_transaction_that_is_undone_leaves_no_gap(app) {
        let maren = app.account("maren@example.com", "Maren");
        let act = app.act();
        for _ in 0..3 {
            let undone: Result<(), StoreError> = app.state.pool.write_now(|db| {
                act.record(db, Some(maren.id), Action::SignIn, None, Outcome::Done)?;
                act.record(db, Some(maren.id), Action::SignOut, None, Outcome::Done)?;
                Err(StoreError::Unavailable("no".into()))
            });
            assert!(undone.is_err());
            write(&app, &maren, 1);
        }
        let report = report(&app);
        assert_eq!((report.findings, report.rows), (Vec::new(), 4));
    }
}

on_both_engines! {
    async fn twenty_writers_on_two_instances_make_one_chain_and_no_deadlock(app) {
        let other = TestApp::spawn_beside(&app, &[]).await;
        let accounts: Vec<Account> = (0..4).map(|n| app.account(&format!("a{n}@example.com"), "A")).collect();
        std::thread::scope(|scope| {
            for writer in 0..20 {
                let (app, accounts) = (if writer % 2 == 0 { &app } else { &other }, &accounts);
                scope.spawn(move || {
                    let (own, act) = (&accounts[writer % 4], app.act());
                    for round in 0..5 {
                        let done: Result<(), StoreError> = app.state.pool.write_now(|db| {
                            use keyport::domain::accounts as rules;
                            let name = keyport::domain::text::Name::parse(&format!("{writer}/{round}")).unwrap();
                            match writer % 4 {
                                // Moves the epoch first, as every change of keys and accounts.
                                0 | 1 => rules::change_profile(db, &act, own.id, &name, chrono_tz::UTC),
                                2 => rules::disable(db, &act, own.id),
                                _ => act.record(db, Some(own.id), Action::SignIn, None, Outcome::Refused),
                            }
                        });
                        done.unwrap();
                    }
                });
            }
        });
        let report = report(&app);
        assert_eq!((report.findings, report.rows), (Vec::new(), 104));
    }
}

on_both_engines! {
    async fn the_oldest_rows_go_by_their_age_and_the_rest_is_still_a_chain(app) {
        let maren = app.account("maren@example.com", "Maren");
        write(&app, &maren, 5);
        app.advance(TimeDelta::days(300));
        write(&app, &maren, 3);
        keep(&app);
        assert_eq!(count(&app), 9);
        app.advance(TimeDelta::days(100));
        // On two instances at once.
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| keep(&app));
            }
        });
        let kept = report(&app);
        assert_eq!((kept.findings, kept.rows, kept.dropped_through), (Vec::new(), 3, Some(6)));
        app.advance(TimeDelta::days(401));
        keep(&app);
        assert_eq!(count(&app), 0);
        assert_eq!(findings(&app), []);
        write(&app, &maren, 2);
        let begun_anew = report(&app);
        assert_eq!((begun_anew.findings, begun_anew.rows, begun_anew.dropped_through), (Vec::new(), 2, Some(9)));
    }
}

on_both_engines! {
    async fn a_row_that_was_altered_is_not_dropped_by_its_age(app) {
        let maren = app.account("maren@example.com", "Maren");
        write(&app, &maren, 5);
        turn_triggers_off(&app);
        app.execute("UPDATE audit_entries SET at = 1 WHERE id = 3");
        app.advance(TimeDelta::days(401));
        keep(&app);
        assert_eq!(findings(&app), [Finding::Altered(3)]);
        assert_eq!(report(&app).dropped_through, Some(2));
    }
}

on_both_engines! {
    async fn rows_from_before_the_chain_are_counted_and_go_by_their_age(app) {
        let maren = app.account("maren@example.com", "Maren");
        write(&app, &maren, 3);
        // As the migration leaves a database that was used before.
        turn_triggers_off(&app);
        let zeros = match app.database.engine() {
            Engine::Sqlite => "zeroblob(32)",
            Engine::Postgres => "decode(repeat('00', 32), 'hex')",
        };
        app.execute("UPDATE audit_entries SET hash = NULL, actor_words = NULL");
        app.execute(&format!(
            "UPDATE audit_head SET before_id = 4, anchor_id = 4, last_id = 4, last_hash = {zeros}, anchor_hash = {zeros},
             mac = NULL, mac_secret_id = NULL"
        ));
        let keys = app.state.policy.secrets.audit_keys().clone();
        let taken_on: Result<(), StoreError> = app.state.pool.write_now(|db| chain::take_on_head(db, &keys));
        taken_on.unwrap();
        write(&app, &maren, 2);
        let mixed = report(&app);
        assert_eq!((mixed.findings, mixed.before, mixed.rows), (Vec::new(), 4, 2));
        app.advance(TimeDelta::days(401));
        keep(&app);
        assert_eq!((findings(&app), count(&app)), (Vec::new(), 0));
    }
}

on_both_engines! {
    async fn a_new_instance_secret_vouches_for_the_head_from_the_next_start_on(app) {
        let maren = app.account("maren@example.com", "Maren");
        write(&app, &maren, 2);
        let old = std::fs::read_to_string(app.database.folder.path().join("instance-secret")).unwrap();
        let new = format!("n1:{}=", "A".repeat(43));
        let both = format!("{new},{}", old.trim());
        let next = TestApp::spawn_beside(&app, &[("KEYPORT_SECRET", &both)]).await;
        assert_eq!(findings(&next), []);
        // An instance that was not started again goes on writing, and neither takes the other's entries for forged.
        write(&app, &maren, 1);
        assert_eq!((findings(&app), findings(&next)), (Vec::new(), Vec::new()));
        write(&next, &maren, 1);
        assert_eq!((findings(&app), findings(&next)), (Vec::new(), Vec::new()));
        // The old secret is forgotten, and all rows can still be compared.
        let last = TestApp::spawn_beside(&app, &[("KEYPORT_SECRET", &new)]).await;
        write(&last, &maren, 1);
        let report = report(&last);
        assert_eq!((report.findings, report.rows), (Vec::new(), 6));
    }
}

on_both_engines! {
    async fn what_a_client_says_of_itself_cannot_look_like_something_else(app) {
        let maren = app.account("maren@example.com", "Maren");
        let act = Act {
            actor: Actor::Anonymous,
            origin: Origin {
                address: Some("203.0.113.7".to_owned()),
                client: Some(format!("curl\r\n{{\"forged\": 1}}\u{202E}\u{1b}[2J{}", "x".repeat(1_000))),
                request_id: None,
            },
            ..app.act()
        };
        record(&app, &act, &maren).unwrap();
        let filter = keyport::domain::audit::AuditFilter::default();
        let page: Result<_, StoreError> =
            app.state.pool.read_now(|db| keyport::domain::audit::list(db, &filter, None, 1));
        let client = page.unwrap().entries[0].client.clone().unwrap();
        assert!(client.starts_with("curl{\"forged\": 1}[2Jxxx"), "{client}");
        assert_eq!(client.chars().count(), 300);
        assert_eq!(findings(&app), []);
    }
}

on_both_engines! {
    async fn the_command_says_what_it_found_while_the_server_runs(app) {
        let maren = app.account("maren@example.com", "Maren");
        write(&app, &maren, 3);
        let run = || keyport(app.database.folder.path(), &[("DATABASE_URL", &app.database.url)], &["audit", "verify"]);
        let output = run();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let (_, hash) = report(&app).head.unwrap();
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            text,
            format!(
                "4 rows, from 2026-11-22T18:31:00Z to 2026-11-22T18:31:03Z.\nHead: row 4, {hash}\nThe audit log is intact.\n"
            )
        );
        turn_triggers_off(&app);
        app.execute("UPDATE audit_entries SET client = 'other' WHERE id = 3");
        assert_fails(&run(), &["the audit log is not intact", "row 3 was altered"]);
        app.execute("DELETE FROM audit_entries WHERE id > 1");
        assert_fails(&run(), &["rows 2 to 4 were removed"]);
    }
}
