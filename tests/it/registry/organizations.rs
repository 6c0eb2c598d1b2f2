//! Registry: organizations.
