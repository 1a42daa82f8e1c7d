//! `rules`: what can be typed to check the rules, try them on what came, and have them explained. Files are read by the command.

use std::path::PathBuf;

use clap::Subcommand;

use super::Named;

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
        /// Their customer, where systems of several customers are called so; alone, all of its systems.
        #[arg(long, value_name = "NAME")]
        customer: Option<String>,
        /// These rules instead of those in force.
        #[arg(long)]
        rules: Option<PathBuf>,
        /// From so many days back.
        #[arg(long, default_value_t = 7)]
        days: u16,
    },
    /// What applies to a system, to what it said last, and why.
    Show(Named),
}
