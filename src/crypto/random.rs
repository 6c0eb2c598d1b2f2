//! Random texts from a given generator, and the operating system's generator for the edge to hand in.

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand::{CryptoRng, RngExt};

use crate::base62;

/// The operating system's generator. A machine that has none cannot make secrets, so its failure is a panic.
pub type SystemRng = UnwrapErr<SysRng>;

/// The generator that everything outside tests uses.
pub fn system_rng() -> SystemRng {
    UnwrapErr(SysRng)
}

/// `length` base62 characters, each chosen evenly: 5.95 bits apiece.
pub fn base62_text(rng: &mut impl CryptoRng, length: usize) -> String {
    (0..length)
        .map(|_| char::from(base62::DIGITS[rng.random_range(0..base62::DIGITS.len())]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn every_digit_occurs() {
        let text = base62_text(&mut StdRng::seed_from_u64(7), 5000);
        assert_eq!(text.len(), 5000);
        for digit in base62::DIGITS {
            assert!(text.as_bytes().contains(digit));
        }
    }
}
