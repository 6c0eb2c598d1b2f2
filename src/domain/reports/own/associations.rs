//! What the links of an account reach: a line for each contact, object and function.

use std::collections::BTreeMap;
use std::io::Write;

use super::super::ReportError;
use super::BATCH;
use super::cells::Lines;
use crate::ids::AccountId;
use crate::store::Db;
use crate::store::registry::reach::{self, AssociationRow};
use crate::store::registry::{contacts, networks, organizations};

/// Writes it.
pub(super) fn write<W: Write>(
    db: &mut Db,
    me: AccountId,
    lines: &mut Lines<W>,
) -> Result<(), ReportError> {
    lines.line([
        "contact",
        "contact_type",
        "object_type",
        "object",
        "object_name",
        "function",
        "via",
    ])?;
    let mut of_organizations = reach::organizations_of(db, me)?;
    let mut of_networks = reach::networks_of(db, me)?;
    of_organizations.sort_by(|one, other| order(one).cmp(&order(other)));
    of_networks.sort_by(|one, other| order(one).cmp(&order(other)));
    let kinds = kinds(db, of_organizations.iter().chain(&of_networks))?;
    let kind = |row: &AssociationRow| kinds.get(&row.contact).copied().unwrap_or_default();
    let names = |rows: Vec<(String, String)>| rows.into_iter().collect::<BTreeMap<_, _>>();
    let organization_names = names(organizations::names(db, &objects(&of_organizations))?);
    for row in &of_organizations {
        let name = organization_names
            .get(&row.object)
            .map_or("", String::as_str);
        lines.line([
            row.contact.as_str(),
            kind(row),
            "org",
            &row.object,
            name,
            &row.function,
            "direct",
        ])?;
    }
    let network_names = names(networks::names(db, &objects(&of_networks))?);
    for row in &of_networks {
        let name = network_names.get(&row.object).map_or("", String::as_str);
        lines.line([
            row.contact.as_str(),
            kind(row),
            "net",
            &row.object,
            name,
            &row.function,
            "direct",
        ])?;
    }
    for row in &of_organizations {
        let mut last = String::new();
        loop {
            let found = networks::names_of_organization_behind(db, &row.object, &last, BATCH)?;
            let Some((handle, _)) = found.last() else {
                break;
            };
            last.clone_from(handle);
            for (network, name) in &found {
                let cells = [
                    row.contact.as_str(),
                    kind(row),
                    "net",
                    network,
                    name,
                    &row.function,
                    "organization",
                ];
                lines.line(cells)?;
            }
        }
    }
    Ok(())
}

/// The same on both databases.
fn order(row: &AssociationRow) -> (&str, &str, &str) {
    (&row.object, &row.contact, &row.function)
}

fn objects(rows: &[AssociationRow]) -> Vec<String> {
    let mut objects: Vec<String> = rows.iter().map(|row| row.object.clone()).collect();
    objects.dedup();
    objects
}

fn kinds<'a>(
    db: &mut Db,
    rows: impl Iterator<Item = &'a AssociationRow>,
) -> Result<BTreeMap<String, &'static str>, ReportError> {
    let mut handles: Vec<String> = rows.map(|row| row.contact.clone()).collect();
    handles.sort();
    handles.dedup();
    let kind = |is_role: bool| if is_role { "ROLE" } else { "PERSON" };
    let found = contacts::list(db, &handles)?.into_iter();
    Ok(found.map(|row| (row.handle, kind(row.is_role))).collect())
}
