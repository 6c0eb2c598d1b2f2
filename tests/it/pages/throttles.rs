//! Limits on tries hold on every instance, and keep no one out elsewhere.

use crate::on_both_engines;
use crate::support::actors::Answer;
use crate::support::app::PASSWORD;
use crate::support::{Person, TestApp};

const PROXY: [(&str, &str); 1] = [("KEYPORT_TRUSTED_PROXIES", "127.0.0.1")];

async fn sign_in_from(app: &TestApp, address: &str, email: &str, password: &str) -> Answer {
    sign_in_with(&mut app.anonymous(), address, email, password).await
}

/// With this browser.
async fn sign_in_with(visitor: &mut Person, address: &str, email: &str, password: &str) -> Answer {
    let opened = visitor.get("/sign-in").await;
    let token = opened.page.attribute("input[name=form_token]", "value");
    let fields = [
        ("form_token", token.as_str()),
        ("email", email),
        ("password", password),
    ];
    let headers = [("x-forwarded-for", address)];
    visitor.post_raw("/sign-in", &fields, &headers).await
}

on_both_engines! {
    with super::PROXY,
    async fn a_stranger_is_stopped_on_all_instances_and_the_holder_is_not(app) {
        app.account("maren@example.com", "Maren");
        let beside = TestApp::spawn_beside(&app, &PROXY).await;
        for number in 0..10 {
            let instance = if number % 2 == 0 { &app } else { &beside };
            let email = if number % 3 == 0 { " MAREN@example.com" } else { "maren@example.com" };
            sign_in_from(instance, "203.0.113.9", email, "wrong words").await.expect(422);
        }
        for instance in [&app, &beside] {
            sign_in_from(instance, "203.0.113.9", "maren@example.com", PASSWORD).await.expect(429);
        }
        // A new instance, as after a restart.
        let later = TestApp::spawn_beside(&app, &PROXY).await;
        sign_in_from(&later, "203.0.113.9", "maren@example.com", PASSWORD).await.expect(429);
        sign_in_from(&later, "198.51.100.7", "maren@example.com", PASSWORD).await.expect(303);
        // Others in the stranger's network still sign in.
        app.account("ben@example.com", "Ben");
        sign_in_from(&app, "203.0.113.9", "ben@example.com", PASSWORD).await.expect(303);
    }
}

on_both_engines! {
    with super::PROXY,
    async fn an_address_that_tries_many_accounts_is_stopped_too(app) {
        app.account("maren@example.com", "Maren");
        app.execute(
            "INSERT INTO throttles (bucket, window_ends_at, taken)
             VALUES ('sign-in/address/203.0.113.9', 1795372260000, 99)",
        );
        let window = app.now() + chrono::TimeDelta::minutes(5);
        app.execute(&format!("UPDATE throttles SET window_ends_at = {}", window.as_millis()));
        sign_in_from(&app, "203.0.113.9", "nobody@example.com", "wrong words").await.expect(422);
        sign_in_from(&app, "203.0.113.9", "maren@example.com", PASSWORD).await.expect(429);
        sign_in_from(&app, "198.51.100.7", "maren@example.com", PASSWORD).await.expect(303);
    }
}

on_both_engines! {
    with super::PROXY,
    async fn a_stranger_behind_the_same_address_does_not_keep_the_holder_from_their_browser(app) {
        let (shared, email) = ("203.0.113.9", "maren@example.com");
        app.account(email, "Maren");
        let mut maren = app.anonymous();
        sign_in_with(&mut maren, shared, email, PASSWORD).await.expect(303);
        for _ in 0..10 {
            sign_in_from(&app, shared, email, "wrong words").await.expect(422);
        }
        sign_in_from(&app, shared, email, PASSWORD).await.expect(429);
        // Signed in she confirms that it is her, and signed out she signs in.
        let headers = [("x-forwarded-for", shared)];
        let opened = maren.get("/sign-in/confirm").await.expect(200);
        let token = opened.page.attribute("main input[name=form_token]", "value");
        let fields = [("form_token", token.as_str()), ("password", PASSWORD)];
        maren.post_raw("/sign-in/confirm", &fields, &headers).await.expect(303);
        maren.cookies.remove("keyport");
        sign_in_with(&mut maren, shared, email, PASSWORD).await.expect(303);
        // What it is known by gives it no more tries than others have.
        maren.cookies.remove("keyport");
        for _ in 0..10 {
            sign_in_with(&mut maren, shared, email, "wrong words").await.expect(422);
        }
        sign_in_with(&mut maren, "198.51.100.7", email, PASSWORD).await.expect(429);
        sign_in_from(&app, "198.51.100.7", email, PASSWORD).await.expect(303);
        // To other accounts it is a stranger's.
        app.account("ben@example.com", "Ben");
        for _ in 0..10 {
            sign_in_with(&mut maren, shared, "ben@example.com", "wrong words").await.expect(422);
        }
        sign_in_with(&mut maren, shared, "ben@example.com", PASSWORD).await.expect(429);
    }
}
