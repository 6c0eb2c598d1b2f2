//! The acts on a report that cannot be taken back, each behind a question: take a grant away, remove the report.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html, see_other};
use super::ConfirmForm;
use super::report::{Known, grant_words, known};
use super::reports::REPORTS;
use crate::domain::reports::{BULK_SLUG, grants, published};
use crate::ids::GrantId;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::RecentRegistryOperator;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/operator/report_act.html")]
struct ReportActPage {
    layout: Layout,
    summary: Option<Summary>,
    question: &'static str,
    label: &'static str,
    meaning: &'static str,
    /// What it is done to.
    title: String,
    line: String,
    back: String,
    action: String,
}

/// Asks whether to remove the report.
pub async fn get_remove(
    RecentRegistryOperator(me): RecentRegistryOperator,
    slug: web::Path<String>,
) -> PageResult {
    let known = removable(&me, &slug).await?;
    html(StatusCode::OK, &remove_page(&me, &known, None))
}

/// Removes it.
pub async fn post_remove(
    RecentRegistryOperator(me): RecentRegistryOperator,
    slug: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let known = removable(&me, &slug).await?;
    if form.check().is_err() {
        let page = remove_page(&me, &known, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, slug) = (me.visitor.act.clone(), known.slug.clone());
    let removed: Result<bool, StoreError> = (me.visitor.state.pool)
        .write(move |db| published::remove(db, &act, &slug))
        .await;
    if !removed? {
        return Err(PageError::NotFound);
    }
    me.visitor.leave_flash(Flash {
        lead: format!("{} was removed.", known.title()),
        text: "Downloads that have begun go on to their end.".to_owned(),
    })?;
    Ok(see_other(REPORTS))
}

/// Asks whether to take a grant away.
pub async fn get_ungrant(
    RecentRegistryOperator(me): RecentRegistryOperator,
    path: web::Path<(String, String)>,
) -> PageResult {
    let (known, id) = granted(&me, &path).await?;
    html(StatusCode::OK, &ungrant_page(&me, &known, id, None))
}

/// Takes it away.
pub async fn post_ungrant(
    RecentRegistryOperator(me): RecentRegistryOperator,
    path: web::Path<(String, String)>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let (known, id) = granted(&me, &path).await?;
    if form.check().is_err() {
        let page = ungrant_page(&me, &known, id, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, slug) = (me.visitor.act.clone(), known.slug.clone());
    let taken: Result<bool, StoreError> = (me.visitor.state.pool)
        .write(move |db| grants::ungrant(db, &act, &slug, id))
        .await;
    if !taken? {
        return Err(PageError::NotFound);
    }
    me.visitor.leave_flash(Flash {
        lead: "The grant was taken away.".to_owned(),
        text: "The next download is refused.".to_owned(),
    })?;
    Ok(see_other(&format!("{REPORTS}/{}", known.slug)))
}

async fn removable(me: &CurrentAccount, slug: &str) -> Result<Known, PageError> {
    let known = known(me, slug).await?;
    match known.slug.as_str() == BULK_SLUG {
        true => Err(PageError::NotFound),
        false => Ok(known),
    }
}

async fn granted(
    me: &CurrentAccount,
    (slug, id): &(String, String),
) -> Result<(Known, GrantId), PageError> {
    let known = known(me, slug).await?;
    let id: GrantId = id.parse().or(Err(PageError::NotFound))?;
    match known.grants.iter().any(|grant| grant.id == id) {
        true => Ok((known, id)),
        false => Err(PageError::NotFound),
    }
}

fn remove_page(me: &CurrentAccount, known: &Known, summary: Option<Summary>) -> ReportActPage {
    let back = format!("{REPORTS}/{}", known.slug);
    ReportActPage {
        layout: layout(me, known, "Remove this report?", "Remove"),
        summary,
        question: "Remove this report?",
        label: "Remove report",
        meaning: "All its editions and grants go with it, and its address answers that there is nothing. This cannot be \
                  taken back.",
        title: known.title(),
        line: known.slug.to_string(),
        action: format!("{back}/remove"),
        back,
    }
}

fn ungrant_page(
    me: &CurrentAccount,
    known: &Known,
    id: GrantId,
    summary: Option<Summary>,
) -> ReportActPage {
    let back = format!("{REPORTS}/{}", known.slug);
    let grant = known.grants.iter().find(|grant| grant.id == id);
    ReportActPage {
        layout: layout(me, known, "Take this grant away?", "Take away"),
        summary,
        question: "Take this grant away?",
        label: "Take away",
        meaning: "From the next download on the report is refused, unless another grant holds. Downloads that have \
                  begun go on.",
        title: known.title(),
        line: grant
            .map(|grant| format!("Granted to {}", grant_words(grant)))
            .unwrap_or_default(),
        action: format!("{back}/ungrant/{id}"),
        back,
    }
}

fn layout(me: &CurrentAccount, known: &Known, question: &str, label: &str) -> Layout {
    let href = format!("{REPORTS}/{}", known.slug);
    let title = known.title();
    Layout::new(&me.visitor, question, Nav::OperatorReports)
        .with_crumbs(&[("Reports and grants", REPORTS), (&title, &href)], label)
}
