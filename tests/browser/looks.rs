//! Every page at every width, light and dark: accessible, within its width, and without a complaint of the browser.

use serde_json::Value;

use crate::browser::{Browser, Options};
use crate::support::app::PASSWORD;
use crate::support::{Engine, TestApp, actors::id_of, second_factors};

const AXE: &str = include_str!("vendor/axe.min.js");
const RUN_AXE: &str = "const done = arguments[arguments.length - 1];
    axe.run(document).then((result) => done(result.violations.map((violation) =>
        violation.id + ': ' + violation.nodes.map((node) => node.target.join(' ')).join(', '))));";

/// Asserts that a page is accessible and within its width, at every width, light and dark.
pub async fn assert_fine(browser: &Browser, what: &str) {
    for (width, dark) in [
        (1280, false),
        (1280, true),
        (390, false),
        (390, true),
        (320, false),
    ] {
        browser.look(width, dark).await;
        let place = format!("{what} at {width}{}", if dark { ", dark" } else { "" });
        let overflow = browser
            .run("return document.documentElement.scrollWidth - innerWidth")
            .await;
        assert!(
            overflow.as_i64().unwrap() <= 0,
            "{place} scrolls sideways by {overflow}"
        );
        if width != 320 {
            browser.run(AXE).await;
            let violations = browser
                .client
                .execute_async(RUN_AXE, Vec::new())
                .await
                .unwrap();
            assert_eq!(violations, Value::Array(Vec::new()), "{place}");
        }
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new(), "{what}");
    browser.look(1280, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_for_visitors_are_fine() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let browser = Browser::start(Options::default()).await;
    for path in [
        "/sign-in",
        "/sign-up",
        "/password/forgot",
        "/password/reset?token=gone",
        "/email/verify?token=gone",
        "/sign-in?done=password",
        "/docs/api",
        "/nothing",
    ] {
        browser.goto(&app.url(path)).await;
        assert_fine(&browser, path).await;
    }
    browser.goto(&app.url("/sign-up")).await;
    browser.press("Create account").await;
    browser.wait_for("[role=alert]").await;
    assert_fine(&browser, "sign-up with errors").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_an_account_are_fine() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren Okafor").await;
    let browser = Browser::start(Options::default()).await;
    browser.goto(&app.url("/sign-in")).await;
    browser.fill("#email", "maren@example.com").await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.expect_heading("Overview").await;
    for path in ["/", "/settings/api"] {
        browser.goto(&app.url(path)).await;
        assert_fine(&browser, &format!("{path} without keys")).await;
    }
    let long = "A name that is as long as a name may be, so that every place that shows it has to wrap it somewhere";
    let (mut ids, mut keys) = (Vec::new(), Vec::new());
    for (name, life) in [
        ("CI deploy, production", "7d"),
        (long, "never"),
        ("Old", "90d"),
    ] {
        let key = maren
            .create_key(&[("name", name), ("expires_in", life), ("access", "all")])
            .await;
        ids.push(id_of(&key));
        keys.push(key);
    }
    for key in &keys {
        app.program(&**key).get("/auth").await.expect(200);
    }
    maren.deactivate(&ids[2]).await;
    // Someone still uses it.
    app.program(&*keys[2]).get("/auth").await.expect(401);
    app.flush();
    let rotate = format!("/settings/api/{}/rotate", ids[1]);
    maren
        .fill_in(&rotate, &rotate, &[("overlap", "24h")])
        .await
        .expect(200);
    let paths = [
        "/".to_owned(),
        "/settings/profile".to_owned(),
        "/settings/profile/close".to_owned(),
        "/settings/security".to_owned(),
        "/settings/security/password".to_owned(),
        "/settings/security/sessions".to_owned(),
        "/settings/security/two-step".to_owned(),
        "/settings/security/passkeys".to_owned(),
        "/settings/api".to_owned(),
        "/settings/api?q=nothing".to_owned(),
        "/settings/api/new".to_owned(),
        format!("/settings/api/{}", ids[1]),
        format!("/settings/api/{}", ids[2]),
        format!("/settings/api/{}/deactivate", ids[0]),
        format!("/settings/api/{}/delete", ids[2]),
        format!("/settings/api/{}/rotate", ids[0]),
        format!("/settings/api/{}/end-old-secret", ids[1]),
        format!("/settings/api/{}/access", ids[0]),
        format!("/settings/api/{}?period=24h&requests=all", ids[0]),
        "/settings/audit".to_owned(),
        "/settings/audit?about=security&to=2026-01-01".to_owned(),
        "/settings/audit?from=yesterday".to_owned(),
        "/settings/usage".to_owned(),
        "/docs/api".to_owned(),
        "/nothing".to_owned(),
    ];
    for path in paths {
        browser.goto(&app.url(&path)).await;
        assert_fine(&browser, &path).await;
    }
    second_factors_are_fine(&app, &browser).await;
    browser.goto(&app.url("/settings/security")).await;
    browser.press("Actions").await;
    // The open menu covers a button, which axe cannot judge then; the menu itself must be fine.
    browser.wait_for("details.menu[open] .panel").await;
    browser.goto(&app.url("/settings/api/new")).await;
    browser.click("#expires_in-custom").await;
    browser.press("Create key").await;
    browser.wait_for("[role=alert]").await;
    assert_fine(&browser, "new with errors").await;
    browser.fill("#name", "Fine").await;
    browser.click("#expires_in-30d").await;
    browser.press("Create key").await;
    browser.expect_heading("Copy your new API key").await;
    assert_fine(&browser, "the one-time page").await;
    browser.close().await;
}

/// Two-step verification from its first page to the second step of a sign-in, and back to where it is turned off.
async fn second_factors_are_fine(app: &TestApp, browser: &Browser) {
    browser.goto(&app.url("/settings/security/two-step")).await;
    browser.press("Can’t scan? Type the setup key").await;
    let key = browser.words("#setup-key").await;
    browser.fill("#code", "000 000").await;
    browser.press("Turn on").await;
    browser.wait_for("#code-error").await;
    assert_fine(browser, "two-step with an error").await;
    let phone = second_factors::App::of_key(&key);
    browser.fill("#code", &phone.code(app.now())).await;
    browser.press("Turn on").await;
    browser.expect_heading("Save your recovery codes").await;
    assert_fine(browser, "recovery codes").await;
    for path in [
        "/settings/security",
        "/settings/security/two-step",
        "/settings/security/two-step/off",
        "/settings/security/recovery-codes",
        "/sign-in/confirm",
    ] {
        browser.goto(&app.url(path)).await;
        assert_fine(browser, path).await;
    }
    let visitor = Browser::start(Options::default()).await;
    visitor.goto(&app.url("/sign-in")).await;
    visitor.fill("#email", "maren@example.com").await;
    visitor.fill("#password", PASSWORD).await;
    visitor.press("Sign in").await;
    visitor.expect_heading("Enter your 6-digit code").await;
    assert_fine(&visitor, "the second step").await;
    visitor.fill("#code", "123 45").await;
    visitor.press("Verify").await;
    visitor.wait_for("#code-error").await;
    assert_fine(&visitor, "the second step with an error").await;
    visitor.press("Use a recovery code").await;
    visitor.expect_heading("Enter a recovery code").await;
    assert_fine(&visitor, "a recovery code").await;
    visitor.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_an_operator_are_fine() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut oona = app.operator("oona@example.com", "Oona Halme").await;
    let mut maren = app
        .person(
            "maren.with.a.long.address@subdomain.of.a.customer.example.com",
            "Maren Okafor of the department with a long name",
        )
        .await;
    let key = maren
        .create_key(&[
            ("name", "CI deploy, production"),
            ("expires_in", "7d"),
            ("access", "all"),
        ])
        .await;
    let accounts = oona.get("/operator/accounts?q=maren").await.page;
    let account = accounts.attribute("tbody th a", "href");
    let mails = oona.get("/operator/mail").await.page;
    let mail = mails.attribute("tbody th a", "href");
    let browser = Browser::start(Options::default()).await;
    browser.goto(&app.url("/sign-in")).await;
    browser.fill("#email", "oona@example.com").await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.expect_heading("Overview").await;
    for path in [
        "/operator/health".to_owned(),
        "/operator/accounts".to_owned(),
        "/operator/accounts?q=nobody".to_owned(),
        account.clone(),
        format!("{account}/disable"),
        format!("{account}/keys/{}/deactivate", id_of(&key)),
        "/operator/mail".to_owned(),
        mail,
        "/operator/audit".to_owned(),
        "/operator/configuration".to_owned(),
    ] {
        browser.goto(&app.url(&path)).await;
        assert_fine(&browser, &path).await;
    }
    browser
        .goto(&app.url(&format!("{account}/password-link")))
        .await;
    browser.press("Make a password link").await;
    browser.expect_heading("Hand over this link").await;
    assert_fine(&browser, "the link for a password").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chosen_theme_holds_and_menus_close() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    app.account("maren@example.com", "Maren Okafor");
    let browser = Browser::start(Options::default()).await;
    browser.goto(&app.url("/sign-in")).await;
    browser.fill("#email", "maren@example.com").await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.press("Maren Okafor").await;
    browser.press("Dark").await;
    browser.wait_for("html[data-theme=dark]").await;
    let background = browser
        .run("return getComputedStyle(document.body).backgroundColor")
        .await;
    assert_eq!(background, "rgb(12, 15, 19)");
    browser.press("Maren Okafor").await;
    browser.wait_for("details.menu[open]").await;
    browser.click("h1").await;
    browser.wait_for("details.menu:not([open])").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_contacts_are_fine() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.registrant("maren@example.com", "Maren Okafor").await;
    let browser = Browser::start(Options::default()).await;
    browser.goto(&app.url("/sign-in")).await;
    browser.fill("#email", "maren@example.com").await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.expect_heading("Overview").await;
    browser.goto(&app.url("/settings/contacts")).await;
    assert_fine(&browser, "/settings/contacts without contacts").await;
    let person = app.person_contact("Maren", "Okafor", Some(maren.id));
    let abuse = app.role_contact("Abuse", &[maren.id]);
    let other = app.role_contact("Network Operations", &[]);
    let mine = [("AD", &*person), ("T", &*person), ("AB", &*abuse)];
    let organization = app.organization("Harbor Example Networks", &mine);
    app.allocation(&organization, "192.0.2.0", "24");
    app.allocation(&organization, "2001:db8::", "32");
    let theirs = [("AD", &*other), ("T", &*other), ("AB", &*abuse)];
    app.organization("Lantern Example Cooperative", &theirs);
    let key = [
        ("name", "Reader"),
        ("expires_in", "90d"),
        ("access", "chosen"),
        ("scope", "registry:read"),
    ];
    let key = id_of(&maren.person.create_key(&key).await);
    for path in [
        "/settings/contacts".to_owned(),
        "/settings/contacts/new".to_owned(),
        format!("/settings/contacts/{person}"),
        format!("/settings/contacts/{person}/unlink"),
        format!("/settings/contacts/{abuse}/delete"),
        format!("/settings/api/{key}/access"),
    ] {
        browser.goto(&app.url(&path)).await;
        assert_fine(&browser, &path).await;
    }
    browser.goto(&app.url("/settings/contacts/new")).await;
    browser.press("Create contact").await;
    browser.wait_for("[role=alert]").await;
    assert_fine(&browser, "/settings/contacts/new with errors").await;
    browser.close().await;
}
