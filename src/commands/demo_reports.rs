//! What the demo publishes: a report for everyone, one for certain contacts, and a grant for the whole registry.

use std::io::Write as _;

use super::{CommandError, refuse};
use crate::clock::SharedClock;
use crate::domain::audit::Act;
use crate::domain::registry::handles::Handle;
use crate::domain::reports::files::{FileWriter, WriteFileError};
use crate::domain::reports::grants::{self, DEFAULT_FUNCTIONS, GrantError, Grantee};
use crate::domain::reports::published::{self, About, Access};
use crate::domain::reports::{BULK_SLUG, Slug};
use crate::ids::AccountId;
use crate::store::Pool;

const NETWORK_STATUS: &str = "network,state,since,note\r\n\
     192.0.2.0/24,up,2026-11-01T00:00:00Z,\r\n\
     198.51.100.0/24,maintenance,2026-11-22T06:00:00Z,Planned work until 10:00 UTC\r\n\
     203.0.113.0/24,up,2026-10-12T14:30:00Z,\r\n\
     2001:db8::/32,up,2026-09-01T00:00:00Z,\r\n";
const PEERING_CONTACTS: &str = "network,contact,email,phone\r\n\
     Harbor Example Networks,Peering desk,peering@harbor.example.com,+1.207.555.0143\r\n\
     Lantern Example Cooperative,Tomas Reyes,peering@lantern.example.com,+1.506.555.0117\r\n";

/// Publishes `network-status` for everyone and `peering-contacts` for Admin and Tech of this organization, and lets
/// `outsider` download the whole registry.
///
/// # Errors
/// If the organization is not there, or the database fails.
pub fn publish(
    pool: &Pool,
    clock: &SharedClock,
    act: &Act,
    organization: &str,
    outsider: AccountId,
) -> Result<(), CommandError> {
    let status = About {
        title: "Network status".to_owned(),
        description: "State of each network, with planned work".to_owned(),
        access: Access::Everyone,
    };
    one(pool, clock, act, "network-status", &status, NETWORK_STATUS)?;
    let contacts = About {
        title: "Peering contacts".to_owned(),
        description: "Whom to reach about peering, for those who run the networks".to_owned(),
        access: Access::Restricted,
    };
    let slug = one(
        pool,
        clock,
        act,
        "peering-contacts",
        &contacts,
        PEERING_CONTACTS,
    )?;
    let organization = Handle::from_stored(organization.to_owned());
    let managers = Grantee::Organization(organization, DEFAULT_FUNCTIONS);
    grant(pool, act, &slug, &managers)?;
    grant(pool, act, &named(BULK_SLUG)?, &Grantee::Account(outsider))
}

fn one(
    pool: &Pool,
    clock: &SharedClock,
    act: &Act,
    slug: &str,
    about: &About,
    text: &str,
) -> Result<Slug, CommandError> {
    let slug = named(slug)?;
    let mut file = FileWriter::new(pool, clock, text.len() as u64);
    (file.write_all(text.as_bytes())).map_err(WriteFileError::from_io)?;
    let file = file.finish()?;
    pool.write_now(|db| published::publish(db, act, &slug, about, &file, "demo.csv"))?;
    Ok(slug)
}

fn grant(pool: &Pool, act: &Act, slug: &Slug, grantee: &Grantee) -> Result<(), CommandError> {
    match pool.write_now(|db| grants::grant(db, act, slug, grantee, None)) {
        Ok(()) => Ok(()),
        Err(GrantError::Store(error)) => Err(error.into()),
        Err(other) => refuse(other.to_string()),
    }
}

fn named(slug: &str) -> Result<Slug, CommandError> {
    slug.parse()
        .or_else(|error| refuse(format!("{slug}: {error}")))
}
