//! The `keyport` program: reads the command line and the configuration, runs one command, and exits with 0 (done),
//! 1 (failed) or 2 (misused).

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use keyport::clock::{SharedClock, SystemClock};
use keyport::commands::{self, CommandError};
use keyport::config::{Config, read_environment};

/// The API-key portal: Settings > API keys for every API.
///
/// Without a command it serves. All settings are in keyport.example.toml.
#[derive(Parser)]
#[command(name = "keyport", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the portal (the default).
    Serve,
    /// Bring the database up to date and exit.
    Migrate,
    /// Check configuration, instance secret, database and mail, and say what is wrong.
    Check,
    /// Manage accounts.
    #[command(subcommand)]
    User(commands::user::UserCommand),
    /// Manage API keys.
    #[command(subcommand)]
    Key(commands::key::KeyCommand),
    /// Manage organizations, networks and links; bring records in and out.
    #[command(subcommand)]
    Registry(commands::registry::RegistryCommand),
    /// Decide about tickets.
    #[command(subcommand)]
    Ticket(commands::ticket::TicketCommand),
    /// Check the audit log.
    #[command(subcommand)]
    Audit(commands::audit::AuditCommand),
    /// Rotate the instance secret, and see what depends on which.
    #[command(subcommand)]
    Secret(commands::secret::SecretCommand),
    /// Publish reports, and say who may download them.
    #[command(subcommand)]
    Report(commands::report::ReportCommand),
    /// Print the OpenAPI document.
    Openapi,
    /// Write a consistent copy of the database to a new file, also while the portal runs.
    Backup {
        /// Must not exist yet.
        file: PathBuf,
    },
    /// Fill an empty database with accounts and keys to look at.
    Demo {
        /// Print accounts, passwords and keys as JSON.
        #[arg(long)]
        json: bool,
        /// Also if the database has other accounts.
        #[arg(long)]
        force: bool,
    },
    /// Make many valid keys, for load tests: 1,000 an account.
    Seed {
        /// How many.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
        keys: u64,
        /// Receives one full key a line.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command.unwrap_or(Command::Serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keyport: {}", keyport::server::chain(&error));
            ExitCode::from(1)
        }
    }
}

fn run(command: Command) -> Result<(), CommandError> {
    let config = Config::load(&read_environment(std::env::vars_os())?)?;
    let clock: SharedClock = Arc::new(SystemClock);
    match command {
        Command::Serve => commands::serve::run(&config, clock),
        Command::Migrate => commands::database::migrate(&config),
        Command::Check => commands::database::check(&config),
        Command::User(command) => commands::user::run(&config, &clock, command),
        Command::Key(command) => commands::key::run(&config, &clock, command),
        Command::Registry(command) => commands::registry::run(&config, &clock, command),
        Command::Ticket(command) => commands::ticket::run(&config, &clock, command),
        Command::Audit(command) => commands::audit::run(&config, &clock, &command),
        Command::Secret(command) => commands::secret::run(&config, &clock, command),
        Command::Report(command) => commands::report::run(&config, &clock, command),
        Command::Openapi => commands::database::openapi(&config),
        Command::Backup { file } => commands::backup::run(&config, &file),
        Command::Demo { json, force } => commands::demo::run(&config, &clock, json, force),
        Command::Seed { keys, out } => commands::seed::run(&config, &clock, keys, &out),
    }
}
