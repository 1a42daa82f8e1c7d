//! `setup`.

use std::path::PathBuf;

use clap::Args;
use mailbeat_shared::locale::Locale;

/// `setup`.
#[derive(Debug, Args)]
pub struct Setup {
    /// Ask nothing and take the answers from this file (TOML). Passwords come from MAILBEAT_SETUP_PASSWORD, for the mailbox, and
    /// MAILBEAT_SETUP_OUTGOING_PASSWORD.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// With --answers: only show what would change.
    #[arg(long, requires = "answers")]
    pub dry_run: bool,
    /// The language to begin with: en or de.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Locale>,
}
