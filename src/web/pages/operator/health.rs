//! Operator > Health: each part of this instance with a figure that was measured, and when. Nothing is green without one.

use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;
use chrono::TimeDelta;

use super::super::{PageResult, html};
use crate::clock::Timestamp;
use crate::domain::health::{self, DatabaseHealth, HealthError};
use crate::domain::verification::engine::Unverifiable;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::operator::Operator;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Badge, TimeView};
use crate::web::state::{AppState, Worker};
use crate::web::times::{Times, counted, grouped, until_words};

/// An answer of the database or the verifier that takes longer is worth a look.
const SLOW: Duration = Duration::from_millis(100);
/// The usage log is written twice a second.
const FLUSH_LATE: Duration = Duration::from_secs(10);
/// Mails are sent within seconds, unless their server does not take them.
const MAIL_LATE: TimeDelta = TimeDelta::minutes(15);
/// Housekeeping runs hourly.
const HOUSEKEEPING_LATE: TimeDelta = TimeDelta::minutes(130);

#[derive(Template)]
#[template(path = "pages/operator/health.html")]
struct HealthPage {
    layout: Layout,
    rows: Vec<Row>,
    stats: Vec<Stat>,
    zone: String,
}

/// A part.
struct Row {
    title: &'static str,
    badge: Badge,
    /// What was measured.
    figure: String,
    /// What belongs to it.
    text: String,
    /// When.
    at: TimeView,
}

/// A figure of its own.
struct Stat {
    label: &'static str,
    figure: String,
    text: &'static str,
}

/// What was measured for this page.
struct Measured<'a> {
    state: &'a AppState,
    at: Timestamp,
    times: Times,
    ping: (Result<(), StoreError>, Duration),
    confirmed: (Result<(), Unverifiable>, Duration),
    database: DatabaseHealth,
}

/// The page.
pub async fn get(req: HttpRequest, me: Operator) -> PageResult {
    let Operator(me) = me;
    let state = &me.visitor.state;
    let ping = timed(state.pool.ping()).await;
    let confirmed = timed(Worker::of(&req).verifier.confirm()).await;
    let database = state.pool.read(health::ask).await?;
    let times = times(&me.visitor, &me.account);
    let measured = Measured {
        state,
        at: state.clock.now(),
        times,
        ping,
        confirmed,
        database,
    };
    let page = HealthPage {
        layout: Layout::new(&me.visitor, "Health", Nav::OperatorHealth),
        rows: measured.rows(),
        stats: measured.stats(),
        zone: times.zone_name(),
    };
    html(StatusCode::OK, &page)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long an answer takes is a figure about this machine"
)]
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let done = work.await;
    (done, began.elapsed())
}

impl From<HealthError> for PageError {
    fn from(error: HealthError) -> Self {
        match error {
            HealthError::Store(error) => error.into(),
            error @ HealthError::Migrations(_) => Self::Internal(Box::new(error)),
        }
    }
}

impl Measured<'_> {
    fn rows(&self) -> Vec<Row> {
        vec![
            self.database(),
            self.migrations(),
            self.verifier(),
            self.usage_log(),
            self.mail(),
            self.audit_log(),
            self.housekeeping(),
            self.secrets(),
        ]
    }

    fn row(&self, title: &'static str, badge: Badge, figure: String, text: String) -> Row {
        Row {
            title,
            badge,
            figure,
            text,
            at: self.times.clock(self.at),
        }
    }

    fn database(&self) -> Row {
        let (answer, took) = &self.ping;
        let pool = self.state.pool.connections();
        let text = format!(
            "{}, {}. {} of {} connections are in use.",
            self.state.pool.url(),
            self.database.engine,
            pool.in_use,
            pool.most
        );
        self.row(
            "Database",
            answered(answer.is_ok(), *took),
            millis(*took),
            text,
        )
    }

    fn migrations(&self) -> Row {
        let DatabaseHealth {
            applied,
            pending,
            unknown,
            ..
        } = &self.database;
        let newest = applied.last().map_or("none", String::as_str);
        let figure = format!(
            "{} of {}",
            applied.len() - unknown.len(),
            applied.len() - unknown.len() + pending.len()
        );
        let (badge, text) = match (pending.as_slice(), unknown.as_slice()) {
            ([], []) => (ok("All run"), format!("The newest is {newest}.")),
            ([], _) => (
                warn("Newer"),
                format!("A newer keyport has run others as well, up to {newest}."),
            ),
            (_, _) => (bad("Missing"), format!("Missing: {}.", pending.join(", "))),
        };
        self.row("Migrations", badge, figure, text)
    }

    fn verifier(&self) -> Row {
        let (answer, took) = &self.confirmed;
        let waiting = i64::try_from(self.state.engine.waiting()).unwrap_or(i64::MAX);
        let text = format!(
            "A deactivated key is refused at its next request: each asks the database first, which took this long now. {} before it.",
            match waiting {
                1 => "1 batch waits".to_owned(),
                number => format!("{} batches wait", grouped(number)),
            }
        );
        self.row(
            "Deactivation to refusal",
            answered(answer.is_ok(), *took),
            millis(*took),
            text,
        )
    }

    fn usage_log(&self) -> Row {
        let figures = self.state.recorder.figures();
        let failed = figures
            .failed_flushes
            .load(std::sync::atomic::Ordering::Relaxed);
        let since = figures.since_flush();
        let waiting = i64::try_from(self.state.recorder.waiting_keys()).unwrap_or(i64::MAX);
        if !self.state.recorder.is_on() {
            let text = "The use of keys is not noted: usage.log is false.".to_owned();
            return self.row("Usage log", neutral("Off"), "Off".to_owned(), text);
        }
        let badge = if since > FLUSH_LATE {
            bad("Late")
        } else {
            ok("Written")
        };
        let text = format!(
            "Since it was last written whole. Uses of {} wait. {} failed since the start.",
            counted(waiting, "key"),
            counted(i64::try_from(failed).unwrap_or(i64::MAX), "attempt")
        );
        self.row("Usage log", badge, millis(since), text)
    }

    fn mail(&self) -> Row {
        let counts = &self.database.mails;
        let waiting = counts.waiting + counts.failed;
        let oldest = self.database.oldest_mail.map(|at| self.at - at);
        let Some(way) = &self.state.site.mail_way else {
            let text = "Email is not set up: mails are kept in the queue.".to_owned();
            let figure = format!("{} kept", grouped(waiting));
            return self.row("Mail", neutral("Off"), figure, text);
        };
        let is_late = oldest.is_some_and(|waits| waits > MAIL_LATE);
        let badge = match (counts.dead, is_late) {
            (0, false) => ok("Sent"),
            (0, true) => bad("Late"),
            _ => warn("Given up"),
        };
        let text = format!(
            "Through {way}. {} given up. {}",
            grouped(counts.dead),
            match oldest {
                Some(waits) => format!("The oldest one waits for {}.", until_words(waits)),
                None => "None waits.".to_owned(),
            }
        );
        self.row("Mail", badge, format!("{} waiting", grouped(waiting)), text)
    }

    fn audit_log(&self) -> Row {
        let Some(audit) = self.database.audit else {
            let text =
                "Its head is gone: someone has removed it. Run keyport audit verify.".to_owned();
            return self.row("Audit log", bad("No head"), "None".to_owned(), text);
        };
        let figure = counted(audit.entries, "entry").replace("entrys", "entries");
        match audit.unconfirmed_from {
            // That it ends where it was written to is measured; whether an old entry was altered is not.
            None => {
                let text = format!(
                    "The newest is {}. Run keyport audit verify to check all of them.",
                    grouped(audit.last_id)
                );
                self.row("Audit log", ok("Chained"), figure, text)
            }
            Some(id) => {
                let text = format!(
                    "Before entry {} its head was not as it was written. Run keyport audit verify.",
                    grouped(id)
                );
                self.row("Audit log", bad("Not confirmed"), figure, text)
            }
        }
    }

    fn housekeeping(&self) -> Row {
        let title = "Housekeeping";
        let Some(round) = self.state.housekeeping.get() else {
            let text = "Not run since the start of this instance. It runs soon after the start, and then every hour.".to_owned();
            return self.row(title, hollow("Not yet"), "Not yet".to_owned(), text);
        };
        let badge = match (round.was_done, self.at - round.at > HOUSEKEEPING_LATE) {
            (false, _) => bad("Failed"),
            (true, true) => warn("Late"),
            (true, false) => ok("Done"),
        };
        Row {
            title,
            badge,
            figure: self.times.ago(round.at).text,
            text: "Removes what has no meaning any more, every hour.".to_owned(),
            at: self.times.clock(round.at),
        }
    }

    fn secrets(&self) -> Row {
        let secrets = &self.state.policy.secrets;
        let mine: Vec<&str> = secrets.fingerprints().map(|(id, _)| id).collect();
        let missing: Vec<&str> = (self.database.known_secrets.iter())
            .map(String::as_str)
            .filter(|id| !mine.contains(id))
            .collect();
        let (badge, rest) = if missing.is_empty() {
            (ok("Known"), String::new())
        } else {
            let ids = missing.join(", ");
            (
                warn("Some gone"),
                format!(" Used before and not here: {ids}."),
            )
        };
        let text = format!(
            "Current: {}. In use: {}.{rest}",
            secrets.current_id(),
            mine.join(", ")
        );
        let number = i64::try_from(mine.len()).unwrap_or(i64::MAX);
        self.row("Instance secrets", badge, counted(number, "secret"), text)
    }

    fn stats(&self) -> Vec<Stat> {
        let written = self
            .state
            .recorder
            .figures()
            .written
            .load(std::sync::atomic::Ordering::Relaxed);
        let answers = self.state.figures.totals().answers;
        let verified: u64 = answers.iter().map(|(_, count)| count).sum();
        let number = |number: u64| grouped(i64::try_from(number).unwrap_or(i64::MAX));
        let stat = |label, figure, text| Stat {
            label,
            figure,
            text,
        };
        vec![
            stat("Verifications", number(verified), "since the start"),
            stat("Requests written", number(written), "since the start"),
            stat("keyport", env!("CARGO_PKG_VERSION").to_owned(), "version"),
            stat("Database", self.database.engine.clone(), "version"),
        ]
    }
}

fn answered(was_answered: bool, took: Duration) -> Badge {
    match (was_answered, took > SLOW) {
        (false, _) => bad("No answer"),
        (true, true) => warn("Slow"),
        (true, false) => ok("Answers"),
    }
}

/// "0.4 ms", "12 ms", "1.3 s".
fn millis(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1_000.0;
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 1_000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

fn ok(text: &str) -> Badge {
    badge("ok", text)
}

fn warn(text: &str) -> Badge {
    badge("warn", text)
}

fn bad(text: &str) -> Badge {
    badge("bad", text)
}

fn neutral(text: &str) -> Badge {
    badge("neutral", text)
}

fn hollow(text: &str) -> Badge {
    badge("hollow", text)
}

fn badge(kind: &'static str, text: &str) -> Badge {
    Badge {
        kind,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_to_what_matters() {
        assert_eq!(millis(Duration::from_micros(412)), "0.4 ms");
        assert_eq!(millis(Duration::from_millis(412)), "412 ms");
        assert_eq!(millis(Duration::from_millis(1_340)), "1.3 s");
    }

    #[test]
    fn nothing_is_green_without_an_answer_in_time() {
        assert_eq!(answered(true, SLOW).kind, "ok");
        assert_eq!(answered(true, SLOW * 2).kind, "warn");
        assert_eq!(answered(false, SLOW).kind, "bad");
    }
}
