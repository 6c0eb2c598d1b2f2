//! `/metrics` for Prometheus, on an address of its own: how much an instance is used is for its operator alone.
//!
//! Nothing is counted here. What other parts count in plain numbers becomes text when someone asks for it. No label has
//! a value that comes from a request, so there are always as many series, and no key or name can get into one.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, guard};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::prometheus_text::{self, CONTENT_TYPE};
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::{Registry, Unit};

use super::state::AppState;

/// The route table of the metrics' own server; everything else is 404 there.
pub fn routes(config: &mut ServiceConfig) {
    config.route(
        "/metrics",
        web::route()
            .guard(guard::Any(guard::Get()).or(guard::Head()))
            .to(scrape),
    );
}

/// The metrics of a running keyport, for [`routes`] to find as app data.
pub fn registry(state: AppState) -> Registry {
    let mut registry = Registry::with_prefix("keyport");
    registry.register_collector(Box::new(Figures(state)));
    registry
}

async fn scrape(registry: web::Data<Registry>) -> HttpResponse {
    let mut text = String::new();
    match prometheus_text::encode(&mut text, &registry) {
        Ok(()) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, CONTENT_TYPE))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Reads the figures of all parts.
struct Figures(AppState);

impl fmt::Debug for Figures {
    /// Nothing of the state, which has secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Figures")
    }
}

impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut text = Text(encoder);
        text.family(
            "build_info",
            "Always 1; the label is the version that runs.",
            MetricType::Gauge,
            |family| gauge(family, ("version", env!("CARGO_PKG_VERSION")), &1_u64),
        )?;
        self.verification(&mut text)?;
        self.pool(&mut text)?;
        self.usage(&mut text)
    }
}

impl Figures {
    fn verification(&self, text: &mut Text<'_>) -> fmt::Result {
        let totals = self.0.figures.totals();
        text.family(
            "verifications",
            "Answers to requests that a key was asked of, by code.",
            MetricType::Counter,
            |family| {
                (totals.answers.iter()).try_for_each(|(answer, count)| {
                    counter(
                        &mut family.encode_family(&[("code", answer.code())])?,
                        count,
                    )
                })
            },
        )?;
        text.one(
            "verification_duration",
            "From the presented key to the verdict, or to the answer that there can be none now.",
            Some(&Unit::Seconds),
            MetricType::Histogram,
            |metric| {
                let count = totals.durations.iter().map(|(_, count)| count).sum();
                let took = totals.took.as_secs_f64();
                metric.encode_histogram::<NoLabelSet>(took, count, &totals.durations, None)
            },
        )?;
        text.gauge(
            "verifier_waiting_batches",
            "Batches that the verifier has not taken yet.",
            None,
            &whole(self.0.engine.waiting()),
        )?;
        text.gauge(
            "verifier_waiting_questions",
            "Presented keys that are not looked up yet.",
            None,
            &totals.waiting,
        )
    }

    fn pool(&self, text: &mut Text<'_>) -> fmt::Result {
        let connections = self.0.pool.connections();
        text.family(
            "pool_connections",
            "Open connections to the database; the verifier has one more of its own.",
            MetricType::Gauge,
            |family| {
                gauge(family, ("state", "idle"), &u64::from(connections.idle))?;
                gauge(family, ("state", "in_use"), &u64::from(connections.in_use))
            },
        )?;
        text.gauge(
            "pool_connections_max",
            "The most connections that the pool may have open.",
            None,
            &u64::from(connections.most),
        )
    }

    fn usage(&self, text: &mut Text<'_>) -> fmt::Result {
        let figures = self.0.recorder.figures();
        text.counter(
            "usage_requests_written",
            "Requests that the usage log has counted and written.",
            &figures.written,
        )?;
        text.counter(
            "redis_failures",
            "Times that Redis did not answer, and this instance counted rate limits alone.",
            &AtomicU64::new(self.0.limits.redis_failures()),
        )?;
        text.counter(
            "usage_details_left_out",
            "Requests that are counted, but not kept in detail.",
            &figures.details_left_out,
        )?;
        text.counter(
            "usage_flush_failures",
            "Attempts to write the usage log that failed; it is written with the next.",
            &figures.failed_flushes,
        )?;
        text.gauge(
            "usage_flush_age",
            "How long ago the usage log was last written whole, or had nothing to write.",
            Some(&Unit::Seconds),
            &figures.since_flush().as_secs_f64(),
        )?;
        let last = Duration::from_micros(figures.last_flush_us.load(Ordering::Relaxed));
        text.gauge(
            "usage_last_flush_duration",
            "How long the last attempt to write the usage log took.",
            Some(&Unit::Seconds),
            &last.as_secs_f64(),
        )
    }
}

/// Writes one metric after the other.
struct Text<'a>(DescriptorEncoder<'a>);

impl Text<'_> {
    fn one(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        kind: MetricType,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        write(&mut self.0.encode_descriptor(name, help, unit, kind)?)
    }

    fn family(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.one(name, help, None, kind, write)
    }

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: &impl EncodeGaugeValue,
    ) -> fmt::Result {
        self.one(name, help, unit, MetricType::Gauge, |metric| {
            metric.encode_gauge(value)
        })
    }

    fn counter(&mut self, name: &str, help: &str, value: &AtomicU64) -> fmt::Result {
        let value = value.load(Ordering::Relaxed);
        self.one(name, help, None, MetricType::Counter, |metric| {
            counter(metric, &value)
        })
    }
}

fn gauge(
    family: &mut MetricEncoder<'_>,
    label: (&str, &str),
    value: &impl EncodeGaugeValue,
) -> fmt::Result {
    family.encode_family(&[label])?.encode_gauge(value)
}

fn counter(metric: &mut MetricEncoder<'_>, value: &impl EncodeCounterValue) -> fmt::Result {
    metric.encode_counter(value, None::<&Exemplar<NoLabelSet, f64>>)
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
