//! Settings > Profile.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use chrono_tz::{TZ_VARIANTS, Tz};
use percent_encoding::NON_ALPHANUMERIC;
use serde::Deserialize;

use super::{PageResult, html, see_other};
use crate::crypto::random::system_rng;
use crate::domain::accounts;
use crate::domain::emails::{self, ChangeEmailError};
use crate::domain::text::{EmailAddress, Name};
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};

const PROFILE: &str = "/settings/profile";

/// The time zones of a region.
struct ZoneGroup {
    region: &'static str,
    zones: Vec<Zone>,
}

struct Zone {
    name: &'static str,
    /// The name without its region: "Buenos Aires".
    place: String,
}

#[derive(Template)]
#[template(path = "pages/profile.html")]
struct ProfilePage {
    layout: Layout,
    name: Field,
    email: Field,
    /// The address that waits to be confirmed.
    waiting: Option<String>,
    has_mail: bool,
    time_zone: Field,
    zone_groups: Vec<ZoneGroup>,
    summary: Option<Summary>,
}

/// What can be changed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    name: String,
    /// `None` where it was not sent: it then stays as it is.
    email: Option<String>,
    time_zone: String,
}

/// The new address of someone who comes back from confirming that it is them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ProfileQuery {
    email: Option<String>,
}

/// The page.
pub async fn get(me: CurrentAccount, query: web::Query<ProfileQuery>) -> PageResult {
    let form = ProfileForm {
        name: me.account.name.clone(),
        email: query.into_inner().email,
        time_zone: me.account.time_zone.name().to_owned(),
    };
    html(StatusCode::OK, &page(&me, &form).await?)
}

/// Changes name and time zone, and asks for another address.
pub async fn post(me: CurrentAccount, form: Form<ProfileForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, &stale.into_kept()).await?;
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let typed = form.email.as_deref().unwrap_or(&me.account.email);
    let (name, email, zone) = (
        Name::parse(&form.name),
        EmailAddress::parse(typed),
        form.time_zone.parse::<Tz>(),
    );
    let (Ok(name), Ok(email), Ok(zone)) = (&name, &email, &zone) else {
        let mut page = page(&me, &form).await?;
        page.name.error = name.err().map(|error| error.to_string());
        page.email.error = email.err().map(|_| "Enter an email address.".to_owned());
        page.time_zone.error = zone
            .err()
            .map(|_| "Choose a time zone of the list.".to_owned());
        return refused(page);
    };
    let changes_email = email.as_str() != me.account.email;
    if changes_email && !me.visitor.has_signed_in_recently() {
        let typed = percent_encoding::utf8_percent_encode(typed, NON_ALPHANUMERIC);
        return Err(PageError::NotConfirmed(format!("{PROFILE}?email={typed}")));
    }
    let (act, account) = (me.visitor.act.clone(), me.account.clone());
    let (name, email, zone) = (name.clone(), email.clone(), *zone);
    let (outbox, asked) = (me.visitor.state.outbox.clone(), email.clone());
    let has_mail = me.visitor.state.site.has_mail;
    let changed: Result<(), ChangeEmailError> = me
        .visitor
        .state
        .pool
        .write(move |db| {
            if changes_email && has_mail {
                let rng = &mut system_rng();
                emails::ask_for_change(db, &act, &outbox, rng, &account, &asked)?;
            } else if changes_email {
                emails::change_unconfirmed(db, &act, &outbox, &account, &asked)?;
            }
            Ok(accounts::change_profile(db, &act, account.id, &name, zone)?)
        })
        .await;
    match changed {
        Ok(()) => {}
        Err(ChangeEmailError::Taken) => {
            let mut page = page(&me, &form).await?;
            page.email
                .refuse("Another account has this address. Choose another one.");
            return refused(page);
        }
        Err(ChangeEmailError::Throttled(throttled)) => {
            let mut page = page(&me, &form).await?;
            page.summary = Some(throttled.into());
            return super::throttled(throttled, &page);
        }
        Err(ChangeEmailError::Store(error)) => return Err(error.into()),
    }
    me.visitor.leave_flash(Flash {
        lead: "Your details were saved.".to_owned(),
        text: if changes_email && has_mail {
            format!("We have sent a link to {email}. Open it to change your address.")
        } else {
            String::new()
        },
    })?;
    Ok(see_other(PROFILE))
}

/// Nothing but the token, among fields that do not matter.
#[derive(Deserialize)]
pub struct CancelForm {}

/// Takes back that the address is to be changed.
pub async fn post_cancel_email(me: CurrentAccount, form: Form<CancelForm>) -> PageResult {
    if form.check().is_err() {
        return Err(PageError::StaleForm);
    }
    let (act, id) = (me.visitor.act.clone(), me.account.id);
    let cancelled: Result<(), StoreError> = (me.visitor.state.pool)
        .write(move |db| emails::cancel_change(db, &act, id))
        .await;
    cancelled?;
    me.visitor.leave_flash(Flash {
        lead: "Your address stays as it is.".to_owned(),
        text: "The link that we sent no longer works.".to_owned(),
    })?;
    Ok(see_other(PROFILE))
}

fn refused(mut page: ProfilePage) -> PageResult {
    page.summary = Summary::listing(
        "Your details were not changed.",
        &[
            ("name", "Name", &page.name),
            ("email", "Email", &page.email),
            ("time_zone", "Time zone", &page.time_zone),
        ],
    );
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn page(me: &CurrentAccount, form: &ProfileForm) -> Result<ProfilePage, PageError> {
    let (id, now) = (me.account.id, me.visitor.now);
    let waiting: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| emails::waiting(db, now, id))
        .await;
    let email = form.email.as_ref().unwrap_or(&me.account.email);
    Ok(ProfilePage {
        layout: Layout::new(&me.visitor, "Profile", Nav::Profile),
        name: Field::with(form.name.clone()),
        email: Field::with(email.clone()),
        waiting: waiting?,
        has_mail: me.visitor.state.site.has_mail,
        time_zone: Field::with(form.time_zone.clone()),
        zone_groups: zone_groups(),
        summary: None,
    })
}

/// All zones by region, each region once: "Europe/Berlin" is Berlin in Europe. First UTC and the others that have none.
fn zone_groups() -> Vec<ZoneGroup> {
    let mut regions: BTreeMap<&'static str, Vec<Zone>> = BTreeMap::new();
    let mut without_region = vec![Zone::new("UTC", "UTC")];
    for name in TZ_VARIANTS.iter().map(|zone| zone.name()) {
        match name.split_once('/') {
            Some((region, place)) => regions
                .entry(region)
                .or_default()
                .push(Zone::new(name, place)),
            None if name == "UTC" => {}
            None => without_region.push(Zone::new(name, name)),
        }
    }
    let first = ZoneGroup {
        region: "Without a region",
        zones: without_region,
    };
    let others = regions
        .into_iter()
        .map(|(region, zones)| ZoneGroup { region, zones });
    std::iter::once(first).chain(others).collect()
}

impl Zone {
    fn new(name: &'static str, place: &str) -> Self {
        Self {
            name,
            place: place.replace('_', " ").replace('/', ", "),
        }
    }
}
