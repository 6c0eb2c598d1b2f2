//! What a worker remembers of providers' keys.
//!
//! An opened key is remembered as long as the verifier finds that nothing in the database has moved: it looks for every request
//! anyway, when it judges the key of ours. So a call costs no query of its own, and a key that was removed is used no more
//! by any request that begins after that. It lies in memory beside the secret that it was sealed with, for a minute
//! at most.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::config::ProxySettings;
use crate::domain::integrations::calls::{CallRefusal, Opened, open_for_call};
use crate::domain::verification::Epoch;
use crate::ids::{AccountId, ProviderKeyId};
use crate::web::state::AppState;

/// Keys that a worker remembers.
const MOST_KNOWN: usize = 2_000;

/// How far notes about one key are apart: a server that takes a key and refuses it by turns must not make us write each time.
const NOTES_APART: TimeDelta = TimeDelta::seconds(5);

/// How long an opened key is kept, used or not.
const KEPT: Duration = Duration::from_secs(60);

/// Opened keys, by account and provider.
#[derive(Default)]
struct Known {
    /// Where the database was when they were read, or before.
    at: Option<Epoch>,
    keys: HashMap<(AccountId, Box<str>), Rc<Opened>>,
    /// True while a task waits to wipe them.
    will_be_wiped: bool,
}

/// Wipes what is known then.
#[expect(
    clippy::disallowed_methods,
    reason = "a secret is kept in the machine's memory for some time of the machine's"
)]
async fn wipe_later(known: Weak<RefCell<Known>>) {
    tokio::time::sleep(KEPT).await;
    if let Some(known) = known.upgrade() {
        let mut known = known.borrow_mut();
        known.keys.clear();
        known.will_be_wiped = false;
    }
}

/// One worker's; stays on its thread.
#[derive(Clone)]
pub struct CallDesk {
    /// How long calls may take.
    pub(super) settings: ProxySettings,
    known: Rc<RefCell<Known>>,
    noted: Rc<RefCell<HashMap<ProviderKeyId, Timestamp>>>,
}

impl CallDesk {
    /// For one worker.
    pub fn new(settings: ProxySettings) -> Self {
        Self {
            settings,
            known: Rc::default(),
            noted: Rc::default(),
        }
    }

    /// Opens the key that a call is made with. `confirmed` is where the database was after the request had arrived.
    ///
    /// # Errors
    /// If there is none, it does not open, or the database fails.
    pub(super) async fn open(
        &self,
        state: &AppState,
        account: AccountId,
        slug: &str,
        confirmed: Option<Epoch>,
    ) -> Result<Rc<Opened>, CallRefusal> {
        let key = (account, Box::<str>::from(slug));
        {
            let mut known = self.known.borrow_mut();
            if known.at != confirmed {
                known.keys.clear();
                known.at = confirmed;
            }
            if let Some(opened) = known.keys.get(&key) {
                return Ok(opened.clone());
            }
        }
        let (catalog, policy, slug) =
            (state.catalog.clone(), state.policy.clone(), slug.to_owned());
        let opened = (state.pool)
            .read(move |db| open_for_call(db, &catalog, &policy.secrets, account, &slug))
            .await?;
        let opened = Rc::new(opened);
        let mut known = self.known.borrow_mut();
        // It was read after that epoch. If it has moved meanwhile, no later request is told this one.
        if confirmed.is_some() && known.at == confirmed {
            if known.keys.len() >= MOST_KNOWN {
                known.keys.clear();
            }
            if !std::mem::replace(&mut known.will_be_wiped, true) {
                actix_web::rt::spawn(wipe_later(Rc::downgrade(&self.known)));
            }
            known.keys.insert(key, opened.clone());
        }
        Ok(opened)
    }

    /// True if something may be noted of a key now, and then not for a while.
    pub(super) fn may_note(&self, key: ProviderKeyId, now: Timestamp) -> bool {
        let mut noted = self.noted.borrow_mut();
        if noted.get(&key).is_some_and(|at| now < *at + NOTES_APART) {
            return false;
        }
        if noted.len() >= MOST_KNOWN {
            noted.clear();
        }
        noted.insert(key, now);
        true
    }
}
