//! Accounts: signing up, in and out.

use chrono::TimeDelta;

use crate::on_both_engines;
use crate::support::app::PASSWORD;

on_both_engines! {
    async fn signing_up_signs_in_and_leads_to_the_first_key(app) {
        let mut ann = app.anonymous();
        let fields = [("name", "Ann Lee"), ("email", "Ann@Example.com"), ("password", PASSWORD)];
        let answer = ann.fill_in("/sign-up", "/sign-up", &fields).await.expect(303);
        assert_eq!(answer.header("location"), "/");
        let overview = ann.get("/").await.expect(200);
        assert_eq!(overview.page.words("h1"), "Overview");
        assert_eq!(overview.page.words(".empty h3"), "You have no API keys yet");
        assert_eq!(overview.page.words(".who strong"), "Ann Lee");
    }
}

on_both_engines! {
    async fn bad_sign_ups_are_told_beside_the_fields_and_change_nothing(app) {
        app.account("taken@example.com", "Taken");
        let mut ann = app.anonymous();
        for (name, email, password, words) in [
            ("", "ann@example.com", PASSWORD, "Enter a name of 1 to 100 characters."),
            ("Ann", "ann", PASSWORD, "Enter an email address."),
            ("Ann", "ann@example.com", "short", "Use at least 8 characters."),
            ("Ann", "ann@example.com", "Password1", "This password is on the list of common ones. Choose another."),
            ("Ann", "TAKEN@example.com", PASSWORD, "There is an account with this address. Sign in instead."),
        ] {
            let fields = [("name", name), ("email", email), ("password", password)];
            let answer = ann.fill_in("/sign-up", "/sign-up", &fields).await.expect(422);
            assert_eq!(answer.page.all(".field-error"), [words]);
            assert!(answer.page.words("title").starts_with("Error: "));
            assert_eq!(answer.page.attribute("#name", "value"), name);
            assert!(!answer.text().contains(password), "a password came back");
        }
        assert!(ann.cookies.keys().all(|name| name != "keyport"));
    }
}

on_both_engines! {
    async fn a_wrong_password_and_an_unknown_address_get_the_same_answer(app) {
        app.account("maren@example.com", "Maren");
        let mut bodies = Vec::new();
        for email in ["maren@example.com", "nobody@example.com"] {
            let fields = [("email", email), ("password", "wrong words here"), ("next", "/")];
            let mut visitor = app.anonymous();
            let opened = visitor.get("/sign-in").await;
            let answer = visitor.send_form(&opened, "/sign-in", &fields).await.expect(422);
            assert!(answer.page.words(".notice").contains("Email or password is wrong."));
            let token = opened.page.attribute("input[name=form_token]", "value");
            bodies.push(answer.text().replace(email, "E").replace(&token, "T"));
        }
        assert_eq!(bodies[0], bodies[1]);
    }
}

on_both_engines! {
    async fn signing_in_leads_back_to_where_one_wanted_to_go_but_never_elsewhere(app) {
        app.account("maren@example.com", "Maren");
        let mut maren = app.anonymous();
        let wanted = maren.get("/settings/api?q=a").await.expect(303);
        assert_eq!(wanted.header("location"), "/sign-in?next=%2Fsettings%2Fapi%3Fq%3Da");
        let opened = maren.get(wanted.header("location")).await.expect(200);
        let next = opened.page.attribute("input[name=next]", "value");
        let fields = [("email", "maren@example.com"), ("password", PASSWORD), ("next", next.as_str())];
        let answer = maren.send_form(&opened, "/sign-in", &fields).await.expect(303);
        assert_eq!(answer.header("location"), "/settings/api?q=a");
        for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example"] {
            let fields = [("email", "maren@example.com"), ("password", PASSWORD), ("next", elsewhere)];
            let answer = app.anonymous().fill_in("/sign-in", "/sign-in", &fields).await.expect(303);
            assert_eq!(answer.header("location"), "/");
        }
    }
}

on_both_engines! {
    async fn a_session_is_new_at_sign_in_and_ends_on_the_server_at_sign_out(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut stolen = app.anonymous();
        stolen.cookies = maren.cookies.clone();
        stolen.get("/settings/api").await.expect(200);
        let first = maren.cookies["keyport"].clone();
        let fields = [("email", "maren@example.com"), ("password", PASSWORD), ("next", "/")];
        let mut again = app.anonymous();
        again.fill_in("/sign-in", "/sign-in", &fields).await.expect(303);
        assert_ne!(again.cookies["keyport"], first);
        for path in ["/sign-out", "/settings/theme"] {
            for fields in [&[][..], &[("form_token", "stale")]] {
                let refused = maren.post_raw(path, fields, &[]).await.expect(422);
                assert_eq!(refused.page.words("h1"), "This form is too old");
            }
        }
        maren.get("/settings/api").await.expect(200);
        let out = maren.fill_in("/", "/sign-out", &[]).await.expect(303);
        assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
        stolen.get("/settings/api").await.expect(303);
    }
}

on_both_engines! {
    async fn a_session_ends_after_twelve_hours_without_use_and_after_thirty_days(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        app.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
        maren.get("/").await.expect(200);
        app.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
        maren.get("/").await.expect(200);
        app.advance(TimeDelta::hours(12));
        maren.get("/").await.expect(303);
        let page = maren.get("/sign-in").await.expect(200);
        assert_eq!(page.page.words(".notice"), "You were signed out after 12 hours. Sign in to go on.");
        maren.sign_in("maren@example.com", PASSWORD).await;
        maren.get("/").await.expect(200);
        let mut busy = app.anonymous();
        busy.sign_in("maren@example.com", PASSWORD).await;
        for _ in 0..71 {
            app.advance(TimeDelta::hours(10));
            busy.get("/").await.expect(200);
        }
        app.advance(TimeDelta::hours(10));
        busy.get("/").await.expect(303);
        let page = busy.get("/sign-in").await.expect(200);
        assert_eq!(page.page.words(".notice"), "You were signed out after 30 days. Sign in to go on.");
        assert!(!app.anonymous().get("/sign-in").await.page.has(".notice"));
    }
}

on_both_engines! {
    async fn tries_are_limited_for_who_makes_them_and_not_for_the_holder_elsewhere(app) {
        app.account("maren@example.com", "Maren");
        let wrong = [("email", "maren@example.com"), ("password", "wrong words here"), ("next", "/")];
        for _ in 0..10 {
            app.anonymous().fill_in("/sign-in", "/sign-in", &wrong).await.expect(422);
        }
        let right = [("email", "maren@example.com"), ("password", PASSWORD), ("next", "/")];
        let answer = app.anonymous().fill_in("/sign-in", "/sign-in", &right).await.expect(429);
        assert_eq!(answer.page.words(".notice"), "Too many tries. Try again in 15 minutes.");
        assert_eq!(answer.header("retry-after"), "900");
        app.advance(TimeDelta::minutes(15));
        app.anonymous().fill_in("/sign-in", "/sign-in", &right).await.expect(303);
    }
}

on_both_engines! {
    async fn the_profile_changes_name_and_zone_and_the_zone_shows_in_the_times(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "Maren Okafor"), ("time_zone", "Europe/Berlin")];
        maren.fill_in("/settings/profile", "/settings/profile", &fields).await.expect(303);
        let page = maren.get("/settings/profile").await.expect(200);
        assert_eq!(page.page.words(".notice"), "Your details were saved.");
        assert_eq!(page.page.attribute("option[selected]", "value").as_str(), "Europe/Berlin");
        assert_eq!(page.page.words("optgroup[label=Europe] option[selected]"), "Berlin");
        maren.create_key(&[("name", "CI"), ("expires_in", "1h"), ("access", "all")]).await;
        let list = maren.get("/settings/api").await.expect(200);
        assert!(list.page.words("td[data-label=Created]").contains("Today, 19:31"));
        for fields in [[("name", ""), ("time_zone", "UTC")], [("name", "M"), ("time_zone", "Mars/Olympus")]] {
            maren.fill_in("/settings/profile", "/settings/profile", &fields).await.expect(422);
        }
    }
}

on_both_engines! {
    async fn the_theme_is_kept_in_a_cookie_and_leads_back(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("theme", "dark"), ("return_to", "/settings/api")];
        let answer = maren.fill_in("/", "/settings/theme", &fields).await.expect(303);
        assert_eq!(answer.header("location"), "/settings/api");
        assert_eq!(maren.get("/").await.page.attribute("html", "data-theme"), "dark");
    }
}
