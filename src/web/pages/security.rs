//! Settings > Security: how the account signs in, and what can act in its name.

use actix_web::http::StatusCode;
use askama::Template;

use super::{PageResult, html};
use crate::domain::api_keys;
use crate::store::StoreError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::grouped;

#[derive(Template)]
#[template(path = "pages/security.html")]
struct SecurityPage {
    layout: Layout,
    password_set: Option<TimeView>,
    active: String,
    inactive: String,
    ending_soon: Option<Badge>,
    last_use: Option<TimeView>,
}

/// The page.
pub async fn get(me: CurrentAccount) -> PageResult {
    let (id, now) = (me.account.id, me.visitor.now);
    let counts: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| api_keys::count(db, id, now))
        .await;
    let counts = counts?;
    let times = times(&me.visitor, &me.account);
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
    };
    html(StatusCode::OK, &page)
}
