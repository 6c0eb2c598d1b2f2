//! A provider of an API that stands in for the real ones: answers as they do, and in every way that they should not.
//!
//! Written over plain sockets, so that it can break every rule. What it answers depends on the path; a key that holds `bad`
//! is refused everywhere.

pub mod answers;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedKey, IsCa, Issuer, KeyPair,
    generate_simple_self_signed,
};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use self::answers::{chat, chat_events, message, message_events, response, response_events};

/// Whatever is waited for has happened by then, or never will.
const LONG: Duration = Duration::from_secs(20);

/// A call as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// True if this text is anywhere in it.
    pub fn mentions(&self, text: &str) -> bool {
        format!("{self:?}").contains(text) || String::from_utf8_lossy(&self.body).contains(text)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// What the test and the connections share.
struct Shared {
    received: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    written: AtomicUsize,
    /// One for each step that a stream may take.
    steps: Semaphore,
    /// One for each call that its caller has ended before its answer's end.
    gone: Semaphore,
    /// One for each connection that was served to its end, and is closed.
    closed: Semaphore,
    /// One for each piece of an upload.
    pieces: Semaphore,
    /// One for each time that writing has come to a halt.
    halts: Semaphore,
}

/// What it does with connections.
#[derive(Clone)]
enum Manner {
    Plain,
    Tls(TlsAcceptor),
    HangsUp,
}

/// The provider; it stops when this is dropped.
pub struct Provider {
    pub address: SocketAddr,
    is_tls: bool,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Provider {
    pub async fn spawn() -> Self {
        Self::start(Manner::Plain).await
    }

    /// One that closes every connection before it is asked anything.
    pub async fn spawn_that_hangs_up() -> Self {
        Self::start(Manner::HangsUp).await
    }

    /// With TLS, and a certificate that is made out to someone else.
    pub async fn spawn_with_wrong_certificate() -> Self {
        let names = vec!["someone-else.example".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        Self::start(Manner::Tls(acceptor(&cert, &signing_key))).await
    }

    /// With TLS, and a certificate of an authority that nobody knows; that one's own certificate, in PEM.
    pub async fn spawn_with_certificate_of_an_authority() -> (Self, String) {
        let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = authority.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(authority, key);
        let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let own_key = KeyPair::generate().unwrap();
        let certificate = own.signed_by(&own_key, &issuer).unwrap();
        let provider = Self::start(Manner::Tls(acceptor(&certificate, &own_key))).await;
        (provider, pem)
    }

    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            connections: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
            steps: Semaphore::new(0),
            gone: Semaphore::new(0),
            closed: Semaphore::new(0),
            pieces: Semaphore::new(0),
            halts: Semaphore::new(0),
        });
        let is_tls = matches!(manner, Manner::Tls(_));
        let for_server = shared.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                for_server.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, manner) = (for_server.clone(), manner.clone());
                tokio::spawn(async move {
                    match manner {
                        Manner::Plain => serve(Connection::new(stream, shared)).await,
                        Manner::HangsUp => drop(stream),
                        Manner::Tls(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(Connection::new(stream, shared)).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            is_tls,
            shared,
            server,
        }
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// What has arrived since the last look.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.shared.received.lock().unwrap())
    }

    /// The one call that has arrived since the last look.
    #[track_caller]
    pub fn take_one(&self) -> Received {
        let mut all = self.take();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// How many connections it was given.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Bytes of endless answers that were written.
    pub fn written(&self) -> usize {
        self.shared.written.load(Ordering::SeqCst)
    }

    /// Lets a stream take its next step.
    pub fn step(&self) {
        self.shared.steps.add_permits(1);
    }

    /// Waits until a call was ended by its caller.
    pub async fn gone(&self) {
        wait(&self.shared.gone, "the call was not ended").await;
    }

    /// Waits until it has closed a connection.
    pub async fn closed(&self) {
        wait(&self.shared.closed, "no connection was closed").await;
    }

    /// Waits until a piece of an upload has arrived.
    pub async fn piece(&self) {
        wait(&self.shared.pieces, "nothing arrived").await;
    }

    /// Waits until nobody takes what it writes.
    pub async fn halt(&self) {
        wait(&self.shared.halts, "it could write on and on").await;
    }
}

fn acceptor(certificate: &Certificate, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn wait(semaphore: &Semaphore, problem: &str) {
    let permit = timeout(LONG, semaphore.acquire()).await;
    permit
        .unwrap_or_else(|_| panic!("{problem}"))
        .unwrap()
        .forget();
}

struct Connection<S> {
    stream: S,
    shared: Arc<Shared>,
    buffer: Vec<u8>,
}

/// The connection cannot be used any more.
struct Over;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(stream: S, shared: Arc<Shared>) -> Self {
        Self {
            stream,
            shared,
            buffer: Vec::new(),
        }
    }

    async fn fill(&mut self) -> Result<(), Over> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) | Err(_) => Err(Over),
            Ok(_) => Ok(()),
        }
    }

    async fn line(&mut self) -> Result<String, Over> {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..at + 2).take(at).collect();
                return Ok(String::from_utf8(line).unwrap());
            }
            self.fill().await?;
        }
    }

    async fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Over> {
        while self.buffer.len() < count {
            self.fill().await?;
        }
        Ok(self.buffer.drain(..count).collect())
    }

    async fn receive(&mut self) -> Result<Received, Over> {
        let first = self.line().await?;
        let mut parts = first.split(' ');
        let mut received = Received {
            method: parts.next().unwrap().to_owned(),
            target: parts.next().unwrap().to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap();
            let header = (name.to_ascii_lowercase(), value.trim().to_owned());
            received.headers.push(header);
        }
        if received.target == "/early" {
            return Ok(received);
        }
        if received.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line().await?, 16).unwrap();
                let chunk = self.bytes(size + 2).await?;
                if size == 0 {
                    break;
                }
                self.shared.pieces.add_permits(1);
                received.body.extend_from_slice(&chunk[..size]);
            }
        } else if let Some(length) = received.header("content-length") {
            let length: usize = length.parse().unwrap();
            while received.body.len() < length {
                if self.buffer.is_empty() {
                    self.fill().await?;
                }
                let part = self.buffer.len().min(length - received.body.len());
                received.body.extend(self.buffer.drain(..part));
                self.shared.pieces.add_permits(1);
            }
        }
        Ok(received)
    }

    async fn write(&mut self, text: impl AsRef<[u8]>) -> Result<(), Over> {
        let written = self.stream.write_all(text.as_ref()).await;
        written.or(Err(Over))?;
        self.stream.flush().await.or(Err(Over))
    }

    async fn head(&mut self, status: u16, lines: &str) -> Result<(), Over> {
        self.write(format!(
            "HTTP/1.1 {status} Words\r\nx-request-id: req_standin\r\n{lines}\r\n"
        ))
        .await
    }

    async fn json(&mut self, status: u16, body: &Value, lines: &str) -> Result<(), Over> {
        let body = body.to_string();
        let length = body.len();
        let lines =
            format!("content-type: application/json\r\ncontent-length: {length}\r\n{lines}");
        self.head(status, &lines).await?;
        self.write(body).await
    }

    async fn chunk(&mut self, text: &str) -> Result<(), Over> {
        self.write(format!("{:x}\r\n{text}\r\n", text.len())).await
    }

    /// Server-sent events, each once the test lets it if it is gated.
    async fn events(&mut self, events: &[String], is_gated: bool) -> Result<(), Over> {
        let lines =
            "content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n";
        self.head(200, lines).await?;
        for event in events {
            if is_gated {
                self.step().await?;
            }
            self.chunk(event).await?;
        }
        self.write("0\r\n\r\n").await
    }

    /// Reads on until the caller closes the connection.
    async fn drain(&mut self) -> Result<(), Over> {
        while self.fill().await.is_ok() {
            self.buffer.clear();
        }
        self.shared.gone.add_permits(1);
        Err(Over)
    }

    /// Waits for the test, or for the caller to go.
    async fn step(&mut self) -> Result<(), Over> {
        let shared = self.shared.clone();
        tokio::select! {
            permit = shared.steps.acquire() => {
                permit.unwrap().forget();
                Ok(())
            }
            end = self.fill() => {
                assert!(end.is_err(), "more than one call at once");
                shared.gone.add_permits(1);
                Err(Over)
            }
        }
    }

    /// Writes for ever, until the caller goes.
    async fn endless(&mut self) -> Result<(), Over> {
        let chunk = "x".repeat(64 * 1024);
        loop {
            let shared = self.shared.clone();
            let mut writing = Box::pin(self.chunk(&chunk));
            let written = match timeout(Duration::from_millis(700), &mut writing).await {
                Ok(written) => written,
                Err(_) => {
                    shared.halts.add_permits(1);
                    writing.await
                }
            };
            if written.is_err() {
                shared.gone.add_permits(1);
                return Err(Over);
            }
            shared.written.fetch_add(chunk.len(), Ordering::SeqCst);
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut connection: Connection<S>) {
    while let Ok(received) = connection.receive().await {
        let shared = connection.shared.clone();
        shared.received.lock().unwrap().push(received.clone());
        if answer(&mut connection, &received).await.is_err() {
            break;
        }
    }
    let shared = connection.shared.clone();
    drop(connection);
    shared.closed.add_permits(1);
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
    call: &Received,
) -> Result<(), Over> {
    let key = (call.header("authorization"))
        .and_then(|value| value.strip_prefix("Bearer "))
        .or(call.header("x-api-key"))
        .unwrap_or_default();
    if key.is_empty() || key.contains("bad") {
        let words = format!("Incorrect API key provided: {key}.");
        let error = json!({"error": {"message": words, "type": "invalid_request_error"}});
        return connection.json(401, &error, "").await;
    }
    let path = call.target.split('?').next().unwrap_or_default();
    let streams = call.json()["stream"] == true;
    match path {
        "/v1/chat/completions" if streams => connection.events(&chat_events(), false).await,
        "/v1/chat/completions" => connection.json(200, &chat(), "").await,
        "/v1/responses" if streams => connection.events(&response_events(), false).await,
        "/v1/responses" => connection.json(200, &response(), "").await,
        "/v1/messages" if streams => connection.events(&message_events(), false).await,
        "/v1/messages" => connection.json(200, &message(), "").await,
        "/v1/models" => {
            let model = json!({"id": "standin-1", "object": "model", "type": "model", "created": 1, "owned_by": "x",
                "created_at": "2026-01-01T00:00:00Z", "display_name": "Stand-in"});
            let list = json!({"object": "list", "data": [model], "has_more": false, "first_id": "standin-1",
                "last_id": "standin-1"});
            connection.json(200, &list, "").await
        }
        "/gated" => connection.events(&chat_events(), true).await,
        "/slow" => {
            connection.step().await?;
            connection.json(200, &json!({"at": "last"}), "").await
        }
        "/stalls" => {
            connection
                .head(200, "content-type: text/plain\r\ncontent-length: 9\r\n")
                .await?;
            connection.write("begun").await?;
            connection.step().await?;
            connection.write("done").await
        }
        "/half" => {
            connection
                .head(200, "content-type: text/plain\r\ncontent-length: 9\r\n")
                .await?;
            connection.write("half").await?;
            Err(Over)
        }
        "/two-lengths" => {
            let lines =
                "content-type: text/plain\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n";
            connection.head(200, lines).await?;
            connection.chunk("all of twenty bytes.").await?;
            connection.write("0\r\n\r\n").await
        }
        "/early" => {
            // Answers before it has read what it is sent.
            connection.json(413, &json!({"error": "long"}), "").await?;
            connection.drain().await
        }
        "/closes" => {
            connection
                .json(200, &json!({"ok": true}), "connection: close\r\n")
                .await?;
            connection.drain().await
        }
        "/old" => {
            connection
                .write("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok")
                .await?;
            connection.drain().await
        }
        "/hangs-up" => {
            connection.json(200, &json!({"ok": true}), "").await?;
            Err(Over)
        }
        "/garbage" => {
            connection
                .write("220 mail.example ESMTP ready\r\n\r\n")
                .await?;
            Err(Over)
        }
        "/nothing" => Err(Over),
        "/redirect" => {
            let lines = "location: https://elsewhere.example/x\r\ncontent-length: 0\r\n";
            connection.head(307, lines).await
        }
        "/endless" => {
            let lines = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
            connection.head(200, lines).await?;
            connection.endless().await
        }
        "/gigabyte" => {
            let lines = "content-type: application/octet-stream\r\ncontent-length: 1073741824\r\n";
            connection.head(200, lines).await?;
            let part = vec![b'1'; 1 << 20];
            for _ in 0..1024 {
                connection.write(&part).await?;
            }
            Ok(())
        }
        "/nothing-to-say" => connection.head(204, "").await,
        "/headers" => {
            let lines = "set-cookie: a=b\r\nkeyport-error: forged\r\nalt-svc: h3=\":443\"\r\nconnection: X-Hop\r\n\
                x-hop: 1\r\nratelimit-remaining: 7\r\n\
                x-accel-redirect: /inside\r\nx-sendfile: /etc/passwd\r\nsurrogate-control: max-age=9\r\n";
            connection.json(200, &json!({}), lines).await
        }
        _ => match path
            .strip_prefix("/status/")
            .map(|status| status.parse().unwrap())
        {
            Some(status) => {
                let error = json!({"error": {"message": format!("It is {status}.")}});
                connection.json(status, &error, "retry-after: 17\r\n").await
            }
            None => connection.json(200, &json!({"ok": true}), "").await,
        },
    }
}
