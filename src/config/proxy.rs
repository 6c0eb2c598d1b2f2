//! How long calls of providers may take.

use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, bad};

/// The longest that can be set: a day.
const MOST_SECONDS: i64 = 86_400;

/// Calls that are passed on.
#[derive(Clone, Copy, Debug)]
pub struct ProxySettings {
    /// How long a provider may take to begin its answer, the request's body included.
    pub answer_within: Duration,
    /// How long it may be silent within its answer.
    pub silence: Duration,
}

/// As it is written in the file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawProxy {
    answer_seconds: Option<i64>,
    silence_seconds: Option<i64>,
}

impl ProxySettings {
    pub(super) fn from_raw(raw: RawProxy) -> Result<Self, ConfigError> {
        Ok(Self {
            answer_within: seconds("proxy.answer_seconds", raw.answer_seconds, 600)?,
            silence: seconds("proxy.silence_seconds", raw.silence_seconds, 300)?,
        })
    }
}

fn seconds(path: &str, setting: Option<i64>, default: u64) -> Result<Duration, ConfigError> {
    match setting {
        None => Ok(Duration::from_secs(default)),
        Some(seconds @ 1..=MOST_SECONDS) => Ok(Duration::from_secs(seconds.unsigned_abs())),
        Some(_) => bad(path, "write a number of seconds from 1 to 86,400"),
    }
}
