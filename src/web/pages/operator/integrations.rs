//! Operator > Integrations: keys of the server itself, which accounts use without owning them.

use actix_web::http::StatusCode;
use askama::Template;

use super::super::integrations::badge;
use super::super::{PageResult, html};
use crate::domain::integrations::provider_keys::{self, Owner};
use crate::domain::integrations::sharing::{self, Access, Sharing};
use crate::store::StoreError;
use crate::web::extract::operator::Operator;
use crate::web::layout::{Layout, Nav};
use crate::web::markup::Badge;

/// The list's address.
pub(super) const INTEGRATIONS: &str = "/operator/integrations";

#[derive(Template)]
#[template(path = "pages/operator/integrations.html")]
struct IntegrationsPage {
    layout: Layout,
    rows: Vec<Row>,
}

/// A provider of the settings.
struct Row {
    slug: String,
    name: String,
    letter: String,
    /// Where its API is.
    host: String,
    badge: Badge,
    /// Who may use the server's key; empty if there is none.
    shared_with: String,
}

/// The page.
pub async fn get(Operator(me): Operator) -> PageResult {
    let catalog = me.visitor.state.catalog.clone();
    let secrets = me.visitor.state.policy.secrets.clone();
    let found: Result<Vec<Row>, StoreError> = (me.visitor.state.pool)
        .read(move |db| {
            let keys = provider_keys::list(db, &secrets, Owner::Instance)?;
            let mut rows = Vec::new();
            for provider in catalog.iter() {
                let kept = keys.iter().find(|(slug, _)| *slug == provider.slug);
                let current = kept.and_then(|(_, kept)| kept.current.as_ref());
                let shared_with = match current {
                    Some(_) => shared_words(&sharing::find(db, &provider.slug)?),
                    None => String::new(),
                };
                rows.push(Row {
                    slug: provider.slug.clone(),
                    name: provider.name.clone(),
                    letter: provider.letter.clone(),
                    host: provider.base_url().host().to_owned(),
                    badge: badge(current.map(|key| &key.state)),
                    shared_with,
                });
            }
            Ok(rows)
        })
        .await;
    let page = IntegrationsPage {
        layout: Layout::new(&me.visitor, "Integrations", Nav::OperatorIntegrations),
        rows: found?,
    };
    html(StatusCode::OK, &page)
}

/// Who may use a key.
fn shared_words(sharing: &Sharing) -> String {
    match (sharing.access, sharing.emails.len()) {
        (Access::All, _) => "Every account".to_owned(),
        (Access::Chosen, 0) => "No account yet".to_owned(),
        (Access::Chosen, 1) => "1 account".to_owned(),
        (Access::Chosen, number) => format!("{number} accounts"),
    }
}
