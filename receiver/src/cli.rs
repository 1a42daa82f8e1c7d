//! The command line: what can be typed, a file for each group of commands. Exit codes: 0 fine, 1 failed, 2 usage or configuration.
//!
//! Only clap's types stand here: a word that cannot be read is refused before any command runs, and what a command does with its
//! words is in the file of `commands/` that has its name. The texts are what `--help` and the man pages say.

mod contracts;
mod oauth;
mod people;
mod quarantine;
mod rules;
mod setup;
mod systems;
mod tickets;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use mailbeat_shared::locale::Locale;

pub use contracts::{Contracts, Issue, Renew};
pub use oauth::{Oauth, SignIn};
pub use people::{Contacts, Customers};
pub use quarantine::Quarantine;
pub use rules::RulesCommand;
pub use setup::Setup;
pub use systems::{Named, Systems};
pub use tickets::Tickets;

/// Reads report mails, proves them genuine, and turns them into tickets and notifications.
#[derive(Debug, Parser)]
#[command(name = "mailbeat-receiver", version, propagate_version = true)]
pub struct Cli {
    /// Configuration file.
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/mailbeat/receiver.toml")]
    pub config: PathBuf,
    /// Print JSON for machines where something is listed or shown.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The wizard: vendor, mailbox, outgoing mail, people, test, first customer, start.
    Setup(Setup),
    /// Make the state directory, the database, the vendor key and the default contact.
    Init(Init),
    /// Contracts with customers.
    #[command(subcommand)]
    Contracts(Contracts),
    /// Customers.
    #[command(subcommand)]
    Customers(Customers),
    /// The people who are told.
    #[command(subcommand)]
    Contacts(Contacts),
    /// The systems that report.
    #[command(subcommand)]
    Systems(Systems),
    /// Tickets.
    #[command(subcommand)]
    Tickets(Tickets),
    /// Mails that could not be taken.
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// The rules that turn facts into tickets.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Mail accounts that sign in by OAuth.
    #[command(subcommand)]
    Oauth(Oauth),
    /// Read mails from files: .eml, a Maildir, an mbox.
    Import {
        /// The file or directory.
        path: PathBuf,
    },
    /// Read the mailboxes, judge, open tickets, notify; until stopped.
    Run {
        /// Read without moving mails or notifying anybody: to look before taking over.
        #[arg(long)]
        observe: bool,
    },
    /// Walk through mailboxes, database and outgoing mail step by step; says cause and fix where a step fails.
    Test(Test),
    /// Print what makes a shell complete commands: `mailbeat-receiver completions bash`.
    Completions {
        /// Which.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man {
        /// Write it into this directory instead, and one for each command.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

/// `test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Also send a test mail to this address.
    #[arg(long, value_name = "ADDRESS")]
    pub mail_to: Option<String>,
    /// The language: en or de [default: `locale` in receiver.toml].
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Locale>,
    /// Also write a log without secrets into this file, for support.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// With --json: tell each step on standard error as it is taken.
    #[arg(long, requires = "json")]
    pub progress: bool,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The person told when a customer has no contacts of its own: `Name <address>`. Asked for if not given.
    #[arg(long, value_name = "CONTACT")]
    pub contact: Option<String>,
}
