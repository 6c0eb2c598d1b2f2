//! The page of a key: its newest requests, its chart, and a dead key in use.

use chrono::TimeDelta;

use crate::on_both_engines;
use crate::support::actors::id_of;

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

on_both_engines! {
    async fn the_page_of_a_key_shows_the_last_minute_s_requests(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let program = app.program(&*key);
        for _ in 0..3 {
            program.get("/api/v1/account?secret=of-the-query").await.expect(200);
            app.advance(TimeDelta::seconds(5));
        }
        program.get("/api/v1/keys/0000000000").await.expect(404);
        program.delete("/api/v1/keys/0000000000").await.expect(403);
        app.flush();
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.page;
        let rows = page.all(".requests tbody tr");
        assert_eq!(rows.len(), 5);
        assert!(rows[0].starts_with("18:31:15DELETE /api/v1/keys/0000000000Missing scope403"), "{rows:?}");
        assert!(rows[1].contains("GET /api/v1/keys/0000000000Accepted404"), "{rows:?}");
        assert!(rows[4].starts_with("18:31:00GET /api/v1/accountAccepted200"), "{rows:?}");
        assert!(!page.text.contains("of-the-query"));
        assert_eq!(page.all(".stats .figure")[..3], ["5", "1", "5"]);
        let last = page.all("table.plain tbody tr").pop().unwrap();
        assert_eq!(last, "22 Nov41");
        assert!(page.all("svg g title").pop().unwrap().ends_with("4 accepted, 1 refused"));
        let hours = maren.get(&format!("/settings/api/{}?period=24h", id_of(&key))).await.page;
        assert_eq!(hours.all("table.plain tbody tr").pop().unwrap(), "18:0041");
    }
}

on_both_engines! {
    async fn a_dead_key_in_use_is_told_on_its_page_and_on_the_overview(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let program = app.program(&*key);
        program.get("/auth").await.expect(200);
        maren.deactivate(&id_of(&key)).await;
        for _ in 0..3 {
            program.get("/auth").await.expect(401);
        }
        app.flush();
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.page;
        let notice = page.words(".notice.warn");
        assert!(notice.starts_with("Something still uses this key."), "{notice}");
        assert!(notice.contains("presented 3 times in the last 24 hours, most recently from 127.0.0.1"), "{notice}");
        assert!(page.all(".facts div").iter().any(|fact| fact.starts_with("Attempts since3First on")));
        let overview = maren.get("/").await.page;
        assert!(overview.all(".rows h3").contains(&"Something still uses CI".to_owned()));
        // A made-up secret of the key is no use of it.
        app.advance(TimeDelta::hours(25));
        maren.sign_in_again("maren@example.com").await;
        assert!(!maren.get("/").await.page.all(".rows h3").contains(&"Something still uses CI".to_owned()));
    }
}

on_both_engines! {
    async fn a_key_that_was_put_into_a_path_or_a_client_s_name_is_not_kept(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let path = format!("/api/v1/keys/{key}");
        let client = format!("job {key}");
        let headers = [("user-agent", client.as_str())];
        app.program(&*key).send(reqwest::Method::DELETE, &path, None, &headers).await.expect(403);
        app.flush();
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.page;
        assert!(!page.text.contains(&key[key.len() - 38..]));
        let row = &page.all(".requests tbody tr")[0];
        assert!(row.contains(&format!("/api/v1/keys/kp_{}_…", id_of(&key))), "{row}");
        assert!(row.contains(&format!("job kp_{}_…", id_of(&key))), "{row}");
    }
}
