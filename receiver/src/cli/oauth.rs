//! `oauth`.

use clap::{Args, Subcommand};
use mailbeat_shared::transport::oauth::Manner;

/// `oauth`.
#[derive(Debug, Subcommand)]
pub enum Oauth {
    /// Sign in once, so that mail can be read or sent by this account.
    Login {
        /// The account: `account` of its oauth table, else its mailbox's name or `outgoing`; may be left out where there is one.
        account: Option<String>,
        #[command(flatten)]
        /// How.
        how: SignIn,
    },
    /// How the accounts stand: consent, what expires when, the last refusal.
    Status,
    /// Remove an account's tokens from this host; the provider is not told.
    Forget {
        /// The account: `account` of its oauth table, else its mailbox's name or `outgoing`; may be left out where there is one.
        account: Option<String>,
    },
}

/// How a person signs in.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
pub struct SignIn {
    /// With the browser of this machine.
    #[arg(long)]
    pub browser: bool,
    /// With a browser anywhere; the address it ends at is pasted here.
    #[arg(long)]
    pub paste: bool,
    /// With a browser anywhere, by a code.
    #[arg(long)]
    pub device: bool,
}

impl SignIn {
    /// The manner asked for; none means the usual one of the account's grant.
    #[must_use]
    pub fn manner(self) -> Option<Manner> {
        Manner::asked_for(self.browser, self.paste, self.device)
    }
}
