//! One key: its facts, its name, how it is used, and what is wrong with that.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::integrations::limit_lines;
use super::requests::{RequestView, median_duration};
use super::{LIST, badge, html, key_of, see_other};
use crate::domain::api_keys::rotation::{self, TwoSecrets};
use crate::domain::api_keys::scopes::{INTEGRATIONS_USE, Scope};
use crate::domain::api_keys::{self, ApiKey, KeyState};
use crate::domain::text::Name;
use crate::domain::usage::summary::{self, KeyUsage, Period, Whose};
use crate::domain::usage::tokens::tokens;
use crate::store::StoreError;
use crate::web::chart::{Chart, Figures};
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::times::{Times, counted, grouped, until_words};
use crate::web::token_view::TokenView;

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
    secrets: Option<SecretsView>,
    zone: String,
    warnings: Vec<Warning>,
    attempts: Option<AttemptsView>,
    chart: Chart,
    figures: Figures,
    tokens: Option<TokenView>,
    may_call: bool,
    call_limits: Vec<String>,
    median: String,
    median_of: String,
    requests_heading: &'static str,
    requests_line: String,
    requests: Vec<RequestView>,
    more_requests: Option<usize>,
}

/// A notice on top.
struct Warning {
    lead: String,
    text: String,
}

/// Uses after the end.
struct AttemptsView {
    number: String,
    first: TimeView,
}

/// What is looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DetailQuery {
    period: String,
    requests: String,
}

/// Both secrets, while both work.
struct SecretsView {
    since: TimeView,
    new_used: Option<TimeView>,
    old_until: TimeView,
    old_used: Option<TimeView>,
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
pub async fn get(
    me: CurrentAccount,
    id: web::Path<String>,
    query: web::Query<DetailQuery>,
) -> PageResult {
    let key = key_of(&me, &id).await?;
    let name = Field::with(key.name.clone());
    let page = page(&me, &key, &query, name, None).await?;
    html(StatusCode::OK, &page)
}

/// Renames the key.
pub async fn post(
    me: CurrentAccount,
    id: web::Path<String>,
    query: web::Query<DetailQuery>,
    form: Form<RenameForm>,
) -> PageResult {
    let key = key_of(&me, &id).await?;
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let name = Field::with(stale.into_kept().name);
            let page = page(&me, &key, &query, name, Some(Summary::stale())).await?;
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let name = match Name::parse(&form.name) {
        Ok(name) => name,
        Err(error) => {
            let mut field = Field::with(form.name);
            field.refuse(error.to_string());
            let summary = Summary::listing("The key was not renamed.", &[("name", "Name", &field)]);
            let page = page(&me, &key, &query, field, summary).await?;
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

/// Rows of requests that are shown at first.
const FIRST_REQUESTS: usize = 6;

async fn page(
    me: &CurrentAccount,
    key: &ApiKey,
    query: &DetailQuery,
    name: Field,
    summary: Option<Summary>,
) -> Result<DetailPage, PageError> {
    let now = me.visitor.now;
    let period = Period::from_word(&query.period);
    let (wanted, zone) = (key.clone(), me.account.time_zone);
    let found: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| {
            let secrets = rotation::two_secrets(db, &wanted, now)?;
            let usage = summary::of_key(db, wanted.id, period, now, zone)?;
            let tokens = tokens(db, Whose::Key(wanted.id), period, now)?;
            Ok((secrets, usage, tokens))
        })
        .await;
    let (secrets, usage, tokens) = found?;
    let times = times(&me.visitor, &me.account);
    let state = key.state_at(now);
    let end = key.ended_at(now).or(key.expires_at);
    let title = match summary {
        Some(_) => format!("Error: {}", key.name),
        None => key.name.clone(),
    };
    let is_active = state == KeyState::Active;
    let shown = if query.requests == "all" {
        usage.requests.len()
    } else {
        FIRST_REQUESTS
    };
    Ok(DetailPage {
        layout: Layout::new(&me.visitor, title, Nav::ApiKeys)
            .with_crumbs(&[("API keys", LIST)], &key.name),
        summary,
        id: key.id.to_string(),
        heading: key.name.clone(),
        name,
        badge: badge(key, now),
        is_active,
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
        secrets: secrets.map(|secrets| secrets_view(&secrets, &times)),
        zone: times.zone_name(),
        warnings: warnings(&usage, is_active, &times),
        attempts: usage.attempts.as_ref().map(|attempts| AttemptsView {
            number: grouped(attempts.attempts),
            first: times.date_time(attempts.first_at),
        }),
        chart: Chart::of(&usage.series, period, &times),
        figures: Figures::of(&usage.series, period, &times),
        tokens: tokens.map(|used| TokenView::of(&used, period, now, &me.visitor.state.catalog)),
        may_call: key.access.allows(INTEGRATIONS_USE),
        call_limits: limit_lines(&key.call_limits, &me.visitor.state.catalog),
        median: median_duration(&usage.requests).unwrap_or_else(|| "none".to_owned()),
        median_of: format!("Newest {}", counted(usage.requests.len() as i64, "request")),
        requests_heading: if is_active {
            "Recent requests"
        } else {
            "Last requests and attempts after the end"
        },
        requests_line: requests_line(usage.requests.len(), shown, &times),
        requests: usage
            .requests
            .iter()
            .take(shown)
            .map(|row| RequestView::of(row, &times))
            .collect(),
        more_requests: (usage.requests.len() > shown).then_some(usage.requests.len()),
    })
}

fn secrets_view(secrets: &TwoSecrets, times: &Times) -> SecretsView {
    SecretsView {
        since: times.date_time(secrets.since),
        new_used: secrets.new_used_at.map(|at| times.ago(at)),
        old_until: times.date_time(secrets.old_ends_at),
        old_used: secrets.old_used_at.map(|at| times.ago(at)),
    }
}

fn requests_line(all: usize, shown: usize, times: &Times) -> String {
    let zone = times.zone_name();
    if all == 0 {
        return "No request is kept in detail.".to_owned();
    }
    if shown >= all {
        return format!(
            "The newest {all}, of at most 200 that are kept in detail. Times are {zone}."
        );
    }
    format!("The newest {shown} of the {all} kept in detail. Times are {zone}.")
}

/// What its owner should know: someone still uses it, or others may have seen it.
fn warnings(usage: &KeyUsage, is_active: bool, times: &Times) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(attempts) = &usage.attempts {
        let day = usage.attempts_of_a_day;
        let what = if is_active {
            "Something still uses an old secret of this key."
        } else {
            "Something still uses this key."
        };
        let when = if day > 0 {
            format!("presented {} in the last 24 hours", times_words(day))
        } else {
            format!("last presented {}", times.ago(attempts.last_at).text)
        };
        let from = if attempts.address.is_empty() {
            String::new()
        } else {
            format!(", most recently from {}", attempts.address)
        };
        let by = if attempts.client.is_empty() {
            String::new()
        } else {
            format!(" by {}", attempts.client)
        };
        warnings.push(Warning {
            lead: what.to_owned(),
            text: format!(
                "A true secret that no longer works was {when}{from}{by}. If that is not a job you know, someone else \
                 has it."
            ),
        });
    }
    for exposure in &usage.exposures {
        let last = times
            .date_time(exposure.last_seen_at)
            .text
            .replace("Today", "today");
        let act = if is_active {
            "Rotate the key without overlap, and send it in the x-api-key header over https."
        } else {
            "Check who could read it."
        };
        let (lead, text) = if exposure.place == "url" {
            (
                "This key was seen in a URL",
                "URLs end up in logs and histories.",
            )
        } else {
            (
                "This key was seen on plain http",
                "Others on the way could read it.",
            )
        };
        warnings.push(Warning {
            lead: format!("{lead}, last at {last}."),
            text: format!("{text} {act}"),
        });
    }
    warnings
}

/// "once", "24 times".
fn times_words(number: i64) -> String {
    match number {
        1 => "once".to_owned(),
        number => format!("{} times", grouped(number)),
    }
}
