//! What a worker remembers of providers' keys.
//!
//! An opened key is remembered as long as the verifier finds that nothing in the database has moved: it looks for every request
//! anyway, when it judges the key of ours. So a call costs no query of its own, and a key that was removed is used no more
//! by any request that begins after that. It lies in memory beside the secret that it was sealed with, and is wiped
//! as soon as anything has moved.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

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

/// Opened keys, by account and provider.
#[derive(Default)]
struct Known {
    /// Where the database was when they were read, or before.
    at: Option<Epoch>,
    keys: HashMap<(AccountId, Box<str>), Rc<Opened>>,
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
