//! The commands of operators: accounts, keys, backup and restore.

use std::process::Command;

use keyport::crypto::random::{base62_text, system_rng};
use url::Url;

use crate::support::command::{assert_fails, keyport};
use crate::support::db::{self, TestDatabase, postgres_url};
use crate::support::{Engine, TestApp};

#[test]
fn a_backup_holds_what_was_written_last() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| keyport(folder.path(), &[], arguments);
    assert!(run(&["user", "add", "a@example.com"]).status.success());
    let file = folder.path().join("copy.db");
    let output = run(&["backup", file.to_str().unwrap()]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let url = format!("sqlite:{}", file.display());
    let listed = keyport(folder.path(), &[("DATABASE_URL", &url)], &["user", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("a@example.com"));
    assert_fails(&run(&["backup", file.to_str().unwrap()]), &["exists"]);
}

#[test]
fn a_backup_of_nothing_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("typo");
    std::fs::create_dir(&data).unwrap();
    let file = folder.path().join("copy.db");
    let backup = ["backup", file.to_str().unwrap()];
    assert_fails(&keyport(&data, &[], &backup), &["there is no database at"]);
    std::fs::write(data.join("keyport.db"), "").unwrap();
    assert_fails(
        &keyport(&data, &[], &backup),
        &["there is nothing of keyport in this database"],
    );
    assert!(!file.exists());
}

#[test]
fn check_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyport.db");
    std::fs::write(&file, "").unwrap();
    assert!(keyport(folder.path(), &[], &["check"]).status.success());
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
}

#[test]
fn what_only_reads_makes_no_instance_secret() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if engine == Engine::Postgres && postgres_url().is_none() {
            continue;
        }
        let database = TestDatabase::new(engine);
        let folder = database.folder.path();
        let secret = folder.join("instance-secret");
        let run =
            |arguments: &[&str]| keyport(folder, &[("DATABASE_URL", &database.url)], arguments);
        let reading: [&[&str]; 6] = [
            &["secret", "status"],
            &["audit", "verify"],
            &["user", "list"],
            &["key", "list", "--account", "ann@example.com"],
            &["registry", "export"],
            &["ticket", "list"],
        ];
        for arguments in reading {
            assert_fails(&run(arguments), &["there is nothing of keyport here yet"]);
            assert!(!secret.exists(), "{arguments:?}");
        }
        if engine == Engine::Sqlite {
            assert!(run(&["check"]).status.success());
        }
        assert!(run(&["user", "add", "ann@example.com"]).status.success());
        for arguments in reading {
            let output = run(arguments);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        }
        // With another secret than the right one nothing starts, so none is made.
        std::fs::remove_file(&secret).unwrap();
        let more: [&[&str]; 3] = [&["check"], &["user", "add", "ben@example.com"], &[]];
        for arguments in reading.into_iter().chain(more) {
            let words = ["there is no instance secret here", "the database knows"];
            assert_fails(&run(arguments), &words);
            assert!(!secret.exists(), "{arguments:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_the_database_holds_is_its_owner_s_alone_to_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    assert!(keyport(folder.path(), &[], &["migrate"]).status.success());
    let file = folder.path().join("keyport.db");
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn seeding_into_a_file_that_exists_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.txt");
    std::fs::write(&file, "mine").unwrap();
    let arguments = ["seed", "--keys", "5", "--out", file.to_str().unwrap()];
    let refused = keyport(folder.path(), &[], &arguments);
    assert_fails(&refused, &["keys.txt exists: name a new file"]);
    assert!(!folder.path().join("keyport.db").exists());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn bad_scopes_and_levels_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("k.toml");
    let scope = |name: &str, description: &str| {
        format!("[[scopes]]\nname = \"{name}\"\ndescription = \"{description}\"\n")
    };
    let many: String = (0..51).map(|n| scope(&format!("s{n}"), "x")).collect();
    for (text, words) in [
        (
            [scope("a:b", "x"), scope("a:b", "y")].concat(),
            "a:b repeats",
        ),
        (scope("keys:read", "x"), "keys:read repeats"),
        (scope("a:b", ""), "the description of a:b"),
        (scope("a:b", "x\u{202E}y"), "the description of a:b"),
        (scope(&"a".repeat(65), "x"), "at most 64 characters"),
        (many, "51 are too many"),
        ("log.level = \"loud\"\n".to_owned(), "log.level"),
    ] {
        std::fs::write(&config, text).unwrap();
        let settings = [("KEYPORT_CONFIG", config.to_str().unwrap())];
        assert_fails(&keyport(folder.path(), &settings, &["check"]), &[words]);
    }
}

#[test]
fn commands_manage_accounts_and_keys() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if engine == Engine::Postgres && crate::support::db::postgres_url().is_none() {
            continue;
        }
        let database = TestDatabase::new(engine);
        let run = |arguments: &[&str]| {
            let output = keyport(
                database.folder.path(),
                &[("DATABASE_URL", &database.url)],
                arguments,
            );
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            (
                output.status.code(),
                text,
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        };
        let (code, text, error) = run(&["user", "add", "ann@example.com", "--name", "Ann"]);
        assert_eq!(code, Some(0), "{error}");
        assert!(text.contains("/password/reset?token="));
        assert_eq!(run(&["user", "add", "ANN@example.com"]).0, Some(1));
        let (_, key, _) = run(&[
            "key",
            "create",
            "--account",
            "ann@example.com",
            "--name",
            "CI",
        ]);
        assert_eq!(key.trim().len(), 52);
        let prefix = key.trim().rsplit_once('_').unwrap().0;
        assert!(
            run(&["key", "list", "--account", "ann@example.com"])
                .1
                .contains(prefix)
        );
        assert!(
            run(&["key", "deactivate", prefix])
                .1
                .contains("was deactivated")
        );
        assert!(
            run(&["key", "deactivate", prefix])
                .1
                .contains("already ended")
        );
        assert_eq!(run(&["key", "deactivate", key.trim()]).0, Some(1));
        run(&["user", "operator", "ann@example.com"]);
        run(&["user", "disable", "ann@example.com"]);
        assert!(
            run(&["user", "list"])
                .1
                .contains("operator, disabled, no password yet")
        );
        let (_, first, _) = run(&["demo", "--json", "--force"]);
        let (_, second, _) = run(&["demo", "--json", "--force"]);
        assert_eq!(first, second);
        assert_eq!(run(&["demo"]).0, Some(1), "other accounts are there");
        let out = database.folder.path().join("keys.txt");
        let (code, _, error) = run(&["seed", "--keys", "1500", "--out", out.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{error}");
        assert_eq!(std::fs::read_to_string(out).unwrap().lines().count(), 1500);
        let document: serde_json::Value = serde_json::from_str(&run(&["openapi"]).1).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }
}

/// As `docs/operations.md` tells it: dump, restore into a new database, start with the same instance secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_postgresql_is_restored_and_its_keys_work() {
    let Some(server) = postgres_url() else { return };
    let (live, restored) = (OwnDatabase::new(&server), OwnDatabase::new(&server));
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = keyport(folder.path(), &[("DATABASE_URL", &live.url)], arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["user", "add", "ann@example.com"]);
    let create = ["key", "create", "--account", "ann@example.com", "--name"];
    let key = run(&[&create[..], &["Kept"]].concat());
    let file = folder.path().join("copy.dump");
    run(&["backup", file.to_str().unwrap()]);
    run(&[&create[..], &["Made after the backup"]].concat());
    let done = Command::new("pg_restore")
        .args([
            "--no-owner",
            "--exit-on-error",
            "--single-transaction",
            "--dbname",
            &restored.url,
        ])
        .arg(&file)
        .status()
        .unwrap();
    assert!(done.success());
    let secret = std::fs::read_to_string(folder.path().join("instance-secret")).unwrap();
    let settings = [
        ("DATABASE_URL", restored.url.as_str()),
        ("KEYPORT_SECRET", secret.trim()),
    ];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    app.program(key.trim())
        .get("/api/v1/account")
        .await
        .expect(200);
    let listed = keyport(
        folder.path(),
        &settings,
        &["key", "list", "--account", "ann@example.com"],
    );
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.contains("Kept") && !listed.contains("after"),
        "{listed}"
    );
}

/// A whole database on the tests' server, where a schema is not enough; gone when this is.
struct OwnDatabase {
    url: String,
    server: String,
    name: String,
}

impl OwnDatabase {
    fn new(server: &str) -> Self {
        let name = format!("d_{}", base62_text(&mut system_rng(), 12).to_lowercase());
        db::run(server, &format!("CREATE DATABASE {name}"));
        let mut url = Url::parse(server).unwrap();
        url.set_path(&name);
        Self {
            url: url.into(),
            server: server.to_owned(),
            name,
        }
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        db::run(
            &self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}
