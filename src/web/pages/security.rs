//! Settings > Security: how the account signs in, and what can act in its name.

use actix_web::http::StatusCode;
use askama::Template;

use super::{PageResult, html};
use crate::domain::api_keys;
use crate::domain::security::sessions::{self, ListedSession};
use crate::store::StoreError;
use crate::web::client_words::client_words;
use crate::web::extract::visitor::{CurrentAccount, Visitor};
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, Icon, TimeView};
use crate::web::times::{Times, grouped};

#[derive(Template)]
#[template(path = "pages/security.html")]
struct SecurityPage {
    layout: Layout,
    password_set: Option<TimeView>,
    active: String,
    inactive: String,
    ending_soon: Option<Badge>,
    last_use: Option<TimeView>,
    sessions: Vec<SessionRow>,
    others: usize,
}

/// A session of a list.
pub(super) struct SessionRow {
    /// What it is ended by; empty for this one, and for one that only all together can be ended.
    pub(super) id: String,
    pub(super) is_current: bool,
    pub(super) icon: Icon,
    pub(super) device: String,
    pub(super) address: String,
    /// "Signed in" for this one, else "active".
    pub(super) seen: TimeView,
}

/// A session as the visitor sees it.
pub(super) fn session_row(session: ListedSession, visitor: &Visitor, times: &Times) -> SessionRow {
    let is_current = session.id.is_some() && session.id == visitor.session_id();
    let client = client_words(&session.client);
    SessionRow {
        id: match session.id {
            Some(id) if !is_current => id.to_string(),
            _ => String::new(),
        },
        is_current,
        icon: client.icon(),
        device: client.text,
        address: session.address,
        seen: if is_current {
            times.date_time(session.signed_in_at)
        } else {
            times.ago(session.last_seen_at)
        },
    }
}

/// The page.
pub async fn get(me: CurrentAccount) -> PageResult {
    let (id, now) = (me.account.id, me.visitor.now);
    let found: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| Ok((api_keys::count(db, id, now)?, sessions::list(db, now, id)?)))
        .await;
    let (counts, sessions) = found?;
    let times = times(&me.visitor, &me.account);
    let mut sessions: Vec<SessionRow> = sessions
        .into_iter()
        .map(|session| session_row(session, &me.visitor, &times))
        .collect();
    // This one first, as it is the one that is known.
    sessions.sort_by_key(|session| !session.is_current);
    let page = SecurityPage {
        layout: Layout::new(&me.visitor, "Security", Nav::Security),
        password_set: me.account.password_set_at.map(|at| times.date(at)),
        active: grouped(counts.active),
        inactive: grouped(counts.inactive),
        ending_soon: (counts.ending_soon > 0).then(|| Badge {
            kind: "warn",
            text: match counts.ending_soon {
                1 => "1 expires soon".to_owned(),
                number => format!("{} expire soon", grouped(number)),
            },
        }),
        last_use: counts.last_used_at.map(|at| times.ago(at)),
        others: sessions
            .iter()
            .filter(|session| !session.is_current)
            .count(),
        sessions,
    };
    html(StatusCode::OK, &page)
}
