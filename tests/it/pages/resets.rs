//! Forgotten passwords: asking for a link, and setting a password with one.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use diesel::Connection as _;
use diesel::connection::InstrumentationEvent;
use keyport::crypto::random::system_rng;
use keyport::domain::sign_in::{self, Purpose};
use keyport::domain::text::EmailAddress;
use keyport::domain::{accounts, passwords};
use keyport::secret::Secret;
use keyport::store::StoreError;
use keyport::store::connection::connect;

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::actors::Answer;
use crate::support::app::PASSWORD;

const FORGOT: &str = "/password/forgot";
const RESET: &str = "/password/reset";
const NEW: &str = "walnut ferry 93 lamp";
const SENT: &str =
    "If there is an account for that address, we have sent it a link that works for 1 hour.";

async fn ask(app: &TestApp, email: &str) -> Answer {
    app.anonymous()
        .fill_in(FORGOT, FORGOT, &[("email", email)])
        .await
}

async fn set(app: &TestApp, token: &str, password: &str) -> Answer {
    let mut visitor = app.anonymous();
    // The token of any form of this browser.
    let opened = visitor.get(FORGOT).await;
    let form_token = opened.page.attribute("input[name=form_token]", "value");
    let fields = [
        ("form_token", form_token.as_str()),
        ("token", token),
        ("password", password),
    ];
    visitor.post_raw(RESET, &fields, &[]).await
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn known_and_unknown_addresses_get_the_same_answer_and_only_one_gets_a_mail(app) {
        app.account("maren@example.com", "Maren");
        let mut bodies = Vec::new();
        for email in ["maren@example.com", "nobody@example.com"] {
            let mut visitor = app.anonymous();
            let opened = visitor.get(FORGOT).await.expect(200);
            let answer = visitor.send_form(&opened, FORGOT, &[("email", email)]).await.expect(200);
            assert_eq!(answer.page.words(".notice"), SENT);
            let token = opened.page.attribute("input[name=form_token]", "value");
            bodies.push(answer.text().replace(&token, "T"));
        }
        assert_eq!(bodies[0], bodies[1]);
        let mails = app.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!((mails[0].to.as_str(), mails[0].mail.kind()), ("maren@example.com", "reset_password"));
        let bad = ask(&app, "not an address").await.expect(422);
        assert_eq!(bad.page.all(".field-error"), ["Enter an email address."]);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn the_address_of_the_account_is_no_password_for_it(app) {
        const OWN: &str = "maren@example.com";
        const WORDS: &str = "This is the email address of the account. Choose another password.";
        let fields = [("name", "Maren"), ("email", OWN), ("password", "Maren@example.com")];
        let refused = app.anonymous().fill_in("/sign-up", "/sign-up", &fields).await.expect(422);
        assert_eq!(refused.page.words("#password-error"), WORDS);
        let mut maren = app.person(OWN, "Maren").await;
        ask(&app, OWN).await.expect(200);
        let token = app.mailed_token(OWN);
        let refused = set(&app, &token, OWN).await.expect(422);
        assert_eq!(refused.page.words("#password-error"), WORDS);
        let path = "/settings/security/password";
        let fields = [("current_password", PASSWORD), ("password", OWN)];
        let refused = maren.fill_in(path, path, &fields).await.expect(422);
        assert_eq!(refused.page.words("#password-error"), WORDS);
        let blank = set(&app, &token, "        \u{a0}").await.expect(422);
        assert!(blank.page.words("#password-error").contains("on the list of common ones"));
    }
}

on_both_engines! {
    async fn known_and_unknown_addresses_cost_the_same_number_of_queries(app) {
        app.account("maren@example.com", "Maren");
        app.account("gone@example.com", "Gone");
        let act = app.act();
        let found: Result<(), StoreError> = app.state.pool.write_now(|db| {
            let gone = accounts::find_by_email(db, &EmailAddress::parse("gone@example.com").unwrap())?.unwrap();
            accounts::disable(db, &act, gone.id)
        });
        found.unwrap();
        let mut db = connect(&app.database.url.parse().unwrap()).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = count.clone();
        db.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let devices = ["A", "B"].map(|letter| Secret::new(letter.repeat(43)));
        let (mut resets, mut sign_ins) = (Vec::new(), Vec::new());
        for email in ["maren@example.com", "nobody@example.com", "gone@example.com"] {
            count.store(0, Ordering::Relaxed);
            let parsed = EmailAddress::parse(email).unwrap();
            let rng = &mut system_rng();
            passwords::request_reset(&mut db, &act, &app.state.outbox, rng, &parsed, address).unwrap().unwrap();
            resets.push(count.swap(0, Ordering::Relaxed));
            let attempt = sign_in::begin(&mut db, &act, email, address, &devices, Purpose::SignIn).unwrap().unwrap();
            assert!(sign_in::finish(&mut db, &act, &attempt, false).unwrap().is_none());
            sign_ins.push(count.swap(0, Ordering::Relaxed));
        }
        assert!(resets[0] >= 7, "{resets:?}");
        assert!(resets.iter().all(|n| *n == resets[0]), "{resets:?}");
        assert!(sign_ins.iter().all(|n| *n == sign_ins[0]), "{sign_ins:?}");
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn a_link_sets_a_password_once_and_ends_all_sessions(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        ask(&app, "Maren@Example.com").await.expect(200);
        let token = app.mailed_token("maren@example.com");
        let mut visitor = app.anonymous();
        let opened = visitor.get(&format!("{RESET}?token={token}")).await.expect(200);
        visitor.send_form(&opened, RESET, &[("token", &token), ("password", "short")]).await.expect(422);
        maren.get("/settings/security").await.expect(200);
        let set_now = visitor.send_form(&opened, RESET, &[("token", &token), ("password", NEW)]).await.expect(303);
        let page = visitor.get(set_now.header("location")).await.expect(200);
        assert_eq!(page.page.words(".notice"), "Your password was set. Sign in with it.");
        maren.get("/settings/security").await.expect(303);
        assert_eq!(app.mail_kinds("maren@example.com").iter().filter(|kind| **kind == "password_changed").count(), 1);
        let again = set(&app, &token, "copper 17 violet dune").await.expect(404);
        assert!(again.text().contains("This link does not work any more."));
        assert!(again.page.has("a[href='/password/forgot']"));
        app.anonymous().sign_in("maren@example.com", NEW).await;
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn dead_links_say_so_and_change_nothing(app) {
        let account = app.account("maren@example.com", "Maren");
        ask(&app, "maren@example.com").await.expect(200);
        let older = app.mailed_token("maren@example.com");
        app.advance(TimeDelta::seconds(1));
        ask(&app, "maren@example.com").await.expect(200);
        let token = app.mailed_token("maren@example.com");
        let altered = format!("{}x", &token[..token.len() - 1]);
        for dead in [older.as_str(), &altered, "", "' OR 1=1 --"] {
            set(&app, dead, NEW).await.expect(404);
        }
        app.advance(TimeDelta::hours(1));
        app.anonymous().get(&format!("{RESET}?token={token}")).await.expect(404);
        set(&app, &token, NEW).await.expect(404);
        app.anonymous().sign_in("maren@example.com", PASSWORD).await;

        ask(&app, "maren@example.com").await.expect(200);
        let token = app.mailed_token("maren@example.com");
        let act = app.act();
        let disabled: Result<(), StoreError> = app.state.pool.write_now(|db| accounts::disable(db, &act, account.id));
        disabled.unwrap();
        set(&app, &token, NEW).await.expect(404);
        let before = app.mails().len();
        ask(&app, "maren@example.com").await.expect(200);
        assert_eq!(app.mails().len(), before, "a disabled account is mailed nothing");
        app.execute("DELETE FROM accounts");
        set(&app, &token, NEW).await.expect(404);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn a_link_that_waits_dies_with_a_new_password(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        ask(&app, "maren@example.com").await.expect(200);
        let token = app.mailed_token("maren@example.com");
        let path = "/settings/security/password";
        maren.fill_in(path, path, &[("current_password", PASSWORD), ("password", NEW)]).await.expect(303);
        set(&app, &token, "copper 17 violet dune").await.expect(404);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn mails_are_limited_for_an_account_and_requests_for_an_address(app) {
        app.account("maren@example.com", "Maren");
        for _ in 0..5 {
            let answer = ask(&app, "maren@example.com").await.expect(200);
            assert_eq!(answer.page.words(".notice"), SENT);
            app.advance(TimeDelta::seconds(1));
        }
        assert_eq!(app.mails().len(), 3);
        // The links that were mailed work on, and the password too: no one is locked out.
        app.anonymous().get(&format!("{RESET}?token={}", app.mailed_token("maren@example.com"))).await.expect(200);
        app.anonymous().sign_in("maren@example.com", PASSWORD).await;
        for _ in 0..15 {
            ask(&app, "nobody@example.com").await.expect(200);
        }
        let throttled = ask(&app, "nobody@example.com").await.expect(429);
        assert!(throttled.page.words(".notice").contains("Too many tries."));
        app.advance(TimeDelta::hours(1));
        ask(&app, "maren@example.com").await.expect(200);
        assert_eq!(app.mails().len(), 4);
    }
}

on_both_engines! {
    async fn with_mail_off_the_page_sends_to_the_operator(app) {
        app.account("maren@example.com", "Maren");
        let mut visitor = app.anonymous();
        let page = visitor.get(FORGOT).await.expect(200);
        assert!(page.text().contains("Email is not set up on this server"));
        assert!(!page.page.has("form[action='/password/forgot']"));
        let opened = visitor.get("/sign-in").await;
        let token = opened.page.attribute("input[name=form_token]", "value");
        visitor.post_raw(FORGOT, &[("form_token", &token), ("email", "maren@example.com")], &[]).await.expect(422);
        assert!(app.mails().is_empty());
    }
}
