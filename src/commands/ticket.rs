//! `keyport ticket …`: tickets that operators decide, for those with a shell on the server.

use clap::Subcommand;

use super::{CommandError, opened, opened_to_read, print};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::accounts;
use crate::domain::audit::Act;
use crate::domain::mail::Outbox;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::fields::OrganizationFields;
use crate::domain::registry::tickets::deciding::{self, Decider, Decision};
use crate::domain::registry::tickets::messages::{self, Message};
use crate::domain::registry::tickets::reading::{self, MOST, Wanted};
use crate::domain::registry::tickets::{Ticket, TicketKind, TicketStatus};
use crate::domain::text::visible;
use crate::server::Opened;
use crate::store::{Db, Pool};

/// What can be done with tickets.
#[derive(Subcommand)]
pub enum TicketCommand {
    /// List tickets that wait for a decision, newest first.
    List {
        /// Also those that were decided or closed.
        #[arg(long)]
        all: bool,
    },
    /// Show a ticket with what is asked for and what was said.
    Show {
        /// Its number.
        number: String,
    },
    /// Take a ticket, so that others see that someone is at it.
    Take {
        /// Its number.
        number: String,
    },
    /// Do what a ticket asks for.
    Approve {
        /// Its number.
        number: String,
        /// Said to who asked.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Refuse what a ticket asks for.
    Deny {
        /// Its number.
        number: String,
        /// Said to who asked.
        #[arg(long)]
        reason: String,
    },
}

/// Runs one of them.
///
/// # Errors
/// If the arguments are refused or the database fails.
pub fn run(
    config: &Config,
    clock: &SharedClock,
    command: TicketCommand,
) -> Result<(), CommandError> {
    let Opened { pool, policy } = match command {
        TicketCommand::List { .. } | TicketCommand::Show { .. } => opened_to_read(config, clock)?,
        _ => opened(config, clock)?,
    };
    let act = Act::by_command(clock.now(), policy.secrets.audit_keys());
    let outbox = Outbox::new(policy.secrets.clone());
    let decide = |number: &str, approves: bool, reason: String| {
        let decision = Decision { approves, reason };
        let ticket = pool.write_now(|db| {
            deciding::decide(db, &act, &outbox, Decider::Operator, number, &decision)
        })?;
        print(line(&ticket))
    };
    match command {
        TicketCommand::List { all } => list(&pool, all),
        TicketCommand::Show { number } => show(&pool, &number),
        TicketCommand::Take { number } => {
            let ticket =
                pool.write_now(|db| deciding::take_on(db, &act, &outbox, None, &number))?;
            print(line(&ticket))
        }
        TicketCommand::Approve { number, reason } => {
            decide(&number, true, reason.unwrap_or_default())
        }
        TicketCommand::Deny { number, reason } => decide(&number, false, reason),
    }
}

fn list(pool: &Pool, all: bool) -> Result<(), CommandError> {
    let waiting = vec![TicketStatus::PendingReview, TicketStatus::Assigned];
    let wanted = Wanted {
        kinds: Some(
            (TicketKind::ALL.into_iter())
                .filter(|kind| !kind.is_report())
                .collect(),
        ),
        statuses: (!all).then_some(waiting),
    };
    for ticket in pool.read_now(|db| reading::list_all(db, &wanted, MOST))? {
        print(line(&ticket))?;
    }
    Ok(())
}

/// Number, type, status, what it is about, when it was opened.
fn line(ticket: &Ticket) -> String {
    let about = [&ticket.organization, &ticket.contact, &ticket.network];
    let about = about.into_iter().flatten().next();
    format!(
        "{}\t{}\t{}\t{}\t{}",
        ticket.number,
        ticket.kind.code(),
        ticket.stands(),
        about.map(ToString::to_string).unwrap_or_default(),
        ticket.created_at.to_rfc3339()
    )
}

type Shown = (
    Ticket,
    Option<String>,
    Option<OrganizationFields>,
    Vec<Message>,
);

fn show(pool: &Pool, number: &str) -> Result<(), CommandError> {
    let (ticket, opener, asked, messages) = pool.read_now(|db| read(db, number))?;
    print(line(&ticket))?;
    if let Some(opener) = opener {
        print(format!("opened by\t{opener}"))?;
    }
    if let Some(fields) = asked {
        for link in fields.contacts.iter().flatten() {
            let function = link.function.map_or("?", |function| function.name());
            let handle = link.handle.as_deref().unwrap_or("?");
            print(format!("contact\t{function}\t{}", visible(handle, 60)))?;
        }
        let name = fields.name.as_deref().unwrap_or_default();
        print(format!("name\t{}", visible(name, 100)))?;
    }
    for message in messages {
        print(format!(
            "message {}\t{}\t{}\t{}",
            message.number,
            message.created_at.to_rfc3339(),
            visible(&message.author, 100),
            visible(&message.subject, 200)
        ))?;
        for text in message.text {
            print(format!("\t{}", visible(&text, 1_000)))?;
        }
    }
    Ok(())
}

fn read(db: &mut Db, number: &str) -> Result<Shown, RegistryError> {
    let ticket = reading::named(db, number)?;
    let opener = match ticket.opener {
        Some(opener) => accounts::find(db, opener)?,
        None => None,
    };
    let asked = deciding::requested(db, &ticket)?;
    let messages = messages::list(db, &ticket.number)?;
    let opener = opener.map(|account| visible(&account.email, 254));
    Ok((ticket, opener, asked, messages))
}

impl From<RegistryError> for CommandError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Store(error) => Self::Store(error),
            other => Self::Refused(other.to_string()),
        }
    }
}
