//! How to reach a mailbox: one `[[mailbox]]` table of the receiver's configuration file.

mod imap;
mod maildir;

use std::time::Duration;

use mailbeat_shared::transport::oauth;
use serde::Deserialize;

use super::{ErrorKind, MailboxError};

pub use imap::{ImapAuth, ImapSettings, ImapTls};
pub use maildir::MaildirSettings;

/// A mailbox to read, told apart by `type`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum MailboxSettings {
    /// An IMAP account.
    Imap(ImapSettings),
    /// A Maildir on this machine.
    Maildir(MaildirSettings),
}

fn default_folders() -> Vec<String> {
    vec!["INBOX".into(), "Junk".into()]
}

fn default_processed() -> String {
    "Mailbeat/Processed".into()
}

fn default_quarantine() -> String {
    "Mailbeat/Quarantine".into()
}

/// Settings that cannot work or would not be safe.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The host is no host.
    #[error("`host` is {0:?}; it must be a host name or an address, the port goes into `port`")]
    Host(String),
    /// The password would travel in clear.
    #[error("`tls = \"none\"` would send the password to {0} unprotected; use \"starttls\" or \"implicit\"")]
    Unprotected(String),
    /// A folder's name cannot be one.
    #[error(
        "{0:?} cannot be a folder's name here: ASCII letters, digits, spaces and punctuation, but no wildcards"
    )]
    Folder(String),
    /// The `oauth` table.
    #[error(transparent)]
    Oauth(#[from] oauth::SettingsError),
    /// Settings that are missing or exclude each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

impl From<SettingsError> for MailboxError {
    fn from(error: SettingsError) -> Self {
        Self::new(ErrorKind::Settings, error.to_string())
    }
}

impl MailboxSettings {
    /// What this mailbox is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Imap(imap) => &imap.name,
            Self::Maildir(maildir) => &maildir.name,
        }
    }

    /// The folders to read; the first must be there.
    #[must_use]
    pub fn folders(&self) -> &[String] {
        match self {
            Self::Imap(imap) => &imap.folders,
            Self::Maildir(maildir) => &maildir.folders,
        }
    }

    /// How often to look where nobody tells of new mail.
    #[must_use]
    pub fn poll_interval(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Imap(imap) => imap.poll_interval_s,
            Self::Maildir(maildir) => maildir.poll_interval_s,
        })
    }

    /// Whether these settings can work and are safe. Opens no file and no connection.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        match self {
            Self::Imap(imap) => imap.check(),
            Self::Maildir(maildir) => maildir.check(),
        }
    }
}

fn check_folders(folders: &[String], processed: &str, quarantine: &str) -> Result<(), SettingsError> {
    let is_name = |name: &str| {
        let fits = |c: char| (c.is_ascii_graphic() || c == ' ') && !"%*\"\\&".contains(c);
        name.len() <= 200 && name.chars().all(fits) && name.split('/').all(|part| !part.trim().is_empty())
    };
    let all = folders.iter().map(String::as_str).chain([processed, quarantine]);
    if let Some(wrong) = all.into_iter().find(|name| !is_name(name)) {
        return Err(SettingsError::Folder(wrong.to_owned()));
    }
    if folders.is_empty() {
        return Err(SettingsError::Contradiction("`folders` is empty; nothing would be read"));
    }
    if processed == quarantine || folders.iter().any(|folder| folder == processed || folder == quarantine) {
        return Err(SettingsError::Contradiction(
            "`processed`, `quarantine` and each of `folders` must be different folders",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
