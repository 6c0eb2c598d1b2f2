//! The revocation delay: how long after "deactivated" was answered a request is still accepted. It must never be.
//!
//! While all instances are under full load, keys are deactivated one after the other through the first one. A few
//! connections to each instance keep asking for the key that is next, and note when each request began and how it
//! ended.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::Plan;
use super::cases::{Server, request};
use super::load::Connection;
use super::stock::Stock;

/// Keys that are deactivated.
const DEACTIVATIONS: usize = 1_000;
/// Connections to each instance that ask for the key that is next.
const WATCHERS: usize = 4;

pub(crate) fn measure(plan: &Plan, stock: &Stock, instances: usize) -> String {
    let server = Server::start(stock, true, instances);
    let manager = &stock.special[&format!("manager-{instances}")];
    let addresses = server.addresses();
    // The load runs beside, in a thread of its own, until the deactivations are done.
    let background: Vec<Vec<u8>> = stock
        .asked
        .iter()
        .map(|key| request("/auth", key))
        .collect();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let load_addresses = addresses.clone();
    let connections = plan.connections;
    let load = std::thread::spawn(move || {
        let mut requests = 0;
        while let Err(std::sync::mpsc::TryRecvError::Empty) = stopped.try_recv() {
            for address in &load_addresses {
                let duration = Duration::from_millis(250);
                requests +=
                    super::load::drive(*address, connections, duration, &background).requests();
            }
        }
        requests
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut keys = Vec::new();
        let mut client = Connection::open(addresses[0]).await;
        for number in 0..DEACTIVATIONS {
            keys.push(create(&mut client, manager, number).await);
        }
        watch(&addresses, &mut client, manager, &keys).await
    });
    stop.send(()).unwrap();
    let requests = load.join().unwrap();
    server.stop();
    format!(
        "revocation, {instances} instances: {} deactivations, {} requests with those keys, {requests} others; \
         accepted after the answer: {}; latest accepted start {:.0} µs against the answer",
        keys_done(&outcome),
        outcome.requests,
        outcome.stale,
        outcome.latest_us
    )
}

fn keys_done(outcome: &Watched) -> usize {
    outcome.deactivated
}

struct Watched {
    deactivated: usize,
    requests: usize,
    stale: usize,
    latest_us: f64,
}

type Accepted = Rc<RefCell<HashMap<usize, Instant>>>;

async fn watch(
    addresses: &[std::net::SocketAddr],
    client: &mut Connection,
    manager: &str,
    keys: &[String],
) -> Watched {
    let next = Rc::new(std::cell::Cell::new(0usize));
    let latest: Accepted = Rc::default();
    let requests = Rc::new(std::cell::Cell::new(0usize));
    let texts: Rc<Vec<Vec<u8>>> = Rc::new(keys.iter().map(|key| request("/auth", key)).collect());
    let mut watchers = Vec::new();
    for address in addresses {
        for _ in 0..WATCHERS {
            let mut connection = Connection::open(*address).await;
            let (next, latest) = (next.clone(), latest.clone());
            let (requests, texts) = (requests.clone(), texts.clone());
            watchers.push(tokio::task::spawn_local(async move {
                while next.get() < texts.len() {
                    let number = next.get();
                    // Asked twice: once before and once after the step to the next key.
                    let began = Instant::now();
                    let status = connection.ask(&texts[number]).await;
                    requests.set(requests.get() + 1);
                    if status == 200 {
                        let mut latest = latest.borrow_mut();
                        let known = latest.entry(number).or_insert(began);
                        *known = began.max(*known);
                    }
                }
            }));
        }
    }
    let mut answered = Vec::new();
    for key in keys {
        deactivate(client, manager, key).await;
        answered.push(Instant::now());
        // The watchers go on asking for it a little, then for the next one.
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        next.set(next.get() + 1);
    }
    for watcher in watchers {
        watcher.await.unwrap();
    }
    let latest = latest.borrow();
    let lags = answered
        .iter()
        .enumerate()
        .filter_map(|(number, answered)| {
            let began = latest.get(&number)?;
            Some(if began > answered {
                (*began - *answered).as_secs_f64() * 1e6
            } else {
                -((*answered - *began).as_secs_f64() * 1e6)
            })
        });
    let lags: Vec<f64> = lags.collect();
    Watched {
        deactivated: answered.len(),
        requests: requests.get(),
        stale: lags.iter().filter(|lag| **lag > 0.0).count(),
        latest_us: lags.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}

async fn create(client: &mut Connection, manager: &str, number: usize) -> String {
    let body = format!("{{\"name\":\"Revoked {number}\",\"scopes\":[\"keys:write\"]}}");
    let request = format!(
        "POST /api/v1/keys HTTP/1.1\r\nhost: localhost\r\nx-api-key: {manager}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = client.ask_text(request.as_bytes()).await;
    let (_, rest) = answer
        .split_once("\"key\":\"")
        .unwrap_or_else(|| panic!("{answer}"));
    rest.split('"').next().unwrap().to_owned()
}

async fn deactivate(client: &mut Connection, manager: &str, key: &str) {
    let id = key.split('_').nth(1).unwrap();
    let request = format!(
        "DELETE /api/v1/keys/{id} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {manager}\r\n\r\n"
    );
    assert_eq!(client.ask(request.as_bytes()).await, 200);
}
