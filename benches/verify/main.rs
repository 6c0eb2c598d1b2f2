//! Verification against a bare actix handler that answers with the same bytes, in the same run on the same machine.
//!
//! `cargo bench --bench verify -- [--keys 10000,1000000] [--engines sqlite,postgres] [--rounds 5] [--seconds 2]
//! [--connections 64] [--only WORDS]`; PostgreSQL if `KEYPORT_TEST_POSTGRES_URL` names a server. Databases with keys
//! are kept in `target/bench` (SQLite) and in schemas of their own (PostgreSQL), since making a million keys takes a
//! minute or two.
//!
//! Server, database and load generator share the machine's cores. Each case is driven in turns with the bare handler:
//! a ratio is the median of the rounds' ratios.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and waits, and one that panics has failed"
)]

mod cases;
mod load;
mod process;
mod revocation;
mod stock;

use std::time::Duration;

use cases::{Case, Server};
use load::Outcome;

/// What the command line asks for.
pub(crate) struct Plan {
    keys: Vec<usize>,
    engines: Vec<String>,
    rounds: usize,
    seconds: f64,
    connections: usize,
    only: Option<String>,
}

impl Plan {
    fn read() -> Self {
        let mut plan = Self {
            keys: vec![10_000, 1_000_000],
            engines: vec!["sqlite".to_owned()],
            rounds: 5,
            seconds: 2.0,
            connections: 64,
            only: None,
        };
        if stock::postgres_url().is_some() {
            plan.engines.push("postgres".to_owned());
        }
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            // cargo bench adds it.
            if argument == "--bench" {
                continue;
            }
            let value = arguments.next().unwrap_or_default();
            match argument.as_str() {
                "--keys" => plan.keys = value.split(',').map(|n| n.parse().unwrap()).collect(),
                "--engines" => plan.engines = value.split(',').map(str::to_owned).collect(),
                "--rounds" => plan.rounds = value.parse().unwrap(),
                "--seconds" => plan.seconds = value.parse().unwrap(),
                "--connections" => plan.connections = value.parse().unwrap(),
                "--only" => plan.only = Some(value),
                other => panic!("unknown argument {other}"),
            }
        }
        plan
    }

    fn wants(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|words| name.contains(&**words))
    }
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("bare") {
        return process::serve_bare();
    }
    let plan = Plan::read();
    for engine in &plan.engines {
        for keys in &plan.keys {
            measure(&plan, engine, *keys);
        }
    }
}

fn measure(plan: &Plan, engine: &str, keys: usize) {
    let stock = stock::Stock::prepare(engine, keys);
    println!(
        "\n{engine}, {keys} keys, {} connections, {} rounds of {} s",
        plan.connections, plan.rounds, plan.seconds
    );
    println!(
        "| case | requests/s | bare/s | ratio | p50 µs | p99 µs | CPU µs | bare CPU µs | status | RSS MB |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for log in [true, false] {
        let bare = process::Bare::start();
        let server = Server::start(&stock, log, 1);
        for case in cases::all(&stock, log) {
            if plan.wants(&case.name) {
                println!("{}", line(plan, &case, &server, &bare));
            }
        }
        server.stop();
    }
    for instances in [1, 2, 4] {
        let name = format!("revocation, {instances} instances");
        if plan.wants(&name) && keys <= 1_000_000 {
            println!("{}", revocation::measure(plan, &stock, instances));
        }
    }
}

/// Drives server and bare handler in turns.
fn line(plan: &Plan, case: &Case, server: &Server, bare: &process::Bare) -> String {
    let duration = Duration::from_secs_f64(plan.seconds);
    // Not counted: connections, caches and branch predictors get to their places.
    load::drive(
        server.address(),
        plan.connections,
        duration / 4,
        &case.requests,
    );
    load::drive(
        bare.address(),
        plan.connections,
        duration / 4,
        &case.requests,
    );
    let rounds: Vec<Round> = (0..plan.rounds)
        .map(|_| {
            let before = (server.cpu_seconds(), bare.cpu_seconds());
            let ours = load::drive(server.address(), plan.connections, duration, &case.requests);
            let theirs = load::drive(bare.address(), plan.connections, duration, &case.requests);
            Round {
                our_cpu: server.cpu_seconds() - before.0,
                their_cpu: bare.cpu_seconds() - before.1,
                ours,
                theirs,
            }
        })
        .collect();
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    format!(
        "| {} | {:.0} | {:.0} | {:.2} | {:.0} | {:.0} | {:.1} | {:.1} | {} | {:.0} |",
        case.name,
        of(|round| round.ours.per_second()),
        of(|round| round.theirs.per_second()),
        of(|round| round.ours.per_second() / round.theirs.per_second()),
        of(|round| round.ours.latency_us(0.5)),
        of(|round| round.ours.latency_us(0.99)),
        of(|round| round.our_cpu * 1e6 / round.ours.requests() as f64),
        of(|round| round.their_cpu * 1e6 / round.theirs.requests() as f64),
        rounds[0].ours.statuses(),
        server.resident_mb(),
    )
}

/// One turn of each.
struct Round {
    ours: Outcome,
    our_cpu: f64,
    theirs: Outcome,
    their_cpu: f64,
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
