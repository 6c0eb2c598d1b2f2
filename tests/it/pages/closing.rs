//! Closing an account.

use chrono::TimeDelta;
use keyport::domain::accounts;
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::app::PASSWORD;

const CLOSE: &str = "/settings/profile/close";

fn make_operator(app: &TestApp, account: &accounts::Account) {
    let act = app.act();
    let made: Result<(), StoreError> = app
        .state
        .pool
        .write_now(|db| accounts::set_operator(db, &act, account.id, true));
    made.unwrap();
}

on_both_engines! {
    async fn a_closed_account_is_gone_and_its_keys_are_dead(app) {
        let mut maren = app.person("maren@example.com", "Maren Okafor").await;
        let mut other = app.anonymous();
        other.sign_in("maren@example.com", PASSWORD).await;
        let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
        let key = maren.create_key(&fields).await;
        let ended = maren.create_key(&fields).await;
        maren.deactivate(&crate::support::actors::id_of(&ended)).await;
        let program = app.program(key);
        program.get("/api/v1/account").await.expect(200);
        // One of its mails was sent.
        app.execute("UPDATE mails SET sent_at = created_at, sealed = NULL WHERE kind = 'key_deactivated'");
        let page = maren.get(CLOSE).await.expect(200);
        assert!(page.text().contains("1 active key will be deactivated."));
        maren.post_raw(CLOSE, &[("form_token", "stale")], &[]).await.expect(422);
        let closed = maren.send_form(&page, CLOSE, &[]).await.expect(303);
        assert_eq!(closed.header("clear-site-data"), "\"cache\", \"storage\"");
        let door = maren.get(closed.header("location")).await.expect(200);
        assert!(door.page.words(".notice").starts_with("Your account was closed."));
        other.get("/settings/security").await.expect(303);
        program.get("/api/v1/account").await.expect_problem(401, "owner_disabled");
        let fields = [("email", "maren@example.com"), ("password", PASSWORD), ("next", "/")];
        app.anonymous().fill_in("/sign-in", "/sign-in", &fields).await.expect(422);
        assert!(app.mail_kinds("maren@example.com").contains(&"account_closed"));

        let left = app.text("SELECT email || name AS text FROM accounts");
        assert!(!left.contains("aren"), "{left}");
        let by = app.text("SELECT MIN(deactivated_by) || MAX(deactivated_by) || CAST(COUNT(deactivated_at) AS TEXT) AS text FROM api_keys");
        assert_eq!(by, "a closed accounta closed account2");
        let log = app.text("SELECT CAST(COUNT(*) AS TEXT) AS text FROM audit_entries WHERE action IN ('account.close', 'key.deactivate')");
        assert_eq!(log, "3");
        assert_eq!(app.texts("SELECT recipient AS text FROM mails WHERE sent_at IS NOT NULL"), Vec::<String>::new());
        // The address is free, and what was is not theirs.
        let mut next = app.person("maren@example.com", "Another").await;
        assert!(next.get("/settings/api").await.expect(200).page.has(".empty"));
        // No one opens it again.
        let act = app.act();
        let enabled: Result<(), StoreError> = app.state.pool.write_now(|db| {
            let all = accounts::list(db)?;
            let closed = all.iter().find(|account| account.closed_at.is_some()).unwrap();
            accounts::enable(db, &act, closed.id)
        });
        enabled.unwrap();
        program.get("/api/v1/account").await.expect_problem(401, "owner_disabled");
    }
}

on_both_engines! {
    async fn closing_needs_a_recent_sign_in(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let page = maren.get(CLOSE).await.expect(200);
        app.advance(TimeDelta::minutes(15));
        let sent = maren.send_form(&page, CLOSE, &[]).await.expect(303);
        assert!(sent.header("location").starts_with("/sign-in/confirm?"));
        maren.get("/settings/profile").await.expect(200);
    }
}

on_both_engines! {
    async fn the_last_enabled_operator_cannot_close_theirs(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let page = maren.get(CLOSE).await.expect(200);
        let found: Result<_, StoreError> = app.state.pool.read_now(accounts::list);
        make_operator(&app, &found.unwrap()[0]);
        let off = app.account("off@example.com", "Off");
        make_operator(&app, &off);
        let act = app.act();
        let disabled: Result<(), StoreError> = app.state.pool.write_now(|db| accounts::disable(db, &act, off.id));
        disabled.unwrap();
        let shown = maren.get(CLOSE).await.expect(200);
        assert!(shown.page.words(".notice.warn").starts_with("You are the last operator of this server."));
        maren.send_form(&page, CLOSE, &[]).await.expect(409);
        maren.get("/settings/profile").await.expect(200);
        let ben = app.account("ben@example.com", "Ben");
        make_operator(&app, &ben);
        maren.fill_in(CLOSE, CLOSE, &[]).await.expect(303);
        maren.get("/settings/profile").await.expect(303);
    }
}

on_both_engines! {
    async fn no_mail_goes_to_a_closed_account(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
        let (used, leaked) = (maren.create_key(&fields).await, maren.create_key(&fields).await);
        maren.fill_in(CLOSE, CLOSE, &[]).await.expect(303);
        app.program(&used).get("/auth").await.expect_problem(401, "owner_disabled");
        app.flush();
        let body = serde_json::json!({ "key": leaked });
        app.program("none").post("/api/v1/leaks", &body).await.expect(202);
        let to = app.texts("SELECT recipient AS text FROM mails WHERE recipient <> 'maren@example.com'");
        assert_eq!(to, Vec::<String>::new());
    }
}
