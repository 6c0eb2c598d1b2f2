//! Operator > Audit log: what happened on all accounts, with whose log each entry belongs to.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::audit::{AuditQuery, AuditTable, FilterForm, MOST, ROWS, send};
use super::super::{PageResult, html};
use crate::domain::audit::{self, AuditPage};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::operator::Operator;
use crate::web::layout::{Layout, Nav, times};

/// The page's address.
const LOG: &str = "/operator/audit";

#[derive(Template)]
#[template(path = "pages/operator/log.html")]
struct LogPage {
    layout: Layout,
    filter: FilterForm,
    table: AuditTable,
    zone: String,
}

/// The page.
pub async fn get(me: Operator, query: web::Query<AuditQuery>) -> PageResult {
    let Operator(me) = me;
    let form = FilterForm::of(LOG, &query, me.account.time_zone);
    let times = times(&me.visitor, &me.account);
    let (status, table) = match form.wanted {
        Some(wanted) => {
            let cursor = query.cursor();
            let found: Result<_, StoreError> = (me.visitor.state.pool)
                .read(move |db| {
                    let page = audit::list(db, &wanted, cursor, ROWS)?;
                    let names = audit::key_names(db, &page)?;
                    let emails = audit::emails(db, &page)?;
                    Ok((page, names, emails))
                })
                .await;
            let (page, names, emails) = found?;
            let table = AuditTable::of(&page, &names, Some(&emails), &form, &times);
            (StatusCode::OK, table)
        }
        // Which rows were meant is not known: none is better than others.
        None => (StatusCode::UNPROCESSABLE_ENTITY, AuditTable::default()),
    };
    let mut layout = Layout::new(&me.visitor, "Audit log", Nav::OperatorAudit);
    if form.wanted.is_none() {
        layout.title = format!("Error: {}", layout.title);
    }
    let page = LogPage {
        layout,
        filter: form,
        table,
        zone: times.zone_name(),
    };
    html(status, &page)
}

/// The same entries as a file.
pub async fn get_csv(me: Operator, query: web::Query<AuditQuery>) -> PageResult {
    let Operator(me) = me;
    let form = FilterForm::of(LOG, &query, me.account.time_zone);
    let wanted = form.wanted.ok_or(PageError::Malformed)?;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let page = AuditPage {
                entries: audit::list_newest(db, &wanted, MOST)?,
                newer: None,
                older: None,
            };
            let emails = audit::emails(db, &page)?;
            Ok((page, emails))
        })
        .await;
    let (page, emails) = found?;
    send(&page.entries, Some(&emails))
}
