//! Registry: customers.
