//! "What may this key do?": its scopes, addresses, limit, end and owner, and for each no the reason, which is the
//! verdict's own.

use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::{LIST, badge, html, key_of};
use crate::domain::api_keys::{ApiKey, KeyState};
use crate::domain::verification::{Refusal, explain};
use crate::store::StoreError;
use crate::web::error::{ApiError, PageError};
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Field;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::counted;

#[derive(Template)]
#[template(path = "pages/api_keys/access.html")]
struct AccessPage {
    layout: Layout,
    id: String,
    heading: String,
    badge: Badge,
    owner: String,
    owner_is_enabled: bool,
    end: Option<TimeView>,
    end_label: &'static str,
    addresses: Vec<String>,
    rate_limit: String,
    address: Field,
    scopes: Vec<ScopeRow>,
}

struct ScopeRow {
    name: String,
    description: String,
    verdict: Badge,
    reason: String,
}

/// From where the key is asked about.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AccessQuery {
    address: String,
}

/// The page.
pub async fn get(
    me: CurrentAccount,
    id: web::Path<String>,
    query: web::Query<AccessQuery>,
) -> PageResult {
    let key = key_of(&me, &id).await?;
    let mut address = Field::with(query.into_inner().address);
    let from = match address.value.trim() {
        "" => None,
        text => match text.parse::<IpAddr>() {
            Ok(address) => Some(address.to_canonical()),
            Err(_) => {
                address.refuse("Enter an IPv4 or IPv6 address.");
                None
            }
        },
    };
    let status = match address.error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    html(status, &page(&me, &key, address, from).await?)
}

async fn page(
    me: &CurrentAccount,
    key: &ApiKey,
    address: Field,
    from: Option<IpAddr>,
) -> Result<AccessPage, PageError> {
    let (state, now) = (&me.visitor.state, me.visitor.now);
    let (policy, key_id) = (state.policy.clone(), key.id);
    let verdicts: Result<_, StoreError> = state
        .pool
        .read(move |db| {
            let scopes = policy.scopes.iter().map(|known| known.scope.to_string());
            let scopes: Vec<String> = scopes.collect();
            explain(db, &policy, key_id, now, &scopes, from)
        })
        .await;
    let rows = state.policy.scopes.iter().zip(verdicts?);
    let times = times(&me.visitor, &me.account);
    Ok(AccessPage {
        layout: Layout::new(&me.visitor, "What may this key do?", Nav::ApiKeys).with_crumbs(
            &[
                ("API keys", LIST),
                (&key.name, &format!("{LIST}/{}", key.id)),
            ],
            "Access",
        ),
        id: key.id.to_string(),
        heading: key.name.clone(),
        badge: badge(key, now),
        owner: me.account.name.clone(),
        owner_is_enabled: me.account.disabled_at.is_none(),
        end: key
            .ended_at(now)
            .or(key.expires_at)
            .map(|at| times.date_time(at)),
        end_label: match key.state_at(now) {
            KeyState::Active => "Expires",
            KeyState::Expired => "Expired",
            KeyState::Deactivated => "Deactivated",
        },
        addresses: key.allowed_addresses.texts().collect(),
        rate_limit: key.rate_limit.map_or_else(
            || "none".to_owned(),
            |limit| format!("{} a minute", counted(limit.requests().into(), "request")),
        ),
        address,
        scopes: rows
            .map(|(known, refusal)| ScopeRow {
                name: known.scope.to_string(),
                description: known.description.clone(),
                verdict: verdict(refusal.as_ref()),
                reason: refusal.map_or_else(String::new, |refusal| ApiError::from(refusal).detail),
            })
            .collect(),
    })
}

fn verdict(refusal: Option<&Refusal>) -> Badge {
    match refusal {
        None => Badge {
            kind: "ok",
            text: "Yes".to_owned(),
        },
        Some(_) => Badge {
            kind: "bad",
            text: "No".to_owned(),
        },
    }
}
