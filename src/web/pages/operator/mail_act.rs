//! The acts on a mail, each behind a question: read it in full while mail is off, send it again after it was given up.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::super::{PageResult, html, see_other};
use super::mail::{Found, can_be_read, in_full, mail_of};
use super::mails::kind_words;
use super::{ConfirmForm, MAILS};
use crate::domain::mail::queue;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::operator::RecentOperator;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Read,
    SendAgain,
}

impl Act {
    /// The last part of the path.
    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::SendAgain => "send-again",
        }
    }

    fn question(self) -> &'static str {
        match self {
            Self::Read => "Read this mail in full?",
            Self::SendAgain => "Send this mail again?",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Read => "Read in full",
            Self::SendAgain => "Send again",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Read => {
                "It carries a link that works once, for whoever has it. Hand it over to its recipient and to no one else. \
                 That you read it is written to the audit log."
            }
            Self::SendAgain => "It goes back into the queue and is tried again as if it were new.",
        }
    }

    /// True if it can be done to this mail.
    fn is_possible(self, me: &CurrentAccount, found: &Found) -> bool {
        match self {
            Self::Read => can_be_read(me, &found.row),
            Self::SendAgain => found.can_be_sent_again(),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/operator/mail_act.html")]
struct MailActPage {
    layout: Layout,
    summary: Option<Summary>,
    act: Act,
    id: String,
    kind: String,
    recipient: String,
}

/// Asks whether to read it.
pub async fn get_read(me: RecentOperator, id: web::Path<String>) -> PageResult {
    ask(&me.0, &id, Act::Read).await
}

/// Asks whether to send it again.
pub async fn get_send_again(me: RecentOperator, id: web::Path<String>) -> PageResult {
    ask(&me.0, &id, Act::SendAgain).await
}

async fn ask(me: &CurrentAccount, id: &str, act: Act) -> PageResult {
    let found = mail_of(me, id).await?;
    if !act.is_possible(me, &found) {
        return Ok(see_other(&format!("{MAILS}/{}", found.row.id)));
    }
    html(StatusCode::OK, &page(me, &found, act, None))
}

/// Shows it in full, once that is written down.
pub async fn post_read(
    me: RecentOperator,
    id: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let RecentOperator(me) = me;
    let found = match confirmed(&me, &id, form, Act::Read).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let (act, mail) = (me.visitor.act.clone(), found.row.id);
    let noted: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| queue::note_read(db, &act, mail))
        .await;
    let row = noted?.ok_or(PageError::NotFound)?;
    in_full(&me, Found { row, ..found })
}

/// Puts it back into the queue.
pub async fn post_send_again(
    me: RecentOperator,
    id: web::Path<String>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let RecentOperator(me) = me;
    let found = match confirmed(&me, &id, form, Act::SendAgain).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let (act, mail) = (me.visitor.act.clone(), found.row.id);
    let outbox = me.visitor.state.outbox.clone();
    let queued: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| queue::resend(db, &act, &outbox, mail))
        .await;
    let recipient = &found.row.recipient;
    let flash = if queued? {
        Flash {
            lead: format!("The mail to {recipient} is in the queue again."),
            text: String::new(),
        }
    } else {
        Flash {
            lead: format!("The mail to {recipient} cannot be sent again."),
            text: "Nothing was changed.".to_owned(),
        }
    };
    me.visitor.leave_flash(flash)?;
    Ok(see_other(&format!("{MAILS}/{mail}")))
}

/// The mail that the form is about, or what to answer instead.
async fn confirmed(
    me: &CurrentAccount,
    id: &str,
    form: Form<ConfirmForm>,
    act: Act,
) -> Result<Result<Found, HttpResponse>, PageError> {
    let found = mail_of(me, id).await?;
    if form.check().is_err() {
        let page = page(me, &found, act, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page).map(Err);
    }
    if !act.is_possible(me, &found) {
        return Ok(Err(see_other(&format!("{MAILS}/{}", found.row.id))));
    }
    Ok(Ok(found))
}

fn page(me: &CurrentAccount, found: &Found, act: Act, summary: Option<Summary>) -> MailActPage {
    let kind = kind_words(&found.row.kind);
    let href = format!("{MAILS}/{}", found.row.id);
    MailActPage {
        layout: Layout::new(&me.visitor, act.question(), Nav::OperatorMail)
            .with_crumbs(&[("Mail queue", MAILS), (&kind, &href)], act.label()),
        summary,
        act,
        id: found.row.id.to_string(),
        kind,
        recipient: found.row.recipient.clone(),
    }
}
