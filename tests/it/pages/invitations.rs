//! Signing up by invitation.

use chrono::TimeDelta;
use keyport::crypto::random::system_rng;
use keyport::domain::invitations;
use keyport::domain::text::EmailAddress;
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::actors::Answer;
use crate::support::app::PASSWORD;

fn invite(app: &TestApp, email: &str) -> String {
    let (act, email) = (app.act(), EmailAddress::parse(email).unwrap());
    let made: Result<_, StoreError> = app
        .state
        .pool
        .write_now(|db| invitations::make(db, &act, &mut system_rng(), &email));
    made.unwrap().expose().clone()
}

async fn accept(app: &TestApp, token: &str, email: &str) -> Answer {
    let mut ann = app.anonymous();
    let opened = ann.get("/sign-in").await;
    let form_token = opened.page.attribute("input[name=form_token]", "value");
    let fields = [
        ("form_token", form_token.as_str()),
        ("invitation", token),
        ("name", "Ann"),
        ("email", email),
        ("password", PASSWORD),
    ];
    ann.post_raw("/sign-up", &fields, &[]).await
}

on_both_engines! {
    with [("KEYPORT_SIGN_UP", "invitation"), ("SMTP_URL", "smtp://127.0.0.1:9")],
    async fn who_is_invited_signs_up_once_with_the_invited_address(app) {
        let mut ann = app.anonymous();
        let closed = ann.get("/sign-up").await;
        assert!(closed.text().contains("Accounts on this server are made by invitation."));
        let token = invite(&app, "ann@example.com");
        let opened = ann.get(&format!("/sign-up?invitation={token}")).await.expect(200);
        assert_eq!(opened.page.attribute("#email", "value"), "ann@example.com");
        let fields = [("invitation", token.as_str()), ("name", "Ann"), ("email", "other@example.com"), ("password", PASSWORD)];
        ann.send_form(&opened, "/sign-up", &fields).await.expect(303);
        let profile = ann.get("/settings/profile").await.expect(200);
        assert_eq!(profile.page.attribute("#email", "value"), "ann@example.com");
        accept(&app, &token, "ann@example.com").await.expect(404);
        app.anonymous().get(&format!("/sign-up?invitation={token}")).await.expect(404);
        app.anonymous().sign_in("ann@example.com", PASSWORD).await;
    }
}

on_both_engines! {
    with [("KEYPORT_SIGN_UP", "invitation")],
    async fn invitations_end_by_time_by_a_newer_one_and_by_being_withdrawn(app) {
        let older = invite(&app, "ann@example.com");
        let token = invite(&app, "ann@example.com");
        for dead in [older.as_str(), "made-up"] {
            let answer = accept(&app, dead, "ann@example.com").await.expect(404);
            assert!(answer.text().contains("This invitation does not work any more."));
        }
        accept(&app, "", "ann@example.com").await.expect(403);
        app.advance(TimeDelta::days(7));
        accept(&app, &token, "ann@example.com").await.expect(404);
        let token = invite(&app, "ann@example.com");
        let act = app.act();
        let withdrawn: Result<_, StoreError> = app.state.pool.write_now(|db| {
            let listed = invitations::list(db)?;
            assert_eq!(listed.len(), 1);
            assert_eq!(listed[0].email, "ann@example.com");
            invitations::withdraw(db, &act, listed[0].id)
        });
        assert!(withdrawn.unwrap().is_some());
        accept(&app, &token, "ann@example.com").await.expect(404);
        let taken = invite(&app, "taken@example.com");
        app.account("taken@example.com", "Taken");
        let answer = accept(&app, &taken, "taken@example.com").await.expect(422);
        assert_eq!(answer.page.all(".field-error"), ["There is an account with this address. Sign in instead."]);
    }
}
