//! What can be typed; `trail` and `oauth` have files of their own.
//!
//! Only clap's types stand here: a word that cannot be read is refused before any command runs. The texts are what `--help` and the
//! man pages say.

mod oauth;
mod trail;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;
use mailbeat_shared::wire::id::SystemId;

pub use oauth::{Oauth, SignIn};
pub use trail::{FateWanted, KindWanted, Trail, Wanted};

use crate::config::Locale;
use crate::trail::filter;

/// Sends heartbeats and system reports of this host by mail, once activated with a service contract. It listens on no port
/// and reads no mail.
#[derive(Debug, Parser)]
#[command(name = "mailbeat-agent", version)]
pub struct Cli {
    /// The configuration file [default: /etc/mailbeat/agent.toml, or MAILBEAT_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set everything up, asking page by page: contract, what is captured, mail, test
    Setup(Setup),
    /// Activate with a contract file, or renew: shows what will be sent to whom and asks. Without a file: agree to what is new
    Activate(Activate),
    /// Send a last notice, then be silent
    Deactivate {
        /// Why; the vendor reads it
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Run until stopped: compose what is due, send what waits
    Run,
    /// Make and send one report now
    Send {
        /// Which
        kind: SendKind,
    },
    /// Walk the whole way step by step, from this host to the vendor's answer; says cause and fix where a step fails
    Test(Test),
    /// Show the next report as it would be sent, without sending it
    Preview {
        /// Which
        kind: PreviewKind,
        /// Show report.json
        #[arg(long, conflicts_with = "mail")]
        json: bool,
        /// Show the whole mail
        #[arg(long)]
        mail: bool,
    },
    /// How it stands
    Status(Json),
    /// The data sheet: what may leave the house, to whom, what for, for how long
    Disclose(Disclose),
    /// Say that the host is being worked on, so that silence is no alarm
    #[command(subcommand)]
    Maintenance(Maintenance),
    /// What redaction leaves of a file
    Redact {
        /// The file; `-` is the standard input
        file: PathBuf,
    },
    /// Mail accounts that sign in by OAuth
    #[command(subcommand)]
    Oauth(Oauth),
    /// What became of every report
    #[command(subcommand)]
    Trail(Trail),
    /// Who this system is
    #[command(subcommand)]
    Identity(Identity),
    /// The configuration
    #[command(subcommand)]
    Config(Config),
    /// Print what makes a shell complete commands: `mailbeat-agent completions bash`
    Completions {
        /// Which
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Write it into this directory instead, and one for each command
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

/// `--json`, wherever something is listed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Json {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `activate`
#[derive(Debug, Args)]
pub struct Activate {
    /// The contract file from the vendor; without one, what is new since the activation is shown and asked about
    pub file: Option<PathBuf>,
    /// The fingerprint of the vendor's contract key, got by another way than the contract
    #[arg(long, value_name = "SHA256:...")]
    pub vendor_key: Option<String>,
    /// Agree to what is shown without being asked
    #[arg(long)]
    pub accept: bool,
    /// Keep the SystemId of a former installation
    #[arg(long, value_name = "UUID")]
    pub system_id: Option<SystemId>,
}

/// `setup`
#[derive(Debug, Args)]
pub struct Setup {
    /// Ask nothing and take the answers from this file (TOML); a password comes from MAILBEAT_SETUP_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// With --answers: agree that the reports shown are sent
    #[arg(long, requires = "answers")]
    pub accept: bool,
    /// With --answers: only show what would change
    #[arg(long, requires = "answers")]
    pub dry_run: bool,
    /// The language to begin with: en or de
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Locale>,
}

/// `test`
#[derive(Debug, Args)]
pub struct Test {
    /// Only this route
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,
    /// Look at everything and send nothing
    #[arg(long)]
    pub no_delivery: bool,
    /// Only send a test report
    #[arg(long, conflicts_with_all = ["route", "no_delivery"])]
    pub only_delivery: bool,
    /// The code from the vendor's answer: proves that a test report arrived and was believed
    #[arg(long, value_name = "CODE", conflicts_with_all = ["route", "no_delivery", "only_delivery"])]
    pub confirm: Option<String>,
    /// Also write a log without secrets into this file, for support
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    #[command(flatten)]
    /// How
    pub json: Json,
}

/// The reports a person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SendKind {
    /// A heartbeat
    Heartbeat,
    /// A system report
    System,
    /// A test that means nothing else
    Test,
}

/// The reports that can be previewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PreviewKind {
    /// The next heartbeat
    Heartbeat,
    /// The next system report
    System,
}

/// `disclose`
#[derive(Debug, Args)]
pub struct Disclose {
    /// The language: en or de [default: `locale` in agent.toml]
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Locale>,
    /// A ready annex to a data processing agreement, Markdown
    #[arg(long, conflicts_with = "json")]
    pub annex: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `maintenance`
#[derive(Debug, Subcommand)]
pub enum Maintenance {
    /// Begin now, or announce another end
    Start {
        /// For how long: 30m, 4h, 2d; the contract sets the maximum
        #[arg(long = "for", value_name = "LENGTH", value_parser = filter::length)]
        length: SignedDuration,
        /// Why; the vendor reads it
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        /// How
        json: Json,
    },
    /// End now
    Stop(Json),
    /// Whether there is any, until when and why
    Show(Json),
}

/// `identity`
#[derive(Debug, Subcommand)]
pub enum Identity {
    /// SystemId, key and machine
    Show {
        /// Only the line for ssh-keygen's allowed_signers file
        #[arg(long)]
        allowed_signers: bool,
        #[command(flatten)]
        /// How
        json: Json,
    },
    /// This machine took over from the one the state was made on: the same system, a new life
    Keep,
    /// This machine is a copy beside the one the state was made on: another system
    New,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Look for what would not work
    Check(Json),
    /// The configuration in force, secrets hidden
    Show,
}
