//! Gathers the questions of one worker: what arrives in one turn of its event loop goes to the verifier as one batch.
//!
//! No timers make a batch: it is what arrived while the last one was on its way, so batches grow with the load by
//! themselves, and a lone request waits for no one.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::engine::{Answered, Batch, Engine, Question, Unverifiable};
use super::figures::WorkerFigures;
use super::record::Found;
use crate::domain::api_keys::key_string::PresentedKey;

/// Questions of one worker that may wait; more are refused at once, since they could not be answered in time.
const MOST_WAITING: usize = 10_000;
/// How long an answer is waited for: a database that hangs must not hang our callers.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Questions whose room in memory is kept for the next batch; a rush needs more, once.
const KEPT_ROOM: usize = 1_000;

type Answer = Result<Option<Found>, Unverifiable>;

/// One worker's way to the verifier. Stays on its thread.
#[derive(Clone)]
pub struct Gatherer {
    engine: Engine,
    figures: Arc<WorkerFigures>,
    turn: Rc<RefCell<Turn>>,
}

#[derive(Default)]
struct Turn {
    questions: Vec<Question>,
    askers: Vec<oneshot::Sender<Answer>>,
    /// Who asks only whether an answer could be had.
    confirmers: Vec<oneshot::Sender<Result<(), Unverifiable>>>,
    is_out: bool,
}

impl Gatherer {
    /// For one worker.
    pub fn new(engine: Engine, figures: Arc<WorkerFigures>) -> Self {
        Self {
            engine,
            figures,
            turn: Rc::default(),
        }
    }

    /// The record for a presented key, as the database confirms it after this call began.
    ///
    /// # Errors
    /// If the database cannot be asked, or there are too many questions already.
    pub async fn look_up(&self, presented: PresentedKey) -> Answer {
        let (asker, answer) = oneshot::channel();
        {
            let mut turn = self.turn.borrow_mut();
            if turn.questions.len() >= MOST_WAITING {
                return Err(Unverifiable::because("too many verifications wait"));
            }
            turn.questions.push(Question {
                presented,
                found: None,
            });
            turn.askers.push(asker);
            self.figures.ask();
            self.go_out(&mut turn);
        }
        answer
            .await
            .unwrap_or_else(|_closed| Err(Unverifiable::because("the worker is stopping")))
    }

    /// Asks the verifier for nothing but a look at the database. Goes with the questions of the turn, so that however
    /// many ask this, they are one batch.
    ///
    /// # Errors
    /// If the database cannot be asked, or there are too many questions already.
    pub async fn confirm(&self) -> Result<(), Unverifiable> {
        let (asker, answer) = oneshot::channel();
        {
            let mut turn = self.turn.borrow_mut();
            turn.confirmers.push(asker);
            self.go_out(&mut turn);
        }
        answer
            .await
            .unwrap_or_else(|_closed| Err(Unverifiable::because("the worker is stopping")))
    }

    fn go_out(&self, turn: &mut Turn) {
        if !turn.is_out {
            turn.is_out = true;
            // Runs after the requests that are ready in this turn have put their questions.
            tokio::task::spawn_local(self.clone().send_batches());
        }
    }

    async fn send_batches(self) {
        // Emptied, for the questions that come while others are on their way.
        let (mut spare_questions, mut spare_askers) = (Vec::new(), Vec::new());
        loop {
            let (questions, mut askers, mut confirmers) = {
                let mut turn = self.turn.borrow_mut();
                if turn.questions.is_empty() && turn.confirmers.is_empty() {
                    turn.is_out = false;
                    return;
                }
                (
                    std::mem::replace(&mut turn.questions, spare_questions),
                    std::mem::replace(&mut turn.askers, spare_askers),
                    std::mem::take(&mut turn.confirmers),
                )
            };
            let answered = self.send(questions).await;
            if answered.is_err() {
                // Who came while this batch waited in vain is told so with it, and does not wait as long once more.
                let mut turn = self.turn.borrow_mut();
                turn.questions.clear();
                askers.append(&mut turn.askers);
                confirmers.append(&mut turn.confirmers);
            }
            self.figures.answered(askers.len());
            for confirmer in confirmers {
                let confirmed = answered.as_ref().map(|_| ()).map_err(Clone::clone);
                drop(confirmer.send(confirmed));
            }
            match answered {
                Ok(mut questions) => {
                    for (asker, question) in askers.drain(..).zip(questions.drain(..)) {
                        // Whose client has gone away no longer asks.
                        drop(asker.send(Ok(question.found)));
                    }
                    questions.shrink_to(KEPT_ROOM);
                    spare_questions = questions;
                }
                Err(error) => {
                    for asker in askers.drain(..) {
                        drop(asker.send(Err(error.clone())));
                    }
                    spare_questions = Vec::new();
                }
            }
            askers.shrink_to(KEPT_ROOM);
            spare_askers = askers;
        }
    }

    async fn send(&self, questions: Vec<Question>) -> Answered {
        let (reply, replied) = oneshot::channel();
        let batch = Batch { questions, reply };
        if self.engine.ask(batch).is_err() {
            return Err(Unverifiable::because("too many verifications wait"));
        }
        match tokio::time::timeout(LONGEST_WAIT, replied).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_closed)) => Err(Unverifiable::because("the verifier has ended")),
            Err(_elapsed) => Err(Unverifiable::because("the database does not answer")),
        }
    }
}
