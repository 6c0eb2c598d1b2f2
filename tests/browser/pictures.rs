//! Makes the README's pictures, from the data of `keyport demo`. Run by `scripts/pictures`; without the folder that
//! it names, the demonstration is still walked through, and no file is written.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::{Browser, Options};
use crate::support::{Engine, TestApp};

async fn picture(browser: &Browser, name: &str) {
    let taken = browser
        .cdp("Page.captureScreenshot", json!({ "format": "png" }))
        .await;
    let png = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
    assert!(png.starts_with(b"\x89PNG"), "{name}");
    if let Ok(folder) = std::env::var("KEYPORT_TEST_PICTURES") {
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), png).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_has_something_to_show() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    // The demonstration is of the present, so the clock is set to it.
    app.clock
        .set(keyport::clock::Clock::now(&keyport::clock::SystemClock));
    let output = Command::new(env!("CARGO_BIN_EXE_keyport"))
        .args(["demo", "--json"])
        .env("KEYPORT_DATA_DIR", app.database.folder.path())
        .env("DATABASE_URL", &app.database.url)
        .output()
        .unwrap();
    let demo: Value = serde_json::from_slice(&output.stdout).unwrap();
    let account = &demo["accounts"][0];

    let browser = Browser::start(Options::default()).await;
    browser.look(1280, false).await;
    browser.goto(&app.url("/sign-in")).await;
    browser
        .fill("#email", account["email"].as_str().unwrap())
        .await;
    browser
        .fill("#password", account["password"].as_str().unwrap())
        .await;
    browser.press("Sign in").await;
    browser.expect_heading("Overview").await;
    browser.goto(&app.url("/settings/api")).await;
    assert_eq!(browser.words("[aria-labelledby=manage] .count").await, "6");
    assert_eq!(
        browser.words("[aria-labelledby=inactive] .count").await,
        "3"
    );
    picture(&browser, "api-keys").await;
    browser.look(1280, true).await;
    picture(&browser, "api-keys-dark").await;
    browser.look(390, false).await;
    picture(&browser, "api-keys-phone").await;
    browser.look(1280, false).await;
    browser.goto(&app.url("/settings/api/new")).await;
    browser.fill("#name", "Grafana data source, eu-west").await;
    picture(&browser, "create").await;
    browser.press("Create key").await;
    browser.expect_heading("Copy your new API key").await;
    picture(&browser, "one-time").await;
    browser.close().await;
}
