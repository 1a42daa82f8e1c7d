//! `systems`: what can be typed about the systems that report. A name is a text here; the command says whether one system, none
//! or several have it.

use clap::{Args, Subcommand};

/// A system, as a person names it.
#[derive(Clone, Debug, Args)]
pub struct Named {
    /// SystemId or host name.
    pub system: String,
    /// Its customer, where systems of several customers are called so.
    #[arg(long, value_name = "NAME")]
    pub customer: Option<String>,
}

/// `systems`. A system is named by its SystemId, or by its host's name where that is unique.
#[derive(Debug, Subcommand)]
pub enum Systems {
    /// List systems with their liveness.
    List,
    /// Show one with its findings and numbers, and what its agent says is wrong.
    Show(Named),
    /// Show how its watched configuration files and its packages changed.
    Changes {
        /// Which.
        #[command(flatten)]
        which: Named,
        /// At most so many system reports back.
        #[arg(long, default_value_t = 20)]
        reports: u32,
    },
    /// Show the packages installed on it.
    Packages(Named),
    /// Show what it measured, day by day.
    History {
        /// Which.
        #[command(flatten)]
        which: Named,
        /// Only metrics whose name begins so, `system.memory`.
        #[arg(long, default_value = "")]
        metric: String,
        /// So many days back.
        #[arg(long, default_value_t = 14)]
        days: u16,
    },
    /// Admit a system that waits for approval, a known system's new key, or its next contract, by the fingerprint of the key.
    Approve {
        /// `SHA256:...` from `quarantine list`.
        key: String,
        /// The keys the system had go on holding; without it what they sign is refused in eight days.
        #[arg(long)]
        keep: bool,
    },
    /// Expect nothing of it for now.
    Pause(Named),
    /// Expect reports again.
    Resume(Named),
    /// It is gone for good: recorded if it reports, not judged, not counted against its contract.
    Retire(Named),
}
