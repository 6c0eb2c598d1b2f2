//! The real nginx, Caddy and HAProxy, each with the files of `deploy/` in which only addresses and folders are others.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;

/// Where the files name keyport and the service behind the gateway.
const KEYPORT: &str = "127.0.0.1:8080";
const SERVICE: &str = "127.0.0.1:9000";

/// Which program. Debian's package has the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    Nginx,
    Caddy,
    Haproxy,
}

impl Gateway {
    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Haproxy => "haproxy",
        }
    }

    /// True if `KEYPORT_TEST_PROXIES` asks for the tests with gateways.
    ///
    /// # Panics
    /// If it does, and the program is not here.
    pub fn is_tested(self) -> bool {
        let is_tested = std::env::var("KEYPORT_TEST_PROXIES").is_ok_and(|value| value == "1");
        assert!(
            !is_tested || self.path().is_some(),
            "the Debian package {} is missing",
            self.program()
        );
        is_tested
    }

    /// The program, found where Debian puts it, also if a user's PATH has no sbin.
    fn path(self) -> Option<String> {
        ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
            .map(|folder| format!("{folder}/{}", self.program()))
            .into_iter()
            .find(|path| Path::new(path).exists())
    }
}

/// A gateway that runs; it ends when this is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Proxy {
    /// Starts a gateway in front of `service` that asks `keyport`.
    pub async fn start(gateway: Gateway, keyport: SocketAddr, service: SocketAddr) -> Self {
        let program = gateway.path().expect("tests ask is_tested first");
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let file = |path: &str, changes: &[(&str, &str)]| {
            let mut text = deployed(path);
            let (keyport, service) = (keyport.to_string(), service.to_string());
            for (from, to) in [(KEYPORT, keyport.as_str()), (SERVICE, &service)] {
                text = text.replace(from, to);
            }
            for (from, to) in changes {
                assert!(text.contains(from), "{path} has no “{from}”");
                text = text.replace(from, to);
            }
            let name = Path::new(path).file_name().unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        };
        let here = folder.path().to_str().unwrap();
        let mut command = Command::new(program);
        match gateway {
            Gateway::Nginx => {
                file(
                    "nginx/keyport.conf",
                    &[
                        ("listen 443 ssl;", &format!("listen {address};")),
                        ("ssl_certificate ", "# ssl_certificate "),
                        ("ssl_certificate_key ", "# ssl_certificate_key "),
                        ("/var/log/nginx", here),
                    ],
                );
                fs::write(folder.path().join("nginx.conf"), nginx_frame(here)).unwrap();
                command.args(["-p", here, "-c", &format!("{here}/nginx.conf")]);
            }
            Gateway::Caddy => {
                let site = format!("http://{address} {{");
                file(
                    "caddy/Caddyfile",
                    &[("\napi.example.com {", &format!("\n{site}"))],
                );
                // Its administration listens on one fixed port, so it is off; the rest is the file itself.
                let frame = "{\n\tadmin off\n}\nimport Caddyfile\n";
                fs::write(folder.path().join("frame"), frame).unwrap();
                command
                    .args(["run", "--adapter", "caddyfile", "--config"])
                    .arg(folder.path().join("frame"))
                    .env("HOME", here)
                    .env("XDG_DATA_HOME", here)
                    .env("XDG_CONFIG_HOME", here);
            }
            Gateway::Haproxy => {
                file("haproxy/keyport.lua", &[]);
                let tls = "bind :443 ssl crt /etc/haproxy/certs/api.example.com.pem";
                file(
                    "haproxy/haproxy.cfg",
                    &[
                        (tls, &format!("bind {address}")),
                        ("    user haproxy\n    group haproxy\n", ""),
                        ("/dev/log local0", "stderr format raw local0"),
                        ("/etc/haproxy/keyport.lua", &format!("{here}/keyport.lua")),
                    ],
                );
                // In the foreground, as one process.
                command.args(["-db", "-f", &format!("{here}/haproxy.cfg")]);
            }
        }
        let log = folder.path().join("output");
        let output = File::create(&log).unwrap();
        let child = command
            .current_dir(here)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut proxy = Self {
            address,
            child,
            _folder: folder,
        };
        proxy.wait_until_ready(&log).await;
        proxy
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "another program gives no other sign than to accept a connection"
    )]
    async fn wait_until_ready(&mut self, log: &Path) {
        // Ten seconds: a machine with two cores compiles and tests beside it.
        for _ in 0..400 {
            let ended = self.child.try_wait().unwrap();
            let said = || fs::read_to_string(log).unwrap_or_default();
            assert!(ended.is_none(), "the gateway ended: {}", said());
            if TcpStream::connect(self.address).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("nobody listens on {}", self.address);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It has ended already if it was the reason that the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The main file that Debian's nginx has around conf.d: here one process, that writes to its own folder alone.
fn nginx_frame(here: &str) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {here}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {here}/nginx.pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\n{temporary}include keyport.conf;\n}}\n"
    )
}

/// A file of `deploy/` as operators copy it.
fn deployed(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(path);
    fs::read_to_string(file).unwrap()
}

/// An address that nobody listens on, and that no other test of this run is given.
///
/// Below the ports that Linux gives to outgoing connections and those of `scripts/test`'s PostgreSQL. Counted, not asked
/// of the system, since Caddy and HAProxy would share a port with another of their kind without a word.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(std::process::id() % 50).unwrap() * 200;
    (0..200)
        .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % 200)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a port is free")
}
