//! Provider keys in a browser: their pages at every width, by keyboard, without JavaScript.

#[path = "../it/integrations/scene.rs"]
pub mod scene;

use fantoccini::key::Key;
use keyport::domain::accounts::Account;
use keyport::domain::integrations::provider_keys::Owner;
use keyport::domain::integrations::sharing::{self, Access};
use serde_json::json;

use self::scene::{PROVIDER_KEY, Scene};
use crate::browser::{Browser, Options};
use crate::keyboard::{enter, focused, press, tab_to, write};
use crate::looks::assert_fine;
use crate::registry::sign_in;
use crate::support::actors::id_of;
use crate::support::{Engine, Program};
use crate::with_a_provider;

const LIST: &str = "/settings/integrations";
const MAREN: &str = "maren@example.com";
const OONA: &str = "oona@example.com";
const NEXT_KEY: &str = "sk-good-zyxwvutsrqponmlkjihgfe8Tr";

async fn open(scene: &Scene, browser: &Browser, path: &str) {
    browser.goto(&scene.app.url(path)).await;
}

/// Opens a page and asserts that it is fine.
async fn assert_page_fine(scene: &Scene, browser: &Browser, path: &str) {
    open(scene, browser, path).await;
    assert_fine(browser, path).await;
}

/// The words of a provider's card.
async fn card(browser: &Browser, slug: &str) -> String {
    browser.words(&format!("[aria-labelledby=p-{slug}]")).await
}

/// Presses what a provider's card has for this.
async fn press_on(browser: &Browser, slug: &str, what: &str) {
    browser
        .click(&format!("[aria-labelledby=p-{slug}] {what}"))
        .await;
}

fn share_with_all(scene: &Scene, slug: &str) {
    let act = scene.app.act();
    let shared =
        (scene.app.state.pool).write_now(|db| sharing::set(db, &act, slug, Access::All, &[]));
    shared.unwrap();
}

/// An account with keys in every state: working, waiting for its check, refused, not checked, one that cannot be opened, one
/// of the server; and with a provider whose name and address are as long as they may be.
async fn in_every_state(scene: &Scene, browser: &Browser) -> (Account, Program) {
    let (account, program) = scene.program();
    let owner = Owner::Account(account.id);
    scene.save_key(owner, "busy", PROVIDER_KEY);
    scene.save_key(owner, "groq", PROVIDER_KEY);
    scene
        .app
        .execute(
        "UPDATE provider_keys SET sealed = (SELECT sealed FROM provider_keys WHERE provider = 'openai')
         WHERE provider = 'groq'",
    );
    scene.save_key(owner, "anthropic", "sk-bad-abcdefghijklmnopqrstuvw9kTA");
    scene.save_key(Owner::Instance, "mistral", PROVIDER_KEY);
    share_with_all(scene, "mistral");
    sign_in(&scene.app, browser, MAREN).await;
    open(scene, browser, LIST).await;
    press_on(browser, "anthropic", "form[action$=check] button").await;
    browser
        .expect_message("Anthropic refused this key with 401.")
        .await;
    for slug in ["gone", "busy"] {
        open(scene, browser, &format!("{LIST}/{slug}")).await;
        browser.fill("#key", NEXT_KEY).await;
        browser.press("Check and save").await;
        browser.expect_message(slug).await;
    }
    open(scene, browser, &format!("{LIST}/new")).await;
    browser
        .fill("#slug", "models-of-a-house-with-the-longest-name1")
        .await;
    let base_url = format!("{}/{}", scene.provider.url(), "path".repeat(60));
    browser.fill("#base_url", &base_url).await;
    browser.press("Add provider").await;
    browser.wait_for("[role=status]").await;
    (account, program)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_integrations_are_fine() {
    let scene = Scene::spawn(Engine::Sqlite, &[]).await;
    scene.app.account("ravi@example.com", "Ravi");
    let browser = Browser::start(Options::default()).await;
    sign_in(&scene.app, &browser, "ravi@example.com").await;
    open(&scene, &browser, LIST).await;
    assert_fine(&browser, "integrations without keys").await;
    browser.close().await;

    let browser = Browser::start(Options::default()).await;
    in_every_state(&scene, &browser).await;
    for (slug, words) in [
        ("openai", "Connected"),
        ("anthropic", "Key refused"),
        ("busy", "A new key"),
        ("gone", "Not checked"),
        ("groq", "This key cannot be opened."),
        ("mistral", "With a key of this server"),
    ] {
        open(&scene, &browser, LIST).await;
        let card = card(&browser, slug).await;
        assert!(card.contains(words), "{card}");
    }
    for path in [
        LIST,
        "/",
        "/settings/integrations/xai",
        "/settings/integrations/openai",
        "/settings/integrations/openai/remove",
        "/settings/integrations/new",
    ] {
        assert_page_fine(&scene, &browser, path).await;
    }
    open(&scene, &browser, "/settings/integrations/openai").await;
    browser.fill("#key", "sk-bad-abcdefghijklmnopqrst").await;
    browser.press("Check and save").await;
    browser.wait_for("#key-error").await;
    assert_fine(&browser, "a key that is refused").await;
    open(&scene, &browser, "/settings/integrations/new").await;
    browser.press("Add provider").await;
    browser.wait_for("#base_url-error").await;
    assert_fine(&browser, "a custom provider with errors").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_tokens_and_of_limits_are_fine() {
    let scene = Scene::spawn(Engine::Sqlite, &[]).await;
    let (_, program) = scene.program();
    for path in ["openai/v1/chat/completions", "anthropic/v1/messages"] {
        let answer = program.post(&format!("/proxy/{path}"), &json!({})).await;
        answer.expect(200);
    }
    scene.app.flush();
    let key = format!("/settings/api/{}", id_of(&program.key));
    let browser = Browser::start(Options::default()).await;
    sign_in(&scene.app, &browser, MAREN).await;
    for path in [key.as_str(), "/settings/usage"] {
        open(&scene, &browser, path).await;
        assert_eq!(browser.words("#tokens-heading").await, "Tokens per day");
        assert_fine(&browser, &format!("{path} with tokens")).await;
    }
    let limits = format!("{key}/integrations");
    assert_page_fine(&scene, &browser, &limits).await;
    let long = format!("/{}*", "a-path-without-a-place-to-break".repeat(4));
    browser.fill("#paths", "no slash").await;
    browser.press("Save limits").await;
    browser.wait_for("#paths-error").await;
    assert_fine(&browser, "limits with an error").await;
    browser.fill("#paths", &long).await;
    for choice in ["provider-0", "provider-1", "method-GET", "method-POST"] {
        browser.click(&format!("#{choice}")).await;
    }
    browser.press("Save limits").await;
    browser
        .expect_message("The provider calls of Program were set.")
        .await;
    assert_fine(&browser, "a key with limits").await;
    for path in [limits, format!("{key}/access")] {
        assert_page_fine(&scene, &browser, &path).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_pages_of_integrations_are_fine() {
    let scene = Scene::spawn(Engine::Sqlite, &[]).await;
    scene.app.operator(OONA, "Oona Halme").await;
    scene.save_key(Owner::Instance, "mistral", PROVIDER_KEY);
    scene.save_key(Owner::Instance, "gone", PROVIDER_KEY);
    share_with_all(&scene, "mistral");
    let browser = Browser::start(Options::default()).await;
    sign_in(&scene.app, &browser, OONA).await;
    for path in [
        "/operator/integrations",
        "/operator/integrations/openai",
        "/operator/integrations/mistral",
        "/operator/integrations/mistral/remove",
        "/operator/configuration",
    ] {
        assert_page_fine(&scene, &browser, path).await;
    }
    open(&scene, &browser, "/operator/integrations/openai").await;
    browser.press("Check and save").await;
    browser.wait_for("#key-error").await;
    assert_fine(&browser, "a server's key with an error").await;
    open(&scene, &browser, "/operator/integrations/mistral").await;
    browser.fill("#accounts", "nobody@example.com").await;
    browser.press("Save").await;
    browser.wait_for("#accounts-error").await;
    assert_fine(&browser, "an account that there is not").await;
    browser.close().await;
}

/// From connecting to removing, with every step between.
async fn life_of_a_provider_key(scene: &Scene, browser: &Browser, has_javascript: bool) {
    scene.app.account(MAREN, "Maren Okafor");
    sign_in(&scene.app, browser, MAREN).await;
    open(scene, browser, LIST).await;
    browser
        .click("a[href='/settings/integrations/openai']")
        .await;
    browser.expect_heading("Connect OpenAI").await;
    browser.fill("#key", "sk-bad-abcdefghijklmnopqrst").await;
    browser.press("Check and save").await;
    let alert = browser.words("[role=alert]").await;
    assert!(
        alert.starts_with("OpenAI refused this key with 401."),
        "{alert}"
    );
    browser.fill("#key", PROVIDER_KEY).await;
    browser.press("Check and save").await;
    browser.expect_message("OpenAI is connected.").await;
    let words = card(browser, "openai").await;
    assert!(
        words.contains("Connected") && words.contains("sk-g…w3Fq"),
        "{words}"
    );
    press_on(browser, "openai", "form[action$=check] button").await;
    browser.expect_message("OpenAI takes the key.").await;
    press_on(browser, "openai", "a[href$=openai]").await;
    browser.expect_heading("Replace the OpenAI key").await;
    browser.fill("#key", NEXT_KEY).await;
    browser.press("Check and save").await;
    browser.expect_message("OpenAI is connected.").await;
    let words = card(browser, "openai").await;
    assert!(words.contains("sk-g…e8Tr"), "{words}");
    assert!(!browser.source().await.contains("sk-good"));

    press_on(browser, "openai", "a[href$=remove]").await;
    if has_javascript {
        assert_eq!(browser.words("dialog h2").await, "Remove the OpenAI key?");
    } else {
        browser.expect_heading("Remove the OpenAI key?").await;
    }
    browser.press("Remove key").await;
    browser.expect_message("The OpenAI key was removed.").await;

    browser.click("a[href='/settings/integrations/new']").await;
    browser.expect_heading("Add a custom provider").await;
    browser.fill("#slug", "my-models").await;
    browser.fill("#base_url", &scene.provider.url()).await;
    browser.click("#auth-x-api-key").await;
    browser.press("Add provider").await;
    browser.expect_message("my-models was added.").await;
    browser.fill("#key", PROVIDER_KEY).await;
    browser.press("Check and save").await;
    browser.expect_message("my-models is connected.").await;
    press_on(browser, "my-models", "a[href$=remove]").await;
    browser.press("Remove provider").await;
    browser.expect_message("my-models was removed.").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

with_a_provider! {
    async fn a_provider_key_is_connected_checked_replaced_and_removed(scene) {
        let browser = Browser::start(Options::default()).await;
        life_of_a_provider_key(&scene, &browser, true).await;
        browser.close().await;
    }
}

with_a_provider! {
    async fn the_same_without_javascript(scene) {
        let browser = Browser::start(Options { no_javascript: true, ..Options::default() }).await;
        life_of_a_provider_key(&scene, &browser, false).await;
        browser.close().await;
    }
}

with_a_provider! {
    async fn a_key_is_limited_and_a_server_s_key_shared_without_javascript(scene) {
        scene.app.operator(OONA, "Oona Halme").await;
        let maren = scene.app.account(MAREN, "Maren Okafor");
        let program = scene.app.program_of(&maren);
        let options = Options { no_javascript: true, ..Options::default() };
        let browser = Browser::start(options.clone()).await;
        sign_in(&scene.app, &browser, OONA).await;
        open(&scene, &browser, "/operator/integrations").await;
        browser.click("a[href='/operator/integrations/openai']").await;
        browser.fill("#key", PROVIDER_KEY).await;
        browser.press("Check and save").await;
        browser.expect_message("OpenAI is connected.").await;
        program.get("/proxy/openai/v1/models").await.expect_problem(409, "no_provider_key");
        browser.fill("#accounts", MAREN).await;
        browser.press("Save").await;
        browser.expect_message("It was set who may use the key.").await;
        program.get("/proxy/openai/v1/models").await.expect(200);
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        browser.close().await;

        let browser = Browser::start(options).await;
        sign_in(&scene.app, &browser, MAREN).await;
        open(&scene, &browser, LIST).await;
        let words = card(&browser, "openai").await;
        assert!(words.contains("With a key of this server") && !words.contains("w3Fq"), "{words}");
        open(&scene, &browser, &format!("/settings/api/{}", id_of(&program.key))).await;
        browser.press("Limit provider calls").await;
        browser.click("#method-POST").await;
        browser.press("Save limits").await;
        browser.expect_message("The provider calls of Program were set.").await;
        program.get("/proxy/openai/v1/models").await.expect_problem(403, "outside_limits");
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        browser.close().await;
    }
}

with_a_provider! {
    async fn a_provider_key_lives_and_ends_by_keyboard(scene) {
        scene.app.account(MAREN, "Maren Okafor");
        let browser = Browser::start(Options::default()).await;
        sign_in(&scene.app, &browser, MAREN).await;
        open(&scene, &browser, LIST).await;
        enter(&browser, "Connect OpenAI").await;
        browser.expect_heading("Connect OpenAI").await;
        tab_to(&browser, "key").await;
        write(&browser, PROVIDER_KEY).await;
        press(&browser, Key::Enter).await;
        browser.expect_message("OpenAI is connected.").await;
        enter(&browser, "Check now the key of OpenAI").await;
        browser.expect_message("OpenAI takes the key.").await;
        // The dialog: the focus begins on the safe button, Escape closes, the focus comes back.
        enter(&browser, "Remove OpenAI").await;
        browser.wait_for("dialog[open]").await;
        assert_eq!(focused(&browser).await, "Keep key");
        press(&browser, Key::Escape).await;
        assert_eq!(focused(&browser).await, "Remove OpenAI");
        press(&browser, Key::Enter).await;
        browser.wait_for("dialog[open]").await;
        enter(&browser, "Remove key").await;
        browser.expect_message("The OpenAI key was removed.").await;
        enter(&browser, "Connect a custom provider").await;
        browser.expect_heading("Add a custom provider").await;
        tab_to(&browser, "slug").await;
        write(&browser, "my-models").await;
        tab_to(&browser, "base_url").await;
        write(&browser, &scene.provider.url()).await;
        tab_to(&browser, "auth-bearer").await;
        press(&browser, Key::Down).await;
        tab_to(&browser, "key").await;
        write(&browser, PROVIDER_KEY).await;
        enter(&browser, "Add provider").await;
        browser.expect_message("my-models is connected.").await;
        let called = scene.provider.take();
        assert_eq!(called.last().unwrap().header("x-api-key"), Some(PROVIDER_KEY));
        browser.close().await;
    }
}
