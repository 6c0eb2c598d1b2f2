//! Where a worker makes its calls: its own client, whose connections stay on its thread, and what it remembers of keys.
//!
//! The row of a provider's key is remembered, sealed, as long as the verifier finds that nothing in the database has moved: it
//! looks for every request anyway, when it judges the key of ours. So a call costs no query of its own, and a key that was
//! removed is used no more by any request that begins after that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::config::ProxySettings;
use crate::domain::integrations::ProviderClient;
use crate::domain::integrations::calls::{CallRefusal, Opened, Sealed, find_for_call};
use crate::domain::verification::Epoch;
use crate::ids::{AccountId, ProviderKeyId};
use crate::web::state::AppState;

/// Rows that a worker remembers.
const MOST_KNOWN: usize = 2_000;

/// How far notes about one key are apart: a server that takes a key and refuses it by turns must not make us write each time.
const NOTES_APART: TimeDelta = TimeDelta::seconds(5);

type Known = HashMap<(AccountId, Box<str>), (Epoch, Rc<Sealed>)>;

/// One worker's; stays on its thread.
#[derive(Clone)]
pub struct CallDesk {
    /// Makes the calls.
    pub(super) client: ProviderClient,
    /// How long they may take.
    pub(super) settings: ProxySettings,
    known: Rc<RefCell<Known>>,
    noted: Rc<RefCell<HashMap<ProviderKeyId, Timestamp>>>,
}

impl CallDesk {
    /// For one worker.
    pub fn new(state: &AppState) -> Self {
        Self {
            client: ProviderClient::new(&state.call_rules)
                .expect("server.rs has made one by these rules"),
            settings: state.config.proxy,
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
    ) -> Result<Opened, CallRefusal> {
        let secrets = &state.policy.secrets;
        let key = (account, Box::<str>::from(slug));
        let remembered = (self.known.borrow().get(&key))
            .filter(|(epoch, _)| Some(*epoch) == confirmed)
            .map(|(_, sealed)| sealed.clone());
        if let Some(sealed) = remembered {
            return sealed.open(secrets);
        }
        let (catalog, slug) = (state.catalog.clone(), slug.to_owned());
        let sealed = (state.pool)
            .read(move |db| find_for_call(db, &catalog, account, &slug))
            .await?;
        let opened = sealed.open(secrets);
        if let Some(epoch) = confirmed {
            // It was read after that epoch. If it has moved meanwhile, no later request is told this one.
            let mut known = self.known.borrow_mut();
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(key, (epoch, Rc::new(sealed)));
        }
        opened
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
