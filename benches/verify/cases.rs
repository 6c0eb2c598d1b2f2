//! What is measured: each way in which `/auth` can be asked.

use std::net::SocketAddr;

use keyport::crypto::random::{base62_text, system_rng};
use keyport::domain::api_keys::key_string::FullKey;
use keyport::ids::ApiKeyId;

use super::process::{Process, WORKERS};
use super::stock::Stock;

/// Requests, one of which is drawn each time.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) requests: Vec<Vec<u8>>,
}

/// Every case with the usage log, or the one that is compared without it.
pub(crate) fn all(stock: &Stock, log: bool) -> Vec<Case> {
    let case = |name: &str, address: &str, keys: Vec<String>| Case {
        name: name.to_owned(),
        requests: keys.iter().map(|key| request(address, key)).collect(),
    };
    if !log {
        return vec![case(
            "accepted, usage log off",
            "/auth",
            stock.asked.clone(),
        )];
    }
    let made_up = (0..10_000).map(|_| {
        let rng = &mut system_rng();
        let id = ApiKeyId::random(rng);
        FullKey::generate(&"kp".parse().unwrap(), id, rng)
            .reveal()
            .to_owned()
    });
    let malformed = (0..1_000).map(|_| format!("kp_{}", base62_text(&mut system_rng(), 49)));
    let wrong = stock.asked.iter().map(|key| {
        let id: ApiKeyId = key.split('_').nth(1).unwrap().parse().unwrap();
        let rng = &mut system_rng();
        FullKey::generate(&"kp".parse().unwrap(), id, rng)
            .reveal()
            .to_owned()
    });
    let special = |kind: &str| vec![stock.special[kind].clone()];
    vec![
        case("accepted", "/auth", stock.asked.clone()),
        case(
            "accepted, with a scope",
            "/auth?scope=keys:read",
            stock.asked.clone(),
        ),
        case("malformed", "/auth", malformed.collect()),
        case("unknown id", "/auth", made_up.collect()),
        case("wrong secret", "/auth", wrong.collect()),
        case("deactivated", "/auth", special("deactivated_key")),
        case(
            "address not allowed",
            "/auth",
            special("address_not_allowed"),
        ),
        case(
            "missing scope",
            "/auth?scope=keys:read",
            special("missing_scope"),
        ),
        case("rate limited", "/auth", special("rate_limited")),
        Case {
            name: "no key".to_owned(),
            requests: vec![b"GET /auth HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()],
        },
    ]
}

/// A request as a gateway sends it.
pub(crate) fn request(address: &str, key: &str) -> Vec<u8> {
    format!(
        "GET {address} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench/1\r\nx-api-key: {key}\r\n\r\n"
    )
    .into_bytes()
}

/// keyport, in one process or several on one database.
pub(crate) struct Server {
    instances: Vec<Process>,
}

impl Server {
    pub(crate) fn start(stock: &Stock, log: bool, instances: usize) -> Self {
        let instances = (0..instances).map(|_| {
            let mut command = stock.command();
            command
                .arg("serve")
                .env("KEYPORT_BIND", "127.0.0.1:0")
                .env("KEYPORT_WORKERS", WORKERS.to_string())
                .env("KEYPORT_LOG_LEVEL", "warn")
                .env("KEYPORT_USAGE_LOG", log.to_string());
            Process::start(command)
        });
        Self {
            instances: instances.collect(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.instances[0].address
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.instances
            .iter()
            .map(|instance| instance.address)
            .collect()
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.instances[0].cpu_seconds()
    }

    pub(crate) fn resident_mb(&self) -> f64 {
        self.instances[0].resident_mb()
    }

    pub(crate) fn stop(self) {
        for instance in self.instances {
            instance.stop();
        }
    }
}
