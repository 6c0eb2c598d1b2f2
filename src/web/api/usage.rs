//! How much a key is used, for programs.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::keys::{bad_query, parse_id};
use crate::clock::Timestamp;
use crate::domain::api_keys;
use crate::domain::usage::outcome::Outcome;
use crate::domain::usage::summary::{self, Point, Step, Whose};
use crate::store::StoreError;
use crate::web::error::ApiError;
use crate::web::extract::api_client::{ApiClient, UsageRead};
use crate::web::state::AppState;

/// Points of an answer.
const MOST_POINTS: i64 = 1_500;

/// Which time is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// The beginning; its step is included. Default: 24 hours before `to`.
    #[param(format = DateTime, example = "2026-11-21T00:00:00Z")]
    from: Option<String>,
    /// The end. Default: now.
    #[param(format = DateTime, example = "2026-11-22T00:00:00Z")]
    to: Option<String>,
    /// What a point stands for: `minute`, `hour` or `day`, of UTC. Default `hour`. An answer has 1,500 points at most.
    #[param(example = "hour", pattern = "^(minute|hour|day)$")]
    step: Option<String>,
}

/// Requests of a key over a time.
#[derive(Serialize, ToSchema)]
pub struct KeyUsage {
    /// The public id of the key.
    #[schema(example = "Zx5bTn0vGf")]
    key: String,
    /// When the first point begins.
    #[schema(format = DateTime, example = "2026-11-21T00:00:00Z")]
    from: String,
    /// The end that was asked for.
    #[schema(format = DateTime, example = "2026-11-22T00:00:00Z")]
    to: String,
    /// What a point stands for.
    #[schema(example = "hour")]
    step: String,
    /// Every step, oldest first, also those without requests.
    points: Vec<UsagePoint>,
    /// All of them together.
    totals: UsageTotals,
}

/// Requests of one step.
#[derive(Serialize, ToSchema)]
pub struct UsagePoint {
    /// When it begins.
    #[schema(format = DateTime, example = "2026-11-21T00:00:00Z")]
    at: String,
    /// Accepted requests.
    #[schema(example = 118)]
    accepted: i64,
    /// Refused requests.
    #[schema(example = 2)]
    refused: i64,
}

/// Requests of the whole time.
#[derive(Serialize, ToSchema)]
pub struct UsageTotals {
    /// Accepted requests.
    #[schema(example = 2832)]
    accepted: i64,
    /// Refused requests.
    #[schema(example = 48)]
    refused: i64,
    /// Each outcome that occurred, by its code; `valid` for accepted.
    #[schema(example = json!({ "valid": 2832, "rate_limited": 48 }))]
    by_code: BTreeMap<&'static str, i64>,
}

/// Read the usage of a key
///
/// Requests that named the key, accepted and refused. Counts are complete a second after a request was answered.
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}/usage",
    tag = "Keys",
    operation_id = "read_key_usage",
    params(
        ("id" = String, Path, description = "The public id of the key.", example = "Zx5bTn0vGf"),
        UsageQuery,
    ),
    responses((status = 200, description = "The usage.", body = KeyUsage)),
    security(("api_key" = ["usage:read"]))
)]
pub async fn read(
    client: ApiClient<UsageRead>,
    state: web::Data<AppState>,
    id: web::Path<String>,
    query: web::Query<UsageQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let (word, step) = match query.step.as_deref() {
        Some("minute") => ("minute", Step::Minute),
        None | Some("hour") => ("hour", Step::Hour),
        Some("day") => ("day", Step::Day),
        Some(_) => return bad_query("step is one of minute, hour, day."),
    };
    let to = instant(query.to.as_deref(), client.act.now)?;
    let from = instant(query.from.as_deref(), to - TimeDelta::hours(24))?;
    if from >= to {
        return bad_query("from is before to.");
    }
    if step.count(from, to) > MOST_POINTS {
        return bad_query("That is more than 1,500 points. Ask for less time, or a longer step.");
    }
    let owner = client.accepted.key.owner.id;
    let found: Result<_, StoreError> = state
        .pool
        .read(move |db| {
            let key = api_keys::find(db, owner, id)?;
            let usage = summary::steps(db, Whose::Key(id), from, to, step)?;
            Ok(key.map(|_| usage))
        })
        .await;
    let (points, by_outcome) = found?.ok_or_else(ApiError::not_found)?;
    let first = points.first().map_or(from, |point| point.at);
    Ok(HttpResponse::Ok().json(KeyUsage {
        key: id.to_string(),
        from: first.to_rfc3339(),
        to: to.to_rfc3339(),
        step: word.to_owned(),
        totals: totals(&points, &by_outcome),
        points: points.iter().map(usage_point).collect(),
    }))
}

fn instant(text: Option<&str>, default: Timestamp) -> Result<Timestamp, ApiError> {
    match text.map(DateTime::parse_from_rfc3339) {
        None => Ok(default),
        Some(Ok(at)) if (1970..=9999).contains(&chrono::Datelike::year(&at)) => {
            Ok(at.with_timezone(&Utc).into())
        }
        Some(_) => bad_query("from and to are times like 2026-11-22T00:00:00Z."),
    }
}

fn totals(points: &[Point], by_outcome: &BTreeMap<Outcome, i64>) -> UsageTotals {
    UsageTotals {
        accepted: points.iter().map(|point| point.counts.accepted).sum(),
        refused: points.iter().map(|point| point.counts.refused).sum(),
        by_code: by_outcome
            .iter()
            .map(|(outcome, requests)| (outcome.code(), *requests))
            .collect(),
    }
}

fn usage_point(point: &Point) -> UsagePoint {
    UsagePoint {
        at: point.at.to_rfc3339(),
        accepted: point.counts.accepted,
        refused: point.counts.refused,
    }
}
