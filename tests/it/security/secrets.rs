//! After a full run, no piece of any secret is in the database, in a log, on a page or in an answer that should not
//! have it.

use std::collections::HashSet;
use std::io::Read as _;
use std::process::{Command, Stdio};

use reqwest::Method;

use crate::support::Person;
use crate::support::actors::id_of;
use crate::support::app::PASSWORD;
use crate::support::db::{Engine, TestDatabase, postgres_url};

/// Looks for every run of eight characters of each secret, in one pass: logs are long.
fn assert_absent(secrets: &[&str], content: &[u8], place: &str) {
    let pieces: HashSet<&[u8]> = secrets
        .iter()
        .flat_map(|secret| secret.as_bytes().windows(8))
        .collect();
    let found = content.windows(8).find(|window| pieces.contains(window));
    let found = found.map(String::from_utf8_lossy);
    assert_eq!(found, None, "a piece of a secret is in {place}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_piece_of_a_secret_is_left_anywhere() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if engine == Engine::Sqlite || postgres_url().is_some() {
            run(engine).await;
        }
    }
}

async fn run(engine: Engine) {
    let database = TestDatabase::new(engine);
    // The real program, so that its logs are those that an operator has.
    let mut server = Command::new(env!("CARGO_BIN_EXE_keyport"))
        .env("KEYPORT_BIND", "127.0.0.1:0")
        .env("KEYPORT_DATA_DIR", database.folder.path())
        .env("DATABASE_URL", &database.url)
        .env("KEYPORT_LOG_LEVEL", "trace")
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(database.folder.path().join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut stdout = std::io::BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let base = line.trim().rsplit(' ').next().unwrap().to_owned();

    let mut ann = Person::new(base.clone());
    let fields = [
        ("name", "Ann"),
        ("email", "ann@example.com"),
        ("password", PASSWORD),
    ];
    ann.fill_in("/sign-up", "/sign-up", &fields)
        .await
        .expect(303);
    let session = ann.cookies["keyport"].clone();
    let kept = ann
        .create_key(&[
            ("name", "Kept"),
            ("expires_in", "90d"),
            ("access", "chosen"),
            ("scope", "keys:write"),
        ])
        .await;
    let ended = ann
        .create_key(&[("name", "Ended"), ("expires_in", "90d"), ("access", "all")])
        .await;
    let client = |key: &str| crate::support::Program::new(base.clone(), key.to_owned());
    let made = client(&kept)
        .post(
            "/api/v1/keys",
            &serde_json::json!({"name": "Made", "scopes": ["keys:write"], "expires_in": "7d"}),
        )
        .await
        .expect(201);
    let made = made.json()["key"].as_str().unwrap().to_owned();
    let path = format!("/settings/api/{}/rotate", id_of(&kept));
    let overlap = [("overlap", "24h")];
    let rotated = ann.fill_in(&path, &path, &overlap).await.expect(200);
    let rotated = rotated.page.words("#full-key");
    let path = format!("/api/v1/keys/{}/rotate", id_of(&made));
    let rotated_by_api = client(&rotated)
        .send(
            Method::POST,
            &path,
            Some("{}".to_owned()),
            &[("idempotency-key", "once")],
        )
        .await
        .expect(200);
    let rotated_by_api = rotated_by_api.json()["key"].as_str().unwrap().to_owned();
    for key in [&kept, &rotated, &made, &rotated_by_api] {
        client(key).get("/auth").await.expect(200);
    }
    client(&ended).get("/api/v1/account").await.expect(200);
    ann.deactivate(&id_of(&ended)).await;
    client(&ended).get("/api/v1/account").await.expect(401);
    client(&ended)
        .get(&format!("/api/v1/account?apikey={ended}"))
        .await
        .expect(400);
    let wrong = [
        ("email", "ann@example.com"),
        ("password", "zQ7-wrong-Vm2x"),
        ("next", "/"),
    ];
    Person::new(base.clone())
        .fill_in("/sign-in", "/sign-in", &wrong)
        .await
        .expect(422);
    let mut pages = Vec::new();
    for path in [
        "/",
        "/settings/api",
        "/settings/profile",
        "/settings/security",
        "/docs/api",
        &format!("/settings/api/{}", id_of(&kept)),
    ] {
        pages.push(ann.get(path).await.expect(200).page.text);
    }

    let pid = server.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(server.wait().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();

    let mut places: Vec<(String, Vec<u8>)> = vec![
        ("the output".to_owned(), (line + &rest).into_bytes()),
        ("a page".to_owned(), pages.concat().into_bytes()),
    ];
    for entry in std::fs::read_dir(database.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() != "instance-secret" {
            places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    if engine == Engine::Postgres {
        let dump = Command::new("pg_dump")
            .arg("--data-only")
            .arg(&database.url)
            .output()
            .unwrap();
        if dump.status.success() {
            places.push(("the dump".to_owned(), dump.stdout));
        }
    }
    assert!(
        places
            .iter()
            .any(|(place, content)| place.ends_with("log") && content.len() > 1000)
    );
    let keys = [&kept, &ended, &made, &rotated, &rotated_by_api];
    let mut secrets: Vec<&str> = keys.iter().map(|key| &key[key.len() - 38..]).collect();
    secrets.extend([PASSWORD, "zQ7-wrong-Vm2x", &session]);
    for (place, content) in &places {
        assert_absent(&secrets, content, place);
    }
}
