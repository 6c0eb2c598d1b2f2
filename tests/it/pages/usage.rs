//! How the use of keys is shown: on the page of a key, for the whole account, and as a file.

use chrono::TimeDelta;
use reqwest::Method;

use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::html::Page;
use crate::support::{Person, TestApp};

const USAGE: &str = "/settings/usage";
const EMAIL: &str = "maren@example.com";

fn page_of(full_key: &str) -> String {
    format!("/settings/api/{}", id_of(full_key))
}

async fn key_named(person: &mut Person, name: &str) -> String {
    let fields = [("name", name), ("expires_in", "1y"), ("access", "all")];
    person.create_key(&fields).await
}

/// Requests and refused ones, as the figures over a chart tell them.
fn figures(page: &Page) -> [String; 2] {
    let all = page.all(".stats .figure");
    [all[0].clone(), all[1].clone()]
}

async fn use_key(app: &TestApp, key: &str, accepted: usize, refused: usize) {
    let program = app.program(key);
    for _ in 0..accepted {
        program.get("/auth").await.expect(200);
    }
    for _ in 0..refused {
        program.get("/auth?scope=keys:write").await.expect(403);
    }
    app.flush();
}

on_both_engines! {
    async fn the_newest_two_hundred_requests_are_kept_in_detail_and_all_are_counted(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let key = key_named(&mut maren, "Busy").await;
        let program = app.program(&key);
        for number in 0..300 {
            app.advance(TimeDelta::milliseconds(10));
            let path = format!("/api/v1/keys/{number:010}");
            program.get(&path).await.expect_problem(404, "not_found");
            if number % 20 == 19 {
                app.flush();
            }
        }
        let page = maren.get(&page_of(&key)).await.expect(200).page;
        assert_eq!(figures(&page), ["300", "0"]);
        assert_eq!(page.all(".requests tbody tr").len(), 6);
        assert_eq!(page.words("[aria-labelledby=requests] .btn"), "Show all 200");
        let page = maren.get(&format!("{}?requests=all", page_of(&key))).await.expect(200).page;
        let expected: Vec<String> = (100..300).rev().map(|number| format!("GET /api/v1/keys/{number:010}")).collect();
        assert_eq!(page.all(".requests .request"), expected);
    }
}

on_both_engines! {
    async fn the_last_use_is_that_of_the_last_accepted_request(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let key = key_named(&mut maren, "CI").await;
        let program = app.program(&key);
        assert!(maren.get(&page_of(&key)).await.page.all(".facts dd").contains(&"Never".to_owned()));
        program.send(Method::GET, "/auth", None, &[("user-agent", "first/1")]).await.expect(200);
        app.advance(TimeDelta::seconds(7));
        program.send(Method::GET, "/auth", None, &[("user-agent", "second/2")]).await.expect(200);
        app.advance(TimeDelta::seconds(7));
        program.send(Method::GET, "/auth?scope=keys:write", None, &[("user-agent", "refused/3")]).await.expect(403);
        app.flush();
        app.advance(TimeDelta::minutes(3));
        let page = maren.get(&page_of(&key)).await.page;
        let (ago, from) = (page.all(".facts dd")[3].clone(), page.all(".facts dd")[4].clone());
        assert_eq!(ago, "3 minutes agoToday, 18:31 UTC");
        assert_eq!(from, "127.0.0.1second/2");
        assert_eq!(page.attribute(".facts div:nth-child(4) time", "datetime"), "2026-11-22T18:31:07Z");
        assert_eq!(page.all(".requests td[data-label=Client]"), ["refused/3", "second/2", "first/1"]);
        assert_eq!(maren.get("/settings/api").await.page.words("td[data-label='Last used']"), "3 minutes ago");
    }
}

on_both_engines! {
    async fn the_account_s_page_sums_up_all_keys_and_keeps_the_counts_of_ended_and_deleted_ones(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let empty = maren.get(USAGE).await.expect(200).page;
        assert_eq!(figures(&empty), ["0", "0"]);
        assert!(empty.has(".chart .none") && !empty.has(".usage"));
        let (little, much) = (key_named(&mut maren, "Little").await, key_named(&mut maren, "Much").await);
        key_named(&mut maren, "Unused").await;
        use_key(&app, &little, 1, 1).await;
        use_key(&app, &much, 5, 2).await;
        let mut other = app.person("other@example.com", "Other").await;
        let theirs = key_named(&mut other, "Theirs").await;
        use_key(&app, &theirs, 3, 0).await;
        let rows = |page: &Page| -> Vec<(String, String, String)> {
            let (names, accepted, refused) = (
                page.all(".usage tbody th"),
                page.all(".usage td[data-label=Accepted]"),
                page.all(".usage td[data-label=Refused]"),
            );
            names.into_iter().zip(accepted).zip(refused).map(|((name, accepted), refused)| (name, accepted, refused)).collect()
        };
        let row = |name: &str, accepted: &str, refused: &str| (name.to_owned(), accepted.to_owned(), refused.to_owned());
        for period in ["", "?period=24h", "?period=7d", "?period=90d"] {
            let page = maren.get(&format!("{USAGE}{period}")).await.expect(200).page;
            assert_eq!(figures(&page), ["9", "3"], "{period}");
            assert_eq!(rows(&page), [row("Much", "5", "2"), row("Little", "1", "1")]);
            assert_eq!(page.all(".stats .figure")[2..], ["9", "2"]);
        }
        maren.deactivate(&id_of(&much)).await;
        app.program(&much).get("/auth").await.expect(401);
        app.flush();
        let page = maren.get(USAGE).await.page;
        assert_eq!(rows(&page), [row("Much", "5", "3"), row("Little", "1", "1")]);
        assert_eq!(figures(&maren.get(&page_of(&much)).await.page), ["8", "3"]);
        let delete = format!("{}/delete", page_of(&much));
        maren.fill_in(&delete, &delete, &[]).await.expect(303);
        app.program(&much).get("/auth").await.expect(401);
        app.flush();
        let page = maren.get(USAGE).await.page;
        assert_eq!(figures(&page), ["11", "5"]);
        assert_eq!(rows(&page), [row("Little", "1", "1"), row("Keys deleted from the list", "5", "4")]);
        assert_eq!(figures(&other.get(USAGE).await.page), ["3", "0"]);
        assert_eq!(rows(&other.get(USAGE).await.page), [row("Theirs", "3", "0")]);
        maren.get(&page_of(&theirs)).await.expect(404);
    }
}

on_both_engines! {
    async fn the_file_has_a_line_for_each_key_and_day_and_no_formula(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let plain = key_named(&mut maren, "CI, \"deploy\"").await;
        use_key(&app, &plain, 2, 1).await;
        app.advance(TimeDelta::days(1));
        maren.sign_in_again(EMAIL).await;
        use_key(&app, &plain, 1, 0).await;
        let mut lines = vec![
            format!("{},\"CI, \"\"deploy\"\"\",2026-11-22T00:00:00Z,2,1", id_of(&plain)),
            format!("{},\"CI, \"\"deploy\"\"\",2026-11-23T00:00:00Z,1,0", id_of(&plain)),
        ];
        for name in ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"] {
            let key = key_named(&mut maren, name).await;
            use_key(&app, &key, 1, 0).await;
            lines.push(format!("{},'{name},2026-11-23T00:00:00Z,1,0", id_of(&key)));
        }
        let deleted = key_named(&mut maren, "Deleted").await;
        use_key(&app, &deleted, 1, 0).await;
        maren.deactivate(&id_of(&deleted)).await;
        let delete = format!("{}/delete", page_of(&deleted));
        maren.fill_in(&delete, &delete, &[]).await.expect(303);
        lines.push(format!("{},,2026-11-23T00:00:00Z,1,0", id_of(&deleted)));
        let mut other = app.person("other@example.com", "Other").await;
        let theirs = key_named(&mut other, "Theirs").await;
        use_key(&app, &theirs, 1, 0).await;

        let file = maren.get("/settings/usage.csv?period=7d").await.expect(200);
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"keyport-usage-7d.csv\"");
        assert_eq!(file.header("cache-control"), "no-store");
        let mut found: Vec<&str> = file.text().lines().collect();
        assert_eq!(found.remove(0), "key_id,name,from,accepted,refused");
        found.sort_unstable();
        lines.sort_unstable();
        assert_eq!(found, lines);
        let hours = maren.get("/settings/usage.csv?period=24h").await.expect(200);
        assert!(hours.text().contains(&format!("{},\"CI, \"\"deploy\"\"\",2026-11-23T18:00:00Z,1,0", id_of(&plain))));
        app.anonymous().get("/settings/usage.csv").await.expect(303);
    }
}

on_both_engines! {
    async fn the_page_of_a_dead_key_tells_who_still_uses_it(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let key = key_named(&mut maren, "CI").await;
        let program = app.program(&key);
        program.get("/auth").await.expect(200);
        maren.deactivate(&id_of(&key)).await;
        app.flush();
        let page = maren.get(&page_of(&key)).await.page;
        assert!(!page.has(".notice.warn"));
        assert_eq!(page.words("#requests"), "Last requests and attempts after the end");
        for (client, seconds) in [("old-job/1", 5), ("old-job/1", 5), ("thief/2", 5)] {
            app.advance(TimeDelta::seconds(seconds));
            program.send(Method::GET, "/auth", None, &[("user-agent", client)]).await.expect(401);
        }
        app.flush();
        let page = maren.get(&page_of(&key)).await.page;
        assert_eq!(
            page.words(".notice.warn"),
            "Something still uses this key. A true secret that no longer works was presented 3 times in the last 24 \
             hours, most recently from 127.0.0.1 by thief/2. If that is not a job you know, someone else has it."
        );
        assert_eq!(page.all(".facts dd").last().unwrap(), "3First on Today, 18:31 UTC");
        assert_eq!(page.all(".requests td[data-label=Client]")[..3], ["thief/2", "old-job/1", "old-job/1"]);
        // The last use stays that of the last accepted request.
        assert_eq!(page.attribute(".facts div:nth-child(4) time", "datetime"), "2026-11-22T18:31:00Z");
        app.advance(TimeDelta::days(2));
        let page = maren.sign_in_again(EMAIL).await.get(&page_of(&key)).await.page;
        assert!(page.words(".notice.warn").contains("was last presented 2 days ago, most recently from 127.0.0.1 by thief/2."), "{}", page.words(".notice.warn"));
    }
}

on_both_engines! {
    async fn the_page_of_an_active_key_tells_of_attempts_with_its_old_secret(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let key = key_named(&mut maren, "CI").await;
        let rotate = format!("{}/rotate", page_of(&key));
        maren.fill_in(&rotate, &rotate, &[("overlap", "none")]).await.expect(200);
        app.program(&key).send(Method::GET, "/auth", None, &[("user-agent", "")]).await.expect(401);
        app.flush();
        let page = maren.get(&page_of(&key)).await.page;
        assert_eq!(
            page.words(".notice.warn"),
            "Something still uses an old secret of this key. A true secret that no longer works was presented once in \
             the last 24 hours, most recently from 127.0.0.1. If that is not a job you know, someone else has it."
        );
        assert_eq!(page.words(".badge-k"), "Active");
    }
}
