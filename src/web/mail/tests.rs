use super::*;
use crate::clock::Timestamp;
use crate::config::SignUp;
use crate::domain::accounts::Account;
use crate::domain::mail::{
    LeakFate, LinkToken, Mail, MailedAccount, MailedContact, MailedKey, Place,
};
use crate::secret::Secret;
use url::Url;

fn key() -> MailedKey {
    MailedKey {
        id: "Zx5bTn0vGf".to_owned(),
        prefix: "kp_Zx5bTn0vGf".to_owned(),
        name: "<b>CI</b> & \"deploy\"".to_owned(),
        is_deleted: false,
    }
}

fn place() -> Place {
    Place {
        address: Some("203.0.113.9".to_owned()),
        client: Some("<i>curl".to_owned()),
    }
}

fn contact() -> MailedContact {
    MailedContact {
        handle: "NO1-KP".to_owned(),
        name: "<b>CI operations".to_owned(),
    }
}

fn requester() -> MailedAccount {
    MailedAccount {
        name: "Ines".to_owned(),
        email: "ines@example.com".to_owned(),
    }
}

/// Every mail about contacts and tickets with its subject.
fn registry_samples() -> Vec<(Mail, &'static str)> {
    let (ticket, about) = ("20261122-X3".to_owned(), "Associations report".to_owned());
    let report = |is_ready| Mail::ReportReady {
        ticket: "20261122-X3".to_owned(),
        about: "associations report".to_owned(),
        is_ready,
    };
    vec![
        (
            Mail::LinkConfirm {
                token: LinkToken(Secret::new("tokenABC123".to_owned())),
                contact: contact(),
                account: requester(),
                hours: 24,
            },
            "Link NO1-KP to an account?",
        ),
        (
            Mail::LinkAsked {
                contact: contact(),
                account: requester(),
                ticket: ticket.clone(),
            },
            "Ines asks to be linked to NO1-KP",
        ),
        (
            Mail::LinkDecided {
                contact: contact(),
                account: requester(),
                ticket: ticket.clone(),
                is_approved: false,
                by: "Maren".to_owned(),
                reason: Some("<i>curl".to_owned()),
            },
            "The request to link NO1-KP was denied",
        ),
        (
            Mail::Linked {
                contact: contact(),
                account: requester(),
                by: "Ines".to_owned(),
                place: place(),
            },
            "NO1-KP was linked to an account",
        ),
        (
            Mail::Unlinked {
                contact: contact(),
                account: requester(),
                by: "Ines".to_owned(),
                place: place(),
            },
            "NO1-KP was unlinked from an account",
        ),
        (
            Mail::TicketChanged {
                ticket,
                about,
                status: "Resolved, denied".to_owned(),
                reason: Some("<i>curl".to_owned()),
            },
            "20261122-X3: Resolved, denied",
        ),
        (report(true), "Your associations report is ready"),
        (
            report(false),
            "Your associations report could not be prepared",
        ),
    ]
}

/// Every mail with its subject.
fn samples() -> Vec<(Mail, &'static str)> {
    let mut samples = account_samples();
    samples.extend(registry_samples());
    samples
}

/// Every mail about accounts and keys with its subject.
fn account_samples() -> Vec<(Mail, &'static str)> {
    let token = || LinkToken(Secret::new("tokenABC123".to_owned()));
    let (by, name) = (|| "Maren".to_owned(), || "Phone".to_owned());
    let day = 86_400_000;
    let at_ms = AT.as_millis() + 7 * day - 30_000;
    vec![
        (Mail::VerifyEmail { token: token() }, "Confirm your email"),
        (
            Mail::AccountExists { is_change: false },
            "You already have an account",
        ),
        (
            Mail::AccountExists { is_change: true },
            "Your email stays yours",
        ),
        (
            Mail::Invitation {
                token: token(),
                invited_by: "Ines".to_owned(),
            },
            "Ines invites you to keys.example",
        ),
        (
            Mail::ResetPassword { token: token() },
            "Reset your password",
        ),
        (
            Mail::ConfirmNewEmail { token: token() },
            "Confirm your new email",
        ),
        (
            Mail::EmailChanged {
                new_email: "new@example.com".to_owned(),
                place: place(),
            },
            "Your email was changed",
        ),
        (
            Mail::NewSignIn { place: place() },
            "New sign-in to your account",
        ),
        (
            Mail::PasswordChanged { place: place() },
            "Your password was changed",
        ),
        (
            Mail::TwoStepOn { place: place() },
            "Two-step verification is on",
        ),
        (
            Mail::TwoStepOff {
                place: place(),
                operator: None,
            },
            "Two-step verification is off",
        ),
        (
            Mail::TwoStepOff {
                place: place(),
                operator: Some("Ines".to_owned()),
            },
            "Two-step verification was reset",
        ),
        (
            Mail::RecoveryCodesReplaced { place: place() },
            "You have new recovery codes",
        ),
        (
            Mail::RecoveryCodeUsed {
                place: place(),
                left: 1,
            },
            "A recovery code was used",
        ),
        (
            Mail::PasskeyAdded {
                name: name(),
                place: place(),
            },
            "Passkey “Phone” was added",
        ),
        (
            Mail::PasskeyRemoved {
                name: name(),
                place: place(),
            },
            "Passkey “Phone” was removed",
        ),
        (
            Mail::AccountClosed { place: place() },
            "Your account was closed",
        ),
        (
            Mail::KeyCreated {
                key: key(),
                by: by(),
                place: place(),
                stands_for_hour: true,
            },
            "<b>CI</b> & \"deploy\" was created",
        ),
        (
            Mail::KeyRotated {
                key: key(),
                by: by(),
                place: place(),
            },
            "<b>CI</b> & \"deploy\" was rotated",
        ),
        (
            Mail::KeyDeactivated {
                key: key(),
                by: by(),
                place: place(),
            },
            "<b>CI</b> & \"deploy\" was deactivated",
        ),
        (
            Mail::KeyExpires {
                key: key(),
                days: 7,
                at_ms,
            },
            "<b>CI</b> & \"deploy\" expires in 7 days",
        ),
        (
            Mail::KeyExpired { key: key(), at_ms },
            "<b>CI</b> & \"deploy\" has expired",
        ),
        (
            Mail::DeadKeyUsed {
                key: key(),
                attempts: 24,
                place: place(),
            },
            "<b>CI</b> & \"deploy\": something still uses a dead secret",
        ),
        (
            Mail::KeyLeaked {
                fate: LeakFate::Deactivated,
                key: key(),
                url: Some("https://forge.example/leak?a=b&c".to_owned()),
                source: "GitHub".to_owned(),
            },
            "<b>CI</b> & \"deploy\" was found in public",
        ),
        (
            Mail::KeyLeaked {
                fate: LeakFate::OldSecretEnded,
                key: key(),
                url: None,
                source: "GitHub".to_owned(),
            },
            "An old secret of <b>CI</b> & \"deploy\" was found in public",
        ),
    ]
}

/// 2026-11-22T18:31:00Z.
const AT: Timestamp = Timestamp::from_millis(1_795_372_260_000);

fn stationery() -> Stationery {
    let secret = "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned();
    Stationery::new(
        Arc::new(Site {
            public_url: Url::parse("https://keys.example").unwrap(),
            sign_up: SignUp::Open,
            security_contact: None,
            mail_way: None,
            has_mail: true,
        }),
        InstanceSecrets::parse(&Secret::new(secret)).unwrap(),
    )
}

fn account(time_zone: chrono_tz::Tz) -> Account {
    Account {
        id: "0000000001".parse().unwrap(),
        email: "maren@example.com".to_owned(),
        name: "Maren".to_owned(),
        time_zone,
        password_set_at: None,
        is_operator: false,
        closed_at: None,
        unverified_since: None,
        disabled_at: None,
        created_at: AT,
    }
}

fn write(mail: &Mail, account: Option<&Account>) -> Letter {
    let outgoing = Outgoing {
        mail,
        account,
        at: AT,
    };
    stationery().write(&outgoing).unwrap()
}

#[test]
fn every_mail_has_a_subject_a_text_and_the_same_as_html() {
    let account = account(chrono_tz::Tz::UTC);
    for (mail, subject) in samples() {
        let Letter {
            subject: written,
            text,
            html,
            ..
        } = write(&mail, Some(&account));
        assert_eq!(written, subject);
        assert!(text.len() > 100 && html.len() > 1_000, "{subject}");
        for part in ["<b>CI", "<i>curl", "& \"deploy"] {
            assert!(!html.contains(part), "{subject}: {part} is not escaped");
        }
        for (source, body) in [("text", &text), ("html", &html)] {
            assert!(!body.contains("{{") && !body.contains("None"), "{source}");
        }
        // Every link is in both, leads here, and loads nothing.
        for link in html.split("href=\"").skip(1) {
            let link = link.split('"').next().unwrap().replace("&#38;", "&");
            assert!(link.starts_with("https://keys.example/"), "{link}");
            assert!(text.contains(&link), "{subject}: {link} is not in the text");
        }
        for remote in ["src=", "url(", "@import", "<link", "<script", "<img"] {
            assert!(!html.contains(remote), "{subject} has {remote}");
        }
    }
}

#[test]
fn links_lead_to_their_pages() {
    let text = |mail: Mail| write(&mail, None).text;
    let token = || LinkToken(Secret::new("tokenABC123".to_owned()));
    for (mail, link) in [
        (Mail::VerifyEmail { token: token() }, "/email/verify?token="),
        (
            Mail::ResetPassword { token: token() },
            "/password/reset?token=",
        ),
        (
            Mail::Invitation {
                token: token(),
                invited_by: "Ines".to_owned(),
            },
            "/sign-up?invitation=",
        ),
        (
            Mail::LinkConfirm {
                token: token(),
                contact: contact(),
                account: requester(),
                hours: 24,
            },
            "/settings/contacts/link/confirm?token=",
        ),
    ] {
        let link = format!("https://keys.example{link}tokenABC123\n");
        assert!(text(mail).contains(&link), "{link}");
    }
    let expired = Mail::KeyExpired {
        key: key(),
        at_ms: 0,
    };
    assert!(text(expired).contains("https://keys.example/settings/api/Zx5bTn0vGf\n"));
}

#[test]
fn only_mails_that_can_be_turned_off_have_the_link_for_it() {
    let account = account(chrono_tz::Tz::UTC);
    for (mail, subject) in samples() {
        let letter = write(&mail, Some(&account));
        assert_eq!(
            letter.unsubscribe.is_some(),
            mail.is_optional(),
            "{subject}"
        );
        assert_eq!(write(&mail, None).unsubscribe, None, "{subject}");
    }
}

#[test]
fn times_are_those_of_the_account() {
    let berlin = account(chrono_tz::Tz::Europe__Berlin);
    let mail = Mail::NewSignIn { place: place() };
    let in_berlin = write(&mail, Some(&berlin)).text;
    assert!(
        in_berlin.contains("When: 22 Nov 2026, 19:31 CET"),
        "{in_berlin}"
    );
    assert!(write(&mail, None).text.contains("18:31 UTC"));
}

#[test]
fn a_reminder_after_downtime_says_how_long_it_really_is() {
    let hour = 3_600_000;
    for (hours, words) in [
        (30 * 24, "30 days"),
        (22 * 24 + 3, "22 days"),
        (24, "1 day"),
        (5, "5 hours"),
    ] {
        let at_ms = AT.as_millis() + hours * hour;
        let mail = Mail::KeyExpires {
            key: key(),
            days: 30,
            at_ms,
        };
        let subject = write(&mail, None).subject;
        assert!(
            subject.ends_with(&format!("expires in {words}")),
            "{subject}"
        );
    }
}

#[test]
fn a_mail_about_a_leak_says_deactivated_only_of_a_key_that_it_deactivated() {
    let text = |fate| {
        let mail = Mail::KeyLeaked {
            fate,
            key: key(),
            url: None,
            source: "GitHub".to_owned(),
        };
        write(&mail, None).text
    };
    for (fate, said) in [
        (LeakFate::Deactivated, "so it was deactivated"),
        (
            LeakFate::OldSecretEnded,
            "The key works on with its newer secret",
        ),
        (LeakFate::WasDeactivated, "It had been deactivated before"),
        (LeakFate::HadExpired, "It had expired before"),
    ] {
        let text = text(fate).replace('\n', " ");
        assert!(text.contains(said), "{text}");
        assert_eq!(
            text.contains("so it was deactivated"),
            fate == LeakFate::Deactivated
        );
    }
}

#[test]
fn a_mail_about_a_deleted_key_names_no_page() {
    let deleted = || MailedKey {
        is_deleted: true,
        ..key()
    };
    let leaked = Mail::KeyLeaked {
        fate: LeakFate::WasDeactivated,
        key: deleted(),
        url: None,
        source: "GitHub".to_owned(),
    };
    let used = Mail::DeadKeyUsed {
        key: deleted(),
        attempts: 2,
        place: place(),
    };
    for mail in [leaked, used] {
        let text = write(&mail, None).text;
        assert!(!text.contains("/settings/api"), "{text}");
        assert!(!text.contains("on the key’s page"), "{text}");
        assert!(text.contains("it has no page any more"), "{text}");
    }
}
