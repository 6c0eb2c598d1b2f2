//! Servers that take mails: one that speaks SMTP, one that stands in for Resend. Each does as the test says, and shows
//! what it got.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub to: String,
    pub from: String,
    pub subject: String,
    pub message_id: String,
    pub text: String,
    pub html: String,
    /// The headers as they came, unfolded.
    pub headers: Vec<(String, String)>,
}

impl Received {
    fn read(to: String, raw: &[u8]) -> Self {
        let parsed = MessageParser::default().parse(raw).unwrap();
        let head = String::from_utf8_lossy(raw).replace("\r\n ", " ");
        let head = head.split("\r\n\r\n").next().unwrap().to_owned();
        Self {
            to,
            from: parsed
                .from()
                .unwrap()
                .first()
                .unwrap()
                .address()
                .unwrap()
                .to_owned(),
            subject: parsed.subject().unwrap().to_owned(),
            message_id: parsed.message_id().unwrap().to_owned(),
            text: parsed.body_text(0).unwrap().replace("\r\n", "\n"),
            html: parsed.body_html(0).unwrap().into_owned(),
            headers: head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// What follows `start` in the text, up to the end of the line.
    pub fn link(&self, start: &str) -> String {
        let rest = self.text.split(start).nth(1);
        let rest = rest.unwrap_or_else(|| panic!("{start} is not in {}", self.text));
        rest.lines().next().unwrap().to_owned()
    }
}

/// What the server does with the next mail, instead of taking it.
#[derive(Clone, Debug)]
pub enum Mood {
    /// Answers the receiver's address with this line.
    Refuse(&'static str),
    /// Answers the name and password with this line.
    RefuseLogin(&'static str),
    /// Takes the mail, and hangs up before it says so.
    TakeAndHangUp,
    /// Takes the mail, and says so when the test lets it.
    Hold,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    moods: Mutex<VecDeque<Mood>>,
    arrived: Notify,
    release: Notify,
}

impl Shared {
    fn mood(&self) -> Option<Mood> {
        self.moods.lock().unwrap().pop_front()
    }
}

/// An SMTP server.
pub struct SmtpServer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl SmtpServer {
    pub async fn spawn() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let of_task = shared.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(converse(stream, of_task.clone()));
            }
        });
        Self {
            address,
            shared,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("smtp://keyport:hunter22@{}", self.address)
    }

    /// What arrived since the last look.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.shared.received.lock().unwrap())
    }

    /// What the next mails meet with, one after the other.
    pub fn expect(&self, moods: &[Mood]) {
        self.shared
            .moods
            .lock()
            .unwrap()
            .extend(moods.iter().cloned());
    }

    /// Waits until a mail is held.
    pub async fn held(&self) {
        self.shared.arrived.notified().await;
    }

    /// Lets a mail that is held be taken.
    pub fn release(&self) {
        self.shared.release.notify_one();
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    // Who hangs up in the middle ends the conversation.
    drop(talk(BufReader::new(stream), &shared).await);
}

async fn talk(mut stream: BufReader<TcpStream>, shared: &Shared) -> std::io::Result<()> {
    stream.write_all(b"220 test\r\n").await?;
    let (mut mood, mut to) = (shared.mood(), String::new());
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            // Only looked in: the mood is for who sends.
            shared.moods.lock().unwrap().extend(mood.take());
            return Ok(());
        }
        let word = line.split([' ', '\r']).next().unwrap().to_uppercase();
        let answer = match (word.as_str(), &mood) {
            ("EHLO", _) => "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            ("AUTH", Some(Mood::RefuseLogin(answer))) => answer,
            ("AUTH", _) => "235 welcome",
            ("RCPT", Some(Mood::Refuse(answer))) => answer,
            ("RCPT", _) => {
                let address = line.split(['<', '>']).nth(1).unwrap();
                address.clone_into(&mut to);
                "250 ok"
            }
            ("DATA", _) => {
                stream.write_all(b"354 go on\r\n").await?;
                let raw = data(&mut stream).await?;
                if matches!(mood, Some(Mood::Hold)) {
                    shared.arrived.notify_one();
                    shared.release.notified().await;
                }
                let received = Received::read(to.clone(), &raw);
                shared.received.lock().unwrap().push(received);
                if matches!(mood, Some(Mood::TakeAndHangUp)) {
                    return Ok(());
                }
                mood = None;
                "250 taken"
            }
            ("QUIT", _) => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// The lines up to a single dot, as they were before the client put dots before dots (RFC 5321, section 4.5.2).
async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.as_slice() {
            b".\r\n" => return Ok(raw),
            [b'.', rest @ ..] => raw.extend_from_slice(rest),
            whole => raw.extend_from_slice(whole),
        }
    }
}

/// A request to what stands in for Resend.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and path.
    pub line: String,
    /// The head, in lower case.
    pub head: String,
    pub body: serde_json::Value,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let found = self.head.lines().find_map(|line| line.strip_prefix(&start));
        found.unwrap_or_default()
    }
}

/// Stands in for Resend.
pub struct FakeResend {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    task: JoinHandle<()>,
}

impl FakeResend {
    pub async fn spawn() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let answers = Arc::<Mutex<VecDeque<(u16, &'static str)>>>::default();
        let shared = (asked.clone(), answers.clone());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (asked, answers) = shared.clone();
                tokio::spawn(async move {
                    // Who hangs up in the middle asks nothing.
                    drop(answer(stream, &asked, &answers).await);
                });
            }
        });
        Self {
            address,
            asked,
            answers,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked since the last look.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// What the next requests are answered with, one after the other; then with 200.
    pub fn expect(&self, answers: &[(u16, &'static str)]) {
        self.answers.lock().unwrap().extend(answers);
    }
}

impl Drop for FakeResend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    stream: TcpStream,
    asked: &Mutex<Vec<Asked>>,
    answers: &Mutex<VecDeque<(u16, &'static str)>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let (line, head) = head.split_once("\r\n").unwrap();
    let head: String = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| format!("{}: {value}\n", name.to_lowercase()))
        .collect();
    let mut one = Asked {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        head,
        body: serde_json::Value::Null,
    };
    let length: usize = one.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    one.body = serde_json::from_slice(&body).unwrap_or_default();
    asked.lock().unwrap().push(one);
    let next = answers.lock().unwrap().pop_front();
    let (status, body) = next.unwrap_or((200, r#"{"id":"1"}"#));
    let answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await
}
