//! People with authenticator apps and passkeys.

use keyport::clock::Timestamp;
use serde_json::Value;

use super::actors::{Answer, Person};
use super::app::TestApp;
use super::authenticator::Authenticator;
use super::html::Page;

const TWO_STEP: &str = "/settings/security/two-step";
const PASSKEYS: &str = "/settings/security/passkeys";

/// An authenticator app, by another implementation than the server's.
#[derive(Clone)]
pub struct App(Vec<u8>);

impl App {
    /// Types the setup key of a page in.
    pub fn set_up(page: &Page) -> Self {
        Self::of_key(&page.words("#setup-key"))
    }

    /// Types this setup key in.
    pub fn of_key(key: &str) -> Self {
        let key = key.replace(' ', "");
        let (mut bits, mut buffer, mut secret) = (0u32, 0u32, Vec::new());
        for digit in key.bytes() {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'2'..=b'7' => digit - b'2' + 26,
                other => panic!("{other} is no digit of base32"),
            };
            buffer = (buffer << 5) | u32::from(value);
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                secret.push(u8::try_from((buffer >> bits) & 0xff).unwrap());
            }
        }
        assert_eq!(secret.len(), 20, "160 bits");
        Self(secret)
    }

    /// What it shows at this instant, if its clock is right.
    pub fn code(&self, now: Timestamp) -> String {
        self.code_later(now, 0)
    }

    /// What it shows so many seconds later, or earlier.
    pub fn code_later(&self, now: Timestamp, seconds: i64) -> String {
        let second = u64::try_from(now.as_millis() / 1000 + seconds).unwrap();
        totp_lite::totp_custom::<totp_lite::Sha1>(30, 6, &self.0, second)
    }
}

/// Turns two-step verification on; returns the app and the recovery codes.
pub async fn turn_on(app: &TestApp, person: &mut Person) -> (App, Vec<String>) {
    let opened = person.get(TWO_STEP).await.expect(200);
    let phone = App::set_up(&opened.page);
    let code = phone.code(app.now());
    let shown = person
        .send_form(&opened, TWO_STEP, &[("code", &code)])
        .await
        .expect(200);
    (phone, shown.page.all("#recovery-codes span"))
}

/// Types email and password; the second step is what comes next.
pub async fn begin_sign_in(app: &TestApp, email: &str) -> Person {
    let mut person = app.anonymous();
    let next = "/settings/api?q=a";
    let fields = [
        ("email", email),
        ("password", super::app::PASSWORD),
        ("next", next),
    ];
    let answer = person
        .fill_in("/sign-in", "/sign-in", &fields)
        .await
        .expect(303);
    assert_eq!(
        answer.header("location"),
        "/sign-in/two-step?next=%2Fsettings%2Fapi%3Fq%3Da"
    );
    person
}

/// Types a code as second step.
pub async fn enter(person: &mut Person, code: &str) -> Answer {
    let path = "/sign-in/two-step";
    person.fill_in(path, path, &[("code", code)]).await
}

/// Adds a passkey.
pub async fn add_passkey(person: &mut Person, key: &mut Authenticator, name: &str) -> Answer {
    let opened = person.get(PASSKEYS).await.expect(200);
    let challenge = challenge(person, &opened, &format!("{PASSKEYS}/challenge")).await;
    let credential = key.create(&challenge["options"]);
    let ceremony = challenge["ceremony"].as_str().unwrap();
    let fields = [
        ("name", name),
        ("ceremony", ceremony),
        ("credential", credential.as_str()),
    ];
    person.send_form(&opened, PASSKEYS, &fields).await
}

/// Has the page's challenge answered by the passkey.
pub async fn use_passkey(person: &mut Person, key: &mut Authenticator, path: &str) -> Answer {
    let opened = person.get(path).await.expect(200);
    let challenge = challenge(person, &opened, &format!("{path}/passkey")).await;
    let credential = key.get(&challenge["options"]);
    let ceremony = challenge["ceremony"].as_str().unwrap();
    let fields = [
        ("ceremony", ceremony),
        ("credential", credential.as_str()),
        ("next", "/settings/api"),
    ];
    person.send_form(&opened, path, &fields).await
}

/// As [`use_passkey`], where signing in begins.
pub async fn sign_in_with(person: &mut Person, key: &mut Authenticator) -> Answer {
    use_passkey(person, key, "/sign-in").await
}

/// A challenge of the page.
pub async fn challenge(person: &mut Person, opened: &Answer, path: &str) -> Value {
    let token = opened.page.attribute("input[name=form_token]", "value");
    let answer = person
        .post_raw(path, &[("form_token", &token)], &[])
        .await
        .expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}
