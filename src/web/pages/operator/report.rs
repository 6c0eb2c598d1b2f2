//! Operator > one report: its editions, what it says of itself, and who may download it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::super::downloads::size_words;
use super::super::{PageResult, html, see_other};
use super::reports::{REPORTS, about_of, keep, publish, refuse_about};
use crate::domain::accounts;
use crate::domain::registry::functions::{Function, Functions};
use crate::domain::reports::grants::{self, DEFAULT_FUNCTIONS, Grant, GrantError, Grantee};
use crate::domain::reports::published::{self, Access, Edition, Published};
use crate::domain::reports::{BULK_SLUG, Slug};
use crate::domain::text::EmailAddress;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::{RecentRegistryOperator, RegistryOperator};
use crate::web::extract::upload::{Fields, Upload};
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;

#[derive(Template)]
#[template(path = "pages/operator/report.html")]
pub(super) struct ReportPage {
    layout: Layout,
    summary: Option<Summary>,
    slug: String,
    /// `None` for the whole registry, which has no editions.
    details: Option<Details>,
    file: Field,
    most: String,
    grants: Vec<GrantRow>,
    account: Field,
    org: Field,
    until: Field,
    functions: Vec<Choice>,
    zone: String,
}

struct Details {
    title: Field,
    description: Field,
    is_restricted: bool,
    editions: Vec<EditionRow>,
}

struct EditionRow {
    name: String,
    file_name: String,
    size: String,
    published: TimeView,
}

struct GrantRow {
    id: String,
    to: String,
    functions: String,
    until: Option<TimeView>,
    is_over: bool,
    by: String,
}

struct Choice {
    code: &'static str,
    name: &'static str,
    is_chosen: bool,
}

/// Whom to grant it to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct GrantForm {
    account: String,
    org: String,
    function: Vec<String>,
    until: String,
}

/// What the report says of itself.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DetailsForm {
    title: String,
    description: String,
    access: String,
}

/// What is known of a report.
pub(super) struct Known {
    pub(super) slug: Slug,
    report: Option<(Published, Vec<Edition>)>,
    pub(super) grants: Vec<Grant>,
}

impl Known {
    /// Its title.
    pub(super) fn title(&self) -> String {
        match &self.report {
            Some((report, _)) => report.about.title.clone(),
            None => "Bulk registry data".to_owned(),
        }
    }
}

/// The report that a path names: a published one, or the whole registry.
pub(super) async fn known(me: &CurrentAccount, slug: &str) -> Result<Known, PageError> {
    let slug: Slug = slug.parse().or(Err(PageError::NotFound))?;
    let wanted = slug.clone();
    let read: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let report = published::find(db, &wanted)?;
            let editions = published::editions(db, &wanted)?;
            Ok((report, editions, grants::list(db, &wanted)?))
        })
        .await;
    let (report, editions, grants) = read?;
    if report.is_none() && slug.as_str() != BULK_SLUG {
        return Err(PageError::NotFound);
    }
    Ok(Known {
        slug,
        report: report.map(|report| (report, editions)),
        grants,
    })
}

/// The page.
pub async fn get(RegistryOperator(me): RegistryOperator, slug: web::Path<String>) -> PageResult {
    let known = known(&me, &slug).await?;
    html(StatusCode::OK, &page(&me, &known, &GrantForm::default()))
}

/// Grants it.
pub async fn post(
    RecentRegistryOperator(me): RecentRegistryOperator,
    slug: web::Path<String>,
    form: Form<GrantForm>,
) -> PageResult {
    let known = known(&me, &slug).await?;
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, &known, &stale.into_kept());
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let mut page = page(&me, &known, &form);
    let until = until_of(&form.until, &mut page.until);
    let grantee = grantee_of(&me, &form, &mut page).await?;
    if let (Some(grantee), Ok(until)) = (grantee, until) {
        let (act, slug) = (me.visitor.act.clone(), known.slug.clone());
        let granted: Result<(), GrantError> = (me.visitor.state.pool)
            .write(move |db| grants::grant(db, &act, &slug, &grantee, until))
            .await;
        match granted {
            Ok(()) => {
                me.visitor.leave_flash(Flash {
                    lead: "The grant was given.".to_owned(),
                    text: "It holds from now on.".to_owned(),
                })?;
                return Ok(see_other(&format!("{REPORTS}/{}", known.slug)));
            }
            Err(GrantError::NoReport(_)) => return Err(PageError::NotFound),
            Err(GrantError::NoOrganization(handle)) => {
                (page.org).refuse(format!("There is no organization {handle}."));
            }
            Err(GrantError::Ended) => page.until.refuse("Choose a day that is not over."),
            Err(GrantError::Store(error)) => return Err(error.into()),
        }
    }
    page.summary = Summary::listing(
        "Nothing was granted.",
        &[
            ("account", "Account", &page.account),
            ("org", "Organization", &page.org),
            ("until", "Until", &page.until),
        ],
    );
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Changes what it says of itself, and who may download it.
pub async fn post_details(
    RecentRegistryOperator(me): RecentRegistryOperator,
    slug: web::Path<String>,
    form: Form<DetailsForm>,
) -> PageResult {
    let known = known(&me, &slug).await?;
    let mut page = page(&me, &known, &GrantForm::default());
    let (form, is_fresh) = match form.check() {
        Ok(form) => (form, true),
        Err(stale) => (stale.into_kept(), false),
    };
    let Some(details) = &mut page.details else {
        return Err(PageError::NotFound);
    };
    details.title.value.clone_from(&form.title);
    details.description.value.clone_from(&form.description);
    let fields: Fields = [
        ("title", form.title),
        ("description", form.description),
        ("access", form.access),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let about = about_of(&fields)
        .map_err(|error| refuse_about(error, &mut details.title, &mut details.description));
    page.summary = Summary::listing(
        "Nothing was changed.",
        &[
            ("title", "Title", &details.title),
            ("description", "Description", &details.description),
        ],
    );
    if !is_fresh {
        page.summary = Some(Summary::stale());
    }
    let (Ok(about), true) = (about, is_fresh) else {
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let (act, slug) = (me.visitor.act.clone(), known.slug.clone());
    let changed: Result<bool, StoreError> = (me.visitor.state.pool)
        .write(move |db| published::change(db, &act, &slug, &about))
        .await;
    if !changed? {
        return Err(PageError::NotFound);
    }
    me.visitor.leave_flash(Flash {
        lead: "The report was changed.".to_owned(),
        text: String::new(),
    })?;
    Ok(see_other(&format!("{REPORTS}/{}", known.slug)))
}

/// Publishes a new edition.
pub async fn post_edition(
    RecentRegistryOperator(me): RecentRegistryOperator,
    slug: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> PageResult {
    let known = known(&me, &slug).await?;
    let Some((report, _)) = &known.report else {
        return Err(PageError::NotFound);
    };
    let mut page = page(&me, &known, &GrantForm::default());
    let Ok((_, file)) = Upload::begin(&req, payload).await?.check() else {
        page.summary = Some(Summary::stale());
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    match keep(&me, file, &mut page.file, true).await? {
        Some((file, name)) => {
            publish(&me, known.slug.clone(), report.about.clone(), file, name).await
        }
        None => {
            page.summary =
                Summary::listing("Nothing was published.", &[("file", "File", &page.file)]);
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// The day that a grant ends with, in UTC; the error stands beside the field.
fn until_of(text: &str, field: &mut Field) -> Result<Option<crate::clock::Timestamp>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<NaiveDate>().ok().and_then(grants::end_of_day) {
        Some(until) => Ok(Some(until)),
        None => {
            field.refuse("Choose a day.");
            Err(())
        }
    }
}

async fn grantee_of(
    me: &CurrentAccount,
    form: &GrantForm,
    page: &mut ReportPage,
) -> Result<Option<Grantee>, PageError> {
    match (form.account.trim(), form.org.trim()) {
        ("", "") => {
            page.account.refuse("Name an account, or an organization.");
            Ok(None)
        }
        ("", org) => {
            let Ok(handle) = org.parse() else {
                page.org.refuse("Write a handle, such as HEN-1.");
                return Ok(None);
            };
            let chosen: Functions = (form.function.iter())
                .filter_map(|code| Function::from_code(code))
                .collect();
            if chosen.is_empty() {
                page.org.refuse("Choose at least one function.");
                return Ok(None);
            }
            Ok(Some(Grantee::Organization(handle, chosen)))
        }
        (email, "") => {
            let found = match EmailAddress::parse(email) {
                Ok(address) => {
                    let found: Result<_, StoreError> = (me.visitor.state.pool)
                        .read(move |db| accounts::find_by_email(db, &address))
                        .await;
                    found?.filter(|account| account.unverified_since.is_none())
                }
                Err(_malformed) => None,
            };
            if found.is_none() {
                page.account
                    .refuse("There is no account with this address.");
            }
            Ok(found.map(|account| Grantee::Account(account.id)))
        }
        (_, _) => {
            page.account
                .refuse("Name an account or an organization, not both.");
            Ok(None)
        }
    }
}

fn page(me: &CurrentAccount, known: &Known, form: &GrantForm) -> ReportPage {
    let (times, now) = (times(&me.visitor, &me.account), me.visitor.now);
    let edition = |edition: &Edition| EditionRow {
        name: edition.name.clone(),
        file_name: edition.file_name.clone(),
        size: size_words(edition.file.size),
        published: times.date_time(edition.published_at),
    };
    let details = known.report.as_ref().map(|(report, editions)| Details {
        title: Field::with(&report.about.title),
        description: Field::with(&report.about.description),
        is_restricted: report.about.access == Access::Restricted,
        editions: editions.iter().map(edition).collect(),
    });
    let grant = |grant: &Grant| GrantRow {
        id: grant.id.to_string(),
        to: grant_words(grant),
        functions: (grant.organization.as_ref())
            .map(|(_, functions)| functions.words())
            .unwrap_or_default(),
        until: grant.until.map(|until| times.date_time(until)),
        is_over: grant.until.is_some_and(|until| until <= now),
        by: grant.granted_by.clone(),
    };
    let chosen: Functions = match form.function.is_empty() {
        true => DEFAULT_FUNCTIONS,
        false => (form.function.iter())
            .filter_map(|code| Function::from_code(code))
            .collect(),
    };
    let title = known.title();
    ReportPage {
        layout: Layout::new(&me.visitor, &title, Nav::OperatorReports)
            .with_crumbs(&[("Reports and grants", REPORTS)], &title),
        summary: None,
        slug: known.slug.to_string(),
        details,
        file: Field::default(),
        most: size_words(me.visitor.state.config.registry.max_report_bytes),
        grants: known.grants.iter().map(grant).collect(),
        account: Field::with(&form.account),
        org: Field::with(&form.org),
        until: Field::with(&form.until),
        functions: Function::ALL
            .map(|function| Choice {
                code: function.code(),
                name: function.name(),
                is_chosen: chosen.has(function),
            })
            .into(),
        zone: times.zone_name(),
    }
}

/// Whom a grant is for.
pub(super) fn grant_words(grant: &Grant) -> String {
    match (&grant.account, &grant.organization) {
        (Some(email), _) => email.clone(),
        (None, Some((handle, _))) => handle.to_string(),
        (None, None) => String::new(),
    }
}
