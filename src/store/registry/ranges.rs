//! Networks by their addresses. The order of addresses as bytes is their order as numbers.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary};

use super::networks::NetworkRow;
use crate::ids::AccountId;
use crate::store::schema::{contact_links, network_contacts, networks, organization_contacts};
use crate::store::{Db, StoreError};

/// Addresses in bytes, as they are stored.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// 4 or 6.
    pub version: i64,
    /// The first one.
    pub start: Vec<u8>,
    /// The last one.
    pub end: Vec<u8>,
}

/// The network that has exactly these addresses.
pub fn find_exact(db: &mut Db, wanted: &Addresses) -> Result<Option<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::version.eq(wanted.version))
        .filter(networks::start_ip.eq(&wanted.start))
        .filter(networks::end_ip.eq(&wanted.end))
        .select(NetworkRow::as_select())
        .first(db)
        .optional()?)
}

/// The smallest network that contains all of these addresses.
///
/// Whatever contains them also contains the first address of the network that begins last before them, and so is that
/// network or one that it was cut from: networks are a forest. So no more is read than that one and those above it.
pub fn find_container(db: &mut Db, wanted: &Addresses) -> Result<Option<NetworkRow>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE above AS (
             SELECT * FROM ({LAST_BEFORE}) AS last_before
             UNION ALL
             SELECT networks.* FROM above JOIN networks ON networks.handle = above.parent
             WHERE above.end_ip < $4
         )
         SELECT * FROM above WHERE end_ip >= $5"
    );
    Ok(sql_query(sql)
        .bind::<BigInt, _>(wanted.version)
        .bind::<BigInt, _>(wanted.version)
        .bind::<Binary, _>(&wanted.start)
        .bind::<Binary, _>(&wanted.end)
        .bind::<Binary, _>(&wanted.end)
        .get_result(db)
        .optional()?)
}

/// All networks that begin before this address and contain it, the largest first.
pub fn list_around(
    db: &mut Db,
    version: i64,
    address: &[u8],
) -> Result<Vec<NetworkRow>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE above AS (
             SELECT * FROM ({LAST_BEFORE}) AS last_before
             UNION ALL
             SELECT networks.* FROM above JOIN networks ON networks.handle = above.parent
         )
         SELECT * FROM above WHERE start_ip < $4 AND end_ip >= $5 ORDER BY start_ip, end_ip DESC"
    );
    Ok(sql_query(sql)
        .bind::<BigInt, _>(version)
        .bind::<BigInt, _>(version)
        .bind::<Binary, _>(address)
        .bind::<Binary, _>(address)
        .bind::<Binary, _>(address)
        .load(db)?)
}

/// The smallest of the networks that begin last before, or at, an address. Two steps, each of which the index on
/// addresses answers by one row.
const LAST_BEFORE: &str = "SELECT * FROM networks
     WHERE version = $1 AND start_ip = (
         SELECT start_ip FROM networks WHERE version = $2 AND start_ip <= $3
         ORDER BY version DESC, start_ip DESC LIMIT 1)
     ORDER BY end_ip LIMIT 1";

/// The first network that begins behind the first of these addresses, but not behind the last.
pub fn find_beginning_in(
    db: &mut Db,
    wanted: &Addresses,
) -> Result<Option<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::version.eq(wanted.version))
        .filter(networks::start_ip.gt(&wanted.start))
        .filter(networks::start_ip.le(&wanted.end))
        .order((networks::version, networks::start_ip))
        .select(NetworkRow::as_select())
        .first(db)
        .optional()?)
}

/// Up to `limit` networks that begin within these addresses: by address, larger first.
pub fn list_beginning_in(
    db: &mut Db,
    wanted: &Addresses,
    limit: i64,
) -> Result<Vec<NetworkRow>, StoreError> {
    Ok(networks::table
        .filter(networks::version.eq(wanted.version))
        .filter(networks::start_ip.ge(&wanted.start))
        .filter(networks::start_ip.le(&wanted.end))
        .order((networks::start_ip, networks::end_ip.desc()))
        .limit(limit)
        .select(NetworkRow::as_select())
        .load(db)?)
}

/// Of these only networks that the account has any function on, on what is above them, or on one of their holders.
///
/// Both engines first collect all that the account reaches, which for some accounts is nearly everything: worth it
/// only if more begins there than can be looked at one by one.
pub fn list_reached(
    db: &mut Db,
    account_id: AccountId,
    wanted: &Addresses,
    limit: i64,
) -> Result<Vec<NetworkRow>, StoreError> {
    let above = diesel::alias!(networks as above);
    let organizations = || {
        organization_contacts::table
            .inner_join(
                contact_links::table.on(contact_links::contact.eq(organization_contacts::contact)),
            )
            .filter(contact_links::account_id.eq(account_id))
            .select(organization_contacts::organization.nullable())
    };
    let own = || {
        network_contacts::table
            .inner_join(
                contact_links::table.on(contact_links::contact.eq(network_contacts::contact)),
            )
            .filter(contact_links::account_id.eq(account_id))
    };
    let above_own = above
        .filter(above.field(networks::organization).eq_any(organizations()))
        .select(above.field(networks::handle).nullable());
    Ok(networks::table
        .filter(networks::version.eq(wanted.version))
        .filter(networks::start_ip.ge(&wanted.start))
        .filter(networks::start_ip.le(&wanted.end))
        .filter(
            (networks::organization
                .eq_any(organizations())
                .assume_not_null())
            .or(networks::handle.eq_any(own().select(network_contacts::network)))
            .or(
                (networks::parent.eq_any(own().select(network_contacts::network.nullable())))
                    .assume_not_null(),
            )
            .or(networks::parent.eq_any(above_own).assume_not_null()),
        )
        .order((networks::start_ip, networks::end_ip.desc()))
        .limit(limit)
        .select(NetworkRow::as_select())
        .load(db)?)
}
