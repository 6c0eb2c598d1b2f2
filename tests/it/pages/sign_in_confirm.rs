//! What needs a recent sign-in, and how it is confirmed.

use chrono::TimeDelta;

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::app::PASSWORD;

const NEW: &str = "/settings/api/new";
const FIELDS: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

on_both_engines! {
    async fn making_and_rotating_keys_needs_a_sign_in_of_the_last_15_minutes(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let rotate = format!("/settings/api/{}/rotate", id_of(&key));
        app.advance(TimeDelta::minutes(15) - TimeDelta::milliseconds(1));
        let opened = maren.get(NEW).await.expect(200);
        maren.get(&rotate).await.expect(200);
        app.advance(TimeDelta::milliseconds(1));
        for path in [NEW, &rotate] {
            let asked = maren.get(path).await.expect(303);
            let next = path.replace('/', "%2F");
            assert_eq!(asked.header("location"), format!("/sign-in/confirm?next={next}"));
        }
        // A form that was open all the time does nothing either.
        let sent = maren.send_form(&opened, NEW, &FIELDS).await.expect(303);
        assert!(sent.header("location").starts_with("/sign-in/confirm"));
        assert_eq!(maren.get("/settings/api").await.page.all("tbody tr").len(), 1);
        maren.get("/settings/security").await.expect(200);
    }
}

on_both_engines! {
    async fn the_password_confirms_it_under_a_new_session_id(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        app.advance(TimeDelta::minutes(20));
        let before = maren.cookies.clone();
        let wrong = maren.confirm("wrong wrong").await.expect(422);
        assert!(wrong.page.words("[role=alert]").contains("The password is wrong."));
        maren.get(NEW).await.expect(303);
        let there = maren.get(&format!("/sign-in/confirm?next={}", NEW)).await.expect(200);
        let fields = [("password", PASSWORD), ("next", NEW)];
        let back = maren.send_form(&there, "/sign-in/confirm", &fields).await.expect(303);
        assert_eq!(back.header("location"), NEW);
        maren.get(NEW).await.expect(200);
        let mut thief = app.anonymous();
        thief.cookies = before;
        thief.get("/settings/security").await.expect(303);
    }
}

on_both_engines! {
    async fn the_way_back_leads_nowhere_else(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
            let there = maren.get("/sign-in/confirm").await;
            let fields = [("password", PASSWORD), ("next", elsewhere)];
            let back = maren.send_form(&there, "/sign-in/confirm", &fields).await.expect(303);
            assert_eq!(back.header("location"), "/", "{elsewhere}");
        }
    }
}

on_both_engines! {
    async fn wrong_passwords_here_count_like_those_at_sign_in(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        for _ in 0..10 {
            maren.confirm("wrong wrong").await.expect(422);
        }
        let throttled = maren.confirm(PASSWORD).await.expect(429);
        assert!(!throttled.header("retry-after").is_empty());
        // Whoever is signed in stays so.
        maren.get("/settings/security").await.expect(200);
    }
}
