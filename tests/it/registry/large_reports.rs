//! Large published reports: how much memory the program takes while it sends one.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::support::command::{ServerProcess, keyport};
use crate::support::db::{Engine, TestDatabase, postgres_url};

const MIB: usize = 1 << 20;
const REPORT_MIB: usize = 160;
/// Bytes that memory may grow by.
const MOST_GROWTH: u64 = 20_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_as_it_is_while_160_mib_are_downloaded_from_sqlite() {
    assert_memory_stays(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_as_it_is_while_160_mib_are_downloaded_from_postgres() {
    if postgres_url().is_some() {
        assert_memory_stays(Engine::Postgres).await;
    }
}

async fn assert_memory_stays(engine: Engine) {
    let database = TestDatabase::new(engine);
    let folder = database.folder.path();
    let settings = [("DATABASE_URL", database.url.as_str())];
    let run = |arguments: &[&str]| {
        let output = keyport(folder, &settings, arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&["user", "add", "maren@example.com", "--name", "Maren"]);
    let account = ["--account", "maren@example.com"];
    let key = run(&[&["key", "create", "--name", "Reports"], &account[..]].concat());
    let file = folder.join("report.bin");
    let digest = write_report(&file);
    let title = ["--title", "Large", "--access", "everyone"];
    let publish = ["report", "publish", "large", file.to_str().unwrap()];
    run(&[&publish[..], &title[..]].concat());

    let server = ServerProcess::start(folder, &settings);
    let ask = |range: &'static str| {
        reqwest::Client::new()
            .get(format!("http://{}/api/v1/reports/large", server.address))
            .header("x-api-key", &key)
            .header("range", range)
            .send()
    };
    // What is kept anyway is there after the first chunks: connections, and the buffers of one download.
    let begun = ask("bytes=0-8388607").await.unwrap();
    assert_eq!(begun.status(), 206);
    assert_eq!(begun.bytes().await.unwrap().len(), 8 * MIB);
    let before = server.resident_bytes();

    let mut answer = ask("bytes=0-").await.unwrap();
    let (mut hash, mut length, mut most, mut next) = (Sha256::new(), 0, before, 0);
    while let Some(piece) = answer.chunk().await.unwrap() {
        hash.update(&piece);
        length += piece.len();
        if length >= next {
            most = most.max(server.resident_bytes());
            next = length + 8 * MIB;
        }
    }
    assert_eq!(length, REPORT_MIB * MIB);
    assert_eq!(hash.finalize().as_slice(), digest, "something else arrived");
    let growth = most - before;
    assert!(growth < MOST_GROWTH, "memory grew by {growth} bytes");
}

/// A file that does not compress, and its digest.
fn write_report(path: &Path) -> Vec<u8> {
    let mut file = File::create(path).unwrap();
    let (mut hash, mut state) = (Sha256::new(), 1u64);
    let mut block = vec![0; MIB];
    for _ in 0..REPORT_MIB {
        for bytes in block.chunks_exact_mut(8) {
            // SplitMix64 (Steele, Lea and Flood, 2014).
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bytes.copy_from_slice(&(mixed ^ (mixed >> 27)).to_le_bytes());
        }
        hash.update(&block);
        file.write_all(&block).unwrap();
    }
    hash.finalize().to_vec()
}
