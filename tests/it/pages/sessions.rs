//! Sessions: listed, and ended one by one or all others.

use chrono::TimeDelta;

use crate::on_both_engines;
use crate::support::app::PASSWORD;
use crate::support::{Person, TestApp};

const SECURITY: &str = "/settings/security";
const SESSIONS: &str = "/settings/security/sessions";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

/// Someone who signs in on a phone.
async fn on_phone(app: &TestApp, email: &str) -> Person {
    let mut phone = app.anonymous();
    let opened = phone.get("/sign-in").await;
    let token = opened.page.attribute("input[name=form_token]", "value");
    let fields = [
        ("form_token", token.as_str()),
        ("email", email),
        ("password", PASSWORD),
        ("next", "/"),
    ];
    let headers = [("user-agent", IPHONE)];
    phone
        .post_raw("/sign-in", &fields, &headers)
        .await
        .expect(303);
    phone
}

on_both_engines! {
    async fn sessions_are_listed_and_one_that_is_ended_stops_on_every_instance(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut phone = on_phone(&app, "maren@example.com").await;
        let page = maren.get(SECURITY).await.expect(200);
        let section = "section[aria-labelledby=sessions]";
        assert_eq!(page.page.words(&format!("{section} .count")), "2");
        assert_eq!(page.page.all(&format!("{section} h3")), ["Unknown browser", "Safari on iPhone"]);
        assert_eq!(page.page.all(&format!("{section} li:first-child .badge-k")), ["This session"]);
        let seen = page.page.words(&format!("{section} li:last-child .sentence"));
        assert_eq!(seen, "127.0.0.1, active just now");
        let other_instance = TestApp::spawn_beside(&app, &[]).await;
        let mut elsewhere = other_instance.anonymous();
        elsewhere.cookies = phone.cookies.clone();
        elsewhere.get(SECURITY).await.expect(200);

        let id = page.page.attribute(&format!("{section} input[name=session]"), "value");
        let ended = maren.send_form(&page, SESSIONS, &[("session", &id)]).await.expect(303);
        assert_eq!(ended.header("location"), SECURITY);
        phone.get(SECURITY).await.expect(303);
        elsewhere.get(SECURITY).await.expect(303);
        let page = maren.get(SECURITY).await.expect(200);
        assert_eq!(page.page.words(".notice"), "The session was signed out. It stopped working at once.");
        assert_eq!(page.page.words(&format!("{section} .count")), "1");
        maren.post_from(SECURITY, SESSIONS, &[("session", &id)]).await.expect(303);
        let page = maren.get(SECURITY).await;
        assert_eq!(page.page.words(".notice"), "That session had already ended.");
    }
}

on_both_engines! {
    async fn all_others_are_ended_and_this_one_goes_on(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut phone = on_phone(&app, "maren@example.com").await;
        let mut ben = app.person("ben@example.com", "Ben").await;
        app.advance(TimeDelta::minutes(20));
        let asked = maren.get(SESSIONS).await.expect(303);
        assert!(asked.header("location").starts_with("/sign-in/confirm?"));
        maren.fill_in(SESSIONS, SESSIONS, &[]).await.expect(303);
        let page = maren.get(SECURITY).await.expect(200);
        assert_eq!(page.page.words(".notice"), "1 other session was signed out. Only this one goes on.");
        phone.get(SECURITY).await.expect(303);
        ben.get(SECURITY).await.expect(200);
    }
}

on_both_engines! {
    async fn no_one_ends_sessions_of_others_or_without_a_recent_sign_in(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        on_phone(&app, "maren@example.com").await;
        let mut ben = app.person("ben@example.com", "Ben").await;
        let page = maren.get(SECURITY).await;
        let id = page.page.attribute("input[name=session]", "value");
        ben.post_from(SECURITY, SESSIONS, &[("session", &id)]).await.expect(404);
        ben.post_from(SECURITY, SESSIONS, &[("session", "no id")]).await.expect(404);
        ben.post_raw(SESSIONS, &[("session", &id)], &[]).await.expect(422);
        assert_eq!(maren.get(SECURITY).await.page.words("section[aria-labelledby=sessions] .count"), "2");
        app.advance(TimeDelta::minutes(15));
        let sent = maren.send_form(&page, SESSIONS, &[("session", &id)]).await.expect(303);
        assert!(sent.header("location").starts_with("/sign-in/confirm?"));
        assert_eq!(maren.get(SECURITY).await.page.words("section[aria-labelledby=sessions] .count"), "2");
    }
}

on_both_engines! {
    async fn a_cookie_that_was_altered_made_up_or_planted_is_worth_nothing(app) {
        let maren = app.person("maren@example.com", "Maren").await;
        let cookie = maren.cookies["keyport"].clone();
        let mut thief = app.anonymous();
        let (start, last) = cookie.split_at(cookie.len() - 1);
        let altered = format!("{start}{}", if last == "A" { "B" } else { "A" });
        let (first, rest) = cookie.split_at(1);
        let other = format!("{}{rest}", if first == "A" { "B" } else { "A" });
        for value in [altered.as_str(), &other, "made-up", ""] {
            thief.cookies.insert("keyport".to_owned(), value.to_owned());
            thief.get(SECURITY).await.expect(303);
        }
        // A session of the thief's own, in the browser of someone who then signs in.
        let thief = app.person("thief@example.com", "Thief").await;
        let mut planted = app.anonymous();
        planted.cookies = thief.cookies.clone();
        let opened = planted.get("/settings/profile").await.expect(200);
        let token = opened.page.attribute("input[name=form_token]", "value");
        let fields = [("form_token", token.as_str()), ("email", "maren@example.com"), ("password", PASSWORD)];
        planted.post_raw("/sign-in", &fields, &[]).await.expect(303);
        assert_ne!(planted.cookies["keyport"], thief.cookies["keyport"]);
        let page = planted.get("/settings/profile").await.expect(200);
        assert_eq!(page.page.attribute("#email", "value"), "maren@example.com");
        let mut thief = thief;
        thief.get(SECURITY).await.expect(303);
    }
}
