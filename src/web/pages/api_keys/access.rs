//! "What may this key do?": its scopes, addresses, limit, end and owner, and for each no the reason, which is the
//! verdict's own.

use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::integrations::limit_lines;
use super::{LIST, badge, html, key_of};
use crate::domain::api_keys::scopes::INTEGRATIONS_USE;
use crate::domain::api_keys::{ApiKey, KeyState};
use crate::domain::registry::rights::{self, Rights};
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
    /// True if the key has the scope for calls of providers.
    may_call: bool,
    /// Limits of those calls, in lines.
    call_limits: Vec<String>,
    /// What of the registry the key reaches; empty if there is no registry.
    registry: Vec<ObjectRows>,
}

/// One contact, organization or network.
struct ObjectRows {
    /// Its handle; empty for what needs no object.
    handle: String,
    name: String,
    rows: Vec<RightRow>,
}

struct RightRow {
    action: &'static str,
    words: &'static str,
    verdict: Badge,
    reason: String,
}

/// The most networks of each organization that are shown.
const MAX_NETWORKS: i64 = 50;

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
    let (id, has_registry) = (me.account.id, state.config.registry.enabled);
    let found: Result<_, StoreError> = state
        .pool
        .read(move |db| {
            let scopes = policy.scopes.iter().map(|known| known.scope.to_string());
            let scopes: Vec<String> = scopes.collect();
            let verdicts = explain(db, &policy, key_id, now, &scopes, from)?;
            let rights = match has_registry {
                true => rights::list(db, id, MAX_NETWORKS)?,
                false => Vec::new(),
            };
            Ok((scopes.into_iter().zip(verdicts).collect::<Vec<_>>(), rights))
        })
        .await;
    let (verdicts, rights) = found?;
    let registry = rights.iter().map(|rights| object_rows(rights, &verdicts));
    let registry = registry.collect();
    let rows = state.policy.scopes.iter();
    let rows = rows.zip(verdicts.into_iter().map(|(_, refusal)| refusal));
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
        may_call: key.access.allows(INTEGRATIONS_USE),
        call_limits: limit_lines(&key.call_limits, &state.catalog),
        registry,
        scopes: rows
            .map(|(known, refusal)| ScopeRow {
                name: known.scope.to_string(),
                description: known.description.clone(),
                verdict: verdict(refusal.is_none()),
                reason: refusal.map_or_else(String::new, words),
            })
            .collect(),
    })
}

/// What a request that is refused so is told.
fn words(refusal: Refusal) -> String {
    ApiError::from(refusal).detail.into_owned()
}

/// What the key may do to one object: what its scopes allow and its account may. The first no is the one that a request
/// would get.
fn object_rows(rights: &Rights, verdicts: &[(String, Option<Refusal>)]) -> ObjectRows {
    let rows = rights.rights.iter().map(|right| {
        let scope = rights::scope(right.action);
        let of_scope = verdicts.iter().find(|(known, _)| known == scope);
        let of_scope = of_scope.and_then(|(_, refusal)| refusal.clone());
        let refusal = (of_scope.map(words)).or_else(|| right.refusal.clone());
        RightRow {
            action: right.action.name(),
            words: right.action.words(),
            verdict: verdict(refusal.is_none()),
            reason: refusal.unwrap_or_default(),
        }
    });
    ObjectRows {
        rows: rows.collect(),
        handle: (rights.handle.as_ref()).map_or_else(String::new, ToString::to_string),
        name: rights.name.clone(),
    }
}

fn verdict(is_yes: bool) -> Badge {
    let (kind, text) = match is_yes {
        true => ("ok", "Yes"),
        false => ("bad", "No"),
    };
    Badge {
        kind,
        text: text.to_owned(),
    }
}
