//! `receiver.toml`: what an operator sets, checked as a whole before anything is done.
//!
//! Unknown keys are refused with file and line; secrets are better kept in files of their own. `MAILBEAT_STATE_DIR` overrides
//! `state_dir`.

use std::path::{Path, PathBuf};

use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file::{self, ConfigError};
use mailbeat_shared::dns::DnsSettings;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::oauth::{Kept, OAuthSettings, Purpose};
use mailbeat_shared::wire::mail::{bare_address, is_address};
use serde::Deserialize;

use crate::evaluate::rules::Rules;
use crate::issuing::Terms;
use crate::mailbox::MailboxSettings;
use crate::notify::mail::{OutgoingSettings, OutgoingTransport};
use crate::notify::ping::PingSettings;
use crate::relay::RelaySettings;

/// Everything in `receiver.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Database, vendor key and backups live here.
    #[serde(default = "default_state_dir")]
    pub state_dir: PathBuf,
    /// The language of mails to contacts who have none of their own.
    #[serde(default)]
    pub locale: Locale,
    /// The rules; without it the built-in ones hold.
    pub rules: Option<PathBuf>,
    /// The vendor, and the terms contracts are issued on by default.
    pub contracts: Terms,
    /// Where reports are read.
    #[serde(default, rename = "mailbox")]
    pub mailboxes: Vec<MailboxSettings>,
    /// The relay that contracts may offer.
    pub relay: Option<RelaySettings>,
    /// Whom `test` and the wizard ask about mail domains.
    #[serde(default)]
    pub dns: DnsSettings,
    /// How notifications leave.
    pub outgoing: OutgoingSettings,
    /// Whom to tell that a round was completed.
    pub ping: Option<PingSettings>,
    /// How long things are kept.
    #[serde(default)]
    pub retention: Retention,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days a processed mail stays on the mail server; 0 keeps it for ever.
    pub processed_mail_days: u32,
    /// Days a quarantined mail stays on the mail server; 0 keeps it for ever.
    pub quarantined_mail_days: u32,
    /// Days the content of heartbeats is kept in the database; after that, each number's mean, least and most of a day.
    pub heartbeat_days: u32,
    /// Days these are kept.
    pub daily_days: u32,
    /// Days the content of system reports is kept in the database.
    pub system_report_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            processed_mail_days: 30,
            quarantined_mail_days: 90,
            heartbeat_days: 90,
            daily_days: 730,
            system_report_days: 730,
        }
    }
}

/// Where the package's service keeps its state.
pub fn default_state_dir() -> PathBuf {
    PathBuf::from("/var/lib/mailbeat-receiver")
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// The file or a key in it.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The keys are known, and what they say does not fit.
    #[error("{path}: {what}", path = path.display())]
    Senseless {
        /// The file.
        path: PathBuf,
        /// What does not fit, and what to do.
        what: String,
    },
}

impl Config {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// [`BadConfig`], for a person to act on.
    pub fn load(path: &Path) -> Result<Self, BadConfig> {
        Self::ready(path, config_file::load(path)?)
    }

    /// The same of a text that `path` does not hold yet.
    ///
    /// # Errors
    /// [`BadConfig`].
    pub fn of(path: &Path, text: &str) -> Result<Self, BadConfig> {
        Self::ready(path, config_file::parse(path, text)?)
    }

    fn ready(path: &Path, mut config: Self) -> Result<Self, BadConfig> {
        if let Some(dir) = std::env::var_os("MAILBEAT_STATE_DIR").filter(|dir| !dir.is_empty()) {
            config.state_dir = dir.into();
        }
        config.keep_tokens(&Clock::system());
        config.check().map_err(|what| BadConfig::Senseless { path: path.to_owned(), what })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.mailboxes.is_empty() {
            return Err("there is no [[mailbox]]; add one with type = \"imap\" or \"maildir\"".into());
        }
        for (index, mailbox) in self.mailboxes.iter().enumerate() {
            mailbox.check().map_err(|error| format!("mailbox {:?}: {error}", mailbox.name()))?;
            if self.mailboxes[..index].iter().any(|other| other.name() == mailbox.name()) {
                return Err(format!(
                    "two mailboxes are named {:?}; the name is what the database knows them by",
                    mailbox.name()
                ));
            }
        }
        self.outgoing.check().map_err(|error| format!("[outgoing]: {error}"))?;
        if let Some(clash) = OAuthSettings::clash(self.signing_in()) {
            return Err(format!("of the mailboxes and [outgoing] {clash}"));
        }
        let relay = self.relay.as_ref().map_or(Ok(()), RelaySettings::check);
        relay.map_err(|what| format!("[relay]: its {what}"))?;
        let wrong = self.contracts.report_addresses.iter().find(|address| !is_address(address));
        match wrong {
            Some(address) => Err(format!("[contracts]: report address {address:?} is not a mail address")),
            None => Ok(()),
        }
    }

    /// Says where each account's tokens lie and whose mailbox it is.
    fn keep_tokens(&mut self, clock: &Clock) {
        let dir = self.tokens();
        let keep = |oauth: &mut OAuthSettings, name: &str, purpose: Purpose, username: String| {
            let account = oauth.account.clone().unwrap_or_else(|| name.to_owned());
            let command = format!("mailbeat-receiver oauth login {account}");
            oauth.keep(
                &dir,
                &account,
                Kept { purpose, username, command, clock: clock.clone(), ..Kept::default() },
            );
        };
        for mailbox in &mut self.mailboxes {
            if let MailboxSettings::Imap(imap) = mailbox
                && let Some(oauth) = &mut imap.oauth
            {
                keep(oauth, &imap.name, Purpose::Mail, imap.username.clone());
            }
        }
        let from = bare_address(&self.outgoing.from).unwrap_or_default();
        match &mut self.outgoing.transport {
            OutgoingTransport::Smtp(smtp) => {
                if let Some(oauth) = &mut smtp.oauth {
                    oauth.proxy = oauth.proxy.take().or(smtp.proxy.clone());
                    keep(oauth, "outgoing", Purpose::Mail, smtp.username.clone().unwrap_or_default());
                }
            }
            OutgoingTransport::Graph(graph) => {
                graph.oauth.proxy = graph.oauth.proxy.take().or(graph.proxy.clone());
                keep(&mut graph.oauth, "outgoing", Purpose::Graph, graph.mailbox.clone().unwrap_or(from));
            }
            OutgoingTransport::Maildir(_) => {}
        }
    }

    /// Every account that signs in by OAuth, once.
    #[must_use]
    pub fn accounts(&self) -> Vec<OAuthSettings> {
        let mut accounts: Vec<OAuthSettings> = Vec::new();
        for account in self.signing_in() {
            if !accounts.iter().any(|known| known.kept.file == account.kept.file) {
                accounts.push(account.clone());
            }
        }
        accounts
    }

    /// Every mailbox, and the way out, that signs in by OAuth.
    fn signing_in(&self) -> impl Iterator<Item = &OAuthSettings> {
        let mailboxes = self.mailboxes.iter().filter_map(|mailbox| match mailbox {
            MailboxSettings::Imap(imap) => imap.oauth.as_deref(),
            MailboxSettings::Maildir(_) => None,
        });
        let outgoing = match &self.outgoing.transport {
            OutgoingTransport::Smtp(smtp) => smtp.oauth.as_deref(),
            OutgoingTransport::Graph(graph) => Some(&*graph.oauth),
            OutgoingTransport::Maildir(_) => None,
        };
        mailboxes.chain(outgoing)
    }

    /// Tokens of mail accounts, and when somebody last signed in.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.state_dir.join("oauth")
    }

    /// The rules in force.
    ///
    /// # Errors
    /// [`ConfigError`] with file and line.
    pub fn load_rules(&self) -> Result<Rules, ConfigError> {
        match &self.rules {
            None => Ok(Rules::built_in()),
            Some(path) => {
                let unreadable = |error| ConfigError::Unreadable { path: path.clone(), error };
                let text = std::fs::read_to_string(path).map_err(unreadable)?;
                read_rules(path, &text)
            }
        }
    }

    /// The files that these rules were read from, with those they include.
    #[must_use]
    pub fn rules_files(&self, rules: &Rules) -> Vec<PathBuf> {
        let Some(path) = &self.rules else { return vec![] };
        let beside = path.parent().unwrap_or(Path::new("."));
        [path.clone()].into_iter().chain(rules.include.iter().map(|file| beside.join(file))).collect()
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.state_dir.join("receiver.db")
    }

    /// The vendor's private key.
    #[must_use]
    pub fn vendor_key(&self) -> PathBuf {
        self.state_dir.join("vendor.key")
    }

    /// The vendor's keys for encrypted reports.
    #[must_use]
    pub fn encryption_keys(&self) -> PathBuf {
        self.state_dir.join("encryption.keys")
    }

    /// The vendor's public key, to be given to customers.
    #[must_use]
    pub fn vendor_public_key(&self) -> PathBuf {
        self.state_dir.join("vendor.pub")
    }
}

/// Rules with the files they include; their paths are relative to the file that names them.
///
/// # Errors
/// [`ConfigError`] with file and line.
pub fn read_rules(path: &Path, text: &str) -> Result<Rules, ConfigError> {
    let mut rules = Rules::parse(path, text)?;
    let beside = path.parent().unwrap_or(Path::new("."));
    // The first file that is included comes first, so the last one is put before the others last.
    for file in rules.include.clone().iter().rev() {
        let file = beside.join(file);
        let unreadable = |error| ConfigError::Unreadable { path: file.clone(), error };
        let text = std::fs::read_to_string(&file).map_err(unreadable)?;
        rules = rules.including(&file, &text)?;
    }
    rules.checked(path, text)
}

#[cfg(test)]
mod tests;
