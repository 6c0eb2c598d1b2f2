//! How keys are used.

pub mod recorder;
