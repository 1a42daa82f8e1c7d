//! `tickets`: what can be typed to read tickets and to say something to them. Whether a ticket is there, and what may still be
//! said to it, is found out by the command.

use clap::Subcommand;

use crate::ticket::TicketNumber;

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
