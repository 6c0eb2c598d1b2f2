//! Gathers what is wrong, so that all of it can be said at once.

use super::Checked;
use crate::domain::registry::error::Problem;
use crate::domain::registry::handles::Handle;
use crate::domain::text::visible;

/// How much of a text that cannot be accepted is repeated to its sender, in characters.
const MAX_REPEATED_CHARS: usize = 60;

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// One more.
    pub(super) fn add(&mut self, element: &'static str, message: impl Into<String>) {
        self.0.push(Problem::new(element, message));
    }

    /// What came of another check, whose problems are added to these.
    pub(super) fn keep<T>(&mut self, checked: Checked<T>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(problems) => {
                self.0.extend(problems);
                None
            }
        }
    }

    /// The value, if nothing is wrong. It is `None` only if something is.
    pub(super) fn or<T>(self, value: Option<T>) -> Checked<T> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }

    /// Notes a handle that is sent and is not that of the record.
    pub(super) fn own_handle(&mut self, sent: Option<&str>, own: &Handle) {
        if !sent.is_none_or(|sent| is_handle(sent, own)) {
            self.add(
                "handle",
                format!(
                    "This is {own}, and its handle cannot be changed. Leave it out, or send {own}."
                ),
            );
        }
    }

    /// Notes a handle that is sent and names another record than the one it is set to for good.
    pub(super) fn same_handle(
        &mut self,
        element: &'static str,
        sent: Option<&str>,
        present: Option<&Handle>,
    ) {
        let Some(sent) = sent else { return };
        match present {
            Some(present) if is_handle(sent, present) => {}
            Some(present) => {
                self.add(
                    element,
                    format!("This is {present} and cannot be changed. Leave it out."),
                );
            }
            None => self.add(
                element,
                "This has no value here and cannot be set. Leave it out.",
            ),
        }
    }
}

/// True if the text is this handle, in any case.
fn is_handle(text: &str, handle: &Handle) -> bool {
    text.trim().eq_ignore_ascii_case(handle.as_str())
}

/// A text as it is repeated to its sender.
pub(super) fn quoted(text: &str) -> String {
    visible(text, MAX_REPEATED_CHARS)
}
