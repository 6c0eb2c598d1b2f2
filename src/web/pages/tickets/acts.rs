//! What is done to a ticket: decide, withdraw, close, keep.

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;

use super::detail::{conflict, done, known, page};
use super::{PageResult, html, refuse};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::tickets::deciding::{self, Decider, Decision};
use crate::domain::registry::tickets::ending;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::Registrant;
use crate::web::form::{Field, Summary};

/// A decision.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    decision: String,
    reason: String,
}

impl DecisionForm {
    /// As another form has it.
    pub(in crate::web::pages) fn new(decision: &str, reason: &str) -> Self {
        Self {
            decision: decision.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// What was decided; an error if it is neither.
    pub(in crate::web::pages) fn decision(&self) -> Result<Decision, PageError> {
        let approves = match self.decision.as_str() {
            "approve" => true,
            "deny" => false,
            _ => return Err(PageError::Malformed),
        };
        let reason = self.reason.clone();
        Ok(Decision { approves, reason })
    }

    /// The reason as it was typed.
    pub(in crate::web::pages) fn reason(&self) -> Field {
        Field::with(self.reason.clone())
    }
}

/// Nothing but the token.
#[derive(Deserialize)]
pub struct ConfirmForm {}

/// Whether a report is kept.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct KeepForm {
    keep: String,
}

/// Decides about a request to be linked.
pub async fn post_decision(
    Registrant(me): Registrant,
    number: web::Path<String>,
    form: Form<DecisionForm>,
) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, &known(&me, &number).await?);
            page.reason = stale.into_kept().reason();
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let decision = form.decision()?;
    let approves = decision.approves;
    // Whoever may not read it learns nothing of it, and it is shown again if the reason is missing.
    let mut page = page(&me, &known(&me, &number).await?);
    let (act, outbox, named) = (
        me.visitor.act.clone(),
        me.visitor.state.outbox.clone(),
        number.clone(),
    );
    let by = Decider::Linked(me.account.id);
    let decided = (me.visitor.state.pool)
        .write(move |db| deciding::decide(db, &act, &outbox, by, &named, &decision))
        .await;
    match decided {
        Ok(_) if approves => done(
            &me,
            &number,
            "You approved the request.",
            "The account is linked to the contact now.",
        ),
        Ok(_) => done(
            &me,
            &number,
            "You denied the request.",
            "Who asked reads your reason.",
        ),
        Err(RegistryError::Invalid(problems)) => {
            page.reason = form.reason();
            refuse(&mut page.reason, "reason", &problems);
            let fields = [("reason", "Reason", &page.reason)];
            page.summary = Summary::listing("Nothing was decided.", &fields);
            page.layout.title = format!("Error: {}", page.layout.title);
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => conflict(&me, &number, error).await,
    }
}

/// Withdraws it.
pub async fn post_withdraw(
    Registrant(me): Registrant,
    number: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    form.check().or(Err(PageError::StaleForm))?;
    let (act, outbox, id, named) = (
        me.visitor.act.clone(),
        me.visitor.state.outbox.clone(),
        me.account.id,
        number.clone(),
    );
    let ended = (me.visitor.state.pool)
        .write(move |db| ending::withdraw(db, &act, &outbox, id, &named))
        .await;
    match ended {
        Ok(_) => done(&me, &number, "The ticket was withdrawn.", ""),
        Err(error) => conflict(&me, &number, error).await,
    }
}

/// Closes it.
pub async fn post_close(
    Registrant(me): Registrant,
    number: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    form.check().or(Err(PageError::StaleForm))?;
    let (act, outbox, id, named) = (
        me.visitor.act.clone(),
        me.visitor.state.outbox.clone(),
        me.account.id,
        number.clone(),
    );
    let ended = (me.visitor.state.pool)
        .write(move |db| ending::close(db, &act, &outbox, id, &named))
        .await;
    match ended {
        Ok(_) => done(&me, &number, "The ticket was closed.", ""),
        Err(error) => conflict(&me, &number, error).await,
    }
}

/// Keeps a report beyond its time, or no longer.
pub async fn post_keep(
    Registrant(me): Registrant,
    number: web::Path<String>,
    form: Form<KeepForm>,
) -> PageResult {
    let form = form.check().or(Err(PageError::StaleForm))?;
    let keeps = match form.keep.as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(PageError::Malformed),
    };
    let (act, id, named) = (me.visitor.act.clone(), me.account.id, number.clone());
    let kept = (me.visitor.state.pool)
        .write(move |db| ending::keep(db, &act, id, &named, keeps))
        .await;
    match kept {
        Ok(_) if keeps => done(
            &me,
            &number,
            "The report is kept.",
            "Until you say otherwise.",
        ),
        Ok(_) => done(
            &me,
            &number,
            "The report is kept no longer.",
            "It is removed when its time is over.",
        ),
        Err(error) => conflict(&me, &number, error).await,
    }
}
