//! The list of keys and what is done to one.

use chrono::TimeDelta;

use crate::on_both_engines;
use crate::support::actors::id_of;

on_both_engines! {
    async fn a_key_goes_from_the_active_list_to_the_inactive_one_and_away(app) {
        let mut maren = app.person("maren@example.com", "Maren Okafor").await;
        let key = maren.create_key(&[("name", "Nightly report sync"), ("expires_in", "90d"), ("access", "all")]).await;
        let id = id_of(&key);
        let list = maren.get("/settings/api").await.expect(200);
        assert_eq!(list.page.words("[aria-labelledby=manage] tbody th"), "Nightly report sync");
        assert_eq!(list.page.words("[aria-labelledby=manage] .k-prefix"), format!("kp_{id}"));
        assert_eq!(list.page.words("[aria-labelledby=manage] .badge-k"), "Active");
        assert!(!list.page.has("[aria-labelledby=inactive]"));

        let confirm = maren.get(&format!("/settings/api/{id}/deactivate")).await.expect(200);
        assert_eq!(confirm.page.words("h1"), "Deactivate this API key?");
        assert_eq!(confirm.page.words(".key-line strong"), "Nightly report sync");
        app.advance(TimeDelta::seconds(9));
        let path = format!("/settings/api/{id}/deactivate");
        let done = maren.send_form(&confirm, &path, &[]).await.expect(303);
        assert_eq!(done.header("location"), "/settings/api");
        let list = maren.get("/settings/api").await.expect(200);
        assert_eq!(
            list.page.words("[role=status]"),
            "Nightly report sync was deactivated. It stopped working at 18:31:09 UTC and moved to your inactive API keys."
        );
        assert_eq!(list.page.words("[aria-labelledby=inactive] tbody th"), "Nightly report sync");
        assert_eq!(list.page.words("[aria-labelledby=inactive] .badge-k"), "Deactivated");
        assert!(!maren.get("/settings/api").await.page.has("[role=status]"), "the message stays once");

        maren.send_form(&confirm, &path, &[]).await.expect(303);
        assert_eq!(
            maren.get("/settings/api").await.page.words("[role=status]"),
            "Nightly report sync was already deactivated on 22 Nov 2026, 18:31 UTC."
        );
        let delete = format!("/settings/api/{id}/delete");
        maren.fill_in(&delete, &delete, &[]).await.expect(303);
        let list = maren.get("/settings/api").await.expect(200);
        assert_eq!(list.page.words("[role=status]"), "Nightly report sync was deleted from the list.");
        assert!(!list.page.has("tbody"));
        maren.get(&delete).await.expect(404);
    }
}

on_both_engines! {
    async fn an_active_key_cannot_be_deleted(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let id = id_of(&key);
        let confirm = maren.get(&format!("/settings/api/{id}/deactivate")).await;
        let token = confirm.page.attribute("main input[name=form_token]", "value");
        let path = format!("/settings/api/{id}/delete");
        maren.get(&path).await.expect(303);
        maren.post_raw(&path, &[("form_token", &token)], &[]).await.expect(303);
        app.program(&key).get("/api/v1/account").await.expect(200);
        maren.get(&format!("/settings/api/{id}")).await.expect(200);
    }
}

on_both_engines! {
    async fn a_key_is_renamed_on_its_page(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let path = format!("/settings/api/{}", id_of(&key));
        maren.fill_in(&path, &path, &[("name", "CI, production")]).await.expect(303);
        assert_eq!(maren.get(&path).await.page.words("h1"), "CI, production");
        let refused = maren.fill_in(&path, &path, &[("name", "")]).await.expect(422);
        assert_eq!(refused.page.words(".field-error"), "Enter a name of 1 to 100 characters.");
        assert_eq!(maren.get(&path).await.page.words("h1"), "CI, production");
    }
}

on_both_engines! {
    async fn keys_of_others_are_not_found_by_any_page_or_form(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut other = app.person("other@example.com", "Other").await;
        let key = other.create_key(&[("name", "Theirs"), ("expires_in", "90d"), ("access", "all")]).await;
        let opened = maren.get("/settings/api/new").await;
        let token = opened.page.attribute("main input[name=form_token]", "value");
        for id in [id_of(&key), "0000000000".to_owned(), "no-id".to_owned()] {
            for act in ["", "/deactivate", "/delete"] {
                let path = format!("/settings/api/{id}{act}");
                maren.get(&path).await.expect(404);
                let fields = [("form_token", token.as_str()), ("name", "Mine")];
                maren.post_raw(&path, &fields, &[]).await.expect(404);
            }
        }
        app.program(&key).get("/api/v1/account").await.expect(200);
        assert_eq!(other.get(&format!("/settings/api/{}", id_of(&key))).await.page.words("h1"), "Theirs");
    }
}

on_both_engines! {
    async fn more_than_fifty_keys_come_in_pages_and_can_be_filtered(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut last = String::new();
        for number in 0..52 {
            app.advance(TimeDelta::seconds(1));
            let name = format!("Key {number:02}, 100%_x");
            last = maren.create_key(&[("name", name.as_str()), ("expires_in", "90d"), ("access", "all")]).await;
        }
        let first = maren.get("/settings/api").await.expect(200);
        assert_eq!(first.page.all("[aria-labelledby=manage] tbody th").len(), 50);
        assert_eq!(first.page.words("[aria-labelledby=manage] .count"), "52");
        let second = maren.get(&first.page.attribute(".pages a", "href")).await.expect(200);
        assert_eq!(second.page.all("[aria-labelledby=manage] tbody th"), ["Key 50, 100%_x", "Key 51, 100%_x"]);
        let back = maren.get(&second.page.attribute(".pages a", "href")).await.expect(200);
        assert_eq!(back.page.all("[aria-labelledby=manage] tbody th"), first.page.all("[aria-labelledby=manage] tbody th"));
        for (query, expected) in [("key 07", 1), ("100%25_x", 50), ("0%25_x", 50), ("%25%25", 0), (&format!("kp_{}", &id_of(&last)[..9]), 1)] {
            let found = maren.get(&format!("/settings/api?q={query}")).await.expect(200);
            assert_eq!(found.page.all("[aria-labelledby=manage] tbody th").len(), expected, "{query}");
        }
        let none = maren.get("/settings/api?q=abc").await.expect(200);
        assert!(none.text().contains("No key matches “abc”."));
        assert!(first.text().len() < 60_000, "{} bytes", first.text().len());
    }
}

on_both_engines! {
    async fn keys_that_end_soon_are_shown_first_and_asked_to_be_replaced(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        maren.create_key(&[("name", "CI deploy"), ("expires_in", "30d"), ("access", "all")]).await;
        maren.create_key(&[("name", "Never"), ("expires_in", "never"), ("access", "all")]).await;
        app.advance(TimeDelta::days(27));
        maren.sign_in("maren@example.com", crate::support::app::PASSWORD).await;
        maren.create_key(&[("name", "One-off"), ("expires_in", "1h"), ("access", "all")]).await;
        let list = maren.get("/settings/api").await.expect(200);
        assert_eq!(list.page.all("tbody th"), ["One-off", "CI deploy", "Never"]);
        assert_eq!(list.page.all("tbody .badge-k"), ["Expires in 60 minutes".replace("minutes", "min"), "Expires in 3 days".to_owned(), "Active".to_owned()]);
        assert!(list.page.words(".notice.warn").starts_with("CI deploy expires in 3 days. Switch to a new key before 22 Dec, 18:31 UTC."));
        let overview = maren.get("/").await.expect(200);
        assert_eq!(overview.page.all(".rows h3"), ["One-off expires in 60 minutes", "CI deploy expires in 3 days", "Two-step verification is off"]);
    }
}
