//! Operator > Reports and grants: the list, and publishing a new report.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;

use super::super::downloads::{format_words, size_words};
use super::super::{PageResult, html, see_other};
use crate::domain::reports::published::{self, About, Access, BadAbout, Published};
use crate::domain::reports::{BULK_SLUG, Slug, files};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::registrant::{RecentRegistryOperator, RegistryOperator};
use crate::web::extract::upload::{Fields, SentFile, Upload, UploadError};
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;

/// The list's address.
pub(super) const REPORTS: &str = "/operator/reports";

#[derive(Template)]
#[template(path = "pages/operator/reports.html")]
struct ReportsPage {
    layout: Layout,
    rows: Vec<Row>,
    zone: String,
    bulk: &'static str,
}

struct Row {
    slug: String,
    title: String,
    is_restricted: bool,
    format: String,
    size: String,
    published: TimeView,
}

#[derive(Template)]
#[template(path = "pages/operator/report_new.html")]
struct NewReportPage {
    layout: Layout,
    summary: Option<Summary>,
    slug: Field,
    title: Field,
    description: Field,
    access: String,
    file: Field,
    most: String,
}

/// The list.
pub async fn get(RegistryOperator(me): RegistryOperator) -> PageResult {
    let listed: Result<Vec<Published>, StoreError> =
        me.visitor.state.pool.read(published::list).await;
    let times = times(&me.visitor, &me.account);
    let row = |report: Published| Row {
        slug: report.slug.to_string(),
        title: report.about.title,
        is_restricted: report.about.access == Access::Restricted,
        format: format_words(&report.newest.media_type),
        size: size_words(report.newest.file.size),
        published: times.date_time(report.newest.published_at),
    };
    let page = ReportsPage {
        layout: Layout::new(&me.visitor, "Reports and grants", Nav::OperatorReports),
        rows: listed?.into_iter().map(row).collect(),
        zone: times.zone_name(),
        bulk: BULK_SLUG,
    };
    html(StatusCode::OK, &page)
}

/// The form.
pub async fn get_new(RecentRegistryOperator(me): RecentRegistryOperator) -> PageResult {
    html(StatusCode::OK, &new_page(&me, &Fields::new()))
}

/// Publishes a new report with its first edition.
pub async fn post_new(
    RecentRegistryOperator(me): RecentRegistryOperator,
    req: HttpRequest,
    payload: web::Payload,
) -> PageResult {
    let (fields, file) = match Upload::begin(&req, payload).await?.check() {
        Ok(sent) => sent,
        Err(stale) => {
            let mut page = new_page(&me, &stale);
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let mut page = new_page(&me, &fields);
    let slug = Slug::parse_new(&page.slug.value)
        .map_err(|error| page.slug.refuse(error.to_string()))
        .ok();
    let about = about_of(&fields)
        .map_err(|error| refuse_about(error, &mut page.title, &mut page.description))
        .ok();
    if let Some(slug) = slug.clone() {
        let found: Result<_, StoreError> = (me
            .visitor
            .state
            .pool
            .read(move |db| published::find(db, &slug)))
        .await;
        if found?.is_some() {
            (page.slug)
                .refuse("There is a report with this name. Open it to publish a new edition.");
        }
    }
    let kept = keep(
        &me,
        file,
        &mut page.file,
        page.slug.error.is_none() && about.is_some(),
    )
    .await?;
    let (Some(slug), Some(about), Some((file, name))) = (slug, about, kept) else {
        page.layout.title = "Error: Publish a report".to_owned();
        page.summary = Summary::listing(
            "Nothing was published.",
            &[
                ("slug", "Name in addresses", &page.slug),
                ("title", "Title", &page.title),
                ("description", "Description", &page.description),
                ("file", "File", &page.file),
            ],
        );
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    publish(&me, slug, about, file, name).await
}

/// Keeps the file of a form, if the rest of it can be accepted; else says what is wrong beside the field.
pub(super) async fn keep(
    me: &CurrentAccount,
    file: Option<SentFile>,
    field: &mut Field,
    is_wanted: bool,
) -> Result<Option<(files::StoredFile, String)>, PageError> {
    let Some(file) = file else {
        field.refuse("Choose a file.");
        return Ok(None);
    };
    if !is_wanted {
        return Ok(None);
    }
    let state = &me.visitor.state;
    let name = file.name.clone();
    match file
        .keep(state, state.config.registry.max_report_bytes)
        .await
    {
        Ok(kept) => Ok(Some((kept, name))),
        Err(UploadError::TooLarge(most)) => {
            field.refuse(format!("Choose a file of {} at most.", size_words(most)));
            Ok(None)
        }
        Err(UploadError::BrokenOff) => Err(PageError::Malformed),
        Err(UploadError::Page(error)) => Err(error),
    }
}

/// Publishes an edition, and leads to the report.
pub(super) async fn publish(
    me: &CurrentAccount,
    slug: Slug,
    about: About,
    file: files::StoredFile,
    name: String,
) -> PageResult {
    let (state, act) = (&me.visitor.state, me.visitor.act.clone());
    let to = format!("{REPORTS}/{slug}");
    let published: Result<String, StoreError> = (state.pool)
        .write(move |db| published::publish(db, &act, &slug, &about, &file, &name))
        .await;
    let edition = match published {
        Ok(edition) => edition,
        Err(error) => {
            // Nothing names the file: it goes at once, or else with housekeeping.
            let removed = state.pool.run(move |pool| files::remove(pool, file.id));
            if let Err(error) = removed.await {
                tracing::warn!(%error, "a file that was not published was not removed yet");
            }
            return Err(error.into());
        }
    };
    me.visitor.leave_flash(Flash {
        lead: format!("Edition {edition} was published."),
        text: "It is served from now on.".to_owned(),
    })?;
    Ok(see_other(&to))
}

/// Title, description and access of a form.
pub(super) fn about_of(fields: &Fields) -> Result<About, BadAbout> {
    let text = |name: &str| fields.get(name).map_or("", String::as_str);
    let access = Access::from_word(text("access")).unwrap_or(Access::Restricted);
    About::parse(text("title"), text("description"), access)
}

pub(super) fn refuse_about(error: BadAbout, title: &mut Field, description: &mut Field) {
    let field = match error {
        BadAbout::Title => title,
        BadAbout::Description => description,
    };
    field.refuse(error.to_string());
}

fn new_page(me: &CurrentAccount, fields: &Fields) -> NewReportPage {
    let field = |name: &str| Field::with(fields.get(name).cloned().unwrap_or_default());
    NewReportPage {
        layout: Layout::new(&me.visitor, "Publish a report", Nav::OperatorReports)
            .with_crumbs(&[("Reports and grants", REPORTS)], "Publish"),
        summary: None,
        slug: field("slug"),
        title: field("title"),
        description: field("description"),
        access: fields.get("access").cloned().unwrap_or_default(),
        file: Field::default(),
        most: size_words(me.visitor.state.config.registry.max_report_bytes),
    }
}
