//! Rotating the instance secret: nothing that was made under the one before stops working, and all of it moves.

use keyport::domain::mail::Mail;
use keyport::domain::secret_rotation::dependents;
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::actors::id_of;
use crate::support::command::{assert_fails, keyport};

const OLD: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const FIELDS: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

async fn beside(app: &TestApp, secret: &str) -> TestApp {
    TestApp::spawn_beside(app, &[("KEYPORT_SECRET", secret)]).await
}

on_both_engines! {
    with super::ON_OLD,
    async fn keys_move_as_they_are_used_and_then_need_the_old_secret_no_more(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let (used, unused) = (maren.create_key(&FIELDS).await, maren.create_key(&FIELDS).await);
        let rotated = beside(&app, &format!("{NEW},{OLD}")).await;
        rotated.program(&used).get("/auth").await.expect(200);
        assert_eq!(rotated.state.moves.write(&rotated.state.pool).unwrap(), 1);
        rotated.program(&used).get("/auth").await.expect(200);
        // It is moved once.
        assert_eq!(rotated.state.moves.write(&rotated.state.pool).unwrap(), 0);
        // Who only knows the new one accepts what has moved, and nothing else.
        let retired = beside(&app, NEW).await;
        retired.program(&used).get("/auth").await.expect(200);
        retired.program(&unused).get("/auth").await.expect_problem(401, "invalid_key");
        rotated.program(&unused).get("/auth").await.expect(200);
        // A key that is deactivated before it is moved stays dead.
        maren.deactivate(&id_of(&unused)).await;
        rotated.state.moves.write(&rotated.state.pool).unwrap();
        rotated.program(&unused).get("/auth").await.expect_problem(401, "deactivated_key");
    }
}

on_both_engines! {
    with super::ON_OLD,
    async fn replaced_secrets_move_as_they_are_presented_and_are_recognised_for_ever(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let first = maren.create_key(&FIELDS).await;
        let rotate = format!("/settings/api/{}/rotate", id_of(&first));
        let rotated = maren.fill_in(&rotate, &rotate, &[("overlap", "none")]).await.expect(200);
        let second = rotated.page.words("#full-key");
        let rotated = maren.fill_in(&rotate, &rotate, &[("overlap", "7d")]).await.expect(200);
        let third = rotated.page.words("#full-key");
        let unused = maren.create_key(&FIELDS).await;
        let rotate = format!("/settings/api/{}/rotate", id_of(&unused));
        maren.fill_in(&rotate, &rotate, &[("overlap", "none")]).await.expect(200);

        let both = beside(&app, &format!("{NEW},{OLD}")).await;
        let uses = |app: &TestApp| {
            let (now, secrets) = (app.now(), app.state.policy.secrets.clone());
            let all: Result<_, StoreError> = app.state.pool.read_now(|db| dependents(db, now, &secrets));
            all.unwrap().pop().unwrap()
        };
        let old = uses(&both);
        assert!(old.are_needed());
        assert_eq!((old.uses.active_keys, old.uses.overlaps, old.uses.replaced), (2, 1, 2));
        both.program(&third).get("/auth").await.expect(200);
        both.program(&second).get("/auth").await.expect(200);
        both.program(&first).get("/auth").await.expect_problem(401, "replaced_secret");
        assert_eq!(both.state.moves.write(&both.state.pool).unwrap(), 3);
        for full in [&third, &second] {
            both.program(full).get("/auth").await.expect(200);
        }
        both.program(&first).get("/auth").await.expect_problem(401, "replaced_secret");
        assert_eq!(both.state.moves.write(&both.state.pool).unwrap(), 0);
        let old = uses(&both);
        assert_eq!((old.uses.active_keys, old.uses.overlaps, old.uses.replaced), (1, 0, 1));

        let retired = beside(&app, NEW).await;
        for full in [&third, &second] {
            retired.program(full).get("/auth").await.expect(200);
        }
        retired.program(&first).get("/auth").await.expect_problem(401, "replaced_secret");
        // What no one presented in time is not known any more.
        retired.program(&unused).get("/auth").await.expect_problem(401, "invalid_key");
    }
}

on_both_engines! {
    with super::ON_OLD,
    async fn sessions_move_as_their_browsers_come_back(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let rotated = beside(&app, &format!("{NEW},{OLD}")).await;
        let before = maren.cookies["keyport"].clone();
        maren.visits(&rotated);
        maren.get("/settings/api").await.expect(200);
        let after = maren.cookies["keyport"].clone();
        assert_ne!(before, after);
        // Told once.
        let again = maren.get("/settings/api").await.expect(200);
        assert!(again.headers.get("set-cookie").is_none());
        let retired = beside(&app, NEW).await;
        maren.visits(&retired);
        maren.get("/settings/api").await.expect(200);
        maren.cookies.insert("keyport".to_owned(), before);
        maren.get("/settings/api").await.expect(303);
    }
}

on_both_engines! {
    with super::ON_OLD,
    async fn what_is_sealed_is_sealed_anew(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        maren.create_key(&FIELDS).await;
        let mut rotated = beside(&app, &format!("{NEW},{OLD}")).await;
        rotated.stop();
        let retired = beside(&app, NEW).await;
        // Opens every mail that waits.
        let mails = retired.mails();
        assert!(mails.iter().any(|queued| matches!(queued.mail, Mail::KeyCreated { .. })));
    }
}

#[test]
fn the_command_rotates_prepares_promotes_and_retires() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = keyport(folder.path(), &[], arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["user", "add", "a@example.com"]);
    let key = [
        "key",
        "create",
        "--account",
        "a@example.com",
        "--name",
        "CI",
    ];
    run(&key);
    let states = || -> Vec<(String, String)> {
        let listed = run(&["secret", "status"]);
        // What follows a secret says what retiring it costs.
        let secrets = listed.lines().filter(|line| !line.starts_with('\t'));
        let cells = secrets.map(|line| line.split('\t'));
        cells
            .map(|mut cells| {
                let mut next = || cells.next().unwrap().to_owned();
                (next(), next())
            })
            .collect()
    };
    let first = states()[0].0.clone();
    run(&["secret", "rotate"]);
    let after = states();
    assert_eq!(after[0].1, "current");
    assert_eq!(after[1], (first.clone(), "needed".to_owned()));
    assert!(run(&["secret", "status"]).contains("browsers that have not come back"));
    let refused = keyport(folder.path(), &[], &["secret", "retire", &first]);
    assert_fails(&refused, &["is needed by 1 active keys"]);
    assert_eq!(states().len(), 2);
    run(&["secret", "rotate", "--prepare"]);
    let prepared = states();
    assert_eq!(prepared[0], after[0]);
    let third = prepared[2].0.clone();
    run(&["secret", "promote", &third]);
    assert_eq!(states()[0].0, third);
    run(&["secret", "retire", &after[0].0]);
    run(&["secret", "retire", &first, "--force"]);
    assert_eq!(states(), [(third.clone(), "current".to_owned())]);
    for arguments in [
        ["secret", "retire", third.as_str()],
        ["secret", "promote", "nothere"],
    ] {
        assert_fails(&keyport(folder.path(), &[], &arguments), &[arguments[2]]);
    }
    let in_environment = keyport(
        folder.path(),
        &[("KEYPORT_SECRET", OLD)],
        &["secret", "rotate"],
    );
    assert_eq!(in_environment.status.code(), Some(1));
    run(&["audit", "verify"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = folder.path().join("instance-secret");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// The secret of the instance before the rotation.
const ON_OLD: [(&str, &str); 1] = [("KEYPORT_SECRET", OLD)];
