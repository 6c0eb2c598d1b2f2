//! Operator > Accounts: the list and its filter, and the page of one account.

use crate::on_both_engines;
use crate::support::actors::id_of;

const PATH: &str = "/operator/accounts";
const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

on_both_engines! {
    async fn accounts_are_found_by_part_of_email_or_name_and_by_a_key(app) {
        let mut oona = app.operator("oona@example.com", "Oona Halme").await;
        let mut maren = app.person("maren@example.com", "Maren Okafor").await;
        app.account("100%_real@example.org", "Ada");
        let key = maren.create_key(&KEY).await;
        let emails = |page: &crate::support::html::Page| page.all("tbody th a");
        let all = oona.get(PATH).await.expect(200).page;
        assert_eq!(emails(&all), ["100%_real@example.org", "maren@example.com", "oona@example.com"]);
        assert_eq!(all.words(".title .count"), "3");
        let maren_row = all.rows("tbody tr").into_iter().find(|row| row.contains("maren@")).unwrap();
        assert_eq!(maren_row, "maren@example.com Maren Okafor Enabled 1 Today, 18:31");
        let prefix = key[..13].to_owned();
        for (text, found) in [
            ("MAREN@", "maren@example.com"),
            ("okaf", "maren@example.com"),
            ("halme", "oona@example.com"),
            (&*prefix, "maren@example.com"),
            (&*id_of(&key), "maren@example.com"),
            ("%25_", "100%_real@example.org"),
        ] {
            let page = oona.get(&format!("{PATH}?q={text}")).await.expect(200).page;
            assert_eq!(emails(&page), [found], "{text}");
        }
        let none = oona.get(&format!("{PATH}?q=nobody")).await.expect(200);
        assert!(none.text().contains("No account matches “nobody”."));
    }
}

on_both_engines! {
    async fn more_than_fifty_accounts_are_read_in_pages(app) {
        let mut oona = app.operator("aa@example.com", "Oona").await;
        let values: Vec<String> = (1..=101)
            .map(|n| format!("({n}, 'p{n:03}@example.com', 'P', 'UTC', 0 = 1, 0)"))
            .collect();
        app.execute(&format!(
            "INSERT INTO accounts (id, email, name, time_zone, is_operator, created_at) VALUES {}",
            values.join(", ")
        ));
        let mut seen = Vec::new();
        let mut path = PATH.to_owned();
        for rows in [50, 50, 2] {
            let page = oona.get(&path).await.expect(200).page;
            let emails = page.all("tbody th a");
            assert_eq!(emails.len(), rows);
            seen.extend(emails);
            if rows == 50 {
                path = page.attribute("nav.pages a:last-child", "href");
            }
        }
        assert_eq!(seen.len(), 102);
        assert!(seen.is_sorted());
        let last = oona.get(&path).await.page;
        let back = oona.get(&last.attribute("nav.pages a", "href")).await.page;
        assert_eq!(back.all("tbody th a"), seen[50..100]);
        oona.get(&format!("{PATH}?page=nonsense")).await.expect(200);
    }
}

on_both_engines! {
    async fn an_account_shows_its_facts_and_keys_and_no_secret(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let listed = oona.get(&format!("{PATH}?q=maren")).await.page;
        let path = listed.attribute("tbody th a", "href");
        let answer = oona.get(&path).await.expect(200);
        let page = &answer.page;
        assert_eq!(page.words("h1"), "Maren");
        assert_eq!(page.words(".head .tag"), "Operator");
        let facts = page.rows(".facts div");
        for fact in ["Sessions 1", "Active keys 1", "Inactive keys 0", "Time zone UTC"] {
            assert!(facts.iter().any(|shown| shown == fact), "{fact}: {facts:?}");
        }
        assert!(page.rows(".keys tbody tr").remove(0).starts_with("CI kp_"));
        assert!(!answer.text().contains(&key));
        for path in ["x", "0000000000", "zzzzzzzzzzz", "zzzzzzzzz-"] {
            oona.get(&format!("{PATH}/{path}")).await.expect(404);
        }
    }
}
