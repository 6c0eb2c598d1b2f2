//! Time of single reads of a large registry, and of finding the smallest network around an address.
//!
//! `cargo bench --bench registry`; PostgreSQL as well if `KEYPORT_TEST_POSTGRES_URL` names a server. `-- 0.01` takes one
//! hundredth of the records, to see that it works.

#![expect(
    unreachable_pub,
    dead_code,
    reason = "the support modules serve the tests too"
)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, and one that panics has failed"
)]

use std::time::Instant;

use keyport::clock::Timestamp;
use keyport::store::registry::contacts::{self, ContactRow};
use keyport::store::registry::networks::{self, NetworkRow};
use keyport::store::registry::organizations::{self, OrganizationContactRow, OrganizationRow};
use keyport::store::{Db, StoreError};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use support::{Engine, Program, TestApp};

#[path = "../tests/it/support/mod.rs"]
mod support;

const CONTACTS: u32 = 100_000;
const ORGANIZATIONS: u32 = 20_000;
/// One in a hundred is a direct allocation of 99 others.
const NETWORKS: u32 = 200_000;
/// Networks of one allocation, itself included.
const FAMILY: u32 = 100;
/// Rows written in one transaction.
const BATCH: u32 = 5_000;
const ROUNDS: usize = 500;

fn main() {
    let share: f64 = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(1.0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        measure(Engine::Sqlite, share).await;
        if support::db::postgres_url().is_some() {
            measure(Engine::Postgres, share).await;
        }
    });
}

async fn measure(engine: Engine, share: f64) {
    let app = TestApp::spawn(engine).await;
    let count = |all: u32| ((f64::from(all) * share) as u32).max(FAMILY);
    let (contacts, organizations, networks) =
        (count(CONTACTS), count(ORGANIZATIONS), count(NETWORKS));
    let now = app.now();
    in_batches(&app, contacts, |db, number| {
        contacts::insert(db, &contact(number, now))
    });
    in_batches(&app, organizations, |db, number| {
        organizations::insert(db, &organization(number, now))?;
        // The account that asks acts for all of them, by one contact.
        organizations::add_contact(
            db,
            &OrganizationContactRow {
                organization: organization_handle(number),
                contact: "C0-KP".to_owned(),
                function: "AD".to_owned(),
            },
        )
    });
    in_batches(&app, networks, |db, number| {
        networks::insert(db, &network(number, organizations, now))
    });
    if engine == Engine::Postgres {
        app.execute("ANALYZE");
    }
    let maren = app.account("maren@example.com", "Maren Okafor");
    // Of the role that acts for everything.
    app.link(maren.id, "C0-KP");
    let program = app.program_of(&maren);
    let rng = &mut StdRng::seed_from_u64(7);
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..ROUNDS {
        // In turns, so that a noisy moment of the machine meets all of them.
        let address = address(rng.random_range(0..networks));
        let paths = [
            "/rest/poc/C0-KP".to_owned(),
            format!(
                "/rest/org/{}",
                organization_handle(rng.random_range(0..organizations))
            ),
            format!(
                "/rest/net/{}",
                network_handle(rng.random_range(0..networks))
            ),
            format!("/rest/net/mostSpecificNet/{address}/{address}"),
            format!("/rest/net/netsByIpRange/{address}/{address}"),
        ];
        for (path, times) in paths.iter().zip(&mut times) {
            times.push(ask(&program, path).await);
        }
    }
    println!(
        "{engine:?}: milliseconds as the client sees them, {contacts} contacts, {organizations} organizations, {networks} networks, one connection, {ROUNDS} rounds"
    );
    let names = [
        "GET /rest/poc",
        "GET /rest/org",
        "GET /rest/net",
        "GET /rest/net/mostSpecificNet",
        "GET /rest/net/netsByIpRange",
    ];
    for (name, times) in names.iter().zip(&mut times) {
        println!("{}", line(name, times));
    }
}

async fn ask(program: &Program, path: &str) -> f64 {
    let began = Instant::now();
    program.get(path).await.expect(200);
    began.elapsed().as_secs_f64() * 1000.0
}

fn in_batches(app: &TestApp, count: u32, insert: impl Fn(&mut Db, u32) -> Result<(), StoreError>) {
    for first in (0..count).step_by(BATCH as usize) {
        let written = app.state.pool.write_now(|db| {
            (first..count.min(first + BATCH)).try_for_each(|number| insert(db, number))
        });
        written.unwrap();
    }
}

fn contact(number: u32, now: Timestamp) -> ContactRow {
    ContactRow {
        handle: format!("C{number}-KP"),
        is_role: true,
        company_name: Some("Harbor Example Networks".to_owned()),
        first_name: None,
        middle_name: None,
        last_name: "Network Operations".to_owned(),
        street: "4 Quay Street".to_owned(),
        city: "Portland".to_owned(),
        state: Some("ME".to_owned()),
        postal_code: Some("04101".to_owned()),
        country: "US".to_owned(),
        comment: String::new(),
        registered_at: now,
        updated_at: now,
        revision: 1,
    }
}

fn organization_handle(number: u32) -> String {
    format!("HEN-{number}")
}

fn organization(number: u32, now: Timestamp) -> OrganizationRow {
    OrganizationRow {
        handle: organization_handle(number),
        name: "Harbor Example Networks".to_owned(),
        dba_name: None,
        tax_id: None,
        url: None,
        street: "4 Quay Street".to_owned(),
        city: "Portland".to_owned(),
        state: Some("ME".to_owned()),
        postal_code: Some("04101".to_owned()),
        country: "US".to_owned(),
        comment: String::new(),
        accepts_reassignments: true,
        registered_at: now,
        updated_at: now,
        revision: 1,
    }
}

fn network_handle(number: u32) -> String {
    format!("NET-{number}")
}

/// The first address of a network: families of 10.0.0.0/18 and so on, of which the allocation takes all, and each of the
/// others 64 addresses.
fn address(number: u32) -> std::net::Ipv4Addr {
    let (family, member) = (number / FAMILY, number % FAMILY);
    (0x0A00_0000 + family * 0x4000 + member * 64).into()
}

fn network(number: u32, organizations: u32, now: Timestamp) -> NetworkRow {
    let is_top = number % FAMILY == 0;
    let first = u32::from(address(number));
    let size = if is_top { 0x4000 } else { 64 };
    NetworkRow {
        handle: network_handle(number),
        kind: if is_top { "DA" } else { "S" }.to_owned(),
        name: "HARBOR".to_owned(),
        version: 4,
        start_ip: first.to_be_bytes().to_vec(),
        end_ip: (first + size - 1).to_be_bytes().to_vec(),
        organization: Some(organization_handle(number % organizations)),
        customer: None,
        parent: (!is_top).then(|| network_handle(number - number % FAMILY)),
        comment: String::new(),
        registered_at: now,
        updated_at: now,
        revision: 1,
    }
}

fn line(name: &str, times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    format!(
        "  {name:<34} median {:>7.2}   p99 {:>7.2}",
        at(0.5),
        at(0.99)
    )
}
