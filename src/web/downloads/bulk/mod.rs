//! Files of the whole registry, as everyone with a grant sees it: no tax ids, and nothing of private customers.

mod records;
mod text;
mod xml;

use std::io::Write;

use actix_web::web;

use self::records::{Record, each};
use crate::domain::reports::ReportError;
use crate::domain::reports::archive::Archive;
use crate::domain::reports::bulk::{self, Format, Snapshot, State, Wanted};
use crate::domain::reports::files::{FileWriter, StoredFile};
use crate::web::state::AppState;

/// The file of the present state, made if it is not there.
pub(super) async fn ensure(
    state: &web::Data<AppState>,
    wanted: &Wanted,
) -> Result<(State, StoredFile), ReportError> {
    // Who waits here finds the file made.
    let _one_at_a_time = state.bulk_files.lock().await;
    let (clock, wanted) = (state.clock.clone(), wanted.clone());
    let suffix = state.config.registry.suffix.clone();
    state
        .pool
        .run(move |pool| {
            bulk::ensure(pool, &clock, &wanted, |db, state, file| {
                write(db, state, &wanted, &suffix, file)
            })
        })
        .await
}

/// Writes the file from one snapshot.
fn write(
    db: &mut Snapshot,
    state: State,
    wanted: &Wanted,
    suffix: &str,
    mut file: FileWriter,
) -> Result<FileWriter, ReportError> {
    match wanted.format {
        Format::Xml => as_xml(db, wanted, &mut file)?,
        Format::Text => as_text(db, wanted, suffix, &mut file)?,
        Format::Zip => {
            let mut archive = Archive::new(file, state.changed_at);
            archive.begin("arin_db.xml")?;
            as_xml(db, wanted, &mut archive)?;
            archive.begin("arin_db.txt")?;
            as_text(db, wanted, suffix, &mut archive)?;
            file = archive.finish()?;
        }
    }
    Ok(file)
}

fn as_xml(db: &mut Snapshot, wanted: &Wanted, out: &mut impl Write) -> Result<(), ReportError> {
    out.write_all(xml::BEGIN.as_bytes())?;
    each(db, wanted, |record| {
        Ok(out.write_all(xml::record(record).as_bytes())?)
    })?;
    Ok(out.write_all(xml::END.as_bytes())?)
}

fn as_text(
    db: &mut Snapshot,
    wanted: &Wanted,
    suffix: &str,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let mut is_first = true;
    each(db, wanted, |record: Record<'_>| {
        let gap = if is_first { "" } else { "\n" };
        is_first = false;
        out.write_all(gap.as_bytes())?;
        Ok(out.write_all(text::record(record, suffix).as_bytes())?)
    })
}
