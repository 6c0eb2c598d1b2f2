//! Settings > Audit log: what happened on an account, newest first, with a filter, in pages and as a file.
//!
//! The parts know nothing of whose log it is, so that a page for operators can be made of them.

mod file;
mod filter;
mod table;
mod words;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{PageResult, html};
use crate::domain::audit::{self, AuditFilter};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav, times};

pub(super) use file::{MOST, send};
pub use filter::AuditQuery;
pub(super) use filter::FilterForm;
pub(super) use table::AuditTable;

/// The page's address.
const LOG: &str = "/settings/audit";
/// Rows of a page of the table.
pub(super) const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "pages/audit.html")]
struct AuditLogPage {
    layout: Layout,
    filter: FilterForm,
    table: AuditTable,
    zone: String,
}

/// The page.
pub async fn get(me: CurrentAccount, query: web::Query<AuditQuery>) -> PageResult {
    let zone = me.account.time_zone;
    let form = FilterForm::of(LOG, &query, zone);
    let times = times(&me.visitor, &me.account);
    let (status, table) = match form.wanted {
        Some(wanted) => {
            let wanted = AuditFilter {
                account: Some(me.account.id),
                ..wanted
            };
            let cursor = query.cursor();
            let found: Result<_, StoreError> = me
                .visitor
                .state
                .pool
                .read(move |db| {
                    let page = audit::list(db, &wanted, cursor, ROWS)?;
                    let names = audit::key_names(db, &page)?;
                    Ok((page, names))
                })
                .await;
            let (page, names) = found?;
            let table = AuditTable::of(&page, &names, None, &form, &times);
            (StatusCode::OK, table)
        }
        // Which rows were meant is not known: none is better than others.
        None => (StatusCode::UNPROCESSABLE_ENTITY, AuditTable::default()),
    };
    let mut layout = Layout::new(&me.visitor, "Audit log", Nav::Audit);
    if form.wanted.is_none() {
        layout.title = format!("Error: {}", layout.title);
    }
    let page = AuditLogPage {
        layout,
        filter: form,
        table,
        zone: times.zone_name(),
    };
    html(status, &page)
}

/// The same entries as a file.
pub async fn get_csv(me: CurrentAccount, query: web::Query<AuditQuery>) -> PageResult {
    let form = FilterForm::of(LOG, &query, me.account.time_zone);
    let wanted = AuditFilter {
        account: Some(me.account.id),
        ..form.wanted.ok_or(PageError::Malformed)?
    };
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| audit::list_newest(db, &wanted, MOST))
        .await;
    send(&found?, None)
}
