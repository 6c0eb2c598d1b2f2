//! One key: its facts and its name.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::{LIST, badge, html, key_of, see_other};
use crate::domain::api_keys::scopes::Scope;
use crate::domain::api_keys::{self, ApiKey, KeyState};
use crate::domain::text::Name;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::{counted, until_words};

#[derive(Template)]
#[template(path = "pages/api_keys/detail.html")]
struct DetailPage {
    layout: Layout,
    summary: Option<Summary>,
    id: String,
    heading: String,
    name: Field,
    badge: Badge,
    is_active: bool,
    prefix: String,
    owner: String,
    created: TimeView,
    age: String,
    end_label: &'static str,
    end: Option<TimeView>,
    end_detail: String,
    last_use: Option<LastUseView>,
    scopes: Option<Vec<String>>,
    addresses: Vec<String>,
    rate_limit: String,
}

struct LastUseView {
    ago: TimeView,
    at: TimeView,
    address: String,
    client: String,
}

/// A new name.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RenameForm {
    name: String,
}

/// The page.
pub async fn get(me: CurrentAccount, id: web::Path<String>) -> PageResult {
    let key = key_of(&me, &id).await?;
    let name = Field::with(key.name.clone());
    html(StatusCode::OK, &page(&me, &key, name, None))
}

/// Renames the key.
pub async fn post(me: CurrentAccount, id: web::Path<String>, form: Form<RenameForm>) -> PageResult {
    let key = key_of(&me, &id).await?;
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let name = Field::with(stale.into_kept().name);
            let page = page(&me, &key, name, Some(Summary::stale()));
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let name = match Name::parse(&form.name) {
        Ok(name) => name,
        Err(error) => {
            let mut field = Field::with(form.name);
            field.refuse(error.to_string());
            let summary = Summary::listing("The key was not renamed.", &[("name", "Name", &field)]);
            let page = page(&me, &key, field, summary);
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let (act, owner, key_id) = (me.visitor.act.clone(), me.account.id, key.id);
    let renamed = me
        .visitor
        .state
        .pool
        .write(move |db| api_keys::rename(db, &act, owner, key_id, &name))
        .await?;
    me.visitor.leave_flash(Flash {
        lead: format!("{} was renamed.", key.name),
        text: format!("It is now called {}.", renamed.name),
    })?;
    Ok(see_other(&format!("{LIST}/{}", key.id)))
}

fn page(me: &CurrentAccount, key: &ApiKey, name: Field, summary: Option<Summary>) -> DetailPage {
    let now = me.visitor.now;
    let times = times(&me.visitor, &me.account);
    let state = key.state_at(now);
    let end = key.ended_at(now).or(key.expires_at);
    let title = match summary {
        Some(_) => format!("Error: {}", key.name),
        None => key.name.clone(),
    };
    DetailPage {
        layout: Layout::new(&me.visitor, title, Nav::ApiKeys)
            .with_crumbs(&[("API keys", LIST)], &key.name),
        summary,
        id: key.id.to_string(),
        heading: key.name.clone(),
        name,
        badge: badge(key, now),
        is_active: state == KeyState::Active,
        prefix: key.prefix.clone(),
        owner: me.account.name.clone(),
        created: times.date(key.created_at),
        age: match (now - key.created_at).num_days() {
            0 => String::new(),
            days => format!("{} ago", counted(days, "day")),
        },
        end_label: match state {
            KeyState::Active => "Expires",
            KeyState::Expired => "Expired",
            KeyState::Deactivated => "Deactivated",
        },
        end: end.map(|at| times.date_time(at)),
        end_detail: match (state, end, &key.deactivated_by) {
            (KeyState::Active, Some(at), _) => format!("in {}", until_words(at - now)),
            (KeyState::Deactivated, _, Some(by)) => format!("by {by}"),
            _ => String::new(),
        },
        last_use: key.last_use.as_ref().map(|last_use| LastUseView {
            ago: times.ago(last_use.at),
            at: times.date_time(last_use.at),
            address: last_use.address.clone(),
            client: last_use.client.clone(),
        }),
        addresses: key.allowed_addresses.texts().collect(),
        rate_limit: key.rate_limit.map_or_else(
            || "none".to_owned(),
            |limit| format!("{} a minute", counted(limit.requests().into(), "request")),
        ),
        scopes: match &key.access {
            api_keys::scopes::Access::All => None,
            api_keys::scopes::Access::Chosen(scopes) => {
                Some(scopes.iter().map(Scope::to_string).collect())
            }
        },
    }
}
