//! `contracts`: what can be typed to issue, list, show, renew, revoke and take up contracts. Intervals are texts here, and understood
//! where they are issued; what is not given comes from the configuration.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::id::ContractNumber;

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
        /// The day from which it is revoked, UTC, today or before; by default from now on.
        #[arg(long, value_name = "YYYY-MM-DD")]
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

/// `contracts renew`.
#[derive(Debug, Args)]
pub struct Renew {
    /// Its number.
    pub number: ContractNumber,
    /// Last day, UTC; by default as it was.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub valid_until: Option<Date>,
    /// With a new login on the vendor's relay; the password of the one it has, if any, ends at once.
    #[arg(long, conflicts_with = "no_relay")]
    pub relay: bool,
    /// Without the relay; the login it has ends at once.
    #[arg(long)]
    pub no_relay: bool,
    /// Where to write the file; by default NUMBER.REVISION.contract here.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
