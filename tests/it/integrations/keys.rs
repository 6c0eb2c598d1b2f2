//! Saving a provider key: checked with the provider's cheapest call, kept sealed, shown by its ends.

use crate::support::{Person, TestApp};
use crate::with_a_provider;

use super::scene::{ODD, PROVIDER_KEY};

/// The list's address.
pub const LIST: &str = "/settings/integrations";
/// What is shown of [`PROVIDER_KEY`].
pub const HINT: &str = "sk-g…w3Fq";

/// Enters a key on the provider's page.
pub async fn enter(person: &mut Person, slug: &str, key: &str) -> crate::support::actors::Answer {
    let page = format!("{LIST}/{slug}");
    person.fill_in(&page, &page, &[("key", key)]).await
}

/// The badge beside the provider's name.
pub async fn badge(person: &mut Person, slug: &str) -> Option<String> {
    let page = person.get(LIST).await.expect(200).page;
    let badges = page.all(&format!("[aria-labelledby=p-{slug}] .badge-k"));
    badges.into_iter().next()
}

/// Presses "Check now".
pub async fn check_now(person: &mut Person, slug: &str) -> crate::support::actors::Answer {
    person
        .post_from(LIST, &format!("{LIST}/{slug}/check"), &[])
        .await
}

/// How many keys are stored.
pub fn stored(app: &TestApp) -> String {
    app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM provider_keys")
}

with_a_provider! {
    async fn a_key_is_checked_saved_and_shown_by_its_ends(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let page = maren.get("/settings/integrations/openai").await.expect(200).page;
        assert_eq!(page.words("h1"), "Connect OpenAI");
        let input = |name: &str| page.attribute("#key", name);
        assert_eq!((input("autocomplete"), input("spellcheck")), ("off".to_owned(), "false".to_owned()));
        // Spaces and line ends come with copying.
        let saved = enter(&mut maren, "openai", &format!(" {PROVIDER_KEY}\r\n")).await.expect(303);
        assert_eq!(saved.header("location"), LIST);
        let call = scene.provider.take_one();
        assert_eq!((call.method.as_str(), call.target.as_str()), ("GET", "/v1/models"));
        assert_eq!(call.header("authorization"), Some(format!("Bearer {PROVIDER_KEY}").as_str()));
        assert_eq!(call.header("cookie"), None);

        enter(&mut maren, "anthropic", PROVIDER_KEY).await.expect(303);
        let call = scene.provider.take_one();
        assert_eq!(call.target, "/v1/models?limit=1");
        assert_eq!(call.header("x-api-key"), Some(PROVIDER_KEY));
        assert_eq!(call.header("anthropic-version"), Some("2023-06-01"));
        assert_eq!(call.header("authorization"), None);

        let list = maren.get(LIST).await.expect(200);
        assert!(list.page.words(".notice.ok").starts_with("Anthropic is connected."));
        let card = "[aria-labelledby=p-openai]";
        assert_eq!(list.page.words(&format!("{card} .badge-k")), "Connected");
        assert_eq!(list.page.words(&format!("{card} .facts code")), HINT);
        assert_eq!(list.page.words(&format!("{card} [data-copy]")), "http://localhost:8080/proxy/openai/v1");
        assert_eq!(list.page.words("[aria-labelledby=p-anthropic] [data-copy]"), "http://localhost:8080/proxy/anthropic");
        assert_eq!(scene.app.audited("provider_key.save"), ["openai done", "anthropic done"]);
        for path in [LIST, "/settings/integrations/openai", "/settings/integrations/openai/remove", "/settings/audit"] {
            let text = maren.get(path).await.expect(200).text().to_owned();
            assert!(!text.contains("sk-good") && !text.contains("abcdefgh"), "{path}");
        }
    }
}

with_a_provider! {
    async fn a_key_that_the_provider_refuses_is_not_saved_and_its_words_are_shown_without_the_key(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let refused = enter(&mut maren, "openai", "sk-bad-abcdefghijklmnopqrst").await.expect(422);
        let notice = refused.page.words(".notice.bad");
        assert!(notice.starts_with("OpenAI refused this key with 401. It was not saved."), "{notice}");
        // The stand-in repeats the key in its words.
        assert!(notice.contains("Incorrect API key provided: …"), "{notice}");
        assert!(!refused.text().contains("sk-bad"));
        assert_eq!(stored(&scene.app), "0");
        assert_eq!(badge(&mut maren, "openai").await, None);
        assert_eq!(scene.app.audited("provider_key.save"), [""; 0]);
    }
}

with_a_provider! {
    async fn an_answer_that_says_nothing_about_the_key_saves_it_as_not_checked(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        for (slug, _) in ODD {
            let saved = enter(&mut maren, slug, PROVIDER_KEY).await.expect(303);
            assert_eq!(saved.header("location"), LIST, "{slug}");
            let page = maren.get(LIST).await.expect(200).page;
            let flash = page.words(".notice[role=status]");
            assert!(flash.starts_with(slug) && flash.ends_with("The key is saved but not checked."), "{flash}");
            assert_eq!(page.words(&format!("[aria-labelledby=p-{slug}] .badge-k")), "Not checked", "{slug}");
        }
        // One call each: nothing was followed or tried again.
        assert_eq!(scene.provider.take().len(), ODD.len());
    }
}

with_a_provider! {
    async fn an_unreachable_provider_saves_the_key_as_not_checked(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "gone", PROVIDER_KEY).await.expect(303);
        let page = maren.get(LIST).await.expect(200).page;
        let flash = page.words(".notice[role=status]");
        assert!(flash.starts_with("gone could not be reached."), "{flash}");
        assert_eq!(page.words("[aria-labelledby=p-gone] .badge-k"), "Not checked");
        let still = check_now(&mut maren, "gone").await.expect(303);
        let page = maren.get(still.header("location")).await.expect(200).page;
        assert!(page.words(".notice[role=status]").ends_with("Nothing was changed."));
    }
}

with_a_provider! {
    async fn what_is_no_key_is_refused_before_anyone_is_called(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        let long = "a".repeat(10 * 1024);
        for (key, words) in [
            ("", "Enter the key."),
            ("  \r\n", "Enter the key."),
            ("sk-one sk-two", "without spaces and line ends"),
            ("sk-one\r\nx-admin: 1", "without spaces and line ends"),
            ("sk-é", "letters, digits and signs only"),
            (long.as_str(), "at most 4,096 characters"),
        ] {
            let refused = enter(&mut maren, "openai", key).await.expect(422).page;
            assert!(refused.words("#key-error").contains(words), "{key:?}");
            assert!(refused.words(".notice.bad").starts_with("The key was not saved."));
            assert!(refused.words("title").starts_with("Error: "));
        }
        assert!(scene.provider.take().is_empty());
        assert_eq!(stored(&scene.app), "0");
    }
}

with_a_provider! {
    async fn of_a_short_key_nothing_is_shown(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", "short-key-15-by").await.expect(303);
        let page = maren.get(LIST).await.expect(200).page;
        assert_eq!(page.words("[aria-labelledby=p-openai] .facts code"), "too short to show");
        assert!(!page.text.contains("shor…") && !page.text.contains("5-by"));
    }
}

with_a_provider! {
    async fn nobody_tries_keys_on_and_on(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        for _ in 0..30 {
            enter(&mut maren, "openai", "sk-bad-abcdefghijklmnopqrst").await.expect(422);
        }
        assert_eq!(scene.provider.take().len(), 30);
        let answer = enter(&mut maren, "openai", PROVIDER_KEY).await.expect(429);
        assert_eq!(answer.header("retry-after"), "600");
        assert!(scene.provider.take().is_empty());
        scene.app.advance(chrono::TimeDelta::minutes(10));
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
    }
}
