//! Settings > Profile.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use askama::Template;
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::Deserialize;

use super::{PageResult, html, see_other};
use crate::domain::accounts;
use crate::domain::text::Name;
use crate::store::StoreError;
use crate::web::extract::form::Form;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};

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
    email: String,
    time_zone: Field,
    zone_groups: Vec<ZoneGroup>,
    summary: Option<Summary>,
}

/// What can be changed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    name: String,
    time_zone: String,
}

/// The page.
pub async fn get(me: CurrentAccount) -> PageResult {
    let form = ProfileForm {
        name: me.account.name.clone(),
        time_zone: me.account.time_zone.name().to_owned(),
    };
    html(StatusCode::OK, &page(&me, &form))
}

/// Changes name and time zone.
pub async fn post(me: CurrentAccount, form: Form<ProfileForm>) -> PageResult {
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let mut page = page(&me, &stale.into_kept());
            page.summary = Some(Summary::stale());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let (name, zone) = (Name::parse(&form.name), form.time_zone.parse::<Tz>());
    let (Ok(name), Ok(zone)) = (&name, &zone) else {
        let mut page = page(&me, &form);
        page.name.error = name.err().map(|error| error.to_string());
        page.time_zone.error = zone
            .err()
            .map(|_| "Choose a time zone of the list.".to_owned());
        page.summary = Summary::listing(
            "Your details were not changed.",
            &[
                ("name", "Name", &page.name),
                ("time_zone", "Time zone", &page.time_zone),
            ],
        );
        page.layout.title = format!("Error: {}", page.layout.title);
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let (act, id, name, zone) = (me.visitor.act.clone(), me.account.id, name.clone(), *zone);
    let changed: Result<(), StoreError> = me
        .visitor
        .state
        .pool
        .write(move |db| accounts::change_profile(db, &act, id, &name, zone))
        .await;
    changed?;
    me.visitor.leave_flash(Flash {
        lead: "Your details were saved.".to_owned(),
        text: String::new(),
    })?;
    Ok(see_other("/settings/profile"))
}

fn page(me: &CurrentAccount, form: &ProfileForm) -> ProfilePage {
    ProfilePage {
        layout: Layout::new(&me.visitor, "Profile", Nav::Profile),
        name: Field::with(form.name.clone()),
        email: me.account.email.clone(),
        time_zone: Field::with(form.time_zone.clone()),
        zone_groups: zone_groups(),
        summary: None,
    }
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
