//! `keyport demo`: accounts and keys to look at, for screenshots and for trying the portal out.
//!
//! Passwords and keys follow from the instance secret, so a second run makes nothing and prints the same.

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

use super::{CommandError, opened, print, refuse};
use crate::clock::{SharedClock, Timestamp};
use crate::config::Config;
use crate::crypto::random::base62_text;
use crate::domain::accounts::{self, Account};
use crate::domain::api_keys::addresses::AllowedAddresses;
use crate::domain::api_keys::key_string::FullKey;
use crate::domain::api_keys::policy::KeyPolicy;
use crate::domain::api_keys::scopes::Access;
use crate::domain::api_keys::{self, KeyState, NewApiKey};
use crate::domain::audit::{Act, Origin};
use crate::domain::security::password::NewPassword;
use crate::domain::text::{EmailAddress, Name};
use crate::domain::usage::minute_of;
use crate::domain::usage::outcome::Outcome;
use crate::secret::Secret;
use crate::server::chain;
use crate::store::Db;
use crate::store::last_uses::{self, LastUseRow};
use crate::store::usage::{self, MinuteRow, RequestRow};

/// A key of the demonstration. Ages and lives in minutes.
struct DemoKey {
    name: &'static str,
    scopes: &'static [&'static str],
    age: i64,
    life: Option<i64>,
    deactivated: Option<i64>,
    used: Option<(i64, &'static str, &'static str)>,
}

struct DemoAccount {
    email: &'static str,
    name: &'static str,
    operator: bool,
    keys: &'static [DemoKey],
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// Addresses are of the documentation ranges (RFC 5737), names of example.com (RFC 2606).
const ACCOUNTS: [DemoAccount; 3] = [
    DemoAccount {
        email: "maren@example.com",
        name: "Maren Okafor",
        operator: false,
        keys: &[
            key("One-off import", &[], 29, Some(HOUR), None, None),
            key(
                "CI deploy, production",
                &["keys:read"],
                87 * DAY - 6 * HOUR,
                Some(90 * DAY),
                None,
                Some((4, "203.0.113.9", "curl/8.14")),
            ),
            key(
                "Mobile app, staging",
                &[],
                12 * DAY,
                Some(30 * DAY),
                None,
                Some((DAY + HOUR, "198.51.100.61", "okhttp/5.1")),
            ),
            key(
                "Grafana data source",
                &["reports:read", "usage:read"],
                69 * DAY,
                Some(90 * DAY),
                None,
                Some((1, "203.0.113.24", "Grafana/12.3")),
            ),
            key(
                "Nightly report sync",
                &["reports:read"],
                324 * DAY,
                Some(365 * DAY),
                None,
                Some((16 * HOUR, "192.0.2.140", "python-requests/2.32")),
            ),
            key(
                "Zone file archive",
                &[],
                629 * DAY,
                None,
                None,
                Some((245 * DAY, "192.0.2.17", "Wget/1.25")),
            ),
            key(
                "Acme vendor trial",
                &[],
                33 * DAY,
                Some(7 * DAY),
                None,
                Some((28 * DAY, "198.51.100.7", "curl/8.14")),
            ),
            key(
                "Jenkins (old CI)",
                &[],
                529 * DAY,
                None,
                Some(82 * DAY),
                Some((83 * DAY, "198.51.100.90", "python-requests/2.32")),
            ),
            key(
                "Load test",
                &[],
                137 * DAY,
                Some(HOUR),
                None,
                Some((137 * DAY - HOUR, "192.0.2.140", "k6/1.2")),
            ),
        ],
    },
    DemoAccount {
        email: "ravi@example.com",
        name: "Ravi Lindqvist",
        operator: false,
        keys: &[],
    },
    DemoAccount {
        email: "operator@example.com",
        name: "Ines Calder",
        operator: true,
        keys: &[key(
            "Gateway",
            &["keys:verify"],
            40 * DAY,
            Some(365 * DAY),
            None,
            Some((0, "192.0.2.1", "nginx")),
        )],
    },
];

const fn key(
    name: &'static str,
    scopes: &'static [&'static str],
    age: i64,
    life: Option<i64>,
    deactivated: Option<i64>,
    used: Option<(i64, &'static str, &'static str)>,
) -> DemoKey {
    DemoKey {
        name,
        scopes,
        age,
        life,
        deactivated,
        used,
    }
}

#[derive(Serialize)]
struct Made {
    accounts: Vec<MadeAccount>,
}

#[derive(Serialize)]
struct MadeAccount {
    email: &'static str,
    password: String,
    name: &'static str,
    operator: bool,
    keys: Vec<MadeKey>,
}

#[derive(Serialize)]
struct MadeKey {
    id: String,
    name: &'static str,
    state: &'static str,
    key: String,
}

/// Fills the database, or finds that it has been filled, and prints what there is.
///
/// # Errors
/// If there are other accounts and `force` is not given, or the database fails.
pub fn run(
    config: &Config,
    clock: &SharedClock,
    json: bool,
    force: bool,
) -> Result<(), CommandError> {
    let opened = opened(config, clock)?;
    let now = clock.now();
    let made = opened.pool.write_now(|db| {
        let others = accounts::list(db)?
            .iter()
            .any(|account| !ACCOUNTS.iter().any(|demo| demo.email == account.email));
        if others && !force {
            return refuse(
                "the database has other accounts: use an empty one, or --force to add to it",
            );
        }
        let mut made = Vec::new();
        for demo in &ACCOUNTS {
            made.push(fill(db, &opened.policy, now, demo)?);
        }
        Ok(Made { accounts: made })
    })?;
    if json {
        let text = serde_json::to_string_pretty(&made).map_err(std::io::Error::from)?;
        return print(text);
    }
    for account in &made.accounts {
        let role = if account.operator { " (operator)" } else { "" };
        print(format!(
            "{}\t{}\t{}{role}",
            account.email, account.password, account.name
        ))?;
    }
    print("Sign in with one of these addresses and passwords. --json prints the keys as well.")
}

/// Makes the account with its keys if it is not there. The texts are the same either way.
fn fill(
    db: &mut Db,
    policy: &KeyPolicy,
    now: Timestamp,
    demo: &'static DemoAccount,
) -> Result<MadeAccount, CommandError> {
    let rng = &mut StdRng::from_seed(policy.secrets.demo_seed(demo.email));
    let password = base62_text(rng, 16);
    let email = EmailAddress::parse(demo.email).or_else(|error| refuse(error.to_string()))?;
    let existing = accounts::find_by_email(db, &email)?;
    let account = match &existing {
        Some(account) => account.clone(),
        None => make_account(db, policy, now, demo, &email, &password)?,
    };
    let mut keys = Vec::new();
    for demo_key in demo.keys {
        // The key's own generator: what is drawn for one key never shifts the next one's.
        let seed = policy
            .secrets
            .demo_seed(&format!("{}/{}", demo.email, demo_key.name));
        let rng = &mut StdRng::from_seed(seed);
        let (key, full_key) = match existing {
            Some(_) => {
                let id = crate::ids::ApiKeyId::random(rng);
                let Some(key) = api_keys::find(db, account.id, id)? else {
                    continue;
                };
                let full_key = FullKey::generate(&policy.brand, id, rng);
                (key, full_key)
            }
            None => make_key(db, policy, rng, now, &account, demo_key)?,
        };
        keys.push(MadeKey {
            id: key.id.to_string(),
            name: demo_key.name,
            state: match key.state_at(now) {
                KeyState::Active => "active",
                KeyState::Expired => "expired",
                KeyState::Deactivated => "deactivated",
            },
            key: full_key.reveal().to_owned(),
        });
    }
    Ok(MadeAccount {
        email: demo.email,
        password,
        name: demo.name,
        operator: demo.operator,
        keys,
    })
}

fn make_account(
    db: &mut Db,
    policy: &KeyPolicy,
    now: Timestamp,
    demo: &DemoAccount,
    email: &EmailAddress,
    password: &str,
) -> Result<Account, CommandError> {
    let rng = &mut crate::crypto::random::system_rng();
    let name = Name::parse(demo.name).or_else(|error| refuse(error.to_string()))?;
    let password = NewPassword::parse(Secret::new(password.to_owned()))
        .or_else(|error| refuse(error.to_string()))?;
    let act = Act::by_command(now - TimeDelta::days(640), policy.secrets.audit_keys());
    let hash = password.hash(rng);
    let account = accounts::sign_up(db, &act, rng, &name, email, Some(&hash))
        .or_else(|error| refuse(chain(&error)))?;
    if demo.operator {
        accounts::set_operator(db, &act, account.id, true)?;
    }
    Ok(account)
}

fn make_key(
    db: &mut Db,
    policy: &KeyPolicy,
    rng: &mut StdRng,
    now: Timestamp,
    account: &Account,
    demo: &DemoKey,
) -> Result<(api_keys::ApiKey, FullKey), CommandError> {
    let minutes_ago = |minutes: i64| now - TimeDelta::minutes(minutes);
    let created_at = minutes_ago(demo.age);
    let access = match demo.scopes {
        [] => Access::All,
        names => Access::from_stored(Some(&names.join(" "))),
    };
    let act = |at| Act {
        now: at,
        actor: account.as_actor(),
        origin: Origin::default(),
        keys: policy.secrets.audit_keys().clone(),
    };
    let new = NewApiKey {
        name: Name::parse(demo.name).or_else(|error| refuse(error.to_string()))?,
        expires_at: demo.life.map(|life| created_at + TimeDelta::minutes(life)),
        access,
        allowed_addresses: AllowedAddresses::default(),
        rate_limit: None,
    };
    let (mut key, full_key) = api_keys::create(db, &act(created_at), policy, rng, account.id, new)
        .or_else(|error| refuse(chain(&error)))?;
    if let Some(ago) = demo.deactivated {
        key = api_keys::deactivate(db, &act(minutes_ago(ago)), account.id, key.id)
            .or_else(|error| refuse(chain(&error)))?
            .into_key();
    }
    if let Some((ago, address, client)) = demo.used {
        write_usage(db, rng, &key, minutes_ago(ago), address, client)?;
        let mut uses = [LastUseRow {
            api_key_id: key.id,
            used_at: minutes_ago(ago),
            address: address.to_owned(),
            client: client.to_owned(),
        }];
        last_uses::upsert(db, &mut uses)?;
    }
    Ok((key, full_key))
}

/// Days of usage that are made up.
const USED_DAYS: i64 = 45;

/// Counts by the hour with the rhythm of days and weeks, and a few requests in detail, up to the last use.
fn write_usage(
    db: &mut Db,
    rng: &mut StdRng,
    key: &api_keys::ApiKey,
    last_use: Timestamp,
    address: &str,
    client: &str,
) -> Result<(), CommandError> {
    let scopes = [Outcome::MissingScope, Outcome::RateLimited];
    let busy: i64 = rng.random_range(20..60);
    let mut minutes = Vec::new();
    let begin = key.created_at.max(last_use - TimeDelta::days(USED_DAYS));
    let mut hour = minute_of(begin) + 1;
    while hour <= minute_of(last_use) {
        let is_night = matches!(hour / 60 % 24, 0..6);
        let is_weekend = matches!((hour / 1_440 + 4) % 7, 0 | 6);
        let quiet = 1 + i64::from(is_night) * 2 + i64::from(is_weekend);
        let mut add = |outcome: Outcome, requests: i64| {
            if requests > 0 {
                minutes.push(MinuteRow {
                    api_key_id: key.id,
                    minute: hour,
                    outcome: outcome.number(),
                    requests,
                });
            }
        };
        add(Outcome::Accepted, rng.random_range(1..=busy) / quiet);
        if rng.random_ratio(1, 12) {
            add(
                scopes[rng.random_range(0..scopes.len())],
                rng.random_range(1..6),
            );
        }
        hour += 60;
    }
    usage::add_minutes(db, &mut minutes)?;
    let requests: Vec<RequestRow> = (0..24)
        .rev()
        .map(|number| RequestRow {
            api_key_id: key.id,
            at: last_use - TimeDelta::minutes(number),
            outcome: Outcome::Accepted.number(),
            method: "GET".to_owned(),
            path: "/api/v1/account".to_owned(),
            status: 200,
            duration_us: rng.random_range(180..900),
            address: address.to_owned(),
            client: client.to_owned(),
        })
        .collect();
    Ok(usage::add_requests(db, &requests)?)
}
