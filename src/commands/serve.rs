//! `keyport serve`: starts the portal and runs until it is told to stop.

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{CommandError, print, refuse};
use crate::clock::SharedClock;
use crate::config::{Config, ConfigError, LogFormat, LogSettings, SignUp, bad};
use crate::domain::accounts;
use crate::server::{Running, start};
use crate::store::StoreError;

/// Serves until SIGTERM or SIGINT, then lets running requests finish.
///
/// # Errors
/// If keyport cannot start.
pub fn run(config: &Config, clock: SharedClock) -> Result<(), CommandError> {
    start_logging(&config.log)?;
    actix_web::rt::System::new().block_on(async {
        let running = start(config, clock).await?;
        let has_accounts: Result<bool, StoreError> = running.state.pool.read(accounts::exist).await;
        let greeted = greet(config, &running, has_accounts?);
        if let Err(error) = greeted {
            // Whoever started it may have closed their end: that is no reason to stop.
            tracing::warn!(%error, "the address was not printed");
        }
        stop_signal().await?;
        tracing::info!("stopping: running requests finish, then the last uses are written");
        running.stop().await;
        Ok(())
    })
}

/// Says where it listens and what to do next.
fn greet(config: &Config, running: &Running, has_accounts: bool) -> Result<(), CommandError> {
    print(format!(
        "keyport is ready on http://{}",
        running.portal.address
    ))?;
    if let Some(metrics) = &running.metrics {
        print(format!("Metrics are at http://{}/metrics", metrics.address))?;
    }
    let base = running.state.site.base();
    match (has_accounts, config.sign_up) {
        (true, _) => print(format!("Open {base} in your browser.")),
        (false, SignUp::Open) => print(format!(
            "Open {base}/sign-up in your browser to create the first account."
        )),
        (false, _) => print("Run keyport user add EMAIL to create the first account."),
    }
}

async fn stop_signal() -> Result<(), CommandError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Logs go to standard error. What other crates write through `log` (r2d2's retries, for one) is kept as well.
fn start_logging(settings: &LogSettings) -> Result<(), CommandError> {
    let filter = log_filter(settings)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let started = (tracing_subscriber::registry().with(filter).with(lines)).try_init();
    started.or_else(|error| refuse(format!("logging cannot be started: {error}")))
}

/// Which log lines are written.
///
/// # Errors
/// If the setting is no filter.
pub(super) fn log_filter(settings: &LogSettings) -> Result<Targets, ConfigError> {
    // tracing takes any word for the name of a module: a misspelt level would silence everything.
    let is_known = |part: &str| {
        part.contains('=')
            || ["trace", "debug", "info", "warn", "error", "off"]
                .iter()
                .any(|level| part.trim().eq_ignore_ascii_case(level))
    };
    match settings.level.replace(' ', "").parse() {
        Ok(filter) if settings.level.split(',').all(is_known) => Ok(filter),
        _ => bad(
            "log.level",
            "write a filter like info or keyport=debug,actix_web=warn",
        ),
    }
}
