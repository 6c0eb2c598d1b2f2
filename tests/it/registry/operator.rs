//! Registry: operator.
