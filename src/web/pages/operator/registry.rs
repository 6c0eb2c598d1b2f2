//! Operator > Organizations and contacts > Import and export: records in files.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, web};
use askama::Template;

use super::super::downloads::size_words;
use super::super::{PageResult, html, see_other};
use super::registry_lists::{ORGANIZATIONS, REGISTRY, Segment, segments};
use crate::domain::audit::Act;
use crate::domain::registry::import::{self, ImportError, Imported, Records};
use crate::domain::reports::ReportError;
use crate::domain::reports::spool::Spool;
use crate::store::{Pool, StoreError};
use crate::web::downloads::send::{self, Label, Recipient};
use crate::web::error::PageError;
use crate::web::extract::registrant::{RecentRegistryOperator, RegistryOperator};
use crate::web::extract::upload::{Upload, UploadError};
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};
use crate::web::rest::xml::export::write_all;
use crate::web::rest::xml::read;

/// Bytes of a file that is imported here. Larger ones are for the command, which has the server to itself.
const MOST_BYTES: u64 = 16_000_000;
/// Problems that the page lists at most.
const MOST_PROBLEMS: usize = 200;

#[derive(Template)]
#[template(path = "pages/operator/registry.html")]
struct RegistryPage {
    layout: Layout,
    segments: Vec<Segment>,
    summary: Option<Summary>,
    file: Field,
    most: String,
    problems: Vec<ProblemRow>,
    /// How many more there are than the page lists.
    more: usize,
}

struct ProblemRow {
    /// Which record; empty for the document.
    record: String,
    element: String,
    message: String,
}

/// Why nothing was imported.
enum NotImported {
    /// The file is no such document.
    Document(String, Vec<ProblemRow>),
    /// These records cannot be taken: how many.
    Records(usize, Vec<ProblemRow>),
    Store(StoreError),
}

impl From<StoreError> for NotImported {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ImportError> for NotImported {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Store(error) => Self::Store(error),
            ImportError::Bad(bad) => {
                let rows = bad.iter().flat_map(|record| {
                    record.problems.iter().map(|problem| ProblemRow {
                        record: record.record.clone(),
                        element: problem.element.to_owned(),
                        message: problem.message.clone(),
                    })
                });
                Self::Records(bad.len(), rows.collect())
            }
        }
    }
}

/// The page.
pub async fn get(RegistryOperator(me): RegistryOperator) -> PageResult {
    html(StatusCode::OK, &page(&me))
}

/// Imports the records of a file, all of them or none.
pub async fn post(
    RecentRegistryOperator(me): RecentRegistryOperator,
    req: HttpRequest,
    payload: web::Payload,
) -> PageResult {
    let mut page = page(&me);
    let Ok((_, file)) = Upload::begin(&req, payload).await?.check() else {
        page.summary = Some(Summary::stale());
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let document = match file {
        None => {
            page.file.refuse("Choose a file.");
            return refused(page, None);
        }
        Some(file) => match file.read(MOST_BYTES).await {
            Ok(document) => document,
            Err(UploadError::TooLarge(most)) => {
                page.file.refuse(format!(
                    "Choose a file of {} at most. For a larger one there is the command keyport registry import.",
                    size_words(most)
                ));
                return refused(page, None);
            }
            Err(UploadError::BrokenOff) => return Err(PageError::Malformed),
            Err(UploadError::Page(error)) => return Err(error),
        },
    };
    let act = me.visitor.act.clone();
    let done = (me.visitor.state.pool)
        .run(move |pool| import(pool, &act, &document))
        .await;
    match done {
        Ok(imported) => {
            me.visitor.leave_flash(Flash {
                lead: "The file was imported.".to_owned(),
                text: format!("{}.", imported.words()),
            })?;
            Ok(see_other(ORGANIZATIONS.href))
        }
        Err(NotImported::Document(words, problems)) => {
            page.file.refuse(words);
            page.list(problems);
            refused(page, None)
        }
        Err(NotImported::Records(count, problems)) => {
            let words = match count {
                1 => "1 record cannot be taken. Correct it in the file and import it again."
                    .to_owned(),
                count => format!(
                    "{count} records cannot be taken. Correct them in the file and import it again."
                ),
            };
            page.list(problems);
            refused(page, Some(words))
        }
        Err(NotImported::Store(error)) => Err(error.into()),
    }
}

/// All records as a file.
pub async fn get_export(
    RecentRegistryOperator(me): RecentRegistryOperator,
    req: HttpRequest,
) -> PageResult {
    let state = &me.visitor.state;
    let recipient = Recipient {
        me: me.account.id,
        act: me.visitor.act.clone(),
    };
    let label = Label {
        what: "registry export".to_owned(),
        file_name: "registry.xml".to_owned(),
        media_type: "application/xml".to_owned(),
    };
    if *req.method() == Method::HEAD {
        return Ok(send::made(&req, &recipient, &label, None).await?);
    }
    let clock = state.clock.clone();
    let made = (state.pool)
        .run(move |pool| {
            let mut spool = Spool::new(pool, &clock);
            write_all::<ReportError>(pool, &mut spool)?;
            Ok::<_, ReportError>(spool.finish()?)
        })
        .await;
    let made = made.map_err(|error| match error {
        ReportError::Store(error) => PageError::from(error),
        // Nothing else is asked for that could be refused.
        ReportError::Throttled(throttled) => PageError::Throttled(throttled),
        ReportError::NotFound(_) | ReportError::Denied(_) | ReportError::BadRequest(_) => {
            PageError::Malformed
        }
    })?;
    Ok(send::made(&req, &recipient, &label, Some(made)).await?)
}

/// Reads the document before the database is asked for anything.
fn import(pool: &Pool, act: &Act, document: &[u8]) -> Result<Imported, NotImported> {
    let collection = read::collection(document).map_err(|error| {
        let rows = error.components.into_iter().map(|component| ProblemRow {
            record: String::new(),
            element: component.element.into_owned(),
            message: component.message,
        });
        NotImported::Document(error.message, rows.collect())
    })?;
    let records = Records::from(collection);
    Ok(pool.write_now(|db| import::import(db, act, &records))?)
}

impl RegistryPage {
    fn list(&mut self, mut problems: Vec<ProblemRow>) {
        self.more = problems.len().saturating_sub(MOST_PROBLEMS);
        problems.truncate(MOST_PROBLEMS);
        self.problems = problems;
    }
}

fn refused(mut page: RegistryPage, words: Option<String>) -> PageResult {
    let lead = "Nothing was imported.";
    page.summary = match words {
        Some(words) => Some(Summary::of(lead, words)),
        None => Summary::listing(lead, &[("file", "File", &page.file)]),
    };
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount) -> RegistryPage {
    RegistryPage {
        layout: Layout::new(&me.visitor, "Import and export", Nav::OperatorRegistry),
        segments: segments(REGISTRY),
        summary: None,
        file: Field::default(),
        most: size_words(MOST_BYTES),
        problems: Vec::new(),
        more: 0,
    }
}
