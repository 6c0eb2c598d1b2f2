//! A service behind a gateway: says yes to everything, and remembers what it was sent. What it answers at `/stream`
//! ends only when the test says so.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::{StreamExt as _, stream};
use tokio::sync::{Notify, oneshot};

/// What a stream begins with: more than gateways hold back.
pub const STREAM_BEGIN: usize = 200_000;

/// A request as it reached the service.
#[derive(Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query, as they stood in the request line.
    pub target: String,
    pub body: String,
    headers: Vec<(String, String)>,
}

impl Seen {
    /// Every value of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = |(known, _): &&(String, String)| known == name;
        self.headers
            .iter()
            .filter(same)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The names of all headers that hold this text, in a name or a value.
    pub fn mentions(&self, text: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(name, value)| name.contains(text) || value.contains(text))
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

/// The service; it stops when this is dropped.
pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stream_end: Arc<Notify>,
    words: Arc<Mutex<String>>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Upstream {
    pub async fn spawn() -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let shared = web::Data::from(seen.clone());
        let stream_end = Arc::<Notify>::default();
        let shared_end = web::Data::from(stream_end.clone());
        let words = Arc::new(Mutex::new("the service's answer".to_owned()));
        let shared_words = web::Data::from(words.clone());
        let (started_tx, started) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(shared.clone())
                        .app_data(shared_end.clone())
                        .app_data(shared_words.clone())
                        .default_service(web::to(answer))
                };
                let server = HttpServer::new(app)
                    .workers(1)
                    .disable_signals()
                    .bind(("127.0.0.1", 0))
                    .unwrap();
                started_tx.send(server.addrs()[0]).unwrap();
                let server = server.run();
                let handle = server.handle();
                actix_web::rt::spawn(server);
                // Dropping the sender is the sign to stop, too.
                let _ = stopped.await;
                handle.stop(false).await;
            });
        });
        Self {
            address: started.await.expect("the service starts"),
            seen,
            stream_end,
            words,
            stop: Some(stop),
            server: Some(server),
        }
    }

    /// Lets a stream that was begun end.
    pub fn end_stream(&self) {
        self.stream_end.notify_one();
    }

    /// What it answers from now on.
    pub fn answer_with(&self, words: &str) {
        words.clone_into(&mut self.words.lock().unwrap());
    }

    /// What has arrived since the last look.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn answer(
    req: HttpRequest,
    body: String,
    seen: web::Data<Mutex<Vec<Seen>>>,
    stream_end: web::Data<Notify>,
    words: web::Data<Mutex<String>>,
) -> HttpResponse {
    let headers = req.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    seen.lock().unwrap().push(Seen {
        method: req.method().to_string(),
        target: req.uri().to_string(),
        body,
        headers: headers.collect(),
    });
    if req.path() == "/stream" {
        let begin = stream::once(async { Ok(web::Bytes::from(vec![b'a'; STREAM_BEGIN])) });
        let end = stream::once(async move {
            stream_end.notified().await;
            Ok::<_, actix_web::Error>(web::Bytes::from_static(b" to the end"))
        });
        return HttpResponse::Ok().streaming(begin.chain(end));
    }
    HttpResponse::Ok().body(words.lock().unwrap().clone())
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let ended = server.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the service panicked"
            );
        }
    }
}
