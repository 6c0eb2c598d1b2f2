//! Operator > Mail queue: what waits, what failed, what was given up and what was sent, newest first.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html};
use super::{MAILS, ROWS};
use crate::clock::Timestamp;
use crate::domain::mail::{MailCounts, MailCursor, MailRow, MailState, queue};
use crate::store::StoreError;
use crate::web::extract::operator::Operator;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::{Times, grouped};

#[derive(Template)]
#[template(path = "pages/operator/mails.html")]
struct MailsPage {
    layout: Layout,
    has_mail: bool,
    states: Vec<StateLink>,
    rows: Vec<Row>,
    /// The first page, if this is another one.
    newest: Option<String>,
    older: Option<String>,
    zone: String,
}

/// A choice of the filter.
struct StateLink {
    href: String,
    label: &'static str,
    count: String,
    is_current: bool,
}

struct Row {
    id: String,
    kind: String,
    recipient: String,
    badge: Badge,
    tries: String,
    queued: TimeView,
    next: Option<TimeView>,
}

/// What to show.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct MailsQuery {
    state: String,
    page: String,
}

/// The page.
pub async fn get(me: Operator, query: web::Query<MailsQuery>) -> PageResult {
    let Operator(me) = me;
    let state = state_of(&query.state);
    let cursor = read(&query.page);
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| Ok((queue::count(db)?, queue::list(db, state, cursor, ROWS)?)))
        .await;
    let (counts, found) = found?;
    let has_mail = me.visitor.state.site.has_mail;
    let times = times(&me.visitor, &me.account);
    let link = |page: &str| format!("{MAILS}?state={}&page={page}", word(state));
    let page = MailsPage {
        layout: Layout::new(&me.visitor, "Mail queue", Nav::OperatorMail),
        has_mail,
        states: states(&counts, state, has_mail),
        rows: (found.mails.iter())
            .map(|mail| row(mail, has_mail, &times))
            .collect(),
        newest: cursor.map(|_| link("")),
        older: found.next.map(|cursor| link(&write(cursor))),
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}

fn row(mail: &MailRow, has_mail: bool, times: &Times) -> Row {
    let is_alive = matches!(mail.state(), MailState::Waiting | MailState::Failed);
    Row {
        id: mail.id.to_string(),
        kind: kind_words(&mail.kind),
        recipient: mail.recipient.clone(),
        badge: badge(mail.state(), has_mail),
        tries: grouped(mail.tries),
        queued: times.log_time(mail.created_at),
        next: (is_alive && has_mail).then(|| times.log_time(mail.next_try_at)),
    }
}

/// What became of a mail, in a word.
pub(super) fn badge(state: MailState, has_mail: bool) -> Badge {
    let kind = match state {
        MailState::Waiting => "hollow",
        MailState::Failed => "warn",
        MailState::Dead => "bad",
        MailState::Sent => "ok",
    };
    Badge {
        kind,
        text: label(state, has_mail).to_owned(),
    }
}

/// "reset_password" as people read it: "Reset password".
pub(super) fn kind_words(kind: &str) -> String {
    let words = kind.replace('_', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}

fn label(state: MailState, has_mail: bool) -> &'static str {
    match state {
        MailState::Waiting if has_mail => "Waiting",
        MailState::Waiting => "Kept",
        MailState::Failed => "Failed, tried again",
        MailState::Dead => "Given up",
        MailState::Sent => "Sent",
    }
}

fn states(counts: &MailCounts, chosen: Option<MailState>, has_mail: bool) -> Vec<StateLink> {
    let all = counts.waiting + counts.failed + counts.dead + counts.sent;
    let link = |state: Option<MailState>, label, count| StateLink {
        href: format!("{MAILS}?state={}", word(state)),
        label,
        count: grouped(count),
        is_current: state == chosen,
    };
    let of = |state, count| link(Some(state), label(state, has_mail), count);
    vec![
        link(None, "All", all),
        of(MailState::Waiting, counts.waiting),
        of(MailState::Failed, counts.failed),
        of(MailState::Dead, counts.dead),
        of(MailState::Sent, counts.sent),
    ]
}

fn word(state: Option<MailState>) -> &'static str {
    match state {
        None => "",
        Some(MailState::Waiting) => "waiting",
        Some(MailState::Failed) => "failed",
        Some(MailState::Dead) => "given-up",
        Some(MailState::Sent) => "sent",
    }
}

/// The state with this word; none for any other.
fn state_of(text: &str) -> Option<MailState> {
    [
        MailState::Waiting,
        MailState::Failed,
        MailState::Dead,
        MailState::Sent,
    ]
    .into_iter()
    .find(|state| word(Some(*state)) == text)
}

fn write((at, id): MailCursor) -> String {
    format!("{}-{id}", at.as_millis())
}

fn read(text: &str) -> Option<MailCursor> {
    let (at, id) = text.rsplit_once('-')?;
    Some((Timestamp::from_millis(at.parse().ok()?), id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_anything_else_is_the_first_page() {
        let cursor = (
            Timestamp::from_millis(1_795_372_260_000),
            "Qa9mEj2rXn".parse().unwrap(),
        );
        assert_eq!(read(&write(cursor)), Some(cursor));
        for text in ["", "-", "x-Qa9mEj2rXn", "1-Qa9", "1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn kinds_are_written_for_people() {
        assert_eq!(kind_words("reset_password"), "Reset password");
    }
}
