//! Cursors as text: where a page of keys begins.

use crate::base62;
use crate::clock::Timestamp;
use crate::domain::api_keys::KeyCursor;

/// Digits of the instant: ten reach far beyond year 9999.
const INSTANT_LENGTH: usize = 10;

/// Writes a cursor: a direction (`a` after, `b` before), the instant and the id at the edge.
pub fn write(cursor: KeyCursor) -> String {
    let direction = if cursor.backwards { 'b' } else { 'a' };
    let instant = base62::encode::<INSTANT_LENGTH>(cursor.ends_at.as_millis().unsigned_abs());
    format!("{direction}{instant}{}", cursor.id)
}

/// Reads a cursor; `None` if it is none of ours.
pub fn read(text: &str) -> Option<KeyCursor> {
    if !text.is_ascii() || text.len() != 1 + INSTANT_LENGTH + 10 {
        return None;
    }
    let backwards = match text.as_bytes()[0] {
        b'a' => false,
        b'b' => true,
        _ => return None,
    };
    let millis = base62::decode(&text[1..=INSTANT_LENGTH])?;
    Some(KeyCursor {
        ends_at: Timestamp::from_millis(i64::try_from(millis).ok()?),
        id: text[1 + INSTANT_LENGTH..].parse().ok()?,
        backwards,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        for backwards in [true, false] {
            let cursor = KeyCursor {
                ends_at: Timestamp::NEVER,
                id: "Qa9mEj2rXn".parse().unwrap(),
                backwards,
            };
            assert_eq!(read(&write(cursor)), Some(cursor));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in [
            "",
            "a",
            "c0000000000Qa9mEj2rXn",
            "azzzzzzzzzzzzzzzzzzzz-",
            "ä",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
