//! Rotating a key in the browser, and ending its old secret.

use chrono::TimeDelta;

use crate::on_both_engines;
use crate::support::actors::{Person, id_of};

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

async fn rotate(person: &mut Person, key: &str, overlap: &str) -> String {
    let path = format!("/settings/api/{}/rotate", id_of(key));
    let answer = person
        .fill_in(&path, &path, &[("overlap", overlap)])
        .await
        .expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.page.words("#full-key")
}

on_both_engines! {
    async fn the_old_secret_works_to_the_last_second_of_the_overlap(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        for (overlap, seconds) in [("none", 0), ("1h", 3_600), ("24h", 86_400), ("7d", 604_800)] {
            let old = maren.create_key(&KEY).await;
            let new = rotate(&mut maren, &old, overlap).await;
            assert_ne!(new, old);
            assert_eq!(id_of(&new), id_of(&old));
            app.program(&*new).get("/auth").await.expect(200);
            if seconds > 0 {
                app.advance(TimeDelta::seconds(seconds - 1));
                app.program(&*old).get("/auth").await.expect(200);
                app.advance(TimeDelta::seconds(1));
            }
            let refused = app.program(&*old).get("/auth").await.expect_problem(401, "replaced_secret");
            let end = app.now().to_rfc3339();
            assert!(refused.json()["detail"].as_str().unwrap().contains(&end), "{overlap}");
            app.program(&*new).get("/auth").await.expect(200);
            maren.sign_in_again("maren@example.com").await;
        }
    }
}

on_both_engines! {
    async fn an_overlap_never_outlives_the_key_and_rotating_moves_no_end(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let old = maren.create_key(&[("name", "CI"), ("expires_in", "1h"), ("access", "all")]).await;
        app.advance(TimeDelta::minutes(30));
        let new = rotate(&mut maren, &old, "7d").await;
        app.advance(TimeDelta::minutes(30));
        for key in [&old, &new] {
            app.program(&**key).get("/auth").await.expect_problem(401, "expired_key");
        }
    }
}

on_both_engines! {
    async fn a_second_rotation_ends_the_older_secret(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let first = maren.create_key(&KEY).await;
        let second = rotate(&mut maren, &first, "7d").await;
        let third = rotate(&mut maren, &second, "7d").await;
        app.program(&*first).get("/auth").await.expect_problem(401, "replaced_secret");
        app.program(&*second).get("/auth").await.expect(200);
        app.program(&*third).get("/auth").await.expect(200);
        // Older ones are still told from wrong ones.
        let fourth = rotate(&mut maren, &third, "none").await;
        for key in [&first, &second, &third] {
            app.program(&**key).get("/auth").await.expect_problem(401, "replaced_secret");
        }
        maren.deactivate(&id_of(&fourth)).await;
        for key in [&first, &fourth] {
            app.program(&**key).get("/auth").await.expect_problem(401, "deactivated_key");
        }
    }
}

on_both_engines! {
    async fn the_page_shows_both_secrets_and_ends_the_old_one(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let old = maren.create_key(&KEY).await;
        app.program(&*old).get("/auth").await.expect(200);
        app.flush();
        app.advance(TimeDelta::minutes(10));
        let new = rotate(&mut maren, &old, "24h").await;
        let page = format!("/settings/api/{}", id_of(&old));
        let rows = maren.get(&page).await.page.all("[aria-labelledby=secrets] li");
        assert_eq!(rows[0], "New secretSince Today, 18:41 UTC, not used yet");
        assert!(rows[1].starts_with("Old secretWorks until 23 Nov, 18:41 UTC, last used 10 minutes ago"), "{rows:?}");
        let badge = maren.get("/settings/api").await.page.all(".keys .badge-k");
        assert_eq!(badge, ["Rotating, 24 h left"]);
        app.program(&*new).get("/auth").await.expect(200);
        app.flush();
        let rows = maren.get(&page).await.page.all("[aria-labelledby=secrets] li");
        assert!(rows[0].ends_with("last used just now"), "{rows:?}");
        let end = format!("{page}/end-old-secret");
        maren.fill_in(&end, &end, &[]).await.expect(303);
        let after = maren.get(&page).await.page;
        assert!(after.words(".notice.ok").starts_with("The old secret of CI was ended."));
        assert!(!after.has("[aria-labelledby=secrets]"));
        app.program(&*old).get("/auth").await.expect_problem(401, "replaced_secret");
        app.program(&*new).get("/auth").await.expect(200);
        maren.get(&end).await.expect(303);
    }
}

on_both_engines! {
    async fn a_form_rotates_once(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let old = maren.create_key(&KEY).await;
        let path = format!("/settings/api/{}/rotate", id_of(&old));
        let opened = maren.get(&path).await;
        let first = maren.send_form(&opened, &path, &[("overlap", "1h")]).await.expect(200);
        let new = first.page.words("#full-key");
        let again = maren.send_form(&opened, &path, &[("overlap", "1h")]).await.expect(409);
        assert_eq!(again.page.words("h1"), "This key was already shown");
        app.program(&*new).get("/auth").await.expect(200);
        app.program(&*old).get("/auth").await.expect(200);
    }
}

on_both_engines! {
    async fn what_cannot_be_rotated_is_refused_and_nothing_changes(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let path = format!("/settings/api/{}/rotate", id_of(&key));
        let refused = maren.fill_in(&path, &path, &[("overlap", "2h")]).await.expect(422);
        assert_eq!(refused.page.words(".field-error"), "Choose one of these.");
        maren.post_raw(&path, &[("overlap", "1h"), ("form_token", "stale")], &[]).await.expect(422);
        let mut ravi = app.person("ravi@example.com", "Ravi").await;
        ravi.get(&path).await.expect(404);
        app.program(&*key).get("/auth").await.expect(200);
        let opened = maren.get(&path).await;
        maren.deactivate(&id_of(&key)).await;
        let refused = maren.send_form(&opened, &path, &[("overlap", "1h")]).await.expect(422);
        assert!(refused.page.words("[role=alert]").starts_with("The key was not rotated."));
        maren.get(&path).await.expect(303);
    }
}
