//! The whole registry, or parts of it, in files.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::super::{CommandError, create_private, opened_to_read, print, refuse};
use super::begin;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::registry::import::{self, BadRecord, ImportError, Records};
use crate::web::rest::xml::export::write_all;
use crate::web::rest::xml::read;

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
    let records = Records::from(collection);
    match (opened.pool).write_now(|db| import::import(db, &act, &records)) {
        Ok(imported) => print(format!("Imported {}.", imported.words())),
        Err(ImportError::Bad(bad)) => refuse(format!("nothing was imported:{}", lines(&bad))),
        Err(ImportError::Store(error)) => Err(error.into()),
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
    write_all::<CommandError>(&opened.pool, &mut file)?;
    Ok(file.flush()?)
}
