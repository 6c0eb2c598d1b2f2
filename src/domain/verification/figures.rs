//! What the metrics tell of verification.
//!
//! Each worker counts in numbers of its own, so that counting takes no lock, looks nothing up and never waits for
//! another core's cache; the numbers are added up when someone reads them. A number is read beside the counting, so a
//! total may lack what is being counted at that moment, and has it the next time.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::usage::outcome::Outcome;

/// What was said to a request that a key was asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A verdict. Text that names no key counts as an invalid key.
    Judged(Outcome),
    /// It presented no key where one is needed.
    MissingKey,
    /// It presented two different ones.
    TwoKeys,
    /// Neither yes nor no: the database could not be asked.
    Unavailable,
}

/// How many answers there are.
const ANSWERS: usize = Outcome::ALL.len() + 3;

impl Answer {
    /// All answers, in the order in which they are counted.
    pub fn all() -> impl Iterator<Item = Self> {
        (Outcome::ALL.into_iter().map(Self::Judged)).chain([
            Self::MissingKey,
            Self::TwoKeys,
            Self::Unavailable,
        ])
    }

    /// The code, as the API gives it; `valid` for accepted.
    pub fn code(self) -> &'static str {
        match self {
            Self::Judged(outcome) => outcome.code(),
            Self::MissingKey => "missing_key",
            Self::TwoKeys => "two_keys",
            Self::Unavailable => "unavailable",
        }
    }

    fn index(self) -> usize {
        match self {
            Self::Judged(outcome) => outcome as usize,
            Self::MissingKey => Outcome::ALL.len(),
            Self::TwoKeys => Outcome::ALL.len() + 1,
            Self::Unavailable => Outcome::ALL.len() + 2,
        }
    }
}

/// Upper bounds of the classes of durations, in microseconds; what takes longer is in one more class. From what a
/// remembered key takes up to the longest wait for the database.
const BOUNDS_US: [u64; 15] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 5_000_000,
];
const CLASSES: usize = BOUNDS_US.len() + 1;

/// What one worker counts. Aligned to two cache lines, since processors fetch them in pairs: otherwise the numbers of
/// two workers could share one.
#[derive(Debug)]
#[repr(align(128))]
pub struct WorkerFigures {
    answers: [AtomicU64; ANSWERS],
    classes: [AtomicU64; CLASSES],
    nanos: AtomicU64,
    waiting: AtomicU64,
}

impl Default for WorkerFigures {
    fn default() -> Self {
        Self {
            answers: array::from_fn(|_| AtomicU64::new(0)),
            classes: array::from_fn(|_| AtomicU64::new(0)),
            nanos: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        }
    }
}

impl WorkerFigures {
    /// Counts an answer that nothing was looked up for.
    pub fn count(&self, answer: Answer) {
        self.answers[answer.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an answer, and how long it took from the presented key to it.
    pub fn count_timed(&self, answer: Answer, took: Duration) {
        self.count(answer);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = BOUNDS_US.partition_point(|bound| *bound < micros);
        self.classes[class].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// A question for the verifier begins to wait.
    pub(super) fn ask(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// So many questions no longer wait.
    pub(super) fn answered(&self, questions: usize) {
        let questions = u64::try_from(questions).unwrap_or(u64::MAX);
        self.waiting.fetch_sub(questions, Ordering::Relaxed);
    }
}

/// The figures of all workers. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Figures(Arc<Mutex<Vec<Arc<WorkerFigures>>>>);

/// What all workers have counted since the start.
#[derive(Debug)]
pub struct Totals {
    /// How often each answer was given, in the order of [`Answer::all`].
    pub answers: Vec<(Answer, u64)>,
    /// For each class of durations its upper bound in seconds (the last is infinite), and how many answers are in it
    /// and in no lower one.
    pub durations: Vec<(f64, u64)>,
    /// The sum of all durations.
    pub took: Duration,
    /// Questions that wait for the verifier now.
    pub waiting: u64,
}

impl Figures {
    /// For one worker. What it counted stays in the totals if it ends.
    pub fn for_worker(&self) -> Arc<WorkerFigures> {
        let figures = Arc::<WorkerFigures>::default();
        self.lock().push(figures.clone());
        figures
    }

    /// Adds up.
    pub fn totals(&self) -> Totals {
        let workers = self.lock();
        let sum = |number: &dyn Fn(&WorkerFigures) -> &AtomicU64| -> u64 {
            (workers.iter())
                .map(|worker| number(worker).load(Ordering::Relaxed))
                .sum()
        };
        let bounds = BOUNDS_US
            .into_iter()
            .map(|bound| Duration::from_micros(bound).as_secs_f64())
            .chain([f64::INFINITY]);
        Totals {
            answers: Answer::all()
                .map(|answer| (answer, sum(&|worker| &worker.answers[answer.index()])))
                .collect(),
            durations: bounds
                .enumerate()
                .map(|(class, bound)| (bound, sum(&|worker| &worker.classes[class])))
                .collect(),
            took: Duration::from_nanos(sum(&|worker| &worker.nanos)),
            waiting: sum(&|worker| &worker.waiting),
        }
    }

    /// The list is whole after every step, so a panic elsewhere does not make it unusable.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<WorkerFigures>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_a_place_and_a_code_of_its_own() {
        let places: Vec<usize> = Answer::all().map(Answer::index).collect();
        assert_eq!(places, (0..ANSWERS).collect::<Vec<_>>());
        let mut codes: Vec<&str> = Answer::all().map(Answer::code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ANSWERS);
    }

    #[test]
    fn totals_add_up_the_workers() {
        let figures = Figures::default();
        let (one, other) = (figures.for_worker(), figures.for_worker());
        let valid = Answer::Judged(Outcome::Accepted);
        one.count_timed(valid, Duration::from_micros(40));
        other.count_timed(valid, Duration::from_micros(60));
        other.count(Answer::MissingKey);
        one.ask();
        other.ask();
        other.answered(1);
        let totals = figures.totals();
        let count = |answer| totals.answers.iter().find(|one| one.0 == answer).unwrap().1;
        assert_eq!((count(valid), count(Answer::MissingKey)), (2, 1));
        assert_eq!(count(Answer::Unavailable), 0);
        assert_eq!(totals.took, Duration::from_micros(100));
        assert_eq!(totals.waiting, 1);
    }

    #[test]
    fn a_bound_belongs_to_its_class() {
        let figures = Figures::default();
        let worker = figures.for_worker();
        let class_of = |micros: u64| {
            let before = figures.totals().durations;
            worker.count_timed(Answer::Unavailable, Duration::from_micros(micros));
            let after = figures.totals().durations;
            let changed = before.iter().zip(&after).find(|(old, new)| old.1 != new.1);
            changed.unwrap().1.0
        };
        assert_eq!(class_of(0), 0.000_05);
        assert_eq!(class_of(50), 0.000_05);
        assert_eq!(class_of(51), 0.000_1);
        assert_eq!(class_of(5_000_000), 5.0);
        assert_eq!(class_of(5_000_001), f64::INFINITY);
    }
}
