//! Registry: reports.
