//! Calls that are not made, or come to nothing: each with a clear answer of our own.

use reqwest::Method;

use super::scene::Scene;
use crate::support::app::PASSWORD;
use crate::support::provider::Provider;
use crate::support::{Engine, Program, TestApp};
use crate::with_a_provider;

/// A refusal by keyport itself: a problem, and marked.
pub(super) async fn assert_ours(program: &Program, path: &str, status: u16, code: &str) {
    let answer = program.get(path).await.expect_problem(status, code);
    assert_eq!(answer.header("keyport-error"), code, "{path}");
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
    async fn a_call_that_has_been_here_before_goes_no_further(scene) {
        let (_, program) = scene.program();
        for line in ["localhost:8080", "cloudflare, LOCALHOST:8080; v=1", "a,localhost:8080,b"] {
            let sent = [("cdn-loop", line)];
            let answer = program.send(Method::GET, "/proxy/openai/v1/models", None, &sent).await;
            let answer = answer.expect_problem(508, "loop_detected");
            assert_eq!(answer.header("keyport-error"), "loop_detected", "{line}");
        }
        assert!(scene.provider.take().is_empty());
        // Others' names go on, and ours with them, so that it would be known again.
        for line in ["cloudflare", "localhost:80801", "localhost"] {
            let sent = [("cdn-loop", line)];
            program.send(Method::GET, "/proxy/openai/v1/models", None, &sent).await.expect(200);
            let got = scene.provider.take_one();
            let names = got.headers.iter().filter(|(name, _)| name == "cdn-loop");
            let names: Vec<&str> = names.map(|(_, value)| value.as_str()).collect();
            assert_eq!(names, [line, "localhost:8080"]);
        }
    }
}

with_a_provider! {
    async fn a_provider_that_leads_back_here_is_called_once(scene) {
        let (account, program) = scene.program();
        let back = scene.app.address;
        // Allowed by its operator, as every server on a public address is.
        let (file, place) = scene.settings();
        let place = format!("{place},{back}");
        let settings = [("KEYPORT_CONFIG", file.as_str()), ("KEYPORT_ALLOW_PRIVATE_PROVIDERS", place.as_str())];
        let beside = TestApp::spawn_beside(&scene.app, &settings).await;
        let mut maren = beside.anonymous();
        maren.sign_in(&account.email, PASSWORD).await;
        let url = format!("http://{back}/proxy/openai");
        let fields = [
            ("slug", "round"), ("base_url", url.as_str()), ("auth", "x-api-key"), ("key", program.key.as_str()),
        ];
        let new = "/settings/integrations/new";
        maren.fill_in(new, new, &fields).await.expect(303);
        let page = maren.get("/settings/integrations").await.expect(200).page;
        assert!(page.words(".notice.warn[role=status]").contains("It answered 508."));
        let answer = beside.program(&*program.key).get("/proxy/round/v1/models").await.expect(508);
        assert!(answer.text().contains("loop_detected"));
        assert!(scene.provider.take().is_empty());
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
    async fn an_answer_with_two_lengths_is_passed_on_whole(scene) {
        let (_, program) = scene.program();
        let answer = program.get("/proxy/openai/two-lengths").await.expect(200);
        assert_eq!(answer.text(), "all of twenty bytes.");
        assert_eq!(answer.header("content-length"), "");
        // What it is no answer to stays on its connection.
        program.get("/proxy/openai/v1/models").await.expect(200);
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
