//! The program itself, run as an operator runs its commands.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

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

/// The server, as a process of its own. It is killed when this is dropped.
pub struct ServerProcess {
    process: Child,
    /// Host and port where it listens.
    pub address: String,
}

impl ServerProcess {
    /// Starts it on the data in this folder, and returns when it listens.
    pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut process = prepared(folder, settings, &["serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, rest) = line.split_once("http://")?;
                Some(
                    rest.split_whitespace()
                        .next()?
                        .trim_end_matches('/')
                        .to_owned(),
                )
            })
            .expect("the server says where it listens");
        Self { process, address }
    }

    /// SIGKILL: nothing of ours runs after this.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Bytes of memory that it has in use: resident ones (proc(5), `VmRSS`).
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() * 1024
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ended = self.process.kill();
        let _waited = self.process.wait();
    }
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
