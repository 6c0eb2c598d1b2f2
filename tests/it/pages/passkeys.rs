//! Passkeys, with an authenticator in software: adding, signing in alone, as second step, to confirm, removing.

use chrono::TimeDelta;

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::app::PASSWORD;
use crate::support::authenticator::Authenticator;
use crate::support::second_factors::{
    add_passkey, begin_sign_in, challenge, sign_in_with, turn_on, use_passkey,
};

const EMAIL: &str = "maren@example.com";
const PASSKEYS: &str = "/settings/security/passkeys";

/// An account with a passkey.
async fn with_passkey(app: &TestApp, email: &str, seed: u8) -> Authenticator {
    let mut person = app.person(email, "Maren").await;
    let mut key = Authenticator::new(seed);
    add_passkey(&mut person, &mut key, "Laptop")
        .await
        .expect(303);
    key
}

on_both_engines! {
    async fn a_passkey_is_added_renamed_and_removed(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let mut key = Authenticator::new(1);
        let added = add_passkey(&mut maren, &mut key, " YubiKey <5C> ").await.expect(303);
        assert_eq!(added.header("location"), "/settings/security");
        let security = maren.get("/settings/security").await.expect(200);
        assert!(security.page.words(".notice").starts_with("YubiKey <5C> was added."));
        let row = security.page.words("[aria-labelledby=passkeys] li");
        assert!(row.contains("YubiKey <5C>") && row.contains("Not used yet."), "{row}");
        let link = security.page.attribute("[aria-labelledby=passkeys] li a", "href");
        maren.fill_in(&link, &link, &[("name", "")]).await.expect(422);
        maren.fill_in(&link, &link, &[("name", "Drawer")]).await.expect(303);
        assert!(maren.get("/settings/security").await.text().contains("Drawer"));
        let mut ann = app.person("ann@example.com", "Ann").await;
        let remove = format!("{link}/remove");
        for path in [&link, &remove] {
            ann.get(path).await.expect(404);
            ann.post_from("/settings/security", path, &[("name", "Mine")]).await.expect(404);
        }
        maren.fill_in(&remove, &remove, &[]).await.expect(303);
        maren.get(&remove).await.expect(404);
        let gone = sign_in_with(&mut app.anonymous(), &mut key).await.expect(422);
        assert!(gone.page.words("[role=alert]").contains("This passkey is not known here."));
        assert_eq!(app.queued_kinds(), ["passkey_added", "passkey_removed"]);
        assert_eq!(app.audited("passkey.rename").len(), 1);
    }
}

on_both_engines! {
    async fn what_is_no_passkey_is_not_added(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let bare = maren.fill_in(PASSKEYS, PASSKEYS, &[("name", "A")]).await.expect(422);
        assert!(bare.page.words("[role=alert]").contains("Passkeys need JavaScript."));
        let mut key = Authenticator::new(2);
        let nameless = add_passkey(&mut maren, &mut key, "").await.expect(422);
        assert_eq!(nameless.page.words("#name-error"), "Enter a name of 1 to 100 characters.");
        let mut elsewhere = Authenticator::new(3);
        elsewhere.origin = "https://evil.example".to_owned();
        let mut unverified = Authenticator::new(4);
        unverified.verifies_user = false;
        for mut bad in [elsewhere, unverified] {
            let refused = add_passkey(&mut maren, &mut bad, "Bad").await.expect(422);
            assert!(refused.page.words("[role=alert]").contains("The passkey was not accepted."));
            assert_eq!(refused.page.attribute("#name", "value"), "Bad");
        }
        add_passkey(&mut maren, &mut key, "Good").await.expect(303);
        let twice = add_passkey(&mut maren, &mut key, "Twice").await.expect(422);
        let words = twice.page.words("[role=alert]");
        assert!(words.contains("This passkey was added before."), "{words}");
        app.advance(TimeDelta::minutes(15));
        maren.get(PASSKEYS).await.expect(303);
    }
}

on_both_engines! {
    async fn a_passkey_alone_signs_in_even_where_a_second_step_is_asked_for(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let mut key = Authenticator::new(5);
        add_passkey(&mut maren, &mut key, "Laptop").await.expect(303);
        turn_on(&app, &mut maren).await;
        let mut back = app.anonymous();
        let done = sign_in_with(&mut back, &mut key).await.expect(303);
        assert_eq!(done.header("location"), "/settings/api");
        let security = back.get("/settings/security").await.expect(200);
        assert!(security.page.words("[aria-labelledby=passkeys] li").contains("Last used Today"));
        // It counts as a recent sign-in.
        back.get("/settings/api/new").await.expect(200);
        assert_eq!(app.audited("sign_in").last().unwrap(), "passkey done");
        let page = app.anonymous().get("/sign-in").await;
        assert_eq!(page.page.attribute("#email", "autocomplete"), "username webauthn");
    }
}

on_both_engines! {
    async fn alone_it_must_know_its_user_and_its_site(app) {
        let mut key = with_passkey(&app, EMAIL, 6).await;
        let mut unverified = key.clone();
        unverified.verifies_user = false;
        let mut elsewhere = key.clone();
        elsewhere.origin = "http://localhost:8081".to_owned();
        for mut bad in [unverified, elsewhere] {
            let refused = sign_in_with(&mut app.anonymous(), &mut bad).await.expect(422);
            assert!(refused.page.words("[role=alert]").contains("The passkey was not accepted."));
        }
        let mut nameless = key.clone();
        nameless.user_handle = vec![0; 16];
        sign_in_with(&mut app.anonymous(), &mut nameless).await.expect(422);
        let mut stranger = Authenticator::new(7);
        stranger.user_handle = key.user_handle.clone();
        sign_in_with(&mut app.anonymous(), &mut stranger).await.expect(422);
        sign_in_with(&mut app.anonymous(), &mut key).await.expect(303);
    }
}

on_both_engines! {
    async fn a_challenge_is_answered_once_within_five_minutes_and_for_its_purpose(app) {
        let mut key = with_passkey(&app, EMAIL, 8).await;
        let mut visitor = app.anonymous();
        let opened = visitor.get("/sign-in").await;
        let made = challenge(&mut visitor, &opened, "/sign-in/passkey").await;
        let ceremony = made["ceremony"].as_str().unwrap();
        let credential = key.get(&made["options"]);
        let fields = [("ceremony", ceremony), ("credential", credential.as_str())];
        visitor.send_form(&opened, "/sign-in", &fields).await.expect(303);
        let mut thief = app.anonymous();
        let replayed = thief.fill_in("/sign-in", "/sign-in", &fields).await.expect(422);
        assert!(replayed.page.words("[role=alert]").contains("That took too long. Try again."));
        let mut late = app.anonymous();
        let opened = late.get("/sign-in").await;
        let made = challenge(&mut late, &opened, "/sign-in/passkey").await;
        app.advance(TimeDelta::minutes(5));
        let credential = key.get(&made["options"]);
        let fields = [("ceremony", made["ceremony"].as_str().unwrap()), ("credential", credential.as_str())];
        late.send_form(&opened, "/sign-in", &fields).await.expect(422);
        let made = challenge(&mut late, &opened, "/sign-in/passkey").await;
        let credential = key.get(&made["options"]);
        let fields = [("ceremony", made["ceremony"].as_str().unwrap()), ("credential", credential.as_str())];
        // Another browser can do nothing with it, nor take it away.
        visitor.fill_in("/sign-in/confirm", "/sign-in/confirm", &fields).await.expect(422);
        let elsewhere = app.anonymous().fill_in("/sign-in", "/sign-in", &fields).await.expect(422);
        assert!(elsewhere.page.words("[role=alert]").contains("That took too long. Try again."));
        late.send_form(&opened, "/sign-in", &fields).await.expect(303);
        // Made for confirming, it signs no one in, and is used up by the try.
        let opened = late.get("/sign-in/confirm").await;
        let made = challenge(&mut late, &opened, "/sign-in/confirm/passkey").await;
        let credential = key.get(&made["options"]);
        let fields = [("ceremony", made["ceremony"].as_str().unwrap()), ("credential", credential.as_str())];
        let sign_in = [("form_token", opened.page.attribute("input[name=form_token]", "value"))];
        let sign_in: Vec<_> = sign_in.iter().map(|(name, value)| (*name, value.as_str())).chain(fields).collect();
        late.post_raw("/sign-in", &sign_in, &[]).await.expect(422);
        late.send_form(&opened, "/sign-in/confirm", &fields).await.expect(422);
    }
}

on_both_engines! {
    async fn as_second_step_only_a_passkey_of_the_account_does(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let mut key = Authenticator::new(9);
        add_passkey(&mut maren, &mut key, "Laptop").await.expect(303);
        turn_on(&app, &mut maren).await;
        let mut other = with_passkey(&app, "ann@example.com", 10).await;
        let mut pending = begin_sign_in(&app, EMAIL).await;
        let refused = use_passkey(&mut pending, &mut other, "/sign-in/two-step").await.expect(422);
        assert!(refused.page.words("[role=alert]").contains("This passkey is not known here."));
        pending.get("/settings/security").await.expect(303);
        let opened = pending.get("/sign-in/two-step").await;
        let made = challenge(&mut pending, &opened, "/sign-in/two-step/passkey").await;
        let allowed = made["options"]["publicKey"]["allowCredentials"].as_array().unwrap();
        assert_eq!(allowed.len(), 1);
        assert!(allowed[0]["id"].is_string());
        use_passkey(&mut pending, &mut key, "/sign-in/two-step").await.expect(303);
        pending.get("/settings/security").await.expect(200);
    }
}

on_both_engines! {
    async fn a_passkey_confirms_that_it_is_still_its_holder(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let mut key = Authenticator::new(11);
        add_passkey(&mut maren, &mut key, "Laptop").await.expect(303);
        app.advance(TimeDelta::minutes(20));
        let mut other = with_passkey(&app, "ann@example.com", 12).await;
        use_passkey(&mut maren, &mut other, "/sign-in/confirm").await.expect(422);
        maren.get("/settings/api/new").await.expect(303);
        use_passkey(&mut maren, &mut key, "/sign-in/confirm").await.expect(303);
        maren.get("/settings/api/new").await.expect(200);
    }
}

on_both_engines! {
    async fn a_counter_that_goes_back_is_refused_and_written_down(app) {
        let mut key = with_passkey(&app, EMAIL, 13).await;
        let mut copy = key.clone();
        sign_in_with(&mut app.anonymous(), &mut key).await.expect(303);
        sign_in_with(&mut app.anonymous(), &mut key).await.expect(303);
        let mut thief = app.anonymous();
        let refused = sign_in_with(&mut thief, &mut copy).await.expect(422);
        assert!(refused.page.words("[role=alert]").contains("its counter went back"));
        thief.get("/settings/security").await.expect(303);
        assert_eq!(app.audited("passkey.clone").len(), 1);
        // One that does not count at all is no copy.
        let mut synced = Authenticator::new(14);
        synced.counter = 0;
        let mut ann = app.person("ann@example.com", "Ann").await;
        add_passkey(&mut ann, &mut synced, "Phone").await.expect(303);
        for _ in 0..2 {
            sign_in_with(&mut app.anonymous(), &mut synced).await.expect(303);
        }
    }
}

on_both_engines! {
    async fn a_disabled_account_is_not_let_in_by_its_passkey(app) {
        let mut key = with_passkey(&app, EMAIL, 15).await;
        app.execute("UPDATE accounts SET disabled_at = 1");
        let refused = sign_in_with(&mut app.anonymous(), &mut key).await.expect(422);
        assert!(refused.page.words("[role=alert]").contains("This passkey is not known here."));
    }
}

on_both_engines! {
    async fn challenges_want_the_forms_token_and_the_right_state(app) {
        let mut visitor = app.anonymous();
        let stale = visitor.post_raw("/sign-in/passkey", &[], &[]).await.expect(422);
        assert_eq!(stale.json()["message"], "This form is too old. Reload the page.");
        let headers = [("sec-fetch-site", "cross-site")];
        visitor.post_raw("/sign-in/passkey", &[], &headers).await.expect(403);
        visitor.post_from("/sign-in", "/sign-in/two-step/passkey", &[]).await.expect(422);
        visitor.post_from("/sign-in", "/sign-in/confirm/passkey", &[]).await.expect(303);
        let mut maren = app.person(EMAIL, "Maren").await;
        app.advance(TimeDelta::minutes(15));
        let sent = maren.post_from("/settings/security", &format!("{PASSKEYS}/challenge"), &[]).await;
        assert!(sent.expect(303).header("location").starts_with("/sign-in/confirm"));
        maren.confirm(PASSWORD).await.expect(303);
    }
}

on_both_engines! {
    with [("KEYPORT_PUBLIC_URL", "http://127.0.0.1:8080")],
    async fn at_an_address_without_a_name_there_are_no_passkeys(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let page = maren.get(PASSKEYS).await.expect(200);
        assert!(page.page.words(".notice").starts_with("Passkeys are not possible here."));
        assert!(!app.anonymous().get("/sign-in").await.page.has("[data-passkey]"));
        maren.post_from("/settings/security", "/sign-in/passkey", &[]).await.expect(404);
    }
}
