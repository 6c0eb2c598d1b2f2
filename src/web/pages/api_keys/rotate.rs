//! Rotating a key: how long the old secret shall still work, and then the page that shows the new one once.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::PageResult;
use super::shown::{already_shown, shown};
use super::{KeyLine, LIST, html, key_line, key_of, see_other};
use crate::crypto::random::{base62_text, system_rng};
use crate::domain::api_keys::rotation::{self, Overlap, RotateKeyError};
use crate::domain::api_keys::{ApiKey, KeyState};
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Layout, Nav, times};

#[derive(Template)]
#[template(path = "pages/api_keys/rotate.html")]
struct RotatePage {
    layout: Layout,
    summary: Option<Summary>,
    form_id: String,
    key: KeyLine,
    overlap: Field,
    choices: Vec<Choice>,
}

struct Choice {
    word: &'static str,
    label: &'static str,
    means: String,
}

/// How long the old secret shall still work.
#[derive(Deserialize)]
#[serde(default)]
pub struct RotateForm {
    form_id: String,
    overlap: String,
}

impl Default for RotateForm {
    fn default() -> Self {
        Self {
            form_id: String::new(),
            overlap: Overlap::Day.word().to_owned(),
        }
    }
}

/// Asks. A key that has ended has no secret to replace: its own page says so.
pub async fn get(RecentSignIn(me): RecentSignIn, id: web::Path<String>) -> PageResult {
    let key = key_of(&me, &id).await?;
    if key.state_at(me.visitor.now) != KeyState::Active {
        return Ok(see_other(&format!("{LIST}/{}", key.id)));
    }
    html(StatusCode::OK, &page(&me, &key, RotateForm::default()))
}

/// Rotates. The answer shows the key with its new secret; the form cannot be used a second time.
pub async fn post(
    RecentSignIn(me): RecentSignIn,
    id: web::Path<String>,
    form: Form<RotateForm>,
) -> PageResult {
    let key = key_of(&me, &id).await?;
    let (form, is_stale) = match form.check() {
        Ok(form) if !form.form_id.is_empty() => (form, false),
        Ok(kept) => (kept, true),
        Err(kept) => (kept.into_kept(), true),
    };
    let form_id = form.form_id.clone();
    let mut page = page(&me, &key, form);
    if is_stale {
        page.summary = Some(Summary::stale());
        return refused(page);
    }
    let Some(overlap) = Overlap::from_word(&page.overlap.value) else {
        page.overlap.refuse("Choose one of these.");
        return refused(page);
    };
    let (policy, outbox) = (
        me.visitor.state.policy.clone(),
        me.visitor.state.outbox.clone(),
    );
    let (act, owner, key_id) = (me.visitor.act.clone(), me.account.id, key.id);
    let rotated = me
        .visitor
        .state
        .pool
        .write(move |db| {
            let rng = &mut system_rng();
            let rotated = rotation::rotate_from_form(
                db, &act, &policy, rng, owner, key_id, overlap, &form_id,
            )?;
            outbox.tell_rotated(db, &act, &rotated.key)?;
            Ok(rotated)
        })
        .await;
    match rotated {
        Ok(rotated) => {
            let until = rotated.key.overlap_at(me.visitor.now);
            let page = shown(&me, &rotated.key, &rotated.full_key, Some(until));
            html(StatusCode::OK, &page)
        }
        Err(RotateKeyError::FormUsed) => already_shown(&me, key_id),
        Err(RotateKeyError::Ended) => {
            page.summary = Some(Summary::of(
                "The key was not rotated.",
                "It has ended, and an ended key stays as it is.",
            ));
            refused(page)
        }
        Err(RotateKeyError::NotFound) => Err(PageError::NotFound),
        Err(RotateKeyError::Store(error)) => Err(error.into()),
    }
}

fn refused(mut page: RotatePage) -> PageResult {
    if page.summary.is_none() {
        let field = ("overlap-24h", "How long", &page.overlap);
        page.summary = Summary::listing("The key was not rotated.", &[field]);
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn page(me: &CurrentAccount, key: &ApiKey, form: RotateForm) -> RotatePage {
    let href = format!("{LIST}/{}", key.id);
    RotatePage {
        layout: Layout::new(&me.visitor, "Rotate this API key?", Nav::ApiKeys)
            .with_crumbs(&[("API keys", LIST), (&key.name, &href)], "Rotate"),
        summary: None,
        form_id: match form.form_id.as_str() {
            "" => base62_text(&mut system_rng(), 22),
            kept => kept.to_owned(),
        },
        key: key_line(me, key),
        overlap: Field::with(form.overlap),
        choices: choices(me, key),
    }
}

/// Each overlap with the end that it means for this key now.
fn choices(me: &CurrentAccount, key: &ApiKey) -> Vec<Choice> {
    let times = times(&me.visitor, &me.account);
    let choice = |overlap: Overlap| {
        let until = (me.visitor.now + overlap.duration()).min(key.ends_at);
        let (label, means) = match overlap {
            Overlap::None => (
                "No overlap",
                "Stops at once. Use this after a leak.".to_owned(),
            ),
            Overlap::Hour => ("1 hour", String::new()),
            Overlap::Day => ("24 hours", String::new()),
            Overlap::Week => ("7 days", String::new()),
        };
        let until_words = format!(
            "Until {}",
            times.date_time(until).text.replace("Today", "today")
        );
        Choice {
            word: overlap.word(),
            label,
            means: if means.is_empty() { until_words } else { means },
        }
    };
    Overlap::ALL.into_iter().map(choice).collect()
}
