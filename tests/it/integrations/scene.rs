//! A server with a provider behind it, and someone who has keys for both.

use std::io;

use futures_util::StreamExt as _;
use futures_util::stream;
use keyport::domain::accounts::Account;
use keyport::domain::integrations::provider_keys::{self, Owner};
use keyport::domain::integrations::sealing::NewProviderKey;
use keyport::secret::Secret;
use reqwest::Body;
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::support::provider::Provider;
use crate::support::{Engine, Person, Program, TestApp};

/// The provider's key in every test.
pub const PROVIDER_KEY: &str = "sk-good-abcdefghijklmnopqrstuvw3Fq";

/// Makes two tests of one, as `on_both_engines!` does, each with a stand-in for OpenAI and Anthropic.
#[macro_export]
macro_rules! with_a_provider {
    (async fn $name:ident($scene:ident) $body:block) => {
        $crate::with_a_provider! { with [], async fn $name($scene) $body }
    };
    (with $settings:expr, async fn $name:ident($scene:ident) $body:block) => {
        async fn $name($scene: $crate::integrations::scene::Scene) $body

        mod $name {
            use $crate::integrations::scene::Scene;
            use $crate::support::{Engine, db};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(Scene::spawn(Engine::Sqlite, &$settings).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if db::postgres_url().is_some() {
                    super::$name(Scene::spawn(Engine::Postgres, &$settings).await).await;
                }
            }
        }
    };
}

/// The body of an upload whose pieces the test sends, and its end.
pub fn body_in_pieces() -> (mpsc::Sender<io::Result<String>>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    let pieces = stream::unfold(receiver, async |mut receiver| {
        Some((receiver.recv().await?, receiver))
    });
    (sender, Body::wrap_stream(pieces.boxed()))
}

pub struct Scene {
    pub app: TestApp,
    pub provider: Provider,
    folder: TempDir,
}

impl Scene {
    /// Waits until the usage log has its one call: our status and the provider's.
    pub async fn noted(&self) -> String {
        let noted = "SELECT CAST(status AS TEXT) || COALESCE(CAST(upstream_status AS TEXT), ' none') AS text FROM key_requests";
        loop {
            self.app.flush();
            match self.app.texts(noted).as_slice() {
                [] => tokio::task::yield_now().await,
                [one] => return one.clone(),
                more => panic!("more than one: {more:?}"),
            }
        }
    }

    pub async fn spawn(engine: Engine, settings: &[(&str, &str)]) -> Self {
        Self::spawn_before(Provider::spawn().await, engine, settings).await
    }

    /// With this provider.
    pub async fn spawn_before(
        provider: Provider,
        engine: Engine,
        settings: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keyport.toml");
        let url = provider.url();
        let text = format!(
            "[providers.openai]\nbase_url = \"{url}\"\n[providers.anthropic]\nbase_url = \"{url}\"\n"
        );
        let text = text + &odd_ones(&url);
        std::fs::write(&file, text).unwrap();
        let place = format!("{},127.0.0.1:1", provider.address);
        let file = file.display().to_string();
        let mut all = vec![
            ("KEYPORT_CONFIG", file.as_str()),
            ("KEYPORT_ALLOW_PRIVATE_PROVIDERS", place.as_str()),
        ];
        all.extend_from_slice(settings);
        Self {
            app: TestApp::spawn_with(engine, &all).await,
            provider,
            folder,
        }
    }

    /// Its configuration file, and what that allows to call, for a further instance.
    pub fn settings(&self) -> (String, String) {
        let file = self.folder.path().join("keyport.toml");
        let place = format!("{},127.0.0.1:1", self.provider.address);
        (file.display().to_string(), place)
    }

    /// Saves a key for a provider, as one that was checked.
    pub fn save_key(&self, owner: Owner, slug: &str, key: &str) {
        let act = self.app.act();
        let state = &self.app.state;
        let provider = state.catalog.find(slug).unwrap().clone();
        let new = NewProviderKey::parse(&Secret::new(key.to_owned())).unwrap();
        let saved = state.pool.write_now(|db| {
            provider_keys::save(
                db,
                &act,
                &state.policy.secrets,
                owner,
                &provider,
                &new,
                true,
            )
        });
        saved.unwrap();
    }

    /// An account with a key for both providers, and a program with a key of that account.
    pub fn program(&self) -> (Account, Program) {
        let account = self.app.account("maren@example.com", "Maren");
        for slug in ["openai", "anthropic"] {
            self.save_key(Owner::Account(account.id), slug, PROVIDER_KEY);
        }
        let program = self.app.program_of(&account);
        (account, program)
    }

    /// The same, with the person of the account at a browser.
    pub async fn person(&self) -> (Person, Program) {
        let (account, program) = self.program();
        let mut person = self.app.anonymous();
        person
            .sign_in(&account.email, crate::support::app::PASSWORD)
            .await;
        (person, program)
    }
}

/// Providers whose check gets an odd answer, by name and path; and one where nothing listens.
pub const ODD: [(&str, &str); 7] = [
    ("busy", "/status/429"),
    ("broken", "/status/500"),
    ("silent", "/nothing"),
    ("garbled", "/garbage"),
    ("moved", "/redirect"),
    ("endless", "/endless"),
    ("huge", "/gigabyte"),
];

fn odd_ones(url: &str) -> String {
    let one =
        |(slug, check)| format!("[providers.{slug}]\nbase_url = \"{url}\"\ncheck = \"{check}\"\n");
    let all: String = ODD.into_iter().map(one).collect();
    all + "[providers.gone]\nbase_url = \"http://127.0.0.1:1\"\n"
}
