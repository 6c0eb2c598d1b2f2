//! Operator > Mail queue.

use keyport::domain::mail::queue;
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::mail::{Mood, SmtpServer};
use crate::support::{Person, TestApp};

const PATH: &str = "/operator/mail";
const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

/// Queues a mail with a link for a new password to a new account.
async fn queue_link(app: &TestApp) -> keyport::domain::accounts::Account {
    use keyport::domain::mail::{LinkToken, Mail};
    use keyport::secret::Secret;
    let account = app.account("maren@example.com", "Maren");
    app.let_link_work("hunter22", chrono::TimeDelta::days(1));
    let mail = Mail::ResetPassword {
        token: LinkToken(Secret::new("hunter22".to_owned())),
    };
    let (outbox, now) = (&app.state.outbox, app.now());
    let queued: Result<(), StoreError> =
        (app.state.pool).write_now(|db| outbox.queue(db, now, (&account).into(), &mail));
    queued.unwrap();
    account
}

async fn only_mail(operator: &mut Person) -> String {
    let page = operator.get(PATH).await.expect(200).page;
    assert_eq!(page.rows("tbody tr").len(), 1);
    page.attribute("tbody th a", "href")
}

on_both_engines! {
    async fn a_kept_link_is_hidden_until_it_is_read_and_that_is_written_down(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let account = queue_link(&app).await;
        let page = oona.get(PATH).await.page;
        assert_eq!(page.words(".notice strong"), "Email is not set up on this server.");
        assert_eq!(page.words("tbody .badge-k"), "Kept");
        let path = only_mail(&mut oona).await;
        let answer = oona.get(&path).await.expect(200);
        assert!(answer.text().contains("/password/reset?token=(hidden)"));
        assert!(!answer.text().contains("hunter22"));
        assert_eq!(answer.page.words("h1"), "Reset password");
        let read = format!("{path}/read");
        let stale = oona.post_raw(&read, &[], &[]).await.expect(422);
        assert!(!stale.text().contains("hunter22"));
        let mut maren = app.anonymous();
        maren.sign_in("maren@example.com", crate::support::app::PASSWORD).await;
        let before = maren.get("/settings/audit").await;
        assert!(!before.text().contains("Kept mail"));
        let shown = oona.fill_in(&read, &read, &[]).await.expect(200);
        assert!(shown.text().contains("/password/reset?token=hunter22"));
        assert_eq!(shown.header("cache-control"), "no-store");
        let log = maren.get("/settings/audit").await.page.rows(".audit tbody tr").remove(0);
        assert!(log.contains("Kept mail read in full") && log.contains("Oona"), "{log}");
        app.advance(chrono::TimeDelta::minutes(15));
        let asked = oona.get(&read).await.expect(303);
        assert!(asked.header("location").starts_with("/sign-in/confirm"));
        assert_eq!(account.email, "maren@example.com");
    }
}

on_both_engines! {
    async fn while_mail_is_on_links_stay_hidden_and_given_up_mails_are_sent_again(app) {
        let server = SmtpServer::spawn().await;
        let app = TestApp::spawn_beside(&app, &[("SMTP_URL", &server.url())]).await;
        let mut oona = app.operator("oona@example.com", "Oona").await;
        server.expect(&[Mood::Refuse("550 5.1.1 No such user")]);
        queue_link(&app).await;
        app.deliver();
        let path = only_mail(&mut oona).await;
        let answer = oona.get(&path).await.expect(200);
        assert_eq!(answer.page.words(".head .badge-k"), "Given up");
        assert!(answer.text().contains("No such user"));
        assert!(!answer.text().contains("hunter22"));
        let read = format!("{path}/read");
        oona.get(&read).await.expect(303);
        let token = answer.page.attribute("input[name=form_token]", "value");
        let not = oona.post_raw(&read, &[("form_token", &token)], &[]).await.expect(303);
        assert!(!not.text().contains("hunter22"));
        let again = format!("{path}/send-again");
        oona.post_raw(&again, &[], &[]).await.expect(422);
        assert_eq!(oona.get(PATH).await.page.words("tbody .badge-k"), "Given up");
        oona.fill_in(&again, &again, &[]).await.expect(303);
        app.deliver();
        assert_eq!(server.take().len(), 1);
        let answer = oona.get(&path).await.expect(200);
        assert_eq!(answer.page.words(".head .badge-k"), "Sent");
        assert!(answer.text().contains("What it said was removed when it was sent."));
        // There is nothing to send again.
        oona.get(&again).await.expect(303);
    }
}

on_both_engines! {
    async fn the_queue_is_filtered_by_state_and_read_in_pages(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        for _ in 0..51 {
            maren.create_key(&KEY).await;
        }
        let page = oona.get(PATH).await.expect(200).page;
        assert_eq!(page.all(".segments.many a"), ["All 51", "Kept 51", "Failed, tried again 0", "Given up 0", "Sent 0"]);
        assert_eq!(page.rows("tbody tr").len(), 50);
        let older = page.attribute("nav.pages a", "href");
        assert_eq!(oona.get(&older).await.expect(200).page.rows("tbody tr").len(), 1);
        let none = oona.get(&format!("{PATH}?state=given-up")).await.expect(200);
        assert!(none.text().contains("There are no mails here."));
        for text in ["state=nonsense", "page=nonsense"] {
            oona.get(&format!("{PATH}?{text}")).await.expect(200);
        }
        for id in ["x", "0000000000", "zzzzzzzzz-"] {
            for act in ["", "/read", "/send-again"] {
                oona.get(&format!("{PATH}/{id}{act}")).await.expect(404);
            }
        }
    }
}

on_both_engines! {
    async fn the_link_that_turns_mails_off_is_not_an_operators_to_see(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        maren.create_key(&KEY).await;
        let path = only_mail(&mut oona).await;
        let answer = oona.get(&path).await.expect(200);
        assert!(answer.text().contains("Stop emails of this kind: (hidden)"), "{}", answer.text());
        assert!(!answer.text().contains("/unsubscribe?"));
        // There is no more to read, so there is no act.
        oona.get(&format!("{path}/read")).await.expect(303);
        let found: Result<_, StoreError> = app.state.pool.read_now(queue::count);
        assert_eq!(found.unwrap().waiting, 1);
    }
}
