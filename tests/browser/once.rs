//! A full key is shown once: not by Back, not by reload, not by sending the form again.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::PublicKeyData as _;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::browser::{Browser, Options};
use crate::support::app::PASSWORD;
use crate::support::{Engine, TestApp};

/// Creates a key in the browser and returns it.
async fn create(base: &str, browser: &Browser) -> String {
    browser.goto(&format!("{base}/sign-in")).await;
    browser.fill("#email", "maren@example.com").await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.expect_heading("Overview").await;
    browser.goto(&format!("{base}/settings/api/new")).await;
    browser.fill("#name", "Once").await;
    browser.press("Create key").await;
    browser.expect_heading("Copy your new API key").await;
    browser.words("#full-key").await
}

#[track_caller]
fn assert_hidden(source: &str, key: &str, when: &str) {
    let secret = &key[key.len() - 38..];
    for at in 0..secret.len() - 7 {
        assert!(
            !source.contains(&secret[at..at + 8]),
            "a piece of the secret is there {when}"
        );
    }
}

async fn shown_once(base: &str, browser: &Browser) {
    let key = create(base, browser).await;
    browser.press("I have saved the key").await;
    browser.expect_heading("API keys").await;
    assert_hidden(&browser.source().await, &key, "on the list");

    // Back: whatever the browser has kept, it is not the key.
    browser.client.back().await.unwrap();
    assert_hidden(&browser.source().await, &key, "after Back");
    // Reload: a browser that kept the form may send it again; the form is used up.
    browser.client.refresh().await.unwrap();
    assert_hidden(&browser.source().await, &key, "after reload");
    browser.goto(&format!("{base}/settings/api")).await;
    browser.expect_heading("API keys").await;
    let rows = browser
        .client
        .find_all(fantoccini::Locator::Css("tbody tr"))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1, "a second key was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_key_is_shown_once() {
    for no_javascript in [false, true] {
        let app = TestApp::spawn(Engine::Sqlite).await;
        app.account("maren@example.com", "Maren Okafor");
        let browser = Browser::start(Options {
            no_javascript,
            ..Options::default()
        })
        .await;
        shown_once(&app.url(""), &browser).await;
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_key_is_shown_once_over_https_with_the_back_forward_cache() {
    for no_javascript in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let app = TestApp::spawn_with(Engine::Sqlite, &[("KEYPORT_PUBLIC_URL", &base)]).await;
        app.account("maren@example.com", "Maren Okafor");
        let fingerprint = terminate_tls(listener, app.address);
        let browser = Browser::start(Options {
            no_javascript,
            trusted_certificate: Some(fingerprint),
        })
        .await;
        shown_once(&base, &browser).await;
        if !no_javascript {
            assert_back_forward_cache_is_on(&base, &browser).await;
        }
        browser.close().await;
    }
}

/// The control: what may be kept, an asset, does come back as it was left, so the cache is on, and it is the page's
/// own `no-store` that keeps the key out of it.
async fn assert_back_forward_cache_is_on(base: &str, browser: &Browser) {
    browser.goto(&format!("{base}/docs/api")).await;
    let logo = browser
        .run("return document.querySelector('.brand img').src")
        .await;
    browser.goto(logo.as_str().unwrap()).await;
    browser.run("window.left = 'here'").await;
    browser.goto(&format!("{base}/docs/api")).await;
    browser.client.back().await.unwrap();
    let reasons =
        "return JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons)";
    let reasons = browser.run(reasons).await;
    assert_eq!(
        browser.run("return window.left || null").await,
        "here",
        "{reasons}"
    );
}

/// Puts TLS in front of the server, as a proxy does; returns the fingerprint of its certificate's key.
fn terminate_tls(listener: TcpListener, server: SocketAddr) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let fingerprint = keyport::crypto::digest::sha256(&made.signing_key.subject_public_key_info());
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut client) = acceptor.accept(stream).await {
                    let mut upstream = TcpStream::connect(server).await.unwrap();
                    // A browser that closes its connection is not an error of the test.
                    drop(copy_bidirectional(&mut client, &mut upstream).await);
                }
            });
        }
    });
    STANDARD.encode(fingerprint)
}
