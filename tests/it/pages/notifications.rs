//! Settings > Notifications, and the link in mails that does the same for one kind.

use keyport::domain::mail::{OPTIONAL, unsubscribe};

use crate::on_both_engines;
use crate::support::mail::SmtpServer;
use crate::support::{Engine, TestApp};

const PATH: &str = "/settings/notifications";
const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

on_both_engines! {
    async fn optional_mails_are_turned_off_and_on(app) {
        let server = SmtpServer::spawn().await;
        let app = TestApp::spawn_beside(&app, &[("SMTP_URL", &server.url())]).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let page = maren.get(PATH).await.expect(200).page;
        assert!(!page.has(".notice.warn"));
        assert_eq!(page.all("input[name=wanted]").len(), OPTIONAL.len());
        assert_eq!(page.all("input[name=wanted][checked]").len(), OPTIONAL.len());
        assert!(page.all("td .badge-k").iter().all(|words| words == "Always on"));
        maren.fill_in(PATH, PATH, &[("wanted", "key_expires")]).await.expect(303);
        let page = maren.get(PATH).await.page;
        assert_eq!(page.words(".notice strong"), "Your notifications were saved.");
        assert_eq!(page.all("input[name=wanted][checked]").len(), 1);
        maren.create_key(&KEY).await;
        app.deliver();
        assert_eq!(server.take().len(), 0);
        let wanted = [("wanted", "key_expires"), ("wanted", "key_created")];
        maren.fill_in(PATH, PATH, &wanted).await.expect(303);
        maren.create_key(&KEY).await;
        app.deliver();
        assert_eq!(server.take().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_choice_changes_nothing() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let page = maren.get(PATH).await.page;
    let warning = "Email is not set up on this server.";
    assert_eq!(page.words(".notice strong"), warning);
    for kind in ["password_changed", "nothing"] {
        let answer = maren
            .fill_in(PATH, PATH, &[("wanted", kind)])
            .await
            .expect(422);
        assert!(answer.page.has("[role=alert]"));
    }
    let stale = maren
        .post_raw(PATH, &[("form_token", "x")], &[])
        .await
        .expect(422);
    assert_eq!(
        stale.page.words("[role=alert] strong"),
        "This form is too old."
    );
    let page = maren.get(PATH).await.page;
    assert_eq!(
        page.all("input[name=wanted][checked]").len(),
        OPTIONAL.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_speak_of_reminders_only_where_they_are_sent() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    maren.create_key(&KEY).await;
    let off = maren.get("/settings/api").await;
    assert!(
        off.text()
            .contains("Email is not set up on this server, so there are no reminders.")
    );
    let server = SmtpServer::spawn().await;
    let app = TestApp::spawn_beside(&app, &[("SMTP_URL", &server.url())]).await;
    let mut maren = app.anonymous();
    maren
        .sign_in("maren@example.com", crate::support::app::PASSWORD)
        .await;
    let on = maren.get("/settings/api").await;
    assert!(
        on.text()
            .contains("We email you 30, 7 and 1 days before a key expires.")
    );
}

on_both_engines! {
    async fn the_link_in_a_mail_turns_its_kind_off_without_signing_in(app) {
        let account = app.account("maren@example.com", "Maren");
        let secrets = &app.state.policy.secrets;
        let link = |kind: &str| {
            let signature = unsubscribe::sign(secrets, account.id, kind);
            format!("/unsubscribe?account={}&kind={kind}&signature={signature}", account.id)
        };
        let mut anyone = app.anonymous();
        let mut maren = app.anonymous();
        maren.sign_in("maren@example.com", crate::support::app::PASSWORD).await;
        let chosen = async |maren: &mut crate::support::Person| {
            maren.get(PATH).await.page.all("input[name=wanted][checked]").len()
        };
        // Scanners open links: that changes nothing.
        let page = anyone.get(&link("key_created")).await.expect(200).page;
        assert!(page.words("main").contains("“Key created”"), "{}", page.text);
        let action = page.attribute("main form", "action");
        assert_eq!(chosen(&mut maren).await, OPTIONAL.len());
        anyone.post_raw(&action, &[], &[]).await.expect(200);
        assert_eq!(chosen(&mut maren).await, OPTIONAL.len() - 1);
        anyone.post_raw(&action, &[], &[]).await.expect(200);
        // As mail programs do it (RFC 8058), from wherever they are.
        let headers = [("origin", "https://mail.example"), ("sec-fetch-site", "cross-site")];
        let one_click = [("List-Unsubscribe", "One-Click")];
        anyone.post_raw(&link("key_rotated"), &one_click, &headers).await.expect(200);
        assert_eq!(chosen(&mut maren).await, OPTIONAL.len() - 2);
        // A link that was altered, or is for a mail that stays on.
        let good = link("key_expires");
        for bad in [
            good.replace("key_expires", "key_expired"),
            format!("{good}x"),
            good.replace(&account.id.to_string(), "0000000001"),
            link("password_changed"),
            "/unsubscribe".to_owned(),
        ] {
            anyone.get(&bad).await.expect(404);
            anyone.post_raw(&bad, &[], &[]).await.expect(404);
        }
        assert_eq!(chosen(&mut maren).await, OPTIONAL.len() - 2);
        // Elsewhere, other sites are refused as before.
        maren.post_raw(PATH, &[], &headers).await.expect(403);
    }
}
