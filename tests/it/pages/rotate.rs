//! Rotating a key on its page: the new secret is shown once, the old one works for the overlap and no longer.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::app::PASSWORD;
use crate::support::html::Page;
use crate::support::{Engine, Person, TestApp, db};

const ACCOUNT: &str = "/api/v1/account";
const EMAIL: &str = "maren@example.com";
const FIELDS: [(&str, &str); 3] = [
    ("name", "Nightly sync"),
    ("expires_in", "90d"),
    ("access", "all"),
];

fn page_of(full_key: &str) -> String {
    format!("/settings/api/{}", id_of(full_key))
}

/// Rotates through the page and returns the key with its new secret.
async fn rotate(person: &mut Person, full_key: &str, overlap: &str) -> String {
    let path = format!("{}/rotate", page_of(full_key));
    let shown = person.fill_in(&path, &path, &[("overlap", overlap)]).await;
    shown.expect(200).page.words("#full-key")
}

on_both_engines! {
    async fn the_answer_shows_the_new_secret_once_and_the_key_stays_the_same(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let old = maren.create_key(&FIELDS).await;
        let path = format!("{}/rotate", page_of(&old));
        let opened = maren.get(&path).await.expect(200);
        assert_eq!(opened.page.words("h1"), "Rotate this API key?");
        assert!(opened.page.has("#overlap-24h[checked]"));
        assert_eq!(opened.page.all(".choice strong"), ["No overlap", "1 hour", "24 hours", "7 days"]);
        let shown = maren.send_form(&opened, &path, &[("overlap", "24h")]).await.expect(200);
        assert_eq!(shown.header("cache-control"), "no-store");
        let new = shown.page.words("#full-key");
        assert_ne!(old, new);
        assert_eq!(old[..13], new[..13]);
        assert_eq!(shown.text().matches(&new[14..]).count(), 1);
        assert!(!shown.text().contains(&old[14..22]));
        assert_eq!(
            shown.page.words(".notice.info"),
            "The old secret works until 23 Nov, 18:31 UTC. You can end it sooner on the key’s page."
        );
        for page in ["/", "/settings/api", &page_of(&old), &path] {
            assert!(!maren.get(page).await.expect(200).text().contains(&new[14..22]), "{page}");
        }
        assert_eq!(maren.get(&page_of(&old)).await.page.words("h1"), "Nightly sync");
        let mut answers = Vec::new();
        for key in [&old, &new] {
            answers.push(app.program(key).get(ACCOUNT).await.expect(200).json());
        }
        assert_eq!(answers[0], answers[1]);
    }
}

on_both_engines! {
    async fn the_old_secret_works_to_the_last_second_of_each_overlap_and_not_after(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        for (overlap, length) in [("1h", TimeDelta::hours(1)), ("24h", TimeDelta::hours(24)), ("7d", TimeDelta::days(7))] {
            maren.sign_in_again(EMAIL).await;
            let old = app.program(maren.create_key(&FIELDS).await);
            let new = app.program(rotate(&mut maren, &old.key, overlap).await);
            app.advance(length - TimeDelta::seconds(1));
            old.get(ACCOUNT).await.expect(200);
            app.advance(TimeDelta::seconds(1));
            let refused = old.get(ACCOUNT).await.expect_problem(401, "replaced_secret").json();
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains(&app.now().to_rfc3339()), "{overlap}: {detail}");
            new.get(ACCOUNT).await.expect(200);
        }
    }
}

on_both_engines! {
    async fn without_overlap_the_old_secret_ends_at_once(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let old = maren.create_key(&FIELDS).await;
        let path = format!("{}/rotate", page_of(&old));
        let shown = maren.fill_in(&path, &path, &[("overlap", "none")]).await.expect(200);
        assert_eq!(
            shown.page.words(".notice.info"),
            "The old secret has stopped working. Requests with it get 401."
        );
        let refused = app.program(&old).get(ACCOUNT).await.expect_problem(401, "replaced_secret").json();
        assert!(refused["detail"].as_str().unwrap().contains("2026-11-22T18:31:00Z"), "{refused}");
        app.program(shown.page.words("#full-key")).get(ACCOUNT).await.expect(200);
        assert_eq!(maren.get("/settings/api").await.page.words(".keys .badge-k"), "Active");
        assert!(!maren.get(&page_of(&old)).await.page.has("#secrets"));
    }
}

on_both_engines! {
    async fn an_overlap_never_outlives_the_key(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let old = maren.create_key(&[("name", "One-off"), ("expires_in", "1h"), ("access", "all")]).await;
        let path = format!("{}/rotate", page_of(&old));
        let opened = maren.get(&path).await.expect(200);
        let means = opened.page.all(".choice span span:last-child");
        assert_eq!(means.last().unwrap(), "Until today, 19:31 UTC");
        let new = rotate(&mut maren, &old, "7d").await;
        let list = maren.get("/settings/api").await;
        assert_eq!(list.page.words(".keys .badge-k"), "Rotating, 60 min left");
        app.advance(TimeDelta::seconds(3_599));
        for key in [&old, &new] {
            app.program(key).get(ACCOUNT).await.expect(200);
        }
        app.advance(TimeDelta::seconds(1));
        for key in [&old, &new] {
            let refused = app.program(key).get(ACCOUNT).await.expect_problem(401, "expired_key").json();
            assert!(refused["detail"].as_str().unwrap().contains("2026-11-22T19:31:00Z"), "{refused}");
        }
    }
}

on_both_engines! {
    async fn a_second_rotation_ends_the_older_secret(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let first = maren.create_key(&FIELDS).await;
        let second = rotate(&mut maren, &first, "7d").await;
        app.advance(TimeDelta::minutes(10));
        app.program(&first).get(ACCOUNT).await.expect(200);
        let third = rotate(&mut maren, &first, "7d").await;
        let refused = app.program(&first).get(ACCOUNT).await.expect_problem(401, "replaced_secret").json();
        assert!(refused["detail"].as_str().unwrap().contains("2026-11-22T18:41:00Z"), "{refused}");
        app.program(&second).get(ACCOUNT).await.expect(200);
        app.program(&third).get(ACCOUNT).await.expect(200);
    }
}

on_both_engines! {
    async fn a_key_that_has_ended_cannot_be_rotated(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let manager = [("name", "Manager"), ("expires_in", "1y"), ("access", "chosen"), ("scope", "keys:write"), ("scope", "keys:read")];
        let manager = app.program(maren.create_key(&manager).await);
        let deactivated = maren.create_key(&[("name", "Ended"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:read")]).await;
        let expired = maren.create_key(&[("name", "Short"), ("expires_in", "1h"), ("access", "chosen"), ("scope", "keys:read")]).await;
        let mut opened = Vec::new();
        for key in [&deactivated, &expired] {
            opened.push(maren.get(&format!("{}/rotate", page_of(key))).await.expect(200));
        }
        maren.deactivate(&id_of(&deactivated)).await;
        app.advance(TimeDelta::hours(1));
        maren.confirm(PASSWORD).await.expect(303);
        for (key, opened) in [&deactivated, &expired].into_iter().zip(&opened) {
            let path = format!("{}/rotate", page_of(key));
            let elsewhere = maren.get(&path).await.expect(303);
            assert_eq!(elsewhere.header("location"), page_of(key));
            let refused = maren.send_form(opened, &path, &[("overlap", "24h")]).await.expect(422);
            assert_eq!(
                refused.page.words("[role=alert]"),
                "The key was not rotated. It has ended, and an ended key stays as it is."
            );
            assert!(!refused.page.has("#full-key"));
            let path = format!("/api/v1/keys/{}/rotate", id_of(key));
            manager.post(&path, &json!({})).await.expect_problem(409, "conflict");
        }
        app.program(&deactivated).get(ACCOUNT).await.expect_problem(401, "deactivated_key");
        app.program(&expired).get(ACCOUNT).await.expect_problem(401, "expired_key");
    }
}

on_both_engines! {
    async fn the_same_form_a_second_time_rotates_nothing(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let old = maren.create_key(&FIELDS).await;
        let path = format!("{}/rotate", page_of(&old));
        let opened = maren.get(&path).await;
        let new = maren.send_form(&opened, &path, &[("overlap", "none")]).await.expect(200).page.words("#full-key");
        app.advance(TimeDelta::minutes(1));
        for overlap in ["none", "7d"] {
            let again = maren.send_form(&opened, &path, &[("overlap", overlap)]).await.expect(409);
            assert_eq!(again.page.words("h1"), "This key was already shown");
            assert!(!again.text().contains(&new[14..22]));
        }
        app.program(&new).get(ACCOUNT).await.expect(200);
        app.program(&old).get(ACCOUNT).await.expect_problem(401, "replaced_secret");
    }
}

on_both_engines! {
    async fn forms_without_a_fresh_token_or_with_an_unknown_overlap_change_nothing(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let key = maren.create_key(&FIELDS).await;
        let path = format!("{}/rotate", page_of(&key));
        let token = maren.get(&path).await.page.attribute("main input[name=form_token]", "value");
        for fields in [
            [("form_token", "stale"), ("form_id", "abc"), ("overlap", "7d")],
            [("form_token", ""), ("form_id", "abc"), ("overlap", "7d")],
            [("form_token", token.as_str()), ("form_id", ""), ("overlap", "7d")],
        ] {
            let refused = maren.post_raw(&path, &fields, &[]).await.expect(422);
            assert_eq!(refused.page.words("[role=alert]"), "This form is too old. Nothing was changed. Send it again.");
            assert!(refused.page.has("#overlap-7d[checked]"));
        }
        for overlap in ["2h", "", "NONE"] {
            let refused = maren.fill_in(&path, &path, &[("overlap", overlap)]).await.expect(422);
            assert_eq!(refused.page.words(".field-error"), "Choose one of these.");
            assert_eq!(refused.page.words("[role=alert]"), "The key was not rotated. Fix 1 field: How long.");
        }
        assert_eq!(maren.get("/settings/api").await.page.words(".keys .badge-k"), "Active");
        app.program(&key).get(ACCOUNT).await.expect(200);
    }
}

on_both_engines! {
    async fn keys_of_others_are_not_found_by_rotating(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let mut other = app.person("other@example.com", "Other").await;
        let theirs = other.create_key(&FIELDS).await;
        rotate(&mut other, &theirs, "7d").await;
        let token = maren.get("/settings/api/new").await.page.attribute("main input[name=form_token]", "value");
        let fields = [("form_token", token.as_str()), ("form_id", "abc"), ("overlap", "none")];
        for id in [id_of(&theirs), "0000000000".to_owned(), "no-id".to_owned()] {
            for act in ["rotate", "end-old-secret", "access"] {
                let path = format!("/settings/api/{id}/{act}");
                maren.get(&path).await.expect(404);
                if act != "access" {
                    maren.post_raw(&path, &fields, &[]).await.expect(404);
                }
            }
        }
        app.program(&theirs).get(ACCOUNT).await.expect(200);
    }
}

on_both_engines! {
    async fn the_page_shows_both_secrets_and_when_each_was_last_used(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let old = maren.create_key(&FIELDS).await;
        app.program(&old).get(ACCOUNT).await.expect(200);
        app.flush();
        app.advance(TimeDelta::minutes(5));
        let new = rotate(&mut maren, &old, "24h").await;
        app.advance(TimeDelta::seconds(1));
        assert_eq!(maren.get("/settings/api").await.page.words(".keys .badge-k"), "Rotating, 23 h left");
        let rows = |page: &Page| page.all("[aria-labelledby=secrets] .rows .small");
        assert_eq!(rows(&maren.get(&page_of(&old)).await.page), [
            "Since Today, 18:36 UTC, not used yet",
            "Works until 23 Nov, 18:36 UTC, last used 5 minutes ago",
        ]);
        app.program(&new).get(ACCOUNT).await.expect(200);
        app.flush();
        app.advance(TimeDelta::minutes(2));
        app.program(&old).get(ACCOUNT).await.expect(200);
        app.flush();
        assert_eq!(rows(&maren.get(&page_of(&old)).await.page), [
            "Since Today, 18:36 UTC, last used 2 minutes ago",
            "Works until 23 Nov, 18:36 UTC, last used just now",
        ]);
    }
}

on_both_engines! {
    async fn a_secret_that_was_never_used_is_not_said_to_be_after_the_next_rotation(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let first = maren.create_key(&FIELDS).await;
        let second = rotate(&mut maren, &first, "24h").await;
        app.program(&first).get(ACCOUNT).await.expect(200);
        app.flush();
        app.advance(TimeDelta::minutes(5));
        rotate(&mut maren, &first, "24h").await;
        let old = maren.get(&page_of(&first)).await.page.all("[aria-labelledby=secrets] .rows .small").remove(1);
        assert_eq!(old, "Works until 23 Nov, 18:36 UTC, never used");
        // Once it is the only one that works, every use is its own.
        app.advance(TimeDelta::hours(24));
        maren.sign_in_again(EMAIL).await;
        let third = rotate(&mut maren, &first, "none").await;
        app.program(&third).get(ACCOUNT).await.expect(200);
        app.flush();
        app.advance(TimeDelta::minutes(3));
        rotate(&mut maren, &first, "1h").await;
        let old = maren.get(&page_of(&first)).await.page.all("[aria-labelledby=secrets] .rows .small").remove(1);
        assert!(old.ends_with("last used 3 minutes ago"), "{old}");
        drop(second);
    }
}

on_both_engines! {
    async fn the_old_secret_can_be_ended_now(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let old = maren.create_key(&FIELDS).await;
        let new = rotate(&mut maren, &old, "7d").await;
        let page = maren.get(&page_of(&old)).await.expect(200);
        let link = r#"a[href$="/end-old-secret"]"#;
        assert_eq!(page.page.words(link), "End old secret now");
        let path = page.page.attribute(link, "href");
        let asked = maren.get(&path).await.expect(200);
        assert_eq!(asked.page.words("h1"), "End the old secret?");
        maren.post_raw(&path, &[("form_token", "stale")], &[]).await.expect(422);
        app.program(&old).get(ACCOUNT).await.expect(200);
        app.advance(TimeDelta::minutes(2));
        let done = maren.send_form(&asked, &path, &[]).await.expect(303);
        assert_eq!(done.header("location"), page_of(&old));
        let page = maren.get(&page_of(&old)).await;
        assert_eq!(page.page.words("[role=status]"), "The old secret of Nightly sync was ended. Only the new one works now.");
        assert!(!page.page.has("#secrets"));
        let refused = app.program(&old).get(ACCOUNT).await.expect_problem(401, "replaced_secret").json();
        assert!(refused["detail"].as_str().unwrap().contains("2026-11-22T18:33:00Z"), "{refused}");
        app.program(&new).get(ACCOUNT).await.expect(200);
        // Asking again, and sending the form again, tell that it is done.
        assert_eq!(maren.get(&path).await.expect(303).header("location"), page_of(&old));
        maren.send_form(&asked, &path, &[]).await.expect(303);
        let page = maren.get(&page_of(&old)).await;
        assert_eq!(page.page.words("[role=status]"), "The old secret of Nightly sync had already ended. Only the new one works now.");
    }
}

on_both_engines! {
    async fn deactivating_during_the_overlap_stops_both_secrets(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let old = maren.create_key(&FIELDS).await;
        let new = rotate(&mut maren, &old, "7d").await;
        maren.deactivate(&id_of(&old)).await;
        for key in [&old, &new] {
            app.program(key).get(ACCOUNT).await.expect_problem(401, "deactivated_key");
        }
        let page = maren.get(&page_of(&old)).await.page;
        assert_eq!(page.words(".badge-k"), "Deactivated");
        assert!(!page.has("#secrets"));
        assert_eq!(maren.get(&format!("{}/end-old-secret", page_of(&old))).await.expect(303).header("location"), page_of(&old));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_form_sent_ten_times_at_once_makes_one_new_secret() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if engine == Engine::Sqlite || db::postgres_url().is_some() {
            send_at_once(TestApp::spawn(engine).await).await;
        }
    }
}

async fn send_at_once(app: TestApp) {
    let mut maren = app.person(EMAIL, "Maren").await;
    let old = maren.create_key(&FIELDS).await;
    let path = format!("{}/rotate", page_of(&old));
    let opened = maren.get(&path).await;
    let hidden = |name: &str| {
        let input = format!("main input[name={name}]");
        opened.page.attribute(&input, "value")
    };
    let body = format!(
        "form_token={}&form_id={}&overlap=24h",
        hidden("form_token"),
        hidden("form_id")
    );
    let sent: Vec<_> = (0..10)
        .map(|_| {
            let mut same = app.anonymous();
            same.cookies = maren.cookies.clone();
            let (path, body) = (path.clone(), body.clone());
            tokio::spawn(async move {
                let answer = same.send(Method::POST, &path, Some(body), &[]).await;
                (answer.status.as_u16(), answer.page.text)
            })
        })
        .collect();
    let mut shown = Vec::new();
    for answer in sent {
        match answer.await.unwrap() {
            (200, text) => shown.push(Page::new(text).words("#full-key")),
            (status, text) => assert_eq!(status, 409, "{text}"),
        }
    }
    let [new] = shown.as_slice() else {
        panic!("{} new secrets", shown.len())
    };
    for key in [&old, new] {
        app.program(key).get(ACCOUNT).await.expect(200);
    }
    let page = maren.get(&page_of(&old)).await.page;
    assert_eq!(page.all("[aria-labelledby=secrets] .rows li").len(), 2);
}
