//! An account at a mail server, to send by or to read: what is asked of it, and the keys it makes. Nothing here connects.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::edit::{Key, path};
use super::providers::Proposal;
use super::{Asker, Check, Move, anything, needed};
use crate::transport::dial::is_this_machine;
use crate::transport::secret::Secret;
use crate::transport::smtp::{SmtpSettings, TlsMode};
use crate::transport::tls::CertificatePin;

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

    /// Which server.
    pub fn ask_host(&mut self, asker: &mut dyn Asker) -> Move {
        let check: Check = Rc::new(|text| {
            let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"/@[]".contains(c));
            if fits {
                Ok(())
            } else {
                Err("a host name or an address is needed; the port comes later".into())
            }
        });
        let help = "Proposed from the address; correct it if yours has another name.";
        asker.text("Mail server:", help, &self.host, check).then(|host| self.host = host)
    }

    /// When the connection becomes private.
    pub fn ask_tls(&mut self, asker: &mut dyn Asker) -> Move {
        let imap_elsewhere = self.protocol == Protocol::Imap && !is_this_machine(&self.host);
        let modes = self.protocol.modes().iter();
        let modes: Vec<_> = modes.filter(|mode| !imap_elsewhere || mode.0 != TlsMode::None).collect();
        let options: Vec<String> = modes.iter().map(|mode| mode.2.to_owned()).collect();
        let now = modes.iter().position(|mode| mode.0 == self.tls).unwrap_or(0);
        let asked = asker.choose("How is the connection made private?", "", &options, now);
        asked.then(|chosen| self.tls = modes.get(chosen).map_or(self.protocol.usual(), |mode| mode.0))
    }

    /// Which port.
    pub fn ask_port(&mut self, asker: &mut dyn Asker) -> Move {
        let usual = self.usual_port();
        let check: Check = Rc::new(|text| match text.parse::<u16>() {
            Ok(1..) => Ok(()),
            _ => Err("a port is a number from 1 to 65535".into()),
        });
        let ours = self.port.unwrap_or(usual).to_string();
        let asked = asker.text("Port:", "", &ours, check);
        asked.then(|text| self.port = text.parse().ok().filter(|port| *port != usual))
    }

    /// As whom.
    pub fn ask_username(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.takes_password() {
            self.username.clear();
            return Move::Skip;
        }
        let (help, check) = match self.protocol {
            Protocol::Smtp => {
                ("Often the whole mail address; empty if the server takes mail without logon.", anything())
            }
            Protocol::Imap => ("Often the whole mail address.", needed()),
        };
        asker.text("User name:", help, &self.username, check).then(|name| self.username = name)
    }

    /// By which password.
    pub fn ask_password(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.takes_password() || self.username.is_empty() {
            return Move::Skip;
        }
        let (help, check) = match self.has_password() {
            true => ("Empty keeps the one that is set.", anything()),
            false => ("It is written into a file that only the service may read.", needed()),
        };
        asker.secret("Password:", help, check).then(|password| {
            if !password.is_empty() {
                self.password = Some(Secret::new(password));
            }
        })
    }

    /// Whose word for the server's certificate is taken.
    pub fn ask_trust(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.shows_certificate() {
            (self.tls_ca, self.tls_pin) = (None, None);
            return Move::Skip;
        }
        let now = match (&self.tls_ca, &self.tls_pin) {
            (Some(_), _) => 1,
            (None, Some(_)) => 2,
            (None, None) => 0,
        };
        let options = [
            "By the system's authorities (usual)".to_owned(),
            "By your own authority (a CA file)".to_owned(),
            "By its fingerprint (self-signed)".to_owned(),
        ];
        let asked = asker.choose("How is the server's certificate believed?", "", &options, now);
        asked.then(|chosen| {
            self.tls_ca = (chosen == 1).then(|| self.tls_ca.take().unwrap_or_default());
            self.tls_pin = (chosen == 2).then(|| self.tls_pin.take().unwrap_or_default());
        })
    }

    /// By which authority.
    pub fn ask_authority(&mut self, asker: &mut dyn Asker) -> Move {
        let Some(file) = self.tls_ca.clone() else { return Move::Skip };
        let check: Check = Rc::new(|text| match std::fs::read_to_string(text) {
            Ok(pem) if pem.contains("-----BEGIN CERTIFICATE-----") => Ok(()),
            Ok(_) => Err("no certificate in this file; it must be PEM (-----BEGIN CERTIFICATE-----)".into()),
            Err(error) => Err(format!("the file cannot be read: {error}")),
        });
        let asked = asker.text(
            "CA file:",
            "The service must be able to read it.",
            &file.display().to_string(),
            check,
        );
        asked.then(|text| self.tls_ca = Some(text.into()))
    }

    /// By which fingerprint.
    pub fn ask_pin(&mut self, asker: &mut dyn Asker) -> Move {
        let Some(pin) = self.tls_pin.clone() else { return Move::Skip };
        let check: Check =
            Rc::new(|text| text.parse::<CertificatePin>().map(drop).map_err(|error| error.to_string()));
        let help = "As sha256:..., compared with the server's administrator.";
        asker.text("Fingerprint:", help, &pin, check).then(|text| self.tls_pin = Some(text))
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
