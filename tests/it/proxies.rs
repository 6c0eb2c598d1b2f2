//! The configurations in `deploy/`, with the real gateways: nginx, Caddy, HAProxy.
//!
//! Each test takes the file as it is and replaces addresses, paths and what needs another user.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keyport::domain::usage::summary::RequestRow;
use keyport::ids::ApiKeyId;
use keyport::store::{StoreError, usage};
use reqwest::header::HeaderMap;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use crate::support::actors::{Program, id_of};
use crate::support::upstream::Upstream;
use crate::support::{Engine, TestApp};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gateway {
    Nginx,
    Caddy,
    Haproxy,
}

/// A gateway that runs; it is killed with this value.
struct Running {
    address: SocketAddr,
    child: Child,
    // The configuration is read again by some of them.
    _folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Gateway {
    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Haproxy => "haproxy",
        }
    }

    /// True if it can be started here. `scripts/test` installs the gateways and says so; then each has to be there.
    fn is_here(self) -> bool {
        let version = if self == Self::Caddy { "version" } else { "-v" };
        let found = Command::new(self.program())
            .arg(version)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok();
        let name = self.program();
        let is_wanted = std::env::var_os("KEYPORT_TEST_PROXIES").is_some();
        assert!(found || !is_wanted, "install the Debian package {name}");
        found && is_wanted
    }

    async fn start(self, keyport: SocketAddr, service: SocketAddr) -> Running {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address().await;
        let replaced = |file: &str| {
            std::fs::read_to_string(format!("deploy/{file}"))
                .unwrap()
                .replace("127.0.0.1:8080", &keyport.to_string())
                .replace("127.0.0.1:9000", &service.to_string())
        };
        let path = |name: &str| folder.path().join(name).display().to_string();
        let write = |name: &str, text: String| std::fs::write(path(name), text).unwrap();
        let mut command = Command::new(self.program());
        match self {
            Self::Nginx => {
                let config = replaced("nginx/keyport.conf")
                    .replace("listen 443 ssl;", &format!("listen {address};"))
                    .replace("/var/log/nginx/keyport-service.log", &path("access.log"));
                write("keyport.conf", without(&config, &["ssl_certificate"]));
                let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|name| format!("{name}_temp_path {};", path(name)))
                    .join("\n");
                write(
                    "nginx.conf",
                    format!(
                        "daemon off; master_process off; pid {};\nerror_log stderr;\nevents {{}}\n\
                         http {{\n{temporary}\ninclude {};\n}}\n",
                        path("pid"),
                        path("keyport.conf")
                    ),
                );
                command.args(["-p", &path(""), "-c", &path("nginx.conf"), "-e", "stderr"]);
            }
            Self::Caddy => {
                let config = replaced("caddy/Caddyfile")
                    .replace("api.example.com {", &format!("http://{address} {{"));
                let options = "{\n\tadmin off\n\tauto_https off\n}\n";
                write("Caddyfile", format!("{options}{config}"));
                command.args([
                    "run",
                    "--adapter",
                    "caddyfile",
                    "--config",
                    &path("Caddyfile"),
                ]);
                command
                    .env("XDG_DATA_HOME", path(""))
                    .env("XDG_CONFIG_HOME", path(""));
            }
            Self::Haproxy => {
                write("keyport.lua", replaced("haproxy/keyport.lua"));
                let config = replaced("haproxy/haproxy.cfg")
                    .replace(
                        "bind :443 ssl crt /etc/haproxy/certs/api.example.com.pem",
                        &format!("bind {address}"),
                    )
                    .replace("/etc/haproxy/keyport.lua", &path("keyport.lua"));
                let config = without(
                    &config,
                    &["    user ", "    group ", "    log ", "log global"],
                );
                write("haproxy.cfg", config);
                command.args(["-db", "-f", &path("haproxy.cfg")]);
            }
        }
        let log = std::fs::File::create(path("log")).unwrap();
        let errors = log.try_clone().unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut running = Running {
            address,
            child,
            _folder: folder,
        };
        running.wait_until_it_listens().await;
        running
    }
}

impl Running {
    #[expect(
        clippy::disallowed_methods,
        reason = "another program's start is waited for, a bounded number of times"
    )]
    async fn wait_until_it_listens(&mut self) {
        for _ in 0..400 {
            if TcpStream::connect(self.address).await.is_ok() {
                return;
            }
            if self.child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let log = std::fs::read_to_string(self._folder.path().join("log")).unwrap();
        panic!("the gateway does not listen: {log}");
    }

    fn program(&self, key: &str) -> Program {
        Program::new(format!("http://{}", self.address), key.to_owned())
    }
}

/// The lines that contain none of these.
fn without(text: &str, words: &[&str]) -> String {
    let kept = text
        .lines()
        .filter(|line| !words.iter().any(|word| line.contains(word)));
    kept.map(|line| format!("{line}\n")).collect()
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

async fn app() -> TestApp {
    TestApp::spawn_with(Engine::Sqlite, &[("KEYPORT_TRUSTED_PROXIES", "127.0.0.1")]).await
}

/// Headers that a client forges; some services read `_` as `-`.
const FORGED: [(&str, &str); 8] = [
    ("x-keyport-account-id", "forged"),
    ("x_keyport_account_id", "forged"),
    ("x-keyport-expires", "forged"),
    ("x_keyport-scopes", "forged"),
    ("x-forwarded-for", "192.0.2.66"),
    ("forwarded", "for=192.0.2.66"),
    ("x-original-uri", "/forged"),
    ("x-original-method", "FORGED"),
];

fn requests(app: &TestApp, key: &str) -> Vec<RequestRow> {
    let id: ApiKeyId = id_of(key).parse().unwrap();
    app.flush();
    let rows: Result<_, StoreError> = app
        .state
        .pool
        .read_now(|db| usage::list_requests(db, id, 100));
    rows.unwrap()
}

async fn lets_through_whom_keyport_accepts(gateway: Gateway) {
    if !gateway.is_here() {
        return;
    }
    let (app, service) = (app().await, Upstream::start().await);
    let running = gateway.start(app.address, service.address).await;
    let mut maren = app.person("maren@example.com", "Zoë Okafor").await;
    let fields = [("name", "CI"), ("expires_in", "never"), ("access", "all")];
    let key = maren.create_key(&fields).await;
    let answer = running
        .program(&key)
        .send(reqwest::Method::GET, "/invoices?page=2", None, &FORGED)
        .await;
    answer.expect(200);
    let heads = service.take();
    let [head] = heads.as_slice() else {
        panic!("{heads:?}")
    };
    assert!(head.starts_with("get /invoices?page=2 "), "{head}");
    let value = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        let found: Vec<&str> = lines
            .by_ref()
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value.trim())
            .collect();
        found.join("|")
    };
    assert_eq!(value("x-keyport-key-id"), id_of(&key).to_lowercase());
    assert_eq!(value("x-keyport-account-name"), "zo%c3%ab%20okafor");
    assert!(value("x-keyport-scopes").contains("keys:read"));
    // Nothing to say, and the client's own copy is gone all the same.
    assert_eq!(value("x-keyport-expires"), "");
    assert!(!head.contains("forged"), "{head}");
    assert!(!head.contains("192.0.2.66"), "{head}");
    assert!(!head.contains(&key.to_lowercase()), "{head}");
    let seen = requests(&app, &key);
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("GET", "/invoices")
    );
    assert_eq!(seen[0].address, "127.0.0.1");
}

async fn refuses_whom_keyport_refuses(gateway: Gateway) {
    if !gateway.is_here() {
        return;
    }
    let (app, service) = (app().await, Upstream::start().await);
    let running = gateway.start(app.address, service.address).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let fields = [
        ("name", "CI"),
        ("expires_in", "90d"),
        ("access", "chosen"),
        ("scope", "keys:read"),
    ];
    let key = maren.create_key(&fields).await;
    let program = running.program(&key);
    program.get("/").await.expect(200);
    program.get("/reports/2026").await.expect(403);
    let challenge = running.program("nonsense").get("/").await.expect(401);
    assert_eq!(
        challenge.header("www-authenticate"),
        "ApiKey realm=\"keyport\""
    );
    let two = [("authorization", "Bearer other")];
    program
        .send(reqwest::Method::GET, "/", None, &two)
        .await
        .expect(400);
    let nothing = reqwest::get(format!("http://{}/", running.address))
        .await
        .unwrap();
    assert_eq!(nothing.status(), 401);
    maren.deactivate(&id_of(&key)).await;
    program.get("/").await.expect(401);
    assert_eq!(
        service.take().len(),
        1,
        "a refused request reached the service"
    );
}

async fn carries_the_rate_limit(gateway: Gateway) {
    if !gateway.is_here() {
        return;
    }
    let (app, service) = (app().await, Upstream::start().await);
    let running = gateway.start(app.address, service.address).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let fields = [
        ("name", "CI"),
        ("expires_in", "90d"),
        ("access", "all"),
        ("rate_limit", "2"),
    ];
    let program = running.program(&maren.create_key(&fields).await);
    program.get("/").await.expect(200);
    program.get("/").await.expect(200);
    let refused = program.get("/").await.expect(429);
    let headers: &HeaderMap = &refused.headers;
    assert_eq!(headers["retry-after"], "60");
    assert!(headers["ratelimit"].to_str().unwrap().contains("r=0"));
    assert_eq!(service.take().len(), 2);
}

async fn refuses_everyone_while_keyport_is_away(gateway: Gateway) {
    if !gateway.is_here() {
        return;
    }
    let service = Upstream::start().await;
    // Nobody listens there.
    let running = gateway.start(free_address().await, service.address).await;
    let refused = running.program("kp_anything").get("/").await;
    assert!(refused.status.is_server_error(), "{}", refused.status);
    assert_eq!(service.take().len(), 0);
}

/// One test for each gateway.
macro_rules! with_each_gateway {
    ($($name:ident),*) => {$(
        mod $name {
            use super::Gateway;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nginx() {
                super::$name(Gateway::Nginx).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn caddy() {
                super::$name(Gateway::Caddy).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn haproxy() {
                super::$name(Gateway::Haproxy).await;
            }
        }
    )*};
}

with_each_gateway!(
    lets_through_whom_keyport_accepts,
    refuses_whom_keyport_refuses,
    carries_the_rate_limit,
    refuses_everyone_while_keyport_is_away
);
