//! Creating a key, the page that shows it once, and what cannot be created.

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::{Engine, TestApp};

const NEW: &str = "/settings/api/new";

on_both_engines! {
    async fn the_full_key_is_in_the_answer_to_the_form_and_nowhere_else(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let opened = maren.get(NEW).await.expect(200);
        let fields = [("name", "Grafana"), ("expires_in", "90d"), ("access", "all")];
        let shown = maren.send_form(&opened, NEW, &fields).await.expect(201);
        assert_eq!(shown.page.words("h1"), "Copy your new API key");
        assert_eq!(shown.page.words("#generated"), "Generated API key");
        assert_eq!(shown.header("cache-control"), "no-store");
        let key = shown.page.words("#full-key");
        assert_eq!(shown.text().matches(&key[14..]).count(), 1);
        let again = maren.send_form(&opened, NEW, &fields).await.expect(409);
        assert_eq!(again.page.words("h1"), "This key was already shown");
        for page in ["/", "/settings/api", &format!("/settings/api/{}", id_of(&key)), "/settings/security"] {
            assert!(!maren.get(page).await.expect(200).text().contains(&key[14..22]), "{page}");
        }
        assert_eq!(maren.get("/settings/api").await.page.all("tbody th"), ["Grafana"]);
    }
}

on_both_engines! {
    async fn names_are_taken_as_they_are_or_refused_with_a_reason(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let long = "x".repeat(101);
        for name in ["", "   ", long.as_str()] {
            let fields = [("name", name), ("expires_in", "90d"), ("access", "all")];
            let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
            assert_eq!(refused.page.words(".field-error"), "Enter a name of 1 to 100 characters.");
            assert_eq!(refused.page.words("[role=alert]"), "The key was not created. Fix 1 field: Name.");
            assert_eq!(refused.page.attribute("#name", "value"), name);
        }
        for name in ["a\u{7}b", "evil\u{202e}txt", "a\u{200f}b"] {
            let fields = [("name", name), ("expires_in", "90d"), ("access", "all")];
            let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
            assert!(refused.page.words(".field-error").starts_with("Remove characters"));
        }
        assert!(!maren.get("/settings/api").await.page.has("tbody"));
        let html = "<script>alert(1)</script>";
        for name in [html, "🔑 emoji", &"é".repeat(100)] {
            maren.create_key(&[("name", name), ("expires_in", "90d"), ("access", "all")]).await;
        }
        let list = maren.get("/settings/api").await;
        assert!(list.page.all("tbody th").contains(&html.to_owned()));
        assert!(!list.text().contains(html));
    }
}

on_both_engines! {
    async fn dates_are_days_of_the_calendar_in_the_future(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        for (date, words) in [
            ("2026-11-21", "Choose today or a later date."),
            ("2027-02-29", "Enter a date that exists, like 2027-03-31."),
            ("", "Enter a date that exists, like 2027-03-31."),
            ("soon", "Enter a date that exists, like 2027-03-31."),
            ("+2027-01-01", "Enter a date that exists, like 2027-03-31."),
            ("2027-1-1", "Enter a date that exists, like 2027-03-31."),
            ("2127-01-01", "Choose a date within 100 years."),
        ] {
            let fields = [("name", "a"), ("expires_in", "custom"), ("expires_on", date), ("access", "all")];
            let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
            assert_eq!(refused.page.words(".field-error"), words, "{date}");
            assert!(refused.page.has("#expires_in-custom[checked]"));
        }
        for (date, end) in [("2026-11-22", "2026-11-23T00:00:00Z"), ("2028-02-29", "2028-03-01T00:00:00Z")] {
            let fields = [("name", "a"), ("expires_in", "custom"), ("expires_on", date), ("access", "all")];
            let key = maren.create_key(&fields).await;
            let json = app.program(key).get("/api/v1/account").await.expect(200).json();
            assert_eq!(json["expires_at"], end);
        }
        let refused = maren.fill_in(NEW, NEW, &[("name", "a"), ("expires_in", "2h"), ("access", "all")]).await.expect(422);
        assert_eq!(refused.page.words(".field-error"), "Choose one of these.");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operators_longest_life_hides_and_refuses_longer_ones() {
    let app =
        TestApp::spawn_with(Engine::Sqlite, &[("KEYPORT_KEYS_LONGEST_LIFE_DAYS", "90")]).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let page = maren.get(NEW).await.expect(200);
    assert!(page.page.has("#expires_in-90d"));
    assert!(!page.page.has("#expires_in-1y") && !page.page.has("#expires_in-never"));
    for word in ["1y", "never"] {
        let fields = [("name", "a"), ("expires_in", word), ("access", "all")];
        let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
        assert_eq!(
            refused.page.words(".field-error"),
            "The longest life allowed here is 90 days."
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_ninety_days_are_too_long_the_longest_that_is_allowed_is_suggested() {
    let app =
        TestApp::spawn_with(Engine::Sqlite, &[("KEYPORT_KEYS_LONGEST_LIFE_DAYS", "45")]).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let page = maren.get(NEW).await.expect(200).page;
    assert_eq!(page.attribute("[name=expires_in][checked]", "value"), "30d");
    assert_eq!(page.attribute("#expires_on", "max"), "2027-01-05");
    for (day, words) in [
        ("2027-01-05", None),
        (
            "2027-01-06",
            Some("The longest life allowed here is 45 days. Choose 5 Jan 2027 or an earlier date."),
        ),
    ] {
        let fields = [
            ("name", "a"),
            ("expires_in", "custom"),
            ("expires_on", day),
            ("access", "all"),
        ];
        let answer = maren.fill_in(NEW, NEW, &fields).await;
        match words {
            None => drop(answer.expect(201)),
            Some(words) => assert_eq!(answer.expect(422).page.words(".field-error"), words),
        }
    }
    let manager = [
        ("name", "m"),
        ("expires_in", "custom"),
        ("expires_on", "2027-01-05"),
        ("access", "chosen"),
        ("scope", "keys:write"),
        ("scope", "keys:read"),
    ];
    let manager = app.program(maren.create_key(&manager).await);
    let made = manager
        .post("/api/v1/keys", &serde_json::json!({"name": "x"}))
        .await;
    assert_eq!(
        made.expect(201).json()["expires_at"],
        "2026-12-22T18:31:00Z"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_not_utf_8_is_refused_as_a_whole() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let opened = maren.get(NEW).await;
    let token = opened
        .page
        .attribute("form.card input[name=form_token]", "value");
    let body = format!("form_token={token}&form_id=1&name=a%ffb&expires_in=90d&access=all");
    let sent = maren
        .send(reqwest::Method::POST, NEW, Some(body), &[])
        .await;
    sent.expect(400);
    assert!(
        maren
            .get("/settings/api")
            .await
            .page
            .all("tbody tr")
            .is_empty()
    );
}

on_both_engines! {
    async fn scopes_are_chosen_and_enforced(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        for (fields, words) in [
            (vec![("access", "chosen")], "Choose at least one scope."),
            (vec![("access", "chosen"), ("scope", "no:such")], "There is no scope “no:such” here."),
            (vec![("access", "chosen"), ("scope", "keys:verify")], "Only operators may choose keys:verify."),
            (vec![("access", "some")], "Choose one of these."),
        ] {
            let all = [vec![("name", "a"), ("expires_in", "90d")], fields].concat();
            let refused = maren.fill_in(NEW, NEW, &all).await.expect(422);
            assert_eq!(refused.page.words(".field-error"), words);
            assert!(refused.page.has("details.limits[open]"));
        }
        let reader = maren.create_key(&[("name", "r"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:read")]).await;
        let reader = app.program(reader);
        reader.get("/api/v1/keys").await.expect(200);
        let refused = reader.post("/api/v1/keys", &serde_json::json!({"name": "x"})).await.expect_problem(403, "missing_scope");
        assert!(refused.json()["detail"].as_str().unwrap().contains("keys:write"));
    }
}

on_both_engines! {
    async fn forms_without_a_fresh_token_do_nothing_and_keep_their_values(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        for token in ["", "stale"] {
            let fields = [("form_token", token), ("form_id", "abc"), ("name", "Kept name"), ("expires_in", "7d"), ("access", "all")];
            let refused = maren.post_raw(NEW, &fields, &[]).await.expect(422);
            assert_eq!(refused.page.words("[role=alert]"), "This form is too old. Nothing was changed. Send it again.");
            assert_eq!(refused.page.attribute("#name", "value"), "Kept name");
            assert!(refused.page.has("#expires_in-7d[checked]"));
        }
        assert!(!maren.get("/settings/api").await.page.has("tbody"));
    }
}

on_both_engines! {
    async fn forms_of_other_sites_and_bodies_too_large_are_refused(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let opened = maren.get(NEW).await;
        let token = opened.page.attribute("main input[name=form_token]", "value");
        let fields = [("form_token", token.as_str()), ("form_id", "abc"), ("name", "a"), ("expires_in", "7d"), ("access", "all")];
        for headers in [
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site")],
            [("origin", "https://evil.example")],
        ] {
            let refused = maren.post_raw(NEW, &fields, &headers).await.expect(403);
            assert_eq!(refused.page.words("h1"), "Request refused");
        }
        let large = "x".repeat(70_000);
        let refused = maren.post_raw(NEW, &[("form_token", &token), ("name", &large)], &[]).await.expect(413);
        assert_eq!(refused.page.words("h1"), "Too much at once");
        assert!(!maren.get("/settings/api").await.page.has("tbody"));
        maren.post_raw(NEW, &fields, &[("sec-fetch-site", "same-origin")]).await.expect(201);
    }
}
