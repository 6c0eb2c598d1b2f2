//! Tokens that keys have used, as pages show them: a chart, and a table by provider.

use crate::clock::Timestamp;
use crate::domain::integrations::providers::ProviderCatalog;
use crate::domain::usage::summary::Period;
use crate::domain::usage::tokens::TokenUse;
use crate::web::chart::Chart;
use crate::web::times::grouped;

/// What the template prints.
pub struct TokenView {
    /// By day.
    pub chart: Chart,
    /// By provider, most first.
    pub rows: Vec<TokenRow>,
}

/// One provider.
pub struct TokenRow {
    /// Its name for people.
    pub name: String,
    /// "37".
    pub calls: String,
    /// "12,204".
    pub sent: String,
    /// "3,410".
    pub received: String,
}

impl TokenView {
    /// Of what was used.
    pub fn of(used: &TokenUse, period: Period, now: Timestamp, catalog: &ProviderCatalog) -> Self {
        let rows = used.by_provider.iter().map(|one| TokenRow {
            name: catalog
                .find(&one.provider)
                .map_or_else(|| one.provider.clone(), |provider| provider.name.clone()),
            calls: grouped(one.calls),
            sent: grouped(one.input),
            received: grouped(one.output),
        });
        Self {
            chart: Chart::of_tokens(used, period, now),
            rows: rows.collect(),
        }
    }
}
