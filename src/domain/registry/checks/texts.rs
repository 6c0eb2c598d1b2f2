//! Checks texts: trimmed, of printable characters, not too long.

use super::problems::Problems;
use crate::domain::text::is_hidden;

/// A text that may be missing, which an empty one is.
pub(super) fn optional(
    problems: &mut Problems,
    element: &'static str,
    text: Option<&str>,
    max_chars: usize,
) -> Option<String> {
    let text = trimmed(text)?;
    if text.chars().any(is_unprintable) {
        problems.add(
            element,
            "Remove control characters and others that cannot be seen.",
        );
    } else if text.chars().count() > max_chars {
        problems.add(element, format!("Shorten this to {max_chars} characters."));
    }
    Some(text.to_owned())
}

/// A text that must be there. What is given back if it is not counts for nothing, as with every other problem.
pub(super) fn required(
    problems: &mut Problems,
    element: &'static str,
    text: Option<&str>,
    max_chars: usize,
) -> String {
    optional(problems, element, text, max_chars).unwrap_or_else(|| {
        problems.add(element, "This is required. Send a value.");
        String::new()
    })
}

/// Lines, without the empty ones at the end. An empty line between others stays.
pub(super) fn lines(
    problems: &mut Problems,
    element: &'static str,
    lines: &[String],
    max_lines: usize,
    max_chars: usize,
) -> Vec<String> {
    let mut lines: Vec<String> = lines.iter().map(|line| line.trim().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if lines.len() > max_lines {
        problems.add(element, format!("Shorten this to {max_lines} lines."));
    } else if lines.iter().any(|line| line.chars().any(is_unprintable)) {
        problems.add(
            element,
            "Remove control characters and others that cannot be seen.",
        );
    } else if lines.iter().any(|line| line.chars().count() > max_chars) {
        problems.add(
            element,
            format!("Shorten each line to {max_chars} characters."),
        );
    }
    lines
}

/// A text that cannot be changed: the present one if none is sent, and no other.
pub(super) fn unchanged(
    problems: &mut Problems,
    element: &'static str,
    sent: Option<&str>,
    present: Option<&str>,
) {
    if trimmed(sent).is_some_and(|sent| Some(sent) != present) {
        problems.add(
            element,
            match present {
                Some(_) => "This cannot be changed. Leave it out, or send it as it is.",
                None => "This cannot be added later. Leave it out.",
            },
        );
    }
}

/// The text without spaces around it; `None` if nothing is left.
pub(super) fn trimmed(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Also the last two characters of each plane: they are no characters of Unicode, and some of them cannot stand in XML.
fn is_unprintable(c: char) -> bool {
    is_hidden(c) || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(problems: Problems) -> Vec<&'static str> {
        let problems = problems.or(None::<()>).unwrap_err();
        problems.iter().map(|problem| problem.element).collect()
    }

    #[test]
    fn texts_are_trimmed_and_their_length_is_in_characters() {
        let mut problems = Problems::default();
        let text = format!("  {}\n", "é".repeat(5));
        assert_eq!(
            optional(&mut problems, "city", Some(&text), 5),
            Some("é".repeat(5))
        );
        assert_eq!(optional(&mut problems, "city", Some(" \n"), 5), None);
        assert!(elements(problems).is_empty());
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for text in [
            "a\u{7}b",
            "a\tb",
            "a\nb",
            "a\u{85}b",
            "a\u{202E}b",
            "a\u{FFFE}b",
        ] {
            let mut problems = Problems::default();
            optional(&mut problems, "city", Some(text), 60);
            assert_eq!(elements(problems), ["city"], "{text:?}");
        }
    }

    #[test]
    fn empty_lines_at_the_end_are_dropped() {
        let mut problems = Problems::default();
        let sent = ["a", "", " b ", " ", ""].map(str::to_owned);
        assert_eq!(lines(&mut problems, "comment", &sent, 3, 1), ["a", "", "b"]);
        assert!(elements(problems).is_empty());
        let mut problems = Problems::default();
        lines(&mut problems, "comment", &sent, 2, 1);
        lines(&mut problems, "streetAddress", &["ab".to_owned()], 1, 1);
        assert_eq!(elements(problems), ["comment", "streetAddress"]);
    }
}
