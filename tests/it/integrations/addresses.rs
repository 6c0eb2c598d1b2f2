//! Nothing but configured hosts can be called, and nothing private unless an operator allows it by host and port.

use crate::support::provider::Provider;
use crate::support::{Engine, TestApp};
use crate::with_a_provider;

use super::keys::{LIST, badge, check_now, enter, stored};
use super::scene::{PROVIDER_KEY, Scene};

/// A name of this machine that is not "localhost", if it has one: what a hostile name server would answer with.
fn name_of_this_machine() -> Option<String> {
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let lines = hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let address: std::net::IpAddr = words.next()?.parse().ok()?;
            let is_ours = match address {
                std::net::IpAddr::V4(address) => address.is_loopback() || address.is_private(),
                std::net::IpAddr::V6(address) => address.is_loopback(),
            };
            words
                .find(|name| is_ours && !name.ends_with("localhost"))
                .map(ToOwned::to_owned)
        })
        .next()
}

with_a_provider! {
    async fn a_name_that_stands_for_a_private_address_is_not_called(scene) {
        let Some(name) = name_of_this_machine() else { return };
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let new = "/settings/integrations/new";
        let url = format!("https://{name}:{}", scene.provider.address.port());
        let fields = [("slug", "inside"), ("base_url", url.as_str()), ("auth", "bearer"), ("key", PROVIDER_KEY)];
        let refused = maren.fill_in(new, new, &fields).await.expect(422).page;
        assert!(refused.words(".notice.bad").contains("private range"), "{}", refused.words(".notice.bad"));
        assert_eq!(scene.provider.connections(), 0);
        assert_eq!(stored(&scene.app), "0");
    }
}

with_a_provider! {
    async fn what_an_operator_no_longer_allows_is_no_longer_called(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let url = scene.provider.url();
        let new = "/settings/integrations/new";
        let fields = [("slug", "mine"), ("base_url", url.as_str()), ("auth", "bearer"), ("key", PROVIDER_KEY)];
        maren.fill_in(new, new, &fields).await.expect(303);
        scene.provider.take();
        let stricter = TestApp::spawn_beside(&scene.app, &[]).await;
        maren.visits(&stricter);
        check_now(&mut maren, "mine").await.expect(303);
        let page = maren.get(LIST).await.expect(200).page;
        let flash = page.words(".notice.warn[role=status]");
        assert!(flash.starts_with("mine may not be called."), "{flash}");
        assert!(scene.provider.take().is_empty());
        // The key is kept for the day that it is allowed again.
        maren.visits(&scene.app);
        check_now(&mut maren, "mine").await.expect(303);
        assert_eq!(badge(&mut maren, "mine").await.as_deref(), Some("Connected"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_does_not_fit_ends_the_call_before_the_key_is_sent() {
    let provider = Provider::spawn_with_wrong_certificate().await;
    let scene = Scene::spawn_before(provider, Engine::Sqlite, &[]).await;
    let mut maren = scene.app.person("maren@example.com", "Maren").await;
    enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
    let page = maren.get(LIST).await.expect(200).page;
    let flash = page.words(".notice.warn[role=status]");
    assert!(
        flash.starts_with("OpenAI could not be reached. Its certificate does not fit."),
        "{flash}"
    );
    assert_eq!(
        badge(&mut maren, "openai").await.as_deref(),
        Some("Not checked")
    );
    assert!(scene.provider.take().is_empty());
    assert!(scene.provider.connections() > 0);
}
