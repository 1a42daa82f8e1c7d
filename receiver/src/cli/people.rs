//! `customers` and `contacts`: what can be typed about the people who are told. Contacts are texts here; the command reads them as
//! addresses and refuses what is none.

use clap::Subcommand;
use mailbeat_shared::locale::Locale;

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
    /// Add one.
    Add {
        /// `Name <address>`.
        contact: String,
        /// The customer; without it, a default contact told where a customer has none.
        #[arg(long)]
        customer: Option<String>,
        /// Place in the order of responsibility, from 1; by default after those there are.
        #[arg(long)]
        position: Option<i64>,
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
