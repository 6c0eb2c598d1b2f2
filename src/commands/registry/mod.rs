//! `keyport registry …`: organizations, networks and links, for those with a shell on the server.

mod files;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CommandError, account, confirmed_account, opened, print, refuse};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::audit::Act;
use crate::domain::mail::Outbox;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::fields::{
    AddressFields, BlockFields, ContactLinkFields, NetworkFields, OrganizationFields,
};
use crate::domain::registry::functions::Function;
use crate::domain::registry::handles::Handle;
use crate::domain::registry::{checks, contacts, links, networks, organizations};
use crate::server::Opened;
use crate::store::{Constraint, Db, StoreError};

/// What can be done to the registry.
#[derive(Subcommand)]
pub enum RegistryCommand {
    /// Manage organizations.
    #[command(subcommand)]
    Org(OrgCommand),
    /// Manage networks.
    #[command(subcommand)]
    Net(NetCommand),
    /// Link an account to a contact: from now on it acts for it.
    Link {
        /// The account's address.
        email: String,
        /// The contact's handle.
        handle: String,
    },
    /// End a link: from the next request on the account no longer acts for the contact.
    Unlink {
        /// The account's address.
        email: String,
        /// The contact's handle.
        handle: String,
    },
    /// Bring in records with their handles, all of them or none.
    Import {
        /// A collection, as registry export writes it.
        file: PathBuf,
    },
    /// Write all records as a collection.
    Export {
        /// A new file; without it, standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// What can be done to organizations.
#[derive(Subcommand)]
pub enum OrgCommand {
    /// Make an organization; prints its handle and nothing else.
    Add(Box<NewOrg>),
}

/// An organization that is to be made.
#[derive(Args)]
pub struct NewOrg {
    /// Its name.
    #[arg(long)]
    name: String,
    /// A line of its address; may be repeated.
    #[arg(long, required = true, value_name = "LINE")]
    address: Vec<String>,
    /// Its town.
    #[arg(long)]
    city: String,
    /// Code of its state or province, such as ME.
    #[arg(long)]
    state: Option<String>,
    /// Its postal code.
    #[arg(long, value_name = "CODE")]
    postal: Option<String>,
    /// Code of its country, such as US.
    #[arg(long, value_name = "CODE")]
    country: String,
    /// The contact that answers for it.
    #[arg(long, value_name = "HANDLE")]
    admin: String,
    /// A contact that runs it; may be repeated.
    #[arg(long, required = true, value_name = "HANDLE")]
    tech: Vec<String>,
    /// A contact that hears complaints; may be repeated.
    #[arg(long, required = true, value_name = "HANDLE")]
    abuse: Vec<String>,
}

/// What can be done to networks.
#[derive(Subcommand)]
pub enum NetCommand {
    /// Allocate a network to an organization directly; prints its handle and nothing else.
    Add {
        /// The organization's handle.
        #[arg(long, value_name = "HANDLE")]
        org: String,
        /// Its addresses, such as 192.0.2.0/24.
        #[arg(long, value_name = "CIDR")]
        block: String,
        /// Its name.
        #[arg(long)]
        name: String,
    },
}

/// Runs one of them.
///
/// # Errors
/// If the arguments are refused, a file cannot be read or written, or the database fails.
pub fn run(
    config: &Config,
    clock: &SharedClock,
    command: RegistryCommand,
) -> Result<(), CommandError> {
    match command {
        RegistryCommand::Org(OrgCommand::Add(new)) => add_organization(config, clock, *new),
        RegistryCommand::Net(NetCommand::Add { org, block, name }) => {
            add_network(config, clock, org, &block, name)
        }
        RegistryCommand::Link { email, handle } => link(config, clock, &email, &handle),
        RegistryCommand::Unlink { email, handle } => unlink(config, clock, &email, &handle),
        RegistryCommand::Import { file } => files::import(config, clock, &file),
        RegistryCommand::Export { out } => files::export(config, clock, out.as_deref()),
    }
}

fn add_organization(config: &Config, clock: &SharedClock, new: NewOrg) -> Result<(), CommandError> {
    let link = |handle: String, function| ContactLinkFields {
        handle: Some(handle),
        function: Some(function),
    };
    let tech = new
        .tech
        .into_iter()
        .map(|handle| link(handle, Function::Tech));
    let abuse = (new.abuse.into_iter()).map(|handle| link(handle, Function::Abuse));
    let contacts = std::iter::once(link(new.admin, Function::Admin))
        .chain(tech)
        .chain(abuse);
    let fields = OrganizationFields {
        name: Some(new.name),
        address: AddressFields {
            street: new.address,
            city: Some(new.city),
            state: new.state,
            postal_code: new.postal,
            country_code2: Some(new.country),
            country_code3: None,
        },
        contacts: Some(contacts.collect()),
        ..OrganizationFields::default()
    };
    let (opened, act) = begin(config, clock)?;
    let made = opened.pool.write_now(|db| {
        let new = checks::new_organization(&fields).map_err(RegistryError::Invalid)?;
        organizations::create(db, &act, None, &new)
    });
    print(refused(made)?.handle)
}

fn add_network(
    config: &Config,
    clock: &SharedClock,
    organization: String,
    block: &str,
    name: String,
) -> Result<(), CommandError> {
    let Some((start, length)) = block.split_once('/') else {
        return refuse("bad --block: write addresses with a length, like 192.0.2.0/24");
    };
    let block = BlockFields {
        start: Some(start.to_owned()),
        length: Some(length.to_owned()),
        ..BlockFields::default()
    };
    let fields = NetworkFields {
        name: Some(name),
        blocks: Some(vec![block]),
        organization: Some(organization),
        ..NetworkFields::default()
    };
    let (opened, act) = begin(config, clock)?;
    let made = (opened.pool).write_now(|db| networks::allocate(db, &act, &fields));
    print(refused(made)?.handle)
}

fn link(
    config: &Config,
    clock: &SharedClock,
    email: &str,
    handle: &str,
) -> Result<(), CommandError> {
    let (opened, act) = begin(config, clock)?;
    let outbox = Outbox::new(opened.policy.secrets.clone());
    let is_new = opened.pool.write_now(|db| {
        let account = confirmed_account(db, email)?;
        match links::make(db, &act, &outbox, account.id, handle) {
            Err(RegistryError::Store(StoreError::Broken(Constraint::ExclusiveLink))) => {
                refuse(format!(
                    "{handle} is a person, and another account is linked to it: end that link first"
                ))
            }
            result => refused(result),
        }
    })?;
    match is_new {
        true => print(format!("{email} acts for {handle} now.")),
        false => print(format!("{email} was linked to {handle} before.")),
    }
}

fn unlink(
    config: &Config,
    clock: &SharedClock,
    email: &str,
    handle: &str,
) -> Result<(), CommandError> {
    let (opened, act) = begin(config, clock)?;
    let outbox = Outbox::new(opened.policy.secrets.clone());
    let is_left = opened.pool.write_now(|db| {
        let account = account(db, email)?;
        if !refused(links::end(db, &act, &outbox, account.id, handle))? {
            return refuse(format!("{email} is not linked to {handle}"));
        }
        let contact = contact(db, handle)?;
        Ok::<_, CommandError>(!links::has_others(db, account.id, &contact.handle)?)
    })?;
    print(format!("{email} no longer acts for {handle}."))?;
    match is_left {
        true => print(format!("No account acts for {handle} now.")),
        false => Ok(()),
    }
}

fn contact(db: &mut Db, handle: &str) -> Result<contacts::Contact, CommandError> {
    let found = match handle.parse::<Handle>() {
        Ok(handle) => contacts::find(db, &handle)?,
        Err(_malformed) => None,
    };
    found.map_or_else(|| refuse(format!("there is no contact {handle}")), Ok)
}

fn begin(config: &Config, clock: &SharedClock) -> Result<(Opened, Act), CommandError> {
    let opened = opened(config, clock)?;
    let act = Act::by_command(clock.now(), opened.policy.secrets.audit_keys());
    Ok((opened, act))
}

/// What the registry refuses, in its words; elements are named, one a line.
fn refused<T>(result: Result<T, RegistryError>) -> Result<T, CommandError> {
    match result {
        Ok(value) => Ok(value),
        Err(RegistryError::Store(error)) => Err(error.into()),
        Err(RegistryError::Invalid(problems)) => {
            let lines: Vec<String> = (problems.iter())
                .map(|problem| format!("{}: {}", problem.element, problem.message))
                .collect();
            refuse(lines.join("\n"))
        }
        Err(error) => refuse(error.to_string()),
    }
}
