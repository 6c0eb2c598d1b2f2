//! A published report of a GiB is uploaded by command and downloaded from the running program: memory must stay as it is.
//!
//! `cargo bench --bench downloads`; `DOWNLOAD_MIB` sets another size. Fails if the server's resident memory grows by 20 MB
//! or more while it sends the file, or if what arrives is not what was published.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

/// Bytes that memory may grow by.
const MOST_GROWTH: u64 = 20_000_000;
const MIB: usize = 1 << 20;

/// The server, which ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _it_may_have_ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a download takes is about this machine's time"
)]
fn main() {
    let mib: usize = (std::env::var("DOWNLOAD_MIB").ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_024);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (bind, folder) = (free_address(), folder.path());
    let file = folder.join("report.bin");
    let digest = write_report(&file, mib);
    let demo = keyport(folder, &bind, &["user", "add", "maren@example.com"])
        .output()
        .expect("keyport runs");
    assert!(demo.status.success(), "{demo:?}");
    let key = keyport(
        folder,
        &bind,
        &[
            "key",
            "create",
            "--account",
            "maren@example.com",
            "--name",
            "bench",
            "--expires-in",
            "7d",
        ],
    )
    .output()
    .expect("keyport runs");
    assert!(key.status.success(), "{key:?}");
    let key = String::from_utf8_lossy(&key.stdout);
    let key = key
        .split_whitespace()
        .find(|word| word.starts_with("kp_"))
        .expect("a key is printed")
        .to_owned();
    let began = Instant::now();
    let path = file.display().to_string();
    let publish = [
        "report", "publish", "large", &path, "--title", "Large", "--access", "everyone",
    ];
    let published = keyport(folder, &bind, &publish)
        .output()
        .expect("keyport runs");
    assert!(published.status.success(), "{published:?}");
    println!(
        "published {mib} MiB in {:.1} s",
        began.elapsed().as_secs_f64()
    );

    let server = keyport(folder, &bind, &["serve"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("keyport runs");
    let server = Server(server);
    wait_for(&bind);
    // The first one warms up what is kept anyway: connections, the first chunks.
    drop(download(&bind, &key, Some(4 * MIB)));
    let before = resident(server.0.id());
    let began = Instant::now();
    let (length, received, most) = measured(&bind, &key, server.0.id());
    let took = began.elapsed().as_secs_f64();
    let grown = most.saturating_sub(before);
    println!(
        "downloaded {mib} MiB in {took:.1} s ({:.0} MiB/s); resident memory {before} bytes before, grew by {grown}",
        mib as f64 / took
    );
    assert_eq!(length, mib * MIB, "not all of it arrived");
    assert_eq!(received, digest, "something else arrived");
    assert!(grown < MOST_GROWTH, "memory grew by {grown} bytes");
}

/// Writes a file of this size that does not compress, and digests it.
fn write_report(path: &Path, mib: usize) -> Vec<u8> {
    let mut file = File::create(path).expect("the report can be written");
    let (mut hash, mut state) = (Sha256::new(), 1u64);
    let mut block = vec![0; MIB];
    for _ in 0..mib {
        for bytes in block.chunks_exact_mut(8) {
            // SplitMix64 (Steele, Lea and Flood, 2014).
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bytes.copy_from_slice(&(mixed ^ (mixed >> 27)).to_le_bytes());
        }
        hash.update(&block);
        file.write_all(&block).expect("the report can be written");
    }
    hash.finalize().to_vec()
}

fn keyport(folder: &Path, bind: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyport"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("KEYPORT_DATA_DIR", folder)
        .env(
            "DATABASE_URL",
            format!("sqlite:{}", folder.join("keyport.db").display()),
        )
        .env("KEYPORT_PUBLIC_URL", format!("http://{bind}"))
        .env("KEYPORT_BIND", bind);
    command
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").to_string()
}

fn wait_for(bind: &str) {
    for _ in 0..300 {
        if TcpStream::connect(bind).is_ok() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    panic!("the server does not listen");
}

/// The connection behind the headers of an answer.
fn download(bind: &str, key: &str, part: Option<usize>) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(bind).expect("the server listens");
    let range = part.map_or(String::new(), |length| {
        format!("range: bytes=0-{length}\r\n")
    });
    let request = format!(
        "GET /api/v1/reports/large HTTP/1.1\r\nhost: {bind}\r\nx-api-key: {key}\r\n{range}connection: close\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .expect("it can be asked");
    let mut answer = BufReader::with_capacity(256 * 1024, stream);
    let mut line = String::new();
    answer.read_line(&mut line).expect("it answers");
    assert!(line.contains(" 200 ") || line.contains(" 206 "), "{line}");
    while line.trim() != "" {
        line.clear();
        answer.read_line(&mut line).expect("it answers");
    }
    if part.is_some() {
        std::io::copy(&mut answer, &mut std::io::sink()).expect("the part arrives");
    }
    answer
}

/// Length, digest, and the most memory that the server had meanwhile.
fn measured(bind: &str, key: &str, server: u32) -> (usize, Vec<u8>, u64) {
    let mut answer = download(bind, key, None);
    let (mut hash, mut length, mut most) = (Sha256::new(), 0, 0);
    let mut block = vec![0; MIB];
    let mut next = 0;
    loop {
        let read = answer.read(&mut block).expect("the file arrives");
        if read == 0 {
            return (length, hash.finalize().to_vec(), most.max(resident(server)));
        }
        hash.update(&block[..read]);
        length += read;
        if length >= next {
            most = most.max(resident(server));
            next = length + 16 * MIB;
        }
    }
}

/// Resident memory of a process, in bytes (proc(5)).
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("Linux tells it");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("Linux tells it") * 1_024
}
