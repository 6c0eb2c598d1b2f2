//! What operators do to accounts, and the rules that hold for it.

use chrono::TimeDelta;
use keyport::domain::accounts;
use keyport::ids::AccountId;
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::actors::{Answer, id_of};
use crate::support::mail::SmtpServer;
use crate::support::{Person, TestApp};

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

fn id(app: &TestApp, email: &str) -> AccountId {
    let email = keyport::domain::text::EmailAddress::parse(email).unwrap();
    let found: Result<_, StoreError> =
        (app.state.pool).read_now(|db| accounts::find_by_email(db, &email));
    found.unwrap().unwrap().id
}

async fn act(operator: &mut Person, id: AccountId, act: &str) -> Answer {
    let path = format!("/operator/accounts/{id}/{act}");
    operator.fill_in(&path, &path, &[]).await
}

/// The newest events of an account's own log: what, and by whom.
async fn newest(person: &mut Person) -> String {
    person
        .get("/settings/audit")
        .await
        .expect(200)
        .page
        .rows(".audit tbody tr")
        .remove(0)
}

on_both_engines! {
    async fn a_disabled_account_is_out_at_once_and_back_when_enabled(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let program = app.program(maren.create_key(&KEY).await);
        let id = id(&app, "maren@example.com");
        let done = act(&mut oona, id, "disable").await.expect(303);
        assert_eq!(done.header("location"), format!("/operator/accounts/{id}"));
        let page = oona.get(&format!("/operator/accounts/{id}")).await.page;
        assert_eq!(page.words(".notice strong"), "Maren is now disabled.");
        assert_eq!(page.words(".badges .badge-k"), "Disabled");
        maren.get("/").await.expect(303);
        program.get("/api/v1/account").await.expect_problem(401, "owner_disabled");
        // A second time there is nothing to ask.
        oona.get(&format!("/operator/accounts/{id}/disable")).await.expect(303);
        // A disabled account gets no link.
        oona.get(&format!("/operator/accounts/{id}/password-link")).await.expect(303);
        act(&mut oona, id, "enable").await.expect(303);
        program.get("/api/v1/account").await.expect(200);
        maren.sign_in_again("maren@example.com").await;
        let log = maren.get("/settings/audit").await.page.rows(".audit tbody tr").join("; ");
        assert!(log.contains("Account enabled Done Oona"), "{log}");
        assert!(log.contains("Account disabled Done Oona"), "{log}");
    }
}

on_both_engines! {
    async fn all_sessions_of_an_account_are_ended(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let id = id(&app, "maren@example.com");
        act(&mut oona, id, "end-sessions").await.expect(303);
        let notice = oona.get(&format!("/operator/accounts/{id}")).await.page.words(".notice p");
        assert_eq!(notice, "Maren was signed out everywhere. 1 session ended.");
        maren.get("/").await.expect(303);
        maren.sign_in_again("maren@example.com").await;
        let log = maren.get("/settings/audit").await.page.rows(".audit tbody tr").join("; ");
        assert!(log.contains("All sessions ended Done Oona"), "{log}");
    }
}

on_both_engines! {
    async fn the_role_is_given_and_taken(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let (own, id) = (id(&app, "oona@example.com"), id(&app, "maren@example.com"));
        maren.get("/operator/accounts").await.expect(404);
        assert!(!maren.get("/").await.page.all(".top nav a").contains(&"Operator".to_owned()));
        act(&mut oona, id, "make-operator").await.expect(303);
        assert!(newest(&mut maren).await.contains("Operator role given Done Oona"));
        maren.get("/operator/accounts").await.expect(200);
        assert!(maren.get("/").await.page.all(".top nav a").contains(&"Operator".to_owned()));
        // Who gives up their own has nothing to see here any more.
        let done = act(&mut maren, id, "take-operator-role").await.expect(303);
        assert_eq!(done.header("location"), "/");
        maren.get("/operator/accounts").await.expect(404);
        assert!(app.account_now(own).is_operator);
    }
}

on_both_engines! {
    async fn the_last_enabled_operator_stays_one(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let own = id(&app, "oona@example.com");
        // One who is disabled operates nothing.
        let other = app.account("old@example.com", "Old");
        app.make_operator(other.id);
        act(&mut oona, other.id, "disable").await.expect(303);
        let refused = act(&mut oona, own, "take-operator-role").await.expect(422);
        assert_eq!(refused.page.words("[role=alert] strong"), "This is the only enabled operator.");
        let opened = oona.get(&format!("/operator/accounts/{own}/disable")).await.expect(200);
        assert_eq!(opened.page.words("[role=alert] strong"), "This is your own account.");
        let refused = act(&mut oona, own, "disable").await.expect(422);
        assert_eq!(refused.page.words("[role=alert] strong"), "This is your own account.");
        let account = app.account_now(own);
        assert!(account.is_operator && account.disabled_at.is_none());
    }
}

on_both_engines! {
    async fn of_two_operators_who_act_on_each_other_at_once_one_is_left(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut omar = app.operator("omar@example.com", "Omar").await;
        let (first, second) = (id(&app, "oona@example.com"), id(&app, "omar@example.com"));
        let of_oona = format!("/operator/accounts/{second}/take-operator-role");
        let of_omar = format!("/operator/accounts/{first}/take-operator-role");
        for _ in 0..4 {
            let (opened, other) = tokio::join!(oona.get(&of_oona), omar.get(&of_omar));
            let (one, two) = tokio::join!(
                oona.send_form(&opened, &of_oona, &[]),
                omar.send_form(&other, &of_omar, &[]),
            );
            let mut statuses = [one.status.as_u16(), two.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [303, 404]);
            let left = [first, second].map(|id| app.account_now(id).is_operator);
            assert_eq!(left.iter().filter(|is_left| **is_left).count(), 1);
            app.make_operator(first);
            app.make_operator(second);
        }
    }
}

on_both_engines! {
    async fn a_password_link_is_shown_once_while_mail_is_off(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        app.account("maren@example.com", "Maren");
        let id = id(&app, "maren@example.com");
        let shown = act(&mut oona, id, "password-link").await.expect(200);
        let link = shown.page.words("#link");
        let path = link.strip_prefix("http://localhost:8080").unwrap().to_owned();
        // Another one ends it.
        let again = act(&mut oona, id, "password-link").await.expect(200);
        let newer = again.page.words("#link");
        let newer = newer.strip_prefix("http://localhost:8080").unwrap().to_owned();
        let mut maren = app.anonymous();
        maren.get(&path).await.expect(404);
        let opened = maren.get(&newer).await.expect(200);
        let token = newer.split_once('=').unwrap().1;
        let fields = [("token", token), ("password", "another orbit 42")];
        maren.send_form(&opened, "/password/reset", &fields).await.expect(303);
        maren.sign_in("maren@example.com", "another orbit 42").await;
        let log = maren.get("/settings/audit").await.page.rows(".audit tbody tr").join("; ");
        assert!(log.contains("Link for a new password made Done Oona"), "{log}");
        assert!(!log.contains(token));
    }
}

on_both_engines! {
    async fn a_password_link_is_mailed_while_mail_is_on(app) {
        let server = SmtpServer::spawn().await;
        let app = TestApp::spawn_beside(&app, &[("SMTP_URL", &server.url())]).await;
        let mut oona = app.operator("oona@example.com", "Oona").await;
        app.account("maren@example.com", "Maren");
        let id = id(&app, "maren@example.com");
        let done = act(&mut oona, id, "password-link").await.expect(303);
        assert!(!done.text().contains("token"));
        let page = oona.get(done.header("location")).await.page;
        assert_eq!(
            page.words(".notice strong"),
            "A link to set a password was sent to maren@example.com."
        );
        app.deliver();
        let mails = server.take();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to, "maren@example.com");
        let link = mails[0].link("http://localhost:8080");
        app.anonymous().get(&link).await.expect(200);
    }
}

on_both_engines! {
    async fn a_key_is_deactivated_and_its_owner_told(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key = maren.create_key(&KEY).await;
        let (owner, key_id) = (id(&app, "maren@example.com"), id_of(&key));
        let own = id(&app, "oona@example.com");
        let path = format!("/operator/accounts/{owner}/keys/{key_id}/deactivate");
        // A key is found under its owner only.
        oona.get(&format!("/operator/accounts/{own}/keys/{key_id}/deactivate")).await.expect(404);
        oona.get(&format!("/operator/accounts/{owner}/keys/nonsense/deactivate")).await.expect(404);
        oona.fill_in(&path, &path, &[]).await.expect(303);
        app.program(key).get("/api/v1/account").await.expect_problem(401, "deactivated_key");
        let page = oona.get(&format!("/operator/accounts/{owner}")).await.page;
        assert_eq!(page.words(".notice strong"), "CI was deactivated.");
        oona.get(&path).await.expect(303);
        assert!(newest(&mut maren).await.contains("API key deactivated CI, kp_"));
        let detail = maren.get(&format!("/settings/api/{key_id}")).await.expect(200);
        assert!(detail.text().contains("Oona"));
        let mails = oona.get("/operator/mail").await.page.all("tbody th");
        assert!(mails.contains(&"Key deactivated to maren@example.com".to_owned()), "{mails:?}");
    }
}

on_both_engines! {
    async fn stale_forms_and_old_sign_ins_do_nothing(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let key_id = id_of(&maren.create_key(&KEY).await);
        let id = id(&app, "maren@example.com");
        let paths = [
            format!("/operator/accounts/{id}/disable"),
            format!("/operator/accounts/{id}/make-operator"),
            format!("/operator/accounts/{id}/end-sessions"),
            format!("/operator/accounts/{id}/password-link"),
            format!("/operator/accounts/{id}/keys/{key_id}/deactivate"),
        ];
        for path in &paths {
            let stale = oona.post_raw(path, &[("form_token", "x")], &[]).await.expect(422);
            assert_eq!(stale.page.words("[role=alert] strong"), "This form is too old.");
        }
        let mut opened = Vec::new();
        for path in &paths {
            opened.push(oona.get(path).await.expect(200));
        }
        app.advance(TimeDelta::minutes(15));
        for (path, opened) in paths.iter().zip(&opened) {
            let asked = oona.send_form(opened, path, &[]).await.expect(303);
            assert!(asked.header("location").starts_with("/sign-in/confirm?next=%2Foperator"));
            let asked = oona.get(path).await.expect(303);
            assert!(asked.header("location").starts_with("/sign-in/confirm?next=%2Foperator"));
        }
        // Reading needs none.
        oona.get("/operator/accounts").await.expect(200);
        let account = app.account_now(id);
        assert!(account.disabled_at.is_none() && !account.is_operator);
        maren.get("/").await.expect(200);
        assert_eq!(maren.get("/settings/api").await.page.all(".k-act").len(), 1);
        let log = maren.get("/settings/audit").await;
        assert!(!log.text().contains("Oona"));
    }
}

on_both_engines! {
    async fn acts_of_others_do_nothing(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let other = app.account("omar@example.com", "Omar");
        app.make_operator(other.id);
        let token = maren.get("/").await.page.attribute("input[name=form_token]", "value");
        for act in ["disable", "take-operator-role", "end-sessions", "password-link"] {
            let path = format!("/operator/accounts/{}/{act}", other.id);
            maren.post_raw(&path, &[("form_token", &token)], &[]).await.expect(404);
        }
        let own = id(&app, "maren@example.com");
        let path = format!("/operator/accounts/{own}/make-operator");
        maren.post_raw(&path, &[("form_token", &token)], &[]).await.expect(404);
        let account = app.account_now(other.id);
        assert!(account.is_operator && account.disabled_at.is_none());
        assert!(!app.account_now(own).is_operator);
    }
}

on_both_engines! {
    async fn a_disabled_or_former_operator_has_nothing_at_the_next_request(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut omar = app.operator("omar@example.com", "Omar").await;
        let (first, second) = (id(&app, "oona@example.com"), id(&app, "omar@example.com"));
        let path = format!("/operator/accounts/{first}/disable");
        let opened = omar.get(&path).await.expect(200);
        act(&mut oona, second, "take-operator-role").await.expect(303);
        omar.get("/operator/accounts").await.expect(404);
        omar.send_form(&opened, &path, &[]).await.expect(404);
        act(&mut oona, second, "make-operator").await.expect(303);
        act(&mut oona, second, "disable").await.expect(303);
        let gone = omar.get("/operator/accounts").await.expect(303);
        assert!(gone.header("location").starts_with("/sign-in"));
        omar.send_form(&opened, &path, &[]).await.expect(303);
        assert!(app.account_now(first).disabled_at.is_none());
    }
}

on_both_engines! {
    async fn who_has_no_second_factors_keeps_none_and_is_told_nothing(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        app.person("maren@example.com", "Maren").await;
        let id = id(&app, "maren@example.com");
        act(&mut oona, id, "reset-two-step").await.expect(303);
        let notice = oona.get(&format!("/operator/accounts/{id}")).await.page.words(".notice p");
        assert_eq!(notice, "Maren had no second factors. Nothing was changed.");
        assert!(app.mail_kinds("maren@example.com").is_empty());
    }
}

on_both_engines! {
    async fn second_factors_that_were_lost_are_removed_and_the_holder_is_told(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        crate::support::second_factors::turn_on(&app, &mut maren).await;
        app.advance(TimeDelta::minutes(1));
        let id = id(&app, "maren@example.com");
        act(&mut oona, id, "reset-two-step").await.expect(303);
        let notice = oona.get(&format!("/operator/accounts/{id}")).await.page.words(".notice strong");
        assert_eq!(notice, "The second factors of Maren were removed.");
        assert_eq!(app.mail_kinds("maren@example.com"), ["two_step_on", "two_step_off"]);
        // The password alone signs in again.
        maren.sign_in_again("maren@example.com").await;
        maren.get("/settings/security").await.expect(200);
    }
}
