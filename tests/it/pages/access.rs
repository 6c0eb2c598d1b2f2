//! "What may this key do?", and the limits that are set when a key is made.

use chrono::TimeDelta;
use keyport::domain::accounts;

use crate::on_both_engines;
use crate::support::Person;
use crate::support::actors::id_of;
use crate::support::html::Page;

const NEW: &str = "/settings/api/new";
const EMAIL: &str = "maren@example.com";

async fn ask(person: &mut Person, full_key: &str, query: &str) -> Page {
    let path = format!("/settings/api/{}/access{query}", id_of(full_key));
    person.get(&path).await.expect(200).page
}

/// The answer for a scope, and why not.
fn answer(page: &Page, scope: &str) -> (String, String) {
    let names = page.all(".answers tbody th code");
    let at = names.iter().position(|name| name == scope).unwrap();
    let cells = page.all(".answers tbody td");
    (cells[2 * at].clone(), cells[2 * at + 1].clone())
}

fn no(reason: &str) -> (String, String) {
    ("No".to_owned(), reason.to_owned())
}

fn yes() -> (String, String) {
    ("Yes".to_owned(), String::new())
}

on_both_engines! {
    async fn each_scope_has_its_answer_and_each_no_its_reason(app) {
        let mut maren = app.person(EMAIL, "Maren Okafor").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "1h"), ("access", "chosen"), ("scope", "keys:read"), ("rate_limit", "600")]).await;
        let page = ask(&mut maren, &key, "").await;
        assert_eq!(page.words("h1"), "What may this key do?");
        assert_eq!(page.all(".facts dd"), ["Maren Okaforenabled", "Today, 19:31 UTC", "any", "600 requests a minute"]);
        assert_eq!(answer(&page, "keys:read"), yes());
        assert_eq!(answer(&page, "usage:read"), no("This request needs the scope usage:read, which this key does not have."));
        let all = maren.create_key(&[("name", "All"), ("expires_in", "never"), ("access", "all")]).await;
        let page = ask(&mut maren, &all, "").await;
        assert_eq!(page.all(".facts dd")[1..], ["Never", "any", "none", "anyLimit them"]);
        for (scope, is_allowed) in [("usage:read", true), ("registry:write", true), ("keys:write", false), ("keys:verify", false)] {
            assert_eq!(answer(&page, scope) == yes(), is_allowed, "{scope}");
        }
        // The page asks and uses nothing.
        app.flush();
        assert!(!maren.get(&format!("/settings/api/{}", id_of(&key))).await.page.has(".requests tbody"));

        app.advance(TimeDelta::hours(1));
        let page = ask(&mut maren, &key, "").await;
        let reason = "This key expired at 2026-11-22T19:31:00Z and can never work again.";
        assert_eq!(answer(&page, "keys:read"), no(reason));
        assert_eq!(answer(&page, "usage:read"), no(reason));
        assert_eq!(page.words(".facts div:nth-child(2) dt"), "Expired");
        maren.deactivate(&id_of(&all)).await;
        let page = ask(&mut maren, &all, "").await;
        assert_eq!(answer(&page, "usage:read"), no("This key was deactivated at 2026-11-22T19:31:00Z and can never work again."));
        assert_eq!(page.words(".badge-k"), "Deactivated");
    }
}

on_both_engines! {
    async fn a_key_that_is_bound_to_addresses_is_asked_about_with_one(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let key = maren.create_key(&[
            ("name", "Bound"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:read"),
            ("allowed_addresses", "203.0.113.0/24\r\n\r\n2001:db8::7\r\n"),
        ]).await;
        let page = ask(&mut maren, &key, "").await;
        assert_eq!(page.all(".facts dd code"), ["203.0.113.0/24", "2001:db8::7"]);
        assert_eq!(
            page.words("#scopes + p"),
            "The answer a request would get now. Enter an address: this key is bound to addresses."
        );
        assert!(answer(&page, "keys:read").1.starts_with("This key may be used from certain addresses only"));
        for (address, is_allowed) in [
            ("203.0.113.7", true), (" 203.0.113.7 ", true), ("::ffff:203.0.113.7", true), ("2001:db8::7", true),
            ("203.0.114.7", false), ("2001:db8::8", false),
        ] {
            let query: String = url::form_urlencoded::Serializer::new("?".to_owned()).append_pair("address", address).finish();
            let page = ask(&mut maren, &key, &query).await;
            let expected = if is_allowed { yes() } else { no(&format!("This key may not be used from {address}.")) };
            assert_eq!(answer(&page, "keys:read"), expected, "{address}");
            assert_eq!(page.attribute("#address", "value"), address);
        }
        let refused = maren.get(&format!("/settings/api/{}/access?address=nowhere", id_of(&key))).await.expect(422);
        assert_eq!(refused.page.words("#address-error"), "Enter an IPv4 or IPv6 address.");
        assert!(refused.page.has("#address[aria-invalid=true]"));
    }
}

on_both_engines! {
    async fn an_operator_s_key_may_verify_if_it_has_the_scope(app) {
        let operator = app.account("op@example.com", "Op").id;
        let act = app.act();
        app.state.pool.write_now(|db| accounts::set_operator(db, &act, operator, true)).unwrap();
        let mut op = app.anonymous();
        op.sign_in("op@example.com", crate::support::app::PASSWORD).await;
        let key = op.create_key(&[("name", "v"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "keys:verify")]).await;
        let page = ask(&mut op, &key, "").await;
        assert_eq!(answer(&page, "keys:verify"), yes());
        assert_eq!(answer(&page, "keys:read").0, "No");
    }
}

on_both_engines! {
    async fn addresses_are_refused_with_their_line_and_shown_as_they_are_meant(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let many = |count: usize| -> String { (0..count).map(|n| format!("10.0.{}.{}\n", n / 256, n % 256)).collect() };
        let long = "x".repeat(5_000);
        for (text, words) in [
            ("nowhere", "Line 1: “nowhere” is not an address or range, like 192.0.2.7 or 2001:db8::/32.".to_owned()),
            ("192.0.2.7\r\n\r\n192.0.2.7/33", "Line 3: “192.0.2.7/33” is not a range. IPv4 ranges end in /0 to /32.".to_owned()),
            ("2001:db8::/129", "Line 1: “2001:db8::/129” is not a range. IPv6 ranges end in /0 to /128.".to_owned()),
            ("::1\n192.0.2.7/24", "Line 2: “192.0.2.7/24” is an address inside a range. Write 192.0.2.0/24 for the range.".to_owned()),
            ("192.0.2.1 192.0.2.2", "Line 1: “192.0.2.1 192.0.2.2” is not an address or range, like 192.0.2.7 or 2001:db8::/32.".to_owned()),
            ("192.0.2.256", "Line 1: “192.0.2.256” is not an address or range, like 192.0.2.7 or 2001:db8::/32.".to_owned()),
            (&long, format!("Line 1: “{}” is not an address or range, like 192.0.2.7 or 2001:db8::/32.", &long[..60])),
            (&many(101), "Enter at most 100 addresses and ranges. These are 101.".to_owned()),
            (&many(1_000), "Enter at most 100 addresses and ranges. These are 1000.".to_owned()),
        ] {
            let fields = [("name", "a"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", text)];
            let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
            assert_eq!(refused.page.words("#allowed_addresses-error"), words);
            assert_eq!(refused.page.words("[role=alert]"), "The key was not created. Fix 1 field: Allowed addresses.");
            assert!(refused.page.has("details.limits[open]"));
            assert_eq!(refused.page.words("#allowed_addresses"), text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        assert!(!maren.get("/settings/api").await.page.has("tbody"));
        let foot = |page: &Page| page.all(".facts-foot span")[1].clone();
        for (text, shown) in [
            ("", "Addresses: any"),
            (" \n\n ", "Addresses: any"),
            ("::ffff:192.0.2.7\n192.0.2.7\n 2001:DB8:0::/32", "Addresses: 192.0.2.7, 2001:db8::/32"),
        ] {
            let key = maren.create_key(&[("name", "a"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", text)]).await;
            assert_eq!(foot(&maren.get(&format!("/settings/api/{}", id_of(&key))).await.page), shown);
        }
        let key = maren.create_key(&[("name", "a"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", &many(100))]).await;
        let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.page;
        assert_eq!(page.all(".facts-foot code").len(), 100);
        app.program(&key).get("/auth").await.expect_problem(403, "address_not_allowed");
    }
}

on_both_engines! {
    async fn rate_limits_are_whole_numbers_up_to_a_million(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        for text in ["0", "-1", "+5", "1.5", "1,000", "many", "1000001", "99999999999999999999", "٣"] {
            let fields = [("name", "a"), ("expires_in", "90d"), ("access", "all"), ("rate_limit", text)];
            let refused = maren.fill_in(NEW, NEW, &fields).await.expect(422);
            assert_eq!(refused.page.words("#rate_limit-error"), "Enter a number of requests a minute, from 1 to 1,000,000.");
            assert_eq!(refused.page.words("[role=alert]"), "The key was not created. Fix 1 field: Rate limit.");
            assert_eq!(refused.page.attribute("#rate_limit", "value"), text);
        }
        for (text, shown) in [
            ("", "Rate limit: none"), (" 1 ", "Rate limit: 1 request a minute"), ("1000000", "Rate limit: 1,000,000 requests a minute"),
        ] {
            let key = maren.create_key(&[("name", "a"), ("expires_in", "90d"), ("access", "all"), ("rate_limit", text)]).await;
            let page = maren.get(&format!("/settings/api/{}", id_of(&key))).await.page;
            assert_eq!(page.all(".facts-foot span")[2], shown);
        }
    }
}
