//! The usage of a key, for programs: exact counts, every step, and clear words for what cannot be asked.

use chrono::TimeDelta;
use keyport::ids::ApiKeyId;
use keyport::store::StoreError;
use keyport::store::last_uses::{self, LastUseRow};
use keyport::store::usage::{MinuteRow, add_minutes};
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::usage::counted;
use crate::support::{Person, Program, TestApp};

const FIELDS: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "1y"), ("access", "all")];

async fn reader(app: &TestApp, maren: &mut Person) -> Program {
    let fields = [
        ("name", "Reader"),
        ("expires_in", "1y"),
        ("access", "chosen"),
        ("scope", "usage:read"),
    ];
    app.program(maren.create_key(&fields).await)
}

fn usage_of(full_key: &str, query: &str) -> String {
    format!("/api/v1/keys/{}/usage?{query}", id_of(full_key))
}

async fn read(reader: &Program, full_key: &str, query: &str) -> Value {
    let answer = reader.get(&usage_of(full_key, query)).await;
    answer.expect(200).json()
}

/// The points that are not zero: when, accepted, refused.
fn used(usage: &Value) -> Vec<(String, i64, i64)> {
    let points = usage["points"].as_array().unwrap().iter();
    points
        .map(|point| {
            let at = point["at"].as_str().unwrap().to_owned();
            let number = |name: &str| point[name].as_i64().unwrap();
            (at, number("accepted"), number("refused"))
        })
        .filter(|(_, accepted, refused)| accepted + refused > 0)
        .collect()
}

on_both_engines! {
    async fn counts_are_exact_by_minute_and_outcome(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let reader = reader(&app, &mut maren).await;
        let limited = [("name", "CI"), ("expires_in", "1y"), ("access", "all"), ("rate_limit", "7")];
        let key = maren.create_key(&limited).await;
        let program = app.program(&key);
        for status in [200, 200, 200, 403, 403] {
            let scope = if status == 403 { "keys:write" } else { "keys:read" };
            program.get(&format!("/auth?scope={scope}")).await.expect(status);
        }
        app.flush();
        // A second batch adds to the same minute.
        app.advance(TimeDelta::milliseconds(59_999));
        for status in [200, 200, 200, 200, 429, 429, 429] {
            program.get("/api/v1/account").await.expect(status);
        }
        app.advance(TimeDelta::milliseconds(1));
        program.get("/api/openapi.json").await.expect(200);
        app.advance(TimeDelta::hours(2));
        maren.deactivate(&id_of(&key)).await;
        program.get("/auth").await.expect(401);
        app.program("noise").get("/auth").await.expect(401);
        app.flush();
        app.advance(TimeDelta::seconds(1));
        let usage = read(&reader, &key, "step=minute&from=2026-11-22T18:30:00Z").await;
        assert_eq!(used(&usage), [
            ("2026-11-22T18:31:00Z".to_owned(), 7, 5),
            ("2026-11-22T18:32:00Z".to_owned(), 1, 0),
            ("2026-11-22T20:32:00Z".to_owned(), 0, 1),
        ]);
        assert_eq!(usage["totals"], json!({
            "accepted": 8, "refused": 6,
            "by_code": {"valid": 8, "missing_scope": 2, "rate_limited": 3, "deactivated_key": 1},
        }));
        let hours = read(&reader, &key, "").await;
        assert_eq!(hours["step"], "hour");
        assert_eq!(used(&hours), [
            ("2026-11-22T18:00:00Z".to_owned(), 8, 5),
            ("2026-11-22T20:00:00Z".to_owned(), 0, 1),
        ]);
        assert_eq!(hours["totals"], usage["totals"]);
        let days = read(&reader, &key, "step=day&from=2026-11-20T12:00:00Z").await;
        assert_eq!(days["from"], "2026-11-20T00:00:00Z");
        assert_eq!(days["to"], "2026-11-22T20:32:01Z");
        assert_eq!(days["points"].as_array().unwrap().len(), 3);
        assert_eq!(used(&days), [("2026-11-22T00:00:00Z".to_owned(), 8, 6)]);
    }
}

on_both_engines! {
    async fn points_are_whole_steps_from_the_first_to_the_last(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let reader = reader(&app, &mut maren).await;
        let key = maren.create_key(&FIELDS).await;
        let at = |usage: &Value| -> Vec<String> {
            usage["points"].as_array().unwrap().iter().map(|point| point["at"].as_str().unwrap().to_owned()).collect()
        };
        let usage = read(&reader, &key, "step=minute&from=2026-11-22T18:30:59Z&to=2026-11-22T18:32:00Z").await;
        assert_eq!(at(&usage), ["2026-11-22T18:30:00Z", "2026-11-22T18:31:00Z"]);
        let usage = read(&reader, &key, "step=hour&from=2026-11-22T20:30:00%2B02:00&to=2026-11-22T19:00:01Z").await;
        assert_eq!(at(&usage), ["2026-11-22T18:00:00Z", "2026-11-22T19:00:00Z"]);
        assert_eq!(used(&usage), []);
        assert_eq!(usage["totals"], json!({"accepted": 0, "refused": 0, "by_code": {}}));
        // The default is 24 hours up to now, each touched hour included.
        assert_eq!(at(&read(&reader, &key, "").await).len(), 25);
    }
}

on_both_engines! {
    async fn an_answer_has_at_most_1500_points(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let reader = reader(&app, &mut maren).await;
        let key = maren.create_key(&FIELDS).await;
        for (query, is_allowed) in [
            ("step=minute&from=2026-11-21T00:00:00Z&to=2026-11-22T01:00:00Z", true),
            ("step=minute&from=2026-11-21T00:00:00Z&to=2026-11-22T01:00:01Z", false),
            ("step=minute&from=2026-11-21T00:00:30Z&to=2026-11-22T01:00:30Z", false),
            ("step=minute&from=2026-11-21T00:00:00Z&to=2026-11-22T01:01:00Z", false),
            ("step=hour&from=2026-09-01T00:00:00Z&to=2026-11-02T12:00:00Z", true),
            ("step=hour&from=2026-09-01T00:00:00Z&to=2026-11-02T12:59:59Z", false),
            ("step=hour&from=2026-09-01T00:30:00Z&to=2026-11-02T12:30:00Z", false),
            ("step=day&from=2022-10-15T00:00:00Z&to=2026-11-23T00:00:00Z", true),
            ("step=day&from=2022-10-14T00:00:00Z&to=2026-11-23T00:00:00Z", false),
            ("step=day&from=1970-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", false),
        ] {
            let answer = reader.get(&usage_of(&key, query)).await;
            if is_allowed {
                assert_eq!(answer.expect(200).json()["points"].as_array().unwrap().len(), 1_500, "{query}");
            } else {
                let problem = answer.expect_problem(400, "invalid_request").json();
                assert_eq!(problem["detail"], "That is more than 1,500 points. Ask for less time, or a longer step.", "{query}");
            }
        }
    }
}

on_both_engines! {
    async fn what_cannot_be_asked_is_said(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let reader = reader(&app, &mut maren).await;
        let key = maren.create_key(&FIELDS).await;
        for query in [
            "step=week", "step=", "step=HOUR", "from=yesterday", "to=2026-11-22", "from=2026-11-22T18:31:00",
            "from=2026-11-22T18:31:00Z", "from=2026-11-22T19:00:00Z&to=2026-11-22T18:00:00Z",
            "from=2026-02-30T00:00:00Z", "from=1969-12-31T23:59:59Z", "to=-0001-01-01T00:00:00Z", "from=",
        ] {
            reader.get(&usage_of(&key, query)).await.expect_problem(400, "invalid_request");
        }
        // Every key of the account may be read with the scope, and none without.
        let lacking = [("name", "k"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:read")];
        let lacking = app.program(maren.create_key(&lacking).await);
        lacking.get(&usage_of(&lacking.key, "")).await.expect_problem(403, "missing_scope");
        let mut other = app.person("other@example.com", "Other").await;
        let theirs = other.create_key(&FIELDS).await;
        for key in [&theirs, "kp_0000000000_", "kp_x_"] {
            reader.get(&usage_of(key, "")).await.expect_problem(404, "not_found");
        }
    }
}

on_both_engines! {
    async fn addresses_and_rate_limits_of_records_are_read_and_refused_as_on_the_page(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "m"), ("expires_in", "1y"), ("access", "chosen"), ("scope", "keys:write"), ("scope", "keys:read")];
        let manager = app.program(maren.create_key(&fields).await);
        let many = |count: usize| -> Vec<String> { (0..count).map(|n| format!("10.0.{}.{}", n / 256, n % 256)).collect() };
        for (field, value, message) in [
            ("allowed_addresses", json!(["192.0.2.7", "nowhere"]), "“nowhere” is not an address or range, like 192.0.2.7 or 2001:db8::/32."),
            ("allowed_addresses", json!(["192.0.2.7/33"]), "“192.0.2.7/33” is not a range. IPv4 ranges end in /0 to /32."),
            ("allowed_addresses", json!(["2001:db8::/129"]), "“2001:db8::/129” is not a range. IPv6 ranges end in /0 to /128."),
            ("allowed_addresses", json!(["192.0.2.7/24"]), "“192.0.2.7/24” is an address inside a range. Write 192.0.2.0/24 for the range."),
            ("allowed_addresses", json!(many(101)), "Enter at most 100 addresses and ranges. These are 101."),
            ("allowed_addresses", json!(many(1_000)), "Enter at most 100 addresses and ranges. These are 1000."),
            ("allowed_addresses", json!("192.0.2.7"), "Send a list of strings."),
            ("allowed_addresses", json!([7]), "Send a list of strings."),
            ("rate_limit", json!(0), "Enter a number of requests a minute, from 1 to 1,000,000."),
            ("rate_limit", json!(1_000_001), "Enter a number of requests a minute, from 1 to 1,000,000."),
            ("rate_limit", json!(-5), "Enter a number of requests a minute, from 1 to 1,000,000."),
            ("rate_limit", json!(1.5), "Send a whole number."),
            ("rate_limit", json!("60"), "Send a whole number."),
        ] {
            let body = json!({"name": "x", field: value});
            let problem = manager.post("/api/v1/keys", &body).await.expect_problem(422, "invalid_field").json();
            assert_eq!(problem["errors"], json!([{"field": field, "message": message}]));
        }
        let body = json!({
            "name": "x", "rate_limit": 1_000_000,
            "allowed_addresses": ["::ffff:127.0.0.1", "127.0.0.1", " 2001:DB8::/32 ", "::ffff:192.0.2.0/120"],
        });
        let made = manager.post("/api/v1/keys", &body).await.expect(201).json();
        let addresses = json!(["127.0.0.1", "2001:db8::/32", "192.0.2.0/24"]);
        assert_eq!(made["allowed_addresses"], addresses);
        let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
        let record = manager.get(&path).await.expect(200).json();
        assert_eq!((&record["allowed_addresses"], &record["rate_limit"]), (&addresses, &json!(1_000_000)));
        app.program(made["key"].as_str().unwrap()).get("/auth").await.expect(200);
        let full = manager.post("/api/v1/keys", &json!({"name": "x", "allowed_addresses": many(100)})).await.expect(201).json();
        assert_eq!(full["allowed_addresses"].as_array().unwrap().len(), 100);
        let plain = manager.post("/api/v1/keys", &json!({"name": "x"})).await.expect(201).json();
        assert_eq!((&plain["allowed_addresses"], &plain["rate_limit"]), (&json!([]), &Value::Null));
    }
}

on_both_engines! {
    async fn many_keys_are_written_at_once_and_each_keeps_its_newest_use(app) {
        let keys: Vec<ApiKeyId> = (0..120).map(|number| format!("{number:010}").parse().unwrap()).collect();
        let begin = app.now();
        let write = |seconds: fn(usize) -> i64| {
            let mut minutes: Vec<MinuteRow> = (keys.iter().rev())
                .map(|id| MinuteRow { api_key_id: *id, minute: 7, outcome: 0, requests: 2 })
                .collect();
            let mut uses: Vec<LastUseRow> = (keys.iter().enumerate())
                .map(|(number, id)| LastUseRow {
                    api_key_id: *id,
                    used_at: begin + TimeDelta::seconds(seconds(number)),
                    address: format!("192.0.2.{number}"),
                    client: format!("{}", seconds(number)),
                })
                .collect();
            let written: Result<(), StoreError> = app.state.pool.write_now(|db| {
                add_minutes(db, &mut minutes)?;
                last_uses::upsert(db, &mut uses)
            });
            written.unwrap();
        };
        write(|_| 10);
        // Every other one is told late of an earlier use.
        write(|number| if number % 2 == 0 { 5 } else { 15 });
        assert_eq!(counted(&app.state.pool), 480);
        let requests = app.texts("SELECT DISTINCT CAST(requests AS TEXT) AS text FROM usage_open_minutes");
        assert_eq!(requests, ["4"]);
        let uses = app.texts("SELECT client || ' ' || address AS text FROM api_key_last_uses ORDER BY api_key_id");
        let expected = (0..120).map(|number| format!("{} 192.0.2.{number}", if number % 2 == 0 { 10 } else { 15 }));
        assert_eq!(uses, expected.collect::<Vec<_>>());
    }
}
