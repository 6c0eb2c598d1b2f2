//! Registry: networks.
