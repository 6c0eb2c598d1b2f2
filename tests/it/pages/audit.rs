//! Settings > Audit log: what the page and the file show, and to whom.

use chrono::TimeDelta;
use keyport::domain::audit::{Act, Action, Outcome};
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::actors::{Answer, id_of};
use crate::support::html::Page;

const LOG: &str = "/settings/audit";
const EMAIL: &str = "maren@example.com";

fn events(page: &Page) -> Vec<String> {
    page.all(".audit tbody th strong")
}

/// Writes so many refused sign-ins of an account, a second apart.
fn refuse(app: &TestApp, email: &str, entries: usize) {
    let email = keyport::domain::text::EmailAddress::parse(email).unwrap();
    for _ in 0..entries {
        app.advance(TimeDelta::seconds(1));
        let act: Act = app.act();
        let done: Result<(), StoreError> = app.state.pool.write_now(|db| {
            let account = keyport::domain::accounts::find_by_email(db, &email)?.unwrap();
            act.record(db, Some(account.id), Action::SignIn, None, Outcome::Refused)
        });
        done.unwrap();
    }
}

on_both_engines! {
    async fn the_log_tells_what_happened_by_whom_and_from_where(app) {
        let mut maren = app.person(EMAIL, "Maren Okafor").await;
        app.advance(TimeDelta::seconds(1));
        let fields = [("name", "Maker"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:write")];
        let maker = maren.create_key(&fields).await;
        app.advance(TimeDelta::seconds(1));
        let new = serde_json::json!({"name": "=1+1", "scopes": ["keys:write"], "expires_in": "7d"});
        let body = Some(new.to_string());
        let made = app.program(&maker).send(reqwest::Method::POST, "/api/v1/keys", body, &[("user-agent", "ci/2")]).await.expect(201);
        let made = made.json()["prefix"].as_str().unwrap().to_owned();
        let wrong = [("email", EMAIL), ("password", "not this one at all"), ("next", "/")];
        app.anonymous().fill_in("/sign-in", "/sign-in", &wrong).await.expect(422);
        let page = maren.get(LOG).await.expect(200).page;
        assert_eq!(page.words("h1"), "Audit log");
        assert_eq!(page.words(".side a[aria-current]"), "Audit log");
        assert!(page.all(".menu-account a").contains(&"Audit log".to_owned()));
        assert_eq!(events(&page), ["Sign-in refused", "API key created", "API key created", "Signed in", "Account created"]);
        let details = page.all(".audit tbody th .small");
        assert_eq!(details, [format!("=1+1, {made}"), format!("Maker, kp_{}", id_of(&maker))]);
        assert_eq!(page.all(".audit .badge-k"), ["Refused", "Done", "Done", "Done", "Done"]);
        assert_eq!(
            page.all(".audit td[data-label=By]"),
            ["Someone not signed in", &format!("API keykp_{}", id_of(&maker)), "Maren Okafor", "Maren Okafor", "A command on the server"]
        );
        assert_eq!(page.all(".audit td[data-label=Address]")[1], "127.0.0.1ci/2");
        assert_eq!(page.all(".audit td[data-label=Address]")[4], "none");
        assert_eq!(page.all(".audit td[data-label=Time]")[0], "18:31:02");
        assert_eq!(page.words(".card-foot"), "Times are UTC. A file has the newest 20,000 events at most.");
    }
}

on_both_engines! {
    async fn every_action_has_words_and_a_deleted_key_keeps_its_entries(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let path = format!("/settings/api/{}", id_of(&key));
        maren.fill_in(&path, &path, &[("name", "CI, production")]).await.expect(303);
        let rotate = format!("{path}/rotate");
        maren.fill_in(&rotate, &rotate, &[("overlap", "24h")]).await.expect(200);
        let end = format!("{path}/end-old-secret");
        maren.fill_in(&end, &end, &[]).await.expect(303);
        maren.deactivate(&id_of(&key)).await;
        let delete = format!("{path}/delete");
        maren.fill_in(&delete, &delete, &[]).await.expect(303);
        maren.fill_in("/settings/profile", "/settings/profile", &[("name", "Maren O"), ("time_zone", "UTC")]).await.expect(303);
        let (email, act) = (keyport::domain::text::EmailAddress::parse(EMAIL).unwrap(), app.act());
        let done: Result<(), StoreError> = app.state.pool.write_now(|db| {
            use keyport::domain::accounts as rules;
            let id = rules::find_by_email(db, &email)?.unwrap().id;
            rules::set_operator(db, &act, id, true)?;
            rules::set_operator(db, &act, id, false)?;
            keyport::domain::passwords::make_link(db, &act, &mut keyport::crypto::random::system_rng(), id)?;
            rules::disable(db, &act, id)?;
            rules::enable(db, &act, id)
        });
        done.unwrap();
        let page = maren.sign_in_again(EMAIL).await.get(LOG).await.expect(200).page;
        assert_eq!(events(&page)[..13], [
            "Signed in", "Account enabled", "Account disabled", "Link for a new password made", "Operator role taken away",
            "Operator role given", "Profile changed", "API key deleted from the list", "API key deactivated",
            "Old secret of an API key ended", "API key rotated", "API key renamed", "API key created",
        ]);
        assert_eq!(page.all(".audit tbody th .small"), vec![format!("CI, production, kp_{}", id_of(&key)); 6]);
    }
}

on_both_engines! {
    async fn the_filter_is_by_subject_result_and_day_of_the_account_s_zone(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        // 19:31 in Berlin; the next entries are of the next day there, but not in UTC.
        maren.fill_in("/settings/profile", "/settings/profile", &[("name", "Maren"), ("time_zone", "Europe/Berlin")]).await.expect(303);
        maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        app.advance(TimeDelta::hours(5));
        refuse(&app, EMAIL, 2);
        let cases: [(&str, &[&str]); 9] = [
            ("about=keys", &["API key created"]),
            ("about=sign-in", &["Sign-in refused", "Sign-in refused", "Signed in"]),
            ("about=account", &["Profile changed", "Account created"]),
            ("result=refused", &["Sign-in refused", "Sign-in refused"]),
            ("from=2026-11-23", &["Sign-in refused", "Sign-in refused"]),
            ("to=2026-11-22&about=sign-in", &["Signed in"]),
            ("from=2026-11-22&to=2026-11-23&result=done&about=sign-in", &["Signed in"]),
            ("from=2026-11-24", &[]),
            ("about=nonsense&result=what&page=zzz", &["Sign-in refused", "Sign-in refused", "API key created", "Profile changed", "Signed in", "Account created"]),
        ];
        for (query, expected) in cases {
            let page = maren.get(&format!("{LOG}?{query}")).await.expect(200).page;
            assert_eq!(events(&page), expected, "{query}");
        }
        let none = maren.get(&format!("{LOG}?about=security")).await.expect(200).page;
        assert!(none.text.contains("No event matches this filter."));
        assert_eq!(none.attribute(".card .stack a", "href"), LOG);
        assert_eq!(none.words("option[selected]"), "Security");
        for (query, field) in [("from=yesterday", "from"), ("to=2026-02-30", "to"), ("from=2026-11-23&to=2026-11-22", "to")] {
            let refused = maren.get(&format!("{LOG}?{query}")).await.expect(422).page;
            assert!(refused.has(&format!("#{field}-error")) && !refused.has(".audit"), "{query}");
            assert!(refused.words("title").starts_with("Error: ") && !refused.has(".head .btn"));
            maren.get(&format!("{LOG}.csv?{query}")).await.expect(400);
        }
    }
}

on_both_engines! {
    async fn more_than_fifty_events_come_in_pages_that_keep_the_filter(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        refuse(&app, EMAIL, 101);
        let first = maren.get(&format!("{LOG}?result=refused")).await.expect(200).page;
        assert_eq!(events(&first).len(), 50);
        assert_eq!(first.all(".pages a"), ["Older"]);
        let second = maren.get(&first.attribute(".pages a", "href")).await.expect(200).page;
        assert_eq!(second.all(".pages a"), ["Newer", "Older"]);
        // What is written meanwhile moves nothing.
        refuse(&app, EMAIL, 3);
        let third = maren.get(&second.attribute(".pages a:last-child", "href")).await.expect(200).page;
        assert_eq!((events(&third).len(), third.all(".pages a")), (1, vec!["Newer".to_owned()]));
        let back = maren.get(&third.attribute(".pages a", "href")).await.expect(200).page;
        assert_eq!(back.all(".audit time"), second.all(".audit time"));
        let newest = maren.get(&back.attribute(".pages a:first-child", "href")).await.expect(200).page;
        assert_eq!(newest.all(".audit time"), first.all(".audit time"));
        assert_eq!(newest.all(".pages a"), ["Newer", "Older"]);
    }
}

on_both_engines! {
    async fn no_one_sees_anything_of_another_account(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let mut other = app.person("other@example.com", "Other").await;
        let key = other.create_key(&[("name", "Theirs"), ("expires_in", "90d"), ("access", "all")]).await;
        for path in [LOG, "/settings/audit?page=a999999", "/settings/audit?page=b1", "/settings/audit?about=keys", "/settings/audit.csv"] {
            let answer = maren.get(path).await.expect(200);
            assert!(!answer.text().contains("Theirs") && !answer.text().contains(&id_of(&key)), "{path}");
            assert!(!answer.text().contains("Other"), "{path}");
        }
        assert_eq!(events(&maren.get(LOG).await.page), ["Signed in", "Account created"]);
        for path in [LOG, "/settings/audit.csv"] {
            app.anonymous().get(path).await.expect(303);
        }
    }
}

on_both_engines! {
    async fn the_file_has_the_same_events_and_no_formula(app) {
        let mut maren = app.person(EMAIL, "=Maren()").await;
        let sign_in = [("email", EMAIL), ("password", crate::support::app::PASSWORD), ("next", "/")];
        let mut again = app.anonymous();
        let page = again.get("/sign-in").await;
        let token = page.page.attribute("form[action='/sign-in'] input[name=form_token]", "value");
        let fields: Vec<(&str, &str)> = [("form_token", token.as_str())].into_iter().chain(sign_in).collect();
        again.post_raw("/sign-in", &fields, &[("user-agent", "=cmd|'/c calc'!A0, \"x\"")]).await.expect(303);
        let file: Answer = maren.get("/settings/audit.csv").await.expect(200);
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"keyport-audit-log.csv\"");
        assert_eq!(file.header("cache-control"), "no-store");
        let lines: Vec<&str> = file.text().lines().collect();
        assert_eq!(lines[0], "id,time,event,action,target,result,by,address,client,request_id");
        assert_eq!(lines.len(), 4);
        let start = "3,2026-11-22T18:31:00Z,Signed in,sign_in,,done,'=Maren(),127.0.0.1,\"'=cmd|'/c calc'!A0, \"\"x\"\"\",";
        assert!(lines[1].starts_with(start), "{}", lines[1]);
        refuse(&app, EMAIL, 1_100);
        let file = maren.get("/settings/audit.csv?result=refused").await.expect(200);
        assert_eq!(file.text().lines().count(), 1_101);
    }
}
