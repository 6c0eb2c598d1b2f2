//! Operator > Invitations: who may sign up by a link, for seven days and once.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html, see_other};
use super::INVITATIONS;
use crate::config::SignUp;
use crate::crypto::random::system_rng;
use crate::domain::invitations::{self, Invitation};
use crate::domain::operators::{self, OperateError};
use crate::domain::text::EmailAddress;
use crate::ids::InvitationId;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::operator::{Operator, RecentOperator};
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};

#[derive(Template)]
#[template(path = "pages/operator/invitations.html")]
struct InvitationsPage {
    layout: Layout,
    summary: Option<Summary>,
    email: Field,
    has_mail: bool,
    /// Who may sign up on this server, in a sentence.
    mode: &'static str,
    rows: Vec<Row>,
    zone: String,
}

struct Row {
    id: String,
    email: String,
    invited_by: String,
    badge: Badge,
    until: TimeView,
}

#[derive(Template)]
#[template(path = "pages/operator/invitation_link.html")]
struct LinkPage {
    layout: Layout,
    email: String,
    /// Shown this one time.
    link: Secret<String>,
}

/// Whom to invite, or which invitation to withdraw.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct InviteForm {
    email: String,
    withdraw: String,
}

/// The page.
pub async fn get(Operator(me): Operator) -> PageResult {
    html(StatusCode::OK, &page(&me, Field::default(), None).await?)
}

/// Invites, or withdraws. Without mail, the answer to the first shows the link this one time.
pub async fn post(RecentOperator(me): RecentOperator, form: Form<InviteForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let email = Field::with(stale.into_kept().email);
            let page = page(&me, email, Some(Summary::stale())).await?;
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    if !form.withdraw.is_empty() {
        return withdraw(&me, &form.withdraw).await;
    }
    let Ok(email) = EmailAddress::parse(&form.email) else {
        return refused(&me, form.email, "Enter an email address.").await;
    };
    let state = &me.visitor.state;
    let outbox = state.site.has_mail.then(|| state.outbox.clone());
    let (act, by, invited) = (me.visitor.act.clone(), me.account.id, email.clone());
    let made = state
        .pool
        .write(move |db| {
            operators::invite(db, &act, &mut system_rng(), outbox.as_ref(), by, &invited)
        })
        .await;
    match made {
        Ok(Some(token)) => html(StatusCode::OK, &link_page(&me, &email, &token)),
        Ok(None) => {
            me.visitor.leave_flash(Flash {
                lead: format!("An invitation was sent to {email}."),
                text: "It works once, for 7 days.".to_owned(),
            })?;
            Ok(see_other(INVITATIONS))
        }
        Err(OperateError::HasAccount) => {
            refused(&me, form.email, "There is an account with this address.").await
        }
        Err(error) => Err(error.into()),
    }
}

async fn withdraw(me: &CurrentAccount, id: &str) -> PageResult {
    let id: InvitationId = id.parse().or(Err(PageError::NotFound))?;
    let act = me.visitor.act.clone();
    let withdrawn: Result<Option<Invitation>, StoreError> = (me.visitor.state.pool)
        .write(move |db| invitations::withdraw(db, &act, id))
        .await;
    let invitation = withdrawn?.ok_or(PageError::NotFound)?;
    me.visitor.leave_flash(Flash {
        lead: format!("The invitation of {} was withdrawn.", invitation.email),
        text: "Its link no longer works.".to_owned(),
    })?;
    Ok(see_other(INVITATIONS))
}

async fn refused(me: &CurrentAccount, typed: String, words: &str) -> PageResult {
    let mut email = Field::with(typed);
    email.refuse(words);
    let summary = Summary::listing("No one was invited.", &[("email", "Email", &email)]);
    let page = page(me, email, summary).await?;
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn page(
    me: &CurrentAccount,
    email: Field,
    summary: Option<Summary>,
) -> Result<InvitationsPage, PageError> {
    let state = &me.visitor.state;
    let listed: Result<Vec<Invitation>, StoreError> = state.pool.read(invitations::list).await;
    let (times, now) = (times(&me.visitor, &me.account), me.visitor.now);
    let row = |invitation: Invitation| Row {
        id: invitation.id.to_string(),
        email: invitation.email,
        invited_by: invitation.invited_by,
        badge: match now < invitation.expires_at {
            true => badge("ok", "Waiting"),
            false => badge("hollow", "Expired"),
        },
        until: times.date_time(invitation.expires_at),
    };
    let title = match summary {
        Some(_) => "Error: Invitations",
        None => "Invitations",
    };
    Ok(InvitationsPage {
        layout: Layout::new(&me.visitor, title, Nav::OperatorInvitations),
        summary,
        email,
        has_mail: state.site.has_mail,
        mode: match state.site.sign_up {
            SignUp::Open => "Anyone may sign up here, also without an invitation.",
            SignUp::Invitation => "Only who is invited may sign up here.",
            SignUp::Closed => {
                "No one may sign up here: invitations work once sign_up is set to invitation or open."
            }
        },
        rows: listed?.into_iter().map(row).collect(),
        zone: times.zone_name(),
    })
}

fn badge(kind: &'static str, text: &str) -> Badge {
    Badge {
        kind,
        text: text.to_owned(),
    }
}

fn link_page(me: &CurrentAccount, email: &EmailAddress, token: &Secret<String>) -> LinkPage {
    let base = me.visitor.state.site.base();
    LinkPage {
        layout: Layout::new(&me.visitor, "Hand over this link", Nav::OperatorInvitations)
            .with_crumbs(&[("Invitations", INVITATIONS)], "Link"),
        email: email.to_string(),
        link: Secret::new(format!("{base}/sign-up?invitation={}", token.expose())),
    }
}
