//! Who looks at a page: [`Visitor`], signed in or not, and [`CurrentAccount`], signed in for sure.
//!
//! A form's token is an HMAC of a seed that only this browser has: of the session when someone is signed in, else of
//! a cookie of its own. So opening the sign-in page stores nothing on the server.

use std::future::Future;
use std::pin::Pin;

use actix_session::{Session, SessionExt as _};
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;

use super::{client, device};
use crate::clock::Timestamp;
use crate::crypto::digest::hmac_sha256;
use crate::crypto::random::{base62_text, system_rng};
use crate::domain::accounts::{self, Account};
use crate::domain::audit::{Act, Actor};
use crate::domain::integrations::ProviderClient;
use crate::domain::security::devices;
use crate::domain::sign_in::Pending;
use crate::ids::{AccountId, SessionId};
use crate::web::error::PageError;
use crate::web::layout::{Flash, Theme};
use crate::web::session_store::{
    ACCOUNT_ID, ENDED_AFTER, NEW_DEVICE, PENDING_ACCOUNT_ID, PUBLIC_ID, SIGNED_IN, SignedIn,
};
use crate::web::state::{AppState, Worker};

/// Under this name a session keeps the seed of its form tokens.
const FORM_SEED: &str = "form_seed";
/// Under this name a session keeps the message for the next page.
const FLASH: &str = "flash";
/// Under this name a session keeps that the message is a warning.
const FLASH_WARNS: &str = "flash_warns";
/// Under this name a session keeps when its holder last showed that it is them, in milliseconds since 1970.
const CONFIRMED_AT: &str = "confirmed_at";
/// Under this name a session keeps when the password was set that the account had when it began, in milliseconds since
/// 1970. A session from before the present password is no session any more, even if it was begun while that was set.
const PASSWORD_SET_AT: &str = "password_set_at";
/// Under this name a session that waits for the second step keeps a name of its own, under which tries are counted.
const PENDING_ID: &str = "pending_id";
/// What needs a recent sign-in is open for this long after one.
const RECENT: TimeDelta = TimeDelta::minutes(15);
/// Name of the cookie that keeps the chosen appearance.
pub const THEME_COOKIE: &str = "keyport_theme";

/// A seed that was made for this request and must go to the browser with the answer.
#[derive(Clone)]
struct NewSeed(String);

/// A sign-in whose password was right and whose second step must follow.
#[derive(Clone, Debug)]
pub struct PendingSignIn {
    /// Whose second step.
    pub account_id: AccountId,
    /// Which sign-in.
    pub pending: Pending,
}

/// Someone looking at a page.
pub struct Visitor {
    /// Who, if signed in.
    pub account: Option<Account>,
    /// The instant of this request.
    pub now: Timestamp,
    /// What changes are written down with.
    pub act: Act,
    /// The token for this page's forms.
    pub form_token: String,
    /// The chosen appearance.
    pub theme: Theme,
    /// Path and query of this request.
    pub path: String,
    /// The session, signed in or not.
    pub session: Session,
    /// The parts of this keyport.
    pub state: web::Data<AppState>,
    request: HttpRequest,
}

impl Visitor {
    /// Calls providers.
    pub fn provider_client(&self) -> &ProviderClient {
        &Worker::of(&self.request).provider_client
    }

    /// The message that the request before left for this page; it is gone after this.
    pub fn take_flash(&self) -> Option<Flash> {
        // Removing what is not there would still count as a change, and write the session at every page.
        if !self.session.contains_key(FLASH) {
            return None;
        }
        self.session.remove_as(FLASH).and_then(Result::ok)
    }

    /// True if that message is a warning.
    pub fn take_flash_warns(&self) -> bool {
        self.session.contains_key(FLASH_WARNS) && self.session.remove(FLASH_WARNS).is_some()
    }

    /// Leaves a message for the next page.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which is a defect.
    pub fn leave_flash(&self, flash: Flash) -> Result<(), PageError> {
        self.take_flash_warns();
        self.keep(FLASH, flash)
    }

    /// Leaves a message for the next page about something that needs attention.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which is a defect.
    pub fn leave_warning(&self, flash: Flash) -> Result<(), PageError> {
        self.keep(FLASH_WARNS, true)?;
        self.keep(FLASH, flash)
    }

    /// After how long this browser's session ended by itself, in words; `None` if it did not.
    pub fn session_ended_after(&self) -> Option<String> {
        self.session.get(ENDED_AFTER).ok().flatten()
    }

    /// Begins to wait for the second step of this account, under a new session id. Nobody is signed in by this.
    ///
    /// # Errors
    /// If the session cannot be written as JSON, which is a defect.
    pub fn await_second_step(&self, account: &Account) -> Result<(), PageError> {
        let internal = |error| PageError::Internal(Box::new(error) as _);
        self.session.clear();
        self.session.renew();
        self.session
            .insert(PENDING_ACCOUNT_ID, account.id.to_string())
            .map_err(internal)?;
        let set_at = account.password_set_at.map(Timestamp::as_millis);
        self.keep(PASSWORD_SET_AT, set_at)?;
        for name in [PENDING_ID, FORM_SEED] {
            self.session
                .insert(name, base62_text(&mut system_rng(), 22))
                .map_err(internal)?;
        }
        Ok(())
    }

    /// The sign-in of this browser that waits for its second step.
    pub fn pending_sign_in(&self) -> Option<PendingSignIn> {
        let text = |name| self.session.get::<String>(name).ok().flatten();
        Some(PendingSignIn {
            account_id: text(PENDING_ACCOUNT_ID)?.parse().ok()?,
            pending: Pending {
                id: text(PENDING_ID)?,
                password_set_at: self.password_set_at().map(Timestamp::from_millis),
            },
        })
    }

    fn password_set_at(&self) -> Option<i64> {
        let begun_with = self.session.get::<Option<i64>>(PASSWORD_SET_AT);
        begun_with.ok().flatten().flatten()
    }

    /// Signs in: a new session id, so that one planted before is worth nothing. The browser is known from now on.
    ///
    /// # Errors
    /// If the database fails, or the session cannot be written as JSON, which is a defect.
    pub async fn sign_in(&self, account: &Account) -> Result<(), PageError> {
        let device = device::remember(&self.request, account.id).await?;
        self.session.clear();
        self.keep(ACCOUNT_ID, account.id.to_string())?;
        self.keep(FORM_SEED, base62_text(&mut system_rng(), 22))?;
        let signed_in = SignedIn {
            at: self.now.as_millis(),
            place: self.act.place(),
        };
        self.keep(SIGNED_IN, signed_in)?;
        self.keep(NEW_DEVICE, devices::digest(account.id, &device))?;
        self.stay_signed_in(account)
    }

    /// Stays signed in after the account's sessions were ended with its old password, under a new session id.
    ///
    /// # Errors
    /// If the session cannot be written as JSON, which is a defect.
    pub fn stay_signed_in(&self, account: &Account) -> Result<(), PageError> {
        let set_at = account.password_set_at.map(Timestamp::as_millis);
        self.keep(PASSWORD_SET_AT, set_at)?;
        self.confirm_sign_in()
    }

    fn keep(&self, name: &str, value: impl serde::Serialize) -> Result<(), PageError> {
        self.session
            .insert(name, value)
            .map_err(|error| PageError::Internal(Box::new(error)))
    }

    /// What this session is called in its account's list.
    pub fn session_id(&self) -> Option<SessionId> {
        let text: Option<String> = self.session.get(PUBLIC_ID).ok().flatten();
        text.and_then(|text| text.parse().ok())
    }

    /// Notes that the holder has just shown that it is them, under a new session id.
    ///
    /// # Errors
    /// If the session cannot be written as JSON, which is a defect.
    pub fn confirm_sign_in(&self) -> Result<(), PageError> {
        self.session.renew();
        self.keep(CONFIRMED_AT, self.now.as_millis())
    }

    /// True if the holder has shown in the last 15 minutes that it is them.
    pub fn has_signed_in_recently(&self) -> bool {
        let confirmed_at = self.session.get(CONFIRMED_AT).ok().flatten();
        confirmed_at.is_some_and(|at| {
            let confirmed_at = Timestamp::from_millis(at);
            // A clock that was set back must not leave it open for longer.
            confirmed_at <= self.now && self.now < confirmed_at + RECENT
        })
    }
}

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = state(&req);
            let session = req.get_session();
            let account = current_account(&session, &state).await?;
            let now = state.clock.now();
            let theme = req
                .cookie(THEME_COOKIE)
                .map_or(Theme::System, |cookie| Theme::from_word(cookie.value()));
            let visitor = Self {
                now,
                act: Act {
                    now,
                    actor: account.as_ref().map_or(Actor::Anonymous, Account::as_actor),
                    origin: client::origin(&req),
                    keys: state.policy.secrets.audit_keys().clone(),
                },
                form_token: token(&state, &seed_for_answer(&req, &session)),
                theme,
                path: req
                    .uri()
                    .path_and_query()
                    .map_or_else(|| "/".to_owned(), ToString::to_string),
                account,
                session,
                state,
                request: req.clone(),
            };
            // Error pages greet the same person.
            req.extensions_mut().insert(ErrorPageContext {
                account: visitor.account.clone(),
                form_token: visitor.form_token.clone(),
                theme: visitor.theme,
            });
            Ok(visitor)
        })
    }
}

/// What an error page knows of who is looking.
#[derive(Clone)]
pub struct ErrorPageContext {
    /// Who, if signed in.
    pub account: Option<Account>,
    /// For the forms in the account menu.
    pub form_token: String,
    /// The chosen appearance.
    pub theme: Theme,
}

/// Someone who is signed in and not disabled. Anyone else is sent to sign in and comes back afterwards.
pub struct CurrentAccount {
    /// Who.
    pub account: Account,
    /// The same as a visitor.
    pub visitor: Visitor,
}

impl CurrentAccount {
    /// Themselves, if they have shown in the last 15 minutes that it is them.
    ///
    /// # Errors
    /// If not: then they are asked to confirm it, and come back.
    pub fn confirmed_recently(self) -> Result<Self, PageError> {
        if self.visitor.has_signed_in_recently() {
            Ok(self)
        } else {
            Err(PageError::NotConfirmed(self.visitor.path))
        }
    }
}

impl FromRequest for CurrentAccount {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(req, payload);
        let is_get = req.method().is_safe();
        Box::pin(async move {
            let visitor = visitor.await?;
            match visitor.account.clone() {
                Some(account) => Ok(Self { account, visitor }),
                // A form cannot be sent again for them, so after a POST they come back to the start.
                None if is_get => Err(PageError::NotSignedIn(visitor.path)),
                None => Err(PageError::NotSignedIn("/".to_owned())),
            }
        })
    }
}

async fn current_account(
    session: &Session,
    state: &AppState,
) -> Result<Option<Account>, PageError> {
    let id = session.get::<String>(ACCOUNT_ID).ok().flatten();
    let Some(id) = id.and_then(|id| id.parse::<AccountId>().ok()) else {
        return Ok(None);
    };
    let account = state.pool.read(move |db| accounts::find(db, id)).await?;
    // The version before did not note it; its sessions end like all others when a password is set.
    let begun_with = session.get::<Option<i64>>(PASSWORD_SET_AT).ok().flatten();
    Ok(account.filter(|account| {
        let password_set_at = account.password_set_at.map(Timestamp::as_millis);
        account.disabled_at.is_none() && begun_with.is_none_or(|begun| begun == password_set_at)
    }))
}

/// The token that a form sent with this request must carry; `None` if this browser has no seed yet.
pub fn expected_token(req: &HttpRequest) -> Option<String> {
    let seed = known_seed(req, &req.get_session())?;
    Some(token(&state(req), &seed))
}

fn known_seed(req: &HttpRequest, session: &Session) -> Option<String> {
    let of_session = session.get::<String>(FORM_SEED).ok().flatten();
    of_session.or_else(|| {
        let name = cookie_name(&state(req));
        req.cookie(name).map(|cookie| cookie.value().to_owned())
    })
}

fn seed_for_answer(req: &HttpRequest, session: &Session) -> String {
    if let Some(seed) = known_seed(req, session) {
        return seed;
    }
    let made = req.extensions().get::<NewSeed>().cloned();
    let NewSeed(seed) = made.unwrap_or_else(|| NewSeed(base62_text(&mut system_rng(), 22)));
    req.extensions_mut().insert(NewSeed(seed.clone()));
    seed
}

/// The cookie for a browser that was given a seed by this request.
pub fn seed_cookie(req: &HttpRequest) -> Option<Cookie<'static>> {
    let NewSeed(seed) = req.extensions().get::<NewSeed>().cloned()?;
    let state = state(req);
    let cookie = Cookie::build(cookie_name(&state), seed)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.site.is_https());
    Some(cookie.finish())
}

fn cookie_name(state: &AppState) -> &'static str {
    if state.site.is_https() {
        "__Host-keyport_form"
    } else {
        "keyport_form"
    }
}

fn token(state: &AppState, seed: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac_sha256(&state.form_key, seed.as_bytes()))
}

fn state(req: &HttpRequest) -> web::Data<AppState> {
    req.app_data::<web::Data<AppState>>()
        .expect("server.rs puts the state into every app")
        .clone()
}
