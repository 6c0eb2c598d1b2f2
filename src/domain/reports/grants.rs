//! Who may download a report that not everyone may have.
//!
//! A grant is for one account, or for an organization with functions: then it holds for every account that is linked to
//! a contact with one of them, while it is. It is read at each download.

use chrono::{Datelike as _, NaiveDate};

use crate::clock::Timestamp;
use crate::crypto::random::system_rng;
use crate::domain::audit::{Act, Action, Outcome};
use crate::domain::registry::functions::{Function, Functions};
use crate::domain::registry::handles::Handle;
use crate::domain::registry::reach::Reader;
use crate::ids::{AccountId, GrantId};
use crate::store::registry::organizations;
use crate::store::reports::{self as rows, GrantRow};
use crate::store::{Db, StoreError};

use super::published::Access;
use super::{BULK_SLUG, Slug};

/// The functions that a grant to an organization is for, unless others are chosen.
pub const DEFAULT_FUNCTIONS: Functions = Functions::of(&[Function::Admin, Function::Tech]);

/// Whom a grant is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// One account.
    Account(AccountId),
    /// Whoever is linked to a contact with one of these functions of an organization.
    Organization(Handle, Functions),
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Names it.
    pub id: GrantId,
    /// The address of the account, if it is for one.
    pub account: Option<String>,
    /// The organization and functions, if it is for one.
    pub organization: Option<(Handle, Functions)>,
    /// When it ends; `None` for never.
    pub until: Option<Timestamp>,
    /// When it was given.
    pub granted_at: Timestamp,
    /// Who gave it.
    pub granted_by: String,
}

/// Why a grant was not given, or not taken away. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// There is no such report that can be granted.
    #[error("there is no report {0} that can be granted")]
    NoReport(Slug),
    /// There is no such organization.
    #[error("there is no organization {0}")]
    NoOrganization(Handle),
    /// It would have ended already.
    #[error("it would end in the past")]
    Ended,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The end of this day of UTC, until which a grant holds.
pub fn end_of_day(day: NaiveDate) -> Option<Timestamp> {
    let next = day.succ_opt()?.and_hms_opt(0, 0, 0)?;
    (1970..=9998)
        .contains(&day.year())
        .then(|| next.and_utc().into())
}

/// True if the account may download this report now: a grant, or everyone may.
///
/// # Errors
/// If the database fails.
pub fn has_grant(
    db: &mut Db,
    me: AccountId,
    slug: &Slug,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let slug = slug.as_str();
    let report = rows::find(db, slug)?;
    if report.is_some_and(|report| report.access == Access::Everyone.word()) {
        return Ok(true);
    }
    if rows::is_granted_to_account(db, slug, me, now)? {
        return Ok(true);
    }
    for (organization, functions) in rows::grants_to_organizations(db, slug, now)? {
        let wanted = functions_from(functions.as_deref().unwrap_or_default());
        let organization = organization.unwrap_or_default();
        let reach = Reader::looking(me).on_organization(db, &organization)?;
        if reach.organization.meets(wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives a grant.
///
/// # Errors
/// If there is no such report or organization, it would have ended already, or the database fails.
pub fn grant(
    db: &mut Db,
    act: &Act,
    slug: &Slug,
    grantee: &Grantee,
    until: Option<Timestamp>,
) -> Result<(), GrantError> {
    let is_there = slug.as_str() == BULK_SLUG || rows::lock(db, slug.as_str())?.is_some();
    if !is_there {
        return Err(GrantError::NoReport(slug.clone()));
    }
    if until.is_some_and(|until| until <= act.now) {
        return Err(GrantError::Ended);
    }
    let (account_id, organization) = match grantee {
        Grantee::Account(id) => (Some(*id), None),
        Grantee::Organization(handle, functions) => {
            if !organizations::exists(db, handle.as_str())? {
                return Err(GrantError::NoOrganization(handle.clone()));
            }
            (None, Some((handle, codes(*functions))))
        }
    };
    let (organization, functions) = organization.unzip();
    rows::insert_grant(
        db,
        &GrantRow {
            id: GrantId::random(&mut system_rng()),
            slug: slug.to_string(),
            account_id,
            organization: organization.map(ToString::to_string),
            functions: functions.clone(),
            until,
            granted_at: act.now,
            granted_by: act.actor.words(),
        },
    )?;
    let words = match (account_id, organization) {
        (Some(_), _) => format!("{slug} to the account"),
        (None, Some(handle)) => {
            format!("{slug} to {handle} {}", functions.unwrap_or_default())
        }
        (None, None) => slug.to_string(),
    };
    act.record(
        db,
        account_id,
        Action::ReportGrant,
        Some(&words),
        Outcome::Done,
    )?;
    Ok(())
}

/// The grants for a report, the oldest first.
///
/// # Errors
/// If the database fails.
pub fn list(db: &mut Db, slug: &Slug) -> Result<Vec<Grant>, StoreError> {
    let found = rows::grants(db, slug.as_str())?;
    let grant = |(row, account): (GrantRow, Option<String>)| Grant {
        id: row.id,
        account,
        organization: row.organization.map(|handle| {
            let functions = functions_from(row.functions.as_deref().unwrap_or_default());
            (Handle::from_stored(handle), functions)
        }),
        until: row.until,
        granted_at: row.granted_at,
        granted_by: row.granted_by,
    };
    Ok(found.into_iter().map(grant).collect())
}

/// Takes a grant away; false if there is none.
///
/// # Errors
/// If the database fails.
pub fn ungrant(db: &mut Db, act: &Act, slug: &Slug, id: GrantId) -> Result<bool, StoreError> {
    let found = rows::grants(db, slug.as_str())?;
    let Some((row, _)) = found.into_iter().find(|(row, _)| row.id == id) else {
        return Ok(false);
    };
    if !rows::delete_grant(db, slug.as_str(), id)? {
        return Ok(false);
    }
    let words = match &row.organization {
        Some(handle) => format!("{slug} from {handle}"),
        None => format!("{slug} from the account"),
    };
    act.record(
        db,
        row.account_id,
        Action::ReportUngrant,
        Some(&words),
        Outcome::Done,
    )?;
    Ok(true)
}

/// The grants of a report for this account or organization, whatever its functions.
///
/// # Errors
/// If the database fails.
pub fn of_grantee(db: &mut Db, slug: &Slug, grantee: &Grantee) -> Result<Vec<GrantId>, StoreError> {
    let is_theirs = |row: &GrantRow| match grantee {
        Grantee::Account(id) => row.account_id == Some(*id),
        Grantee::Organization(handle, _) => row.organization.as_deref() == Some(handle.as_str()),
    };
    let found = rows::grants(db, slug.as_str())?;
    let theirs = found.into_iter().filter(|(row, _)| is_theirs(row));
    Ok(theirs.map(|(row, _)| row.id).collect())
}

/// As the database keeps them.
fn codes(functions: Functions) -> String {
    let codes: Vec<&str> = functions.iter().map(Function::code).collect();
    codes.join(" ")
}

fn functions_from(codes: &str) -> Functions {
    codes
        .split_whitespace()
        .filter_map(Function::from_code)
        .collect()
}
