//! Signing up where mail is on: nothing works before the address is confirmed.

use chrono::TimeDelta;
use keyport::domain::housekeeping;
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::actors::Answer;
use crate::support::app::PASSWORD;
use crate::support::command::{assert_fails, keyport};
use crate::support::{Person, TestApp};

const VERIFY: &str = "/email/verify";

async fn sign_up(app: &TestApp, name: &str, email: &str, password: &str) -> Answer {
    sign_up_in(&mut app.anonymous(), name, email, password).await
}

/// In this browser.
async fn sign_up_in(browser: &mut Person, name: &str, email: &str, password: &str) -> Answer {
    let fields = [("name", name), ("email", email), ("password", password)];
    browser.fill_in("/sign-up", "/sign-up", &fields).await
}

async fn try_sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let fields = [("email", email), ("password", password), ("next", "/")];
    app.anonymous()
        .fill_in("/sign-in", "/sign-in", &fields)
        .await
}

async fn verify(app: &TestApp, token: &str) -> Answer {
    verify_in(&mut app.anonymous(), token).await
}

/// In this browser.
async fn verify_in(visitor: &mut Person, token: &str) -> Answer {
    let opened = visitor.get("/sign-in").await;
    let form_token = opened.page.attribute("input[name=form_token]", "value");
    visitor
        .post_raw(
            VERIFY,
            &[("form_token", &form_token), ("token", token)],
            &[],
        )
        .await
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn an_account_can_sign_in_only_after_its_link_was_used(app) {
        let mut visitor = app.anonymous();
        let sent = sign_up_in(&mut visitor, "Ann Lee", "Ann@Example.com", PASSWORD).await.expect(200);
        assert_eq!(sent.page.words(".notice"), "We have sent a link to ann@example.com.");
        let token = app.mailed_token("ann@example.com");
        let opened = visitor.get(&format!("{VERIFY}?token={token}")).await.expect(200);
        assert!(opened.text().contains("ann@example.com") && opened.text().contains("Ann Lee"));
        app.advance(TimeDelta::seconds(1));
        // Opening it changed nothing.
        let refused = try_sign_in(&app, "ann@example.com", PASSWORD).await.expect(422);
        assert!(refused.page.words(".notice").contains("Email or password is wrong."));
        let token = app.mailed_token("ann@example.com");
        let opened = visitor.get(&format!("{VERIFY}?token={token}")).await.expect(200);
        let done = visitor.send_form(&opened, VERIFY, &[("token", &token)]).await.expect(303);
        let page = visitor.get(done.header("location")).await.expect(200);
        assert_eq!(page.page.words(".notice"), "Your email is confirmed. Sign in with it.");
        try_sign_in(&app, "ann@example.com", PASSWORD).await.expect(303);
        verify(&app, &token).await.expect(404);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn a_known_address_is_told_by_mail_alone(app) {
        app.account("taken@example.com", "Taken");
        let mut bodies = Vec::new();
        for email in ["taken@example.com", "fresh@example.com"] {
            let mut visitor = app.anonymous();
            let opened = visitor.get("/sign-up").await;
            let fields = [("name", "Ann"), ("email", email), ("password", "walnut ferry 93 lamp")];
            let answer = visitor.send_form(&opened, "/sign-up", &fields).await.expect(200);
            let token = opened.page.attribute("input[name=form_token]", "value");
            bodies.push(answer.text().replace(email, "E").replace(&token, "T"));
        }
        assert_eq!(bodies[0], bodies[1]);
        assert_eq!(app.mail_kinds("taken@example.com"), ["account_exists"]);
        assert_eq!(app.mail_kinds("fresh@example.com"), ["verify_email"]);
        try_sign_in(&app, "taken@example.com", PASSWORD).await.expect(303);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn links_that_are_too_old_altered_or_replaced_confirm_nothing(app) {
        sign_up(&app, "Ann", "ann@example.com", PASSWORD).await.expect(200);
        let older = app.mailed_token("ann@example.com");
        app.advance(TimeDelta::seconds(1));
        // The right password has a new link sent; a wrong one does not.
        try_sign_in(&app, "ann@example.com", "wrong words").await.expect(422);
        assert_eq!(app.mails().len(), 1);
        try_sign_in(&app, "ann@example.com", PASSWORD).await.expect(422);
        let token = app.mailed_token("ann@example.com");
        assert_ne!(token, older);
        for dead in [older.as_str(), &token[1..], ""] {
            verify(&app, dead).await.expect(404);
        }
        app.advance(TimeDelta::hours(24));
        verify(&app, &token).await.expect(404);
        for _ in 0..5 {
            app.advance(TimeDelta::seconds(1));
            try_sign_in(&app, "ann@example.com", PASSWORD).await.expect(422);
        }
        assert_eq!(app.mails().len(), 2 + 3, "three an hour");
        verify(&app, &app.mailed_token("ann@example.com")).await.expect(303);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn who_never_confirmed_an_address_does_not_keep_others_from_it(app) {
        sign_up(&app, "Stranger", "ann@example.com", "walnut ferry 93 lamp").await.expect(200);
        let of_stranger = app.mailed_token("ann@example.com");
        app.advance(TimeDelta::seconds(1));
        let mut ann = app.anonymous();
        sign_up_in(&mut ann, "Ann", "ann@example.com", PASSWORD).await.expect(200);
        verify(&app, &of_stranger).await.expect(404);
        verify_in(&mut ann, &app.mailed_token("ann@example.com")).await.expect(303);
        try_sign_in(&app, "ann@example.com", "walnut ferry 93 lamp").await.expect(422);
        try_sign_in(&app, "ann@example.com", PASSWORD).await.expect(303);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn accounts_that_are_not_confirmed_for_seven_days_are_removed(app) {
        app.account("old@example.com", "Old");
        sign_up(&app, "Ann", "ann@example.com", PASSWORD).await.expect(200);
        let tidy = || {
            let now = app.now();
            let done: Result<(), StoreError> = app.state.pool.write_now(|db| housekeeping::run(db, now));
            done.unwrap();
        };
        let names = || app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM accounts");
        app.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
        tidy();
        assert_eq!(names(), "2");
        app.advance(TimeDelta::seconds(1));
        tidy();
        assert_eq!(names(), "1");
        try_sign_in(&app, "old@example.com", PASSWORD).await.expect(303);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn whoever_signs_up_with_the_address_of_another_does_not_choose_their_password(app) {
        const ZOE: &str = "zoe@example.com";
        let sign_up = |password| [("name", "Zoe"), ("email", ZOE), ("password", password)];
        let (mut zoe, mut stranger) = (app.anonymous(), app.anonymous());
        zoe.fill_in("/sign-up", "/sign-up", &sign_up("zoes own words 1")).await.expect(200);
        // So often that the mails to the address are used up, and her own sign-up after it is dropped.
        for _ in 0..3 {
            stranger.fill_in("/sign-up", "/sign-up", &sign_up("a strangers words")).await.expect(200);
        }
        zoe.fill_in("/sign-up", "/sign-up", &sign_up("zoes own words 1")).await.expect(200);
        let path = format!("/email/verify?token={}", app.mailed_token(ZOE));
        let opened = zoe.get(&path).await.expect(200);
        let token = opened.page.attribute("form[action='/email/verify'] input[name=token]", "value");
        let confirmed = zoe.send_form(&opened, "/email/verify", &[("token", &token)]).await.expect(303);
        let choose = confirmed.header("location").to_owned();
        assert!(choose.starts_with("/password/reset?token="), "{choose}");
        for password in ["a strangers words", "zoes own words 1"] {
            let fields = [("email", ZOE), ("password", password), ("next", "/")];
            app.anonymous().fill_in("/sign-in", "/sign-in", &fields).await.expect(422);
        }
        let opened = zoe.get(&choose).await.expect(200);
        let token = opened.page.attribute("form[action='/password/reset'] input[name=token]", "value");
        let fields = [("token", token.as_str()), ("password", "zoes new words 22")];
        zoe.send_form(&opened, "/password/reset", &fields).await.expect(303);
        zoe.sign_in(ZOE, "zoes new words 22").await;
        zoe.get("/settings/security").await.expect(200);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn a_strangers_sign_up_stands_in_no_ones_way_and_is_given_nothing(app) {
        let email = "ann@example.com";
        sign_up(&app, "Not Ann", email, PASSWORD).await.expect(200);
        let settings = [("DATABASE_URL", app.database.url.as_str())];
        let run = |arguments: &[&str]| keyport(app.database.folder.path(), &settings, arguments);
        // Whoever signs up with the address next would take it away.
        for arguments in [
            ["user", "operator", email].as_slice(),
            &["key", "create", "--account", email, "--name", "CI"],
        ] {
            assert_fails(&run(arguments), &["is not confirmed yet"]);
        }
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let list = oona.get(&format!("/operator/accounts?q={email}")).await.page;
        let path = list.attribute("tbody a", "href");
        assert!(!oona.get(&path).await.text().contains("make-operator"));
        oona.get(&format!("{path}/make-operator")).await.expect(303);

        let added = run(&["user", "add", email]);
        assert!(added.status.success(), "{added:?}");
        let printed = String::from_utf8(added.stdout).unwrap();
        let token = printed.trim().rsplit_once("token=").unwrap().1.to_owned();
        let page = format!("/password/reset?token={token}");
        let fields = [("token", token.as_str()), ("password", "another kestrel 43")];
        app.anonymous().fill_in(&page, "/password/reset", &fields).await.expect(303);
        try_sign_in(&app, email, "another kestrel 43").await.expect(303);
        assert!(run(&["user", "operator", email]).status.success());
    }
}
