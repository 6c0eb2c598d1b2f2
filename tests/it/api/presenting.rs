//! Presenting a key: where, how, and what each outcome says.

use chrono::TimeDelta;
use keyport::domain::accounts;
use reqwest::Method;

use crate::on_both_engines;
use crate::support::actors::id_of;

const ACCOUNT: &str = "/api/v1/account";

on_both_engines! {
    async fn a_key_answers_whose_it_is(app) {
        let mut maren = app.person("maren@example.com", "Maren Okafor").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "1h"), ("access", "all")]).await;
        let answer = app.program(&key).get(ACCOUNT).await.expect(200);
        let json = answer.json();
        assert_eq!(json["account_name"], "Maren Okafor");
        assert_eq!(json["key_id"], id_of(&key));
        assert_eq!(json["expires_at"], "2026-11-22T19:31:00Z");
        assert_eq!(answer.header("keyport-key-expires"), "2026-11-22T19:31:00Z");
        assert_eq!(answer.header("cache-control"), "no-store");
        let names = ["authorization", "Authorization"];
        for value in [format!("Bearer {key}"), format!("apikey {key}")] {
            let anonymous = app.program("").send(Method::GET, ACCOUNT, None, &[]).await;
            anonymous.expect_problem(401, "invalid_key");
            let request = reqwest::Client::new().get(app.url(ACCOUNT)).header(names[0], value);
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
    }
}

on_both_engines! {
    async fn a_one_hour_key_works_to_the_last_second_and_not_after(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "One-off"), ("expires_in", "1h"), ("access", "all")]).await;
        let program = app.program(&key);
        app.advance(TimeDelta::seconds(3_599));
        program.get(ACCOUNT).await.expect(200);
        assert_eq!(maren.get("/settings/api").await.page.all(".keys .badge-k"), ["Expires in 1 min"]);
        app.advance(TimeDelta::seconds(1));
        let refused = program.get(ACCOUNT).await.expect_problem(401, "expired_key");
        assert!(refused.json()["detail"].as_str().unwrap().contains("2026-11-22T19:31:00Z"));
        assert_eq!(maren.get("/settings/api").await.page.all(".keys .badge-k"), ["Expired"]);
    }
}

on_both_engines! {
    async fn a_key_that_never_expires_has_no_expiry_header(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "Long"), ("expires_in", "never"), ("access", "all")]).await;
        app.advance(TimeDelta::days(30_000));
        let answer = app.program(&key).get(ACCOUNT).await.expect(200);
        assert!(answer.headers.get("keyport-key-expires").is_none());
        assert!(answer.json()["expires_at"].is_null());
    }
}

on_both_engines! {
    async fn a_deactivated_key_is_refused_from_the_next_request_on_even_after_it_was_deleted(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let program = app.program(&key);
        program.get(ACCOUNT).await.expect(200);
        maren.deactivate(&id_of(&key)).await;
        program.get(ACCOUNT).await.expect_problem(401, "deactivated_key");
        let path = format!("/settings/api/{}/delete", id_of(&key));
        maren.fill_in(&path, &path, &[]).await.expect(303);
        program.get(ACCOUNT).await.expect_problem(401, "deactivated_key");
        maren.get(&format!("/settings/api/{}", id_of(&key))).await.expect(404);
    }
}

on_both_engines! {
    async fn a_disabled_owner_s_keys_stop_and_work_again_when_enabled(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let program = app.program(&key);
        let id = {
            let json = program.get(ACCOUNT).await.expect(200).json();
            json["account_id"].as_str().unwrap().parse().unwrap()
        };
        let act = app.act();
        app.state.pool.write_now(|db| accounts::disable(db, &act, id)).unwrap();
        program.get(ACCOUNT).await.expect_problem(401, "owner_disabled");
        maren.get("/settings/api").await.expect(303);
        app.state.pool.write_now(|db| accounts::enable(db, &act, id)).unwrap();
        program.get(ACCOUNT).await.expect(200);
    }
}

on_both_engines! {
    async fn what_is_no_key_of_ours_gets_one_and_the_same_answer(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let unknown = keyport::domain::api_keys::key_string::FullKey::generate(
            &"kp".parse().unwrap(),
            "0000000000".parse().unwrap(),
            &mut keyport::crypto::random::system_rng(),
        );
        let wrong_secret = keyport::domain::api_keys::key_string::FullKey::generate(
            &"kp".parse().unwrap(),
            id_of(&key).parse().unwrap(),
            &mut keyport::crypto::random::system_rng(),
        );
        let mut bodies = Vec::new();
        let other_end = if key.ends_with('0') { '1' } else { '0' };
        for presented in [
            key[..51].to_owned(),
            format!("{}{other_end}", &key[..51]),
            key.replacen("kp_", "xx_", 1),
            key.replacen('_', "_ ", 1),
            "k".repeat(10_000),
            unknown.reveal().to_owned(),
            wrong_secret.reveal().to_owned(),
        ] {
            let answer = app.program(presented).get(ACCOUNT).await.expect_problem(401, "invalid_key");
            let mut json = answer.json();
            json["request_id"] = serde_json::Value::Null;
            bodies.push(json);
        }
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
        // Not UTF-8.
        let request = reqwest::Client::new().get(app.url(ACCOUNT));
        let value = reqwest::header::HeaderValue::from_bytes(&[0xff; 52]).unwrap();
        let status = request.header("x-api-key", value).send().await.unwrap().status();
        assert_eq!(status, 401);
        // Spaces around a key are the sender's, not the key's.
        app.program(format!(" {key}  ")).get(ACCOUNT).await.expect(200);
    }
}

on_both_engines! {
    async fn two_credentials_or_one_in_the_url_are_bad_requests(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let program = app.program(&key);
        let both = [("authorization", "Bearer kp_other")];
        program.send(Method::GET, ACCOUNT, None, &both).await.expect_problem(400, "two_keys");
        let twice = [("x-api-key", "kp_other")];
        program.send(Method::GET, ACCOUNT, None, &twice).await.expect_problem(400, "two_keys");
        let same = format!("Bearer {key}");
        program.send(Method::GET, ACCOUNT, None, &[("authorization", &same)]).await.expect(200);
        let in_url = app.anonymous().get(&format!("{ACCOUNT}?apikey={key}")).await;
        let problem = in_url.expect_problem(400, "key_in_url");
        assert!(!problem.text().contains(&key[14..]));
        app.anonymous().get(ACCOUNT).await.expect_problem(401, "missing_key");
    }
}

on_both_engines! {
    async fn use_is_recorded_beside_the_path_and_refusals_do_not_move_it(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let program = app.program(&key);
        let agent = [("user-agent", "curl/8.14")];
        program.send(Method::GET, ACCOUNT, None, &agent).await.expect(200);
        app.flush();
        app.advance(TimeDelta::minutes(4));
        program.get("/api/v1/keys?limit=0").await.expect(400);
        program.send(Method::POST, "/api/v1/keys", Some("{}".to_owned()), &[]).await.expect_problem(403, "missing_scope");
        app.flush();
        let detail = maren.get(&format!("/settings/api/{}", id_of(&key))).await.expect(200);
        let facts = detail.page.all(".facts dd");
        assert!(facts.iter().any(|fact| fact.contains("127.0.0.1")), "{facts:?}");
        // Listing with a bad limit used the key; creating without the scope did not.
        assert!(facts.iter().any(|fact| fact.starts_with("just now")), "{facts:?}");
    }
}

on_both_engines! {
    async fn the_description_needs_a_key_or_a_session_and_a_key_never_opens_a_page(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")]).await;
        let program = app.program(&key);
        program.get("/api/openapi.json").await.expect(200);
        maren.get("/api/openapi.json").await.expect(200);
        app.anonymous().get("/api/openapi.json").await.expect_problem(401, "missing_key");
        // A presented key decides, even for someone who is signed in.
        let headers = [("x-api-key", "nonsense")];
        maren.send(Method::GET, "/api/openapi.json", None, &headers).await.expect_problem(401, "invalid_key");
        let page = program.get("/settings/api").await.expect(303);
        assert!(page.header("location").starts_with("/sign-in"));
        assert!(page.headers.get("set-cookie").is_none_or(|cookie| !cookie.to_str().unwrap().starts_with("keyport=")));
    }
}
