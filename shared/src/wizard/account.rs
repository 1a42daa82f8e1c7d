//! An account at a mail server, to send by or to read, and the keys it makes; `ask` asks for it. Nothing here connects.

mod ask;

use std::path::{Path, PathBuf};

use super::edit::{Key, path};
use super::providers::Proposal;
use crate::transport::secret::Secret;
use crate::transport::smtp::{SmtpSettings, TlsMode};

/// What the server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Mail is sent by it.
    #[default]
    Smtp,
    /// Mail is read by it.
    Imap,
}

impl Protocol {
    /// The ways to make a connection private, the usual one first, each with its port and what a person chooses by.
    fn modes(self) -> &'static [(TlsMode, u16, &'static str)] {
        match self {
            Self::Smtp => &[
                (TlsMode::Starttls, 587, "STARTTLS, port 587 (usual)"),
                (TlsMode::Implicit, 465, "TLS from the first byte, port 465"),
                (TlsMode::Opportunistic, 25, "TLS if offered, without a password, port 25"),
                (TlsMode::None, 25, "No TLS, in a network you trust, without a password, port 25"),
            ],
            Self::Imap => &[
                (TlsMode::Implicit, 993, "TLS from the first byte, port 993 (usual)"),
                (TlsMode::Starttls, 143, "STARTTLS, port 143"),
                (TlsMode::None, 143, "No TLS: the server is this machine, port 143"),
            ],
        }
    }

    fn usual(self) -> TlsMode {
        self.modes()[0].0
    }
}

/// The mail account and its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What it is for.
    pub protocol: Protocol,
    /// The server.
    pub host: String,
    /// Its port; `None` is the usual one.
    pub port: Option<u16>,
    /// When the connection becomes private.
    pub tls: TlsMode,
    /// User name; empty: no logon.
    pub username: String,
    /// A new password.
    pub password: Option<Secret>,
    /// Where the password lies, if one is configured already.
    pub password_file: Option<PathBuf>,
    /// A password stands in the configuration itself.
    pub password_inline: bool,
    /// The authority believed instead of the system's.
    pub tls_ca: Option<PathBuf>,
    /// The one certificate believed.
    pub tls_pin: Option<String>,
    /// Each of these is asked for; else what is proposed is taken as a whole.
    pub details: bool,
}

impl From<&SmtpSettings> for Account {
    fn from(smtp: &SmtpSettings) -> Self {
        Self {
            protocol: Protocol::Smtp,
            host: smtp.host.clone(),
            port: smtp.port,
            tls: smtp.tls,
            username: smtp.username.clone().unwrap_or_default(),
            password: None,
            password_file: smtp.password_file.clone(),
            password_inline: smtp.password.is_some(),
            tls_ca: smtp.tls_ca.clone(),
            tls_pin: smtp.tls_pin.map(|pin| pin.to_string()),
            details: false,
        }
    }
}

impl Account {
    /// None yet.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, tls: protocol.usual(), ..Self::default() }
    }

    /// Takes over what is proposed for another address.
    pub fn propose(&mut self, proposal: &Proposal, username: String) {
        (self.host, self.tls) = (proposal.host.clone(), proposal.tls);
        // Which port is the usual one depends on how the connection becomes private.
        self.port = proposal.port.filter(|port| *port != self.usual_port());
        self.username = username;
    }

    /// The port set, or the usual one.
    #[must_use]
    pub fn usual_port(&self) -> u16 {
        self.protocol.modes().iter().find(|mode| mode.0 == self.tls).map_or(25, |mode| mode.1)
    }

    /// Takes a port; where one mode has it for its own, that mode with it.
    fn reach(&mut self, port: Option<u16>) {
        if let Some(port) = port.filter(|port| *port != self.usual_port()) {
            let its_own = self.protocol.modes().iter().find(|mode| mode.1 == port);
            self.tls = its_own.map_or(self.tls, |mode| mode.0);
        }
        self.port = port.filter(|port| *port != self.usual_port());
    }

    /// Whether the server may be told a password.
    #[must_use]
    pub fn takes_password(&self) -> bool {
        self.protocol == Protocol::Imap || matches!(self.tls, TlsMode::Starttls | TlsMode::Implicit)
    }

    /// Whether there is a certificate to believe.
    fn shows_certificate(&self) -> bool {
        matches!(self.tls, TlsMode::Starttls | TlsMode::Implicit)
    }

    fn has_password(&self) -> bool {
        self.password.is_some() || self.password_file.is_some() || self.password_inline
    }

    /// The keys that say where the server is and whose word for its certificate is taken.
    #[must_use]
    pub fn server_keys(&self) -> Vec<Key> {
        vec![
            Key::set("host", self.host.as_str()),
            Key::unless_usual("tls", tls_word(self.tls), self.tls == self.protocol.usual()),
            Key::maybe("port", self.port.map(i64::from)),
            Key::maybe("tls_ca", self.tls_ca.as_deref().map(path)),
            Key::maybe("tls_pin", self.tls_pin.as_deref()),
        ]
    }

    /// The keys of an account with a password; a new one lies in `password_file`.
    #[must_use]
    pub fn keys(&self, password_file: &Path) -> Vec<Key> {
        let logs_on = !self.username.is_empty();
        let file = match &self.password {
            Some(_) => Some(password_file),
            None => self.password_file.as_deref(),
        };
        let mut keys = self.server_keys();
        keys.extend([
            Key::maybe("username", logs_on.then_some(self.username.as_str())),
            Key::maybe("password_file", file.filter(|_| logs_on).map(path)),
            Key::none("auth"),
            Key::none("oauth"),
            Key::none("path"),
        ]);
        if self.password.is_some() || !logs_on {
            keys.push(Key::none("password"));
        }
        keys
    }
}

/// The word of the configuration for a mode.
#[must_use]
pub fn tls_word(tls: TlsMode) -> &'static str {
    match tls {
        TlsMode::Implicit => "implicit",
        TlsMode::Starttls => "starttls",
        TlsMode::Opportunistic => "opportunistic",
        TlsMode::None => "none",
    }
}

/// The mode of an answer.
///
/// # Errors
/// The protocol knows none of this name: which ones it knows.
pub fn tls_mode(word: &str, protocol: Protocol) -> Result<TlsMode, String> {
    let modes = || protocol.modes().iter().map(|mode| mode.0);
    modes().find(|mode| tls_word(*mode) == word).ok_or_else(|| {
        let known: Vec<&str> = modes().map(tls_word).collect();
        format!("{word:?} is none; there are {}", known.join(", "))
    })
}
