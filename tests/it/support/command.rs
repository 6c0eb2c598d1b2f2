//! The program itself, run as an operator runs its commands.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a command on the data in this folder.
pub fn keyport(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    prepared(folder, settings, arguments).output().unwrap()
}

/// A command on the data in this folder, to be run.
pub fn prepared(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyport"));
    command
        .env("KEYPORT_DATA_DIR", folder)
        .env("KEYPORT_BIND", "127.0.0.1:0")
        .env_remove("DATABASE_URL")
        .env_remove("REDIS_URL")
        .env_remove("RESEND_API_KEY")
        .env_remove("SMTP_URL")
        .current_dir(folder)
        .args(arguments);
    for (name, value) in settings {
        command.env(name, value);
    }
    command
}

/// Asserts that it failed, was not misused, and said all of these words.
#[track_caller]
pub fn assert_fails(output: &Output, words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for word in words {
        assert!(message.contains(word), "“{word}” is not in: {message}");
    }
}
