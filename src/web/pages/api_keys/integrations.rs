//! Which calls of providers a key may make: the limits that its owner sets, and how they read elsewhere.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::{KeyLine, LIST, html, key_line, key_of, see_other};
use crate::domain::api_keys::{self, ApiKey};
use crate::domain::integrations::custom;
use crate::domain::integrations::limits::{CallLimits, METHODS, MOST_PATHS, PathPattern};
use crate::domain::integrations::providers::ProviderCatalog;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/api_keys/integrations.html")]
struct IntegrationsPage {
    layout: Layout,
    summary: Option<Summary>,
    key: KeyLine,
    providers: Vec<Choice>,
    provider: Field,
    methods: Vec<Choice>,
    method: Field,
    paths: Field,
}

struct Choice {
    word: String,
    label: String,
    is_chosen: bool,
}

/// What is filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LimitsForm {
    provider: Vec<String>,
    method: Vec<String>,
    paths: String,
}

impl LimitsForm {
    fn of(limits: &CallLimits) -> Self {
        let paths: Vec<&str> = limits.paths.iter().map(PathPattern::as_str).collect();
        Self {
            provider: limits.providers.clone(),
            method: limits.methods.clone(),
            paths: paths.join("\n"),
        }
    }
}

/// The form.
pub async fn get(RecentSignIn(me): RecentSignIn, id: web::Path<String>) -> PageResult {
    let key = key_of(&me, &id).await?;
    let form = LimitsForm::of(&key.call_limits);
    html(StatusCode::OK, &page(&me, &key, form).await?)
}

/// Sets the limits. They count for the next call.
pub async fn post(
    RecentSignIn(me): RecentSignIn,
    id: web::Path<String>,
    form: Form<LimitsForm>,
) -> PageResult {
    let key = key_of(&me, &id).await?;
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, &key, stale.into_kept()).await?;
            page.summary = Some(Summary::stale());
            return refused(page);
        }
    };
    let mut page = page(&me, &key, form).await?;
    let Some(limits) = parse(&mut page) else {
        return refused(page);
    };
    let (act, owner, key_id) = (me.visitor.act.clone(), me.account.id, key.id);
    let has_limits = !limits.is_empty();
    me.visitor
        .state
        .pool
        .write(move |db| api_keys::limit_calls(db, &act, owner, key_id, limits))
        .await?;
    me.visitor.leave_flash(Flash {
        lead: format!("The provider calls of {} were set.", key.name),
        text: match has_limits {
            true => "The limits count from the next call on.".to_owned(),
            false => "The key may make any call.".to_owned(),
        },
    })?;
    Ok(see_other(&format!("{LIST}/{}", key.id)))
}

fn refused(mut page: IntegrationsPage) -> PageResult {
    if page.summary.is_none() {
        let fields = [
            ("provider-0", "Providers", &page.provider),
            ("method-GET", "Methods", &page.method),
            ("paths", "Paths", &page.paths),
        ];
        page.summary = Summary::listing("The limits were not changed.", &fields);
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn parse(page: &mut IntegrationsPage) -> Option<CallLimits> {
    let chosen = |choices: &[Choice]| {
        let chosen = choices.iter().filter(|choice| choice.is_chosen);
        chosen.map(|choice| choice.word.clone()).collect::<Vec<_>>()
    };
    let providers = chosen(&page.providers);
    // A choice without a label was not on offer.
    if let Some(unknown) = (page.providers.iter()).find(|choice| choice.label.is_empty()) {
        let words = format!("There is no provider “{}”.", unknown.word);
        page.provider.refuse(words);
    }
    let methods = chosen(&page.methods);
    if page.methods.iter().any(|choice| choice.label.is_empty()) {
        page.method.refuse("Choose some of these.");
    }
    let lines = page.paths.value.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let mut paths = Vec::new();
    let mut problem =
        (lines.len() > MOST_PATHS).then(|| format!("Enter at most {MOST_PATHS} paths."));
    for line in &lines {
        match PathPattern::parse(line) {
            Ok(path) if paths.contains(&path) => {}
            Ok(path) => paths.push(path),
            Err(bad) => problem = problem.or_else(|| Some(format!("“{line}” {bad}."))),
        }
    }
    if let Some(problem) = problem {
        page.paths.refuse(problem);
    }
    let fields = [&page.provider, &page.method, &page.paths];
    let is_good = fields.iter().all(|field| field.error.is_none());
    is_good.then(|| CallLimits::new(providers, methods, paths))
}

async fn page(
    me: &CurrentAccount,
    key: &ApiKey,
    form: LimitsForm,
) -> Result<IntegrationsPage, PageError> {
    let owner = me.account.id;
    let state = &me.visitor.state;
    let own: Result<_, StoreError> = state.pool.read(move |db| custom::list(db, owner)).await;
    let own = own?;
    let offered = state.catalog.iter().chain(own.iter());
    let mut providers: Vec<Choice> = offered
        .map(|provider| Choice {
            word: provider.slug.clone(),
            label: provider.name.clone(),
            is_chosen: form.provider.contains(&provider.slug),
        })
        .collect();
    // A provider that is gone still limits the key to it.
    for slug in form.provider {
        if !providers.iter().any(|choice| choice.word == slug) {
            let was_there = key.call_limits.providers.contains(&slug);
            providers.push(Choice {
                label: match was_there {
                    true => format!("{slug} (removed)"),
                    false => String::new(),
                },
                word: slug,
                is_chosen: true,
            });
        }
    }
    let mut methods: Vec<Choice> = METHODS
        .iter()
        .map(|method| Choice {
            word: (*method).to_owned(),
            label: (*method).to_owned(),
            is_chosen: form.method.iter().any(|chosen| chosen == method),
        })
        .collect();
    if let Some(other) = (form.method.iter()).find(|method| !METHODS.contains(&method.as_str())) {
        methods.push(Choice {
            word: other.clone(),
            label: String::new(),
            is_chosen: true,
        });
    }
    let href = format!("{LIST}/{}", key.id);
    Ok(IntegrationsPage {
        layout: Layout::new(&me.visitor, "Limit provider calls", Nav::ApiKeys)
            .with_crumbs(&[("API keys", LIST), (&key.name, &href)], "Provider calls"),
        summary: None,
        key: key_line(me, key),
        providers,
        provider: Field::default(),
        methods,
        method: Field::default(),
        paths: Field::with(form.paths),
    })
}

/// The limits in lines, for other pages; none if there are none.
pub(super) fn limit_lines(limits: &CallLimits, catalog: &ProviderCatalog) -> Vec<String> {
    let name = |slug: &String| {
        catalog
            .find(slug)
            .map_or_else(|| slug.clone(), |provider| provider.name.clone())
    };
    let mut lines = Vec::new();
    if !limits.providers.is_empty() {
        let names: Vec<String> = limits.providers.iter().map(name).collect();
        lines.push(format!("Providers: {}", names.join(", ")));
    }
    if !limits.methods.is_empty() {
        lines.push(format!("Methods: {}", limits.methods.join(", ")));
    }
    if !limits.paths.is_empty() {
        let paths: Vec<&str> = limits.paths.iter().map(PathPattern::as_str).collect();
        lines.push(format!("Paths: {}", paths.join(", ")));
    }
    if lines.is_empty() && !limits.is_empty() {
        lines.push("Provider calls: none, since their limits cannot be read".to_owned());
    }
    lines
}
