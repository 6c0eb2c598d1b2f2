//! What each mail says. The name of a key leads the subject.

mod registry;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::domain::mail::delivery::Outgoing;
use crate::domain::mail::{LeakFate, LinkToken, Mail, MailedKey, Place};
use crate::web::times::{Times, counted, grouped, until_words};

/// The one thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// Its words.
    pub label: &'static str,
    /// Where it leads, below the instance's address.
    pub path: String,
}

/// A mail in words, without its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The subject.
    pub subject: String,
    /// The first line.
    pub heading: String,
    /// What happened, and what it means.
    pub paragraphs: Vec<String>,
    /// Label and value.
    pub facts: Vec<(&'static str, String)>,
    /// The one thing to do.
    pub button: Option<Button>,
    /// What else there is to know, in small print.
    pub after: Vec<String>,
}

impl Words {
    /// With a subject that is the heading too.
    fn titled(title: impl Into<String>) -> Self {
        let title = title.into();
        Self {
            subject: title.clone(),
            heading: title,
            paragraphs: Vec::new(),
            facts: Vec::new(),
            button: None,
            after: Vec::new(),
        }
    }

    fn says(mut self, paragraph: impl Into<String>) -> Self {
        self.paragraphs.push(paragraph.into());
        self
    }

    fn fact(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.facts.push((label, value.into()));
        self
    }

    fn button(mut self, label: &'static str, path: impl Into<String>) -> Self {
        self.button = Some(Button {
            label,
            path: path.into(),
        });
        self
    }

    fn after(mut self, paragraph: impl Into<String>) -> Self {
        self.after.push(paragraph.into());
        self
    }

    /// When and where something was done.
    fn done(mut self, at: &str, place: &Place) -> Self {
        self = self.fact("When", at);
        if let Some(address) = &place.address {
            self = self.fact("From", address);
        }
        if let Some(client) = &place.client {
            self = self.fact("With", client);
        }
        self
    }

    /// The end of mails about an account's security.
    fn was_it_you(self) -> Self {
        self.button("Review security", SECURITY)
            .after("If this was not you, change your password now and sign out all other sessions.")
    }

    fn key(self, key: &MailedKey) -> Self {
        self.fact("Key", &key.prefix)
    }

    fn view_key(self, key: &MailedKey) -> Self {
        if key.is_deleted {
            return self.after("You deleted this key, so it has no page any more.");
        }
        self.button("View key", format!("{KEYS}/{}", key.id))
    }
}

const SECURITY: &str = "/settings/security";
const KEYS: &str = "/settings/api";
const IGNORE: &str =
    "If you did not ask for this, ignore this email. Nothing changes without the link.";

/// The words of a mail.
pub fn words(outgoing: &Outgoing<'_>, times: &Times, host: &str) -> Words {
    let at = times.full(outgoing.at).text;
    match outgoing.mail {
        Mail::VerifyEmail { .. }
        | Mail::AccountExists { .. }
        | Mail::Invitation { .. }
        | Mail::ResetPassword { .. }
        | Mail::ConfirmNewEmail { .. } => of_link(outgoing.mail, host),
        Mail::KeyCreated { .. }
        | Mail::KeyRotated { .. }
        | Mail::KeyDeactivated { .. }
        | Mail::KeyExpires { .. }
        | Mail::KeyExpired { .. }
        | Mail::DeadKeyUsed { .. }
        | Mail::KeyLeaked { .. } => of_key(outgoing, times, &at),
        mail => registry::words(mail, &at, host).unwrap_or_else(|| of_security(mail, &at, host)),
    }
}

fn link(path: &str, token: &LinkToken) -> String {
    // Tokens are base62 and need no encoding.
    format!("{path}{}", token.0.expose())
}

fn of_link(mail: &Mail, host: &str) -> Words {
    match mail {
        Mail::VerifyEmail { token } => Words::titled("Confirm your email")
            .says(format!(
                "Someone created an account at {host} with this address. Confirm that it is yours, then you can sign in."
            ))
            .button("Confirm email", link("/email/verify?token=", token))
            .after(IGNORE),
        Mail::AccountExists { is_change: true } => Words::titled("Your email stays yours")
            .says(format!(
                "Someone tried to change the email of another account at {host} to this address. Your account has it, and nothing was changed."
            ))
            .button("Sign in", "/sign-in")
            .after("If this was you, change the email of this account first, or close it. If not, ignore this email."),
        Mail::AccountExists { is_change: false } => Words::titled("You already have an account")
            .says(format!(
                "Someone tried to create an account at {host} with this address. There is one already, and nothing was changed."
            ))
            .button("Sign in", "/sign-in")
            .after("If you forgot your password, choose “Forgot password?” on that page. If this was not you, ignore this email."),
        Mail::Invitation { token, invited_by } => {
            Words::titled(format!("{invited_by} invites you to {host}"))
                .says(format!(
                    "Create an account at {host} to make and manage API keys. The link works once, for 7 days."
                ))
                .button("Create account", link("/sign-up?invitation=", token))
                .after("If you did not expect this, ignore this email.")
        }
        Mail::ResetPassword { token } => Words::titled("Reset your password")
            .says(format!("Choose a new password for your account at {host}. The link works once, and not for long."))
            .button("Choose a new password", link("/password/reset?token=", token))
            .after(IGNORE),
        Mail::ConfirmNewEmail { token } => Words::titled("Confirm your new email")
            .says(format!(
                "This address is to become the one that you sign in with at {host}. Until you confirm it, the old one stays."
            ))
            .button("Confirm email", link("/email/verify?token=", token))
            .after(IGNORE),
        _ => unreachable!("words() hands only mails with a link here"),
    }
}

fn of_security(mail: &Mail, at: &str, host: &str) -> Words {
    match mail {
        Mail::EmailChanged { new_email, place } => Words::titled("Your email was changed")
            .says(format!(
                "You sign in to {host} with {new_email} from now on. This address gets no more emails."
            ))
            .done(at, place)
            .after("If this was not you, tell the operator of this server at once."),
        Mail::NewSignIn { place } => Words::titled("New sign-in to your account")
            .says("Your account was signed in to from a device that it was not used with before.")
            .done(at, place)
            .was_it_you(),
        Mail::PasswordChanged { place } => Words::titled("Your password was changed")
            .says("Sessions that were signed in with the old one have ended.")
            .done(at, place)
            .button("Review security", SECURITY)
            .after("If this was not you, reset your password now and review your API keys."),
        Mail::TwoStepOn { place } => Words::titled("Two-step verification is on")
            .says("Signing in takes a code of your authenticator app from now on.")
            .done(at, place)
            .was_it_you(),
        Mail::TwoStepOff {
            place,
            operator: None,
        } => Words::titled("Two-step verification is off")
            .says("It was turned off. Your password alone is enough to sign in now.")
            .done(at, place)
            .was_it_you(),
        Mail::TwoStepOff {
            place,
            operator: Some(operator),
        } => Words::titled("Two-step verification was reset")
            .says(format!(
                "{operator}, an operator of this server, removed all that you had of an authenticator app, recovery codes and passkeys. Your password alone is enough to sign in now."
            ))
            .done(at, place)
            .button("Review security", SECURITY)
            .after("If you did not ask for this, change your password now, and tell the operator of this server."),
        Mail::RecoveryCodesReplaced { place } => Words::titled("You have new recovery codes")
            .says("The codes before them do not work any more.")
            .done(at, place)
            .was_it_you(),
        Mail::RecoveryCodeUsed { place, left } => {
            Words::titled("A recovery code was used")
                .says(match left {
                    0 => "It stood for a code of your authenticator app, and was the last one. Make new ones before you need them.".to_owned(),
                    left => format!("It stood for a code of your authenticator app, and does not work again. You have {} left.", counted(*left, "code")),
                })
                .done(at, place)
                .was_it_you()
        }
        Mail::PasskeyAdded { name, place } => Words::titled(format!("Passkey “{name}” was added"))
            .says("It can be used to sign in to your account.")
            .done(at, place)
            .was_it_you(),
        Mail::PasskeyRemoved { name, place } => {
            Words::titled(format!("Passkey “{name}” was removed"))
                .says("It cannot be used to sign in any more.")
                .done(at, place)
                .was_it_you()
        }
        Mail::AccountClosed { place } => Words::titled("Your account was closed")
            .says(format!(
                "Your account at {host} is closed. Its API keys stopped working, and no one can sign in to it."
            ))
            .done(at, place)
            .after("If this was not you, tell the operator of this server at once."),
        _ => unreachable!("words() hands other mails elsewhere"),
    }
}

fn of_key(outgoing: &Outgoing<'_>, times: &Times, at: &str) -> Words {
    match outgoing.mail {
        Mail::KeyCreated {
            key,
            by,
            place,
            stands_for_hour,
        } => {
            let words = Words::titled(format!("{} was created", key.name))
                .says(format!("This API key was created by {by}."))
                .key(key)
                .done(at, place)
                .view_key(key)
                .after("If you do not know this key, deactivate it, and review your other keys.");
            if *stands_for_hour {
                words.after("Further keys that programs create in this hour are only in the audit log.")
            } else {
                words
            }
        }
        Mail::KeyRotated { key, by, place } => Words::titled(format!("{} was rotated", key.name))
            .says(format!(
                "This API key was rotated by {by} and has a new secret. Its page says how long the old one still works."
            ))
            .key(key)
            .done(at, place)
            .view_key(key)
            .after("If you do not know why, deactivate the key."),
        Mail::KeyDeactivated { key, by, place } => {
            Words::titled(format!("{} was deactivated", key.name))
                .says(format!(
                    "This API key was deactivated by {by}. Anything still using it gets 401 Unauthorized."
                ))
                .key(key)
                .done(at, place)
                .view_key(key)
        }
        Mail::KeyExpires { key, at_ms, .. } => {
            expires(key, Timestamp::from_millis(*at_ms), outgoing.at, times)
        }
        Mail::KeyExpired { key, at_ms } => {
            expired(key, &times.full(Timestamp::from_millis(*at_ms)).text)
        }
        Mail::DeadKeyUsed {
            key,
            attempts,
            place,
        } => {
            let often = match attempts {
                1 => "once".to_owned(),
                attempts => format!("{} times", grouped(*attempts)),
            };
            let mut words = Words::titled(format!("{}: something still uses a dead secret", key.name))
                .says(format!(
                    "A true secret of this API key that no longer works was presented {often}. If that is not a job you know, someone else has the key."
                ))
                .key(key)
                .fact("Last", at);
            if let Some(address) = &place.address {
                words = words.fact("From", address);
            }
            if let Some(client) = &place.client {
                words = words.fact("With", client);
            }
            words.view_key(key).after(if key.is_deleted {
                "You get this at most once a day for each key."
            } else {
                "You get this at most once a day for each key. Further attempts are on the key’s page."
            })
        }
        Mail::KeyLeaked {
            fate,
            key,
            url,
            source,
        } => leaked(*fate, key, url.as_deref(), source, at),
        _ => unreachable!("words() hands other mails elsewhere"),
    }
}

fn leaked(fate: LeakFate, key: &MailedKey, url: Option<&str>, source: &str, at: &str) -> Words {
    let name = &key.name;
    let words = match fate {
        LeakFate::Deactivated => Words::titled(format!("{name} was found in public"))
            .says("This API key was reported as found in public, so it was deactivated. Anything still using it gets 401 Unauthorized.")
            .says("Create a new key, and remove the old one from where it was found."),
        LeakFate::OldSecretEnded => Words::titled(format!("An old secret of {name} was found in public"))
            .says("A secret that this API key had before it was rotated was reported as found in public. That secret no longer works. The key works on with its newer secret, which was not reported.")
            .says("Remove the old secret from where it was found. If the newer one may be in the same place, rotate the key again."),
        LeakFate::WasDeactivated | LeakFate::HadExpired => {
            let how = match fate {
                LeakFate::HadExpired => "It had expired before",
                _ => "It had been deactivated before",
            };
            Words::titled(format!("{name} was found in public"))
                .says(format!("This API key was reported as found in public. {how}, so nothing was changed and no one can use it."))
                .says("Remove it from where it was found. If other keys may be in the same place, rotate them.")
        }
    };
    let words = words.key(key).fact("When", at).fact("Reported by", source);
    match url {
        Some(url) => words.fact("Found at", url),
        None => words,
    }
    .view_key(key)
}

/// What a reminder says: how long it truly is until then, which after downtime is less than the step's days.
fn expires(key: &MailedKey, end: Timestamp, now: Timestamp, times: &Times) -> Words {
    let left = end - now;
    let end_text = times.full(end).text;
    if left <= TimeDelta::zero() {
        return expired(key, &end_text);
    }
    // A reminder is queued within a minute of its step: then it is 7 days, not 6 days and 23 hours.
    let days = (left + TimeDelta::minutes(30)).num_days();
    let left = match days {
        0 => until_words(left),
        days => counted(days, "day"),
    };
    Words::titled(format!("{} expires in {left}", key.name))
        .says(format!(
            "Switch to a new key before {end_text}. After that, requests with this one get 401 Unauthorized."
        ))
        .key(key)
        .fact("Expires", end_text)
        .view_key(key)
        .after("You cannot move the end of a key. Create a replacement, put it where the old one is used, then deactivate the old one.")
}

fn expired(key: &MailedKey, end: &str) -> Words {
    Words::titled(format!("{} has expired", key.name))
        .says("Requests with this API key get 401 Unauthorized. Create a new key if it is still needed.")
        .key(key)
        .fact("Expired", end)
        .view_key(key)
}
