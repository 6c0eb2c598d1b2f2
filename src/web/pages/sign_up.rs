//! Making an account.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, see_other};
use crate::config::SignUp;
use crate::crypto::password::PasswordHash;
use crate::crypto::random::system_rng;
use crate::domain::accounts::{self, SignUpError};
use crate::domain::invitations;
use crate::domain::security::password::{BadPassword, NewPassword};
use crate::domain::security::throttles;
use crate::domain::sign_up;
use crate::domain::text::{EmailAddress, Name};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::chosen_password;
use crate::web::extract::client;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::Visitor;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/sign_up.html")]
struct SignUpPage {
    layout: Layout,
    /// `None` where the form is; else why there is none.
    closed: Option<&'static str>,
    /// Where the link was sent, if it was.
    sent_to: Option<String>,
    /// The invitation's token; goes back into the form, where it is the visitor's own.
    invitation: String,
    /// Who was invited: the address cannot be another one.
    invited: Option<String>,
    name: Field,
    email: Field,
    password: Field,
    summary: Option<Summary>,
}

/// What is typed to make an account.
#[derive(Deserialize)]
#[serde(default)]
pub struct SignUpForm {
    name: String,
    email: String,
    password: Secret<String>,
    invitation: Secret<String>,
}

impl Default for SignUpForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            email: String::new(),
            password: Secret::new(String::new()),
            invitation: Secret::new(String::new()),
        }
    }
}

/// The link of someone who was invited.
#[derive(Deserialize)]
#[serde(default)]
pub struct SignUpQuery {
    invitation: Secret<String>,
}

impl Default for SignUpQuery {
    fn default() -> Self {
        Self {
            invitation: Secret::new(String::new()),
        }
    }
}

/// The page.
pub async fn get(visitor: Visitor, query: web::Query<SignUpQuery>) -> PageResult {
    if visitor.account.is_some() {
        return Ok(see_other("/"));
    }
    let form = SignUpForm {
        invitation: query.into_inner().invitation,
        ..SignUpForm::default()
    };
    let page = page(&visitor, &form).await?;
    // Opened without an invitation, the page says how accounts are made here.
    let status = match page.status() {
        StatusCode::FORBIDDEN => StatusCode::OK,
        other => other,
    };
    html(status, &page)
}

/// Makes the account: signed in at once where no mail can confirm the address, or where the link of an invitation did.
pub async fn post(req: HttpRequest, visitor: Visitor, form: Form<SignUpForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&visitor, &stale.into_kept()).await?;
            page.summary = Some(Summary::stale());
            return refused(page);
        }
    };
    let mut page = page(&visitor, &form).await?;
    if page.closed.is_some() {
        return html(page.status(), &page);
    }
    let email = EmailAddress::parse(page.invited.as_ref().unwrap_or(&form.email));
    let password = NewPassword::parse(form.password).and_then(|password| match &email {
        Ok(email) => password.for_account(email.as_str()),
        Err(_) => Ok(password),
    });
    let name = Name::parse(&form.name);
    let (Ok(name), Ok(email), Ok(password)) = (&name, &email, &password) else {
        page.name.error = name.err().map(|error| error.to_string());
        page.email.error = email.err().map(|_| "Enter an email address.".to_owned());
        page.password.error = password
            .err()
            .map(|error| password_words(&error).to_owned());
        return refused(page);
    };
    let state = visitor.state.clone();
    let (address, now) = (client::address(&req), visitor.now);
    let taken: Result<_, StoreError> = state
        .pool
        .write(move |db| throttles::take_sign_up(db, now, address))
        .await;
    if let Err(throttled) = taken? {
        page.summary = Some(throttled.into());
        return super::throttled(throttled, &page);
    }
    // Hashed whether or not the address is taken, so that the answer's time does not tell.
    let hash = state.passwords.hash(password.clone()).await?;
    let (act, name, email) = (visitor.act.clone(), name.clone(), email.clone());
    if page.invited.is_none() && state.site.has_mail {
        return mail_link(&visitor, page, name, email, hash).await;
    }
    let is_invited = page.invited.is_some();
    let made = state
        .pool
        .write(move |db| {
            let rng = &mut system_rng();
            if is_invited {
                return invitations::accept(db, &act, rng, &form.invitation, &name, &hash);
            }
            accounts::sign_up(db, &act, rng, &name, &email, Some(&hash)).map(Some)
        })
        .await;
    match made {
        Ok(Some(account)) => {
            visitor.sign_in(&account).await?;
            Ok(see_other("/"))
        }
        Ok(None) => {
            page.closed = Some(DEAD_INVITATION);
            html(page.status(), &page)
        }
        Err(SignUpError::EmailTaken) => {
            page.email
                .refuse("There is an account with this address. Sign in instead.");
            refused(page)
        }
        Err(SignUpError::Store(error)) => Err(PageError::from(error)),
    }
}

/// Says where the link was sent; whether there was an account before is told by the mail alone.
async fn mail_link(
    visitor: &Visitor,
    mut page: SignUpPage,
    name: Name,
    email: EmailAddress,
    hash: PasswordHash,
) -> PageResult {
    let (act, outbox) = (visitor.act.clone(), visitor.state.outbox.clone());
    page.sent_to = Some(email.to_string());
    let proof = chosen_password::cookie(&visitor.state, email.as_str(), hash.as_stored());
    let requested: Result<(), StoreError> = visitor
        .state
        .pool
        .write(move |db| {
            let rng = &mut system_rng();
            sign_up::request(db, &act, &outbox, rng, &name, &email, &hash)
        })
        .await;
    match requested {
        // Someone else's link is on its way to the same address.
        Err(error) if sign_up::is_taken_meanwhile(&error) => {}
        other => other?,
    }
    let mut response = html(StatusCode::OK, &page)?;
    (response.add_cookie(&proof)).map_err(|error| PageError::Internal(Box::new(error)))?;
    Ok(response)
}

/// What to say about a password that is not taken.
pub(super) fn password_words(error: &BadPassword) -> &'static str {
    match error {
        BadPassword::TooShort => "Use at least 8 characters.",
        BadPassword::TooLong => "Use at most 256 characters.",
        BadPassword::Address => {
            "This is the email address of the account. Choose another password."
        }
        BadPassword::Common => "This password is on the list of common ones. Choose another.",
    }
}

fn refused(mut page: SignUpPage) -> Result<HttpResponse, PageError> {
    if page.summary.is_none() {
        page.summary = Summary::listing(
            "The account was not created.",
            &[
                ("name", "Name", &page.name),
                ("email", "Email", &page.email),
                ("password", "Password", &page.password),
            ],
        );
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

const DEAD_INVITATION: &str = "This invitation does not work any more. It may have been used or withdrawn, there may be a newer one, or it is too old. Ask the operator of this server for a new one.";

impl SignUpPage {
    fn status(&self) -> StatusCode {
        match self.closed {
            None => StatusCode::OK,
            Some(_) if self.invitation.is_empty() => StatusCode::FORBIDDEN,
            Some(_) => StatusCode::NOT_FOUND,
        }
    }
}

async fn page(visitor: &Visitor, form: &SignUpForm) -> Result<SignUpPage, PageError> {
    let mode = visitor.state.site.sign_up;
    let mut layout = Layout::new(visitor, "Create your account", Nav::None);
    // The theme form must not carry an invitation to anywhere.
    layout.return_to = "/sign-up".to_owned();
    let mut page = SignUpPage {
        layout,
        closed: match mode {
            SignUp::Open => None,
            SignUp::Invitation => {
                Some("Accounts on this server are made by invitation. Ask its operator for one.")
            }
            SignUp::Closed => Some("This server takes no new accounts."),
        },
        sent_to: None,
        invitation: String::new(),
        invited: None,
        name: Field::with(form.name.clone()),
        email: Field::with(form.email.clone()),
        password: Field::default(),
        summary: None,
    };
    if form.invitation.expose().is_empty() || mode == SignUp::Closed {
        return Ok(page);
    }
    page.invitation = form.invitation.expose().clone();
    let (now, token) = (visitor.now, form.invitation.clone());
    let found: Result<_, StoreError> = visitor
        .state
        .pool
        .read(move |db| invitations::find(db, now, &token))
        .await;
    match found? {
        Some(invitation) => {
            page.closed = None;
            page.email = Field::with(invitation.email.clone());
            page.invited = Some(invitation.email);
        }
        None => page.closed = Some(DEAD_INVITATION),
    }
    Ok(page)
}
