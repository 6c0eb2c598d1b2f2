//! Bodies that pass piece by piece, both ways; and what happens when one end goes away.

use reqwest::{Client, Response};

use super::scene::{Scene, body_in_pieces};
use crate::support::{Engine, Program};
use crate::with_a_provider;

async fn open(program: &Program, path: &str) -> Response {
    open_with(&Client::new(), program, path).await
}

async fn open_with(client: &Client, program: &Program, path: &str) -> Response {
    let request = client.get(program.url(&format!("/proxy/openai{path}")));
    request
        .header("x-api-key", &program.key)
        .send()
        .await
        .unwrap()
}

with_a_provider! {
    async fn events_come_through_one_by_one(scene) {
        let (_, program) = scene.program();
        let mut answer = open(&program, "/gated").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        for word in ["Hello ", "from ", "afar"] {
            // The provider sends an event only now: whoever holds one back waits here for ever.
            scene.provider.step();
            let chunk = answer.chunk().await.unwrap().unwrap();
            let text = String::from_utf8_lossy(&chunk);
            assert!(text.starts_with("data: ") && text.ends_with("\n\n"), "{text}");
            assert!(text.contains(&format!("{word:?}")), "{text}");
        }
        for _ in 0..3 {
            scene.provider.step();
            answer.chunk().await.unwrap().unwrap();
        }
        assert!(answer.chunk().await.unwrap().is_none());
    }
}

with_a_provider! {
    async fn a_body_of_unknown_length_goes_up_piece_by_piece(scene) {
        let (_, program) = scene.program();
        let (sender, body) = body_in_pieces();
        let request = Client::new()
            .post(program.url("/proxy/openai/upload"))
            .header("x-api-key", &program.key)
            .body(body);
        let sent = tokio::spawn(request.send());
        for piece in ["one ", "two ", "three"] {
            sender.send(Ok(piece.to_owned())).await.unwrap();
            // It has arrived there before the next is sent.
            scene.provider.piece().await;
        }
        drop(sender);
        assert_eq!(sent.await.unwrap().unwrap().status(), 200);
        let got = scene.provider.take_one();
        assert_eq!(got.body, b"one two three");
        assert_eq!(got.header("content-length"), None);
    }
}

with_a_provider! {
    async fn a_long_body_of_known_length_goes_up_with_its_length(scene) {
        let (_, program) = scene.program();
        let body = "x".repeat(3_000_000);
        let request = Client::new()
            .post(program.url("/proxy/openai/upload"))
            .header("x-api-key", &program.key)
            .header("content-type", "audio/wav")
            .body(body.clone());
        assert_eq!(request.send().await.unwrap().status(), 200);
        let got = scene.provider.take_one();
        assert_eq!(got.header("content-length"), Some("3000000"));
        assert_eq!(got.header("content-type"), Some("audio/wav"));
        assert!(got.body == body.as_bytes());
    }
}

with_a_provider! {
    async fn a_client_that_leaves_ends_the_call_before_its_first_byte(scene) {
        let (_, program) = scene.program();
        let url = program.url("/proxy/openai/slow");
        let request = Client::new().get(url).header("x-api-key", &program.key);
        let waiting = tokio::spawn(request.send());
        while scene.provider.take().is_empty() {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        scene.provider.gone().await;
        assert_eq!(scene.noted().await, "499 none");
    }
}

with_a_provider! {
    async fn a_client_that_leaves_ends_the_call_within_its_answer(scene) {
        let (_, program) = scene.program();
        let mut answer = open(&program, "/gated").await;
        scene.provider.step();
        answer.chunk().await.unwrap().unwrap();
        // The provider is silent: nothing is written that could fail.
        drop(answer);
        scene.provider.gone().await;
    }
}

with_a_provider! {
    async fn an_endless_answer_comes_no_faster_than_it_is_taken(scene) {
        let (_, program) = scene.program();
        let mut answer = open(&program, "/endless").await;
        answer.chunk().await.unwrap().unwrap();
        // No one reads on: what is on its way fills the buffers of four sockets, and no memory of ours.
        scene.provider.halt().await;
        assert!(scene.provider.written() < 40_000_000, "{}", scene.provider.written());
        answer.chunk().await.unwrap().unwrap();
        drop(answer);
        scene.provider.gone().await;
    }
}

/// Once, since it is about bytes and no database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_passes() {
    let scene = Scene::spawn(Engine::Sqlite, &[]).await;
    let (_, program) = scene.program();
    let mut answer = open(&program, "/gigabyte").await;
    assert_eq!(answer.content_length(), Some(1 << 30));
    let mut bytes = 0;
    while let Some(chunk) = answer.chunk().await.unwrap() {
        assert!(chunk.iter().step_by(4096).all(|byte| *byte == b'1'));
        bytes += chunk.len();
    }
    assert_eq!(bytes, 1 << 30);
}

with_a_provider! {
    async fn many_streams_are_open_at_once(scene) {
        let (_, program) = scene.program();
        let (client, mut answers) = (Client::new(), Vec::new());
        for _ in 0..100 {
            answers.push(open_with(&client, &program, "/gated").await);
        }
        for _ in 0..600 {
            scene.provider.step();
        }
        for answer in answers {
            let text = answer.text().await.unwrap();
            assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        }
        scene.app.flush();
        let tokens = "SELECT CAST(calls AS TEXT) || ' ' || CAST(output_tokens AS TEXT) AS text FROM token_days";
        assert_eq!(scene.app.texts(tokens), ["100 300"]);
    }
}
