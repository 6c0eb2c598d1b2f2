//! Registry: tickets.
