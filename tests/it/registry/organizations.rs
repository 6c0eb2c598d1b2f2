//! Organizations, and the contacts that act for them: over the wire format and as JSON.

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::at_once::join_all;
use crate::support::registry::Registrant;

/// An organization whose Admin and Tech the account is, with another one's Abuse.
struct Harbor {
    maren: Registrant,
    person: String,
    abuse: String,
    path: String,
}

async fn harbor(app: &TestApp) -> Harbor {
    let maren = app.registrant("maren@example.com", "Maren Okafor").await;
    let person = app.person_contact("Maren", "Okafor", Some(maren.id));
    let abuse = app.role_contact("Abuse", &[]);
    let contacts = [("AD", &*person), ("T", &*person), ("AB", &*abuse)];
    let handle = app.organization("Harbor Example Networks", &contacts);
    Harbor {
        maren,
        person,
        abuse,
        path: format!("/org/{handle}"),
    }
}

impl Harbor {
    async fn call(&self, method: &str, rest: &str) -> crate::support::actors::Answer {
        let path = format!("{}{rest}", self.path);
        self.maren.program.rest(method, &path, None).await
    }
}

/// A document that asks for an organization.
fn document(contacts: &[(&str, &str)]) -> String {
    let link = |(function, handle): &(&str, &str)| {
        format!(r#"<pocLinkRef function="{function}" handle="{handle}"/>"#)
    };
    let links: String = contacts.iter().map(link).collect();
    format!(
        r#"<org xmlns="http://www.arin.net/regrws/core/v1"><orgName>Lantern Example Cooperative</orgName>
<taxId>12-3456789</taxId><orgUrl>https://lantern.example.com/</orgUrl>
<streetAddress><line number="1">1 Point Road</line></streetAddress><city>Halifax</city><iso3166-2>NS</iso3166-2>
<postalCode>B3H 0A1</postalCode><iso3166-1><code2>CA</code2></iso3166-1><pocLinks>{links}</pocLinks></org>"#
    )
}

on_both_engines! {
    async fn linked_to_abuse_alone_an_account_views_the_organization_and_cannot_save_it_and_made_tech_it_can(app) {
        let harbor = harbor(&app).await;
        let ines = app.registrant("ines@example.com", "Ines").await;
        let path = &harbor.path;
        ines.program.rest("GET", path, None).await.expect_error(401, "E_AUTHENTICATION");
        app.link(ines.id, &harbor.abuse);
        let got = ines.program.rest("GET", path, None).await.expect_xml("org");
        let denied = ines.program.rest("PUT", path, Some(got.text())).await;
        let denied = denied.expect_error(401, "E_AUTHENTICATION");
        assert!(denied.text().contains("Your account has Abuse here."));
        ines.program.rest("DELETE", path, None).await.expect_error(401, "E_AUTHENTICATION");
        // Whether its body was valid is not told to those without authority.
        let nonsense = r#"<org xmlns="http://www.arin.net/regrws/core/v1"/>"#;
        ines.program.rest("PUT", path, Some(nonsense)).await.expect_error(401, "E_AUTHENTICATION");
        let json = ines.program.get("/api/v1/organizations/HEN-1").await.expect(200).json();
        assert_eq!(json["may"], serde_json::json!(["org.view"]));

        let tech = format!("/poc/{};pocFunction=T", harbor.abuse);
        let got = harbor.call("PUT", &tech).await.expect_xml("org");
        ines.program.rest("PUT", path, Some(got.text())).await.expect_xml("org");
        let json = ines.program.get("/api/v1/organizations/HEN-1").await.expect(200).json();
        assert_eq!(json["may"], serde_json::json!(["org.view", "org.change", "org.delete"]));
        app.unlink(ines.id, &harbor.abuse);
        ines.program.rest("GET", path, None).await.expect_error(401, "E_AUTHENTICATION");
        ines.program.get("/api/v1/organizations/HEN-1").await.expect_problem(403, "no_authority");
    }
}

on_both_engines! {
    async fn what_a_get_returns_can_be_put_back_unchanged(app) {
        let harbor = harbor(&app).await;
        let got = harbor.call("GET", "").await.expect_xml("org");
        assert_eq!(got.contact_links(), ["AD MO1-KP", "T MO1-KP", "AB ABUSE1-KP"]);
        let put = harbor.maren.program.rest("PUT", &harbor.path, Some(got.text())).await.expect_xml("org");
        assert_eq!(put.text(), got.text());
        let again = harbor.call("GET", "").await.expect_xml("org");
        assert_eq!(again.text(), got.text());
    }
}

on_both_engines! {
    async fn a_put_replaces_all_but_what_cannot_change_and_the_list_that_it_leaves_out(app) {
        let harbor = harbor(&app).await;
        let program = &harbor.maren.program;
        let put = async |document: &str| program.rest("PUT", &harbor.path, Some(document)).await;
        let noc = app.role_contact("Network Operations", &[]);
        let links = [("AD", &*harbor.person), ("T", &*noc), ("AB", &*harbor.abuse), ("N", &*noc)];
        let all = document(&links).replace("<orgName>Lantern Example Cooperative</orgName>",
            "<acceptReassignments>false</acceptReassignments>");
        let changed = put(&all).await.expect_xml("org");
        assert_eq!(changed.elements("orgName"), ["Harbor Example Networks"]);
        assert_eq!(changed.elements("taxId"), ["12-3456789"]);
        assert_eq!(changed.elements("acceptReassignments"), ["false"]);
        assert_eq!(changed.contact_links(), ["AD MO1-KP", "T NO1-KP", "AB ABUSE1-KP", "N NO1-KP"]);
        // The tax id is for those who may change it only.
        let ines = app.registrant("ines@example.com", "Ines").await;
        app.link(ines.id, &harbor.abuse);
        let seen = ines.program.rest("GET", &harbor.path, None).await.expect_xml("org");
        assert!(seen.elements("taxId").is_empty());

        let bare = all.split("<pocLinks>").next().unwrap().replace("<acceptReassignments>false</acceptReassignments>", "")
            .replace("<taxId>12-3456789</taxId>", "");
        let kept = put(&format!("{bare}</org>")).await.expect_xml("org");
        assert_eq!(kept.contact_links(), changed.contact_links());
        assert_eq!(kept.elements("acceptReassignments"), ["false"]);
        assert!(kept.elements("taxId").is_empty());

        for (links, words) in [
            (&[("T", &*noc), ("AB", &*noc)][..], "Admin"),
            (&[("AD", &*noc), ("AB", &*noc)], "Tech"),
            (&[("AD", &*noc), ("T", &*noc)], "Abuse"),
            (&[("AD", &*noc), ("T", "NOBODY1-KP"), ("AB", &*noc)], "NOBODY1-KP"),
        ] {
            let refused = put(&document(links).replace("<orgName>Lantern Example Cooperative</orgName>", "")).await;
            let refused = refused.expect_error(400, "E_ENTITY_VALIDATION");
            assert!(refused.text().contains(words), "{}", refused.text());
        }
        let renamed = put(&document(&links)).await.expect_error(400, "E_ENTITY_VALIDATION");
        assert_eq!(renamed.elements("name"), ["orgName"]);
        assert_eq!(app.audited("organization.change").len(), 2);
    }
}

on_both_engines! {
    async fn contacts_are_added_one_by_one(app) {
        let harbor = harbor(&app).await;
        let noc = app.role_contact("Network Operations", &[]);
        let added = harbor.call("PUT", &format!("/poc/{noc};pocFunction=N")).await.expect_xml("org");
        assert_eq!(added.contact_links(), ["AD MO1-KP", "T MO1-KP", "AB ABUSE1-KP", "N NO1-KP"]);
        // There already: unchanged.
        let same = harbor.call("PUT", "/poc/no1-kp;pocFunction=N").await.expect_xml("org");
        assert_eq!((same.text(), same.header("etag")), (added.text(), added.header("etag")));
        let unknown = harbor.call("PUT", "/poc/NOBODY1-KP;pocFunction=T").await;
        unknown.expect_error(400, "E_ENTITY_VALIDATION");
        let admin = harbor.call("PUT", &format!("/poc/{noc};pocFunction=AD")).await;
        let admin = admin.expect_error(400, "E_ENTITY_VALIDATION");
        assert!(admin.text().contains("with PUT of the organization"));
        for bad in ["", ";pocFunction=X", ";pocFunction=ad"] {
            harbor.call("PUT", &format!("/poc/{noc}{bad}")).await.expect_error(400, "E_BAD_REQUEST");
        }
        let none = harbor.maren.program.rest("PUT", "/org/NONE-1/poc/MO1-KP;pocFunction=T", None).await;
        none.expect_error(404, "E_OBJECT_NOT_FOUND");
    }
}

on_both_engines! {
    async fn contacts_are_removed_by_handle_by_function_and_by_both(app) {
        let harbor = harbor(&app).await;
        let noc = app.role_contact("Network Operations", &[]);
        let add = async |function: &str| {
            let rest = format!("/poc/{noc};pocFunction={function}");
            harbor.call("PUT", &rest).await.expect_xml("org")
        };
        for function in ["T", "N", "D"] {
            add(function).await;
        }
        let whole = harbor.call("GET", "").await.expect_xml("org").contact_links();
        assert_eq!(whole.len(), 6);
        // None matched: unchanged.
        for none in ["/poc/NOBODY1-KP", "/poc;pocFunction=R", "/poc/NO1-KP;pocFunction=AB"] {
            let same = harbor.call("DELETE", none).await.expect_xml("org");
            assert_eq!(same.contact_links(), whole);
        }
        let left = harbor.call("DELETE", "/poc/NO1-KP;pocFunction=D").await.expect_xml("org");
        assert_eq!(left.contact_links().len(), 5);
        let left = harbor.call("DELETE", "/poc/;pocFunction=N").await.expect_xml("org");
        assert_eq!(left.contact_links(), ["AD MO1-KP", "T MO1-KP", "T NO1-KP", "AB ABUSE1-KP"]);
        let left = harbor.call("DELETE", "/poc/no1-kp").await.expect_xml("org");
        assert_eq!(left.contact_links(), ["AD MO1-KP", "T MO1-KP", "AB ABUSE1-KP"]);
        for kept in [
            "/poc/MO1-KP;pocFunction=AD", "/poc;pocFunction=AD", "/poc/MO1-KP", "/poc;pocFunction=T",
            "/poc/MO1-KP;pocFunction=T", "/poc/ABUSE1-KP", "/poc;pocFunction=AB",
        ] {
            let refused = harbor.call("DELETE", kept).await.expect_error(400, "E_ENTITY_VALIDATION");
            assert_eq!(refused.elements("name"), ["pocLinks"], "{kept}");
        }
        harbor.call("DELETE", "/poc").await.expect_error(400, "E_BAD_REQUEST");
        harbor.call("DELETE", "/poc;pocFunction=X").await.expect_error(400, "E_BAD_REQUEST");
    }
}

on_both_engines! {
    async fn an_organization_with_networks_cannot_be_deleted_and_one_without_is(app) {
        let harbor = harbor(&app).await;
        let network = app.allocation("HEN-1", "192.0.2.0", "24");
        let held = harbor.call("DELETE", "").await.expect_error(409, "E_NOT_REMOVEABLE");
        assert_eq!(held.elements("name"), ["netHandle"]);
        assert!(held.text().contains(&network));
        let json = harbor.maren.program.get("/api/v1/organizations/hen-1").await.expect(200).json();
        assert_eq!(json["networks"], serde_json::json!([{
            "handle": network, "name": "HARBOR", "type": "DA", "start": "192.0.2.0", "end": "192.0.2.255",
            "holder": "HEN-1",
        }]));
        app.execute("DELETE FROM networks");
        let was = harbor.call("DELETE", "").await.expect_xml("org");
        assert_eq!(was.handle(), "HEN-1");
        harbor.call("GET", "").await.expect_error(404, "E_OBJECT_NOT_FOUND");
        assert_eq!(app.audited("organization.delete"), ["HEN-1 done"]);
        // Its contacts are free.
        let freed = format!("/poc/{}", harbor.person);
        harbor.maren.program.rest("DELETE", &freed, None).await.expect_xml("poc");
    }
}

on_both_engines! {
    async fn asking_for_an_organization_opens_a_ticket_and_makes_none(app) {
        let harbor = harbor(&app).await;
        let program = &harbor.maren.program;
        let links = [("AD", &*harbor.person), ("T", &*harbor.person), ("AB", &*harbor.abuse)];
        for path in ["/org", "/org/"] {
            let ticket = program.rest("POST", path, Some(&document(&links))).await.expect_xml("ticket");
            assert_eq!(ticket.elements("webTicketType"), ["ORG_CREATE"]);
            assert_eq!(ticket.elements("webTicketStatus"), ["PENDING_REVIEW"]);
            assert!(ticket.elements("webTicketResolution").is_empty());
        }
        let unknown = [("AD", &*harbor.person), ("T", "NOBODY1-KP"), ("AB", &*harbor.abuse)];
        let refused = program.rest("POST", "/org", Some(&document(&unknown))).await;
        refused.expect_error(400, "E_ENTITY_VALIDATION");
        assert_eq!(app.texts("SELECT handle AS text FROM organizations"), ["HEN-1"]);
        assert_eq!(app.audited("ticket.open").len(), 2);
        program.rest("POST", "/org/HEN-1", Some(&document(&links))).await.expect_error(405, "E_BAD_REQUEST");
    }
}

on_both_engines! {
    async fn an_organization_that_has_changed_is_not_overwritten_by_who_knows_it_otherwise(app) {
        let harbor = harbor(&app).await;
        let got = harbor.call("GET", "").await.expect_xml("org");
        let tag = got.header("etag").to_owned();
        let headers = [("if-match", &*tag)];
        let program = &harbor.maren.program;
        let put = async || program.rest_with("PUT", &harbor.path, Some(got.text()), &headers).await;
        put().await.expect_xml("org");
        put().await.expect_error(412, "E_BAD_REQUEST");
        let rest = format!("{}/poc/{};pocFunction=T", harbor.path, harbor.abuse);
        program.rest_with("PUT", &rest, None, &headers).await.expect_error(412, "E_BAD_REQUEST");
        program.rest_with("DELETE", &harbor.path, None, &headers).await.expect_error(412, "E_BAD_REQUEST");
    }
}

on_both_engines! {
    async fn twenty_parallel_contact_additions_all_survive_and_twenty_parallel_removals_leave_one_tech(app) {
        let harbor = harbor(&app).await;
        let roles: Vec<String> = (0..20).map(|_| app.role_contact("Network Operations", &[])).collect();
        let calls = |method: &'static str, contacts: Vec<String>| {
            let harbor = &harbor;
            join_all(contacts.into_iter().map(move |contact| {
                let rest = format!("/poc/{contact};pocFunction=T");
                async move { harbor.call(method, &rest).await }
            }))
        };
        for added in calls("PUT", roles.clone()).await {
            added.expect_xml("org");
        }
        let whole = harbor.call("GET", "").await.expect_xml("org").contact_links();
        assert_eq!(whole.iter().filter(|link| link.starts_with("T ")).count(), 21);
        // The account stays Admin, so that it may go on to the end.
        let first = vec![harbor.person.clone()];
        for removed in calls("DELETE", first).await {
            removed.expect_xml("org");
        }
        let answers = calls("DELETE", roles).await;
        let refused = answers.iter().filter(|answer| answer.status == 400).count();
        assert_eq!(refused, 1);
        let left = harbor.call("GET", "").await.expect_xml("org").contact_links();
        assert_eq!(left.iter().filter(|link| link.starts_with("T ")).count(), 1);
        assert_eq!(app.audited("organization.change").len(), 40);
    }
}

on_both_engines! {
    async fn unlinking_and_a_change_do_not_cross(app) {
        let harbor = harbor(&app).await;
        let got = harbor.call("GET", "").await.expect_xml("org");
        let changes = (0..8).map(|_| harbor.maren.program.rest("PUT", &harbor.path, Some(got.text())));
        let unlinked = async {
            let mut person = harbor.maren.person;
            let path = "/settings/contacts/MO1-KP/unlink";
            person.fill_in(path, path, &[]).await.expect(303);
        };
        let (answers, ()) = tokio::join!(join_all(changes), unlinked);
        // Each was before or after it, and none was in between.
        for answer in answers {
            assert!(matches!(answer.status.as_u16(), 200 | 401), "{}", answer.text());
        }
        harbor.maren.program.rest("GET", &harbor.path, None).await.expect_error(401, "E_AUTHENTICATION");
    }
}

on_both_engines! {
    async fn organizations_come_as_json_by_pages(app) {
        let harbor = harbor(&app).await;
        let mine = [("AD", &*harbor.person), ("T", &*harbor.person), ("AB", &*harbor.abuse)];
        app.organization("Lantern Example Cooperative", &mine);
        let theirs = [("AD", &*harbor.abuse), ("T", &*harbor.abuse), ("AB", &*harbor.abuse)];
        app.organization("Quay", &theirs);
        let program = &harbor.maren.program;
        let first = program.get("/api/v1/organizations?limit=1").await.expect(200).json();
        assert_eq!(first["organizations"][0]["handle"], "HEN-1");
        assert_eq!(first["next_cursor"], "HEN-1");
        let second = program.get("/api/v1/organizations?limit=1&cursor=HEN-1").await.expect(200).json();
        assert!(second["next_cursor"].is_null());
        assert_eq!(second["organizations"][0], serde_json::json!({
            "handle": "LEC-1", "name": "Lantern Example Cooperative", "country": "US",
            "contacts": [
                {"handle": "MO1-KP", "function": "AD"},
                {"handle": "MO1-KP", "function": "T"},
                {"handle": "ABUSE1-KP", "function": "AB"},
            ],
            "networks": [],
            "may": ["org.view", "org.change", "org.delete"],
        }));
        program.get("/api/v1/organizations/quay-1").await.expect_problem(403, "no_authority");
        program.get("/api/v1/organizations/NONE-1").await.expect_problem(404, "not_found");
        program.get("/api/v1/organizations?limit=x").await.expect_problem(400, "invalid_request");
    }
}
