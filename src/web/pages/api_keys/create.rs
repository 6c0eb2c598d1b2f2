//! Creating a key: the form, and the one page that ever shows the full key, which is the form's own answer.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;

use super::super::PageResult;
use super::shown::{already_shown, shown};
use super::{LIST, html};
use crate::crypto::random::{base62_text, system_rng};
use crate::domain::api_keys::addresses::{AllowedAddresses, BadAddresses};
use crate::domain::api_keys::expiry::{self, BadExpiry, Expiry, Life};
use crate::domain::api_keys::rate_limit::RateLimit;
use crate::domain::api_keys::scopes::{Access, Scope, needs_operator};
use crate::domain::api_keys::{self, CreateKeyError, NewApiKey};
use crate::domain::integrations::limits::CallLimits;
use crate::domain::text::Name;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Layout, Nav, times};
use crate::web::times::{counted, grouped};

#[derive(Template)]
#[template(path = "pages/api_keys/create.html")]
struct CreatePage {
    layout: Layout,
    summary: Option<Summary>,
    form_id: String,
    name: Field,
    choices: Vec<Choice>,
    /// Chosen word, and the error of the whole choice.
    expires_in: Field,
    expires_on: Field,
    first_day: String,
    last_day: Option<String>,
    zone: String,
    access: Field,
    allowed_addresses: Field,
    rate_limit: Field,
    scopes: Vec<ScopeChoice>,
    owner: String,
}

impl CreatePage {
    fn chooses(&self, word: &str) -> bool {
        self.expires_in.value == word
    }

    /// Limits are open where something in them needs to be seen.
    fn shows_limits(&self) -> bool {
        self.access.value == "chosen"
            || self.access.error.is_some()
            || [&self.allowed_addresses, &self.rate_limit]
                .iter()
                .any(|field| !field.value.is_empty())
    }
}

struct Choice {
    word: &'static str,
    label: &'static str,
    job: &'static str,
    until: String,
    is_suggested: bool,
}

struct ScopeChoice {
    name: String,
    description: String,
    is_chosen: bool,
}

/// What the link that leads here fills in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CreateQuery {
    name: String,
}

/// What is filled in.
#[derive(Deserialize)]
#[serde(default)]
pub struct CreateForm {
    form_id: String,
    name: String,
    expires_in: String,
    expires_on: String,
    access: String,
    scope: Vec<String>,
    allowed_addresses: String,
    rate_limit: String,
}

impl Default for CreateForm {
    fn default() -> Self {
        Self {
            form_id: String::new(),
            name: String::new(),
            expires_in: String::new(),
            expires_on: String::new(),
            access: "all".to_owned(),
            scope: Vec::new(),
            allowed_addresses: String::new(),
            rate_limit: String::new(),
        }
    }
}

/// The form.
pub async fn get(RecentSignIn(me): RecentSignIn, query: web::Query<CreateQuery>) -> PageResult {
    let preselected = me.visitor.state.policy.scopes.iter();
    let form = CreateForm {
        name: query.into_inner().name,
        scope: preselected
            .filter(|known| known.preselected)
            .map(|known| known.scope.to_string())
            .collect(),
        expires_in: Life::suggested(me.visitor.state.policy.longest_life)
            .word()
            .to_owned(),
        ..CreateForm::default()
    };
    html(StatusCode::OK, &page(&me, form))
}

/// Creates the key. The answer shows it; the form cannot be used a second time.
pub async fn post(RecentSignIn(me): RecentSignIn, form: Form<CreateForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) if !form.form_id.is_empty() => form,
        Ok(kept) => return stale(&me, kept),
        Err(kept) => return stale(&me, kept.into_kept()),
    };
    let form_id = form.form_id.clone();
    let mut page = page(&me, form);
    let Some(new) = parse(&me, &mut page) else {
        return refused(page);
    };
    let (policy, outbox) = (
        me.visitor.state.policy.clone(),
        me.visitor.state.outbox.clone(),
    );
    let (act, owner) = (me.visitor.act.clone(), me.account.id);
    let created = me
        .visitor
        .state
        .pool
        .write(move |db| {
            let rng = &mut system_rng();
            let made = api_keys::create_from_form(db, &act, &policy, rng, owner, &form_id, new)?;
            outbox.tell_created(db, &act, &made.0)?;
            Ok(made)
        })
        .await;
    match created {
        Ok((key, full_key)) => html(StatusCode::CREATED, &shown(&me, &key, &full_key, None)),
        Err(CreateKeyError::FormUsed(key)) => already_shown(&me, key),
        Err(CreateKeyError::LimitReached(most)) => {
            page.summary = Some(Summary::of(
                "The key was not created.",
                format!(
                    "You have {} active keys, the most an account may have. Deactivate one first.",
                    grouped(most)
                ),
            ));
            refused(page)
        }
        Err(CreateKeyError::Store(error)) => Err(PageError::from(error)),
    }
}

fn stale(me: &CurrentAccount, kept: CreateForm) -> PageResult {
    let mut page = page(me, kept);
    page.summary = Some(Summary::stale());
    refused(page)
}

fn refused(mut page: CreatePage) -> PageResult {
    if page.summary.is_none() {
        let (expiry_id, expiry_field) = if page.expires_on.error.is_some() {
            ("expires_on", &page.expires_on)
        } else {
            ("expires_in-1h", &page.expires_in)
        };
        page.summary = Summary::listing(
            "The key was not created.",
            &[
                ("name", "Name", &page.name),
                (expiry_id, "Expires after", expiry_field),
                ("access-chosen", "Access", &page.access),
                (
                    "allowed_addresses",
                    "Allowed addresses",
                    &page.allowed_addresses,
                ),
                ("rate_limit", "Rate limit", &page.rate_limit),
            ],
        );
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Makes a key-to-be of what was filled in; puts messages beside the fields where that fails.
fn parse(me: &CurrentAccount, page: &mut CreatePage) -> Option<NewApiKey> {
    let name = Name::parse(&page.name.value).map_err(|error| page.name.refuse(error.to_string()));
    let expires_at = parse_expiry(me, page);
    let access = parse_access(me, page).map_err(|message| page.access.refuse(message));
    let addresses = &mut page.allowed_addresses;
    let allowed_addresses = AllowedAddresses::parse(addresses.value.lines())
        .map_err(|error| addresses.refuse(address_words(&error)));
    let rate = &mut page.rate_limit;
    let rate_limit = RateLimit::parse(&rate.value).map_err(|error| rate.refuse(error.to_string()));
    Some(NewApiKey {
        allowed_addresses: allowed_addresses.ok()?,
        rate_limit: rate_limit.ok()?,
        name: name.ok()?,
        expires_at: expires_at?,
        access: access.ok()?,
        call_limits: CallLimits::default(),
    })
}

fn address_words(error: &BadAddresses) -> String {
    match error {
        BadAddresses::Entry { number, .. } => format!("Line {number}: {error}"),
        BadAddresses::TooMany(_) => error.to_string(),
    }
}

/// `None` if it was refused; inside, `None` for never.
fn parse_expiry(
    me: &CurrentAccount,
    page: &mut CreatePage,
) -> Option<Option<crate::clock::Timestamp>> {
    let word = page.expires_in.value.clone();
    let is_custom = word == "custom";
    let expiry = match word.as_str() {
        "never" => Expiry::Never,
        "custom" => match date(&page.expires_on.value) {
            Some(date) => Expiry::EndOf(date),
            None => {
                page.expires_on
                    .refuse("Enter a date that exists, like 2027-03-31.");
                return None;
            }
        },
        word => {
            let Some(life) = Life::from_word(word) else {
                page.expires_in.refuse("Choose one of these.");
                return None;
            };
            Expiry::After(life)
        }
    };
    let longest = me.visitor.state.policy.longest_life;
    match expiry.resolve(me.visitor.now, me.account.time_zone, longest) {
        Ok(end) => Some(end),
        Err(error) => {
            let field = if is_custom {
                &mut page.expires_on
            } else {
                &mut page.expires_in
            };
            field.refuse(match error {
                BadExpiry::Past => "Choose today or a later date.".to_owned(),
                BadExpiry::TooFar => "Choose a date within 100 years.".to_owned(),
                BadExpiry::LongerThan(longest) => {
                    let days = counted(longest.num_days(), "day");
                    let mut words = format!("The longest life allowed here is {days}.");
                    if let Some(day) = last_day(me).filter(|_| is_custom) {
                        words.push_str(&format!(" Choose {} or an earlier date.", date_words(day)));
                    }
                    words
                }
            });
            None
        }
    }
}

/// The last day that can be chosen, if the operator allows no longer life.
fn last_day(me: &CurrentAccount) -> Option<NaiveDate> {
    let longest = me.visitor.state.policy.longest_life;
    expiry::last_day(me.visitor.now, me.account.time_zone, longest)
}

/// As in "22 Nov 2026".
fn date_words(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// A date as browsers send it (HTML Standard, "valid date string"), of four-digit years.
fn date(text: &str) -> Option<NaiveDate> {
    // chrono reads signs, spaces and single digits as well.
    let has_form = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    (text.len() == 10 && has_form)
        .then(|| text.parse().ok())
        .flatten()
}

fn parse_access(me: &CurrentAccount, page: &CreatePage) -> Result<Access, String> {
    match page.access.value.as_str() {
        "all" => return Ok(Access::All),
        "chosen" => {}
        _ => return Err("Choose one of these.".to_owned()),
    }
    let mut chosen: BTreeSet<Scope> = BTreeSet::new();
    for choice in page.scopes.iter().filter(|choice| choice.is_chosen) {
        let scope = me.visitor.state.policy.scopes.find(&choice.name);
        let scope = scope.ok_or_else(|| format!("There is no scope “{}” here.", choice.name))?;
        if needs_operator(scope.as_str()) && !api_keys::may_choose_operator_scopes(&me.account) {
            return Err(format!("Only operators may choose {scope}."));
        }
        chosen.insert(scope.clone());
    }
    if chosen.is_empty() {
        return Err("Choose at least one scope.".to_owned());
    }
    Ok(Access::Chosen(chosen))
}

fn page(me: &CurrentAccount, form: CreateForm) -> CreatePage {
    let form_id = match form.form_id.as_str() {
        "" => base62_text(&mut system_rng(), 22),
        kept => kept.to_owned(),
    };
    CreatePage {
        layout: Layout::new(&me.visitor, "Create API key", Nav::ApiKeys)
            .with_crumbs(&[("API keys", LIST)], "Create"),
        summary: None,
        form_id,
        choices: choices(me),
        expires_in: Field::with(form.expires_in),
        expires_on: Field::with(form.expires_on),
        first_day: times(&me.visitor, &me.account).today().to_string(),
        last_day: last_day(me).map(|day| day.to_string()),
        zone: times(&me.visitor, &me.account).zone_name(),
        access: Field::with(form.access),
        allowed_addresses: Field::with(form.allowed_addresses),
        rate_limit: Field::with(form.rate_limit),
        scopes: scope_choices(me, form.scope),
        owner: me.account.name.clone(),
        name: Field::with(form.name),
    }
}

/// The lives that the operator allows, with the end that each means for a key made now.
fn choices(me: &CurrentAccount) -> Vec<Choice> {
    const JOBS: [(Life, &str, &str); 5] = [
        (Life::Hour, "1 hour", "One-off scripts"),
        (Life::Days7, "7 days", "Trying out an integration"),
        (Life::Days30, "30 days", "Monthly rotation"),
        (Life::Days90, "90 days", "Default for production"),
        (Life::Year, "1 year", "Long-lived, low-risk jobs"),
    ];
    let times = times(&me.visitor, &me.account);
    let longest = me.visitor.state.policy.longest_life;
    let allowed = |life: TimeDelta| longest.is_none_or(|longest| life <= longest);
    let lives = JOBS
        .into_iter()
        .filter(|(life, ..)| allowed(life.duration()))
        .map(|(life, label, job)| Choice {
            is_suggested: life == Life::suggested(longest),
            word: life.word(),
            label,
            job,
            until: format!(
                "Until {}",
                times
                    .date(me.visitor.now + life.duration())
                    .text
                    .replace("Today", "today")
            ),
        });
    let never = longest.is_none().then_some(Choice {
        word: "never",
        label: "Never",
        job: "Only you can end it",
        until: "No end date".to_owned(),
        is_suggested: false,
    });
    lives.chain(never).collect()
}

/// The scopes that this account may choose. Chosen names that are none of them are kept, to be refused by name.
fn scope_choices(me: &CurrentAccount, chosen: Vec<String>) -> Vec<ScopeChoice> {
    let catalog = &me.visitor.state.policy.scopes;
    let is_operator = api_keys::may_choose_operator_scopes(&me.account);
    let offered = catalog
        .iter()
        .filter(|known| is_operator || !needs_operator(known.scope.as_str()))
        .map(|known| ScopeChoice {
            name: known.scope.to_string(),
            description: known.description.clone(),
            is_chosen: chosen.iter().any(|name| name == known.scope.as_str()),
        });
    let mut choices: Vec<ScopeChoice> = offered.collect();
    for name in chosen {
        if !choices.iter().any(|choice| choice.name == name) {
            choices.push(ScopeChoice {
                name,
                description: String::new(),
                is_chosen: true,
            });
        }
    }
    choices
}
