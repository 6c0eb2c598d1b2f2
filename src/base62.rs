//! Numbers as base62 text: digits `0-9`, `A-Z`, `a-z`, most significant first, padded with `0`.
//!
//! Used for ids, and for secret and check of a full key, so that a double click selects all of a key.

/// The 62 digits, in ascending order of value (which is also their order in ASCII).
pub const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A number as exactly `N` digits, without an allocation: every request writes a few.
#[derive(Clone, Copy)]
pub struct Encoded<const N: usize>([u8; N]);

impl<const N: usize> Encoded<N> {
    /// Digits that do not fit are lost, so callers choose `N` by range.
    pub fn of(mut number: u64) -> Self {
        let mut digits = [b'0'; N];
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS[usize::try_from(number % 62).expect("a remainder below 62")];
            number /= 62;
        }
        Self(digits)
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("the digits are ASCII")
    }
}

/// Writes `number` with exactly `N` digits, as [`Encoded::of`].
pub fn encode<const N: usize>(number: u64) -> String {
    Encoded::<N>::of(number).as_str().to_owned()
}

/// Reads a number of any length; `None` for an empty text, another character, or more than 64 bits.
pub fn decode(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0u64, |number, byte| {
        number.checked_mul(62)?.checked_add(value_of(byte)?)
    })
}

/// True if the byte is one of the 62 digits.
pub fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn value_of(byte: u8) -> Option<u64> {
    match byte {
        b'0'..=b'9' => Some(u64::from(byte - b'0')),
        b'A'..=b'Z' => Some(u64::from(byte - b'A') + 10),
        b'a'..=b'z' => Some(u64::from(byte - b'a') + 36),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_and_most_significant_first() {
        assert_eq!(encode::<6>(0), "000000");
        assert_eq!(encode::<6>(61), "00000z");
        assert_eq!(encode::<6>(62), "000010");
        assert_eq!(encode::<10>(62u64.pow(10) - 1), "zzzzzzzzzz");
    }

    #[test]
    fn what_was_written_is_read_back() {
        for number in [0, 1, 61, 62, 3843, 839_299_365_868_340_223] {
            assert_eq!(decode(&encode::<10>(number)), Some(number));
        }
    }

    #[test]
    fn other_characters_and_too_many_digits_are_refused() {
        assert_eq!(decode(""), None);
        assert_eq!(decode("a-b"), None);
        assert_eq!(decode("é"), None);
        assert_eq!(decode("zzzzzzzzzzzz"), None);
    }
}
