//! What a request for a report comes to: rights, the file, the answer.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use super::bulk;
use super::send::{self, Label, Recipient};
use crate::domain::reports::bulk::Wanted;
use crate::domain::reports::own::OwnReport;
use crate::domain::reports::spool::Spool;
use crate::domain::reports::{BULK_SLUG, ReportError, Slug, grants, published};
use crate::domain::security::throttles;
use crate::store::StoreError;
use crate::web::state::AppState;

/// Makes one of the account's own reports and sends it.
///
/// # Errors
/// If the account may not have it, has asked too often, or the database fails.
pub async fn own(
    req: &HttpRequest,
    recipient: Recipient,
    report: OwnReport,
) -> Result<HttpResponse, ReportError> {
    let state = AppState::of(req);
    take(req, &recipient).await?;
    let (me, now) = (recipient.me, recipient.act.now);
    let label = Label {
        what: report.words(),
        file_name: format!("{}.csv", report.kind().slug()),
        media_type: "text/csv; charset=utf-8".to_owned(),
    };
    if *req.method() == Method::HEAD {
        state.pool.read(move |db| report.check(db, me)).await?;
        return Ok(send::made(req, &recipient, &label, None).await?);
    }
    let clock = state.clock.clone();
    let made = state
        .pool
        .run(move |pool| {
            let mut spool = Spool::new(pool, &clock);
            pool.snapshot_now(|db| report.write(db, me, now, &mut spool))?;
            Ok::<_, ReportError>(spool.finish()?)
        })
        .await?;
    Ok(send::made(req, &recipient, &label, Some(made)).await?)
}

/// Sends a file of the whole registry, which is made if it is not there.
///
/// # Errors
/// As [`own`].
pub async fn whole_registry(
    req: &HttpRequest,
    recipient: Recipient,
    wanted: Wanted,
) -> Result<HttpResponse, ReportError> {
    let state = AppState::of(req);
    take(req, &recipient).await?;
    let slug: Slug = BULK_SLUG
        .parse()
        .map_err(|_built_in| not_found(BULK_SLUG))?;
    let (me, now) = (recipient.me, recipient.act.now);
    (state.pool)
        .read(move |db| grants::require(db, me, &slug, now))
        .await?;
    let (made, file) = bulk::ensure(state, &wanted).await?;
    let format = wanted.format;
    let label = Label {
        what: format!("{BULK_SLUG} {} {}", made.serial, wanted.words()),
        file_name: format!("arin_db.{}", format.word()),
        media_type: format.media_type().to_owned(),
    };
    Ok(send::kept(req, &recipient, &label, &file, made.changed_at).await?)
}

/// Sends an edition of a published report: the newest unless one is named.
///
/// # Errors
/// As [`own`]; also if there is no such edition.
pub async fn published(
    req: &HttpRequest,
    recipient: Recipient,
    slug: Slug,
    edition: Option<String>,
) -> Result<HttpResponse, ReportError> {
    let state = AppState::of(req);
    take(req, &recipient).await?;
    let (me, now) = (recipient.me, recipient.act.now);
    let named = slug.clone();
    let edition = (state.pool)
        .read(move |db| {
            let report = published::find(db, &slug)?.ok_or_else(|| not_found(slug.as_str()))?;
            grants::require(db, me, &slug, now)?;
            match edition {
                None => Ok(report.newest),
                Some(name) => published::find_edition(db, &slug, &name)?.ok_or_else(|| {
                    ReportError::NotFound(format!("{slug} has no edition of this name."))
                }),
            }
        })
        .await?;
    let label = Label {
        what: format!("{named} {}", edition.name),
        file_name: edition.file_name,
        media_type: edition.media_type,
    };
    Ok(send::kept(req, &recipient, &label, &edition.file, edition.published_at).await?)
}

/// Counts the download, also one that is refused after this.
async fn take(req: &HttpRequest, recipient: &Recipient) -> Result<(), ReportError> {
    let (me, now) = (recipient.me, recipient.act.now);
    let taken: Result<_, StoreError> = (AppState::of(req).pool)
        .write(move |db| throttles::take_download(db, now, me))
        .await;
    Ok(taken??)
}

/// There is no such report.
pub fn not_found(slug: &str) -> ReportError {
    ReportError::NotFound(format!("There is no report {slug}."))
}
