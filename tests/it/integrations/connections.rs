//! Connections to a provider: kept for the next call where that is safe, and let go of where it is not.

use futures_util::stream;
use reqwest::{Body, Client};

use super::refusals::assert_ours;
use super::scene::{Scene, body_in_pieces};
use crate::support::Engine;
use crate::support::provider::Provider;
use crate::with_a_provider;

with_a_provider! {
    async fn connections_to_the_provider_are_kept(scene) {
        let (_, program) = scene.program();
        for _ in 0..10 {
            program.get("/proxy/openai/v1/models").await.expect(200);
            program.send(reqwest::Method::HEAD, "/proxy/openai/nothing-to-say", None, &[]).await.expect(204);
        }
        // One for each worker at most.
        assert!(scene.provider.connections() <= 2, "{}", scene.provider.connections());
    }
}

with_a_provider! {
    async fn one_that_the_provider_has_closed_is_replaced(scene) {
        let (_, program) = scene.program();
        for _ in 0..5 {
            program.get("/proxy/openai/hangs-up").await.expect(200);
            scene.provider.closed().await;
        }
        program.get("/proxy/openai/v1/models").await.expect(200);
        assert_eq!(scene.provider.take().len(), 6);
    }
}

with_a_provider! {
    async fn one_that_is_to_be_closed_is_not_kept(scene) {
        let (_, program) = scene.program();
        for path in ["closes", "old"] {
            program.get(&format!("/proxy/openai/{path}")).await.expect(200);
            // The provider waits for us to close it.
            scene.provider.gone().await;
        }
        program.get("/proxy/openai/v1/models").await.expect(200);
    }
}

with_a_provider! {
    async fn one_on_which_half_a_request_lies_is_not_kept(scene) {
        let (_, program) = scene.program();
        // The rest of it never comes.
        let (sender, body) = body_in_pieces();
        let request = Client::new()
            .post(program.url("/proxy/openai/early"))
            .header("x-api-key", &program.key)
            .body(body);
        sender.send(Ok("half".to_owned())).await.unwrap();
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 413);
        assert_eq!(answer.text().await.unwrap(), r#"{"error":"long"}"#);
        scene.provider.gone().await;
        drop(sender);
    }
}

with_a_provider! {
    async fn a_client_that_leaves_while_it_sends_ends_the_call(scene) {
        let (_, program) = scene.program();
        let (sender, body) = body_in_pieces();
        let request = Client::new()
            .post(program.url("/proxy/openai/upload"))
            .header("x-api-key", &program.key)
            .body(body);
        let sent = tokio::spawn(request.send());
        sender.send(Ok("half".to_owned())).await.unwrap();
        scene.provider.piece().await;
        sent.abort();
        scene.provider.closed().await;
        // It never counts as received, and is no fault of the provider's.
        assert!(scene.provider.take().is_empty());
        assert_eq!(scene.noted().await, "499 none");
    }
}

with_a_provider! {
    async fn a_body_goes_on_whatever_the_method(scene) {
        let (_, program) = scene.program();
        for method in [reqwest::Method::GET, reqwest::Method::DELETE, reqwest::Method::PATCH] {
            let pieces = stream::iter(["one ", "two"].map(Ok::<_, std::io::Error>));
            let request = Client::new()
                .request(method.clone(), program.url("/proxy/openai/v1/files"))
                .header("x-api-key", &program.key)
                // The client would leave the body of a GET out, too.
                .header("transfer-encoding", "chunked")
                .body(Body::wrap_stream(pieces));
            assert_eq!(request.send().await.unwrap().status(), 200);
            let got = scene.provider.take_one();
            assert_eq!((got.method.as_str(), got.body.as_slice()), (method.as_str(), &b"one two"[..]));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_hangs_up_before_it_is_asked_is_called_once() {
    let provider = Provider::spawn_that_hangs_up().await;
    let scene = Scene::spawn_before(provider, Engine::Sqlite, &[]).await;
    let (_, program) = scene.program();
    let before = scene.provider.connections();
    assert_ours(
        &program,
        "/proxy/openai/v1/models",
        502,
        "provider_unreachable",
    )
    .await;
    assert_eq!(scene.provider.connections(), before + 1);
}
