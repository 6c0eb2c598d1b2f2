//! Registry: contacts.
