//! One call at a time: what goes on to the provider, and what comes back.

use reqwest::Method;
use serde_json::json;

use super::scene::PROVIDER_KEY;
use crate::support::actors::id_of;
use crate::support::provider::answers::WORDS;
use crate::with_a_provider;

const CHAT: &str = "/proxy/openai/v1/chat/completions";

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
        for name in [
            "set-cookie", "alt-svc", "keyport-error", "x-hop", "x-accel-redirect", "x-sendfile", "surrogate-control",
        ] {
            assert_eq!(answer.header(name), "", "{name}");
        }
        assert_eq!(answer.header("ratelimit-remaining"), "7");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("content-security-policy").contains("sandbox"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}
