//! Settings > Security: how the account signs in, and what can act in its name.

pub mod passkeys;
pub mod recovery_codes;
pub mod shown_codes;
pub mod two_step;

use actix_web::http::StatusCode;
use askama::Template;

use super::{PageResult, html};
use crate::domain::api_keys;
use crate::domain::security::passkeys::{self as domain_passkeys, Passkey};
use crate::domain::security::recovery_codes::FEW;
use crate::domain::security::sessions::{self, ListedSession};
use crate::domain::security::two_step as domain_two_step;
use crate::store::StoreError;
use crate::web::client_words::client_words;
use crate::web::extract::visitor::{CurrentAccount, Visitor};
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, Icon, TimeView};
use crate::web::times::{Times, grouped};

/// The page's address.
const SECURITY: &str = "/settings/security";
/// Where two-step verification is set up.
const TWO_STEP: &str = "/settings/security/two-step";

#[derive(Template)]
#[template(path = "pages/security.html")]
struct SecurityPage {
    layout: Layout,
    password_set: Option<TimeView>,
    two_step: Option<TwoStepView>,
    passkeys: Vec<PasskeyView>,
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
        seen: times.ago(if is_current {
            session.signed_in_at
        } else {
            session.last_seen_at
        }),
    }
}

struct TwoStepView {
    since: TimeView,
    codes_left: i64,
    are_few: bool,
}

/// A passkey in a list, or the one that a page is about.
struct PasskeyView {
    id: String,
    name: String,
    added: TimeView,
    last_use: Option<TimeView>,
}

fn passkey_view(me: &CurrentAccount, passkey: &Passkey) -> PasskeyView {
    let times = times(&me.visitor, &me.account);
    PasskeyView {
        id: passkey.id.to_string(),
        name: passkey.name.clone(),
        added: times.date(passkey.created_at),
        last_use: passkey.last_used_at.map(|at| times.date_time(at)),
    }
}

/// The page.
pub async fn get(me: CurrentAccount) -> PageResult {
    let (id, now) = (me.account.id, me.visitor.now);
    let found: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| {
            let counts = api_keys::count(db, id, now)?;
            let sessions = sessions::list(db, now, id)?;
            let two_step = domain_two_step::find(db, id)?;
            Ok((counts, sessions, two_step, domain_passkeys::list(db, id)?))
        })
        .await;
    let (counts, sessions, two_step, passkeys) = found?;
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
        two_step: two_step.map(|two_step| TwoStepView {
            since: times.date(two_step.since),
            codes_left: two_step.codes_left,
            are_few: two_step.codes_left <= FEW,
        }),
        passkeys: (passkeys.iter())
            .map(|passkey| passkey_view(&me, passkey))
            .collect(),
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
