//! Passkeys with Chromium's virtual authenticator, through the pages' own script.

use std::net::TcpListener;

use crate::browser::{Browser, Options};
use crate::support::app::PASSWORD;
use crate::support::{Engine, TestApp};

/// Passkeys belong to a name and a port, so the server's public address must be the one it is reached at.
async fn spawn() -> (TestApp, String) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let base = format!("http://localhost:{port}");
    let settings = [
        ("KEYPORT_BIND", format!("127.0.0.1:{port}")),
        ("KEYPORT_PUBLIC_URL", base.clone()),
    ];
    let settings: Vec<(&str, &str)> = (settings.iter())
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    (TestApp::spawn_with(Engine::Sqlite, &settings).await, base)
}

async fn sign_in(browser: &Browser, base: &str) {
    browser.goto(&format!("{base}/sign-in")).await;
    browser.fill("#email", "maren@example.com").await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.expect_heading("Overview").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_is_added_and_signs_in_alone() {
    let (app, base) = spawn().await;
    app.account("maren@example.com", "Maren Okafor");
    let browser = Browser::start(Options::default()).await;
    sign_in(&browser, &base).await;
    browser.add_authenticator().await;
    // The virtual authenticator answers at once where a browser would offer passkeys in the list under a field, and no one
    // could press the button then.
    let script = "PublicKeyCredential.isConditionalMediationAvailable = async () => false";
    let parameters = serde_json::json!({ "source": script });
    browser
        .cdp("Page.addScriptToEvaluateOnNewDocument", parameters)
        .await;
    browser
        .goto(&format!("{base}/settings/security/passkeys"))
        .await;
    browser.fill("#name", "Test authenticator").await;
    browser.press("Add passkey").await;
    browser
        .expect_message("Test authenticator was added.")
        .await;
    browser.press("Maren Okafor").await;
    browser.press("Sign out").await;
    browser.expect_heading("Sign in").await;
    browser.press("Sign in with a passkey").await;
    browser.expect_heading("Overview").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_offers_passkeys_by_itself_where_it_can() {
    let (app, base) = spawn().await;
    app.account("maren@example.com", "Maren Okafor");
    let browser = Browser::start(Options::default()).await;
    sign_in(&browser, &base).await;
    browser.add_authenticator().await;
    browser
        .goto(&format!("{base}/settings/security/passkeys"))
        .await;
    browser.fill("#name", "Test authenticator").await;
    browser.press("Add passkey").await;
    browser
        .expect_message("Test authenticator was added.")
        .await;
    browser.press("Maren Okafor").await;
    browser.press("Sign out").await;
    // Nothing is pressed: the authenticator answers what the page asks in the background.
    browser.expect_heading("Overview").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_javascript_the_pages_say_what_to_use_instead() {
    let (app, base) = spawn().await;
    app.account("maren@example.com", "Maren Okafor");
    let options = Options {
        no_javascript: true,
        ..Options::default()
    };
    let browser = Browser::start(options).await;
    browser.goto(&format!("{base}/sign-in")).await;
    let words = browser.words("noscript .help").await;
    assert_eq!(words, "Passkeys need JavaScript. Use your password.");
    sign_in(&browser, &base).await;
    browser
        .goto(&format!("{base}/settings/security/passkeys"))
        .await;
    let words = browser.words("noscript .notice").await;
    assert_eq!(words, "Passkeys need JavaScript. Use your password.");
    browser.close().await;
}
