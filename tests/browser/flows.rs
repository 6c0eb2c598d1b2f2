//! The flows of the two documents that keyport was started from, word by word.

use std::process::Command;

use chrono::TimeDelta;

use crate::browser::{Browser, Options};
use crate::on_both_engines;
use crate::support::app::PASSWORD;
use crate::support::{TestApp, actors::id_of};

/// The status that `curl -H "x-api-key: …"` gets for the API's description.
fn curl_status(app: &TestApp, key: &str) -> String {
    let output = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}"])
        .args([
            "-H",
            &format!("x-api-key: {key}"),
            &app.url("/api/openapi.json"),
        ])
        .output()
        .expect("curl is there: scripts/test installs it");
    String::from_utf8(output.stdout).unwrap()
}

async fn sign_in(app: &TestApp, browser: &Browser) {
    app.account("maren@example.com", "Maren Okafor");
    browser.goto(&app.url("/sign-in")).await;
    browser.fill("#email", "maren@example.com").await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.expect_heading("Overview").await;
}

/// From the menu under the name to the list of keys.
async fn open_list(browser: &Browser) {
    browser.press("Maren Okafor").await;
    browser.press("Settings").await;
    browser.expect_heading("Security").await;
    assert_eq!(browser.words("#security-info").await, "Security info");
    browser.press("Actions").await;
    browser.press("Manage API keys").await;
    browser.expect_heading("API keys").await;
    assert_eq!(browser.words("#generate").await, "Generate API key");
}

/// The whole life of a key, from creation to the inactive list.
async fn life_of_a_key(app: &TestApp, browser: &Browser, has_javascript: bool) {
    sign_in(app, browser).await;
    open_list(browser).await;
    browser.press("Create API key").await;
    browser.expect_heading("Create API key").await;
    browser.fill("#name", "Automation Script").await;
    browser.click("#expires_in-30d").await;
    browser.press("Create key").await;
    browser.expect_heading("Copy your new API key").await;
    assert_eq!(browser.words("#generated").await, "Generated API key");
    let key = browser.words("#full-key").await;
    assert_eq!(key.len(), 52);
    if has_javascript {
        browser.press("Copy").await;
        browser.press("Copied").await;
    }
    assert_eq!(curl_status(app, &key), "200");

    browser.press("I have saved the key").await;
    let row = browser.words("[aria-labelledby=manage] tbody tr").await;
    assert!(row.contains(&format!("kp_{}", id_of(&key))), "{row}");
    assert!(
        row.contains("Today, 18:31") && row.contains("22 Dec 2026"),
        "{row}"
    );
    assert!(!row.contains(&key[14..]), "{row}");

    let button = "[aria-labelledby=manage] a[href$=deactivate]";
    browser
        .wait_for(&format!("{button} use[href$='#trash-2']"))
        .await;
    browser.click(button).await;
    if has_javascript {
        assert_eq!(browser.words("dialog h2").await, "Deactivate this API key?");
    } else {
        browser.expect_heading("Deactivate this API key?").await;
    }
    assert!(
        browser
            .words(".key-line")
            .await
            .contains("Automation Script")
    );
    browser.press("Deactivate key").await;
    browser
        .expect_message("Automation Script was deactivated.")
        .await;
    let ended = browser.words("[aria-labelledby=inactive] tbody tr").await;
    assert!(ended.contains("Deactivated"), "{ended}");
    assert_eq!(curl_status(app, &key), "401");

    browser
        .click("[aria-labelledby=inactive] a[href$=delete]")
        .await;
    browser.press("Delete key").await;
    browser
        .expect_message("Automation Script was deleted from the list.")
        .await;
    assert_eq!(curl_status(app, &key), "401");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

on_both_engines! {
    async fn a_key_lives_from_the_menu_under_the_name_to_the_inactive_list(app) {
        let browser = Browser::start(Options::default()).await;
        life_of_a_key(&app, &browser, true).await;
        browser.close().await;
    }
}

on_both_engines! {
    async fn the_same_without_javascript(app) {
        let browser = Browser::start(Options { no_javascript: true, ..Options::default() }).await;
        life_of_a_key(&app, &browser, false).await;
        browser.close().await;
    }
}

/// A one-hour key works at 59:59 and not at 60:00, in the browser and with curl.
async fn one_hour(app: &TestApp, browser: &Browser) {
    sign_in(app, browser).await;
    browser.goto(&app.url("/settings/api/new")).await;
    browser.fill("#name", "One-off import").await;
    browser.click("#expires_in-1h").await;
    browser.press("Create key").await;
    let key = browser.words("#full-key").await;
    app.advance(TimeDelta::seconds(3_599));
    browser.goto(&app.url("/settings/api")).await;
    assert_eq!(
        browser.words("[aria-labelledby=manage] .badge-k").await,
        "Expires in 1 min"
    );
    assert_eq!(curl_status(app, &key), "200");
    app.advance(TimeDelta::seconds(1));
    browser.goto(&app.url("/settings/api")).await;
    assert_eq!(
        browser.words("[aria-labelledby=inactive] .badge-k").await,
        "Expired"
    );
    assert_eq!(curl_status(app, &key), "401");
}

on_both_engines! {
    async fn a_one_hour_key_ends_at_the_hour(app) {
        let browser = Browser::start(Options::default()).await;
        one_hour(&app, &browser).await;
        browser.close().await;
    }
}

on_both_engines! {
    async fn a_one_hour_key_ends_at_the_hour_without_javascript(app) {
        let browser = Browser::start(Options { no_javascript: true, ..Options::default() }).await;
        one_hour(&app, &browser).await;
        browser.close().await;
    }
}
