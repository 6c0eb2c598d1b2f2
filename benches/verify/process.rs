//! Server processes: where they listen, what they use, how they end; and the bare handler.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};

/// HTTP workers of every server.
pub(crate) const WORKERS: usize = 2;

/// The headers that keyport gives with an accepted key, with values of the same lengths.
const HEADERS: [(&str, &str); 7] = [
    ("x-keyport-key-id", "Zx5bTn0vGf"),
    ("x-keyport-account-id", "7Qm2xR4tBd"),
    ("x-keyport-account-name", "Seed%207Qm2xR4tBd"),
    (
        "x-keyport-scopes",
        "integrations:use keys:read registry:read registry:write reports:read usage:read",
    ),
    ("x-keyport-expires", "2027-11-25T00:00:00Z"),
    ("keyport-key-expires", "2027-11-25T00:00:00Z"),
    ("cache-control", "no-store"),
];

/// Serves the bare handler until the process is killed.
pub(crate) fn serve_bare() {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().service(web::resource("/auth").to(bare)))
            .workers(WORKERS)
            .bind(("127.0.0.1", 0))
            .unwrap();
        println!("listening on http://{}", server.addrs()[0]);
        server.run().await.unwrap();
    });
}

async fn bare() -> HttpResponse {
    let mut answer = HttpResponse::new(StatusCode::OK);
    for (name, value) in HEADERS {
        answer.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    answer
}

/// The bare handler in a process of its own.
pub(crate) struct Bare(Process);

impl Bare {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("bare");
        Self(Process::start(command))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.0.cpu_seconds()
    }
}

/// A server that prints its address, and is killed with this value.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines
                .next()
                .expect("the server says where it listens")
                .unwrap();
            if let Some((_, rest)) = line.split_once("http://") {
                let address: String = rest.chars().take_while(|c| !c.is_whitespace()).collect();
                break address.trim_end_matches('/').parse().unwrap();
            }
        };
        // Whatever else it prints has to go somewhere.
        std::thread::spawn(move || for _ in lines {});
        Self { child, address }
    }

    /// User and system time so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        // USER_HZ is 100 on every Linux (man 5 proc).
        ticks / 100.0
    }

    pub(crate) fn resident_mb(&self) -> f64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap();
        let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes / 1024.0
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
