//! The one place that turns the registry's records into XML and back.

pub mod export;
pub mod read;
pub mod write;

/// The namespace of records.
pub const CORE: &str = "http://www.arin.net/regrws/core/v1";
/// The namespace of what messages have on the way out.
pub const MESSAGES: &str = "http://www.arin.net/regrws/messages/v1";
/// The namespace of what tickets have for organizations.
pub const SHARED_TICKET: &str = "http://www.arin.net/regrws/shared-ticket/v1";

#[cfg(test)]
mod tests;
