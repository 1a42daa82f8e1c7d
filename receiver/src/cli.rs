//! The command line. Exit codes: 0 fine, 1 failed, 2 usage or configuration.

mod oauth;
mod renew;
mod setup;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::civil::Date;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::id::ContractNumber;

pub use oauth::{Oauth, SignIn};
pub use renew::Renew;
pub use setup::Setup;

use crate::ticket::TicketNumber;

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

/// `contracts`.
#[derive(Debug, Subcommand)]
pub enum Contracts {
    /// Issue a contract: one signed file for the customer.
    Issue(Box<Issue>),
    /// List contracts.
    List,
    /// Show one contract.
    Show {
        /// Its number.
        number: ContractNumber,
    },
    /// Issue the next revision of one: another end, a login on the relay given, changed or ended, the rest as it was.
    Renew(Renew),
    /// Revoke one: its systems' mails are counted and no longer kept, and its login on the relay ends.
    Revoke {
        /// Its number.
        number: ContractNumber,
        /// The day from which it is revoked, UTC; by default from now on.
        #[arg(long)]
        since: Option<Date>,
    },
    /// Take up contracts from their files again, after an older database was restored.
    Import {
        /// The files as they were issued; of a directory every `*.contract`.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Systems of contracts that are not known here wait for `systems approve`, as with `contracts issue --approve`.
        #[arg(long)]
        approve: bool,
    },
}

/// `contracts issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// The customer's name; a new one is added.
    #[arg(long)]
    pub customer: String,
    /// The contract's number; by default the next free one.
    #[arg(long)]
    pub number: Option<ContractNumber>,
    /// First day, UTC; by default today.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub valid_from: Option<Date>,
    /// Last day, UTC; by default it runs until revoked.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub valid_until: Option<Date>,
    /// Days after the end in which heartbeats go on. What is not given is taken from `[contracts]` in receiver.toml.
    #[arg(long)]
    pub grace_days: Option<u32>,
    /// Most systems under the contract.
    #[arg(long)]
    pub systems: Option<u32>,
    /// Seconds from heartbeat to heartbeat, with the bounds the customer may set it within.
    #[arg(long, value_name = "DEFAULT[:MIN:MAX]")]
    pub heartbeat_interval: Option<String>,
    /// Seconds from system report to system report, with the bounds the customer may set it within.
    #[arg(long, value_name = "DEFAULT[:MIN:MAX]")]
    pub system_interval: Option<String>,
    /// Longest announced maintenance, in hours.
    #[arg(long)]
    pub maintenance_max_h: Option<u32>,
    /// The language of the customer's mails, `en` or `de`, where its administrator sets none.
    #[arg(long)]
    pub locale: Option<Locale>,
    /// With a login of its own on the vendor's relay (`[relay]` in receiver.toml), for customers without a mail server.
    #[arg(long)]
    pub relay: bool,
    /// Reports of a new system wait until an operator approves it.
    #[arg(long)]
    pub approve: bool,
    /// Where to write the file; by default NUMBER.contract here.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `customers`.
#[derive(Debug, Subcommand)]
pub enum Customers {
    /// List customers.
    List,
    /// Add one.
    Add {
        /// The name.
        name: String,
    },
}

/// `contacts`.
#[derive(Debug, Subcommand)]
pub enum Contacts {
    /// List contacts, in order of responsibility.
    List,
    /// Add one, after those there are.
    Add {
        /// `Name <address>`.
        contact: String,
        /// The customer; without it, a default contact told where a customer has none.
        #[arg(long)]
        customer: Option<String>,
        /// The language of their mails, `en` or `de`; by default `locale` in receiver.toml.
        #[arg(long)]
        locale: Option<Locale>,
    },
    /// Change name and address, and forget that mail was refused.
    Edit {
        /// The number from `contacts list`.
        id: i64,
        /// `Name <address>`.
        contact: String,
        /// Place in the order of responsibility, from 1.
        #[arg(long)]
        position: Option<i64>,
        /// The language of their mails, `en` or `de`.
        #[arg(long)]
        locale: Option<Locale>,
    },
    /// Remove one.
    Remove {
        /// The number from `contacts list`.
        id: i64,
    },
}

/// `systems`. A system is named by its SystemId, or by its host's name where that is unique.
#[derive(Debug, Subcommand)]
pub enum Systems {
    /// List systems with their liveness.
    List,
    /// Show one with its findings and numbers.
    Show {
        /// SystemId or host name.
        system: String,
    },
    /// Show how its watched configuration files and its packages changed.
    Changes {
        /// SystemId or host name.
        system: String,
        /// At most so many system reports back.
        #[arg(long, default_value_t = 20)]
        reports: u32,
    },
    /// Show the packages installed on it.
    Packages {
        /// SystemId or host name.
        system: String,
    },
    /// Show what it measured, day by day.
    History {
        /// SystemId or host name.
        system: String,
        /// Only metrics whose name begins so, `system.memory`.
        #[arg(long, default_value = "")]
        metric: String,
        /// So many days back.
        #[arg(long, default_value_t = 14)]
        days: u16,
    },
    /// Admit a system that waits for approval, or a known system's new key, by the fingerprint of the key.
    Approve {
        /// `SHA256:...` from `quarantine list`.
        key: String,
        /// The keys the system had go on holding; without it what they sign is refused in eight days.
        #[arg(long)]
        keep: bool,
    },
    /// Expect nothing of it for now.
    Pause {
        /// SystemId or host name.
        system: String,
    },
    /// Expect reports again.
    Resume {
        /// SystemId or host name.
        system: String,
    },
    /// It is gone for good: recorded if it reports, not judged, not counted against its contract.
    Retire {
        /// SystemId or host name.
        system: String,
    },
}

/// `tickets`.
#[derive(Debug, Subcommand)]
pub enum Tickets {
    /// List tickets that are open or acknowledged.
    List {
        /// Resolved and closed ones too.
        #[arg(long)]
        all: bool,
    },
    /// Show one with its events.
    Show {
        /// `MB-1001`.
        number: TicketNumber,
    },
    /// Take it: the others know that somebody works on it.
    Ack {
        /// `MB-1001`.
        number: TicketNumber,
        /// A word about it.
        #[arg(long, default_value = "")]
        comment: String,
        /// Carry it out once, however often the command is repeated with this key.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Write something to it.
    Comment {
        /// `MB-1001`.
        number: TicketNumber,
        /// What.
        text: String,
        /// Carry it out once, however often the command is repeated with this key.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Say that it is done; it reopens if the matter gets worse or comes back.
    Resolve {
        /// `MB-1001`.
        number: TicketNumber,
        /// What was done.
        #[arg(long, default_value = "")]
        comment: String,
        /// Carry it out once, however often the command is repeated with this key.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
}

/// `quarantine`.
#[derive(Debug, Subcommand)]
pub enum Quarantine {
    /// List what waits.
    List,
    /// Show one mail, made safe for a terminal.
    Show {
        /// The number from `quarantine list`.
        id: i64,
    },
    /// Look at it again with what is known now.
    Release {
        /// The number from `quarantine list`.
        id: i64,
    },
    /// It is of no use.
    Discard {
        /// The number from `quarantine list`.
        id: i64,
    },
}

/// `rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Read the rules and say what is wrong with them, if anything.
    Check {
        /// This file instead of the one in receiver.toml.
        file: Option<PathBuf>,
    },
    /// What these rules would have said of the heartbeats that came; changes nothing.
    Replay {
        /// SystemIds or host names; all without one.
        systems: Vec<String>,
        /// These rules instead of those in force.
        #[arg(long)]
        rules: Option<PathBuf>,
        /// From so many days back.
        #[arg(long, default_value_t = 7)]
        days: u16,
    },
    /// What applies to a system, to what it said last, and why.
    Show {
        /// Its SystemId or host name.
        system: String,
    },
}
