//! The whole life of a key with the keyboard alone.

use fantoccini::key::Key;

use crate::browser::Browser;
use crate::browser::Options;
use crate::on_both_engines;
use crate::support::app::PASSWORD;

/// Words of the element that has the focus, or its id where it has no words.
const FOCUSED: &str = "const it = document.activeElement;
    return (it.innerText || '').replace(/\\s+/g, ' ').trim() || it.id || it.getAttribute('aria-label') || it.tagName;";

/// Presses Tab until the focus is on what says these words (or has this id).
pub async fn tab_to(browser: &Browser, words: &str) {
    let mut seen = Vec::new();
    for _ in 0..80 {
        press(browser, Key::Tab).await;
        let focused = focused(browser).await;
        if focused == words
            || focused.starts_with(&format!("{words} "))
            || focused.ends_with(&format!(" {words}"))
        {
            return;
        }
        seen.push(focused);
    }
    panic!("Tab does not reach {words}, only {seen:?}");
}

/// What says where the focus is.
pub async fn focused(browser: &Browser) -> String {
    browser.run(FOCUSED).await.as_str().unwrap().to_owned()
}

pub async fn press(browser: &Browser, key: Key) {
    write(browser, &char::from(key).to_string()).await;
}

pub async fn write(browser: &Browser, text: &str) {
    let focused = browser.client.active_element().await.unwrap();
    focused.send_keys(text).await.unwrap();
}

/// Goes to what says these words and presses Enter there.
pub async fn enter(browser: &Browser, words: &str) {
    tab_to(browser, words).await;
    press(browser, Key::Enter).await;
}

on_both_engines! {
    async fn a_key_lives_and_ends_by_keyboard(app) {
        app.account("maren@example.com", "Maren Okafor");
        let browser = Browser::start(Options::default()).await;
        browser.goto(&app.url("/sign-in")).await;
        tab_to(&browser, "email").await;
        write(&browser, "maren@example.com").await;
        tab_to(&browser, "password").await;
        write(&browser, PASSWORD).await;
        press(&browser, Key::Enter).await;
        browser.expect_heading("Overview").await;
        enter(&browser, "Maren Okafor").await;
        enter(&browser, "Settings").await;
        browser.expect_heading("Security").await;
        enter(&browser, "Actions").await;
        enter(&browser, "Manage API keys").await;
        browser.expect_heading("API keys").await;
        enter(&browser, "Create API key").await;
        browser.expect_heading("Create API key").await;
        tab_to(&browser, "name").await;
        write(&browser, "By hand").await;
        // The suggested life has the focus of its group; one step back is 30 days.
        tab_to(&browser, "expires_in-90d").await;
        press(&browser, Key::Left).await;
        enter(&browser, "Create key").await;
        browser.expect_heading("Copy your new API key").await;
        enter(&browser, "I have saved the key").await;
        browser.expect_heading("API keys").await;
        let row = browser.words("[aria-labelledby=manage] tbody tr").await;
        assert!(row.contains("22 Dec 2026"), "{row}");

        // The dialog: the focus begins on the safe button, Escape closes, the focus comes back.
        enter(&browser, "Deactivate By hand").await;
        browser.wait_for("dialog[open]").await;
        assert_eq!(focused(&browser).await, "Keep key");
        press(&browser, Key::Escape).await;
        assert_eq!(focused(&browser).await, "Deactivate By hand");
        press(&browser, Key::Enter).await;
        browser.wait_for("dialog[open]").await;
        enter(&browser, "Deactivate key").await;
        browser.expect_message("By hand was deactivated.").await;
        enter(&browser, "Delete By hand").await;
        browser.wait_for("dialog[open]").await;
        enter(&browser, "Delete key").await;
        browser.expect_message("By hand was deleted from the list.").await;
        browser.close().await;
    }
}
