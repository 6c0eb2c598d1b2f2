//! Operator > Configuration: every setting as it is in force, and where it comes from. Secrets are only said to be set.

use actix_web::http::StatusCode;
use askama::Template;

use super::super::{PageResult, html};
use crate::config::{Setting, Source};
use crate::web::extract::operator::Operator;
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/operator/configuration.html")]
struct ConfigurationPage {
    layout: Layout,
    sign_up: String,
    rows: Vec<Row>,
}

struct Row {
    path: &'static str,
    variable: Option<&'static str>,
    value: String,
    source: &'static str,
    is_default: bool,
}

/// The page.
pub async fn get(me: Operator) -> PageResult {
    let Operator(me) = me;
    let settings = me.visitor.state.config.settings();
    let sign_up = (settings.iter())
        .find(|setting| setting.path == "sign_up")
        .map_or_else(String::new, |setting| setting.value.clone());
    let page = ConfigurationPage {
        layout: Layout::new(&me.visitor, "Configuration", Nav::OperatorConfiguration),
        sign_up,
        rows: settings.into_iter().map(row).collect(),
    };
    html(StatusCode::OK, &page)
}

fn row(setting: Setting) -> Row {
    Row {
        path: setting.path,
        variable: setting.variable,
        value: setting.value,
        source: match setting.source {
            Source::Default => "Default",
            Source::File => "File",
            Source::Environment => "Environment",
        },
        is_default: setting.source == Source::Default,
    }
}
