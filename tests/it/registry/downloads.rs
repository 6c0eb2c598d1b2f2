//! Registry: downloads.
