//! The acts on an account, each behind a question on a page of its own, which script shows as a dialog.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::super::{PageResult, html, see_other};
use super::{ACCOUNTS, ConfirmForm, account_of};
use crate::crypto::random::system_rng;
use crate::domain::accounts::Account;
use crate::domain::audit;
use crate::domain::mail::Outbox;
use crate::domain::operators::{self, Changed, OperateError};
use crate::domain::passwords::PASSWORD_LINK_LIFE;
use crate::ids::AccountId;
use crate::secret::Secret;
use crate::store::Pool;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::operator::RecentOperator;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::Summary;
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;
use crate::web::times::counted;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    PasswordLink,
    EndSessions,
    MakeOperator,
    TakeOperatorRole,
    ResetTwoStep,
    Disable,
    Enable,
}

impl fmt::Display for Act {
    /// The last part of the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PasswordLink => "password-link",
            Self::EndSessions => "end-sessions",
            Self::MakeOperator => "make-operator",
            Self::TakeOperatorRole => "take-operator-role",
            Self::ResetTwoStep => "reset-two-step",
            Self::Disable => "disable",
            Self::Enable => "enable",
        })
    }
}

impl Act {
    /// All of them, in the order of the page.
    pub(super) const ALL: [Self; 7] = [
        Self::PasswordLink,
        Self::EndSessions,
        Self::MakeOperator,
        Self::TakeOperatorRole,
        Self::ResetTwoStep,
        Self::Disable,
        Self::Enable,
    ];

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.to_string() == word)
    }

    /// False if the account is already as the act would make it.
    pub(super) fn has_something_to_do(self, account: &Account) -> bool {
        match self {
            Self::PasswordLink | Self::Disable => account.disabled_at.is_none(),
            Self::EndSessions | Self::ResetTwoStep => account.closed_at.is_none(),
            Self::MakeOperator => {
                !account.is_operator
                    && account.closed_at.is_none()
                    && account.unverified_since.is_none()
            }
            Self::TakeOperatorRole => account.is_operator,
            Self::Enable => account.disabled_at.is_some() && account.closed_at.is_none(),
        }
    }

    /// True if it takes something away.
    pub(super) fn is_harsh(self) -> bool {
        match self {
            Self::EndSessions | Self::TakeOperatorRole | Self::ResetTwoStep | Self::Disable => true,
            Self::PasswordLink | Self::MakeOperator | Self::Enable => false,
        }
    }

    /// The words of its button.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::PasswordLink => "Make a password link",
            Self::EndSessions => "End all sessions",
            Self::MakeOperator => "Make operator",
            Self::TakeOperatorRole => "Take operator role away",
            Self::ResetTwoStep => "Reset two-step verification",
            Self::Disable => "Disable account",
            Self::Enable => "Enable account",
        }
    }

    /// What it means, in a line.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::PasswordLink => {
                "A link to set a password, which works once, for 24 hours. Links made before stop working."
            }
            Self::EndSessions => "They are signed out everywhere, and can sign in again.",
            Self::MakeOperator => {
                "They see all accounts, the mail queue and the audit log, and can do all that you can do here."
            }
            Self::TakeOperatorRole => {
                "This area is closed to them from the next request on. Scopes that only operators have go with the role."
            }
            Self::ResetTwoStep => {
                "Their authenticator app, recovery codes and passkeys are removed, and their password alone signs them in. Make sure that it is them who asks."
            }
            Self::Disable => {
                "They are signed out and cannot sign in. Their keys are refused from the next request on."
            }
            Self::Enable => {
                "They can sign in again, and their keys that have not ended work again."
            }
        }
    }

    fn question(self) -> &'static str {
        match self {
            Self::PasswordLink => "Make a link to set a password?",
            Self::EndSessions => "End all sessions?",
            Self::MakeOperator => "Make this account an operator?",
            Self::TakeOperatorRole => "Take the operator role away?",
            Self::ResetTwoStep => "Reset two-step verification?",
            Self::Disable => "Disable this account?",
            Self::Enable => "Enable this account?",
        }
    }
}

#[derive(Template)]
#[template(path = "pages/operator/account_act.html")]
struct ActPage {
    layout: Layout,
    summary: Option<Summary>,
    act: Act,
    id: String,
    name: String,
    email: String,
}

#[derive(Template)]
#[template(path = "pages/operator/password_link.html")]
struct PasswordLinkPage {
    layout: Layout,
    id: String,
    email: String,
    /// Shown this one time.
    link: Secret<String>,
    until: TimeView,
}

/// What was done.
enum Done {
    Changed(Changed),
    SessionsEnded(usize),
    LinkMailed,
    LinkMade(Secret<String>),
}

/// Asks.
pub async fn get(me: RecentOperator, path: web::Path<(String, String)>) -> PageResult {
    let RecentOperator(me) = me;
    let (act, account) = meant(&me, &path).await?;
    if !act.has_something_to_do(&account) {
        return Ok(see_other(&format!("{ACCOUNTS}/{}", account.id)));
    }
    let own = (act == Act::Disable && account.id == me.account.id)
        .then(|| refusal(&OperateError::OwnAccount))
        .flatten();
    html(StatusCode::OK, &page(&me, act, &account, own))
}

/// Does it.
pub async fn post(
    me: RecentOperator,
    path: web::Path<(String, String)>,
    form: Form<ConfirmForm>,
) -> PageResult {
    let RecentOperator(me) = me;
    let (act, account) = meant(&me, &path).await?;
    if form.check().is_err() {
        let page = page(&me, act, &account, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let state = &me.visitor.state;
    let outbox = state.site.has_mail.then(|| state.outbox.clone());
    let work = Work {
        act,
        by: me.account.id,
        id: account.id,
        outbox,
        queue: state.outbox.clone(),
    };
    match work.run(&state.pool, me.visitor.act.clone()).await {
        Ok(Done::LinkMade(token)) => html(StatusCode::OK, &link_page(&me, &account, &token)),
        Ok(done) => {
            me.visitor.leave_flash(words(act, &done, &account))?;
            Ok(see_other(&after(&me, act, &account)))
        }
        Err(error) => match refusal(&error) {
            Some(summary) => {
                let page = page(&me, act, &account, Some(summary));
                html(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            None => Err(error.into()),
        },
    }
}

/// An act that is to be done.
struct Work {
    act: Act,
    by: AccountId,
    id: AccountId,
    /// Mails the link; `None` while mail is off.
    outbox: Option<Outbox>,
    /// For what is mailed as soon as there is mail.
    queue: Outbox,
}

impl Work {
    async fn run(self, pool: &Pool, act: audit::Act) -> Result<Done, OperateError> {
        let (by, id) = (self.by, self.id);
        pool.write(move |db| {
            Ok(match self.act {
                Act::Disable => Done::Changed(operators::disable(db, &act, by, id)?),
                Act::Enable => Done::Changed(operators::enable(db, &act, by, id)?),
                Act::MakeOperator => Done::Changed(operators::give_role(db, &act, by, id)?),
                Act::TakeOperatorRole => Done::Changed(operators::take_role(db, &act, by, id)?),
                Act::EndSessions => Done::SessionsEnded(operators::end_sessions(db, &act, by, id)?),
                Act::ResetTwoStep => {
                    Done::Changed(operators::reset_two_step(db, &act, &self.queue, by, id)?)
                }
                Act::PasswordLink => {
                    let (rng, mail) = (&mut system_rng(), self.outbox.as_ref());
                    match operators::make_password_link(db, &act, rng, mail, by, id)? {
                        Some(token) => Done::LinkMade(token),
                        None => Done::LinkMailed,
                    }
                }
            })
        })
        .await
    }
}

async fn meant(
    me: &CurrentAccount,
    (id, act): &(String, String),
) -> Result<(Act, Account), PageError> {
    let act = Act::from_word(act).ok_or(PageError::NotFound)?;
    Ok((act, account_of(me, id).await?))
}

/// What to say of an act that cannot be done; `None` if there is nothing to say but that the page is not there.
fn refusal(error: &OperateError) -> Option<Summary> {
    let (lead, text) = match error {
        OperateError::LastOperator => (
            "This is the only enabled operator.",
            "Nothing was changed. Make another account an operator first.",
        ),
        OperateError::OwnAccount => (
            "This is your own account.",
            "You cannot disable it. Another operator can.",
        ),
        OperateError::Disabled => (
            "This account is disabled.",
            "No link was made. Enable the account first.",
        ),
        OperateError::Unconfirmed => (
            "The address of this account is not confirmed yet.",
            "Nothing was changed. Its holder has to open the link that was mailed first.",
        ),
        OperateError::NotFound
        | OperateError::NotOperator
        | OperateError::HasAccount
        | OperateError::Store(_) => return None,
    };
    Some(Summary::of(lead, text))
}

/// Where to go on: who has just given up the role has nothing to see here any more.
fn after(me: &CurrentAccount, act: Act, account: &Account) -> String {
    if act == Act::TakeOperatorRole && account.id == me.account.id {
        return "/".to_owned();
    }
    format!("{ACCOUNTS}/{}", account.id)
}

fn words(act: Act, done: &Done, account: &Account) -> Flash {
    let name = &account.name;
    let was = match done {
        Done::Changed(Changed::Before) => "was already",
        Done::Changed(Changed::Now) => "is now",
        Done::SessionsEnded(_) | Done::LinkMailed | Done::LinkMade(_) => "",
    };
    let (lead, text) = match (act, done) {
        (Act::Disable, _) => (
            format!("{name} {was} disabled."),
            "Their keys are refused, and they are signed out.".to_owned(),
        ),
        (Act::Enable, _) => (format!("{name} {was} enabled."), String::new()),
        (Act::MakeOperator, _) => (format!("{name} {was} an operator."), String::new()),
        (Act::TakeOperatorRole, Done::Changed(Changed::Before)) => {
            (format!("{name} was no operator."), String::new())
        }
        (Act::TakeOperatorRole, _) => (format!("{name} is no longer an operator."), String::new()),
        (Act::ResetTwoStep, Done::Changed(Changed::Before)) => (
            format!("{name} had no second factors."),
            "Nothing was changed.".to_owned(),
        ),
        (Act::ResetTwoStep, _) => (
            format!("The second factors of {name} were removed."),
            "They were told by email, if email is set up.".to_owned(),
        ),
        (Act::EndSessions, Done::SessionsEnded(ended)) => {
            let ended = i64::try_from(*ended).unwrap_or(i64::MAX);
            let text = format!("{} ended.", counted(ended, "session"));
            (format!("{name} was signed out everywhere."), text)
        }
        (Act::EndSessions, _) => (format!("{name} was signed out everywhere."), String::new()),
        (Act::PasswordLink, _) => (
            format!("A link to set a password was sent to {}.", account.email),
            "It works once, for 24 hours.".to_owned(),
        ),
    };
    Flash { lead, text }
}

fn page(me: &CurrentAccount, act: Act, account: &Account, summary: Option<Summary>) -> ActPage {
    let href = format!("{ACCOUNTS}/{}", account.id);
    let crumbs = [
        ("Accounts", ACCOUNTS),
        (account.name.as_str(), href.as_str()),
    ];
    ActPage {
        layout: Layout::new(&me.visitor, act.question(), Nav::OperatorAccounts)
            .with_crumbs(&crumbs, act.label()),
        summary,
        act,
        id: account.id.to_string(),
        name: account.name.clone(),
        email: account.email.clone(),
    }
}

fn link_page(me: &CurrentAccount, account: &Account, token: &Secret<String>) -> PasswordLinkPage {
    let href = format!("{ACCOUNTS}/{}", account.id);
    let crumbs = [
        ("Accounts", ACCOUNTS),
        (account.name.as_str(), href.as_str()),
    ];
    let base = me.visitor.state.site.base();
    let times = times(&me.visitor, &me.account);
    PasswordLinkPage {
        layout: Layout::new(&me.visitor, "Hand over this link", Nav::OperatorAccounts)
            .with_crumbs(&crumbs, "Password link"),
        id: account.id.to_string(),
        email: account.email.clone(),
        link: Secret::new(format!("{base}/password/reset?token={}", token.expose())),
        until: times.full(me.visitor.now + PASSWORD_LINK_LIFE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_paths_are_read_back() {
        for act in Act::ALL {
            assert_eq!(Act::from_word(&act.to_string()), Some(act));
        }
        assert_eq!(Act::from_word("nothing"), None);
    }
}
