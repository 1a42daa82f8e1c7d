//! `quarantine`: what can be typed about mails that could not be taken. Whether something waits under a number is found out by
//! the command.

use clap::Subcommand;

/// `quarantine`.
#[derive(Debug, Subcommand)]
pub enum Quarantine {
    /// List what waits, the newest first.
    List {
        /// At most so many, and how many there are.
        #[arg(long, value_name = "N", default_value_t = 500)]
        last: u32,
    },
    /// Show one mail, made safe for a terminal.
    Show {
        /// The number from `quarantine list`.
        id: i64,
    },
    /// Look at it again with what is known now. Ends with 1 where it stays.
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
