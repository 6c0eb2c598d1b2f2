//! One call at a time: what goes on to the provider, what comes back, and what is refused.

use chrono::TimeDelta;
use keyport::domain::integrations::provider_keys::{self, Owner};
use reqwest::Method;
use serde_json::json;

use super::scene::{PROVIDER_KEY, Scene};
use crate::support::actors::id_of;
use crate::support::provider::{Provider, WORDS};
use crate::support::{Engine, Program};
use crate::with_a_provider;

const CHAT: &str = "/proxy/openai/v1/chat/completions";

/// A refusal by keyport itself: a problem, and marked.
async fn assert_ours(program: &Program, path: &str, status: u16, code: &str) {
    let answer = program.get(path).await.expect_problem(status, code);
    assert_eq!(answer.header("keyport-error"), code, "{path}");
}

with_a_provider! {
    async fn a_call_goes_on_with_the_provider_s_key_and_without_ours(scene) {
        let (_, program) = scene.program();
        let sent = [
            ("cookie", "keyport=1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-note", program.key.as_str()),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("openai-organization", "org-1"),
        ];
        let body = json!({"model": "standin-1", "messages": []}).to_string();
        let answer = program.send(Method::POST, &format!("{CHAT}?a=b%20c"), Some(body.clone()), &sent).await.expect(200);
        assert_eq!(answer.json()["choices"][0]["message"]["content"], WORDS);
        assert_eq!(answer.header("x-request-id"), "req_standin");
        assert_eq!(answer.header("keyport-error"), "");
        let got = scene.provider.take_one();
        assert_eq!((got.method.as_str(), got.target.as_str()), ("POST", "/v1/chat/completions?a=b%20c"));
        assert_eq!(got.header("authorization"), Some(format!("Bearer {PROVIDER_KEY}").as_str()));
        assert_eq!(got.header("host"), Some(scene.provider.address.to_string().as_str()));
        assert_eq!(got.header("openai-organization"), Some("org-1"));
        assert_eq!(got.header("accept-encoding"), Some("identity"));
        assert_eq!(got.body, body.as_bytes());
        assert!(!got.mentions(&program.key) && !got.mentions(&id_of(&program.key)), "{got:?}");
        for name in ["cookie", "x-forwarded-for", "x-note", "x-hop", "x-api-key", "forwarded", "via"] {
            assert_eq!(got.header(name), None, "{name}");
        }
    }
}

with_a_provider! {
    async fn each_provider_gets_its_key_in_its_own_way(scene) {
        let (_, program) = scene.program();
        program.post("/proxy/anthropic/v1/messages", &json!({})).await.expect(200);
        let got = scene.provider.take_one();
        assert_eq!(got.header("x-api-key"), Some(PROVIDER_KEY));
        assert_eq!(got.header("authorization"), None);
        assert_eq!(got.header("anthropic-version"), Some("2023-06-01"));
        let newer = [("anthropic-version", "2027-01-01")];
        program.send(Method::GET, "/proxy/anthropic/v1/models", None, &newer).await.expect(200);
        assert_eq!(scene.provider.take_one().header("anthropic-version"), Some("2027-01-01"));
    }
}

with_a_provider! {
    async fn our_key_may_stand_where_it_may_everywhere(scene) {
        let (_, program) = scene.program();
        let client = reqwest::Client::new();
        for value in [format!("Bearer {}", program.key), format!("ApiKey {}", program.key)] {
            let url = program.url("/proxy/openai/v1/models");
            let answer = client.get(url).header("authorization", value).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(!scene.provider.take_one().mentions(&program.key));
        }
    }
}

with_a_provider! {
    async fn connections_to_the_provider_are_kept(scene) {
        let (_, program) = scene.program();
        for _ in 0..10 {
            program.get("/proxy/openai/v1/models").await.expect(200);
        }
        // One for each worker at most.
        assert!(scene.provider.connections() <= 2, "{}", scene.provider.connections());
    }
}

with_a_provider! {
    async fn answers_pass_as_they_are_errors_too(scene) {
        let (_, program) = scene.program();
        for status in [400, 401, 403, 404, 418, 429, 500, 503, 529] {
            let answer = program.get(&format!("/proxy/openai/status/{status}")).await.expect(status);
            assert_eq!(answer.json()["error"]["message"], format!("It is {status}."));
            assert_eq!(answer.header("retry-after"), "17");
            assert_eq!(answer.header("keyport-error"), "");
            assert_eq!(answer.header("www-authenticate"), "");
        }
        let empty = program.get("/proxy/openai/nothing-to-say").await.expect(204);
        assert_eq!(empty.text(), "");
        let head = program.send(Method::HEAD, "/proxy/openai/v1/models", None, &[]).await.expect(200);
        assert_ne!(head.header("content-length"), "0");
    }
}

with_a_provider! {
    async fn what_would_speak_for_our_origin_stays_away(scene) {
        let (_, program) = scene.program();
        let answer = program.get("/proxy/openai/headers").await.expect(200);
        for name in ["set-cookie", "alt-svc", "keyport-error", "x-hop"] {
            assert_eq!(answer.header(name), "", "{name}");
        }
        assert_eq!(answer.header("ratelimit-remaining"), "7");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("content-security-policy").contains("sandbox"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

with_a_provider! {
    async fn refusals_of_our_own_are_marked_and_call_no_one(scene) {
        let (account, program) = scene.program();
        let without = reqwest::get(program.url("/proxy/openai/v1/models")).await.unwrap();
        assert_eq!(without.status(), 401);
        assert_eq!(without.headers()["keyport-error"], "missing_key");
        assert_eq!(without.headers()["www-authenticate"], "ApiKey realm=\"keyport\"");
        let wrong = scene.app.program("kp_nothing");
        assert_ours(&wrong, "/proxy/openai/v1/models", 401, "invalid_key").await;
        assert_ours(&program, "/proxy/acme/v1/models", 404, "unknown_provider").await;
        assert_ours(&program, "/proxy", 404, "unknown_provider").await;
        assert_ours(&program, "/proxy/OpenAI/v1/models", 404, "unknown_provider").await;
        assert_ours(&program, "/proxy/groq/v1/models", 409, "no_provider_key").await;
        let two = [("authorization", "Bearer other")];
        let answer = program.send(Method::GET, "/proxy/openai/v1/models", None, &two).await;
        assert_eq!(answer.expect_problem(400, "two_keys").header("keyport-error"), "two_keys");
        for method in [Method::TRACE, Method::OPTIONS] {
            let answer = program.send(method, "/proxy/openai/v1/models", None, &[]).await;
            let answer = answer.expect_problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), "GET, HEAD, POST, PUT, PATCH, DELETE");
        }
        scene.app.execute(&format!("UPDATE accounts SET disabled_at = 1 WHERE id = {}", account.id.as_number()));
        assert_ours(&program, "/proxy/openai/v1/models", 401, "owner_disabled").await;
        assert!(scene.provider.take().is_empty());
    }
}

with_a_provider! {
    async fn a_key_without_the_scope_is_refused(scene) {
        let (mut maren, _) = scene.person().await;
        let fields = [("name", "x"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:read")];
        let reader = scene.app.program(maren.create_key(&fields).await);
        assert_ours(&reader, "/proxy/openai/v1/models", 403, "missing_scope").await;
        let fields = [("name", "x"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "integrations:use")];
        let user = scene.app.program(maren.create_key(&fields).await);
        user.get("/proxy/openai/v1/models").await.expect(200);
    }
}

with_a_provider! {
    async fn paths_that_can_be_read_in_two_ways_are_refused(scene) {
        let (_, program) = scene.program();
        // Written by hand: libraries tidy such paths up before they send them.
        for path in [
            "/v1/../admin", "/v1/%2e%2e/admin", "/v1/.%2E/admin", "/v1/%252e%252e/admin", "/v1%2Fmodels",
            "/v1/%5c..%5cx", "/v1//models", "//elsewhere.example/x", "/v1/a%00b", "/v1/%0d%0aHost:%20x", "/v1/%zz",
            "/v1/..;/x",
        ] {
            let head = format!(
                "GET /proxy/openai{path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\n\r\n",
                program.key
            );
            let answer = raw(&scene, &head).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
            assert!(answer.contains("keyport-error: bad_path"), "{path}: {answer}");
            assert!(answer.contains("The path has"), "{path}: {answer}");
        }
        assert!(scene.provider.take().is_empty());
        scene.app.flush();
        // Nobody's rate limit is used up by what was never sent.
        program.get("/proxy/openai/v1/models").await.expect(200);
    }
}

/// Sends bytes as they are, and reads to the end.
async fn raw(scene: &Scene, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(scene.app.address)
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

with_a_provider! {
    async fn a_host_in_the_path_leads_nowhere_else(scene) {
        let (_, program) = scene.program();
        for path in ["/@elsewhere.example/x", "/v1/http:/elsewhere.example", "/:80/x", "/v1/x%40elsewhere.example"] {
            program.get(&format!("/proxy/openai{path}")).await.expect(200);
            let got = scene.provider.take_one();
            assert_eq!(got.target, path);
            assert_eq!(got.header("host"), Some(scene.provider.address.to_string().as_str()));
        }
        let host = [("host", "elsewhere.example")];
        program.send(Method::GET, "/proxy/openai/v1/models", None, &host).await.expect(200);
        let got = scene.provider.take_one();
        assert_eq!(got.header("host"), Some(scene.provider.address.to_string().as_str()));
    }
}

with_a_provider! {
    async fn a_provider_that_gives_no_answer_is_said_to(scene) {
        let (_, program) = scene.program();
        for path in ["nothing", "garbage"] {
            assert_ours(&program, &format!("/proxy/openai/{path}"), 502, "provider_unreachable").await;
        }
        // One that is gone altogether.
        drop(scene.provider);
        scene.app.flush();
        let gone = scene.app.program_of(&scene.app.account("ravi@example.com", "Ravi"));
        assert_ours(&gone, "/proxy/openai/v1/models", 409, "no_provider_key").await;
        assert_ours(&program, "/proxy/openai/v1/models", 502, "provider_unreachable").await;
    }
}

with_a_provider! {
    async fn a_redirect_is_neither_followed_nor_passed_on(scene) {
        let (_, program) = scene.program();
        let answer = program.get("/proxy/openai/redirect").await.expect_problem(502, "bad_provider_answer");
        assert_eq!(answer.header("keyport-error"), "bad_provider_answer");
        assert_eq!(answer.header("location"), "");
        assert!(!answer.text().contains("elsewhere.example"), "{}", answer.text());
        assert_eq!(scene.provider.take().len(), 1);
    }
}

with_a_provider! {
    async fn an_answer_that_breaks_off_is_not_taken_for_whole(scene) {
        let (_, program) = scene.program();
        let client = reqwest::Client::new();
        let url = program.url("/proxy/openai/half");
        let answer = client.get(url).header("x-api-key", &program.key).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.bytes().await.is_err());
    }
}

with_a_provider! {
    with [("KEYPORT_PROXY_ANSWER_SECONDS", "1"), ("KEYPORT_PROXY_SILENCE_SECONDS", "1")],
    async fn a_provider_that_is_too_slow_is_not_waited_for(scene) {
        let (_, program) = scene.program();
        assert_ours(&program, "/proxy/openai/slow", 504, "provider_too_slow").await;
        scene.provider.gone().await;
        let client = reqwest::Client::new();
        let url = program.url("/proxy/openai/stalls");
        let answer = client.get(url).header("x-api-key", &program.key).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.bytes().await.is_err());
        scene.provider.gone().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_does_not_fit_ends_the_call_before_the_key_is_sent() {
    let provider = Provider::spawn_with_wrong_certificate().await;
    let scene = Scene::spawn_before(provider, Engine::Sqlite, &[]).await;
    let (_, program) = scene.program();
    let answer = program
        .get("/proxy/openai/v1/models")
        .await
        .expect_problem(502, "provider_unreachable");
    assert!(answer.text().contains("certificate"), "{}", answer.text());
    assert!(scene.provider.take().is_empty());
}

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
             FROM key_requests ORDER BY id",
        );
        assert_eq!(rows, [
            "/proxy/openai/status/503 503 503 asked",
            "/proxy/openai/nothing 502 none asked",
            "/proxy/acme/x 404 none not asked",
        ]);
        let counted = scene.app.text("SELECT CAST(SUM(requests) AS TEXT) AS text FROM usage_minutes WHERE outcome = 0");
        assert_eq!(counted, "3");
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
    with [("KEYPORT_QUERY_KEYS", "allow")],
    async fn a_key_in_the_address_does_not_go_on(scene) {
        let (_, program) = scene.program();
        let client = reqwest::Client::new();
        let get = async |path: String| client.get(program.url(&path)).send().await.unwrap();
        let answer = get(format!("/proxy/openai/v1/models?a=1&apikey={}&b=2", program.key)).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(scene.provider.take_one().target, "/v1/models?a=1&b=2");
        let answer = get(format!("/proxy/openai/v1/models?%61pikey={}", program.key)).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(scene.provider.take_one().target, "/v1/models");
        for path in [format!("/v1/models?key={}", program.key), format!("/v1/{}", program.key)] {
            let answer = program.get(&format!("/proxy/openai{path}")).await;
            answer.expect_problem(400, "key_in_url");
        }
        assert!(scene.provider.take().is_empty());
    }
}

with_a_provider! {
    async fn a_key_in_the_address_is_refused_where_keys_in_addresses_are(scene) {
        let (_, program) = scene.program();
        let url = program.url(&format!("/proxy/openai/v1/models?apikey={}", program.key));
        let answer = reqwest::get(url).await.unwrap();
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers()["keyport-error"], "key_in_url");
        assert!(scene.provider.take().is_empty());
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
