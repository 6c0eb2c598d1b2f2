//! Registry: pyregrws.
