//! A Redis server for one test, on a free port, without persistence.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = "redis-server";

/// A server that is gone when this is.
pub struct Redis {
    port: u16,
    folder: TempDir,
    server: Option<Child>,
}

impl Redis {
    /// Starts one; `None` if the program is not installed and the tests need not have it.
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        // Between our asking for a free port and the server's taking it, another program may be faster.
        for _ in 0..8 {
            let port = free_port();
            match run(port, folder.path()) {
                Ok(Some(server)) => {
                    return Some(Self {
                        port,
                        folder,
                        server: Some(server),
                    });
                }
                Ok(None) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    assert!(
                        std::env::var_os("KEYPORT_TEST_REDIS").is_none(),
                        "{PROGRAM} is missing: install the Debian package redis-server"
                    );
                    return None;
                }
                Err(error) => panic!("{PROGRAM}: {error}"),
            }
        }
        panic!("{PROGRAM} did not start on any of eight free ports");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it: connections are refused from here on.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Starts it again on its port. It remembers nothing.
    pub fn start_again(&mut self) {
        self.stop();
        let server = run(self.port, self.folder.path()).unwrap();
        self.server = Some(server.expect("its port is still free"));
    }

    /// Lets it take connections and answer nothing any more.
    pub fn freeze(&self) {
        let id = self.server.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-STOP", &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A server that takes connections; `None` if it ended instead, as it does when the port is taken.
fn run(port: u16, folder: &Path) -> std::io::Result<Option<Child>> {
    let mut server = Command::new(PROGRAM)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .args(["--logfile", ""])
        .arg("--dir")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let output = server.stdout.take().unwrap();
    let mut lines = BufReader::new(output).lines();
    let is_ready = lines.any(|line| line.unwrap().contains("Ready to accept connections"));
    if is_ready {
        // The pipe is closed here. What it says further is lost, which does not end it.
        return Ok(Some(server));
    }
    server.wait()?;
    Ok(None)
}
