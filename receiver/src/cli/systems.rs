//! `systems`: what can be typed about the systems that report. A name is a text here; the command says whether one system, none
//! or several have it.

use clap::Subcommand;

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
