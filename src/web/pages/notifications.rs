//! Settings > Notifications: which mails an account gets.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, see_other};
use crate::domain::mail::{OPTIONAL, unsubscribe};
use crate::store::StoreError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav};

/// A mail in the words of the settings.
struct MailWords {
    kind: &'static str,
    name: &'static str,
    when: &'static str,
}

const fn mail(kind: &'static str, name: &'static str, when: &'static str) -> MailWords {
    MailWords { kind, name, when }
}

/// The mails that tell an account's holder of something; those that were asked for, with a link, are no notifications.
const MAILS: [MailWords; 24] = [
    mail(
        "key_expires",
        "Key expires soon",
        "30, 7 and 1 days before its end",
    ),
    mail("key_expired", "Key has expired", "At its end"),
    mail(
        "key_created",
        "Key created",
        "By you, or by a program at most once an hour",
    ),
    mail("key_rotated", "Key rotated", "It has a new secret"),
    mail(
        "key_deactivated",
        "Key deactivated",
        "By you, a program or an operator",
    ),
    mail(
        "dead_key_used",
        "Dead key used",
        "Something presents a secret that no longer works, at most once a day for each key",
    ),
    mail("key_leaked", "Key found in public", "It was deactivated"),
    mail(
        "new_sign_in",
        "New sign-in",
        "From a device that the account was not used with before",
    ),
    mail(
        "password_changed",
        "Password changed",
        "By you, or with a link",
    ),
    mail("email_changed", "Email changed", "To the old address"),
    mail(
        "two_step_on",
        "Two-step verification on",
        "Signing in takes a code",
    ),
    mail(
        "two_step_off",
        "Two-step verification off",
        "By you or an operator",
    ),
    mail(
        "recovery_codes_replaced",
        "Recovery codes replaced",
        "The ones before are worth nothing",
    ),
    mail(
        "recovery_code_used",
        "Recovery code used",
        "In place of a code of your app",
    ),
    mail(
        "passkey_added",
        "Passkey added",
        "It can be used to sign in",
    ),
    mail(
        "passkey_removed",
        "Passkey removed",
        "It cannot be used to sign in any more",
    ),
    mail(
        "account_closed",
        "Account closed",
        "Its keys stopped working",
    ),
    mail(
        "ticket_changed",
        "Ticket changed",
        "One that you opened is taken, decided or closed",
    ),
    mail(
        "link_asked",
        "Request to link",
        "Another account asks to be linked to a contact of yours",
    ),
    mail(
        "link_decided",
        "Request to link decided",
        "For a contact of yours, or asked by you",
    ),
    mail("linked", "Contact linked", "To an account"),
    mail("unlinked", "Contact unlinked", "From an account"),
    mail(
        "reset_password",
        "Password reset",
        "The link that you asked for",
    ),
    mail(
        "confirm_new_email",
        "Email to confirm",
        "The link that you asked for",
    ),
];

/// The words for a kind of mail; the kind itself if there are none.
pub(super) fn name_of(kind: &str) -> &str {
    let known = MAILS.iter().find(|mail| mail.kind == kind);
    known.map_or(kind, |mail| mail.name)
}

#[derive(Template)]
#[template(path = "pages/notifications.html")]
struct NotificationsPage {
    layout: Layout,
    summary: Option<Summary>,
    has_mail: bool,
    email: String,
    rows: Vec<Row>,
}

struct Row {
    mail: &'static MailWords,
    is_optional: bool,
    is_wanted: bool,
}

/// The kinds of mail that are wanted, of those that can be turned off.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NotificationsForm {
    wanted: Vec<String>,
}

/// The page.
pub async fn get(me: CurrentAccount) -> PageResult {
    let id = me.account.id;
    let unwanted: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| unsubscribe::list_unwanted(db, id))
        .await;
    let unwanted = unwanted?;
    let is_wanted = |kind: &str| !unwanted.iter().any(|unwanted| unwanted == kind);
    html(StatusCode::OK, &page(&me, is_wanted))
}

/// Saves the choice.
pub async fn post(me: CurrentAccount, form: Form<NotificationsForm>) -> PageResult {
    let (wanted, is_stale) = match form.check() {
        Ok(form) => (form.wanted, false),
        Err(stale) => (stale.into_kept().wanted, true),
    };
    let is_known = |kind: &String| OPTIONAL.contains(&kind.as_str());
    let refusal = if is_stale {
        Some(Summary::stale())
    } else if wanted.iter().all(is_known) {
        None
    } else {
        Some(Summary::of(
            "Nothing was saved.",
            "One of these emails cannot be turned on or off. Choose from the list.",
        ))
    };
    if refusal.is_some() {
        let mut page = page(&me, |kind| wanted.iter().any(|wanted| wanted == kind));
        page.summary = refusal;
        page.layout.title = format!("Error: {}", page.layout.title);
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, id) = (me.visitor.act.clone(), me.account.id);
    let saved: Result<bool, StoreError> = me
        .visitor
        .state
        .pool
        .write(move |db| unsubscribe::choose(db, &act, id, &wanted))
        .await;
    saved?;
    me.visitor.leave_flash(Flash {
        lead: "Your notifications were saved.".to_owned(),
        text: String::new(),
    })?;
    Ok(see_other("/settings/notifications"))
}

fn page(me: &CurrentAccount, is_wanted: impl Fn(&str) -> bool) -> NotificationsPage {
    let row = |mail: &'static MailWords| {
        let is_optional = OPTIONAL.contains(&mail.kind);
        Row {
            mail,
            is_optional,
            is_wanted: is_optional && is_wanted(mail.kind),
        }
    };
    NotificationsPage {
        layout: Layout::new(&me.visitor, "Notifications", Nav::Notifications),
        summary: None,
        has_mail: me.visitor.state.site.has_mail,
        email: me.account.email.clone(),
        rows: MAILS.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_that_can_be_turned_off_has_a_row() {
        for kind in OPTIONAL {
            assert!(MAILS.iter().any(|mail| mail.kind == kind), "{kind}");
        }
    }
}
