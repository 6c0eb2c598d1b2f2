//! Every route and every kind of caller. A route that is in the table of `web/routes` and not in this one fails.

use reqwest::Method;

use crate::support::route_table::routed;
use crate::support::{Engine, TestApp};

/// Path, statuses of GET for: nobody, someone signed in, a key.
const ROUTES: &[(&str, u16, u16, u16)] = &[
    ("/", 303, 200, 303),
    ("/sign-up", 200, 303, 200),
    ("/sign-in", 200, 303, 200),
    ("/sign-in/confirm", 303, 200, 303),
    ("/sign-in/two-step", 303, 303, 303),
    ("/sign-in/passkey", 405, 405, 405),
    ("/sign-in/two-step/passkey", 405, 405, 405),
    ("/sign-in/confirm/passkey", 405, 405, 405),
    ("/sign-out", 405, 405, 405),
    ("/password/forgot", 200, 200, 200),
    ("/password/reset", 404, 404, 404),
    ("/email/verify", 404, 404, 404),
    ("/settings", 303, 303, 303),
    ("/settings/profile", 303, 200, 303),
    ("/settings/profile/cancel-email", 405, 405, 405),
    ("/settings/profile/close", 303, 200, 303),
    ("/settings/security", 303, 200, 303),
    ("/settings/notifications", 303, 200, 303),
    ("/unsubscribe", 404, 404, 404),
    ("/settings/security/password", 303, 200, 303),
    ("/settings/security/sessions", 303, 200, 303),
    ("/settings/security/two-step", 303, 200, 303),
    ("/settings/security/two-step/off", 303, 303, 303),
    ("/settings/security/recovery-codes", 303, 303, 303),
    ("/settings/security/recovery-codes/text", 405, 405, 405),
    ("/settings/security/passkeys", 303, 200, 303),
    ("/settings/security/passkeys/challenge", 405, 405, 405),
    ("/settings/security/passkeys/{id}", 303, 404, 303),
    ("/settings/security/passkeys/{id}/remove", 303, 404, 303),
    ("/settings/theme", 405, 405, 405),
    ("/settings/api", 303, 200, 303),
    ("/settings/api/new", 303, 200, 303),
    ("/settings/api/{id}", 303, 404, 303),
    ("/settings/api/{id}/deactivate", 303, 404, 303),
    ("/settings/api/{id}/delete", 303, 404, 303),
    ("/settings/api/{id}/rotate", 303, 404, 303),
    ("/settings/api/{id}/end-old-secret", 303, 404, 303),
    ("/settings/api/{id}/access", 303, 404, 303),
    ("/settings/api/{id}/integrations", 303, 404, 303),
    ("/settings/usage", 303, 200, 303),
    ("/settings/usage.csv", 303, 200, 303),
    ("/settings/integrations", 303, 200, 303),
    ("/settings/integrations/new", 303, 200, 303),
    ("/settings/integrations/{provider}", 303, 404, 303),
    ("/settings/integrations/{provider}/check", 405, 405, 405),
    ("/settings/integrations/{provider}/remove", 303, 404, 303),
    ("/settings/contacts", 303, 200, 303),
    ("/settings/contacts/new", 303, 200, 303),
    ("/settings/contacts/link", 303, 200, 303),
    ("/settings/contacts/link/confirm", 303, 404, 303),
    ("/settings/contacts/{handle}", 303, 404, 303),
    ("/settings/contacts/{handle}/unlink", 303, 404, 303),
    ("/settings/contacts/{handle}/delete", 303, 404, 303),
    ("/tickets", 303, 200, 303),
    ("/tickets/{number}", 303, 404, 303),
    ("/tickets/{number}/decision", 405, 405, 405),
    ("/tickets/{number}/withdraw", 405, 405, 405),
    ("/tickets/{number}/close", 405, 405, 405),
    ("/tickets/{number}/keep", 405, 405, 405),
    (
        "/tickets/{number}/files/{message}/{attachment}",
        303,
        404,
        303,
    ),
    ("/settings/audit", 303, 200, 303),
    ("/settings/audit.csv", 303, 200, 303),
    ("/downloads", 303, 200, 303),
    ("/downloads/{slug}", 303, 404, 303),
    ("/docs/api", 200, 200, 200),
    ("/assets/{name}", 404, 404, 404),
    ("/robots.txt", 200, 200, 200),
    ("/healthz", 200, 200, 200),
    ("/readyz", 200, 200, 200),
    ("/.well-known/change-password", 303, 303, 303),
    ("/.well-known/security.txt", 404, 404, 404),
    ("/api/openapi.json", 401, 200, 200),
];

/// Path, status of GET for an operator. Nobody is sent to sign in, and for everyone else there is nothing.
const OPERATOR: &[(&str, u16)] = &[
    ("/operator", 303),
    ("/operator/health", 200),
    ("/operator/configuration", 200),
    ("/operator/accounts", 200),
    ("/operator/accounts/{id}", 404),
    ("/operator/accounts/{id}/{act}", 404),
    ("/operator/accounts/{id}/keys/{key}/deactivate", 404),
    ("/operator/invitations", 200),
    ("/operator/integrations", 200),
    ("/operator/integrations/{provider}", 404),
    ("/operator/integrations/{provider}/check", 405),
    ("/operator/integrations/{provider}/access", 405),
    ("/operator/integrations/{provider}/remove", 404),
    ("/operator/mail", 200),
    ("/operator/mail/{id}", 404),
    ("/operator/mail/{id}/read", 404),
    ("/operator/mail/{id}/send-again", 404),
    ("/operator/tickets", 200),
    ("/operator/tickets/{number}", 404),
    (
        "/operator/tickets/{number}/files/{message}/{attachment}",
        404,
    ),
    ("/operator/reports", 200),
    ("/operator/reports/new", 200),
    ("/operator/reports/{slug}", 404),
    ("/operator/reports/{slug}/details", 405),
    ("/operator/reports/{slug}/edition", 405),
    ("/operator/reports/{slug}/remove", 404),
    ("/operator/reports/{slug}/ungrant/{id}", 404),
    ("/operator/organizations", 200),
    ("/operator/organizations/new", 200),
    ("/operator/organizations/{handle}", 404),
    ("/operator/networks", 200),
    ("/operator/networks/new", 200),
    ("/operator/networks/{handle}", 404),
    ("/operator/contacts", 200),
    ("/operator/contacts/{handle}", 404),
    ("/operator/contacts/{handle}/link", 404),
    ("/operator/contacts/{handle}/unlink/{id}", 404),
    ("/operator/registry", 200),
    ("/operator/registry/export.xml", 200),
    ("/operator/audit", 200),
    ("/operator/audit.csv", 200),
];

const API: &[(&str, u16)] = &[
    ("/api/v1/account", 200),
    ("/api/v1/key", 405),
    ("/api/v1/keys", 200),
    ("/api/v1/keys/{id}", 404),
    ("/api/v1/keys/{id}/rotate", 405),
    ("/api/v1/keys/{id}/usage", 404),
    ("/api/v1/contacts", 200),
    ("/api/v1/contacts/{handle}", 404),
    ("/api/v1/organizations", 200),
    ("/api/v1/organizations/{handle}", 404),
    ("/api/v1/reports", 200),
    ("/api/v1/reports/{slug}", 404),
    ("/public/rest/downloads/bulkwhois", 403),
    ("/public/secure/downloads/bulkwhois", 403),
    ("/public/rest/downloads/bulkwhois/{file}", 404),
    ("/public/rest/downloads/{slug}", 404),
    ("/api/v1/verify", 405),
    ("/api/v1/leaks", 405),
    ("/api/v1/leaks/github", 405),
];

#[test]
fn every_route_has_an_entry() {
    let mut routes = routed("page");
    routes.extend(routed("call"));
    assert!(routes.len() >= 120, "{routes:?}");
    for route in &routes {
        let known = ROUTES.iter().any(|(path, ..)| *path == route)
            || OPERATOR.iter().any(|(path, _)| *path == route)
            || API.iter().any(|(path, _)| *path == route);
        assert!(known, "{route} has no entry here");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_admits_whom_it_should() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let key = maren
        .create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")])
        .await;
    let program = app.program(key);
    let fill = |path: &str| {
        path.replace("{id}", "0000000000")
            .replace("{name}", "x.css")
            .replace("{key}", "0000000000")
            .replace("{act}", "disable")
            .replace("{handle}", "NOBODY1-KP")
            .replace("{number}", "20261122-X99")
            .replace("{message}", "1")
            .replace("{attachment}", "1")
    };
    let mut operator = app.operator("oona@example.com", "Oona").await;
    for &(path, anonymous, signed_in, keyed) in ROUTES {
        let path = fill(path);
        app.anonymous().get(&path).await.expect(anonymous);
        maren.get(&path).await.expect(signed_in);
        program.get(&path).await.expect(keyed);
    }
    for &(path, status) in OPERATOR {
        let path = fill(path);
        app.anonymous().get(&path).await.expect(303);
        maren.get(&path).await.expect(404);
        // Nor does another method tell that there is something.
        maren.post_raw(&path, &[], &[]).await.expect(404);
        program.get(&path).await.expect(303);
        operator.get(&path).await.expect(status);
    }
    for &(path, keyed) in API {
        // A report that does not exist is not there for anyone.
        let is_unknown = path.contains("{slug}") || path.contains("{file}");
        let path = fill(path);
        // A session is no key.
        let without_key = if keyed == 405 || is_unknown {
            keyed
        } else {
            401
        };
        app.anonymous().get(&path).await.expect(without_key);
        maren.get(&path).await.expect(without_key);
        program.get(&path).await.expect(keyed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_of_signed_in_people_do_nothing_for_others() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    for path in [
        "/sign-out",
        "/settings/profile",
        "/settings/notifications",
        "/settings/profile/cancel-email",
        "/settings/profile/close",
        "/settings/security/password",
        "/settings/security/sessions",
        "/sign-in/confirm/passkey",
        "/settings/security/two-step",
        "/settings/security/two-step/off",
        "/settings/security/recovery-codes",
        "/settings/security/recovery-codes/text",
        "/settings/security/passkeys",
        "/settings/security/passkeys/challenge",
        "/settings/security/passkeys/0000000000",
        "/settings/security/passkeys/0000000000/remove",
        "/settings/api/new",
        "/settings/api/0000000000",
        "/settings/api/0000000000/deactivate",
        "/settings/api/0000000000/delete",
        "/settings/api/0000000000/rotate",
        "/settings/api/0000000000/end-old-secret",
        "/settings/integrations/new",
        "/settings/integrations/openai",
        "/settings/integrations/openai/check",
        "/settings/integrations/openai/remove",
        "/operator/integrations/openai",
        "/operator/integrations/openai/check",
        "/operator/integrations/openai/access",
        "/operator/integrations/openai/remove",
        "/settings/contacts/new",
        "/settings/contacts/link",
        "/settings/contacts/link/confirm",
        "/tickets/20261122-X99",
        "/tickets/20261122-X99/decision",
        "/tickets/20261122-X99/withdraw",
        "/tickets/20261122-X99/close",
        "/tickets/20261122-X99/keep",
        "/operator/tickets/20261122-X99",
        "/settings/contacts/NOBODY1-KP",
        "/settings/contacts/NOBODY1-KP/unlink",
        "/settings/contacts/NOBODY1-KP/delete",
        "/operator/accounts/0000000000/disable",
        "/operator/accounts/0000000000/keys/0000000000/deactivate",
        "/operator/organizations/new",
        "/operator/networks/new",
        "/operator/contacts/NOBODY1-KP/link",
        "/operator/contacts/NOBODY1-KP/unlink/0000000000",
        "/operator/registry",
        "/operator/mail/0000000000/read",
        "/operator/mail/0000000000/send-again",
    ] {
        let answer = app.anonymous().post_raw(path, &[], &[]).await.expect(303);
        assert_eq!(answer.header("location"), "/sign-in?next=%2F", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut visitor = app.anonymous();
    for path in [
        "/",
        "/sign-in",
        "/nothing",
        "/api/v1/account",
        "/api/nothing",
        "/robots.txt",
    ] {
        let answer = visitor.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 20, "{path}");
    }
    let trace = visitor.send(Method::TRACE, "/sign-in", None, &[]).await;
    trace.expect(405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_cookies_are_host_bound_and_secure() {
    let app = TestApp::spawn_with(
        Engine::Sqlite,
        &[("KEYPORT_PUBLIC_URL", "https://keys.example")],
    )
    .await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    assert!(maren.cookies.contains_key("__Host-keyport"));
    let answer = maren.get("/sign-in").await;
    assert!(
        answer
            .header("strict-transport-security")
            .starts_with("max-age=63072000")
    );
    let mut visitor = app.anonymous();
    let opened = visitor.get("/sign-in").await;
    let cookie = opened.header("set-cookie");
    for part in [
        "__Host-keyport_form=",
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_has_inline_script_or_style() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    maren
        .create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")])
        .await;
    for path in [
        "/",
        "/settings/profile",
        "/settings/notifications",
        "/settings/profile/close",
        "/settings/security",
        "/settings/security/password",
        "/settings/security/sessions",
        "/settings/api",
        "/settings/api/new",
        "/settings/integrations",
        "/settings/integrations/new",
        "/settings/integrations/openai",
        "/settings/contacts",
        "/settings/contacts/new",
        "/settings/contacts/link",
        "/settings/contacts/link/confirm",
        "/tickets",
        "/settings/audit",
        "/password/forgot",
        "/email/verify",
        "/docs/api",
        "/nothing",
    ] {
        let answer = maren.get(path).await;
        let text = answer.text();
        for forbidden in [
            " style=\"",
            "<style",
            " onclick=",
            " onload=",
            " onsubmit=",
            "<script>",
            "\"data:",
        ] {
            assert!(!text.contains(forbidden), "{path} has {forbidden}");
        }
    }
}
