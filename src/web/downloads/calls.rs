//! Downloads by key: `/api/v1/reports` and `/public`.
//!
//! What does not exist answers 404 to everyone; then come the key (401), its scope and the grant (403).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::send::Recipient;
use super::{fetch, send};
use crate::domain::api_keys::scopes::REPORTS_READ;
use crate::domain::audit::{Act, Actor};
use crate::domain::reports::bulk::{Format, Wanted};
use crate::domain::reports::offers::{self, Offer};
use crate::domain::reports::own::{Asked, OwnKind, OwnReport};
use crate::domain::reports::{BULK_SLUG, ReportError, Slug, published};
use crate::domain::usage::outcome::Outcome;
use crate::store::StoreError;
use crate::web::api::registry::check_enabled;
use crate::web::error::{ApiError, Code};
use crate::web::extract::api_client::accepted_for;
use crate::web::extract::client;
use crate::web::extract::key_check::deny;
use crate::web::state::AppState;

/// What a report can be asked with; each report takes some of these.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// With `reassignments`: which network.
    #[param(required = false, example = "NET-192-0-2-0-1")]
    net: Option<String>,
    /// With `key-usage`: the first day or time of UTC. Default: 30 days before `to`.
    #[param(required = false, example = "2026-11-01")]
    from: Option<String>,
    /// With `key-usage`: the last day, or the time it ends at. Default: now.
    #[param(required = false, example = "2026-11-22")]
    to: Option<String>,
    /// With `key-usage`: what a line is about, `hour` or `day`. Default `day`.
    #[param(required = false, example = "day")]
    step: Option<String>,
    /// With `bulk-registry`: `pocs`, `orgs`, `nets`, `asns`, separated by commas. Default: all of them.
    #[param(required = false, example = "nets,orgs")]
    objects: Option<String>,
    /// With `bulk-registry`: `zip`, `xml` or `txt`. Default `zip`.
    #[param(required = false, example = "zip")]
    format: Option<String>,
    /// With published reports: an older edition.
    #[param(required = false, example = "20261122T060000Z")]
    edition: Option<String>,
}

impl ReportQuery {
    /// What own reports are asked with.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            net: self.net.as_deref(),
            from: self.from.as_deref(),
            to: self.to.as_deref(),
            step: self.step.as_deref(),
        }
    }

    /// Which file of the whole registry.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn wanted(&self) -> Result<Wanted, ReportError> {
        let bad = |words: &str| ReportError::BadRequest(words.to_owned());
        let format = self.format.as_deref().filter(|word| !word.is_empty());
        let format = format.map_or(Some(Format::Zip), Format::from_word);
        let format = format.ok_or_else(|| bad("format is zip, xml or txt."))?;
        match self.objects.as_deref().filter(|words| !words.is_empty()) {
            None => Ok(Wanted::all(format)),
            Some(words) => Wanted::parse(words, ',', format).ok_or_else(|| {
                bad("objects are pocs, orgs, nets, asns, each once, separated by commas.")
            }),
        }
    }

    /// The older edition that is asked for.
    pub fn edition(self) -> Option<String> {
        self.edition
    }
}

/// Reports that can be fetched.
#[derive(Serialize, ToSchema)]
pub struct ReportList {
    /// All of them.
    reports: Vec<ReportRecord>,
}

/// A report that can be fetched.
#[derive(Serialize, ToSchema)]
pub struct ReportRecord {
    /// Its name in addresses.
    #[schema(example = "network-status")]
    slug: String,
    /// Its title.
    #[schema(example = "Network status")]
    title: String,
    /// What it holds.
    #[schema(example = "Weekly state of the network")]
    description: String,
    /// `own` (about this account), `everyone` or `restricted` (by a grant).
    #[schema(example = "restricted", pattern = "^(own|everyone|restricted)$")]
    access: String,
    /// What it can be asked with.
    #[schema(example = json!(["edition"]))]
    parameters: Vec<String>,
    /// Its media type.
    #[schema(example = "text/csv; charset=utf-8")]
    media_type: String,
    /// In bytes; null for what is made when it is asked for.
    #[schema(example = 84_210)]
    size_bytes: Option<u64>,
    /// Its newest edition; null for reports without editions.
    #[schema(example = "20261122T060000Z")]
    edition: Option<String>,
    /// Since when it is as it is; null for what is made when it is asked for.
    #[schema(format = DateTime, example = "2026-11-22T06:00:00Z")]
    updated_at: Option<String>,
    /// The tag of its file, for `If-None-Match`; null for what is made when it is asked for.
    #[schema(example = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"")]
    etag: Option<String>,
    /// Where it can be fetched.
    #[schema(example = "http://localhost:8080/api/v1/reports/network-status")]
    url: String,
}

/// List reports
///
/// The reports that this key can fetch now: about its own account, for everyone, and those with a grant.
#[utoipa::path(
    get,
    path = "/api/v1/reports",
    tag = "Reports",
    operation_id = "list_reports",
    responses((status = 200, description = "The reports.", body = ReportList)),
    security(("api_key" = ["reports:read"]))
)]
pub async fn list(req: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    check_enabled(&state)?;
    let key = accepted_for(&req, &[REPORTS_READ]).await?.key;
    let (me, now) = (key.owner.id, state.clock.now());
    let listed: Result<Vec<Offer>, StoreError> =
        state.pool.read(move |db| offers::list(db, me, now)).await;
    let access = key.usable_access();
    let has_scope = |offer: &Offer| {
        let scope = offer.own.and_then(OwnKind::scope);
        scope.is_none_or(|scope| access.allows(scope))
    };
    let base = state.site.base();
    let reports = listed?.into_iter().filter(has_scope);
    Ok(HttpResponse::Ok().json(ReportList {
        reports: reports.map(|offer| entry(offer, base)).collect(),
    }))
}

fn entry(offer: Offer, base: &str) -> ReportRecord {
    ReportRecord {
        url: format!("{base}/api/v1/reports/{}", offer.slug),
        slug: offer.slug,
        title: offer.title,
        description: offer.description,
        access: offer
            .access
            .map_or("own", |access| access.word())
            .to_owned(),
        parameters: (offer.parameters.iter())
            .map(|name| (*name).to_owned())
            .collect(),
        media_type: offer.media_type,
        size_bytes: offer.file.map(|file| file.size),
        edition: offer.edition,
        updated_at: offer.updated_at.map(|at| at.to_rfc3339()),
        etag: offer.file.map(|file| send::tag(&file)),
    }
}

/// Fetch a report
///
/// The file itself. `associations`, `reassignments`, `key-inventory` (with `keys:read`) and `key-usage` (with `usage:read`)
/// are made when they are asked for; all others take `If-None-Match` and `Range`. Each download is written to the audit
/// log.
#[utoipa::path(
    get,
    path = "/api/v1/reports/{slug}",
    tag = "Reports",
    operation_id = "fetch_report",
    params(
        ("slug" = String, Path, description = "The name of the report.", example = "network-status"),
        ReportQuery,
    ),
    responses(
        (status = 200, description = "The file.", content_type = "application/octet-stream"),
        (status = 206, description = "The part of the file that `Range` names.", content_type = "application/octet-stream"),
        (status = 304, description = "The file is the one that `If-None-Match` names."),
        (status = 416, description = "The file has no such part."),
    ),
    security(("api_key" = ["reports:read"]))
)]
pub async fn read(
    req: HttpRequest,
    state: web::Data<AppState>,
    slug: web::Path<String>,
    query: web::Query<ReportQuery>,
) -> Result<HttpResponse, ApiError> {
    check_enabled(&state)?;
    let query = query.into_inner();
    if let Some(kind) = OwnKind::from_slug(&slug) {
        let scopes: Vec<&str> = [REPORTS_READ].into_iter().chain(kind.scope()).collect();
        let recipient = recipient(&req, &scopes).await?;
        return match OwnReport::parse(kind, query.asked(), recipient.act.now) {
            Ok(report) => answer(&req, fetch::own(&req, recipient, report).await),
            Err(error) => answer(&req, Err(error)),
        };
    }
    if slug.as_str() == BULK_SLUG {
        let recipient = recipient(&req, &[REPORTS_READ]).await?;
        return match query.wanted() {
            Ok(wanted) => answer(&req, fetch::whole_registry(&req, recipient, wanted).await),
            Err(error) => answer(&req, Err(error)),
        };
    }
    read_published(req, state, slug, query).await
}

/// `/public/rest/downloads/{slug}`: a published report.
pub async fn read_public(
    req: HttpRequest,
    state: web::Data<AppState>,
    slug: web::Path<String>,
    query: web::Query<ReportQuery>,
) -> Result<HttpResponse, ApiError> {
    check_enabled(&state)?;
    read_published(req, state, slug, query.into_inner()).await
}

async fn read_published(
    req: HttpRequest,
    state: web::Data<AppState>,
    slug: web::Path<String>,
    query: ReportQuery,
) -> Result<HttpResponse, ApiError> {
    let slug: Slug = (slug.parse()).map_err(|_malformed| ApiError::not_found())?;
    let wanted = slug.clone();
    let found: Result<_, StoreError> =
        (state.pool.read(move |db| published::find(db, &wanted))).await;
    if found?.is_none() {
        return Err(ApiError::not_found());
    }
    let recipient = recipient(&req, &[REPORTS_READ]).await?;
    let edition = query.edition();
    answer(&req, fetch::published(&req, recipient, slug, edition).await)
}

/// `/public/rest/downloads/bulkwhois`: all records.
pub async fn read_bulk(
    req: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    check_enabled(&state)?;
    let recipient = recipient(&req, &[REPORTS_READ]).await?;
    let wanted = Wanted::all(Format::Zip);
    answer(&req, fetch::whole_registry(&req, recipient, wanted).await)
}

/// `/public/rest/downloads/bulkwhois/nets+orgs.xml`: some of them.
pub async fn read_bulk_file(
    req: HttpRequest,
    state: web::Data<AppState>,
    file: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    check_enabled(&state)?;
    let (words, format) = file.rsplit_once('.').ok_or_else(ApiError::not_found)?;
    let format = Format::from_word(format).ok_or_else(ApiError::not_found)?;
    let wanted = Wanted::parse(words, '+', format).ok_or_else(ApiError::not_found)?;
    let recipient = recipient(&req, &[REPORTS_READ]).await?;
    answer(&req, fetch::whole_registry(&req, recipient, wanted).await)
}

async fn recipient(req: &HttpRequest, scopes: &[&str]) -> Result<Recipient, ApiError> {
    let key = accepted_for(req, scopes).await?.key;
    let state = AppState::of(req);
    Ok(Recipient {
        me: key.owner.id,
        act: Act {
            now: state.clock.now(),
            actor: Actor::ApiKey {
                id: key.id,
                prefix: key.prefix(),
            },
            origin: client::origin(req),
            keys: state.policy.secrets.audit_keys().clone(),
        },
    })
}

/// The answer; in the usage log, what is refused for want of authority counts as refused.
fn answer(
    req: &HttpRequest,
    result: Result<HttpResponse, ReportError>,
) -> Result<HttpResponse, ApiError> {
    result.map_err(|error| {
        let (outcome, error) = match error {
            ReportError::NotFound(words) => (None, ApiError::new(Code::NotFound, words)),
            ReportError::BadRequest(words) => (None, ApiError::new(Code::InvalidRequest, words)),
            ReportError::Denied(words) => (
                Some(Outcome::NoAuthority),
                ApiError::new(Code::NoAuthority, words),
            ),
            ReportError::Throttled(throttled) => {
                (Some(Outcome::RateLimited), ApiError::from(throttled))
            }
            ReportError::Store(error) => (None, error.into()),
        };
        if let Some(outcome) = outcome {
            deny(req, outcome);
        }
        error
    })
}
