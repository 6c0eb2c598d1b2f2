//! Changing the password within a session.

use std::net::IpAddr;

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use keyport::crypto::random::system_rng;
use keyport::domain::audit::Act;
use keyport::domain::passwords;
use keyport::domain::security::password::NewPassword;
use keyport::domain::sign_in::{self, Purpose};
use keyport::secret::Secret;
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::app::PASSWORD;

const PATH: &str = "/settings/security/password";
const NEW: &str = "walnut ferry 93 lamp";

on_both_engines! {
    async fn a_new_password_ends_all_other_sessions_and_this_one_gets_a_new_id(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut other = app.anonymous();
        other.sign_in("maren@example.com", PASSWORD).await;
        let before = maren.cookies.clone();
        let opened = maren.get(PATH).await.expect(200);
        assert_eq!(opened.page.attribute("#current_password", "autocomplete"), "current-password");
        assert_eq!(opened.page.attribute("#password", "autocomplete"), "new-password");
        let fields = [("current_password", PASSWORD), ("password", NEW)];
        maren.send_form(&opened, PATH, &fields).await.expect(303);
        let page = maren.get("/settings/security").await.expect(200);
        assert!(page.page.words(".notice").starts_with("Your password was changed. All other sessions were signed out."));
        assert_eq!(page.page.words("section[aria-labelledby=sessions] .count"), "1");
        other.get("/settings/security").await.expect(303);
        let mut thief = app.anonymous();
        thief.cookies = before;
        thief.get("/settings/security").await.expect(303);
        assert!(app.mail_kinds("maren@example.com").contains(&"password_changed"));
        let old = [("email", "maren@example.com"), ("password", PASSWORD), ("next", "/")];
        app.anonymous().fill_in("/sign-in", "/sign-in", &old).await.expect(422);
        app.anonymous().sign_in("maren@example.com", NEW).await;
    }
}

on_both_engines! {
    async fn bad_passwords_are_told_beside_the_fields_and_change_nothing(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        for (current, new, words) in [
            ("wrong words", NEW, "This is not your password."),
            ("", NEW, "This is not your password."),
            (PASSWORD, "short", "Use at least 8 characters."),
            (PASSWORD, "Password1", "This password is on the list of common ones. Choose another."),
        ] {
            let fields = [("current_password", current), ("password", new)];
            let answer = maren.fill_in(PATH, PATH, &fields).await.expect(422);
            assert_eq!(answer.page.all(".field-error"), [words]);
            assert!(!answer.text().contains(new), "a password came back");
        }
        let fields = [("form_token", "stale"), ("current_password", PASSWORD), ("password", NEW)];
        maren.post_raw(PATH, &fields, &[]).await.expect(422);
        maren.get("/settings/security").await.expect(200);
        app.anonymous().sign_in("maren@example.com", PASSWORD).await;
        assert_eq!(app.mails().len(), 1, "only the new browser was told");
    }
}

on_both_engines! {
    async fn wrong_current_passwords_count_like_those_at_sign_in(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("current_password", "wrong words"), ("password", NEW)];
        for _ in 0..10 {
            maren.fill_in(PATH, PATH, &fields).await.expect(422);
        }
        let fields = [("current_password", PASSWORD), ("password", NEW)];
        let throttled = maren.fill_in(PATH, PATH, &fields).await.expect(429);
        assert_eq!(throttled.header("retry-after"), "900");
    }
}

on_both_engines! {
    async fn of_two_changes_at_once_the_second_is_refused(app) {
        let account = app.account("maren@example.com", "Maren");
        let act = Act { actor: account.as_actor(), ..app.act() };
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let begin = |purpose| {
            let begun: Result<_, StoreError> = app.state.pool.write_now(|db| {
                sign_in::begin(db, &act, "maren@example.com", address, &[], purpose)
            });
            begun.unwrap().unwrap()
        };
        // All three have found the present password to be right.
        let (one, two, sign_in) = (begin(Purpose::Confirm), begin(Purpose::Confirm), begin(Purpose::SignIn));
        let hash = NewPassword::parse(Secret::new(NEW.to_owned())).unwrap().hash(&mut system_rng());
        let change = |attempt| {
            let outbox = &app.state.outbox;
            let changed: Result<_, StoreError> = app.state.pool.write_now(|db| {
                passwords::change(db, &act, outbox, attempt, &hash)
            });
            changed.unwrap()
        };
        assert!(change(&one).is_some());
        assert!(change(&two).is_none());
        let signed_in: Result<_, StoreError> = app.state.pool.write_now(|db| {
            sign_in::finish(db, &act, &sign_in, true)
        });
        assert!(signed_in.unwrap().is_none(), "signed in with a password that is no longer one");
    }
}

on_both_engines! {
    async fn two_browsers_that_change_it_at_once_do_not_both(app) {
        let mut one = app.person("maren@example.com", "Maren").await;
        let mut two = app.anonymous();
        two.sign_in("maren@example.com", PASSWORD).await;
        let (first, second) = (one.get(PATH).await, two.get(PATH).await);
        let other = "copper 17 violet dune";
        let (for_one, for_two) = ([("current_password", PASSWORD), ("password", NEW)], [("current_password", PASSWORD), ("password", other)]);
        let answers = tokio::join!(
            one.send_form(&first, PATH, &for_one),
            two.send_form(&second, PATH, &for_two),
        );
        let changed = [&answers.0, &answers.1].map(|answer| answer.header("location") == "/settings/security");
        assert_ne!(changed[0], changed[1]);
        let right = if changed[0] { NEW } else { other };
        app.anonymous().sign_in("maren@example.com", right).await;
    }
}

on_both_engines! {
    async fn a_hash_with_older_parameters_is_made_anew_at_sign_in(app) {
        app.account("maren@example.com", "Maren");
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let hash: argon2::password_hash::phc::PasswordHash =
            weak.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]).unwrap();
        app.execute(&format!("UPDATE accounts SET password_hash = '{hash}'"));
        let wrong = [("email", "maren@example.com"), ("password", "wrong words"), ("next", "/")];
        app.anonymous().fill_in("/sign-in", "/sign-in", &wrong).await.expect(422);
        assert!(app.text("SELECT password_hash AS text FROM accounts").contains("m=64,"));
        let mut maren = app.anonymous();
        maren.sign_in("maren@example.com", PASSWORD).await;
        assert!(app.text("SELECT password_hash AS text FROM accounts").starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        maren.get("/").await.expect(200);
        app.anonymous().sign_in("maren@example.com", PASSWORD).await;
    }
}
