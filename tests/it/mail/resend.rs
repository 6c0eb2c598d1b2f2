//! Mail through Resend.

use chrono::TimeDelta;
use keyport::domain::mail::MailState;

use super::queued;
use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::mail::FakeResend;

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

async fn through(app: &TestApp, resend: &FakeResend) -> TestApp {
    let settings = [
        ("RESEND_API_KEY", "re_hunter22"),
        ("KEYPORT_MAIL_RESEND_BASE_URL", &*resend.url()),
        ("KEYPORT_MAIL_FROM", "Keys <keys@example.com>"),
    ];
    TestApp::spawn_beside(app, &settings).await
}

on_both_engines! {
    async fn a_mail_is_one_post_that_names_itself(app) {
        let resend = FakeResend::spawn().await;
        let app = through(&app, &resend).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        maren.create_key(&KEY).await;
        app.deliver();
        let asked = resend.take();
        assert_eq!(asked.len(), 1);
        let (row, one) = (&queued(&app)[0], &asked[0]);
        assert_eq!(one.line, "POST /emails");
        assert_eq!(one.header("authorization"), "Bearer re_hunter22");
        assert_eq!(one.header("idempotency-key"), row.id.to_string());
        assert_eq!(one.body["from"], "Keys <keys@example.com>");
        assert_eq!(one.body["to"], serde_json::json!(["maren@example.com"]));
        assert_eq!(one.body["subject"], "CI was created");
        let headers = &one.body["headers"];
        assert_eq!(headers["Message-ID"], format!("<{}@localhost>", row.id));
        assert_eq!(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
        let link = headers["List-Unsubscribe"].as_str().unwrap();
        assert!(link.starts_with("<http://localhost:8080/unsubscribe?account="), "{link}");
        for part in ["text", "html"] {
            assert!(one.body[part].as_str().unwrap().contains("created by Maren"));
        }
        assert_eq!(row.state(), MailState::Sent);
    }
}

on_both_engines! {
    async fn an_answer_decides_whether_it_is_tried_again(app) {
        let resend = FakeResend::spawn().await;
        let app = through(&app, &resend).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let refused = r#"{"name":"validation_error","message":"Invalid `to` field"}"#;
        let used = r#"{"name":"invalid_idempotent_request","message":"used"}"#;
        let busy = r#"{"name":"concurrent_idempotent_requests","message":"in progress"}"#;
        let no_key = r#"{"name":"validation_error","message":"API key is invalid: re_hunter22"}"#;
        for (status, body, state) in [
            (422, refused, MailState::Dead),
            (400, no_key, MailState::Failed),
            (403, no_key, MailState::Failed),
            (429, "", MailState::Failed),
            (500, "<html>", MailState::Failed),
            (409, busy, MailState::Failed),
            (409, used, MailState::Sent),
        ] {
            resend.expect(&[(status, body)]);
            maren.create_key(&KEY).await;
            app.deliver();
            let row = &queued(&app)[0];
            assert_eq!(row.state(), state, "{status} {body}: {row:?}");
            let error = row.last_error.clone().unwrap_or_default();
            assert!(!error.contains("hunter22"), "{error}");
            assert_eq!(error.contains(&status.to_string()), state != MailState::Sent, "{error}");
            app.execute("DELETE FROM mails");
        }
    }
}

on_both_engines! {
    async fn every_try_asks_for_the_same(app) {
        let resend = FakeResend::spawn().await;
        let app = through(&app, &resend).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        resend.expect(&[(500, "")]);
        maren.create_key(&KEY).await;
        app.deliver();
        app.advance(TimeDelta::minutes(1));
        app.deliver();
        let asked = resend.take();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].body, asked[1].body);
        assert_eq!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
    }
}
