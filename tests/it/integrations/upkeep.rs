//! What calls depend on and leave behind: the provider's key, what is noted of it, the usage log, the rate limit.

use chrono::TimeDelta;
use keyport::domain::integrations::provider_keys::{self, Owner};
use keyport::domain::usage::outcome::Outcome;

use super::refusals::assert_ours;
use super::scene::PROVIDER_KEY;
use crate::support::Engine;
use crate::support::actors::id_of;
use crate::support::usage::counted_as;
use crate::with_a_provider;

with_a_provider! {
    async fn a_key_that_was_replaced_or_removed_makes_no_further_call(scene) {
        let (account, program) = scene.program();
        let owner = Owner::Account(account.id);
        program.get("/proxy/openai/v1/models").await.expect(200);
        scene.save_key(owner, "openai", "sk-good-second");
        scene.provider.take();
        program.get("/proxy/openai/v1/models").await.expect(200);
        assert_eq!(scene.provider.take_one().header("authorization"), Some("Bearer sk-good-second"));
        let act = scene.app.act();
        let removed = (scene.app.state.pool).write_now(|db| provider_keys::remove(db, &act, owner, "openai"));
        removed.unwrap();
        assert_ours(&program, "/proxy/openai/v1/models", 409, "no_provider_key").await;
        assert!(scene.provider.take().is_empty());
    }
}

with_a_provider! {
    async fn a_sealed_value_that_was_altered_or_moved_does_not_open(scene) {
        let (account, program) = scene.program();
        program.get("/proxy/openai/v1/models").await.expect(200);
        scene.provider.take();
        let ravi = scene.app.account("ravi@example.com", "Ravi");
        let other = scene.app.program_of(&ravi);
        scene.save_key(Owner::Account(ravi.id), "openai", "sk-good-of-ravi");
        // One account's row takes the sealed value of another's.
        scene.app.execute(&format!(
            "UPDATE provider_keys SET sealed = (SELECT sealed FROM provider_keys WHERE account_id = {} AND provider = 'openai')
             WHERE account_id = {}",
            account.id.as_number(),
            ravi.id.as_number()
        ));
        assert_ours(&other, "/proxy/openai/v1/models", 409, "unreadable_provider_key").await;
        let last_byte = match scene.app.database.engine() {
            Engine::Sqlite => "substr(sealed, 1, length(sealed) - 1) || CASE WHEN substr(sealed, -1) = x'00' THEN x'01' ELSE x'00' END",
            Engine::Postgres => "set_bit(sealed, 8 * (length(sealed) - 1), 1 - get_bit(sealed, 8 * (length(sealed) - 1)))",
        };
        let last_byte = match scene.app.database.engine() {
            Engine::Sqlite => format!("CAST({last_byte} AS BLOB)"),
            Engine::Postgres => last_byte.to_owned(),
        };
        scene.app.execute(&format!("UPDATE provider_keys SET sealed = {last_byte} WHERE provider = 'openai'"));
        assert_ours(&program, "/proxy/openai/v1/models", 409, "unreadable_provider_key").await;
        program.get("/proxy/anthropic/v1/models").await.expect(200);
        assert_eq!(scene.provider.take().len(), 1);
    }
}

with_a_provider! {
    async fn what_the_provider_says_of_its_key_is_noted(scene) {
        let (account, program) = scene.program();
        let owner = Owner::Account(account.id);
        let app = &scene.app;
        let refusal = || app.texts("SELECT COALESCE(refused_words, 'none') AS text FROM provider_keys WHERE provider = 'openai'");
        scene.save_key(owner, "openai", "sk-bad-abcdefghijklmnopqrstuvw");
        program.get("/proxy/openai/v1/models").await.expect(401);
        until(|| refusal() != ["none"]).await;
        let words = refusal().remove(0);
        assert!(words.starts_with("Incorrect API key provided") && !words.contains("sk-bad"), "{words}");
        // Without the stand-in's rule: it takes the key again.
        scene.save_key(owner, "openai", PROVIDER_KEY);
        app.execute("UPDATE provider_keys SET refused_status = 401, refused_since = 1, refused_words = 'No.'");
        app.advance(TimeDelta::minutes(1));
        program.get("/proxy/openai/v1/models").await.expect(200);
        until(|| refusal() == ["none"]).await;
    }
}

/// Waits until something that happens beside a call has happened.
async fn until(has_happened: impl Fn() -> bool) {
    // Each look asks the database, which takes its time.
    for _ in 0..20_000 {
        if has_happened() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it has not happened");
}

with_a_provider! {
    async fn the_use_of_a_provider_s_key_is_noted_once_a_minute(scene) {
        let (_, program) = scene.program();
        let app = &scene.app;
        let used = || app.texts("SELECT CAST(COALESCE(last_used_at, 0) AS TEXT) AS text FROM provider_keys WHERE provider = 'openai'");
        program.get("/proxy/openai/v1/models").await.expect(200);
        app.flush();
        let first = used();
        assert_eq!(first, [app.now().as_millis().to_string()]);
        app.advance(TimeDelta::seconds(59));
        program.get("/proxy/openai/v1/models").await.expect(200);
        app.flush();
        assert_eq!(used(), first);
        app.advance(TimeDelta::seconds(1));
        program.get("/proxy/openai/v1/models").await.expect(200);
        app.flush();
        assert_eq!(used(), [app.now().as_millis().to_string()]);
    }
}

with_a_provider! {
    async fn every_call_is_in_the_usage_log_with_what_the_provider_did(scene) {
        let (mut maren, program) = scene.person().await;
        program.get("/proxy/openai/status/503").await.expect(503);
        program.get("/proxy/openai/nothing").await.expect(502);
        program.get("/proxy/acme/x").await.expect(404);
        scene.app.flush();
        let rows = scene.app.texts(
            "SELECT path || ' ' || CAST(status AS TEXT) || ' ' || COALESCE(CAST(upstream_status AS TEXT), 'none')
                || CASE WHEN upstream_us IS NULL THEN ' not asked' ELSE ' asked' END AS text
             FROM key_requests ORDER BY path",
        );
        // All of one instant: the notes of two workers have no other order.
        assert_eq!(rows, [
            "/proxy/acme/x 404 none not asked",
            "/proxy/openai/nothing 502 none asked",
            "/proxy/openai/status/503 503 503 asked",
        ]);
        assert_eq!(counted_as(&scene.app.state.pool, Outcome::Accepted), 3);
        let page = maren.get(&format!("/settings/api/{}", id_of(&program.key))).await.expect(200).page;
        let table = page.words("table.requests");
        assert!(table.contains("provider answered 503 in"), "{table}");
        assert!(table.contains("provider gave no answer in"), "{table}");
    }
}

with_a_provider! {
    async fn the_rate_limit_counts_calls_and_not_what_is_refused(scene) {
        let (mut maren, _) = scene.person().await;
        let fields = [("name", "x"), ("expires_in", "90d"), ("access", "all"), ("rate_limit", "2")];
        let program = scene.app.program(maren.create_key(&fields).await);
        for _ in 0..3 {
            program.get("/proxy/openai/v1/a%2Fb").await.expect_problem(400, "bad_path");
        }
        for left in ["1", "0"] {
            let answer = program.get("/proxy/openai/v1/models").await.expect(200);
            assert!(answer.header("ratelimit").contains(&format!("r={left}")), "{}", answer.header("ratelimit"));
            assert_ne!(answer.header("keyport-key-expires"), "");
        }
        let over = program.get("/proxy/openai/v1/models").await.expect_problem(429, "rate_limited");
        assert_eq!(over.header("keyport-error"), "rate_limited");
        assert_ne!(over.header("retry-after"), "");
        assert_eq!(scene.provider.take().len(), 2);
    }
}

with_a_provider! {
    async fn the_instance_s_key_is_used_by_those_who_may_and_after_their_own(scene) {
        use keyport::domain::integrations::sharing::{self, Access};
        let app = &scene.app;
        let ravi = app.account("ravi@example.com", "Ravi");
        let program = app.program_of(&ravi);
        scene.save_key(Owner::Instance, "openai", "sk-good-of-the-instance");
        assert_ours(&program, "/proxy/openai/v1/models", 409, "no_provider_key").await;
        let act = app.act();
        let share = |access| {
            let shared = (app.state.pool).write_now(|db| sharing::set(db, &act, "openai", access, &[]));
            shared.unwrap();
        };
        share(Access::All);
        program.get("/proxy/openai/v1/models").await.expect(200);
        assert!(scene.provider.take_one().mentions("sk-good-of-the-instance"));
        share(Access::Chosen);
        assert_ours(&program, "/proxy/openai/v1/models", 409, "no_provider_key").await;
        share(Access::All);
        scene.save_key(Owner::Account(ravi.id), "openai", "sk-good-of-ravi");
        program.get("/proxy/openai/v1/models").await.expect(200);
        assert!(scene.provider.take_one().mentions("sk-good-of-ravi"));
    }
}
