//! What a record's handle may be, and which handles it may name.

use std::collections::HashSet;

use super::{BadRecord, Checked, note};
use crate::domain::registry::error::Problem;
use crate::domain::registry::handles::Handle;
use crate::store::{Db, StoreError};

/// Finds out whether there is a record with a handle.
type Exists = fn(&mut Db, &str) -> Result<bool, StoreError>;

/// What lets records of one kind through.
pub(super) struct Gate {
    element: &'static str,
    exists: Exists,
    seen: HashSet<Handle>,
    count: usize,
}

/// What is to be said of a record's handle, with its name.
pub(super) type NamedHandle = (String, Result<Handle, Problem>);

impl Gate {
    pub(super) fn new(element: &'static str, exists: Exists) -> Self {
        Self {
            element,
            exists,
            seen: HashSet::new(),
            count: 0,
        }
    }

    /// The handle of the next record, if it may have it.
    pub(super) fn handle(
        &mut self,
        db: &mut Db,
        sent: Option<&str>,
        is_ours: impl Fn(&Handle) -> bool,
    ) -> Result<NamedHandle, StoreError> {
        self.count += 1;
        let problem = |words: &str| Err(Problem::new("handle", words));
        let Some(text) = sent else {
            let name = format!("{} {}", self.element, self.count);
            return Ok((name, problem("Name its handle.")));
        };
        let parsed = text.parse::<Handle>();
        let parsed = parsed
            .ok()
            .filter(|handle| Handle::parse_imported(handle.as_str()).is_ok() || is_ours(handle));
        let Some(handle) = parsed else {
            let name = format!("{} {}", self.element, self.count);
            let words = "Use 1 to 30 letters, digits and hyphens, a hyphen not first.";
            return Ok((name, problem(words)));
        };
        let name = format!("{} {handle}", self.element);
        let result = if !self.seen.insert(handle.clone()) {
            problem("Another record before it has the same handle.")
        } else if (self.exists)(db, handle.as_str())? {
            problem("It is registered already.")
        } else {
            Ok(handle)
        };
        Ok((name, result))
    }

    /// The record if nothing is wrong with it; else it is noted.
    pub(super) fn judge<T>(
        &self,
        bad: &mut Vec<BadRecord>,
        (name, handle): NamedHandle,
        result: Result<T, Vec<Problem>>,
    ) -> Option<Checked<T>> {
        match (handle, result) {
            (Ok(handle), Ok(record)) => Some(Checked {
                name,
                handle,
                record,
            }),
            (handle, result) => {
                let problems: Vec<Problem> = (handle.err().into_iter())
                    .chain(result.err().into_iter().flatten())
                    .collect();
                note(bad, &name, problems);
                None
            }
        }
    }
}

/// Handles that may be named.
pub(super) struct Known {
    handles: HashSet<String>,
    exists: Exists,
}

impl Known {
    pub(super) fn new<T>(
        coming: &[T],
        handle: impl Fn(&T) -> &Option<String>,
        exists: Exists,
    ) -> Self {
        let handles = coming.iter().filter_map(|one| handle(one).as_ref());
        Self {
            handles: handles
                .map(|text| text.trim().to_ascii_uppercase())
                .collect(),
            exists,
        }
    }

    pub(super) fn check(
        &mut self,
        db: &mut Db,
        problems: &mut Vec<Problem>,
        element: &'static str,
        kind: &str,
        handle: &Handle,
    ) -> Result<(), StoreError> {
        if self.handles.contains(handle.as_str()) {
            return Ok(());
        }
        if (self.exists)(db, handle.as_str())? {
            self.handles.insert(handle.to_string());
            return Ok(());
        }
        let words = format!("There is no {kind} {handle}, neither here nor in the registry.");
        problems.push(Problem::new(element, words));
        Ok(())
    }
}
