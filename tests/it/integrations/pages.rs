//! The pages of provider keys: custom providers, removing, who may.

use crate::support::app::PASSWORD;
use crate::with_a_provider;

use super::keys::{LIST, badge, enter, stored};
use super::scene::PROVIDER_KEY;

const NEW: &str = "/settings/integrations/new";

with_a_provider! {
    async fn the_page_lists_what_can_be_connected(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let page = maren.get(LIST).await.expect(200).page;
        assert_eq!(page.words(".side a[aria-current]"), "Integrations");
        assert!(page.words(".notice.info").contains("You see the first 4 and last 4 characters."));
        let names = page.all("[aria-labelledby=add] h3");
        for name in ["OpenAI", "Anthropic", "OpenRouter", "Google Gemini", "Mistral", "Groq", "DeepSeek", "xAI"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        assert_eq!(names.last().map(String::as_str), Some("Custom provider"));
        assert_eq!(page.attribute("[aria-labelledby=add] li.whole a", "href"), NEW);
    }
}

with_a_provider! {
    async fn a_provider_of_ones_own_is_added_connected_and_removed(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let url = scene.provider.url();
        // Without a key first; a version does not belong to it.
        let with_version = format!("{url}/v1/");
        let fields = [("slug", "my-models"), ("base_url", with_version.as_str()), ("auth", "x-api-key")];
        let added = maren.fill_in(NEW, NEW, &fields).await.expect(303);
        assert_eq!(added.header("location"), "/settings/integrations/my-models");
        assert!(scene.provider.take().is_empty());
        enter(&mut maren, "my-models", PROVIDER_KEY).await.expect(303);
        let call = scene.provider.take_one();
        assert_eq!(call.target, "/v1/models");
        assert_eq!(call.header("x-api-key"), Some(PROVIDER_KEY));
        let page = maren.get(LIST).await.expect(200).page;
        assert_eq!(page.words("[aria-labelledby=p-my-models] .badge-k"), "Connected");
        assert_eq!(page.words("[aria-labelledby=p-my-models] [data-copy]"), "http://localhost:8080/proxy/my-models/v1");
        // With its key at once.
        let fields = [("slug", "second"), ("base_url", url.as_str()), ("auth", "bearer"), ("key", PROVIDER_KEY)];
        maren.fill_in(NEW, NEW, &fields).await.expect(303);
        assert_eq!(badge(&mut maren, "second").await.as_deref(), Some("Connected"));
        // They are no one else's.
        let mut other = scene.app.person("other@example.com", "Other").await;
        for path in ["/settings/integrations/second", "/settings/integrations/second/remove"] {
            other.get(path).await.expect(404);
        }
        let remove = "/settings/integrations/second/remove";
        let asked = maren.get(remove).await.expect(200).page;
        assert_eq!(asked.words("h1"), "Remove second?");
        maren.fill_in(remove, remove, &[]).await.expect(303);
        maren.get(remove).await.expect(404);
        assert_eq!(badge(&mut maren, "second").await, None);
        assert_eq!(scene.app.audited("provider.add"), ["my-models done", "second done"]);
        assert_eq!(scene.app.audited("provider.remove"), ["second done"]);
    }
}

with_a_provider! {
    async fn a_provider_that_cannot_be_is_refused_with_the_field_and_adds_nothing(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let url = scene.provider.url();
        let port = scene.provider.address.port();
        let elsewhere = format!("http://127.0.0.1:{}", if port == 9 { 10 } else { 9 });
        let other_host = format!("http://127.0.0.2:{port}");
        let good = [("slug", "mine"), ("base_url", url.as_str()), ("auth", "bearer")];
        for (field, value) in [
            ("slug", ""),
            ("slug", "Mine"),
            ("slug", "a/b"),
            ("slug", ".."),
            ("slug", "new"),
            ("slug", "openai"),
            ("base_url", ""),
            ("base_url", "api.example.com"),
            ("base_url", "ftp://api.example.com"),
            ("base_url", "http://api.example.com"),
            ("base_url", "https://user:pass@api.example.com"),
            ("base_url", "https://api.example.com/?key=1"),
            ("base_url", "https://127.0.0.1"),
            ("base_url", "https://[::1]"),
            ("base_url", "https://10.0.0.1/"),
            ("base_url", "https://169.254.169.254/latest"),
            ("base_url", "https://localhost"),
            ("base_url", elsewhere.as_str()),
            ("base_url", other_host.as_str()),
            ("auth", "basic"),
        ] {
            let mut fields = good.to_vec();
            fields.retain(|(name, _)| *name != field);
            fields.push((field, value));
            let page = maren.fill_in(NEW, NEW, &fields).await.expect(422).page;
            assert!(page.has(&format!("#{field}-error")), "{field} {value}");
            assert!(page.words(".notice.bad").starts_with("The provider was not added."));
        }
        maren.fill_in(NEW, NEW, &good).await.expect(303);
        let twice = maren.fill_in(NEW, NEW, &good).await.expect(422).page;
        assert!(twice.words(".notice.bad").contains("You have one of this name."));
        // A key that is refused adds nothing either.
        let fields = [("slug", "third"), ("base_url", url.as_str()), ("auth", "bearer"), ("key", "sk-bad-abcdefghijkl")];
        let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
        assert!(refused.page.words(".notice.bad").starts_with("third refused this key with 401. It was not saved."));
        assert_eq!(refused.page.attribute("#slug", "value"), "third");
        assert!(!refused.text().contains("sk-bad"));
        assert_eq!(stored(&scene.app), "0");
        assert_eq!(scene.app.audited("provider.add"), ["mine done"]);
    }
}

with_a_provider! {
    async fn removing_is_asked_first_and_says_what_it_means(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let remove = "/settings/integrations/openai/remove";
        maren.get(remove).await.expect(404);
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let asked = maren.get(remove).await.expect(200).page;
        assert_eq!(asked.words("h1"), "Remove the OpenAI key?");
        assert!(asked.words(".key-line").contains("sk-g…w3Fq"));
        assert_eq!(stored(&scene.app), "1");
        maren.post_raw(remove, &[("form_token", "stale")], &[]).await.expect(422);
        assert_eq!(stored(&scene.app), "1");
        maren.fill_in(remove, remove, &[]).await.expect(303);
        assert_eq!(stored(&scene.app), "0");
        let page = maren.get(LIST).await.expect(200).page;
        assert!(page.words(".notice.ok").starts_with("The OpenAI key was removed."));
        assert_eq!(scene.app.audited("provider_key.remove"), ["openai done"]);
    }
}

with_a_provider! {
    async fn a_provider_key_needs_a_recent_sign_in_and_a_fresh_form(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let page = "/settings/integrations/openai";
        maren.post_raw(page, &[("form_token", "stale"), ("key", PROVIDER_KEY)], &[]).await.expect(422);
        maren.post_raw(NEW, &[("form_token", "stale"), ("slug", "mine")], &[]).await.expect(422);
        let check = "/settings/integrations/openai/check";
        maren.post_raw(check, &[("form_token", "stale")], &[]).await.expect(422);
        let cross = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
        maren.post_raw(page, &[("key", PROVIDER_KEY)], &cross).await.expect(403);
        let opened = maren.get(page).await.expect(200);
        scene.app.advance(chrono::TimeDelta::minutes(15));
        let sent = maren.send_form(&opened, page, &[("key", PROVIDER_KEY)]).await.expect(303);
        assert_eq!(sent.header("location"), "/sign-in/confirm?next=%2Fsettings%2Fintegrations%2Fopenai");
        for path in [page, NEW, "/settings/integrations/openai/remove"] {
            let sent = maren.get(path).await.expect(303);
            assert!(sent.header("location").starts_with("/sign-in/confirm?"), "{path}");
        }
        assert!(scene.provider.take().is_empty());
        assert_eq!(stored(&scene.app), "0");
        maren.confirm(PASSWORD).await.expect(303);
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        // There is nothing to check where nothing is kept.
        maren.post_from(LIST, "/settings/integrations/mistral/check", &[]).await.expect(404);
        maren.post_from(LIST, "/settings/integrations/nobody/check", &[]).await.expect(404);
    }
}

with_a_provider! {
    async fn closing_an_account_removes_what_it_kept(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let url = scene.provider.url();
        let fields = [("slug", "mine"), ("base_url", url.as_str()), ("auth", "bearer")];
        maren.fill_in(NEW, NEW, &fields).await.expect(303);
        let close = "/settings/profile/close";
        maren.fill_in(close, close, &[]).await.expect(303);
        assert_eq!(stored(&scene.app), "0");
        let left = scene.app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM custom_providers");
        assert_eq!(left, "0");
    }
}
