//! Making an account.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, see_other};
use crate::config::SignUp;
use crate::crypto::random::system_rng;
use crate::domain::accounts::{self, SignUpError};
use crate::domain::security::password::{BadPassword, NewPassword};
use crate::domain::security::throttles;
use crate::domain::text::{EmailAddress, Name};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::web::error::PageError;
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
}

impl Default for SignUpForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            email: String::new(),
            password: Secret::new(String::new()),
        }
    }
}

/// The page.
pub async fn get(visitor: Visitor) -> PageResult {
    if visitor.account.is_some() {
        return Ok(see_other("/"));
    }
    html(StatusCode::OK, &page(&visitor, &SignUpForm::default()))
}

/// Makes the account and signs in.
pub async fn post(req: HttpRequest, visitor: Visitor, form: Form<SignUpForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&visitor, &stale.into_kept());
            page.summary = Some(Summary::stale());
            return refused(page);
        }
    };
    let mut page = page(&visitor, &form);
    if page.closed.is_some() {
        return html(StatusCode::FORBIDDEN, &page);
    }
    let (name, email, password) = (
        Name::parse(&form.name),
        EmailAddress::parse(&form.email),
        NewPassword::parse(form.password),
    );
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
    let made = state
        .pool
        .write(move |db| accounts::sign_up(db, &act, &mut system_rng(), &name, &email, Some(&hash)))
        .await;
    match made {
        Ok(account) => {
            visitor.sign_in(&account)?;
            Ok(see_other("/"))
        }
        Err(SignUpError::EmailTaken) => {
            page.email
                .refuse("There is an account with this address. Sign in instead.");
            refused(page)
        }
        Err(SignUpError::Store(error)) => Err(PageError::from(error)),
    }
}

/// What to say about a password that is not taken.
pub(super) fn password_words(error: &BadPassword) -> &'static str {
    match error {
        BadPassword::TooShort => "Use at least 8 characters.",
        BadPassword::TooLong => "Use at most 256 characters.",
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

fn page(visitor: &Visitor, form: &SignUpForm) -> SignUpPage {
    SignUpPage {
        layout: Layout::new(visitor, "Create your account", Nav::None),
        closed: match visitor.state.site.sign_up {
            SignUp::Open => None,
            SignUp::Invitation => {
                Some("Accounts on this server are made by invitation. Ask its operator for one.")
            }
            SignUp::Closed => Some("This server takes no new accounts."),
        },
        name: Field::with(form.name.clone()),
        email: Field::with(form.email.clone()),
        password: Field::default(),
        summary: None,
    }
}
