//! How use is shown: the page of a key, the page of all keys, the file, and what a key may do.

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
    async fn at_most_two_hundred_requests_are_kept_in_detail_and_all_are_counted(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let program = app.program(&*key);
        for _ in 0..5 {
            for _ in 0..60 {
                program.get("/auth").await.expect(200);
            }
            app.flush();
        }
        let page = maren.get(&format!("/settings/api/{}?requests=all", id_of(&key))).await.page;
        assert_eq!(page.all(".requests tbody tr").len(), 200);
        assert_eq!(page.all(".stats .figure")[0], "300");
    }
}

on_both_engines! {
    async fn counts_outlive_the_key_on_the_page_of_all_keys_and_in_the_file(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut ravi = app.person("ravi@example.com", "Ravi").await;
        let formula = maren.create_key(&[("name", "=1+1"), ("expires_in", "90d"), ("access", "all")]).await;
        let deleted = maren.create_key(&KEY).await;
        let other = ravi.create_key(&KEY).await;
        for (key, times) in [(&formula, 3), (&deleted, 2), (&other, 7)] {
            for _ in 0..times {
                app.program(&**key).get("/auth").await.expect(200);
            }
        }
        maren.deactivate(&id_of(&deleted)).await;
        app.program(&*deleted).get("/auth").await.expect(401);
        let path = format!("/settings/api/{}/delete", id_of(&deleted));
        maren.fill_in(&path, &path, &[]).await.expect(303);
        app.flush();
        let page = maren.get("/settings/usage").await.page;
        assert_eq!(page.all(".stats .figure")[..2], ["6", "1"]);
        let rows = page.all("table.usage tbody tr");
        assert!(rows[0].starts_with("=1+1kp_"), "{rows:?}");
        assert_eq!(rows[1], "Keys deleted from the list21");
        let file = maren.get("/settings/usage.csv?period=7d").await.expect(200);
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        let lines: Vec<&str> = file.text().lines().collect();
        assert_eq!(lines[0], "key_id,name,from,accepted,refused");
        assert_eq!(lines.len(), 3);
        let line = format!("{},'=1+1,2026-11-22T00:00:00Z,3,0", id_of(&formula));
        assert!(lines.contains(&line.as_str()), "{lines:?}");
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
    async fn limits_are_read_line_by_line_and_shown(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        const NEW: &str = "/settings/api/new";
        let many = (0..101).map(|n| format!("10.0.0.{n}\n")).collect::<String>();
        for (addresses, rate, words) in [
            ("198.51.100.7\n203.0.113.0/33", "", "Line 2: “203.0.113.0/33” is not a range. IPv4 ranges end in /0 to /32."),
            ("nonsense", "", "Line 1: “nonsense” is not an address or range, like 192.0.2.7 or 2001:db8::/32."),
            (&many, "", "Enter at most 100 addresses and ranges. These are 101."),
            ("", "0", "Enter a number of requests a minute, from 1 to 1,000,000."),
        ] {
            let fields = [
                ("name", "CI"), ("expires_in", "90d"), ("access", "all"),
                ("allowed_addresses", addresses), ("rate_limit", rate),
            ];
            let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
            assert_eq!(refused.page.words(".field-error"), words);
            assert!(refused.page.has("details.limits[open]"));
        }
        let fields = [
            ("name", "CI"), ("expires_in", "90d"), ("access", "all"),
            ("allowed_addresses", "127.0.0.1\r\n::ffff:192.0.2.0/120"), ("rate_limit", "600"),
        ];
        let key = maren.create_key(&fields).await;
        app.program(&*key).get("/auth").await.expect(200);
        let foot = maren.get(&format!("/settings/api/{}", id_of(&key))).await.page.words(".facts-foot");
        assert!(foot.contains("Addresses: 127.0.0.1, 192.0.2.0/24"), "{foot}");
        assert!(foot.contains("Rate limit: 600 requests a minute"), "{foot}");
    }
}

on_both_engines! {
    async fn the_access_page_gives_the_verdict_s_own_reasons(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [
            ("name", "CI"), ("expires_in", "1h"), ("access", "chosen"), ("scope", "usage:read"),
            ("allowed_addresses", "192.0.2.0/24"),
        ];
        let key = maren.create_key(&fields).await;
        let path = format!("/settings/api/{}/access", id_of(&key));
        let row = |page: &crate::support::html::Page, scope: &str| {
            page.all("table.answers tbody tr").into_iter().find(|row| row.starts_with(scope)).unwrap()
        };
        let page = maren.get(&format!("{path}?address=192.0.2.9")).await.expect(200).page;
        assert!(row(&page, "usage:read").ends_with("Yes"));
        assert!(row(&page, "keys:read").ends_with("NoThis request needs the scope keys:read, which this key does not have."));
        let page = maren.get(&format!("{path}?address=198.51.100.1")).await.page;
        assert!(row(&page, "usage:read").ends_with("NoThis key may not be used from 198.51.100.1."));
        let page = maren.get(&format!("{path}?address=nonsense")).await.expect(422).page;
        assert_eq!(page.words(".field-error"), "Enter an IPv4 or IPv6 address.");
        app.advance(TimeDelta::hours(1));
        let page = maren.get(&format!("{path}?address=192.0.2.9")).await.page;
        assert!(row(&page, "usage:read").contains("NoThis key expired at 2026-11-22T19:31:00Z"));
    }
}
