//! Texts with a NUL, which PostgreSQL does not take: they match nothing, and are refused where they would be stored.

use reqwest::Method;
use serde_json::json;

use crate::on_both_engines;
use crate::support::app::PASSWORD;

const KEY: [(&str, &str); 8] = [
    ("name", "CI"),
    ("expires_in", "90d"),
    ("access", "chosen"),
    ("scope", "keys:read"),
    ("scope", "keys:write"),
    ("scope", "usage:read"),
    ("scope", "registry:read"),
    ("scope", "registry:write"),
];

on_both_engines! {
    async fn a_nul_in_a_text_matches_nothing_and_breaks_nothing(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let program = app.program(oona.create_key(&KEY).await);
        for path in [
            "/settings/api?q=%00", "/settings/api?q=C%00I&after=%00", "/settings/api/%00", "/settings/api/new?from=%00",
            "/settings/audit?action=%00&cursor=%00&q=%00", "/settings/audit.csv?action=%00", "/settings/usage?key=%00&range=%00",
            "/settings/contacts?q=%00", "/settings/contacts/%00", "/settings/contacts/link?handle=%00",
            "/settings/contacts/link/confirm?token=%00", "/settings/tickets?q=%00&type=%00&status=%00", "/settings/tickets/%00",
            "/settings/profile?email=a%00b%40x.com", "/settings/security/passkeys/%00",
            "/operator/accounts?q=%00&cursor=a%00", "/operator/accounts/%00", "/operator/accounts/%00/disable",
            "/operator/mail?state=%00&after=%00", "/operator/mail/%00", "/operator/tickets?type=%00&status=%00&q=%00",
            "/operator/tickets/%00", "/operator/audit?account=%00&action=%00&cursor=%00", "/operator/audit.csv?account=%00",
            "/email/verify?token=%00", "/password/reset?token=%00", "/sign-up?invitation=%00", "/sign-in?next=%00",
            "/unsubscribe?account=%00&kind=%00&signature=%00",
        ] {
            let answer = oona.get(path).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.text());
        }
        for (path, status) in [("/settings/api?q=%00", 200), ("/operator/accounts?q=%00", 200)] {
            let found = oona.get(path).await.expect(status);
            assert!(found.page.rows("tbody tr").is_empty(), "{path} finds something");
        }
        for path in [
            "/api/v1/keys/%00", "/api/v1/keys?cursor=%00", "/api/v1/keys/%00/usage?from=%00", "/api/v1/contacts/%00",
            "/api/v1/contacts?cursor=%00", "/api/v1/organizations/%00", "/rest/poc/%00", "/rest/org/%00", "/rest/net/%00",
            "/rest/customer/%00", "/rest/ticket/%00", "/rest/ticket;ticketType=%00;ticketStatus=%00",
            "/rest/net/parentNet/%00/%00", "/rest/report/reassignment/%00", "/public/%00",
        ] {
            let answer = program.get(path).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.text());
        }
        let body = json!({"name": "a\0b", "expires_in": "30d"});
        program.post("/api/v1/keys", &body).await.expect_problem(422, "invalid_field");
        let delete = program.send(Method::DELETE, "/rest/poc/KP1-KP/email/a%00b@x.com", None, &[]).await;
        assert!(delete.status.is_client_error());
        let document = "<poc xmlns='http://www.arin.net/regrws/core/v1'><lastName>a\0</lastName></poc>";
        let sent = reqwest::Client::new()
            .post(program.url("/rest/poc"))
            .header("x-api-key", &program.key)
            .header("content-type", "application/xml")
            .body(document)
            .send();
        assert_eq!(sent.await.unwrap().status(), 400);
    }
}

on_both_engines! {
    async fn a_nul_in_a_form_is_a_wrong_value_and_no_failure(app) {
        app.account("maren@example.com", "Maren");
        for email in ["a\0b@x.com", "\0", "maren@example.com\0"] {
            let fields = [("email", email), ("password", PASSWORD), ("next", "/")];
            let refused = app.anonymous().fill_in("/sign-in", "/sign-in", &fields).await.expect(422);
            assert_eq!(refused.page.words("[role=alert] strong"), "Email or password is wrong.");
        }
        let mut maren = app.anonymous();
        maren.sign_in("maren@example.com", PASSWORD).await;
        let path = "/settings/api/new";
        let fields = [("name", "a\0b"), ("expires_in", "90d"), ("access", "all")];
        maren.fill_in(path, path, &fields).await.expect(422);
        for path in ["/settings/security/sessions", "/settings/contacts/link"] {
            let fields = [("id", "\0"), ("handle", "\0"), ("form_token", "\0")];
            let answer = maren.post_raw(path, &fields, &[]).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.text());
        }
    }
}
