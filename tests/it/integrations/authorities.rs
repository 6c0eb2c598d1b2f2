//! Authorities that an operator names for the certificates of providers.

use std::path::Path;

use super::keys::{LIST, badge, check_now, enter};
use super::scene::{PROVIDER_KEY, Scene};
use crate::support::command::{assert_fails, keyport};
use crate::support::provider::Provider;
use crate::support::{Engine, TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_a_named_authority_is_taken_and_of_no_other() {
    let (provider, authority) = Provider::spawn_with_certificate_of_an_authority().await;
    let scene = Scene::spawn_before(provider, Engine::Sqlite, &[]).await;
    let (mut maren, program) = scene.person().await;
    let refused = program.get("/proxy/openai/v1/models").await;
    let refused = refused.expect_problem(502, "provider_unreachable");
    assert!(refused.text().contains("certificate"), "{}", refused.text());
    enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
    let page = maren.get(LIST).await.expect(200).page;
    let flash = page.words(".notice.warn[role=status]");
    assert!(flash.contains("Its certificate does not fit."), "{flash}");
    assert!(scene.provider.take().is_empty());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    let (settings, place) = scene.settings();
    let trusting = async |pem: &str| {
        std::fs::write(&file, pem).unwrap();
        let all = [
            ("KEYPORT_CONFIG", settings.as_str()),
            ("KEYPORT_ALLOW_PRIVATE_PROVIDERS", place.as_str()),
            ("KEYPORT_PROVIDER_CA_FILE", file.to_str().unwrap()),
        ];
        TestApp::spawn_beside(&scene.app, &all).await
    };
    // Another authority in the file opens nothing; beside the right one it does no harm.
    let (_, other) = Provider::spawn_with_certificate_of_an_authority().await;
    let wrong = trusting(&other).await;
    let answer = wrong
        .program(&*program.key)
        .get("/proxy/openai/v1/models")
        .await;
    answer.expect_problem(502, "provider_unreachable");
    assert!(scene.provider.take().is_empty());
    let right = trusting(&format!("{other}{authority}")).await;
    let answer = right
        .program(&*program.key)
        .get("/proxy/openai/v1/models")
        .await;
    answer.expect(200);
    assert!(scene.provider.take_one().mentions(PROVIDER_KEY));
    maren.visits(&right);
    check_now(&mut maren, "openai").await.expect(303);
    assert_eq!(
        badge(&mut maren, "openai").await.as_deref(),
        Some("Connected")
    );
}

#[test]
fn a_file_without_authorities_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    let assert_refused = |file: &Path, words: &str| {
        let file = file.to_str().unwrap();
        let settings = [("KEYPORT_PROVIDER_CA_FILE", file)];
        for command in ["serve", "check"] {
            let output = keyport(folder.path(), &settings, &[command]);
            assert_fails(&output, &["provider_ca_file", file, words]);
        }
    };
    assert_refused(&file, "No such file");
    assert_refused(folder.path(), "Is a directory");
    let no_certificate = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n";
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for text in ["", "nothing of the kind", no_certificate, key.as_str()] {
        std::fs::write(&file, text).unwrap();
        assert_refused(&file, "no certificates in PEM form");
    }
}
