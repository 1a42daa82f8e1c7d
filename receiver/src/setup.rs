//! The set-up of a receiver: what a person decides, page by page, and what becomes of it in `receiver.toml` and in the commands that
//! follow.
//!
//! Pure but for looking whether a file is there. [`Draft`] holds the decisions, [`ask`] asks for them, [`answers`] takes them
//! from a file instead, [`configured`] edits them into the configuration; [`people`] and [`customer`] become commands. Nothing here
//! writes; no password is ever printed.

pub mod answers;
pub mod ask;
pub mod customer;
pub mod fault;
mod file;
pub mod people;
pub mod words;

pub use file::configured;

use std::path::{Path, PathBuf};

use mailbeat_shared::locale::Locale;
use mailbeat_shared::wizard::account::Account;
use mailbeat_shared::wizard::oauth::SignIn;

use customer::Customer;
use people::Person;

/// How a mailbox is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// By IMAP with a password.
    #[default]
    Password,
    /// By IMAP with an account that signs in by OAuth.
    OAuth,
    /// A Maildir on this machine.
    Maildir,
    /// As it is configured, which this wizard knows too little of to change.
    Keep,
}

/// Where reports arrive: the first mailbox of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// What it is called.
    pub name: String,
    /// How it is read.
    pub reading: Reading,
    /// By which account.
    pub account: Account,
    /// How that one signs in, where it does so by OAuth.
    pub sign_in: SignIn,
    /// The Maildir.
    pub path: PathBuf,
    /// The folders to read.
    pub folders: Vec<String>,
}

/// How notifications leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sending {
    /// By the account that reports are read with.
    #[default]
    Same,
    /// By another mail server, or an account with a password.
    Password,
    /// By another account that signs in by OAuth.
    OAuth,
    /// As it is configured.
    Keep,
}

/// Outgoing mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// How it leaves.
    pub sending: Sending,
    /// The sender.
    pub from: String,
    /// By which server and account; of the mailbox's account only the server.
    pub account: Account,
    /// How that one signs in, where it does so by OAuth.
    pub sign_in: SignIn,
    /// Each of these is asked for; else what is proposed is taken as a whole.
    pub details: bool,
    /// Nobody said yet which server: it is what many are called.
    pub guess: bool,
}

/// What a person decided so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The working language: of mails to people who have none of their own.
    pub locale: Locale,
    /// The vendor's name.
    pub vendor: String,
    /// Where database and keys lie.
    pub state_dir: PathBuf,
    /// The environment says where, which no file overrides.
    pub state_dir_is_given: bool,
    /// The person is asked where: they may not write everywhere.
    pub asks_state_dir: bool,
    /// Who is told where a customer has nobody, in this order.
    pub people: Vec<Person>,
    /// Where reports are sent to.
    pub report_addresses: Vec<String>,
    /// Where they are read.
    pub mailbox: Mailbox,
    /// How notifications leave.
    pub outgoing: Outgoing,
    /// The customer to issue a contract for, if any.
    pub customer: Option<Customer>,
    /// Whether the service is to be started at the end.
    pub start_service: bool,
}

/// Where new passwords are written to.
#[derive(Clone, Debug)]
pub struct PasswordFiles {
    /// The mailbox's.
    pub mailbox: PathBuf,
    /// That of outgoing mail, where it has one of its own.
    pub outgoing: PathBuf,
}

impl PasswordFiles {
    /// Beside the configuration, under names that an agent on the same host does not use.
    #[must_use]
    pub fn beside(config: &Path) -> Self {
        Self {
            mailbox: config.with_file_name("receiver-imap-password"),
            outgoing: config.with_file_name("receiver-smtp-password"),
        }
    }
}

impl Draft {
    /// The address reports are sent to.
    #[must_use]
    pub fn report_address(&self) -> &str {
        self.report_addresses.first().map_or("", String::as_str)
    }

    /// Whether notifications may leave by the mailbox's own account: it has one, and its password is not hidden in the
    /// configuration itself.
    #[must_use]
    pub fn may_share_account(&self) -> bool {
        match self.mailbox.reading {
            Reading::Password => {
                !self.mailbox.account.password_inline || self.mailbox.account.password.is_some()
            }
            Reading::OAuth => true,
            Reading::Maildir | Reading::Keep => false,
        }
    }

    /// The account notifications leave by, with the mailbox's logon where they share it.
    fn sending_account(&self) -> Account {
        let (own, shared) = (&self.outgoing.account, &self.mailbox.account);
        match self.outgoing.sending {
            Sending::Same => Account {
                username: shared.username.clone(),
                password: shared.password.clone(),
                password_file: shared.password_file.clone(),
                password_inline: shared.password_inline,
                ..own.clone()
            },
            _ => own.clone(),
        }
    }

    /// The accounts that a person has to sign in to once, as `oauth login` knows them.
    #[must_use]
    pub fn to_sign_in(&self) -> Vec<String> {
        let (mailbox, outgoing) = (&self.mailbox, &self.outgoing);
        let reads = mailbox.reading == Reading::OAuth && mailbox.sign_in.needs_a_person();
        let sends = outgoing.sending == Sending::OAuth && outgoing.sign_in.needs_a_person();
        let reading = reads.then(|| mailbox.name.clone());
        reading.into_iter().chain(sends.then(|| "outgoing".to_owned())).collect()
    }
}

/// The folders that are read where nothing else is said.
#[must_use]
pub fn default_folders() -> Vec<String> {
    vec!["INBOX".to_owned(), "Junk".to_owned()]
}

#[cfg(test)]
mod tests;
