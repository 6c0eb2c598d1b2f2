//! What `keyport check`, and a start, say of the settings for mail.

use crate::support::command::{assert_fails, keyport};
use crate::support::mail::{FakeResend, Mood, SmtpServer};

fn check(settings: &[(&str, &str)]) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    keyport(folder.path(), settings, &["check"])
}

#[track_caller]
fn assert_says(settings: &[(&str, &str)], words: &str) {
    let output = check(settings);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(words), "“{words}” is not in: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_asks_the_smtp_server() {
    assert_says(&[], "mail: not set up on this server");
    let server = SmtpServer::spawn().await;
    let url = server.url();
    let settings = [("SMTP_URL", url.as_str())];
    assert_says(&settings, "mail: ok, through the SMTP server 127.0.0.1:");
    server.expect(&[Mood::RefuseLogin("535 wrong password")]);
    assert_fails(&check(&settings), &["mail: ", "(535): wrong password"]);
    // The server offers no encryption, and nothing is sent without if it is asked for.
    let encrypted = format!("{url}?tls=required");
    assert_fails(
        &check(&[("SMTP_URL", &encrypted)]),
        &["cannot be used", "STARTTLS"],
    );
    drop(server);
    assert_fails(&check(&settings), &["cannot be used", "refused"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_asks_resend_whether_it_knows_the_key() {
    let resend = FakeResend::spawn().await;
    let url = resend.url();
    let settings = [
        ("RESEND_API_KEY", "re_hunter22"),
        ("KEYPORT_MAIL_RESEND_BASE_URL", url.as_str()),
    ];
    assert_says(&settings, "mail: ok, through Resend at 127.0.0.1:");
    resend.expect(&[(401, r#"{"name":"restricted_api_key"}"#)]);
    assert_says(&settings, "mail: ok");
    resend.expect(&[(
        400,
        r#"{"name":"validation_error","message":"API key is invalid"}"#,
    )]);
    assert_fails(&check(&settings), &["mail: ", "400", "API key is invalid"]);
    drop(resend);
    assert_fails(&check(&settings), &["mail: ", "cannot be reached"]);
}

#[test]
fn bad_settings_stop_the_start_and_are_named() {
    for (settings, words) in [
        (
            [("SMTP_URL", "mail.example"), ("BRAND", "")],
            "smtp_url (SMTP_URL)",
        ),
        (
            [("RESEND_API_KEY", ""), ("BRAND", "")],
            "resend_api_key (RESEND_API_KEY)",
        ),
        (
            [("RESEND_API_KEY", "re_1"), ("SMTP_URL", "smtp://h")],
            "keep one of the two",
        ),
        (
            [("KEYPORT_MAIL_FROM", "nobody"), ("BRAND", "")],
            "mail_from (KEYPORT_MAIL_FROM)",
        ),
        (
            [
                ("KEYPORT_MAIL_RESEND_BASE_URL", "http://resend.example"),
                ("BRAND", ""),
            ],
            "mail.resend_base_url (KEYPORT_MAIL_RESEND_BASE_URL)",
        ),
    ] {
        assert_fails(&check(&settings), &[words]);
    }
}
