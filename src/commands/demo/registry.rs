//! The registered records of the demonstration: documentation addresses, example.com and 555-01xx numbers only.

use super::accounts::DAY;
use super::scene::{Event, Scene};
use crate::commands::{CommandError, refuse};
use crate::domain::mail::Outbox;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::fields::{
    AddressFields, BlockFields, ContactFields, ContactLinkFields, CustomerFields, NetworkFields,
    OrganizationFields, PhoneFields, PhoneKind,
};
use crate::domain::registry::functions::Function::{self, Abuse, Admin, Noc, Tech};
use crate::domain::registry::{Expected, tickets};
use crate::domain::registry::{checks, contacts, links, networks, organizations};
use crate::ids::AccountId;
use crate::store::Db;

const MAREN: &str = "maren@example.com";
const INES: &str = "ines@example.com";
const TOMAS: &str = "tomas@example.com";
const OUTSIDER: &str = "outsider@example.com";

/// What is missing yet: everything, or nothing if one of the accounts acts for a contact.
pub(super) fn events(db: &mut Db, scene: &Scene<'_>) -> Result<Vec<Event>, CommandError> {
    for email in [MAREN, INES, TOMAS] {
        if let Some(account) = scene.find(email)
            && !links::list_for_account(db, account.id)?.is_empty()
        {
            return Ok(Vec::new());
        }
    }
    let mut events = contacts_and_organizations();
    events.extend(allocations());
    events.extend(cut());
    Ok(events)
}

/// Whom reports are granted to, if the records were made in this run: an organization and an account.
pub(super) fn new_grantees(scene: &Scene<'_>) -> Option<(String, AccountId)> {
    scene
        .made("harbor")
        .cloned()
        .zip(scene.find(OUTSIDER).map(|outsider| outsider.id))
}

fn contacts_and_organizations() -> Vec<Event> {
    vec![
        contact(620, MAREN, "maren", || {
            person("Maren", "Okafor", MAREN, "0142")
        }),
        contact(619, MAREN, "noc", || {
            role("Network Operations", "noc@example.com", "0143")
        }),
        contact(618, INES, "abuse", || {
            role("Abuse", "abuse@example.com", "0144")
        }),
        contact(560, TOMAS, "tomas", || {
            person("Tomas", "Rey", TOMAS, "0161")
        }),
        organization(
            600,
            MAREN,
            "harbor",
            || harbor("Harbor Example Networks", "https://harbor.example.com/"),
            &[
                ("maren", Admin),
                ("maren", Tech),
                ("abuse", Abuse),
                ("noc", Noc),
            ],
        ),
        organization(
            550,
            TOMAS,
            "lantern",
            || {
                lantern(
                    "Lantern Example Cooperative",
                    "https://lantern.example.com/",
                )
            },
            &[("tomas", Admin), ("tomas", Tech), ("tomas", Abuse)],
        ),
    ]
}

fn allocations() -> Vec<Event> {
    vec![
        allocation(590, "harbor", "HARBOR-V4-1", "192.0.2.0", "24"),
        allocation(589, "harbor", "HARBOR-V4-2", "198.51.100.0", "24"),
        allocation(588, "harbor", "HARBOR-V6", "2001:db8::", "32"),
        allocation(540, "lantern", "LANTERN-V4", "203.0.113.0", "24"),
    ]
}

fn cut() -> Vec<Event> {
    vec![
        reassignment(400, "HARBOR-V4-1", "RESIDENCE", "192.0.2.0", "28", || {
            customer("Jo Sample", "12 Hill Lane", true)
        }),
        reassignment(
            300,
            "HARBOR-V4-1",
            "LIGHTHOUSE-CAFE",
            "192.0.2.64",
            "26",
            || CustomerFields {
                address: address(&["1 Point Road"], "Halifax", "NS", "B3H 0A1", "CA"),
                ..customer("Lighthouse Cafe", "1 Point Road", false)
            },
        ),
        Event::new(280 * DAY, |db, scene, at| {
            let fields = to_lantern(scene, "LANTERN-FROM-HARBOR", "198.51.100.0", "25")?;
            let (maren, parent) = (scene.account(MAREN)?, scene.handle("HARBOR-V4-2")?);
            let act = scene.by(&maren, at);
            done(networks::reallocate(db, &act, maren.id, &parent, &fields))?;
            Ok(())
        }),
        Event::new(270 * DAY, |db, scene, at| {
            let fields = to_lantern(scene, "LANTERN-V6", "2001:db8:1000::", "48")?;
            let (maren, parent) = (scene.account(MAREN)?, scene.handle("HARBOR-V6")?);
            let act = scene.by(&maren, at);
            done(networks::reassign(db, &act, maren.id, &parent, &fields))?;
            Ok(())
        }),
        // One network of Harbor's is Tomas's to cut.
        Event::new(200 * DAY, |db, scene, at| {
            let fields = NetworkFields {
                name: Some("HARBOR-V4-1".to_owned()),
                contacts: Some(vec![link(scene, "tomas", Tech)?]),
                ..NetworkFields::default()
            };
            let (maren, network) = (scene.account(MAREN)?, scene.handle("HARBOR-V4-1")?);
            let (act, any) = (scene.by(&maren, at), Expected::Any);
            done(networks::change(
                db, &act, maren.id, &network, &fields, &any,
            ))?;
            Ok(())
        }),
        Event::new(2 * DAY, |db, scene, at| {
            let outsider = scene.account(OUTSIDER)?;
            let Ok(noc) = scene.handle("noc")?.parse() else {
                return refuse("the contact has no handle");
            };
            let act = scene.by(&outsider, at);
            done(tickets::opening::open_link_request(
                db,
                &act,
                outsider.id,
                &noc,
            ))?;
            Ok(())
        }),
    ]
}

/// A contact that its maker is linked to.
fn contact(
    days: i64,
    maker: &'static str,
    what: &'static str,
    fields: fn() -> ContactFields,
) -> Event {
    Event::new(days * DAY, move |db, scene, at| {
        let maker = scene.account(maker)?;
        let (act, outbox) = (
            scene.by(&maker, at),
            Outbox::new(scene.policy.secrets.clone()),
        );
        let (me, suffix, fields) = (maker.id, scene.suffix, fields());
        // Linked by itself: making the link with it would mail that.
        let made = done(contacts::create(
            db, &act, &outbox, me, suffix, &fields, false,
        ))?;
        done(links::link(db, &act, me, made.handle.as_str()))?;
        scene.name(what, made.handle);
        Ok(())
    })
}

fn organization(
    days: i64,
    owner: &'static str,
    what: &'static str,
    fields: fn() -> OrganizationFields,
    contacts: &'static [(&'static str, Function)],
) -> Event {
    Event::new(days * DAY, move |db, scene, at| {
        let links: Result<_, _> = (contacts.iter())
            .map(|(contact, function)| link(scene, contact, *function))
            .collect();
        let fields = OrganizationFields {
            contacts: Some(links?),
            ..fields()
        };
        let new = done(checks::new_organization(&fields).map_err(RegistryError::Invalid))?;
        let (act, owner) = (scene.by_command(at), scene.account(owner)?);
        let made = done(organizations::create(db, &act, Some(owner.id), &new))?;
        scene.name(what, made.handle);
        Ok(())
    })
}

/// A direct allocation, which is remembered by its name.
fn allocation(
    days: i64,
    organization: &'static str,
    name: &'static str,
    start: &'static str,
    length: &'static str,
) -> Event {
    Event::new(days * DAY, move |db, scene, at| {
        let fields = NetworkFields {
            organization: Some(scene.handle(organization)?),
            ..network(name, start, length)
        };
        let act = scene.by_command(at);
        let made = done(networks::allocate(db, &act, &fields))?;
        scene.name(name, made.handle);
        Ok(())
    })
}

/// A network that Maren reassigns to a customer who is made with it.
fn reassignment(
    days: i64,
    parent: &'static str,
    name: &'static str,
    start: &'static str,
    length: &'static str,
    customer: fn() -> CustomerFields,
) -> Event {
    Event::new(days * DAY, move |db, scene, at| {
        let fields = NetworkFields {
            customer: Some(customer()),
            ..network(name, start, length)
        };
        let (maren, parent) = (scene.account(MAREN)?, scene.handle(parent)?);
        let act = scene.by(&maren, at);
        done(networks::reassign(db, &act, maren.id, &parent, &fields))?;
        Ok(())
    })
}

fn to_lantern(
    scene: &Scene<'_>,
    name: &str,
    start: &str,
    length: &str,
) -> Result<NetworkFields, CommandError> {
    Ok(NetworkFields {
        organization: Some(scene.handle("lantern")?),
        ..network(name, start, length)
    })
}

fn network(name: &str, start: &str, length: &str) -> NetworkFields {
    NetworkFields {
        name: Some(name.to_owned()),
        blocks: Some(vec![BlockFields {
            start: Some(start.to_owned()),
            length: Some(length.to_owned()),
            ..BlockFields::default()
        }]),
        ..NetworkFields::default()
    }
}

fn link(
    scene: &Scene<'_>,
    contact: &str,
    function: Function,
) -> Result<ContactLinkFields, CommandError> {
    Ok(ContactLinkFields {
        handle: Some(scene.handle(contact)?),
        function: Some(function),
    })
}

fn person(first: &str, last: &str, email: &str, digits: &str) -> ContactFields {
    ContactFields {
        is_role: Some(false),
        first_name: Some(first.to_owned()),
        company_name: None,
        ..role(last, email, digits)
    }
}

fn role(name: &str, email: &str, digits: &str) -> ContactFields {
    ContactFields {
        is_role: Some(true),
        company_name: Some("Harbor Example Networks".to_owned()),
        last_name: Some(name.to_owned()),
        address: address(&["4 Quay Street"], "Portland", "ME", "04101", "US"),
        emails: Some(vec![email.to_owned()]),
        phones: Some(vec![PhoneFields {
            kind: Some(PhoneKind::Office),
            number: Some(format!("+1.207.555.{digits}")),
            extension: None,
        }]),
        ..ContactFields::default()
    }
}

fn harbor(name: &str, url: &str) -> OrganizationFields {
    OrganizationFields {
        name: Some(name.to_owned()),
        url: Some(url.to_owned()),
        address: address(&["4 Quay Street"], "Portland", "ME", "04101", "US"),
        ..OrganizationFields::default()
    }
}

fn lantern(name: &str, url: &str) -> OrganizationFields {
    OrganizationFields {
        address: address(&["27 Mill Row"], "Halifax", "NS", "B3H 0A2", "CA"),
        ..harbor(name, url)
    }
}

fn customer(name: &str, street: &str, is_private: bool) -> CustomerFields {
    CustomerFields {
        name: Some(name.to_owned()),
        is_private: Some(is_private),
        address: address(&[street], "Portland", "ME", "04101", "US"),
        ..CustomerFields::default()
    }
}

fn address(
    street: &[&str],
    city: &str,
    state: &str,
    postal_code: &str,
    country: &str,
) -> AddressFields {
    AddressFields {
        street: street.iter().map(|line| (*line).to_owned()).collect(),
        city: Some(city.to_owned()),
        state: Some(state.to_owned()),
        postal_code: Some(postal_code.to_owned()),
        country_code2: Some(country.to_owned()),
        country_code3: None,
    }
}

fn done<T>(result: Result<T, RegistryError>) -> Result<T, CommandError> {
    match result {
        Ok(value) => Ok(value),
        Err(RegistryError::Store(error)) => Err(error.into()),
        Err(error) => refuse(error.to_string()),
    }
}
