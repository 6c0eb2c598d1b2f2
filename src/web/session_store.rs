//! Sessions for actix-session, kept in our database by `domain::security::sessions`.
//!
//! Only sessions of signed-in accounts are stored, and for ten minutes those of accounts whose password was right and
//! whose second step must follow: they carry another name for the account, so nothing takes them for signed in. What
//! any other visitor needs is in a cookie (see `extract::visitor`), so that no one can fill the database by opening pages.

use std::collections::HashMap;

use actix_session::SessionMiddleware;
use actix_session::config::{PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use chrono::TimeDelta;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::{SharedClock, Timestamp};
use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::random::system_rng;
use crate::domain::mail::{Outbox, Place};
use crate::domain::security::devices;
use crate::domain::security::sessions::{self, KnownSession, LONGEST_LIFE, NewSession};
use crate::ids::{AccountId, SessionId};
use crate::store::{Pool, StoreError};
use crate::web::middleware::moved_cookies::cookie_name;
use crate::web::state::AppState;
use crate::web::times::counted;

/// Under this name a session remembers whose it is.
pub const ACCOUNT_ID: &str = "account_id";

/// Under this name a session that waits for the second step remembers whose it will be. Never beside [`ACCOUNT_ID`].
pub const PENDING_ACCOUNT_ID: &str = "pending_account_id";

/// Under this name a session that ended by itself says after how long, in words. It is nobody's any more.
pub const ENDED_AFTER: &str = "ended_after";

/// Under this name a session knows what it is called in its account's list. The store writes it.
pub const PUBLIC_ID: &str = "public_id";

/// Under this name a session remembers how it began.
pub const SIGNED_IN: &str = "signed_in";

/// Under this name a session that has just begun names the browser, until it is stored.
pub const NEW_DEVICE: &str = "new_device";

/// The layer that loads and stores sessions.
pub fn layer(state: &AppState, secrets: &InstanceSecrets) -> SessionMiddleware<DieselSessionStore> {
    let is_https = state.site.is_https();
    // The cookie lives as long as a session can; that a session ends earlier without use is the store's to say.
    let life = PersistentSession::default()
        .session_ttl(Duration::seconds(LONGEST_LIFE.num_seconds()))
        .session_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges);
    SessionMiddleware::builder(
        DieselSessionStore::new(
            state.pool.clone(),
            state.clock.clone(),
            state.outbox.clone(),
        ),
        Key::from(secrets.session_cookie_key().as_slice()),
    )
    .cookie_name(cookie_name(state).to_owned())
    .cookie_path("/".to_owned())
    .cookie_secure(is_https)
    .cookie_http_only(true)
    .cookie_same_site(SameSite::Lax)
    .session_lifecycle(life)
    .build()
}

/// How a session began.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SignedIn {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// From where.
    pub place: Place,
}

type State = HashMap<String, String>;

/// The store that the session middleware uses.
pub struct DieselSessionStore {
    pool: Pool,
    clock: SharedClock,
    outbox: Outbox,
}

impl DieselSessionStore {
    /// A store in this database.
    pub fn new(pool: Pool, clock: SharedClock, outbox: Outbox) -> Self {
        Self {
            pool,
            clock,
            outbox,
        }
    }
}

impl SessionStore for DieselSessionStore {
    async fn load(&self, session_key: &SessionKey) -> Result<Option<State>, LoadError> {
        let now = self.clock.now();
        let id = session_key.as_ref().to_owned();
        let found = self.pool.read(move |db| {
            let known = sessions::find(db, now, &id)?;
            // A database that cannot be written must not keep anyone from reading.
            if let Some(KnownSession::Live(live)) = &known
                && live.use_is_due
                && let Err(error) = sessions::note_use(db, now, &id)
            {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the use of a session is not noted"
                );
            }
            Ok::<_, StoreError>(known)
        });
        match found
            .await
            .map_err(|error| LoadError::Other(error.into()))?
        {
            None => Ok(None),
            Some(KnownSession::Ended(after)) => Ok(Some(ended(after))),
            Some(KnownSession::Live(live)) => {
                let mut state: State = serde_json::from_str(&live.state)
                    .map_err(|error| LoadError::Deserialization(error.into()))?;
                if let Some(id) = live.public_id {
                    state.insert(PUBLIC_ID.to_owned(), format!("\"{id}\""));
                }
                Ok(Some(state))
            }
        }
    }

    async fn save(&self, mut state: State, _ttl: &Duration) -> Result<SessionKey, SaveError> {
        let now = self.clock.now();
        let session_key = generate_session_key();
        let id = session_key.as_ref().to_owned();
        let (account_id, pending_until) = match account_id(&state, ACCOUNT_ID) {
            Some(id) => (Some(id), None),
            None => (
                account_id(&state, PENDING_ACCOUNT_ID),
                Some(now + sessions::PENDING_LIFE),
            ),
        };
        let account_id = account_id.ok_or_else(|| {
            SaveError::Serialization(anyhow_text("a session without an account is not stored"))
        })?;
        let device: Option<Vec<u8>> = read(&state, NEW_DEVICE);
        state.remove(NEW_DEVICE);
        state.remove(PUBLIC_ID);
        let signed_in: SignedIn = read(&state, SIGNED_IN).unwrap_or_default();
        let json = serde_json::to_string(&state)
            .map_err(|error| SaveError::Serialization(error.into()))?;
        let session = NewSession {
            public_id: SessionId::random(&mut system_rng()),
            account_id,
            state: json,
            signed_in_at: Timestamp::from_millis(signed_in.at),
            place: signed_in.place.clone(),
            pending_until,
        };
        let (outbox, place) = (self.outbox.clone(), signed_in.place);
        self.pool
            .write(move |db| {
                sessions::begin(db, now, &id, session)?;
                match device {
                    Some(device) => {
                        devices::note_sign_in(db, &outbox, now, account_id, &device, &place)
                    }
                    None => Ok(()),
                }
            })
            .await
            .map_err(|error: StoreError| SaveError::Other(error.into()))?;
        Ok(session_key)
    }

    async fn update(
        &self,
        session_key: SessionKey,
        state: State,
        _ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let id = session_key.as_ref().to_owned();
        let json = serde_json::to_string(&state)
            .map_err(|error| UpdateError::Serialization(error.into()))?;
        // A session that was ended meanwhile stays ended: it is not made anew under its old id.
        self.pool
            .write(move |db| sessions::set_state(db, &id, &json))
            .await
            .map_err(|error: StoreError| UpdateError::Other(error.into()))?;
        Ok(session_key)
    }

    async fn update_ttl(&self, _key: &SessionKey, _ttl: &Duration) -> Result<(), anyhow::Error> {
        // `load` notes the use, and how long a session lives is the domain's rule.
        Ok(())
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        let id = session_key.as_ref().to_owned();
        self.pool
            .write(move |db| sessions::end(db, &id))
            .await
            .map_err(|error: StoreError| error.into())
    }
}

/// What is left of a session that ended by itself. Each value is JSON, as actix-session keeps them.
fn ended(after: TimeDelta) -> State {
    let words = match after.num_days() {
        0 => counted(after.num_hours(), "hour"),
        days => counted(days, "day"),
    };
    State::from([(ENDED_AFTER.to_owned(), format!("\"{words}\""))])
}

fn account_id(state: &State, name: &str) -> Option<AccountId> {
    let text: String = read(state, name)?;
    text.parse().ok()
}

fn read<T: DeserializeOwned>(state: &State, name: &str) -> Option<T> {
    serde_json::from_str(state.get(name)?).ok()
}

fn anyhow_text(text: &'static str) -> anyhow::Error {
    anyhow::Error::msg(text)
}
