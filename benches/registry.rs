//! Time of each kind of reading call under `/rest` among the records of a large registry.
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

use std::time::{Duration, Instant};

use keyport::clock::Timestamp;
use keyport::ids::AccountId;
use keyport::store::registry::contacts::{self, ContactRow};
use keyport::store::registry::customers::{self, CustomerRow};
use keyport::store::registry::networks::{self, NetworkRow};
use keyport::store::registry::organizations::{self, OrganizationContactRow, OrganizationRow};
use keyport::store::registry::ticket_messages::{self, MessageRow};
use keyport::store::registry::tickets::{self, TicketRow};
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
const CUSTOMERS: u32 = 20_000;
/// Closed, with a message each. One in two hundred is that of the account that asks.
const TICKETS: u32 = 20_000;
const TICKETS_PER_OWN: u32 = 200;
/// Rows written in one transaction.
const BATCH: u32 = 5_000;
const ROUNDS: usize = 500;
/// Each of them opens a ticket, of which an account may open 30 a minute.
const REPORT_ROUNDS: usize = 25;

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

/// How many records there are of each kind.
#[derive(Clone, Copy)]
struct Counts {
    contacts: u32,
    organizations: u32,
    customers: u32,
    networks: u32,
    tickets: u32,
}

async fn measure(engine: Engine, share: f64) {
    let app = TestApp::spawn(engine).await;
    let count = |all: u32| ((f64::from(all) * share) as u32).max(TICKETS_PER_OWN);
    let counts = Counts {
        contacts: count(CONTACTS),
        organizations: count(ORGANIZATIONS),
        customers: count(CUSTOMERS),
        networks: count(NETWORKS),
        tickets: count(TICKETS),
    };
    let maren = app.account("maren@example.com", "Maren Okafor");
    let others = app.account("ines@example.com", "Ines Alvarez");
    fill(&app, counts, maren.id, others.id);
    if engine == Engine::Postgres {
        app.execute("ANALYZE");
    }
    // Of the role that acts for everything.
    app.link(maren.id, "C0-KP");
    let program = app.program_of(&maren);
    let rng = &mut StdRng::seed_from_u64(7);
    println!(
        "{engine:?}: milliseconds as the client sees them, {} contacts, {} organizations, {} customers, {} networks, {} tickets, one connection, {ROUNDS} rounds",
        counts.contacts, counts.organizations, counts.customers, counts.networks, counts.tickets
    );
    let mut times: Vec<(&str, Vec<f64>)> = Vec::new();
    for _ in 0..ROUNDS {
        // In turns, so that a noisy moment of the machine meets all of them.
        for (at, (name, path)) in paths(counts, rng).into_iter().enumerate() {
            if at == times.len() {
                times.push((name, Vec::new()));
            }
            times[at].1.push(ask(&program, &path).await);
        }
    }
    let mut reports = Vec::new();
    for family in 0..REPORT_ROUNDS.min((counts.networks / FAMILY) as usize) {
        let network = network_handle(family as u32 * FAMILY);
        let began = Instant::now();
        let asked = program
            .get(&format!("/rest/report/reassignment/{network}"))
            .await
            .expect(200);
        reports.push(began.elapsed().as_secs_f64() * 1000.0);
        // The next one is not to wait for what is written for this one.
        let ticket = format!("/rest/ticket/{}/summary", asked.element("ticketNo"));
        while program.get(&ticket).await.element("webTicketStatus") == "IN_PROGRESS" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    times.push(("/report/reassignment/H", reports));
    for (name, times) in &mut times {
        println!("{}", line(name, times));
    }
}

/// A call of each kind, for records at random.
fn paths(counts: Counts, rng: &mut StdRng) -> Vec<(&'static str, String)> {
    let organization = organization_handle(rng.random_range(0..counts.organizations));
    let customer = customer_handle(rng.random_range(0..counts.customers));
    let number = rng.random_range(0..counts.networks);
    let (network, start) = (network_handle(number), address(number));
    let cut = address(number - number % FAMILY + 1 + number % (FAMILY - 1));
    let own = rng.random_range(0..counts.tickets / TICKETS_PER_OWN);
    let ticket = ticket_number(own * TICKETS_PER_OWN);
    let all = [
        ("/poc/H", "/poc/C0-KP".to_owned()),
        ("/org/H", format!("/org/{organization}")),
        ("/customer/H", format!("/customer/{customer}")),
        ("/net/H", format!("/net/{network}")),
        (
            "/net/mostSpecificNet/S/S",
            format!("/net/mostSpecificNet/{start}/{start}"),
        ),
        ("/net/parentNet/S/S", format!("/net/parentNet/{cut}/{cut}")),
        (
            "/net/netsByIpRange/S/S",
            format!("/net/netsByIpRange/{start}/{start}"),
        ),
        ("/ticket/N", format!("/ticket/{ticket}")),
        ("/ticket/N/summary", format!("/ticket/{ticket}/summary")),
        ("/ticket/N/message/M", format!("/ticket/{ticket}/message/1")),
        (
            "/ticket;ticketStatus=CLOSED",
            "/ticket;ticketStatus=CLOSED".to_owned(),
        ),
        (
            "/ticket/summary;ticketType=ANY",
            "/ticket/summary;ticketType=ANY".to_owned(),
        ),
    ];
    (all.into_iter())
        .map(|(name, path)| (name, format!("/rest{path}")))
        .collect()
}

fn fill(app: &TestApp, counts: Counts, me: AccountId, others: AccountId) {
    let now = app.now();
    in_batches(app, counts.contacts, |db, number| {
        contacts::insert(db, &contact(number, now))
    });
    in_batches(app, counts.organizations, |db, number| {
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
    in_batches(app, counts.networks, |db, number| {
        networks::insert(db, &network(number, counts.organizations, now))
    });
    in_batches(app, counts.customers, |db, number| {
        customers::insert(db, &customer(number, counts, now))
    });
    in_batches(app, counts.tickets, |db, number| {
        let is_own = number.is_multiple_of(TICKETS_PER_OWN);
        tickets::insert(db, &ticket(number, if is_own { me } else { others }, now))?;
        ticket_messages::insert(db, &message(number, now))
    });
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

fn customer_handle(number: u32) -> String {
    format!("C{number:08}")
}

fn customer(number: u32, counts: Counts, now: Timestamp) -> CustomerRow {
    CustomerRow {
        handle: customer_handle(number),
        name: "Lighthouse Cafe".to_owned(),
        organization: organization_handle(number % counts.organizations),
        network: network_handle(number % counts.networks),
        is_private: false,
        street: "1 Point Road".to_owned(),
        city: "Halifax".to_owned(),
        state: Some("NS".to_owned()),
        postal_code: Some("B3H 0A1".to_owned()),
        country: "CA".to_owned(),
        comment: String::new(),
        registered_at: now,
        updated_at: now,
        revision: 1,
    }
}

/// Of a day before the first that keyport itself numbers in this run.
fn ticket_number(number: u32) -> String {
    format!("20251122-X{}", number + 1)
}

fn ticket(number: u32, opener: AccountId, now: Timestamp) -> TicketRow {
    TicketRow {
        number: ticket_number(number),
        kind: "ORG_CREATE".to_owned(),
        status: "CLOSED".to_owned(),
        resolution: Some("DENIED".to_owned()),
        account_id: Some(opener),
        contact: None,
        network: None,
        organization: None,
        request: None,
        once_key: None,
        assignee_id: None,
        assignee: None,
        is_kept: false,
        wants_mail: false,
        tries: 0,
        try_at: None,
        created_at: now,
        updated_at: now,
        resolved_at: Some(now),
        closed_at: Some(now),
    }
}

fn message(number: u32, now: Timestamp) -> MessageRow {
    MessageRow {
        ticket: ticket_number(number),
        number: 1,
        subject: "Papers".to_owned(),
        text: "Show papers.".to_owned(),
        category: "NONE".to_owned(),
        author: "Oona".to_owned(),
        created_at: now,
    }
}

/// The first address of a network: families of 10.0.0.0/18 and so on, of which the allocation takes all, and each of the
/// others 64 addresses.
fn address(number: u32) -> std::net::Ipv4Addr {
    let (family, member) = (number / FAMILY, number % FAMILY);
    (0x0A00_0000 + family * 0x4000 + member * 64).into()
}

fn network(number: u32, organizations: u32, now: Timestamp) -> NetworkRow {
    let is_top = number.is_multiple_of(FAMILY);
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
