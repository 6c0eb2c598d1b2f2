//! Calls through `/proxy`, beside calling the provider directly, in the same run on the same machine.
//!
//! `cargo bench --bench proxy -- [--engines sqlite,postgres] [--rounds 7] [--seconds 2] [--connections 64] [--streams 500]`;
//! PostgreSQL if `KEYPORT_TEST_POSTGRES_URL` names a server.
//!
//! The provider is a bare actix server that answers as OpenAI does, at once or after some milliseconds: real ones take
//! hundreds. Provider, keyport, database and load generator share the machine's cores. Both ways are driven in turns: a
//! figure is the median of the rounds'.

#![expect(
    unreachable_pub,
    dead_code,
    reason = "the support modules serve the tests and another benchmark, too"
)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and waits, and one that panics has failed"
)]

#[path = "verify/load.rs"]
mod load;
#[path = "verify/process.rs"]
mod process;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::stream;
use keyport::clock::{SharedClock, SystemClock};
use keyport::crypto::random::system_rng;
use keyport::domain::accounts;
use keyport::domain::api_keys::addresses::AllowedAddresses;
use keyport::domain::api_keys::scopes::Access;
use keyport::domain::api_keys::{self, NewApiKey};
use keyport::domain::audit::Act;
use keyport::domain::integrations::limits::CallLimits;
use keyport::domain::integrations::provider_keys::{self, Owner};
use keyport::domain::integrations::sealing::NewProviderKey;
use keyport::domain::text::{EmailAddress, Name};
use keyport::secret::Secret;
use keyport::server;
use keyport::store::StoreError;
use process::Process;
use serde_json::Value;
use support::Engine;
use support::db::{TestDatabase, postgres_url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer of OpenAI's, of the usual length.
const ANSWER: &str = r#"{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion","created":1741569952,"model":"gpt-5","choices":[{"index":0,"message":{"role":"assistant","content":"Hello! How can I assist you today?","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default"}"#;
const ASKED: &str = r#"{"model":"gpt-5","messages":[{"role":"developer","content":"You are a helpful assistant."},{"role":"user","content":"Hello!"}]}"#;
const EVENT: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"},\"finish_reason\":null}]}\n\n";
/// How often an open stream has an event.
const EVENT_EVERY: Duration = Duration::from_millis(200);

struct Plan {
    engines: Vec<Engine>,
    rounds: usize,
    seconds: f64,
    connections: usize,
    streams: usize,
}

impl Plan {
    fn read() -> Self {
        let mut plan = Self {
            engines: vec![Engine::Sqlite],
            rounds: 7,
            seconds: 2.0,
            connections: 64,
            streams: 500,
        };
        if postgres_url().is_some() {
            plan.engines.push(Engine::Postgres);
        }
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            // cargo bench adds it.
            if argument == "--bench" {
                continue;
            }
            let value = arguments.next().unwrap_or_default();
            match argument.as_str() {
                "--engines" => plan.engines = value.split(',').map(engine).collect(),
                "--rounds" => plan.rounds = value.parse().unwrap(),
                "--seconds" => plan.seconds = value.parse().unwrap(),
                "--connections" => plan.connections = value.parse().unwrap(),
                "--streams" => plan.streams = value.parse().unwrap(),
                other => panic!("unknown argument {other}"),
            }
        }
        plan
    }
}

fn engine(word: &str) -> Engine {
    match word {
        "sqlite" => Engine::Sqlite,
        "postgres" => Engine::Postgres,
        other => panic!("unknown engine {other}"),
    }
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("provider") {
        return serve_provider();
    }
    let plan = Plan::read();
    for engine in &plan.engines {
        measure(&plan, *engine);
    }
}

/// Serves the provider until the process is killed.
fn serve_provider() {
    actix_web::rt::System::new().block_on(async {
        let app = || {
            App::new()
                .route("/v1/chat/completions", web::post().to(at_once))
                .route("/later/{milliseconds}", web::post().to(later))
                .route("/stream", web::post().to(events))
        };
        let server = HttpServer::new(app)
            .workers(process::WORKERS)
            .bind(("127.0.0.1", 0))
            .unwrap();
        println!("listening on http://{}", server.addrs()[0]);
        server.run().await.unwrap();
    });
}

/// Reads what it is asked, as every provider has to.
async fn at_once(asked: web::Json<Value>) -> HttpResponse {
    assert!(asked["messages"].is_array());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(ANSWER)
}

async fn later(body: web::Json<Value>, milliseconds: web::Path<u64>) -> HttpResponse {
    tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
    at_once(body).await
}

async fn events(_body: web::Bytes) -> HttpResponse {
    let events = stream::unfold((), async |()| {
        tokio::time::sleep(EVENT_EVERY).await;
        Some((
            Ok::<_, actix_web::Error>(web::Bytes::from_static(EVENT.as_bytes())),
            (),
        ))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(Box::pin(events))
}

/// keyport in a process of its own, with a key for the provider, and a key that may use it.
struct Keyport {
    process: Process,
    key: String,
    _database: TestDatabase,
}

impl Keyport {
    fn start(engine: Engine, provider: SocketAddr) -> Self {
        let database = TestDatabase::new(engine);
        let file = database.folder.path().join("keyport.toml");
        let text = format!("[providers.openai]\nbase_url = \"http://{provider}\"\n");
        std::fs::write(&file, text).unwrap();
        let place = provider.to_string();
        let settings = [
            ("KEYPORT_CONFIG", file.to_str().unwrap()),
            ("KEYPORT_ALLOW_PRIVATE_PROVIDERS", &place),
            ("KEYPORT_LOG_LEVEL", "warn"),
        ];
        let config = support::app::config(&database, &settings);
        let key = furnish(&config);
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyport"));
        command
            .env("KEYPORT_BIND", "127.0.0.1:0")
            .env("KEYPORT_PUBLIC_URL", "http://localhost:8080")
            .env("KEYPORT_WORKERS", process::WORKERS.to_string())
            .env("KEYPORT_DATA_DIR", database.folder.path())
            .env("DATABASE_URL", &database.url)
            .envs(settings);
        Self {
            process: Process::start(command),
            key,
            _database: database,
        }
    }
}

/// Makes an account with a key for the provider and one of ours, which is returned.
fn furnish(config: &keyport::config::Config) -> String {
    let clock: SharedClock = Arc::new(SystemClock);
    let opened = server::open(config, &clock).unwrap();
    let catalog = server::providers(config).unwrap().catalog;
    let secrets = &opened.policy.secrets;
    let act = Act::by_command(clock.now(), secrets.audit_keys());
    let rng = &mut system_rng();
    let provider = catalog.find("openai").unwrap().clone();
    let secret = NewProviderKey::parse(&Secret::new("sk-benchmark-abcdefghijkl".to_owned()));
    let new = NewApiKey {
        name: Name::parse("Benchmark").unwrap(),
        expires_at: None,
        access: Access::All,
        allowed_addresses: AllowedAddresses::default(),
        rate_limit: None,
        call_limits: CallLimits::default(),
    };
    let made: Result<String, StoreError> = opened.pool.write_now(|db| {
        let email = EmailAddress::parse("maren@example.com").unwrap();
        let name = Name::parse("Maren").unwrap();
        let account = accounts::sign_up(db, &act, rng, &name, &email, None).unwrap();
        let owner = Owner::Account(account.id);
        let secret = secret.as_ref().unwrap();
        provider_keys::save(db, &act, secrets, owner, &provider, secret, true).unwrap();
        let made = api_keys::create(db, &act, &opened.policy, rng, account.id, new);
        Ok(made.unwrap().1.reveal().to_string())
    });
    made.unwrap()
}

fn request(path: &str, key: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nuser-agent: OpenAI/Python 3.57.0\r\n\
         accept: application/json\r\naccept-encoding: gzip, deflate\r\ncontent-type: application/json\r\n\
         x-stainless-lang: python\r\nx-stainless-retry-count: 0\r\ncontent-length: {}\r\n\r\n{ASKED}",
        ASKED.len()
    )
    .into_bytes()
}

fn measure(plan: &Plan, engine: Engine) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("provider");
    let provider = Process::start(command);
    let keyport = Keyport::start(engine, provider.address);
    println!("\n{engine:?}, {} rounds of {} s", plan.rounds, plan.seconds);
    println!(
        "| the provider answers | connections | direct/s | through keyport/s | ratio | direct p50 µs | through p50 µs | added µs | through p99 µs | keyport CPU µs | provider CPU µs | status | keyport RSS MB |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (words, path) in [
        ("at once", "/v1/chat/completions"),
        ("after 5 ms", "/later/5"),
        ("after 20 ms", "/later/20"),
    ] {
        for connections in [1, plan.connections] {
            let direct = [request(path, "sk-benchmark-abcdefghijkl")];
            let through = [request(&format!("/proxy/openai{path}"), &keyport.key)];
            let rounds = drive(plan, &provider, &keyport, connections, &direct, &through);
            println!("| {words} | {connections} | {} |", line(&rounds, &keyport));
        }
    }
    memory(plan, &provider, &keyport);
    keyport.process.stop();
}

/// One turn of each.
struct Round {
    direct: load::Outcome,
    through: load::Outcome,
    /// Seconds that keyport and the provider computed for the calls through keyport.
    our_cpu: f64,
    provider_cpu: f64,
}

fn drive(
    plan: &Plan,
    provider: &Process,
    keyport: &Keyport,
    connections: usize,
    direct: &[Vec<u8>],
    through: &[Vec<u8>],
) -> Vec<Round> {
    let duration = Duration::from_secs_f64(plan.seconds);
    let go = |duration| {
        let direct = load::drive(provider.address, connections, duration, direct);
        let before = (keyport.process.cpu_seconds(), provider.cpu_seconds());
        let through = load::drive(keyport.process.address, connections, duration, through);
        Round {
            direct,
            through,
            our_cpu: keyport.process.cpu_seconds() - before.0,
            provider_cpu: provider.cpu_seconds() - before.1,
        }
    };
    // Not counted: connections, caches and branch predictors get to their places.
    go(duration / 4);
    (0..plan.rounds).map(|_| go(duration)).collect()
}

fn line(rounds: &[Round], keyport: &Keyport) -> String {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    format!(
        "{:.0} | {:.0} | {:.2} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {} | {:.0}",
        of(|round| round.direct.per_second()),
        of(|round| round.through.per_second()),
        of(|round| round.through.per_second() / round.direct.per_second()),
        of(|round| round.direct.latency_us(0.5)),
        of(|round| round.through.latency_us(0.5)),
        of(|round| round.through.latency_us(0.5) - round.direct.latency_us(0.5)),
        of(|round| round.through.latency_us(0.99)),
        of(|round| round.our_cpu * 1e6 / round.through.requests() as f64),
        of(|round| round.provider_cpu * 1e6 / round.through.requests() as f64),
        rounds[0].through.statuses(),
        keyport.process.resident_mb(),
    )
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Opens many streams and keeps them open.
fn memory(plan: &Plan, provider: &Process, keyport: &Keyport) {
    let before = keyport.process.resident_mb();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let ask = request("/proxy/openai/stream", &keyport.key);
        let mut readers = Vec::new();
        for _ in 0..plan.streams {
            let mut stream = TcpStream::connect(keyport.process.address).await.unwrap();
            stream.write_all(&ask).await.unwrap();
            readers.push(tokio::spawn(async move {
                let (mut buffer, mut bytes) = (vec![0; 4096], 0);
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    bytes += read;
                }
                bytes
            }));
        }
        print!(
            "\n{} streams with an event each {} ms: keyport's memory was {before:.0} MB before",
            plan.streams,
            EVENT_EVERY.as_millis()
        );
        for seconds in [5, 15, 30] {
            let wait = if seconds == 5 { 5 } else { seconds / 2 };
            tokio::time::sleep(Duration::from_secs(wait)).await;
            print!(
                ", {:.0} MB after {seconds} s",
                keyport.process.resident_mb()
            );
        }
        println!(" (the provider's own: {:.0} MB)", provider.resident_mb());
        readers.iter().for_each(tokio::task::JoinHandle::abort);
    });
}
