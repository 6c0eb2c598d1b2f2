//! The registry's pages for operators: lists, records, links, allocations, and files.

use super::reports::upload;
use crate::on_both_engines;
use crate::support::app::PASSWORD;
use crate::support::{Person, TestApp};

async fn oona(app: &TestApp) -> Person {
    app.operator("oona@example.com", "Oona Operator").await
}

/// A person, an organization of theirs and its network.
fn fill(app: &TestApp) {
    let contact = app.person_contact("Maren", "Okafor", None);
    let contact = contact.as_str();
    let contacts = [("AD", contact), ("T", contact), ("AB", contact)];
    let organization = app.organization("Harbor Example Networks", &contacts);
    app.allocation(&organization, "192.0.2.0", "24");
}

const TABLE: &str = "table.keys tbody tr";

on_both_engines! {
    async fn operators_find_every_record_by_what_it_is_called(app) {
        fill(&app);
        app.role_contact("Network Operations", &[]);
        let mut operator = oona(&app).await;
        for (path, wanted, found) in [
            ("/operator/contacts", "", &["MO1-KP", "NO1-KP"][..]),
            ("/operator/contacts", "okafor+maren", &["MO1-KP"]),
            ("/operator/contacts", "no1-", &["NO1-KP"]),
            ("/operator/contacts", "NOC%40example.com", &["MO1-KP", "NO1-KP"]),
            ("/operator/contacts", "m_ren", &[]),
            ("/operator/organizations", "", &["HEN-1"]),
            ("/operator/organizations", "harbor", &["HEN-1"]),
            ("/operator/organizations", "hen-1", &["HEN-1"]),
            ("/operator/organizations", "100%25", &[]),
            ("/operator/networks", "", &["NET-192-0-2-0-1"]),
            ("/operator/networks", "harb", &["NET-192-0-2-0-1"]),
            ("/operator/networks", "net-192", &["NET-192-0-2-0-1"]),
            ("/operator/networks", "192.0.2.77", &["NET-192-0-2-0-1"]),
            ("/operator/networks", "192.0.0.0%2F16", &["NET-192-0-2-0-1"]),
            ("/operator/networks", "192.0.3.0", &[]),
            ("/operator/networks", "2001:db8::", &[]),
        ] {
            let list = operator.get(&format!("{path}?q={wanted}")).await.expect(200);
            assert_eq!(list.page.all("table.keys tbody th a"), found, "{path} {wanted}");
            assert_eq!(list.page.words(".card-top .count"), found.len().to_string());
            assert_eq!(list.header("cache-control"), "no-store");
            let current = list.page.attribute(r#".segments a[aria-current="true"]"#, "href");
            assert_eq!(current, path);
        }
        let side = operator.get("/operator/contacts").await.expect(200);
        assert_eq!(side.page.attribute(".side a[aria-current]", "href"), "/operator/organizations");
    }
}

on_both_engines! {
    async fn long_lists_have_pages(app) {
        for number in 0..52 {
            app.role_contact(&format!("Desk {number}"), &[]);
        }
        let mut operator = oona(&app).await;
        let first = operator.get("/operator/contacts?q=desk").await.expect(200);
        assert_eq!(first.page.words(".card-top .count"), "52");
        assert_eq!(first.page.rows(TABLE).len(), 50);
        let next = first.page.attribute(".pages a", "href");
        let second = operator.get(&next).await.expect(200);
        assert_eq!(second.page.rows(TABLE).len(), 2);
        let back = second.page.attribute(".pages a", "href");
        let again = operator.get(&back).await.expect(200);
        assert_eq!(again.page.rows(TABLE), first.page.rows(TABLE));
        // What is no cursor of ours begins at the first record.
        let begun = operator.get("/operator/contacts?q=desk&page=x").await.expect(200);
        assert_eq!(begun.page.rows(TABLE), first.page.rows(TABLE));
    }
}

on_both_engines! {
    async fn records_show_what_belongs_to_them(app) {
        fill(&app);
        let mut operator = oona(&app).await;
        let contact = operator.get("/operator/contacts/mo1-kp").await.expect(200);
        assert!(contact.page.words("dl.facts").contains("+1.207.555.0142"));
        assert_eq!(contact.page.all("section[aria-labelledby=functions] .tag"), ["Admin", "Tech", "Abuse"]);
        let organization = operator.get("/operator/organizations/HEN-1").await.expect(200);
        assert!(organization.page.words("dl.facts").contains("Portland ME 04101"));
        assert!(organization.text().contains("/operator/networks/NET-192-0-2-0-1"));
        assert!(organization.text().contains("/operator/contacts/MO1-KP"));
        let network = operator.get("/operator/networks/NET-192-0-2-0-1").await.expect(200);
        assert!(network.page.words("dl.facts").contains("192.0.2.0/24"));
        assert!(network.text().contains("/operator/organizations/HEN-1"));
        for path in ["contacts/MO2-KP", "organizations/HEN-2", "networks/NET-10-0-0-0-1", "networks/_"] {
            operator.get(&format!("/operator/{path}")).await.expect(404);
        }
    }
}

on_both_engines! {
    async fn an_operator_links_and_unlinks_an_account(app) {
        fill(&app);
        let maren = app.account("maren@example.com", "Maren Okafor");
        app.account("ines@example.com", "Ines Alvarez");
        let mut operator = oona(&app).await;
        let page = "/operator/contacts/MO1-KP";
        let link = format!("{page}/link");
        for (email, words) in [
            ("", "Enter the address"), ("no address", "Enter the address"),
            ("nobody@example.com", "no account with this address"),
        ] {
            let refused = operator.fill_in(&link, &link, &[("email", email)]).await.expect(422);
            assert!(refused.page.words("#email-error").contains(words), "{email}");
        }
        let stale = operator.post_raw(&link, &[("email", "maren@example.com")], &[]).await.expect(422);
        assert!(stale.text().contains("too old"));
        assert!(app.audited("link.make").is_empty());
        operator.fill_in(&link, &link, &[("email", "Maren@example.com")]).await.expect(303);
        assert_eq!(app.audited("link.make"), ["MO1-KP done"]);
        // The account, and the address of the contact.
        let told = |kind: &str| app.queued_kinds().iter().filter(|queued| *queued == kind).count();
        assert_eq!(told("linked"), 2);
        let again = operator.fill_in(&link, &link, &[("email", "maren@example.com")]).await.expect(422);
        assert!(again.page.words("#email-error").contains("already"));
        // A person has one account.
        let second = operator.fill_in(&link, &link, &[("email", "ines@example.com")]).await.expect(422);
        assert!(second.page.words("#email-error").contains("is a person"));

        let shown = operator.get(page).await.expect(200);
        let unlink = shown.page.attribute("a[href*=unlink]", "href");
        assert_eq!(unlink, format!("{page}/unlink/{}", maren.id));
        let asked = operator.get(&unlink).await.expect(200);
        assert!(asked.text().contains("No other account is linked to it"));
        operator.fill_in(&unlink, &unlink, &[]).await.expect(303);
        assert_eq!(app.audited("link.end"), ["MO1-KP done"]);
        assert_eq!(told("unlinked"), 2);
        operator.get(&unlink).await.expect(404);
        let after = operator.get(page).await.expect(200);
        assert!(after.text().contains("No account is linked to it."));
    }
}

on_both_engines! {
    async fn an_operator_makes_an_organization(app) {
        let contact = app.person_contact("Maren", "Okafor", None);
        let mut operator = oona(&app).await;
        let new = "/operator/organizations/new";
        let good = |change: (&'static str, &'static str)| -> Vec<(&'static str, &'static str)> {
            let all = [
                ("org_name", "Harbor Example Networks"), ("street_address", "4 Quay Street\r\nFloor 2"),
                ("city", "Portland"), ("iso3166_2", "ME"), ("postal_code", "04101"), ("iso3166_1", "US"),
                ("admin", "MO1-KP"), ("tech", "mo1-kp"), ("abuse", "MO1-KP"), ("noc", " "),
                ("reassignments", "yes"), ("dba_name", "Harbor"), ("tax_id", "12-345"),
                ("org_url", "https://harbor.example.com/"), ("comment", "One\r\nTwo"),
            ];
            all.into_iter()
                .map(|(name, value)| if name == change.0 { change } else { (name, value) })
                .collect()
        };
        assert_eq!(contact, "MO1-KP");
        for (field, value) in [
            ("org_name", ""), ("street_address", ""), ("city", ""), ("iso3166_2", "ZZ"), ("postal_code", "1"),
            ("iso3166_1", ""), ("org_url", "ftp://x"), ("admin", ""), ("admin", "MO1-KP, MO1-KP"), ("tech", ""),
            ("abuse", ""), ("tech", "MO7-KP"), ("noc", "MO8-KP"), ("abuse", "_"),
        ] {
            let fields = good((field, value));
            let refused = operator.fill_in(new, new, &fields).await.expect(422);
            let errors = refused.page.all(".field-error");
            assert_eq!(errors.len(), 1, "{field} {value}: {errors:?}");
            assert!(refused.page.has(&format!("#{field}-error")), "{field} {value}: {errors:?}");
        }
        let stale = operator.post_raw(new, &good(("", "")), &[]).await.expect(422);
        assert!(stale.text().contains("too old") && stale.text().contains("Harbor Example Networks"));
        assert!(app.audited("organization.create").is_empty());
        let made = operator.fill_in(new, new, &good(("", ""))).await.expect(303);
        assert_eq!(made.header("location"), "/operator/organizations/HEN-1");
        assert_eq!(app.audited("organization.create"), ["HEN-1 done"]);
        let shown = operator.get("/operator/organizations/HEN-1").await.expect(200);
        let facts = shown.page.words("dl.facts");
        for wanted in ["Floor 2", "12-345", "https://harbor.example.com/", "Harbor", "Two", "Accepted"] {
            assert!(facts.contains(wanted), "{wanted}: {facts}");
        }
    }
}

on_both_engines! {
    async fn an_operator_allocates_a_network(app) {
        fill(&app);
        let mut operator = oona(&app).await;
        let new = "/operator/networks/new";
        for (org, block, name, field) in [
            ("", "198.51.100.0/24", "QUAY", "org"),
            ("HEN-9", "198.51.100.0/24", "QUAY", "org"),
            ("HEN-1", "198.51.100.0", "QUAY", "block"),
            ("HEN-1", "198.51.100.1/24", "QUAY", "block"),
            ("HEN-1", "harbor/24", "QUAY", "block"),
            ("HEN-1", "192.0.2.128/25", "QUAY", "block"),
            ("HEN-1", "198.51.100.0/24", "", "name"),
        ] {
            let fields = [("org", org), ("block", block), ("name", name)];
            let refused = operator.fill_in(new, new, &fields).await.expect(422);
            let errors = refused.page.all(".field-error");
            assert_eq!(errors.len(), 1, "{fields:?}: {errors:?}");
            assert!(refused.page.has(&format!("#{field}-error")), "{fields:?}: {errors:?}");
        }
        assert_eq!(app.audited("network.create").len(), 1);
        let fields = [("org", "hen-1"), ("block", "198.51.100.0/24"), ("name", "QUAY")];
        let made = operator.fill_in(new, new, &fields).await.expect(303);
        assert_eq!(made.header("location"), "/operator/networks/NET-198-51-100-0-1");
        assert_eq!(app.audited("network.create").len(), 2);
        operator.get("/operator/networks/NET-198-51-100-0-1").await.expect(200);
    }
}

on_both_engines! {
    async fn what_is_exported_can_be_imported_and_bad_records_are_named(app) {
        fill(&app);
        let mut operator = oona(&app).await;
        let path = "/operator/registry";
        let opened = operator.get(path).await.expect(200);
        let token = opened.page.attribute(r#"form[action="/operator/registry"] input[name=form_token]"#, "value");
        let sent = operator.get("/operator/registry/export.xml").await.expect(200);
        assert!(sent.header("content-disposition").contains("registry.xml"));
        assert_eq!(sent.header("cache-control"), "no-store");
        assert_eq!(app.audited("download"), ["registry export done"]);
        let all = sent.text().to_owned();
        assert!(all.contains("NET-192-0-2-0-1") && all.contains("HEN-1") && all.contains("MO1-KP"));

        let import = async |token: &str, document: Option<&str>| {
            let file = document.map(|document| ("in.xml", document.as_bytes().to_vec()));
            let answer = upload(&app, &operator, path, &[("form_token", token)], file).await;
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let (status, page) = import("x", Some(&all)).await;
        assert!(status == 422 && page.contains("too old"));
        let (status, page) = import(&token, None).await;
        assert!(status == 422 && page.contains("Choose a file."));
        let (status, page) = import(&token, Some("<collection")).await;
        assert!(status == 422 && page.contains("not well-formed"), "{page}");
        // Every record is there already.
        let (status, page) = import(&token, Some(&all)).await;
        assert_eq!(status, 422);
        for record in ["poc MO1-KP", "org HEN-1", "net NET-192-0-2-0-1"] {
            assert!(page.contains(record), "{record}: {page}");
        }
        let (status, _) = import(&token, Some(&all.replace("MO1-KP", "MO7-KP").replace("HEN-1", "HEN-7"))).await;
        assert_eq!(status, 422);
        assert!(app.audited("registry.import").is_empty());
        operator.get("/operator/contacts/MO7-KP").await.expect(404);

        let moved = all.replace("MO1-KP", "MO7-KP").replace("HEN-1", "HEN-7")
            .replace("NET-192-0-2-0-1", "NET-198-51-100-0-1")
            .replace("192.0.2.", "198.51.100.").replace("192.000.002.", "198.051.100.");
        let import = async |document: &str| {
            let file = Some(("in.xml", document.as_bytes().to_vec()));
            let answer = upload(&app, &operator, path, &[("form_token", &token)], file).await;
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let (status, page) = import(&moved).await;
        assert_eq!(status, 303, "{page}");
        assert_eq!(app.audited("registry.import").len(), 1);
        operator.get("/operator/contacts/MO7-KP").await.expect(200);
        operator.get("/operator/networks/NET-198-51-100-0-1").await.expect(200);
    }
}

on_both_engines! {
    async fn acts_need_a_recent_sign_in_and_an_operator(app) {
        fill(&app);
        let mut operator = oona(&app).await;
        let mut maren = app.person("maren@example.com", "Maren Okafor").await;
        let acts = [
            "/operator/organizations/new", "/operator/networks/new", "/operator/contacts/MO1-KP/link",
            "/operator/registry/export.xml",
        ];
        for path in acts {
            operator.get(path).await.expect(200);
            maren.get(path).await.expect(404);
            maren.post_raw(path, &[], &[]).await.expect(404);
        }
        for path in ["contacts", "organizations", "networks", "contacts/MO1-KP", "organizations/HEN-1", "registry"] {
            maren.get(&format!("/operator/{path}")).await.expect(404);
        }
        app.advance(chrono::TimeDelta::minutes(16));
        for path in acts {
            let led = operator.get(path).await.expect(303);
            assert!(led.header("location").starts_with("/sign-in/confirm?"), "{path}");
        }
        operator.confirm(PASSWORD).await.expect(303);
        operator.get(acts[0]).await.expect(200);
    }
}

on_both_engines! {
    with [("KEYPORT_REGISTRY_ENABLED", "false")],
    async fn without_a_registry_nothing_of_it_is_there(app) {
        let mut operator = oona(&app).await;
        for path in ["contacts", "organizations", "organizations/new", "networks", "networks/new", "registry"] {
            operator.get(&format!("/operator/{path}")).await.expect(404);
        }
        let health = operator.get("/operator/health").await.expect(200);
        assert!(!health.text().contains("/operator/organizations"));
    }
}
