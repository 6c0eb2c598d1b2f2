//! The first page after signing in: what needs attention.

use actix_web::http::StatusCode;
use askama::Template;

use super::{PageResult, html};
use crate::domain::api_keys::{self, ApiKey, KeyList};
use crate::domain::integrations::provider_keys::{self, Kept, Owner, State};
use crate::domain::integrations::providers::ProviderCatalog;
use crate::domain::security::recovery_codes::FEW;
use crate::domain::security::two_step::{self, TwoStep};
use crate::domain::usage::summary::{self, AttemptsRow};
use crate::store::StoreError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::{Layout, Nav, times};
use crate::web::markup::{Icon, TimeView, icon};
use crate::web::times::{Times, grouped, until_words};

/// Dead keys in use that are named.
const MOST_DEAD: i64 = 5;
/// Most rows of each other kind: who has more has the list for them.
const MOST_ROWS: usize = 5;

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct OverviewPage {
    layout: Layout,
    has_keys: bool,
    attention: Vec<Attention>,
    active: String,
    most_active: String,
    inactive: String,
    ending_soon: String,
    requests: String,
    last_use: Option<TimeView>,
}

struct Attention {
    icon: Icon,
    is_warning: bool,
    title: String,
    detail: String,
    action: &'static str,
    href: String,
}

/// The page.
pub async fn get(me: CurrentAccount) -> PageResult {
    let (id, now) = (me.account.id, me.visitor.now);
    let secrets = me.visitor.state.policy.secrets.clone();
    let found: Result<_, StoreError> = me
        .visitor
        .state
        .pool
        .read(move |db| {
            let counts = api_keys::count(db, id, now)?;
            let soonest = api_keys::list(db, id, KeyList::Active(now), None, None, MOST_ROWS)?;
            let unused = api_keys::list_unused(db, id, now, 5)?;
            let mut dead = Vec::new();
            for attempts in summary::dead_keys_in_use(db, id, now, MOST_DEAD)? {
                if let Some(key) = api_keys::find(db, id, attempts.api_key_id)? {
                    dead.push((key, attempts));
                }
            }
            let day = summary::counts_of_a_day(db, id, now)?;
            let two_step = two_step::find(db, id)?;
            let kept = provider_keys::list(db, &secrets, Owner::Account(id))?;
            Ok((counts, soonest.keys, unused, dead, day, two_step, kept))
        })
        .await;
    let (counts, soonest, unused, dead, day, two_step, kept) = found?;
    let times = times(&me.visitor, &me.account);
    let ending = soonest
        .iter()
        .filter(|key| key.ends_at - now < api_keys::SOON)
        .map(|key| ending_row(key, &me, &times));
    let catalog = &me.visitor.state.catalog;
    let broken = kept
        .iter()
        .filter_map(|(slug, kept)| provider_row(catalog, slug, kept, &times));
    let idle = unused.iter().map(|key| unused_row(key, &times));
    let page = OverviewPage {
        layout: Layout::new(&me.visitor, "Overview", Nav::Overview),
        has_keys: counts.active + counts.inactive > 0,
        attention: (dead.iter())
            .map(|(key, attempts)| dead_row(key, attempts, &times))
            .chain(broken)
            .chain(ending)
            .chain(idle)
            .chain(second_step_row(two_step))
            .collect(),
        active: grouped(counts.active),
        most_active: grouped(me.visitor.state.policy.max_active),
        inactive: grouped(counts.inactive),
        ending_soon: grouped(counts.ending_soon),
        requests: grouped(day.all()),
        last_use: counts.last_used_at.map(|at| times.ago(at)),
    };
    html(StatusCode::OK, &page)
}

fn dead_row(key: &ApiKey, attempts: &AttemptsRow, times: &Times) -> Attention {
    let from = match attempts.address.as_str() {
        "" => String::new(),
        address => format!(" from {address}"),
    };
    Attention {
        icon: icon("triangle-alert"),
        is_warning: true,
        title: format!("Something still uses {}", key.name),
        detail: format!(
            "A secret that no longer works was last presented {}{from}.",
            times.ago(attempts.last_at).text.to_lowercase()
        ),
        action: "View key",
        href: format!("/settings/api/{}", key.id),
    }
}

/// A provider key that works no more.
fn provider_row(
    catalog: &ProviderCatalog,
    slug: &str,
    kept: &Kept,
    times: &Times,
) -> Option<Attention> {
    let name = catalog.find(slug).map_or(slug, |known| &known.name);
    let (title, detail) = match &kept.current.as_ref()?.state {
        State::Refused { status, since, .. } => (
            format!("{name} refuses your key"),
            format!(
                "With {status}, since {}. Requests through keyport fail until you replace it.",
                times.date_time(*since).text
            ),
        ),
        State::CannotBeOpened => (
            format!("Your {name} key cannot be opened"),
            "It was sealed with an instance secret that is gone. Enter it again.".to_owned(),
        ),
        State::Working | State::NotChecked => return None,
    };
    Some(Attention {
        icon: icon("plug"),
        is_warning: true,
        title,
        detail,
        action: "Replace key",
        href: format!("/settings/integrations/{slug}"),
    })
}

fn ending_row(key: &ApiKey, me: &CurrentAccount, times: &Times) -> Attention {
    let used = match &key.last_use {
        Some(last_use) => format!("Last used {}.", times.ago(last_use.at).text.to_lowercase()),
        None => "Not used yet.".to_owned(),
    };
    let is_short_lived = key.ends_at - key.created_at <= api_keys::SOON;
    let (action, href) = if is_short_lived {
        ("View key", format!("/settings/api/{}", key.id))
    } else {
        ("Create replacement", api_keys_new_href(&key.name))
    };
    Attention {
        icon: icon("timer"),
        is_warning: true,
        title: format!(
            "{} expires in {}",
            key.name,
            until_words(key.ends_at - me.visitor.now)
        ),
        detail: format!("{}. {used}", times.date_time(key.ends_at).text),
        action,
        href,
    }
}

fn unused_row(key: &ApiKey, times: &Times) -> Attention {
    let since = match &key.last_use {
        Some(last_use) => format!(
            "was last used {}",
            times.ago(last_use.at).text.to_lowercase()
        ),
        None => "has never been used".to_owned(),
    };
    let end = match key.expires_at {
        Some(at) => format!("It expires on {}.", times.date(at).text),
        None => "It never expires.".to_owned(),
    };
    Attention {
        icon: icon("clock"),
        is_warning: false,
        title: format!("{} {since}", key.name),
        detail: format!("{end} Deactivate it if nothing needs it."),
        action: "Review",
        href: format!("/settings/api/{}", key.id),
    }
}

/// Few recovery codes, or no second step at all.
fn second_step_row(two_step: Option<TwoStep>) -> Option<Attention> {
    let Some(TwoStep { codes_left, .. }) = two_step else {
        return Some(Attention {
            icon: icon("smartphone"),
            is_warning: false,
            title: "Two-step verification is off".to_owned(),
            detail: "Whoever learns your password can sign in. Ask for a code from your phone too."
                .to_owned(),
            action: "Set up",
            href: "/settings/security/two-step".to_owned(),
        });
    };
    let title = match codes_left {
        0 => "No recovery codes are left".to_owned(),
        1 => "1 recovery code is left".to_owned(),
        few if few <= FEW => format!("{few} recovery codes are left"),
        _ => return None,
    };
    Some(Attention {
        icon: icon("list-checks"),
        is_warning: true,
        title,
        detail: "Without one you cannot sign in if you lose your phone.".to_owned(),
        action: "Make new codes",
        href: "/settings/security/recovery-codes".to_owned(),
    })
}

/// The create page with a name filled in.
pub(super) fn api_keys_new_href(name: &str) -> String {
    let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("/settings/api/new?name={name}")
}
