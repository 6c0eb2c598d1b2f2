//! The one page that ever shows a full key: the answer to creating or rotating it.

use actix_web::http::StatusCode;
use askama::Template;

use super::super::PageResult;
use super::{LIST, html};
use crate::clock::Timestamp;
use crate::domain::api_keys::ApiKey;
use crate::domain::api_keys::key_string::FullKey;
use crate::ids::ApiKeyId;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/api_keys/shown.html")]
pub(super) struct ShownPage {
    layout: Layout,
    id: String,
    name: String,
    /// The one place in all templates that holds a full key.
    full_key: String,
    length: usize,
    prefix: String,
    is_rotated: bool,
    old_secret_until: Option<TimeView>,
    created: TimeView,
    expires: Option<TimeView>,
    base: String,
}

#[derive(Template)]
#[template(path = "pages/api_keys/already_shown.html")]
struct AlreadyShownPage {
    layout: Layout,
    key_href: String,
}

/// The page. `old_secret_until` is there after a rotation: the end of the old secret, `None` inside if it has ended.
pub(super) fn shown(
    me: &CurrentAccount,
    key: &ApiKey,
    full_key: &FullKey,
    old_secret_until: Option<Option<Timestamp>>,
) -> ShownPage {
    let times = times(&me.visitor, &me.account);
    let mut layout = Layout::new(&me.visitor, "Copy your new API key", Nav::ApiKeys)
        .with_crumbs(&[("API keys", LIST)], "New key");
    layout.return_to = LIST.to_owned();
    ShownPage {
        layout,
        id: key.id.to_string(),
        name: key.name.clone(),
        full_key: full_key.reveal().to_owned(),
        length: full_key.reveal().len(),
        prefix: key.prefix.clone(),
        is_rotated: old_secret_until.is_some(),
        old_secret_until: old_secret_until.flatten().map(|at| times.date_time(at)),
        created: times.date_time(key.created_at),
        expires: key.expires_at.map(|at| times.date_time(at)),
        base: me.visitor.state.site.base().to_owned(),
    }
}

/// The answer to a form that has shown its key before.
pub(super) fn already_shown(me: &CurrentAccount, key: ApiKeyId) -> PageResult {
    let layout = Layout::new(&me.visitor, "This key was already shown", Nav::ApiKeys)
        .with_crumbs(&[("API keys", LIST)], "New key");
    let page = AlreadyShownPage {
        layout,
        key_href: format!("{LIST}/{key}"),
    };
    html(StatusCode::CONFLICT, &page)
}
