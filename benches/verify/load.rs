//! The load generator: one thread, many keep-alive connections, as little work as possible for each request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came of driving a server.
#[derive(Default)]
pub(crate) struct Outcome {
    latencies_ns: Vec<u64>,
    statuses: BTreeMap<u16, u64>,
    took: Duration,
}

impl Outcome {
    pub(crate) fn requests(&self) -> usize {
        self.latencies_ns.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests() as f64 / self.took.as_secs_f64()
    }

    /// The latency that this share of the requests did not exceed.
    pub(crate) fn latency_us(&self, share: f64) -> f64 {
        let mut sorted = self.latencies_ns.clone();
        sorted.sort_unstable();
        let at = (sorted.len() - 1) as f64 * share;
        sorted[at as usize] as f64 / 1000.0
    }

    pub(crate) fn statuses(&self) -> String {
        let each = self.statuses.iter().map(|(status, count)| {
            let share = 100.0 * *count as f64 / self.requests() as f64;
            if share > 99.9 {
                status.to_string()
            } else {
                format!("{status} {share:.1}%")
            }
        });
        each.collect::<Vec<_>>().join(", ")
    }

    fn join(&mut self, other: Self) {
        self.latencies_ns.extend(other.latencies_ns);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
    }
}

/// Sends the requests, drawn at random, over so many connections for so long.
pub(crate) fn drive(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    requests: &[Vec<u8>],
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    // The requests outlive the tasks: they are all joined before this returns.
    let requests: std::rc::Rc<Vec<Vec<u8>>> = std::rc::Rc::new(requests.to_vec());
    local.block_on(&runtime, async {
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(Connection::open(address).await);
        }
        let began = Instant::now();
        let end = began + duration;
        let tasks: Vec<_> = open
            .into_iter()
            .enumerate()
            .map(|(seed, mut connection)| {
                let requests = requests.clone();
                tokio::task::spawn_local(async move {
                    let mut outcome = Outcome::default();
                    let mut state = seed as u64 * 0x9E37_79B9_7F4A_7C15 + 1;
                    loop {
                        let sent = Instant::now();
                        if sent >= end {
                            return outcome;
                        }
                        // xorshift64: good enough to pick a key.
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        let request = &requests[(state % requests.len() as u64) as usize];
                        let status = connection.ask(request).await;
                        outcome.latencies_ns.push(sent.elapsed().as_nanos() as u64);
                        *outcome.statuses.entry(status).or_default() += 1;
                    }
                })
            })
            .collect();
        let mut all = Outcome::default();
        for task in tasks {
            all.join(task.await.unwrap());
        }
        all.took = began.elapsed();
        all
    })
}

/// One keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: vec![0; 16 * 1024],
        }
    }

    /// Sends a request, reads the whole answer, returns its status.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> u16 {
        let filled = self.exchange(request).await;
        let digits = std::str::from_utf8(&self.buffer[..filled][9..12]).unwrap();
        digits.parse().unwrap()
    }

    /// Sends a request, reads the whole answer, returns it.
    pub(crate) async fn ask_text(&mut self, request: &[u8]) -> String {
        let filled = self.exchange(request).await;
        String::from_utf8_lossy(&self.buffer[..filled]).into_owned()
    }

    async fn exchange(&mut self, request: &[u8]) -> usize {
        self.stream.write_all(request).await.unwrap();
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            let answer = &self.buffer[..filled];
            if let Some(head) = find(answer, b"\r\n\r\n") {
                let body = content_length(&answer[..head]);
                if filled >= head + 4 + body {
                    return filled;
                }
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn content_length(head: &[u8]) -> usize {
    let at = find(head, b"content-length: ").map(|at| at + 16);
    let Some(at) = at else { return 0 };
    let digits = head[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, byte| number * 10 + usize::from(byte - b'0'))
}
