//! How to reach a mail server: the `smtp` table of both programs' configuration files.

mod check;

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

pub use check::SettingsError;

use crate::transport::oauth::OAuthSettings;
use crate::transport::outcome::Failure;
use crate::transport::proxy::Proxy;
use crate::transport::secret::Secret;
use crate::transport::tls::{CertificatePin, ClientTls};

/// When the connection becomes private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// From the first byte (RFC 8314, port 465).
    Implicit,
    /// By STARTTLS, which must be offered (RFC 3207, port 587).
    #[default]
    Starttls,
    /// By STARTTLS if offered, without asking whose certificate it is unless `tls_ca` or `tls_pin` is set (port 25).
    Opportunistic,
    /// Never (port 25).
    None,
}

/// How to authenticate (RFC 4954).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// PLAIN, else LOGIN, if there is a user name; otherwise not at all.
    #[default]
    Auto,
    /// Not at all.
    None,
    /// PLAIN (RFC 4616).
    Plain,
    /// LOGIN, which some older servers know only.
    Login,
    /// By a token: OAUTHBEARER (RFC 7628) or XOAUTH2.
    Oauth,
}

/// One mail server and how to speak to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// Host name or address; also the name its certificate must be for.
    pub host: String,
    /// Port; by default 465, 587 or 25, after `tls`.
    pub port: Option<u16>,
    /// When the connection becomes private.
    #[serde(default)]
    pub tls: TlsMode,
    /// How to authenticate.
    #[serde(default)]
    pub auth: AuthMode,
    /// User name for authentication.
    pub username: Option<String>,
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
    /// The HTTP proxy to go through, where a site has nothing else.
    pub proxy: Option<Proxy>,
    /// The name to introduce ourselves with; by default the connection's own address, as in `[192.0.2.7]`
    /// (RFC 5321 section 4.1.4).
    pub helo_name: Option<String>,
    /// Longest wait for one step, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_s: u64,
    /// Longest wait for the verdict on a message handed over whole, in seconds. Giving up early sends it twice,
    /// hence ten minutes (RFC 5321 section 4.5.3.2.6).
    #[serde(default = "default_verdict_timeout")]
    pub verdict_timeout_s: u64,
}

fn default_timeout() -> u64 {
    60
}

fn default_verdict_timeout() -> u64 {
    600
}

impl SmtpSettings {
    /// STARTTLS on port 587 without authentication.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: None,
            tls: TlsMode::default(),
            auth: AuthMode::default(),
            username: None,
            password: None,
            password_file: None,
            oauth: None,
            tls_ca: None,
            tls_pin: None,
            proxy: None,
            helo_name: None,
            timeout_s: default_timeout(),
            verdict_timeout_s: default_verdict_timeout(),
        }
    }

    /// The port set, or the usual one.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            TlsMode::Implicit => 465,
            TlsMode::Starttls => 587,
            TlsMode::Opportunistic | TlsMode::None => 25,
        })
    }

    /// Whether to authenticate.
    pub(super) fn wants_auth(&self) -> bool {
        match self.auth {
            AuthMode::None => false,
            AuthMode::Auto => self.username.is_some(),
            AuthMode::Plain | AuthMode::Login | AuthMode::Oauth => true,
        }
    }

    /// User name and password, the latter read from its file if it has one.
    pub(super) fn credentials(&self) -> Result<(String, Secret), Failure> {
        let username = self.username.clone().unwrap_or_default();
        let password = match (&self.password, &self.password_file) {
            (Some(password), _) => password.clone(),
            (None, Some(file)) => Secret::read("password_file", file)?,
            (None, None) => Secret::new(""),
        };
        Ok((username, password))
    }

    pub(super) fn client_tls(&self) -> ClientTls {
        ClientTls { ca: self.tls_ca.clone(), pin: self.tls_pin, client: None }
    }

    pub(super) fn step_limit(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    pub(super) fn verdict_limit(&self) -> Duration {
        Duration::from_secs(self.verdict_timeout_s)
    }
}
