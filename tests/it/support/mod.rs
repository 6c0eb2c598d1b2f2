//! What every test uses: the real server with its own database and a clock that stands still, and actors that use it.

pub mod actors;
pub mod app;
pub mod at_once;
pub mod authenticator;
pub mod command;
pub mod db;
pub mod door;
pub mod html;
pub mod mail;
pub mod mail_queue;
pub mod networks;
pub mod provider;
pub mod proxy;
pub mod redis;
pub mod registry;
pub mod route_table;
pub mod second_factors;
pub mod upstream;
pub mod usage;

pub use actors::{Person, Program};
pub use app::TestApp;
pub use db::Engine;

/// Makes two tests of one: on SQLite, and on PostgreSQL where `KEYPORT_TEST_POSTGRES_URL` names a server. `with` gives
/// the server's settings, as seen from a module below.
#[macro_export]
macro_rules! on_both_engines {
    (async fn $name:ident($app:ident) $body:block) => {
        $crate::on_both_engines! { with [], async fn $name($app) $body }
    };
    (with $settings:expr, async fn $name:ident($app:ident) $body:block) => {
        async fn $name($app: $crate::support::TestApp) $body

        mod $name {
            use $crate::support::{Engine, TestApp, db};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let app = TestApp::spawn_with(Engine::Sqlite, &$settings).await;
                super::$name(app).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if db::postgres_url().is_some() {
                    let app = TestApp::spawn_with(Engine::Postgres, &$settings).await;
                    super::$name(app).await;
                }
            }
        }
    };
}
