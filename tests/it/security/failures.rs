//! Databases that fail, ports in use, bad settings: a clear message, the documented status, and nothing changed.

use std::process::Command;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};

use crate::support::command::{assert_fails, keyport};
use crate::support::{Engine, TestApp};

#[test]
fn a_bad_setting_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, words) in [
        ("KEYPORT_BIND", "nowhere", "KEYPORT_BIND"),
        ("KEYPORT_COLOUR", "red", "KEYPORT_COLOUR"),
        ("KEYPORT_BRAND", "Bad Brand", "brand"),
        ("KEYPORT_SECRET", "not-a-secret", "KEYPORT_SECRET"),
        (
            "KEYPORT_CONFIG",
            "/nonexistent/keyport.toml",
            "/nonexistent/keyport.toml",
        ),
        ("DATABASE_URL", "mysql://h/d", "database_url"),
        (
            "DATABASE_URL",
            "postgres://h/d?sslmode=require",
            "postgres-tls",
        ),
        ("REDIS_URL", "localhost:6379", "redis_url (REDIS_URL)"),
        ("REDIS_URL", "rediss://h", "TLS to Redis"),
    ] {
        assert_fails(&keyport(folder.path(), &[(name, value)], &[]), &[words]);
    }
    let misused = keyport(folder.path(), &[], &["no-such-command"]);
    assert_eq!(misused.status.code(), Some(2));
}

#[test]
fn a_bad_redis_url_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&[][..], &["check"]] {
        let settings = [("REDIS_URL", "redis://user:hunter22@host/two")];
        let output = keyport(folder.path(), &settings, command);
        assert_fails(&output, &["redis_url (REDIS_URL)"]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter22"));
    }
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = keyport(folder.path(), &[("KEYPORT_BIND", &address)], &[]);
    assert_fails(&output, &[&address, "KEYPORT_BIND", "in use"]);
}

#[test]
fn a_server_that_cannot_be_reached_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://user:hunter22@127.0.0.1:1/keyport";
    let output = keyport(folder.path(), &[("DATABASE_URL", url)], &[]);
    assert_fails(&output, &["cannot open the database", "127.0.0.1"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter22"));
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert!(keyport(folder.path(), &[], &["migrate"]).status.success());
    let file = folder.path().join("keyport.db");
    let mut db = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')")
        .execute(&mut db)
        .unwrap();
    for command in [&[][..], &["migrate"], &["check"], &["user", "list"]] {
        assert_fails(
            &keyport(folder.path(), &[], command),
            &["newer keyport", "20991231000001"],
        );
    }
}

#[test]
fn check_judges_every_setting_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let check = keyport(folder.path(), &[], &["check"]);
    assert!(check.status.success());
    assert!(String::from_utf8_lossy(&check.stdout).contains("database: none yet"));
    for (name, value, named) in [
        ("KEYPORT_BRAND", "9x", "brand (KEYPORT_BRAND)"),
        ("KEYPORT_LOG_LEVEL", "keyport=loud", "log.level"),
        ("DATABASE_URL", "mysql://h/d", "database_url (DATABASE_URL)"),
    ] {
        for command in [&["check"][..], &[]] {
            assert_fails(&keyport(folder.path(), &[(name, value)], command), &[named]);
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_migration_is_said_by_check_and_run_by_migrate() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyport.db");
    let mut database = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    database.batch_execute("CREATE TABLE other (id)").unwrap();
    let check = keyport(folder.path(), &[], &["check"]);
    assert_fails(&check, &["missing", "keyport migrate"]);
    assert!(keyport(folder.path(), &[], &["migrate"]).status.success());
    assert!(keyport(folder.path(), &[], &["check"]).status.success());
}

#[test]
fn a_secret_that_does_not_belong_to_the_database_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "ann@example.com"];
    assert!(keyport(folder.path(), &[], &add).status.success());
    let file = folder.path().join("instance-secret");
    std::fs::remove_file(&file).unwrap();
    for command in [&[][..], &["user", "list"], &["check"]] {
        let output = keyport(folder.path(), &[], command);
        assert_fails(&output, &["there is no instance secret here"]);
        // None was made that would be in the way of the right one.
        assert!(!file.exists());
    }
    let other = (
        "KEYPORT_SECRET",
        "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    for command in [&[][..], &["user", "list"], &["check"]] {
        let output = keyport(folder.path(), &[other], command);
        assert_fails(&output, &["instance secret is not the one"]);
    }
}

#[cfg(unix)]
#[test]
fn the_generated_secret_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "ann@example.com"];
    assert!(keyport(folder.path(), &[], &add).status.success());
    let file = folder.path().join("instance-secret");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_is_unavailable_and_never_a_yes_or_not_found() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let key = maren
        .create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")])
        .await;
    let opened = maren.get("/settings/api/new").await;
    let file = app.database.folder.path().join("keyport.db");
    let mut other = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let fields = [("name", "b"), ("expires_in", "90d"), ("access", "all")];
    let refused = maren
        .send_form(&opened, "/settings/api/new", &fields)
        .await
        .expect(503);
    assert_eq!(refused.page.words("h1"), "The database is busy");
    assert_eq!(refused.header("retry-after"), "5");
    // Reading goes on beside a writer.
    app.program(&key).get("/api/v1/account").await.expect(200);
    other.batch_execute("ROLLBACK").unwrap();
    maren
        .send_form(&opened, "/settings/api/new", &fields)
        .await
        .expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_database_is_unavailable_or_an_error_and_never_a_yes_or_not_found() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let key = maren
        .create_key(&[("name", "CI"), ("expires_in", "90d"), ("access", "all")])
        .await;
    let file = app.database.folder.path().join("keyport.db");
    let mut other = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    other
        .batch_execute(
            "ALTER TABLE api_keys RENAME TO gone; ALTER TABLE sessions RENAME TO gone_too",
        )
        .unwrap();
    let answer = app.program(&key).get("/api/v1/account").await;
    assert!(answer.status.is_server_error(), "{}", answer.status);
    assert!(!answer.text().contains("api_keys"), "{}", answer.text());
    let page = maren.get("/settings/api").await.expect(503);
    assert!(!page.text().contains("sessions"), "{}", page.text());
}

#[test]
fn a_database_that_cannot_be_written_is_named_at_the_start() {
    // A folder in the place of the file fails alike for everyone, also for root, who may write read-only files.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("keyport.db")).unwrap();
    assert_fails(
        &keyport(folder.path(), &[], &[]),
        &["cannot open the database", "keyport.db"],
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_may_only_be_read_is_named_with_what_to_do_and_stays_as_it_is() {
    use std::fs::{Permissions, copy, read, set_permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = tempfile::tempdir().unwrap();
    assert!(keyport(folder.path(), &[], &["demo"]).status.success());
    let file = folder.path().join("keyport.db");
    let before = read(&file).unwrap();
    // Root may write everything, so root's test runs a copy of the program as nobody, who can reach the copy.
    let is_root = file.metadata().unwrap().uid() == 0;
    let program = folder.path().join("program");
    copy(env!("CARGO_BIN_EXE_keyport"), &program).unwrap();
    set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    let secret = folder.path().join("instance-secret");
    set_permissions(secret, Permissions::from_mode(0o444)).unwrap();
    set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
    for arguments in [
        &[][..],
        &[
            "key",
            "create",
            "--account",
            "maren@example.com",
            "--name",
            "x",
        ],
    ] {
        let mut command = Command::new(if is_root {
            "setpriv".as_ref()
        } else {
            program.as_path()
        });
        if is_root {
            command
                .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"])
                .arg(&program);
        }
        let output = command
            .env("KEYPORT_DATA_DIR", folder.path())
            .env("KEYPORT_BIND", "127.0.0.1:0")
            .env_remove("DATABASE_URL")
            .args(arguments)
            .output()
            .unwrap();
        assert_fails(
            &output,
            &[
                "keyport.db",
                "readonly database",
                "write the file and its folder",
            ],
        );
    }
    assert_eq!(read(&file).unwrap(), before);
    // So that the folder can be removed.
    set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_server_is_said_on_the_page_and_changes_nothing() {
    if crate::support::db::postgres_url().is_none() {
        return;
    }
    let app = TestApp::spawn(Engine::Postgres).await;
    let mut maren = app.person("maren@example.com", "Maren").await;
    let opened = maren.get("/settings/api/new").await;
    let make_read_only = |on: bool| {
        let url = &app.database.url;
        app.state
            .pool
            .read_now(|db| {
                // Every pooled connection is told; new ones are not needed meanwhile.
                let word = if on { "on" } else { "off" };
                let statement = format!("SET default_transaction_read_only = {word}");
                match db {
                    keyport::store::Db::Postgres(connection) => {
                        connection.batch_execute(&statement)
                    }
                    keyport::store::Db::Sqlite(_) => unreachable!("{url}"),
                }
                .map_err(keyport::store::StoreError::from)
            })
            .unwrap();
    };
    make_read_only(true);
    let fields = [("name", "b"), ("expires_in", "90d"), ("access", "all")];
    let refused = maren
        .send_form(&opened, "/settings/api/new", &fields)
        .await
        .expect(503);
    assert_eq!(
        refused.page.words("h1"),
        "Changes are not possible at present"
    );
    make_read_only(false);
    maren
        .send_form(&opened, "/settings/api/new", &fields)
        .await
        .expect(201);
}
