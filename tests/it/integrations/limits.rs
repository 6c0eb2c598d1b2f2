//! Which calls a key may make: set on its page, counted from the next call on.

use keyport::domain::usage::outcome::Outcome;
use reqwest::Method;
use serde_json::json;

use crate::support::actors::id_of;
use crate::support::usage::counted_as;
use crate::support::{Person, Program};
use crate::with_a_provider;

async fn limit(person: &mut Person, program: &Program, fields: &[(&str, &str)]) {
    let path = format!("/settings/api/{}/integrations", id_of(&program.key));
    let answer = person.fill_in(&path, &path, fields).await.expect(303);
    assert_eq!(
        answer.header("location"),
        format!("/settings/api/{}", id_of(&program.key))
    );
}

async fn assert_outside(program: &Program, method: Method, path: &str, words: &str) {
    let answer = program
        .send(method, &format!("/proxy{path}"), None, &[])
        .await;
    let answer = answer.expect_problem(403, "outside_limits");
    assert_eq!(answer.header("keyport-error"), "outside_limits");
    assert!(answer.text().contains(words), "{}", answer.text());
}

with_a_provider! {
    async fn a_key_makes_only_the_calls_that_its_limits_allow(scene) {
        let (mut maren, program) = scene.person().await;
        program.get("/proxy/anthropic/v1/models").await.expect(200);
        limit(&mut maren, &program, &[
            ("provider", "openai"), ("method", "GET"), ("method", "POST"), ("paths", "/v1/models*\r\n\r\n /v1/chat/completions "),
        ]).await;
        scene.provider.take();
        assert_outside(&program, Method::GET, "/anthropic/v1/models", "the provider anthropic").await;
        assert_outside(&program, Method::DELETE, "/openai/v1/models/x", "with DELETE").await;
        assert_outside(&program, Method::GET, "/openai/v1/files", "this path").await;
        assert_outside(&program, Method::GET, "/openai/v1/chat/completions/x", "this path").await;
        assert_outside(&program, Method::GET, "/acme/v1/models", "the provider acme").await;
        assert!(scene.provider.take().is_empty());
        program.get("/proxy/openai/v1/models").await.expect(200);
        program.get("/proxy/openai/v1/%6Dodels/standin-1").await.expect(200);
        program.post("/proxy/openai/v1/chat/completions", &json!({})).await.expect(200);
        assert_eq!(scene.provider.take().len(), 3);
        scene.app.flush();
        assert_eq!(counted_as(&scene.app.state.pool, Outcome::OutsideLimits), 5);
        let page = maren.get(&format!("/settings/api/{}", id_of(&program.key))).await.expect(200);
        assert!(page.text().contains("Outside limits"));
        assert!(page.text().contains("Providers: OpenAI") && page.text().contains("Methods: GET, POST"));
        let page = maren.get(&format!("/settings/api/{}/access", id_of(&program.key))).await.expect(200);
        assert!(page.text().contains("Paths: /v1/models*, /v1/chat/completions"));
        // Taken back.
        limit(&mut maren, &program, &[("paths", "")]).await;
        program.get("/proxy/anthropic/v1/models").await.expect(200);
        assert_eq!(scene.app.audited("key.limit_calls").len(), 2);
    }
}

with_a_provider! {
    async fn the_form_says_what_is_wrong_and_changes_nothing(scene) {
        let (mut maren, program) = scene.person().await;
        let path = format!("/settings/api/{}/integrations", id_of(&program.key));
        for (field, value, words) in [
            ("provider", "nowhere", "There is no provider “nowhere”."),
            ("method", "BREW", "Choose some of these."),
            ("paths", "v1/models", "does not begin with a slash"),
            ("paths", "/v1/*/x", "has a star that is not its last character"),
            ("paths", "/v1/../x", "would never be passed on"),
            ("paths", "/v1?x=1", "another character that no path has"),
        ] {
            let answer = maren.fill_in(&path, &path, &[(field, value), ("provider", "openai")]).await.expect(422);
            assert!(answer.text().contains(words), "{words}: {}", answer.page.words("main"));
            assert!(answer.page.has("input[name=provider][value=openai][checked]"));
        }
        let many = (0..51).map(|n| format!("/v1/{n}")).collect::<Vec<_>>().join("\n");
        let answer = maren.fill_in(&path, &path, &[("paths", &many)]).await.expect(422);
        assert!(answer.text().contains("at most 50 paths"));
        assert_eq!(scene.app.audited("key.limit_calls").len(), 0);
        program.get("/proxy/anthropic/v1/models").await.expect(200);
        let ravi = scene.app.person("ravi@example.com", "Ravi").await;
        let mut ravi = ravi;
        ravi.get(&path).await.expect(404);
    }
}

with_a_provider! {
    async fn limits_that_cannot_be_read_allow_nothing(scene) {
        let (mut maren, program) = scene.person().await;
        scene.app.execute("UPDATE api_keys SET call_limits = 'nonsense'");
        assert_outside(&program, Method::GET, "/openai/v1/models", "cannot be read").await;
        let page = maren.get(&format!("/settings/api/{}/access", id_of(&program.key))).await.expect(200);
        assert!(page.text().contains("none, since their limits cannot be read"));
        limit(&mut maren, &program, &[("provider", "openai")]).await;
        program.get("/proxy/openai/v1/models").await.expect(200);
    }
}

with_a_provider! {
    async fn a_limited_key_makes_no_key_that_may_call_more(scene) {
        let (mut maren, _) = scene.person().await;
        let fields = [
            ("name", "Maker"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:write"), ("scope", "integrations:use"),
        ];
        let maker = scene.app.program(maren.create_key(&fields).await);
        let before = maker.post("/api/v1/keys", &json!({"name": "Before", "scopes": ["integrations:use"]})).await.expect(201);
        limit(&mut maren, &maker, &[("provider", "openai")]).await;
        let made = maker.post("/api/v1/keys", &json!({"name": "x", "scopes": ["integrations:use"]})).await.expect(201);
        let made = scene.app.program(made.json()["key"].as_str().unwrap());
        made.get("/proxy/openai/v1/models").await.expect(200);
        assert_outside(&made, Method::GET, "/anthropic/v1/models", "the provider anthropic").await;
        let id = before.json()["id"].as_str().unwrap().to_owned();
        let rotated = maker.post(&format!("/api/v1/keys/{id}/rotate"), &json!({})).await;
        rotated.expect_problem(403, "exceeds_caller");
    }
}

with_a_provider! {
    async fn rotating_a_key_keeps_its_limits(scene) {
        let (mut maren, program) = scene.person().await;
        limit(&mut maren, &program, &[("provider", "openai")]).await;
        let path = format!("/settings/api/{}/rotate", id_of(&program.key));
        let shown = maren.fill_in(&path, &path, &[("overlap", "none")]).await.expect(200);
        let program = scene.app.program(shown.page.words("#full-key"));
        assert_outside(&program, Method::GET, "/anthropic/v1/models", "the provider anthropic").await;
        program.get("/proxy/openai/v1/models").await.expect(200);
    }
}
