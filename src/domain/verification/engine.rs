//! The verifier: one thread with a database connection of its own, which finds the records of presented keys.
//!
//! For each batch of questions:
//!
//! 1. It **receives first** and **then** reads the epoch. What it remembers is used only if it is confirmed by a look
//!    at the database that began after every request of the batch had arrived.
//! 2. If the epoch has moved, what changed is forgotten; if it cannot tell what changed, everything is.
//! 3. What is not remembered, and every record that the presented secret does not fit, is fetched. A record that is
//!    fetched after the epoch was read can only be newer than that epoch, never older.
//! 4. Misses are not remembered: a key that is made now works now, and inserting one moves no epoch.
//! 5. If the database cannot be asked, the whole batch is told so. What is remembered is then no answer.
//!
//! Only records are remembered, never verdicts; those are made by [`super::judge`] for each request, from the record
//! and the time at which it is answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::memory::Memory;
use super::moves::Moves;
use super::record::{Found, KeyRecord, ReplacedSecret, SecretMatch, match_nothing};
use crate::domain::api_keys::key_string::PresentedKey;
use crate::domain::api_keys::policy::KeyPolicy;
use crate::ids::ApiKeyId;
use crate::store::verification::{self as rows, Epoch};
use crate::store::{DatabaseUrl, Db, StoreError};

/// Batches that may wait for the thread. Each worker has one on its way at most; the rest is room for those that were
/// given up.
const MOST_BATCHES: usize = 1_024;
/// Changes that are followed one by one; if there were more, everything is forgotten, which is cheaper.
const MOST_CHANGES: i64 = 2_000;
/// Records in memory: of 200 to 400 bytes each, as long as names are of ordinary length.
const MOST_RECORDS: usize = 200_000;
/// A query that fails sooner has met a closed connection and no slow server: then there is time to connect again.
const QUICK_FAILURE: Duration = Duration::from_millis(500);
/// How long no new connection is tried after one has failed.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Neither yes nor no: the database could not be asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the key cannot be verified at present")]
pub struct Unverifiable(#[source] pub Arc<StoreError>);

impl From<StoreError> for Unverifiable {
    fn from(error: StoreError) -> Self {
        Self(Arc::new(error))
    }
}

impl Unverifiable {
    pub(super) fn because(words: &'static str) -> Self {
        StoreError::Unavailable(words.into()).into()
    }
}

/// A presented key, and the record for it when the thread has found one.
pub(super) struct Question {
    pub(super) presented: PresentedKey,
    pub(super) found: Option<Found>,
}

/// The questions of a batch, answered.
pub(super) type Answered = Result<Vec<Question>, Unverifiable>;

/// Questions of one worker that arrived together. They go back as they came, with their answers: what a worker has allocated
/// it uses again and frees itself.
pub(super) struct Batch {
    pub(super) questions: Vec<Question>,
    pub(super) reply: oneshot::Sender<Answered>,
}

/// The way to the thread. Clones lead to the same one.
#[derive(Clone)]
pub struct Engine {
    batches: Sender<Batch>,
}

/// The thread; ends when every [`Engine`] is gone.
pub struct EngineThread(JoinHandle<()>);

impl EngineThread {
    /// Waits for its end.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the verifier thread panicked");
        }
    }
}

impl Engine {
    /// Starts the thread. It connects with the first batch, so a database that is away does not keep it from starting.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(
        url: DatabaseUrl,
        policy: Arc<KeyPolicy>,
        moves: Moves,
    ) -> std::io::Result<(Self, EngineThread)> {
        let (batches, received) = bounded(MOST_BATCHES);
        let thread = std::thread::Builder::new().name("verifier".to_owned());
        let handle = thread.spawn(move || Worker::new(url, policy, moves).run(&received))?;
        Ok((Self { batches }, EngineThread(handle)))
    }

    /// Hands a batch to the thread; gives it back if there is no room.
    pub(super) fn ask(&self, batch: Batch) -> Result<(), Batch> {
        self.batches.try_send(batch).map_err(|error| match error {
            TrySendError::Full(batch) | TrySendError::Disconnected(batch) => batch,
        })
    }

    /// Batches that wait.
    pub fn waiting(&self) -> usize {
        self.batches.len()
    }
}

struct Worker {
    url: DatabaseUrl,
    policy: Arc<KeyPolicy>,
    moves: Moves,
    db: Option<Db>,
    failed_at: Option<Instant>,
    is_down: bool,
    known: Option<Epoch>,
    memory: Memory,
}

impl Worker {
    fn new(url: DatabaseUrl, policy: Arc<KeyPolicy>, moves: Moves) -> Self {
        Self {
            url,
            policy,
            moves,
            db: None,
            failed_at: None,
            is_down: false,
            known: None,
            memory: Memory::new(MOST_RECORDS),
        }
    }

    fn run(mut self, received: &Receiver<Batch>) {
        while let Ok(first) = received.recv() {
            // What else has arrived by now joins; what arrives later is for the next look at the epoch.
            let mut batches: Vec<Batch> =
                std::iter::once(first).chain(received.try_iter()).collect();
            let outcome = self.answer(&mut batches);
            self.note(&outcome);
            reply(batches, outcome);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "whether there is time for a second try is about this machine's time"
    )]
    fn answer(&mut self, batches: &mut [Batch]) -> Result<(), StoreError> {
        let began = Instant::now();
        if let Some(mut db) = self.db.take() {
            match self.answer_with(&mut db, batches) {
                Ok(()) => {
                    self.db = Some(db);
                    return Ok(());
                }
                // A server that was started anew has closed the connection, and may be back.
                Err(error) if began.elapsed() >= QUICK_FAILURE => return Err(error),
                Err(_closed) => drop(db),
            }
        }
        let mut db = self.connect()?;
        self.answer_with(&mut db, batches)?;
        // Kept only after success: a connection in doubt is not used again.
        self.db = Some(db);
        Ok(())
    }

    /// Answers every question anew, whatever a try before this one has found.
    fn answer_with(&mut self, db: &mut Db, batches: &mut [Batch]) -> Result<(), StoreError> {
        self.confirm(db)?;
        let mut missing: Vec<ApiKeyId> = Vec::new();
        for question in questions(batches) {
            question.found = self.remembered(&question.presented);
            if question.found.is_none() {
                missing.push(question.presented.id);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        let fetched = self.fetch(db, &missing)?;
        for question in questions(batches) {
            if question.found.is_none() {
                question.found = self.look_among(&fetched, &question.presented);
            }
        }
        Ok(())
    }

    /// Makes sure that what is remembered is what the database holds now.
    fn confirm(&mut self, db: &mut Db) -> Result<(), StoreError> {
        let now = rows::read_epoch(db)?;
        if self.known == Some(now) {
            return Ok(());
        }
        let changes = match self.known {
            None => None,
            Some(known) => {
                let steps = rows::changes_from(db, known.epoch, MOST_CHANGES)?;
                let goes_on = steps
                    .first()
                    .is_some_and(|step| step.epoch == known.epoch && step.nonce == known.nonce);
                let is_whole = steps
                    .iter()
                    .any(|step| step.epoch == now.epoch && step.nonce == now.nonce)
                    && i64::try_from(steps.len()).is_ok_and(|count| count < MOST_CHANGES);
                (goes_on && is_whole).then_some(steps)
            }
        };
        match changes {
            Some(steps) => {
                for step in steps {
                    match (step.api_key_id, step.account_id) {
                        (Some(id), _) => self.memory.forget(id),
                        (None, Some(account)) => self.memory.forget_account(account),
                        (None, None) if Some(step.epoch) == self.known.map(|known| known.epoch) => {
                        }
                        (None, None) => self.memory.forget_all(),
                    }
                }
            }
            None => self.memory.forget_all(),
        }
        // Steps after `now` may have been read, and what they changed was forgotten too: too much, never too little.
        self.known = Some(now);
        Ok(())
    }

    /// The remembered record, if the presented secret fits it. A wrong secret leads to a fetch, as an unknown id does:
    /// both take the same time.
    fn remembered(&mut self, question: &PresentedKey) -> Option<Found> {
        let record = self.memory.get(question.id)?;
        let secret = record.match_secret(std::iter::empty(), question, &self.policy.secrets);
        self.note_move(&record, std::iter::empty(), secret, question);
        (secret != SecretMatch::Wrong).then_some(Found {
            record,
            secret,
            confirmed: self.known,
        })
    }

    fn fetch(&mut self, db: &mut Db, ids: &[ApiKeyId]) -> Result<Fetched, StoreError> {
        let mut fetched = Fetched::with_capacity(ids.len());
        for row in rows::read_keys(db, ids)? {
            let (record, older) = KeyRecord::of(row, &self.policy.secrets);
            let record = Arc::new(record);
            self.memory.keep(record.clone());
            fetched.insert(record.id, (record, older));
        }
        Ok(fetched)
    }

    fn look_among(&self, fetched: &Fetched, question: &PresentedKey) -> Option<Found> {
        let Some((record, older)) = fetched.get(&question.id) else {
            match_nothing(question, &self.policy.secrets);
            return None;
        };
        let secret = record.match_secret(older.iter(), question, &self.policy.secrets);
        self.note_move(record, older.iter(), secret, question);
        Some(Found {
            record: record.clone(),
            secret,
            confirmed: self.known,
        })
    }

    /// A key that is presented is the chance to make its digest under the current instance secret.
    fn note_move<'a>(
        &self,
        record: &'a KeyRecord,
        older: impl Iterator<Item = &'a ReplacedSecret>,
        secret: SecretMatch,
        question: &PresentedKey,
    ) {
        if let Some(moved) = record.moved(older, secret, question, &self.policy.secrets) {
            self.moves.note(record.id, moved);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how soon to try to connect again is about this machine's time, not about a key's"
    )]
    fn connect(&mut self) -> Result<Db, StoreError> {
        if self.failed_at.is_some_and(|at| at.elapsed() < RETRY_AFTER) {
            return Err(StoreError::Unavailable(
                "the database could not be reached a moment ago".into(),
            ));
        }
        match crate::store::connection::connect_for_verifying(&self.url) {
            Ok(db) => Ok(db),
            Err(error) => {
                // A server that answers, if not as it should, costs no time to ask again.
                if matches!(error, StoreError::Unavailable(_)) {
                    self.failed_at = Some(Instant::now());
                }
                Err(error)
            }
        }
    }

    /// One log line when the database goes away and one when it is back, not one a request.
    fn note(&mut self, outcome: &Result<(), StoreError>) {
        match outcome {
            Ok(()) if self.is_down => {
                self.is_down = false;
                tracing::info!("the verifier reaches the database again");
            }
            Err(error) if !self.is_down => {
                self.is_down = true;
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "the verifier cannot ask the database: requests with keys are answered with 503"
                );
            }
            _ => {}
        }
    }
}

type Fetched = HashMap<ApiKeyId, (Arc<KeyRecord>, Vec<ReplacedSecret>)>;

fn questions(batches: &mut [Batch]) -> impl Iterator<Item = &mut Question> {
    batches.iter_mut().flat_map(|batch| &mut batch.questions)
}

/// Gives the batches back.
fn reply(batches: Vec<Batch>, outcome: Result<(), StoreError>) {
    match outcome {
        Ok(()) => {
            for batch in batches {
                // Who asked may have given up.
                drop(batch.reply.send(Ok(batch.questions)));
            }
        }
        Err(error) => {
            let error = Unverifiable::from(error);
            for batch in batches {
                drop(batch.reply.send(Err(error.clone())));
            }
        }
    }
}
