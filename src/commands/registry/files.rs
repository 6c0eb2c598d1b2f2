//! The whole registry, or parts of it, in files.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::super::{CommandError, create_private, opened_to_read, print, refuse};
use super::begin;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::import::{self, BadRecord, ImportError, Records};
use crate::domain::registry::{contacts, customers, networks, organizations};
use crate::store::{Db, StoreError};
use crate::web::rest::xml::read::{self, Collection};
use crate::web::rest::xml::write::Export;

/// Records that are read at once.
const CHUNK: i64 = 1_000;

/// Brings the records of a file in.
///
/// # Errors
/// If the file cannot be read, a record cannot be taken, or the database fails.
pub(super) fn import(
    config: &Config,
    clock: &SharedClock,
    file: &Path,
) -> Result<(), CommandError> {
    let document = std::fs::read(file)
        .or_else(|error| refuse(format!("cannot read {}: {error}", file.display())))?;
    let collection = match read::collection(&document) {
        Ok(collection) => collection,
        Err(error) => {
            let components = (error.components.iter())
                .map(|problem| format!("\n  {}: {}", problem.element, problem.message));
            return refuse(format!(
                "nothing was imported: {}{}",
                error.message,
                components.collect::<String>()
            ));
        }
    };
    let (opened, act) = begin(config, clock)?;
    let records = records(collection);
    match (opened.pool).write_now(|db| import::import(db, &act, &records)) {
        Ok(imported) => print(format!("Imported {}.", imported.words())),
        Err(ImportError::Bad(bad)) => refuse(format!("nothing was imported:{}", lines(&bad))),
        Err(ImportError::Store(error)) => Err(error.into()),
    }
}

fn records(collection: Collection) -> Records {
    Records {
        contacts: collection.contacts,
        organizations: collection.organizations,
        customers: collection.customers,
        networks: collection.networks,
    }
}

/// A line for each problem of each record.
fn lines(bad: &[BadRecord]) -> String {
    let line = |record: &BadRecord| -> String {
        let problems = record.problems.iter();
        problems
            .map(|problem| {
                format!(
                    "\n  {}: {}: {}",
                    record.record, problem.element, problem.message
                )
            })
            .collect()
    };
    bad.iter().map(line).collect()
}

/// Writes all records, as they are at one instant.
///
/// # Errors
/// If the file exists or cannot be written, or the database fails.
pub(super) fn export(
    config: &Config,
    clock: &SharedClock,
    out: Option<&Path>,
) -> Result<(), CommandError> {
    // The file first: if it cannot be written, nothing is read.
    let mut file: BufWriter<Box<dyn Write>> = BufWriter::new(match out {
        Some(path) => Box::new(create_private(path)?) as Box<dyn Write>,
        None => Box::new(std::io::stdout()),
    });
    let opened = opened_to_read(config, clock)?;
    opened.pool.snapshot_now(|db| write_all(db, &mut file))?;
    Ok(file.flush()?)
}

fn write_all(db: &mut Db, file: &mut impl Write) -> Result<(), CommandError> {
    let mut export = Export::begin();
    each(
        db,
        file,
        &mut export,
        contacts::list_behind,
        |export, contact| {
            export.contact(contact);
            &contact.handle
        },
    )?;
    each(
        db,
        file,
        &mut export,
        organizations::list_behind,
        |export, organization| {
            export.organization(organization);
            &organization.handle
        },
    )?;
    each(
        db,
        file,
        &mut export,
        customers::list_behind,
        |export, customer| {
            export.customer(customer);
            &customer.handle
        },
    )?;
    each(
        db,
        file,
        &mut export,
        networks::list_behind,
        |export, network| {
            export.network(network);
            &network.handle
        },
    )?;
    Ok(writeln!(file, "{}", export.end())?)
}

/// Writes all records of one kind, chunk by chunk.
fn each<T>(
    db: &mut Db,
    file: &mut impl Write,
    export: &mut Export,
    list: fn(&mut Db, &str, i64) -> Result<Vec<T>, StoreError>,
    write: for<'a> fn(&mut Export, &'a T) -> &'a Handle,
) -> Result<(), CommandError> {
    let mut last = String::new();
    loop {
        let chunk = list(db, &last, CHUNK)?;
        if chunk.is_empty() {
            return Ok(());
        }
        for record in &chunk {
            last = write(export, record).to_string();
        }
        file.write_all(export.take().as_bytes())?;
    }
}
