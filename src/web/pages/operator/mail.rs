//! Operator > Mail queue > one mail: what became of it, and what it says.
//!
//! One-time links are hidden. While mail is off they can be read, since nobody else can hand them over: that is an act of
//! its own, in `mail_act.rs`.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html};
use super::MAILS;
use super::mails::{badge, kind_words};
use crate::crypto::seal::OpenError;
use crate::domain::accounts::{self, Account};
use crate::domain::mail::delivery::Outgoing;
use crate::domain::mail::links::DeadLink;
use crate::domain::mail::{Mail, MailRow, MailState, queue};
use crate::ids::MailId;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::operator::Operator;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::grouped;

#[derive(Template)]
#[template(path = "pages/operator/mail.html")]
struct MailPage {
    layout: Layout,
    id: String,
    recipient: String,
    kind: String,
    badge: Badge,
    account: Option<(String, String)>,
    tries: String,
    queued: TimeView,
    next: Option<TimeView>,
    sent: Option<TimeView>,
    gave_up: Option<TimeView>,
    error: Option<String>,
    content: Content,
    can_be_read: bool,
    can_be_sent_again: bool,
    /// Why it cannot be, where that is its link.
    dead_link: Option<DeadLink>,
    zone: String,
}

/// What a mail says.
pub(super) enum Content {
    /// In words.
    Letter {
        subject: String,
        text: String,
        /// True if its one-time link is not shown.
        is_hidden: bool,
        /// True if it is, this one time.
        is_shown: bool,
    },
    /// It is not there any more, or cannot be read, and why.
    Gone(&'static str),
}

/// A mail with the account that it concerns.
pub(super) struct Found {
    pub(super) row: MailRow,
    pub(super) account: Option<Account>,
    /// Why its one-time link leads nowhere, if so.
    pub(super) dead_link: Option<DeadLink>,
}

impl Found {
    /// True if it was given up and can be of use to its receiver.
    pub(super) fn can_be_sent_again(&self) -> bool {
        self.row.state() == MailState::Dead && self.row.sealed.is_some() && self.dead_link.is_none()
    }
}

/// The page.
pub async fn get(me: Operator, id: web::Path<String>) -> PageResult {
    let Operator(me) = me;
    let found = mail_of(&me, &id).await?;
    let content = content(&me, &found, false)?;
    html(StatusCode::OK, &page(&me, found, content))
}

/// The page with the mail in full, as the answer to the act of reading it.
pub(super) fn in_full(me: &CurrentAccount, found: Found) -> PageResult {
    let content = content(me, &found, true)?;
    html(StatusCode::OK, &page(me, found, content))
}

/// The mail that a path names. Malformed ids are none's.
pub(super) async fn mail_of(me: &CurrentAccount, id: &str) -> Result<Found, PageError> {
    let id: MailId = id.parse().or(Err(PageError::NotFound))?;
    let (now, outbox) = (me.visitor.now, me.visitor.state.outbox.clone());
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let Some(row) = queue::find(db, id)? else {
                return Ok(None);
            };
            let account = match row.account_id {
                Some(id) => accounts::find(db, id)?,
                None => None,
            };
            let dead_link = queue::dead_link(db, now, &outbox, &row)?;
            Ok(Some(Found {
                row,
                account,
                dead_link,
            }))
        })
        .await;
    found?.ok_or(PageError::NotFound)
}

/// True if there is more to read than the page shows: a one-time link, and no mail server to hand it over.
pub(super) fn can_be_read(me: &CurrentAccount, row: &MailRow) -> bool {
    let state = &me.visitor.state;
    !state.site.has_mail
        && opened(me, row).is_some_and(|mail| mail.is_ok_and(|mail| mail.has_link()))
}

fn opened(me: &CurrentAccount, row: &MailRow) -> Option<Result<Mail, OpenError>> {
    let sealed = row.sealed.as_deref()?;
    Some(me.visitor.state.outbox.open(row.id, sealed))
}

fn content(me: &CurrentAccount, found: &Found, in_full: bool) -> Result<Content, PageError> {
    let mail = match opened(me, &found.row) {
        None => return Ok(Content::Gone("What it said was removed when it was sent.")),
        Some(Err(_)) => {
            return Ok(Content::Gone(
                "It cannot be opened: it is damaged, or the instance secret that it was sealed with is gone.",
            ));
        }
        Some(Ok(mail)) => mail,
    };
    let (is_hidden, is_shown) = (!in_full && mail.has_link(), in_full && mail.has_link());
    let mail = if in_full {
        mail
    } else {
        mail.with_hidden_link()
    };
    let outgoing = Outgoing {
        mail: &mail,
        account: found.account.as_ref(),
        at: found.row.created_at,
    };
    let letter = (me.visitor.state.stationery.write(&outgoing))
        .map_err(|error| PageError::Internal(Box::new(error)))?;
    // With this link anyone could turn mails of the account off, so it is never an operator's to see.
    let text = match &letter.unsubscribe {
        Some(link) => letter.text.replace(link, "(hidden)"),
        None => letter.text,
    };
    Ok(Content::Letter {
        subject: letter.subject,
        text,
        is_hidden,
        is_shown,
    })
}

fn page(me: &CurrentAccount, found: Found, content: Content) -> MailPage {
    let can_be_sent_again = found.can_be_sent_again();
    let Found {
        row,
        account,
        dead_link,
    } = found;
    let has_mail = me.visitor.state.site.has_mail;
    let times = times(&me.visitor, &me.account);
    let state = row.state();
    let is_alive = matches!(state, MailState::Waiting | MailState::Failed);
    let kind = kind_words(&row.kind);
    MailPage {
        layout: Layout::new(&me.visitor, &kind, Nav::OperatorMail)
            .with_crumbs(&[("Mail queue", MAILS)], &kind),
        id: row.id.to_string(),
        can_be_read: matches!(
            content,
            Content::Letter {
                is_hidden: true,
                ..
            }
        ) && can_be_read(me, &row),
        can_be_sent_again: has_mail && can_be_sent_again,
        dead_link: dead_link.filter(|_| state == MailState::Dead),
        kind,
        badge: badge(state, has_mail),
        account: account.map(|account| (account.id.to_string(), account.name)),
        tries: grouped(row.tries),
        queued: times.full(row.created_at),
        next: (is_alive && has_mail).then(|| times.full(row.next_try_at)),
        sent: row.sent_at.map(|at| times.full(at)),
        gave_up: row.gave_up_at.map(|at| times.full(at)),
        error: row.last_error,
        recipient: row.recipient,
        content,
        zone: times.zone_name(),
    }
}
