//! Registry: wire.
