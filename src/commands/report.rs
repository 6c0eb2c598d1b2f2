//! `keyport report …`: what is published, and who may download it, for those with a shell on the server.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::{CommandError, confirmed_account, opened, print, refuse};
use crate::clock::{SharedClock, Timestamp};
use crate::config::Config;
use crate::domain::audit::Act;
use crate::domain::registry::functions::{Function, Functions};
use crate::domain::reports::files::{self, FileWriter, StoredFile, WriteFileError};
use crate::domain::reports::grants::{self, DEFAULT_FUNCTIONS, GrantError, Grantee};
use crate::domain::reports::published::{self, About, Access};
use crate::domain::reports::{BULK_SLUG, Slug};
use crate::server::Opened;
use crate::store::{Db, Pool};

/// What can be done to reports.
#[derive(Subcommand)]
pub enum ReportCommand {
    /// Publish a file: a new report, or a new edition of one that is there.
    Publish {
        /// The report's name in addresses: lower-case letters, digits and hyphens.
        slug: String,
        /// The file. The end of its name says what kind it is.
        file: PathBuf,
        /// Its title; needed for a new report.
        #[arg(long)]
        title: Option<String>,
        /// What it holds.
        #[arg(long)]
        description: Option<String>,
        /// Who may download it; a new report is restricted unless this says otherwise.
        #[arg(long)]
        access: Option<ChosenAccess>,
    },
    /// List what is published.
    List,
    /// Remove a report with all its editions and grants.
    Remove {
        /// The report's name in addresses.
        slug: String,
    },
    /// Let an account download a report, or whoever is linked to certain contacts of an organization.
    Grant {
        /// The report's name in addresses; bulk-registry for the whole registry.
        slug: String,
        /// Whom to grant it to.
        #[command(flatten)]
        to: To,
        /// The last day of UTC that it holds, as 2027-01-31.
        #[arg(long)]
        until: Option<NaiveDate>,
    },
    /// Take grants away.
    Ungrant {
        /// The report's name in addresses.
        slug: String,
        /// Whose grants.
        #[command(flatten)]
        from: To,
    },
}

/// Who may download a report.
#[derive(Clone, Copy, ValueEnum)]
pub enum ChosenAccess {
    /// Every account.
    Everyone,
    /// Accounts with a grant.
    Restricted,
}

impl From<ChosenAccess> for Access {
    fn from(chosen: ChosenAccess) -> Self {
        match chosen {
            ChosenAccess::Everyone => Self::Everyone,
            ChosenAccess::Restricted => Self::Restricted,
        }
    }
}

/// Whom a grant is for.
#[derive(Args)]
pub struct To {
    /// An account, by its address.
    #[arg(long, required_unless_present = "org", conflicts_with = "org")]
    account: Option<String>,
    /// An organization, by its handle.
    #[arg(long)]
    org: Option<String>,
    /// Functions of its contacts, separated by commas. Default: AD,T.
    #[arg(long, value_delimiter = ',', requires = "org")]
    functions: Vec<String>,
}

/// Runs one of them.
///
/// # Errors
/// If the arguments are refused, the file cannot be read, or the database fails.
pub fn run(
    config: &Config,
    clock: &SharedClock,
    command: ReportCommand,
) -> Result<(), CommandError> {
    let Opened { pool, policy } = opened(config, clock)?;
    let act = Act::by_command(clock.now(), policy.secrets.audit_keys());
    match command {
        ReportCommand::Publish {
            slug,
            file,
            title,
            description,
            access,
        } => {
            let slug = match Slug::parse_new(&slug) {
                Ok(slug) => slug,
                Err(error) => return refuse(format!("bad name “{slug}”: {error}")),
            };
            let wanted = slug.clone();
            let before = pool.read_now(|db| published::find(db, &wanted))?;
            let before = before.map(|report| report.about);
            let (old_title, old_description, old_access) = match before {
                Some(about) => (Some(about.title), about.description, about.access),
                None => (None, String::new(), Access::Restricted),
            };
            let Some(title) = title.or(old_title) else {
                return refuse(format!("{slug} is new: give it a --title"));
            };
            let description = description.unwrap_or(old_description);
            let access = access.map_or(old_access, Access::from);
            let about = match About::parse(&title, &description, access) {
                Ok(about) => about,
                Err(error) => return refuse(error.to_string()),
            };
            let kept = keep(&pool, clock, &file, config.registry.max_report_bytes)?;
            let name = file.to_string_lossy().into_owned();
            let published =
                pool.write_now(|db| published::publish(db, &act, &slug, &about, &kept, &name));
            match published {
                Ok(edition) => print(format!("{slug} is published: edition {edition}.")),
                Err(error) => {
                    files::remove(&pool, kept.id)?;
                    Err(error.into())
                }
            }
        }
        ReportCommand::List => list(&pool),
        ReportCommand::Remove { slug } => {
            let slug = parse(&slug)?;
            match pool.write_now(|db| published::remove(db, &act, &slug))? {
                true => print(format!("{slug} is removed, with its editions and grants.")),
                false => refuse(no_report(&slug)),
            }
        }
        ReportCommand::Grant { slug, to, until } => {
            let slug = parse(&slug)?;
            let until = match until.map(grants::end_of_day) {
                None => None,
                Some(Some(until)) => Some(until),
                Some(None) => return refuse("--until is a day like 2027-01-31"),
            };
            pool.write_now(|db| {
                let grantee = grantee(db, &to)?;
                grant(db, &act, &slug, &grantee, until)
            })?;
            print(format!("{slug} can be downloaded by {} now.", to.words()))
        }
        ReportCommand::Ungrant { slug, from } => {
            let slug = parse(&slug)?;
            let found = pool.read_now(|db| {
                let grantee = grantee(db, &from)?;
                Ok::<_, CommandError>(grants::of_grantee(db, &slug, &grantee)?)
            })?;
            if found.is_empty() {
                return refuse(format!("{slug} is not granted to {}", from.words()));
            }
            for id in found {
                pool.write_now(|db| grants::ungrant(db, &act, &slug, id))?;
            }
            print(format!("{slug} is no longer granted to {}.", from.words()))
        }
    }
}

/// Lists what is published, and for whom.
fn list(pool: &Pool) -> Result<(), CommandError> {
    let (published, bulk) = pool.read_now(|db| {
        let mut all = Vec::new();
        for report in published::list(db)? {
            let grants = grants::list(db, &report.slug)?.len();
            all.push((report, grants));
        }
        let bulk = match BULK_SLUG.parse() {
            Ok(slug) => grants::list(db, &slug)?.len(),
            Err(_malformed) => 0,
        };
        Ok::<_, CommandError>((all, bulk))
    })?;
    print(format!("{BULK_SLUG}\trestricted\t\t\tgrants: {bulk}"))?;
    for (report, grants) in published {
        print(format!(
            "{}\t{}\t{}\t{} bytes\tgrants: {grants}\t{}",
            report.slug,
            report.about.access.word(),
            report.newest.name,
            report.newest.file.size,
            report.about.title,
        ))?;
    }
    Ok(())
}

/// Brings a file into the database, a chunk at a time.
fn keep(
    pool: &Pool,
    clock: &SharedClock,
    path: &Path,
    most: u64,
) -> Result<StoredFile, CommandError> {
    let cannot_read = |error| format!("cannot read {}: {error}", path.display());
    let mut source = match File::open(path) {
        Ok(source) => source,
        Err(error) => return refuse(cannot_read(error)),
    };
    let mut kept = FileWriter::new(pool, clock, most);
    if let Err(error) = std::io::copy(&mut source, &mut kept) {
        return match error.downcast::<WriteFileError>() {
            Ok(error) => Err(error.into()),
            Err(error) => refuse(cannot_read(error)),
        };
    }
    kept.flush()?;
    Ok(kept.finish()?)
}

impl From<WriteFileError> for CommandError {
    fn from(error: WriteFileError) -> Self {
        match error {
            WriteFileError::Store(error) => error.into(),
            WriteFileError::TooLarge(_) | WriteFileError::Gone => Self::Refused(error.to_string()),
        }
    }
}

/// Gives a grant.
fn grant(
    db: &mut Db,
    act: &Act,
    slug: &Slug,
    grantee: &Grantee,
    until: Option<Timestamp>,
) -> Result<(), CommandError> {
    match grants::grant(db, act, slug, grantee, until) {
        Ok(()) => Ok(()),
        Err(GrantError::NoReport(slug)) => refuse(no_report(&slug)),
        Err(GrantError::NoOrganization(handle)) => {
            refuse(format!("there is no organization {handle}"))
        }
        Err(GrantError::Ended) => refuse("--until is over: name a day to come"),
        Err(GrantError::Store(error)) => Err(error.into()),
    }
}

fn grantee(db: &mut Db, to: &To) -> Result<Grantee, CommandError> {
    if let Some(email) = &to.account {
        return Ok(Grantee::Account(confirmed_account(db, email)?.id));
    }
    let org = to.org.as_deref().unwrap_or_default();
    let Ok(handle) = org.parse() else {
        return refuse(format!("“{org}” is no handle of an organization"));
    };
    let mut functions = Functions::NONE;
    for code in &to.functions {
        match Function::from_code(code.trim()) {
            Some(function) => functions = functions.or(Functions::of(&[function])),
            None => {
                return refuse(format!(
                    "there is no function {code}: they are AD, T, AB, N, R and D"
                ));
            }
        }
    }
    if functions.is_empty() {
        functions = DEFAULT_FUNCTIONS;
    }
    Ok(Grantee::Organization(handle, functions))
}

impl To {
    fn words(&self) -> &str {
        (self.account.as_deref())
            .or(self.org.as_deref())
            .unwrap_or_default()
    }
}

fn parse(slug: &str) -> Result<Slug, CommandError> {
    slug.parse()
        .or_else(|error| refuse(format!("bad name “{slug}”: {error}")))
}

fn no_report(slug: &Slug) -> String {
    format!("there is no report {slug} that is published: see keyport report list")
}
