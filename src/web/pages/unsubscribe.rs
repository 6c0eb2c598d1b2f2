//! The link in mails that turns one kind of them off, without signing in.
//!
//! The signature in the link stands for the form token and for the check of other sites: mail programs send the POST of
//! RFC 8058 from wherever they are. Opening the link changes nothing, since scanners open links.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;
use url::form_urlencoded;

use super::notifications::name_of;
use super::{PageResult, html};
use crate::domain::mail::unsubscribe;
use crate::ids::AccountId;
use crate::store::StoreError;
use crate::web::extract::visitor::Visitor;
use crate::web::layout::{Layout, Nav};

/// Where the page is.
pub const PATH: &str = "/unsubscribe";

#[derive(Template)]
#[template(path = "pages/unsubscribe.html")]
struct UnsubscribePage {
    layout: Layout,
    /// `None` if the link is not ours.
    offer: Option<Offer>,
}

struct Offer {
    name: String,
    /// Path and query again: the link is all that the form needs.
    action: String,
    is_done: bool,
}

/// What the link says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LinkQuery {
    account: String,
    kind: String,
    signature: String,
}

/// Asks.
pub async fn get(visitor: Visitor, query: web::Query<LinkQuery>) -> PageResult {
    answer(&visitor, &query, false)
}

/// Turns it off. What the body says does not matter.
pub async fn post(visitor: Visitor, query: web::Query<LinkQuery>) -> PageResult {
    if let Some(id) = account_of(&visitor, &query) {
        let (act, kind) = (visitor.act.clone(), query.kind.clone());
        let done: Result<(), StoreError> = (visitor.state.pool)
            .write(move |db| unsubscribe::turn_off(db, &act, id, &kind))
            .await;
        done?;
    }
    answer(&visitor, &query, true)
}

/// The account that the link is about, if it was made here.
fn account_of(visitor: &Visitor, query: &LinkQuery) -> Option<AccountId> {
    let id = query.account.parse().ok()?;
    let secrets = &visitor.state.policy.secrets;
    unsubscribe::is_signed(secrets, id, &query.kind, &query.signature).then_some(id)
}

fn answer(visitor: &Visitor, query: &LinkQuery, is_done: bool) -> PageResult {
    let link = form_urlencoded::Serializer::new(String::new())
        .append_pair("account", &query.account)
        .append_pair("kind", &query.kind)
        .append_pair("signature", &query.signature)
        .finish();
    let offer = account_of(visitor, query).map(|_| Offer {
        name: name_of(&query.kind).to_owned(),
        action: format!("{PATH}?{link}"),
        is_done,
    });
    let (status, title) = match &offer {
        Some(Offer { is_done: true, .. }) => (StatusCode::OK, "These emails are off"),
        Some(_) => (StatusCode::OK, "Stop these emails?"),
        None => (StatusCode::NOT_FOUND, "This link does not work"),
    };
    let mut layout = Layout::new(visitor, title, Nav::None);
    // The theme form must not carry the link to anywhere.
    layout.return_to = "/".to_owned();
    html(status, &UnsubscribePage { layout, offer })
}
