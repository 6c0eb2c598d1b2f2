//! Contacts: over the wire format, as JSON, and on their pages.

use keyport::domain::audit::Act;
use keyport::domain::usage::outcome::Outcome;

use crate::on_both_engines;
use crate::support::at_once::join_all;
use crate::support::registry::Registrant;
use crate::support::{Engine, TestApp};

const PERSON: &str = r#"<poc xmlns="http://www.arin.net/regrws/core/v1"><contactType>PERSON</contactType>
<firstName>Maren</firstName><lastName>Okafor</lastName><streetAddress><line number="1">4 Quay Street</line></streetAddress>
<city>Portland</city><iso3166-2>ME</iso3166-2><postalCode>04101</postalCode><iso3166-1><code2>US</code2></iso3166-1>
<emails><email>maren@example.com</email></emails>
<phones><phone><type><code>O</code></type><number>+1.207.555.0142</number></phone></phones></poc>"#;

/// Prefixed, in another order.
const ROLE: &str = r#"<n:poc xmlns:n="http://www.arin.net/regrws/core/v1"><n:lastName>Network Operations</n:lastName>
<n:phones><n:phone><n:number>+1.207.555.0142</n:number><n:type><n:code>O</n:code></n:type></n:phone></n:phones>
<n:iso3166-1><n:code3>USA</n:code3></n:iso3166-1><n:emails><n:email>noc@example.com</n:email></n:emails>
<n:contactType>ROLE</n:contactType><n:companyName>Harbor Example Networks</n:companyName><n:city>Portland</n:city>
<n:iso3166-2>me</n:iso3166-2><n:postalCode>04101</n:postalCode>
<n:streetAddress><n:line number="1">4 Quay Street</n:line></n:streetAddress></n:poc>"#;

fn phone(number: &str, code: &str, extension: &str) -> String {
    let extension = match extension {
        "" => String::new(),
        digits => format!("<extension>{digits}</extension>"),
    };
    format!(
        r#"<phone xmlns="http://www.arin.net/regrws/core/v1"><type><code>{code}</code></type><number>{number}</number>{extension}</phone>"#
    )
}

/// How many requests the usage log has as refused for lack of authority.
fn refused_for_authority(app: &TestApp) -> usize {
    let outcome = Outcome::NoAuthority.number();
    let query = format!("SELECT path AS text FROM key_requests WHERE outcome = {outcome}");
    app.texts(&query).len()
}

async fn maren(app: &TestApp) -> Registrant {
    app.registrant("maren@example.com", "Maren Okafor").await
}

/// A contact of the account, made by its key.
async fn linked(registrant: &Registrant, document: &str) -> String {
    let path = "/poc;makeLink=true";
    let made = registrant.program.rest("POST", path, Some(document)).await;
    made.expect_xml("poc").handle()
}

on_both_engines! {
    async fn a_link_gives_a_contact_and_its_end_takes_it_away_on_the_very_next_call(app) {
        let maren = maren(&app).await;
        let handle = app.person_contact("Maren", "Okafor", None);
        let path = format!("/poc/{handle}");
        let denied = maren.program.rest("GET", &path, None).await;
        let denied = denied.expect_error(401, "E_AUTHENTICATION");
        assert!(denied.text().contains("Settings, Contacts"));
        app.link(maren.id, &handle);
        let got = maren.program.rest("GET", &path, None).await.expect_xml("poc");
        assert_eq!(got.handle(), "MO1-KP");
        // Handles match in any case.
        maren.program.rest("GET", "/poc/mo1-kp", None).await.expect_xml("poc");
        app.unlink(maren.id, &handle);
        maren.program.rest("GET", &path, None).await.expect_error(401, "E_AUTHENTICATION");
        app.flush();
        assert_eq!(refused_for_authority(&app), 2);
        assert_eq!(app.audited("link.make"), ["MO1-KP done"]);
        assert_eq!(app.audited("link.end"), ["MO1-KP done"]);
        // A key that was deactivated between two calls.
        let mut person = maren.person;
        person.deactivate(&crate::support::actors::id_of(&maren.program.key)).await;
        maren.program.rest("GET", &path, None).await.expect_error(400, "E_AUTHENTICATION");
    }
}

on_both_engines! {
    async fn a_contact_made_without_make_link_cannot_be_read_by_its_maker_and_with_it_it_can(app) {
        let maren = maren(&app).await;
        let unlinked = maren.program.rest("POST", "/poc", Some(PERSON)).await.expect_xml("poc");
        let path = format!("/poc/{}", unlinked.handle());
        maren.program.rest("GET", &path, None).await.expect_error(401, "E_AUTHENTICATION");
        // With a slash at the end, prefixed, in another order.
        for path in ["/poc/;makeLink=true", "/poc;makeLink=1/"] {
            let made = maren.program.rest("POST", path, Some(ROLE)).await.expect_xml("poc");
            let path = format!("/poc/{}", made.handle());
            let got = maren.program.rest("GET", &path, None).await.expect_xml("poc");
            assert_eq!(got.text(), made.text());
            assert_eq!(got.elements("iso3166-2"), ["ME"]);
        }
        let refused = maren.program.rest("POST", "/poc;makeLink=maybe", Some(ROLE)).await;
        refused.expect_error(400, "E_BAD_REQUEST");
        assert_eq!(
            app.audited("contact.create"),
            ["MO1-KP done", "NO1-KP done", "NO2-KP done"]
        );
        assert_eq!(app.audited("link.make"), ["NO1-KP done", "NO2-KP done"]);
    }
}

on_both_engines! {
    async fn what_a_get_returns_can_be_put_back_unchanged(app) {
        let maren = maren(&app).await;
        for document in [PERSON, ROLE] {
            let path = format!("/poc/{}", linked(&maren, document).await);
            let got = maren.program.rest("GET", &path, None).await.expect_xml("poc");
            let put = maren.program.rest("PUT", &path, Some(got.text())).await.expect_xml("poc");
            assert_eq!(put.text(), got.text());
            let again = maren.program.rest("GET", &path, None).await.expect_xml("poc");
            assert_eq!(again.text(), got.text());
            let head = maren.program.rest("HEAD", &path, None).await.expect(200);
            assert!(head.text().is_empty());
        }
    }
}

on_both_engines! {
    async fn a_put_replaces_all_but_the_lists_and_names_that_it_leaves_out(app) {
        let maren = maren(&app).await;
        let path = format!("/poc/{}", linked(&maren, ROLE).await);
        let bare = r#"<poc xmlns="http://www.arin.net/regrws/core/v1"><companyName>Harbor</companyName>
            <streetAddress><line>1 Point Road</line></streetAddress><city>Halifax</city><iso3166-2>NS</iso3166-2>
            <postalCode>B3H 0A1</postalCode><iso3166-1><code2>CA</code2></iso3166-1></poc>"#;
        let put = maren.program.rest("PUT", &path, Some(bare)).await.expect_xml("poc");
        assert_eq!(put.elements("lastName"), ["Network Operations"]);
        assert_eq!(put.elements("companyName"), ["Harbor"]);
        assert_eq!(put.elements("email"), ["noc@example.com"]);
        assert_eq!(put.elements("number"), ["+1.207.555.0142"]);
        assert_eq!(put.elements("city"), ["Halifax"]);
        // A list that is sent replaces the whole list, in its order.
        let with_list = bare.replace("</poc>",
            "<emails><email>b@example.com</email><email>a@example.com</email></emails></poc>");
        let put = maren.program.rest("PUT", &path, Some(&with_list)).await.expect_xml("poc");
        assert_eq!(put.elements("email"), ["b@example.com", "a@example.com"]);
        let refused = bare.replace("<city>", "<lastName>Others</lastName><handle>X1-KP</handle><city>");
        let refused = maren.program.rest("PUT", &path, Some(&refused)).await;
        let refused = refused.expect_error(400, "E_ENTITY_VALIDATION");
        assert_eq!(refused.elements("name"), ["handle", "lastName"]);
        let none = maren.program.rest("PUT", &path, Some(&format!("{bare}<"))).await;
        none.expect_error(400, "E_SCHEMA_VALIDATION");
        assert_eq!(app.audited("contact.change").len(), 2);
    }
}

on_both_engines! {
    async fn phones_are_put_and_deleted_one_by_one_and_an_office_phone_stays(app) {
        let maren = maren(&app).await;
        let path = format!("/poc/{}/phone", linked(&maren, PERSON).await);
        let call = async |method: &str, rest: &str, body: Option<&str>| {
            maren.program.rest(method, &format!("{path}{rest}"), body).await
        };
        let fax = phone("+1.207.555.0143", "F", "");
        assert_eq!(call("PUT", "", Some(&fax)).await.expect_xml("phone").elements("code"), ["F"]);
        // The same number of the same kind, written in another way, gets the extension.
        let same = phone("1 (207) 555-0143", "F", "12");
        let put = call("PUT", "", Some(&same)).await.expect_xml("phone");
        assert_eq!((put.elements("extension"), put.elements("number")),
            (vec!["12".to_owned()], vec!["+1.207.555.0143".to_owned()]));
        let mobile = phone("+1.207.555.0143", "M", "");
        call("PUT", "", Some(&mobile)).await.expect_xml("phone");
        call("PUT", "", Some(&phone("12", "O", ""))).await.expect_error(400, "E_ENTITY_VALIDATION");

        // None matched.
        let none = call("DELETE", "/12075550199", None).await.expect_xml("collection");
        assert!(none.elements("phone").is_empty());
        let one = call("DELETE", "/12075550143;type=M", None).await.expect_xml("collection");
        assert_eq!(one.elements("code"), ["M"]);
        call("PUT", "", Some(&mobile)).await.expect_xml("phone");
        let both = call("DELETE", "/12075550143", None).await.expect_xml("collection");
        assert_eq!(both.elements("code"), ["F", "M"]);
        call("PUT", "", Some(&fax)).await.expect_xml("phone");
        let faxes = call("DELETE", "/;type=F", None).await.expect_xml("collection");
        assert_eq!(faxes.elements("number"), ["+1.207.555.0143"]);
        for last in [";type=O", "/12075550142", "/12075550142;type=O"] {
            let refused = call("DELETE", last, None).await.expect_error(400, "E_ENTITY_VALIDATION");
            assert_eq!(refused.elements("name"), ["phones"]);
        }
        call("DELETE", "", None).await.expect_error(400, "E_BAD_REQUEST");
        call("DELETE", ";type=Q", None).await.expect_error(400, "E_BAD_REQUEST");
        for number in 100..119 {
            let more = phone(&format!("+1.207.555.0{number}"), "O", "");
            call("PUT", "", Some(&more)).await.expect_xml("phone");
        }
        let refused = call("PUT", "", Some(&fax)).await.expect_error(400, "E_ENTITY_VALIDATION");
        assert!(refused.text().contains("20 telephone numbers"));
    }
}

on_both_engines! {
    async fn emails_are_added_and_deleted_one_by_one_and_the_last_one_stays(app) {
        let maren = maren(&app).await;
        let path = format!("/poc/{}/email", linked(&maren, PERSON).await);
        let call = async |method: &str, email: &str| {
            maren.program.rest(method, &format!("{path}/{email}"), None).await
        };
        call("DELETE", "maren@example.com").await.expect_error(400, "E_ENTITY_VALIDATION");
        let added = call("POST", "maren+poc%40example.com").await.expect_xml("poc");
        assert_eq!(added.elements("email"), ["maren@example.com", "maren+poc@example.com"]);
        // There already: unchanged.
        let same = call("POST", "MAREN+poc@example.com").await.expect_xml("poc");
        assert_eq!((same.text(), same.header("etag")), (added.text(), added.header("etag")));
        call("POST", "nobody").await.expect_error(400, "E_ENTITY_VALIDATION");
        call("DELETE", "other@example.com").await.expect_error(404, "E_OBJECT_NOT_FOUND");
        let left = call("DELETE", "Maren@example.com").await.expect_xml("poc");
        assert_eq!(left.elements("email"), ["maren+poc@example.com"]);
        for number in 1..20 {
            call("POST", &format!("m{number}@example.com")).await.expect_xml("poc");
        }
        call("POST", "m20@example.com").await.expect_error(400, "E_ENTITY_VALIDATION");
    }
}

on_both_engines! {
    async fn a_contact_in_use_cannot_be_deleted_and_one_that_is_not_takes_its_links_along(app) {
        let maren = maren(&app).await;
        let ines = app.registrant("ines@example.com", "Ines").await;
        let handle = app.role_contact("Network Operations", &[maren.id, ines.id]);
        let other = app.person_contact("Other", "Person", None);
        let contacts = [("AD", &*other), ("T", &*handle), ("N", &*handle), ("AB", &*other)];
        app.organization("Harbor Example Networks", &contacts);
        let path = format!("/poc/{handle}");
        let held = maren.program.rest("DELETE", &path, None).await.expect_error(409, "E_NOT_REMOVEABLE");
        assert_eq!(held.elements("name"), ["orgHandle"]);
        assert!(held.text().contains("HEN-1 names it."));
        maren.program.rest("DELETE", "/poc/NOBODY1-KP", None).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        let theirs = format!("/poc/{other}");
        maren.program.rest("DELETE", &theirs, None).await.expect_error(401, "E_AUTHENTICATION");
        let free = app.role_contact("Abuse", &[maren.id, ines.id]);
        let path = format!("/poc/{free}");
        let was = maren.program.rest("DELETE", &path, None).await.expect_xml("poc");
        assert_eq!(was.handle(), "ABUSE1-KP");
        ines.program.rest("GET", &path, None).await.expect_error(404, "E_OBJECT_NOT_FOUND");
        assert_eq!(app.audited("contact.delete"), ["ABUSE1-KP done"]);
        assert_eq!(app.audited("link.end").len(), 2);
        // Its number is never given again.
        assert_eq!(app.role_contact("Abuse", &[]), "ABUSE2-KP");
    }
}

on_both_engines! {
    async fn a_person_has_one_account_at_most_and_a_role_may_have_several(app) {
        use keyport::domain::registry::error::RegistryError;
        use keyport::domain::registry::links;
        let (maren, ines) = (app.account("maren@example.com", "Maren"), app.account("ines@example.com", "Ines"));
        let person = app.person_contact("Maren", "Okafor", Some(maren.id));
        let act: Act = app.act();
        let link = |contact: &str| app.state.pool.write_now(|db| links::link(db, &act, ines.id, contact));
        let refused = link(&person).unwrap_err();
        assert!(matches!(refused, RegistryError::Forbidden(_)), "{refused}");
        let role = app.role_contact("Abuse", &[maren.id]);
        assert!(link(&role).unwrap() && !link(&role).unwrap());
        assert!(matches!(link("NOBODY1-KP").unwrap_err(), RegistryError::NotFound(_)));
    }
}

on_both_engines! {
    async fn closing_an_account_ends_its_links(app) {
        let mut maren = maren(&app).await;
        let handle = app.person_contact("Maren", "Okafor", Some(maren.id));
        let close = "/settings/profile/close";
        maren.person.fill_in(close, close, &[]).await.expect(303);
        assert_eq!(app.audited("link.end"), ["MO1-KP done"]);
        // The person is free for another account, and the closed one cannot be linked again.
        let ines = app.account("ines@example.com", "Ines");
        app.link(ines.id, &handle);
        let act = app.act();
        let again = app.state.pool.write_now(|db| {
            keyport::domain::registry::links::link(db, &act, maren.id, &handle)
        });
        assert!(again.is_err());
    }
}

on_both_engines! {
    async fn a_contact_that_has_changed_is_not_overwritten_by_who_knows_it_otherwise(app) {
        let maren = maren(&app).await;
        let path = format!("/poc/{}", linked(&maren, PERSON).await);
        let got = maren.program.rest("GET", &path, None).await.expect_xml("poc");
        let known = got.header("etag").to_owned();
        let put = async |tag: &str| {
            let headers = [("if-match", tag)];
            maren.program.rest_with("PUT", &path, Some(got.text()), &headers).await
        };
        put(&known).await.expect_xml("poc");
        put(&known).await.expect_error(412, "E_BAD_REQUEST");
        put("*").await.expect_xml("poc");
        let headers = [("if-match", &*known)];
        let phone = phone("+1.207.555.0143", "F", "");
        let phones = format!("{path}/phone");
        maren.program.rest_with("PUT", &phones, Some(&phone), &headers).await.expect_error(412, "E_BAD_REQUEST");
        maren.program.rest_with("DELETE", &path, None, &headers).await.expect_error(412, "E_BAD_REQUEST");
    }
}

on_both_engines! {
    async fn changes_of_different_rows_at_once_all_stay(app) {
        let maren = maren(&app).await;
        let handle = linked(&maren, PERSON).await;
        let program = &maren.program;
        let handle = &handle;
        let changes = (0..10).map(|number| async move {
            let email = format!("/poc/{handle}/email/m{number}@example.com");
            let phone = phone(&format!("+1.207.555.010{number}"), "M", "");
            let phones = format!("/poc/{handle}/phone");
            let email = program.rest("POST", &email, None);
            let phone = program.rest("PUT", &phones, Some(&phone));
            let (email, phone) = tokio::join!(email, phone);
            email.expect_xml("poc");
            phone.expect_xml("phone");
        });
        join_all(changes).await;
        let got = program.rest("GET", &format!("/poc/{handle}"), None).await.expect_xml("poc");
        assert_eq!(got.elements("email").len(), 11);
        assert_eq!(got.elements("number").len(), 11);
        assert_eq!(got.header("etag"), "\"21\"");
    }
}

on_both_engines! {
    async fn contacts_come_as_json_by_pages(app) {
        let maren = maren(&app).await;
        let person = app.person_contact("Maren", "Okafor", Some(maren.id));
        app.role_contact("Abuse", &[maren.id]);
        let foreign = app.role_contact("Network Operations", &[]);
        let contacts = [("AD", &*person), ("T", &*person), ("AB", &*foreign)];
        app.organization("Harbor Example Networks", &contacts);
        let first = maren.program.get("/api/v1/contacts?limit=1").await.expect(200).json();
        assert_eq!(first["contacts"][0]["handle"], "ABUSE1-KP");
        assert_eq!(first["contacts"][0]["type"], "role");
        let path = format!("/api/v1/contacts?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
        let second = maren.program.get(&path).await.expect(200).json();
        assert!(second["next_cursor"].is_null());
        let one = maren.program.get("/api/v1/contacts/mo1-kp").await.expect(200).json();
        assert_eq!(second["contacts"][0], one);
        assert_eq!(one, serde_json::json!({
            "handle": "MO1-KP", "type": "person", "name": "Maren Okafor", "company": null,
            "emails": ["noc@example.com"], "linked_at": "2026-11-22T18:31:00Z",
            "functions": [
                {"function": "AD", "on": "org", "handle": "HEN-1", "name": "Harbor Example Networks"},
                {"function": "T", "on": "org", "handle": "HEN-1", "name": "Harbor Example Networks"},
            ],
        }));
        let path = format!("/api/v1/contacts/{foreign}");
        maren.program.get(&path).await.expect_problem(403, "no_authority");
        maren.program.get("/api/v1/contacts/X9-KP").await.expect_problem(404, "not_found");
        maren.program.get("/api/v1/contacts?limit=0").await.expect_problem(400, "invalid_request");
        maren.program.get("/api/v1/contacts?cursor=a%20b").await.expect_problem(400, "invalid_request");
        app.flush();
        assert_eq!(refused_for_authority(&app), 1);
    }
}

const NEW: &str = "/settings/contacts/new";

/// What a form for a person has.
const FORM: [(&str, &str); 12] = [
    ("contact_type", "PERSON"),
    ("first_name", "Maren"),
    ("last_name", "Okafor"),
    ("street_address", "4 Quay Street\r\nFloor 2"),
    ("city", "Portland"),
    ("iso3166_2", "ME"),
    ("postal_code", "04101"),
    ("iso3166_1", "US"),
    ("email", "maren@example.com"),
    ("phone_type", "O"),
    ("phone", "+1.207.555.0142"),
    ("phone_extension", ""),
];

fn form_with(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = FORM
        .iter()
        .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name));
    kept.chain(extra).copied().collect()
}

on_both_engines! {
    async fn a_contact_is_made_changed_unlinked_and_deleted_on_its_pages(app) {
        let Registrant { id, person: mut maren, .. } = maren(&app).await;
        let empty = maren.get("/settings/contacts").await.expect(200);
        assert_eq!(empty.page.words(".empty h3"), "You have no contacts yet");
        assert_eq!(empty.page.words(".side a[aria-current]"), "Contacts");
        let form = maren.get(NEW).await.expect(200);
        assert!(form.page.has("input[name=make_link][checked]"));
        let fields = form_with(&[("make_link", "true")]);
        maren.send_form(&form, NEW, &fields).await.expect(303);
        let list = maren.get("/settings/contacts").await.expect(200);
        assert_eq!(list.page.words(".notice"), "Maren Okafor was created as MO1-KP. It is linked to your account.");
        assert_eq!(list.page.words("tbody th a"), "MO1-KP");

        let path = "/settings/contacts/MO1-KP";
        let detail = maren.get(path).await.expect(200);
        assert_eq!(detail.page.words("h1"), "Maren Okafor");
        assert_eq!(detail.page.words("#street_address"), "4 Quay Street Floor 2");
        let change = [
            ("street_address", "1 Point Road"), ("city", "Halifax"), ("iso3166_2", "NS"),
            ("postal_code", "B3H 0A1"), ("iso3166_1", "CA"), ("comment", "By day"),
            ("email", "maren@example.com"), ("email", ""), ("email", "mo@example.com"),
            ("phone_type", "O"), ("phone", "+1.207.555.0142"), ("phone_extension", "7"),
            ("phone_type", "M"), ("phone", "+1.207.555.0143"), ("phone_extension", ""),
            ("revision", "1"),
        ];
        maren.send_form(&detail, path, &change).await.expect(303);
        let changed = maren.get(path).await.expect(200);
        assert_eq!(changed.page.attribute("#city", "value"), "Halifax");
        assert!(changed.page.has("input[name=email][value='mo@example.com']"));
        assert!(changed.page.has("input[name=phone_extension][value='7']"));
        // Who filled in the form before that is told.
        let stale = maren.send_form(&changed, path, &change).await.expect(422);
        assert!(stale.page.words(".notice.bad").contains("Someone else has changed it meanwhile."));
        assert_eq!(stale.page.attribute("input[name=revision]", "value"), "2");

        let unlink = "/settings/contacts/MO1-KP/unlink";
        let question = maren.get(unlink).await.expect(200);
        assert_eq!(question.page.words("h1"), "Unlink this contact?");
        maren.post_raw(unlink, &[("form_token", "stale")], &[]).await.expect(422);
        maren.send_form(&question, unlink, &[]).await.expect(303);
        maren.get(path).await.expect(404);
        maren.get(unlink).await.expect(404);
        app.link(id, "MO1-KP");
        let delete = "/settings/contacts/MO1-KP/delete";
        maren.fill_in(delete, delete, &[]).await.expect(303);
        let gone = maren.get("/settings/contacts").await.expect(200);
        assert_eq!(gone.page.words(".notice"), "Maren Okafor was deleted.");
        assert!(gone.page.has(".empty"));
        for (action, times) in [("contact.create", 1), ("contact.change", 1), ("contact.delete", 1)] {
            assert_eq!(app.audited(action).len(), times, "{action}");
        }
    }
}

on_both_engines! {
    async fn a_form_that_cannot_be_accepted_comes_back_with_a_message_by_each_field(app) {
        let mut maren = maren(&app).await.person;
        let fields = form_with(&[
            ("first_name", "R2"), ("postal_code", "1"), ("email", "nobody"), ("phone_type", "F"), ("iso3166_2", "ZZ"),
        ]);
        let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
        assert!(refused.page.words("title").starts_with("Error: "));
        assert_eq!(refused.page.all(".notice.bad a"), ["First name", "State or province", "Postal code", "Email", "Phone"]);
        for id in ["first_name", "postal_code", "email", "phone", "iso3166_2"] {
            assert!(refused.page.has(&format!("#{id}-error")), "{id}");
        }
        // What was filled in is kept.
        assert_eq!(refused.page.attribute("#email", "value"), "nobody");
        assert!(!refused.page.has("input[name=make_link][checked]"));
        maren.post_raw(NEW, &[("form_token", "stale"), ("city", "Halifax")], &[]).await.expect(422);
        assert!(app.audited("contact.create").is_empty());
        // Without the box it is made, and not linked.
        maren.fill_in(NEW, NEW, &FORM).await.expect(303);
        let list = maren.get("/settings/contacts").await.expect(200);
        assert!(list.page.has(".empty") && list.page.words(".notice").contains("It is not linked"));
    }
}

on_both_engines! {
    async fn the_list_says_what_contacts_do_and_what_that_allows(app) {
        let maren = maren(&app).await;
        let person = app.person_contact("Maren", "Okafor", Some(maren.id));
        let abuse = app.role_contact("Abuse", &[maren.id]);
        let other = app.role_contact("Network Operations", &[]);
        let mine = [("AD", &*person), ("T", &*person), ("AB", &*abuse)];
        app.organization("Harbor Example Networks", &mine);
        let theirs = [("AD", &*other), ("T", &*other), ("AB", &*abuse)];
        app.organization("Lantern Example Cooperative", &theirs);
        let mut person = maren.person;
        let list = person.get("/settings/contacts").await.expect(200);
        assert_eq!(list.page.rows("tbody tr"), [
            "ABUSE1-KP Abuse Abuse of HEN-1 Abuse of LEC-1 Today, 18:31 Unlink ABUSE1-KP",
            "MO1-KP Maren Okafor Admin of HEN-1 Tech of HEN-1 Today, 18:31 Unlink MO1-KP",
        ]);
        let lines = list.page.all(".rows > li");
        assert!(lines[0].contains("You may read it, change it and delete it."), "{lines:?}");
        assert!(lines[1].contains("You may read it.") && lines[1].contains("Your account has Abuse here."), "{lines:?}");
        // It is in use, and nobody else acts for it.
        let question = person.get("/settings/contacts/MO1-KP/unlink").await.expect(200);
        assert!(question.text().contains("No other account is linked to it, and it is in use."));
        let delete = person.get("/settings/contacts/MO1-KP/delete").await.expect(200);
        assert!(!delete.page.has("button.danger"));
        let forced = person.send_form(&delete, "/settings/contacts/MO1-KP/delete", &[]).await.expect(422);
        assert!(forced.page.words(".notice.bad").starts_with("The contact was not deleted."));
        person.get("/settings/contacts/NO1-KP").await.expect(404);
    }
}

on_both_engines! {
    async fn what_a_key_may_do_in_the_registry_is_told_with_the_reason_for_each_no(app) {
        let mut maren = maren(&app).await;
        let person = app.person_contact("Maren", "Okafor", Some(maren.id));
        let other = app.role_contact("Abuse", &[]);
        app.organization("Harbor Example Networks", &[("AD", &person), ("T", &person), ("AB", &other)]);
        let fields = [("name", "Reader"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "registry:read")];
        let key = maren.person.create_key(&fields).await;
        let path = format!("/settings/api/{}/access", crate::support::actors::id_of(&key));
        let rows = maren.person.get(&path).await.expect(200).page.rows("[aria-labelledby=registry] tbody tr");
        let row = |start: &str| rows.iter().find(|row| row.starts_with(start)).unwrap().clone();
        assert_eq!(row("poc.view"), "poc.view read this contact Yes");
        assert_eq!(row("org.view"), "org.view read this organization Yes");
        let reader = app.program(key);
        let refused = reader.rest("DELETE", &format!("/poc/{person}"), None).await.expect_error(403, "E_AUTHENTICATION");
        let words = &refused.elements("message")[0];
        assert_eq!(row("poc.delete"), format!("poc.delete delete this contact No {words}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_registry_there_are_no_contacts() {
    let settings = [("KEYPORT_REGISTRY_ENABLED", "false")];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    let mut maren = maren(&app).await;
    let security = maren.person.get("/settings/security").await.expect(200);
    assert!(!security.text().contains("/settings/contacts"));
    maren.person.get("/settings/contacts").await.expect(404);
    maren.person.get(NEW).await.expect(404);
    maren
        .program
        .get("/api/v1/contacts")
        .await
        .expect_problem(404, "not_found");
    let rest = maren.program.rest("GET", "/poc/MO1-KP", None).await;
    rest.expect_error(404, "E_UNSPECIFIED");
}
