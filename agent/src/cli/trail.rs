//! `trail`: what can be typed to look through what became of every report, to check and export it, and to send one again. Times
//! and lengths are read here; whether there is such a report is found out by the command.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Json;
use crate::trail::filter::Moment;

/// `trail`
#[derive(Debug, Subcommand)]
pub enum Trail {
    /// The reports, newest last
    List {
        /// Only the newest so many
        #[arg(long, default_value_t = 50)]
        last: usize,
        #[command(flatten)]
        /// Which
        wanted: Wanted,
        #[command(flatten)]
        /// How
        json: Json,
    },
    /// One report: what it said and what became of it
    Show {
        /// Its number
        sequence: u64,
        #[command(flatten)]
        /// How
        json: Json,
    },
    /// Check every signature and every link of the chain
    Verify(Json),
    /// Write the mails and reports into an empty directory, with what is needed to verify them with ssh-keygen
    Export {
        /// The directory
        dir: PathBuf,
        #[command(flatten)]
        /// Which
        wanted: Wanted,
        #[command(flatten)]
        /// How
        json: Json,
    },
    /// Send one report once more with the same bytes
    Resend {
        /// Its number
        sequence: u64,
        #[command(flatten)]
        /// How
        json: Json,
    },
}

/// Which reports of the trail.
#[derive(Clone, Copy, Debug, Args)]
pub struct Wanted {
    /// Only of this kind
    #[arg(long)]
    pub kind: Option<KindWanted>,
    /// Only those made then or later: 2026-06-01, 2026-06-01T12:00:00Z, or how long ago: 4h, 2d
    #[arg(long, value_name = "TIME")]
    pub since: Option<Moment>,
    /// Only those made before that
    #[arg(long, value_name = "TIME")]
    pub until: Option<Moment>,
    /// Only with this fate
    #[arg(long)]
    pub fate: Option<FateWanted>,
}

/// The kinds of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindWanted {
    /// Still alive
    Heartbeat,
    /// The watched files
    System,
    /// The first
    Enrollment,
    /// Maintenance, shutdown, end
    Notice,
    /// By hand
    Test,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FateWanted {
    /// It waits in the queue
    Waiting,
    /// A mail server took it
    Accepted,
    /// A newer heartbeat said more
    Superseded,
    /// Refused for good, dropped or damaged
    Lost,
}
