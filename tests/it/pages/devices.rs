//! Sign-ins from browsers that are new.

use crate::on_both_engines;
use crate::support::app::PASSWORD;

on_both_engines! {
    async fn a_sign_in_from_a_new_browser_is_told_by_mail_once(app) {
        let maren = app.person("maren@example.com", "Maren").await;
        assert!(app.mails().is_empty(), "the first browser is no news");
        let device = maren.cookies["keyport_device"].clone();
        let mut again = app.anonymous();
        again.cookies.insert("keyport_device".to_owned(), device.clone());
        again.sign_in("maren@example.com", PASSWORD).await;
        assert_eq!(again.cookies["keyport_device"], device);
        assert!(app.mails().is_empty());
        let mut other = app.anonymous();
        other.sign_in("maren@example.com", PASSWORD).await;
        assert_eq!(app.mail_kinds("maren@example.com"), ["new_sign_in"]);
        assert_ne!(other.cookies["keyport_device"], device);
        other.sign_in_again("maren@example.com").await;
        // Cookies were cleared: that is a new browser.
        assert_eq!(app.mail_kinds("maren@example.com").len(), 2);
        // What this browser is to one account it is not to another.
        app.account("ben@example.com", "Ben");
        app.anonymous().sign_in("ben@example.com", PASSWORD).await;
        let mut ben = app.anonymous();
        ben.cookies.insert("keyport_device".to_owned(), device.clone());
        ben.sign_in("ben@example.com", PASSWORD).await;
        assert_eq!(app.mail_kinds("ben@example.com"), ["new_sign_in"]);
        // Both know this browser from now on, each by a value of its own.
        for email in ["ben@example.com", "maren@example.com"] {
            let before = (app.mail_kinds(email).len(), ben.cookies["keyport_device"].clone());
            ben.cookies.remove("keyport");
            ben.sign_in(email, PASSWORD).await;
            assert_eq!((app.mail_kinds(email).len(), ben.cookies["keyport_device"].clone()), before);
        }
        let stored = app.text("SELECT CAST(COUNT(DISTINCT token_digest) AS TEXT) AS text FROM known_devices");
        assert_eq!(stored, "5");
    }
}

on_both_engines! {
    async fn a_value_that_someone_planted_is_never_taken_for_a_known_browser(app) {
        app.person("maren@example.com", "Maren").await;
        // The one who plants it has it from a sign-in of their own, or made it up.
        let mallory = app.person("mallory@example.com", "Mallory").await;
        let made_up = "A".repeat(43);
        for (number, planted) in [mallory.cookies["keyport_device"].clone(), made_up].into_iter().enumerate() {
            let mut victim = app.anonymous();
            victim.cookies.insert("keyport_device".to_owned(), planted.clone());
            victim.sign_in("maren@example.com", PASSWORD).await;
            assert_ne!(victim.cookies["keyport_device"], planted);
            assert_eq!(app.mail_kinds("maren@example.com").len(), 2 * number + 1);
            let mut thief = app.anonymous();
            thief.cookies.insert("keyport_device".to_owned(), planted);
            thief.sign_in("maren@example.com", PASSWORD).await;
            assert_eq!(app.mail_kinds("maren@example.com").len(), 2 * number + 2, "the thief is told of");
        }
    }
}

on_both_engines! {
    with [("KEYPORT_PUBLIC_URL", "https://keys.example")],
    async fn the_cookie_lives_long_and_is_of_no_use_for_signing_in(app) {
        app.account("maren@example.com", "Maren");
        let mut maren = app.anonymous();
        let opened = maren.get("/sign-in").await;
        let fields = [("email", "maren@example.com"), ("password", PASSWORD), ("next", "/")];
        let answer = maren.send_form(&opened, "/sign-in", &fields).await.expect(303);
        let cookie = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap())
            .find(|text| text.starts_with("__Host-keyport_device="))
            .unwrap()
            .to_owned();
        for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=34560000"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        maren.cookies.remove("__Host-keyport");
        maren.get("/settings/security").await.expect(303);
    }
}
