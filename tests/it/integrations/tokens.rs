//! Tokens: read along, added up by key, provider and day, and charted.

use chrono::TimeDelta;
use keyport::domain::integrations::provider_keys::Owner;
use serde_json::json;

use super::scene::{PROVIDER_KEY, Scene};
use crate::support::actors::id_of;
use crate::support::app::PASSWORD;
use crate::support::command::keyport;
use crate::support::{Person, Program};
use crate::{on_both_engines, with_a_provider};

fn added_up(scene: &Scene) -> Vec<String> {
    scene.app.flush();
    scene.app.texts(
        "SELECT provider || ' ' || CAST(calls AS TEXT) || ' calls ' || CAST(input_tokens AS TEXT) || ' '
            || CAST(output_tokens AS TEXT) AS text
         FROM token_days ORDER BY day, provider, input_tokens",
    )
}

async fn chat(program: &Program, stream: bool) {
    let body = json!({"model": "standin-1", "messages": [], "stream": stream});
    let answer = program
        .post("/proxy/openai/v1/chat/completions", &body)
        .await;
    answer.expect(200);
}

with_a_provider! {
    async fn tokens_are_added_up_by_key_provider_and_day(scene) {
        let (account, program) = scene.program();
        chat(&program, false).await;
        chat(&program, true).await;
        for stream in [false, true] {
            let body = json!({"stream": stream});
            program.post("/proxy/anthropic/v1/messages", &body).await.expect(200);
            program.post("/proxy/openai/v1/responses", &body).await.expect(200);
        }
        assert_eq!(added_up(&scene), ["anthropic 2 calls 20 10", "openai 4 calls 40 14"]);
        // Another key, and the first moment of the next day.
        chat(&scene.app.program_of(&account), false).await;
        scene.app.advance(TimeDelta::hours(5) + TimeDelta::minutes(29));
        chat(&program, false).await;
        assert_eq!(added_up(&scene), [
            "anthropic 2 calls 20 10",
            "openai 1 calls 9 3",
            "openai 4 calls 40 14",
            "openai 1 calls 9 3",
        ]);
    }
}

with_a_provider! {
    async fn answers_without_tokens_are_counted_and_not_charted(scene) {
        let (mut maren, program) = scene.person().await;
        program.get("/proxy/openai/v1/models").await.expect(200);
        program.get("/proxy/openai/status/500").await.expect(500);
        program.get("/proxy/openai/redirect").await.expect(502);
        // What has no answer of the provider is not counted.
        program.get("/proxy/openai/nothing").await.expect(502);
        program.get("/proxy/openai//v1").await.expect(400);
        assert_eq!(added_up(&scene), ["openai 3 calls 0 0"]);
        let page = maren.get("/settings/usage").await.expect(200).page;
        assert!(!page.has("#tokens-heading"));
        // The table is of tokens: it leaves out a provider that told none, and counts all calls of one that did.
        program.get("/proxy/anthropic/v1/models").await.expect(200);
        chat(&program, false).await;
        scene.app.flush();
        let page = maren.get("/settings/usage").await.expect(200).page;
        assert_eq!(page.words("#tokens-by-provider tbody"), "OpenAI493");
    }
}

/// What the card of a provider says of the calls of 30 days.
async fn requests_on_card(person: &mut Person, slug: &str) -> String {
    let page = person.get("/settings/integrations").await.expect(200).page;
    let facts = page.words(&format!("[aria-labelledby=p-{slug}] .facts"));
    let (_, requests) = facts.split_once("Requests, 30 days").unwrap();
    requests.to_owned()
}

with_a_provider! {
    async fn calls_of_30_days_stand_on_the_card_of_their_provider(scene) {
        let (account, program) = scene.program();
        let mut maren = scene.app.anonymous();
        maren.sign_in(&account.email, PASSWORD).await;
        assert_eq!(requests_on_card(&mut maren, "openai").await, "0");
        let other = scene.app.program_of(&account);
        chat(&program, false).await;
        other.get("/proxy/openai/v1/models").await.expect(200);
        program.get("/proxy/anthropic/status/500").await.expect(500);
        // Someone else's calls are theirs.
        let ravi = scene.app.account("ravi@example.com", "Ravi");
        scene.save_key(Owner::Account(ravi.id), "openai", PROVIDER_KEY);
        scene.app.program_of(&ravi).get("/proxy/openai/v1/models").await.expect(200);
        scene.app.flush();
        assert_eq!(requests_on_card(&mut maren, "openai").await, "2");
        assert_eq!(requests_on_card(&mut maren, "anthropic").await, "1");
        // Day 30 is the last that counts.
        scene.app.advance(TimeDelta::days(29));
        maren.sign_in_again(&account.email).await;
        assert_eq!(requests_on_card(&mut maren, "openai").await, "2");
        scene.app.advance(TimeDelta::days(1));
        maren.sign_in_again(&account.email).await;
        assert_eq!(requests_on_card(&mut maren, "openai").await, "0");
    }
}

with_a_provider! {
    async fn what_was_told_before_the_client_left_counts(scene) {
        let (_, program) = scene.program();
        let url = program.url("/proxy/openai/gated");
        let request = reqwest::Client::new().get(url).header("x-api-key", &program.key);
        let mut answer = request.send().await.unwrap();
        for _ in 0..5 {
            scene.provider.step();
            answer.chunk().await.unwrap().unwrap();
        }
        drop(answer);
        scene.provider.gone().await;
        loop {
            match added_up(&scene).as_slice() {
                [] => tokio::task::yield_now().await,
                rows => return assert_eq!(rows, ["openai 1 calls 9 3"]),
            }
        }
    }
}

with_a_provider! {
    async fn tokens_are_charted_on_the_key_s_page_and_on_that_of_all_keys(scene) {
        let (mut maren, program) = scene.person().await;
        let key_page = format!("/settings/api/{}", id_of(&program.key));
        let before = maren.get(&key_page).await.expect(200);
        assert!(!before.page.has("#tokens-heading"));
        chat(&program, false).await;
        program.post("/proxy/anthropic/v1/messages", &json!({})).await.expect(200);
        scene.app.flush();
        for path in [key_page.as_str(), "/settings/usage", "/settings/usage?period=24h"] {
            let page = maren.get(path).await.expect(200).page;
            assert_eq!(page.words("#tokens-heading"), "Tokens per day");
            let table = page.words("#tokens-by-provider tbody");
            assert_eq!(table, "Anthropic1105OpenAI193", "{path}");
            assert!(page.text.contains("22 Nov: 19 sent, 8 received"), "{path}");
        }
        scene.app.advance(TimeDelta::days(8));
        let later = maren.sign_in_again("maren@example.com").await;
        let page = later.get("/settings/usage?period=7d").await.expect(200).page;
        assert!(!page.has("#tokens-heading"));
        let page = later.get("/settings/usage?period=30d").await.expect(200).page;
        assert!(page.has("#tokens-heading"));
    }
}

with_a_provider! {
    async fn someone_else_s_tokens_are_not_shown(scene) {
        let (_, program) = scene.program();
        chat(&program, false).await;
        scene.app.flush();
        let mut ravi = scene.app.person("ravi@example.com", "Ravi").await;
        let page = ravi.get("/settings/usage").await.expect(200).page;
        assert!(!page.has("#tokens-heading"));
    }
}

on_both_engines! {
    async fn the_demonstration_has_calls_and_tokens(app) {
        let settings = [("DATABASE_URL", app.database.url.as_str())];
        let made = keyport(app.database.folder.path(), &settings, &["demo"]);
        assert!(made.status.success(), "{made:?}");
        let called = app.texts(
            "SELECT DISTINCT provider AS text FROM token_days
             WHERE calls > 0 AND input_tokens > 0 AND output_tokens > 0 ORDER BY 1",
        );
        assert_eq!(called, ["anthropic", "openai"]);
    }
}
