//! Databases with many keys, and a few keys of each kind that is refused.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, sql_query};

/// The program that is measured.
pub(crate) const KEYPORT: &str = env!("CARGO_BIN_EXE_keyport");
/// Keys that are asked for.
pub(crate) const ASKED: usize = 10_000;

/// A database with keys.
pub(crate) struct Stock {
    folder: PathBuf,
    database_url: String,
    /// Keys of the stock, as many as are asked for.
    pub(crate) asked: Vec<String>,
    /// Keys of each kind that is refused, and those that manage keys.
    pub(crate) special: BTreeMap<String, String>,
}

pub(crate) fn postgres_url() -> Option<String> {
    std::env::var("KEYPORT_TEST_POSTGRES_URL").ok()
}

impl Stock {
    pub(crate) fn prepare(engine: &str, keys: usize) -> Self {
        let name = format!("bench_{keys}");
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("target/bench")
            .join(format!("{engine}_{name}"));
        let database_url = match engine {
            "sqlite" => format!("sqlite:{}", folder.join("keyport.db").display()),
            _ => {
                let server = postgres_url().expect("KEYPORT_TEST_POSTGRES_URL is set");
                if !folder.exists() {
                    let mut connection = PgConnection::establish(&server).unwrap();
                    for statement in [
                        format!("DROP SCHEMA IF EXISTS {name} CASCADE"),
                        format!("CREATE SCHEMA {name}"),
                    ] {
                        sql_query(statement).execute(&mut connection).unwrap();
                    }
                }
                format!("{server}?options=-csearch_path%3D{name}")
            }
        };
        let made = folder.exists();
        std::fs::create_dir_all(&folder).unwrap();
        let mut stock = Self {
            folder,
            database_url,
            asked: Vec::new(),
            special: BTreeMap::new(),
        };
        if !made {
            stock.fill(keys);
        }
        stock.read();
        stock
    }

    /// keyport with this database.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(KEYPORT);
        command
            .env("KEYPORT_DATA_DIR", &self.folder)
            .env("DATABASE_URL", &self.database_url)
            .env("KEYPORT_KEYS_MAX_ACTIVE", "100000");
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn fill(&self, keys: usize) {
        let file = self.folder.join("keys.txt");
        self.run(&[
            "seed",
            "--keys",
            &keys.to_string(),
            "--out",
            file.to_str().unwrap(),
        ]);
        self.run(&["user", "add", "bench@example.com", "--name", "Bench"]);
        let mut special = String::new();
        // An account may make a thousand keys a minute: each measurement of the revocation delay has one of its own.
        for instances in [1, 2, 4] {
            let account = format!("bench-{instances}@example.com");
            self.run(&["user", "add", &account, "--name", "Bench"]);
            let fixed = [
                "key",
                "create",
                "--name",
                "Manager",
                "--expires-in",
                "never",
                "--scope",
                "keys:write",
                "--account",
            ];
            let key = self.run(&[&fixed[..], &[&account]].concat());
            special.push_str(&format!("manager-{instances} {key}\n"));
        }
        for (kind, arguments) in [
            ("missing_scope", &["--scope", "usage:read"][..]),
            ("address_not_allowed", &["--allow", "192.0.2.1"]),
            ("rate_limited", &["--rate-limit", "1"]),
            ("deactivated_key", &[]),
        ] {
            let fixed = [
                "key",
                "create",
                "--account",
                "bench@example.com",
                "--name",
                kind,
            ];
            let key = self.run(&[&fixed[..], arguments].concat());
            if kind == "deactivated_key" {
                self.run(&["key", "deactivate", key.split('_').nth(1).unwrap()]);
            }
            special.push_str(&format!("{kind} {key}\n"));
        }
        std::fs::write(self.folder.join("special.txt"), special).unwrap();
    }

    fn read(&mut self) {
        let keys = std::fs::read_to_string(self.folder.join("keys.txt")).unwrap();
        let all: Vec<&str> = keys.lines().collect();
        let step = (all.len() / ASKED).max(1);
        self.asked = all
            .iter()
            .step_by(step)
            .take(ASKED)
            .map(|key| (*key).to_owned())
            .collect();
        let special = std::fs::read_to_string(self.folder.join("special.txt")).unwrap();
        for line in special.lines() {
            let (kind, key) = line.split_once(' ').unwrap();
            self.special.insert(kind.to_owned(), key.to_owned());
        }
    }
}
