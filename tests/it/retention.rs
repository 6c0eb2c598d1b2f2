//! How long the usage log is kept.

use chrono::TimeDelta;
use keyport::domain::usage::retention::{self, Retention};

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::actors::id_of;
use crate::support::usage::counted;

fn keep(app: &TestApp) {
    let retention = Retention {
        details: TimeDelta::days(30),
        minutes: TimeDelta::days(90),
    };
    retention::run(&app.state.pool, app.now(), retention, &|| false).unwrap();
}

on_both_engines! {
    async fn counts_become_days_once_and_details_go(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "never"), ("access", "all")];
        let key = maren.create_key(&fields).await;
        let program = app.program(&*key);
        let day = app.now();
        for _ in 0..3 {
            program.get("/auth").await.expect(200);
            app.advance(TimeDelta::minutes(1));
        }
        program.get("/auth?scope=keys:write").await.expect(403);
        app.flush();
        keep(&app);
        let page = format!("/settings/api/{}", id_of(&key));
        assert_eq!(maren.get(&page).await.page.all(".requests tbody tr").len(), 4);

        app.advance(TimeDelta::days(200));
        program.get("/auth").await.expect(200);
        app.flush();
        // Twice, as two instances would.
        keep(&app);
        keep(&app);
        assert_eq!(maren.sign_in_again("maren@example.com").await.get(&page).await.page.all(".requests tbody tr").len(), 1);
        let reader = [("name", "Reader"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "usage:read")];
        let reader = app.program(maren.create_key(&reader).await);
        let (from, to) = ((day - TimeDelta::hours(18)).to_rfc3339(), app.now().to_rfc3339());
        let path = format!("/api/v1/keys/{}/usage?from={from}&to={to}&step=day", id_of(&key));
        let usage = reader.get(&path).await.expect(200).json();
        assert_eq!(usage["totals"]["accepted"], 4);
        assert_eq!(usage["totals"]["refused"], 1);
        assert_eq!(usage["points"][0]["accepted"], 3);
        assert_eq!(usage["totals"]["by_code"]["missing_scope"], 1);
    }
}

/// Counts that are settled, and those of minutes that are counted up.
fn counts(app: &TestApp) -> [String; 2] {
    ["usage_minutes", "usage_open_minutes"].map(|table| {
        app.text(&format!(
            "SELECT CAST(COUNT(*) AS TEXT) AS text FROM {table}"
        ))
    })
}

on_both_engines! {
    async fn passed_minutes_are_settled_in_parts_and_nothing_is_counted_twice(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "never"), ("access", "all")];
        let program = app.program(maren.create_key(&fields).await);
        let minute = app.now().as_millis().div_euclid(60_000);
        // As if 250 other keys had been in use.
        app.execute(&format!(
            "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 250)
             INSERT INTO usage_open_minutes (api_key_id, minute, outcome, requests)
             SELECT number, {minute}, 0, 2 FROM numbers"
        ));
        program.get("/auth").await.expect(200);
        app.flush();
        assert_eq!(counts(&app), ["0", "251"]);
        app.advance(TimeDelta::minutes(1));
        for (settled, open) in [("104", "148"), ("208", "44"), ("251", "1"), ("251", "1")] {
            program.get("/auth").await.expect(200);
            app.flush();
            assert_eq!(counts(&app), [settled, open]);
        }
        assert_eq!(counted(&app.state.pool), 500 + 5);
        // Written late, after its minute was settled.
        app.execute(&format!("INSERT INTO usage_open_minutes (api_key_id, minute, outcome, requests) VALUES (250, {minute}, 0, 3)"));
        app.advance(TimeDelta::minutes(1));
        program.get("/auth").await.expect(200);
        app.flush();
        assert_eq!(counts(&app), ["252", "1"]);
        let late = format!("SELECT CAST(requests AS TEXT) AS text FROM usage_minutes WHERE api_key_id = 250 AND minute = {minute}");
        assert_eq!(app.text(&late), "5");
    }
}

on_both_engines! {
    async fn what_cannot_be_settled_does_not_keep_counts_from_being_written(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "never"), ("access", "all")];
        let program = app.program(maren.create_key(&fields).await);
        program.get("/auth").await.expect(200);
        app.flush();
        app.advance(TimeDelta::minutes(1));
        program.get("/auth").await.expect(200);
        app.execute("ALTER TABLE usage_minutes RENAME TO away");
        app.state.recorder.flush().unwrap_err();
        app.flush();
        app.execute("ALTER TABLE away RENAME TO usage_minutes");
        assert_eq!(counts(&app), ["0", "2"]);
        app.advance(TimeDelta::minutes(1));
        program.get("/auth").await.expect(200);
        app.flush();
        assert_eq!(counts(&app), ["2", "1"]);
        assert_eq!(counted(&app.state.pool), 3);
    }
}

on_both_engines! {
    async fn a_minute_is_read_whole_while_a_part_of_it_is_settled(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "usage:read")];
        let key = maren.create_key(&fields).await;
        let program = app.program(&*key);
        let from = app.now();
        for _ in 0..3 {
            program.get("/auth").await.expect(200);
        }
        app.flush();
        let row = "SELECT api_key_id, minute, outcome, 4 FROM usage_open_minutes";
        app.execute(&format!("INSERT INTO usage_minutes (api_key_id, minute, outcome, requests) {row}"));
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.page;
        // Requests, refused, and those of the busiest minute.
        assert_eq!(page.all(".figure")[..3], ["7", "0", "7"]);
        let to = (from + TimeDelta::minutes(1)).to_rfc3339();
        let path = format!("/api/v1/keys/{}/usage?from={}&to={to}&step=minute", id_of(&key), from.to_rfc3339());
        let usage = program.get(&path).await.expect(200).json();
        assert_eq!(usage["totals"]["accepted"], 7);
        assert_eq!(usage["points"][0]["accepted"], 7);
    }
}

on_both_engines! {
    async fn the_last_minute_of_a_key_that_fell_silent_becomes_a_day_as_well(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "never"), ("access", "all")];
        let program = app.program(maren.create_key(&fields).await);
        program.get("/auth").await.expect(200);
        app.flush();
        // More of the same key than are settled at a time.
        let minute = app.now().as_millis().div_euclid(60_000);
        app.execute(&format!(
            "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 5100)
             INSERT INTO usage_open_minutes (api_key_id, minute, outcome, requests)
             SELECT api_key_id, {minute} - number, 0, 1 FROM usage_open_minutes, numbers"
        ));
        app.advance(TimeDelta::days(200));
        keep(&app);
        assert_eq!(counts(&app), ["0", "0"]);
        assert_eq!(app.text("SELECT CAST(SUM(requests) AS TEXT) AS text FROM usage_days"), "5101");
    }
}
