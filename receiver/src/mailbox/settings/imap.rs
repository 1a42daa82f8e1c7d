//! An `imap` table.

use std::path::PathBuf;

use mailbeat_shared::transport::dial::is_this_machine;
use mailbeat_shared::transport::oauth::OAuthSettings;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::tls::{CertificatePin, ClientTls};
use serde::Deserialize;

use super::super::{ErrorKind, MailboxError};
use super::{SettingsError, check_folders, default_folders, default_processed, default_quarantine};
use crate::filing::Target;

/// When the connection becomes private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImapTls {
    /// From the first byte (RFC 8314, port 993).
    #[default]
    Implicit,
    /// By STARTTLS, which must be offered (RFC 9051 section 6.2.1, port 143).
    Starttls,
    /// Never; only to this machine itself.
    None,
}

/// How to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImapAuth {
    /// By a password.
    #[default]
    Password,
    /// By a token: OAUTHBEARER (RFC 7628) or XOAUTH2.
    Oauth,
}

/// An IMAP account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImapSettings {
    /// What this mailbox is called in the log, the store and on the pages.
    pub name: String,
    /// Host name or address; also the name its certificate must be for.
    pub host: String,
    /// Port; by default 993, or 143 after `tls`.
    pub port: Option<u16>,
    /// When the connection becomes private.
    #[serde(default)]
    pub tls: ImapTls,
    /// How to log in.
    #[serde(default)]
    pub auth: ImapAuth,
    /// Login; for a token the mailbox's address.
    pub username: String,
    /// The password itself; a `password_file` is the better place.
    pub password: Option<Secret>,
    /// A file with the password on its first line; read for each connection.
    pub password_file: Option<PathBuf>,
    /// Where the token is from.
    pub oauth: Option<Box<OAuthSettings>>,
    /// Believe only certificates issued under these authorities (PEM file).
    pub tls_ca: Option<PathBuf>,
    /// Believe exactly this certificate, whatever its name, issuer and dates.
    pub tls_pin: Option<CertificatePin>,
    /// Folders to read.
    #[serde(default = "default_folders")]
    pub folders: Vec<String>,
    /// Where mails go that became part of the store; `/` stands for the server's own separator.
    #[serde(default = "default_processed")]
    pub processed: String,
    /// Where mails go that are no report we can believe.
    #[serde(default = "default_quarantine")]
    pub quarantine: String,
    /// How often to look when the server does not tell by itself, in seconds; also how often other folders are read.
    #[serde(default = "default_poll_interval")]
    pub poll_interval_s: u64,
    /// Whether to let the server tell of new mail (IDLE, RFC 2177) where it can.
    #[serde(default = "default_idle")]
    pub idle: bool,
    /// Longest silence of the server while it is to answer, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_s: u64,
}

fn default_poll_interval() -> u64 {
    60
}

fn default_idle() -> bool {
    true
}

fn default_timeout() -> u64 {
    60
}

impl ImapSettings {
    /// Implicit TLS, the default folders.
    #[must_use]
    pub fn new(name: &str, host: &str, username: &str, password: Secret) -> Self {
        Self {
            name: name.into(),
            host: host.into(),
            port: None,
            tls: ImapTls::default(),
            auth: ImapAuth::default(),
            username: username.into(),
            password: Some(password),
            password_file: None,
            oauth: None,
            tls_ca: None,
            tls_pin: None,
            folders: default_folders(),
            processed: default_processed(),
            quarantine: default_quarantine(),
            poll_interval_s: default_poll_interval(),
            idle: default_idle(),
            timeout_s: default_timeout(),
        }
    }

    /// The port set, or the usual one.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls == ImapTls::Implicit { 993 } else { 143 })
    }

    pub(in super::super) fn check(&self) -> Result<(), SettingsError> {
        use SettingsError::Contradiction;
        if self.host.is_empty() || self.host.contains(|c: char| !c.is_ascii_graphic() || "/@[]".contains(c)) {
            return Err(SettingsError::Host(self.host.clone()));
        }
        if self.tls == ImapTls::None && !is_this_machine(&self.host) {
            return Err(SettingsError::Unprotected(self.host.clone()));
        }
        self.check_proof()?;
        if self.username.is_empty() || self.username.contains(char::is_control) {
            return Err(Contradiction("`username` is empty or holds control characters"));
        }
        if self.tls_ca.is_some() && self.tls_pin.is_some() {
            return Err(Contradiction(
                "set `tls_ca` or `tls_pin`, not both: a pinned certificate needs no authority",
            ));
        }
        if self.tls == ImapTls::None && (self.tls_ca.is_some() || self.tls_pin.is_some()) {
            return Err(Contradiction("`tls_ca` and `tls_pin` mean nothing with `tls = \"none\"`"));
        }
        if self.timeout_s == 0 || self.poll_interval_s == 0 {
            return Err(Contradiction("`timeout_s` and `poll_interval_s` must be at least 1"));
        }
        check_folders(&self.folders, &self.processed, &self.quarantine)
    }

    /// A password or a token.
    fn check_proof(&self) -> Result<(), SettingsError> {
        use SettingsError::Contradiction;
        match (self.auth, &self.oauth, &self.password, &self.password_file) {
            (ImapAuth::Oauth, None, ..) => Err(Contradiction("`auth = \"oauth\"` needs an `oauth` table")),
            (ImapAuth::Oauth, Some(oauth), None, None) => Ok(oauth.check()?),
            (ImapAuth::Oauth, ..) => Err(Contradiction("`auth = \"oauth\"` takes no password")),
            (ImapAuth::Password, Some(_), ..) => {
                Err(Contradiction("an `oauth` table is set, but not `auth = \"oauth\"`"))
            }
            (_, _, Some(_), Some(_)) => Err(Contradiction("set `password` or `password_file`, not both")),
            (_, _, None, None) => Err(Contradiction("`password_file` is missing")),
            _ => Ok(()),
        }
    }

    /// The password, read from its file if it has one.
    pub(in super::super) fn password(&self) -> Result<Secret, MailboxError> {
        let Some(file) = &self.password_file else {
            return Ok(self.password.clone().unwrap_or_else(|| Secret::new("")));
        };
        let text = std::fs::read_to_string(file).map_err(|error| {
            MailboxError::new(ErrorKind::Settings, format!("password_file {}: {error}", file.display()))
        })?;
        Ok(Secret::new(text.lines().next().unwrap_or_default()))
    }

    pub(in super::super) fn client_tls(&self) -> ClientTls {
        ClientTls { ca: self.tls_ca.clone(), pin: self.tls_pin, client: None }
    }

    pub(in super::super) fn target(&self, target: Target) -> &str {
        match target {
            Target::Processed => &self.processed,
            Target::Quarantine => &self.quarantine,
        }
    }
}
