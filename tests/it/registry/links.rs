//! Registry: links.
