//! Changing the address of an account.

use chrono::TimeDelta;
use keyport::domain::mail::Mail;
use keyport::ids::AccountId;

use crate::on_both_engines;
use crate::support::app::PASSWORD;
use crate::support::{Person, TestApp};

const PROFILE: &str = "/settings/profile";

async fn ask(maren: &mut Person, email: &str, status: u16) {
    let fields = [("name", "Maren"), ("email", email), ("time_zone", "UTC")];
    maren
        .fill_in(PROFILE, PROFILE, &fields)
        .await
        .expect(status);
}

async fn confirm(app: &TestApp, token: &str, status: u16) {
    let mut visitor = app.anonymous();
    let opened = visitor.get("/sign-in").await;
    let form_token = opened.page.attribute("input[name=form_token]", "value");
    let fields = [("form_token", form_token.as_str()), ("token", token)];
    visitor
        .post_raw("/email/verify", &fields, &[])
        .await
        .expect(status);
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn a_new_address_takes_effect_once_it_is_confirmed(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let forgot = "/password/forgot";
        app.anonymous().fill_in(forgot, forgot, &[("email", "maren@example.com")]).await.expect(200);
        let reset = app.mailed_token("maren@example.com");
        ask(&mut maren, "New@Example.com", 303).await;
        let page = maren.get(PROFILE).await.expect(200);
        assert_eq!(page.page.words(".waiting .badge-k"), "Unconfirmed");
        assert!(page.page.words(".waiting").contains("new@example.com"));
        assert_eq!(page.page.attribute("#email", "value"), "maren@example.com");
        assert_eq!(app.mail_kinds("new@example.com"), ["confirm_new_email"]);
        let token = app.mailed_token("new@example.com");
        app.anonymous().get(&format!("/email/verify?token={token}")).await.expect(200);
        app.anonymous().sign_in("maren@example.com", PASSWORD).await;
        confirm(&app, &token, 303).await;
        confirm(&app, &token, 404).await;
        let page = maren.get(PROFILE).await.expect(200);
        assert_eq!(page.page.attribute("#email", "value"), "new@example.com");
        assert!(!page.page.has(".waiting"));
        assert!(app.mail_kinds("maren@example.com").contains(&"email_changed"));
        app.anonymous().sign_in("new@example.com", PASSWORD).await;
        app.anonymous().get(&format!("/password/reset?token={reset}")).await.expect(404);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn an_address_that_is_taken_is_told_by_mail_alone(app) {
        app.account("ben@example.com", "Ben");
        let mut maren = app.person("maren@example.com", "Maren").await;
        ask(&mut maren, "ben@example.com", 303).await;
        let page = maren.get(PROFILE).await.expect(200);
        assert_eq!(page.page.words(".waiting .badge-k"), "Unconfirmed");
        assert_eq!(app.mail_kinds("ben@example.com"), ["account_exists"]);
        assert!(matches!(app.mails()[0].mail, Mail::AccountExists { is_change: true }));
        // Taken between asking and confirming.
        ask(&mut maren, "free@example.com", 303).await;
        let token = app.mailed_token("free@example.com");
        app.account("free@example.com", "Fred");
        confirm(&app, &token, 409).await;
        app.anonymous().sign_in("maren@example.com", PASSWORD).await;
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn a_change_needs_a_recent_sign_in_and_can_be_cancelled(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let opened = maren.get(PROFILE).await;
        app.advance(TimeDelta::minutes(15));
        let fields = [("name", "Maren"), ("email", "new@example.com"), ("time_zone", "UTC")];
        let asked = maren.send_form(&opened, PROFILE, &fields).await.expect(303);
        assert_eq!(asked.header("location"), "/sign-in/confirm?next=%2Fsettings%2Fprofile%3Femail%3Dnew%2540example%252Ecom");
        let back = maren.get(&format!("{PROFILE}?email=new%40example%2Ecom")).await.expect(200);
        assert_eq!(back.page.attribute("#email", "value"), "new@example.com");
        assert!(app.mails().is_empty());
        // Name and zone need none.
        ask(&mut maren, "maren@example.com", 303).await;
        maren.confirm(PASSWORD).await.expect(303);
        ask(&mut maren, "new@example.com", 303).await;
        let token = app.mailed_token("new@example.com");
        let page = maren.get(PROFILE).await;
        maren.send_form(&page, "/settings/profile/cancel-email", &[]).await.expect(303);
        assert!(!maren.get(PROFILE).await.page.has(".waiting"));
        confirm(&app, &token, 404).await;
        let long = format!("{}@example.com", "a".repeat(65));
        for email in ["", "no address", &long] {
            ask(&mut maren, email, 422).await;
        }
        for number in 0..4 {
            ask(&mut maren, &format!("a{number}@example.com"), 303).await;
        }
        ask(&mut maren, "a9@example.com", 429).await;
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn a_new_password_and_ended_sessions_take_back_a_change_that_waits(app) {
        const NEW: &str = "walnut ferry 93 lamp";
        let id = app.account("maren@example.com", "Maren").id;
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut password = PASSWORD;
        for way in ["reset", "change", "operator", "sessions", "disable"] {
            let mut maren = app.anonymous();
            maren.sign_in("maren@example.com", password).await;
            let opened = maren.get(PROFILE).await;
            let fields = [("name", "Maren"), ("email", "eve@example.com"), ("time_zone", "UTC")];
            maren.send_form(&opened, PROFILE, &fields).await.expect(303);
            let token = app.mailed_token("eve@example.com");
            match way {
                "reset" => {
                    let forgot = "/password/forgot";
                    let fields = [("email", "maren@example.com")];
                    app.anonymous().fill_in(forgot, forgot, &fields).await.expect(200);
                    let reset = app.mailed_token("maren@example.com");
                    let fields = [("token", reset.as_str()), ("password", NEW)];
                    app.anonymous().post_from("/sign-in", "/password/reset", &fields).await.expect(303);
                    password = NEW;
                }
                "change" => {
                    let path = "/settings/security/password";
                    let fields = [("current_password", password), ("password", PASSWORD)];
                    maren.fill_in(path, path, &fields).await.expect(303);
                    password = PASSWORD;
                }
                // Making the link is enough: its holder need not have used it.
                "operator" => act(&mut oona, id, "password-link").await,
                "sessions" => act(&mut oona, id, "end-sessions").await,
                _ => {
                    act(&mut oona, id, "disable").await;
                    act(&mut oona, id, "enable").await;
                }
            }
            let link = format!("/email/verify?token={token}");
            app.anonymous().get(&link).await.expect(404);
            confirm(&app, &token, 404).await;
            assert_eq!(app.account_now(id).email, "maren@example.com", "{way}");
            app.advance(TimeDelta::hours(1));
            oona.sign_in_again("oona@example.com").await;
        }
    }
}

async fn act(operator: &mut Person, id: AccountId, act: &str) {
    let path = format!("/operator/accounts/{id}/{act}");
    operator.fill_in(&path, &path, &[]).await.expect(303);
}

on_both_engines! {
    async fn with_mail_off_it_changes_at_once(app) {
        app.account("ben@example.com", "Ben");
        let mut maren = app.person("maren@example.com", "Maren").await;
        ask(&mut maren, "ben@example.com", 422).await;
        ask(&mut maren, "new@example.com", 303).await;
        app.anonymous().sign_in("new@example.com", PASSWORD).await;
        let old = [("email", "maren@example.com"), ("password", PASSWORD), ("next", "/")];
        app.anonymous().fill_in("/sign-in", "/sign-in", &old).await.expect(422);
    }
}
