//! How to reach a mail server: the `smtp` table of both programs' configuration files.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::transport::outcome::{Failure, FailureKind};
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
    /// Believe only certificates issued under these authorities (PEM file).
    pub tls_ca: Option<PathBuf>,
    /// Believe exactly this certificate, whatever its name, issuer and dates.
    pub tls_pin: Option<CertificatePin>,
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

/// Settings that cannot work or would not be safe.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The host is no host.
    #[error("`host` is {0:?}; it must be a host name or an address, the port goes into `port`")]
    Host(String),
    /// The name to introduce ourselves with is none.
    #[error("`helo_name` is {0:?}; it must be a host name or an address in brackets")]
    Helo(String),
    /// Credentials would travel in clear or to whoever answers.
    #[error(
        "`tls = {0:?}` would send the password to {1} unprotected; use \"starttls\" or \"implicit\" (in clear is only for this machine itself)"
    )]
    Unprotected(&'static str, String),
    /// One half of the credentials is missing, or there are two passwords.
    #[error("{0}")]
    Credentials(&'static str),
    /// Settings that exclude each other.
    #[error("{0}")]
    Contradiction(&'static str),
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
            tls_ca: None,
            tls_pin: None,
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

    /// Whether these settings can work and are safe. Opens no file and no connection.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        use SettingsError::{Contradiction, Credentials};
        let is_address = self.host.parse::<IpAddr>().is_ok();
        if self.host.is_empty() || self.host.contains(|c: char| !c.is_ascii_graphic() || (c == ':' && !is_address)) {
            return Err(SettingsError::Host(self.host.clone()));
        }
        if let Some(name) = self.helo_name.as_ref().filter(|name| !is_helo_name(name)) {
            return Err(SettingsError::Helo(name.clone()));
        }
        let wants_auth = self.wants_auth();
        match (&self.username, &self.password, &self.password_file) {
            (_, Some(_), Some(_)) => return Err(Credentials("set `password` or `password_file`, not both")),
            (Some(_), None, None) => return Err(Credentials("`username` is set, but no `password_file`")),
            (None, Some(_), None) | (None, None, Some(_)) => {
                return Err(Credentials("a password is set, but no `username`"));
            }
            (None, None, None) if wants_auth => return Err(Credentials("`auth` needs a `username`")),
            (Some(_), ..) if !wants_auth => return Err(Credentials("`auth = \"none\"`, but a `username` is set")),
            _ => {}
        }
        let unprotected = match self.tls {
            TlsMode::None => Some("none"),
            TlsMode::Opportunistic => Some("opportunistic"),
            TlsMode::Starttls | TlsMode::Implicit => None,
        };
        if let (true, Some(mode), false) = (wants_auth, unprotected, is_this_machine(&self.host)) {
            return Err(SettingsError::Unprotected(mode, self.host.clone()));
        }
        if self.tls_ca.is_some() && self.tls_pin.is_some() {
            return Err(Contradiction("set `tls_ca` or `tls_pin`, not both: a pinned certificate needs no authority"));
        }
        if self.tls == TlsMode::None && (self.tls_ca.is_some() || self.tls_pin.is_some()) {
            return Err(Contradiction("`tls_ca` and `tls_pin` mean nothing with `tls = \"none\"`"));
        }
        if self.timeout_s == 0 || self.verdict_timeout_s == 0 {
            return Err(Contradiction("`timeout_s` and `verdict_timeout_s` must be at least 1"));
        }
        Ok(())
    }

    /// Whether to authenticate.
    pub(super) fn wants_auth(&self) -> bool {
        match self.auth {
            AuthMode::None => false,
            AuthMode::Auto => self.username.is_some(),
            AuthMode::Plain | AuthMode::Login => true,
        }
    }

    /// User name and password, the latter read from its file if it has one.
    pub(super) fn credentials(&self) -> Result<(String, Secret), Failure> {
        let username = self.username.clone().unwrap_or_default();
        let password = match (&self.password, &self.password_file) {
            (Some(password), _) => password.clone(),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    Failure::new(FailureKind::Settings, format!("password_file {}: {error}", file.display()))
                })?;
                Secret::new(text.lines().next().unwrap_or_default())
            }
            (None, None) => Secret::new(""),
        };
        Ok((username, password))
    }

    pub(super) fn client_tls(&self) -> ClientTls {
        ClientTls { ca: self.tls_ca.clone(), pin: self.tls_pin }
    }

    pub(super) fn step_limit(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    pub(super) fn verdict_limit(&self) -> Duration {
        Duration::from_secs(self.verdict_timeout_s)
    }
}

/// One word of host name characters, or an address literal.
fn is_helo_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._[]:".contains(c))
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(toml: &str) -> SmtpSettings {
        crate::config_file::parse(Path::new("agent.toml"), toml).unwrap()
    }

    fn wrong(toml: &str) -> String {
        read(toml).check().unwrap_err().to_string()
    }

    #[test]
    fn a_host_alone_means_starttls_on_587_and_every_mode_has_its_port() {
        assert_eq!((read("host = 'mail.example'").tls, read("host = 'mail.example'").port()), (TlsMode::Starttls, 587));
        assert_eq!(read("host = 'm'\ntls = 'implicit'").port(), 465);
        assert_eq!(read("host = 'm'\ntls = 'none'").port(), 25);
        assert_eq!(read("host = 'm'\nport = 2525").port(), 2525);
        assert_eq!(read("host = 'm'").check(), Ok(()));
        assert_eq!(read("host = '2001:db8::1'").check(), Ok(()));
    }

    #[test]
    fn a_password_in_clear_is_only_for_this_machine() {
        let login = "username = 'u'\npassword = 'geheim'";
        let error = wrong(&format!("host = 'mail.example'\ntls = 'none'\n{login}"));
        assert!(error.contains("unprotected") && error.contains("mail.example") && !error.contains("geheim"), "{error}");
        assert!(wrong(&format!("host = 'mail.example'\ntls = 'opportunistic'\n{login}")).contains("unprotected"));
        assert_eq!(read(&format!("host = '127.0.0.1'\ntls = 'none'\n{login}")).check(), Ok(()));
        assert_eq!(read(&format!("host = 'mail.example'\n{login}")).check(), Ok(()));
    }

    #[test]
    fn halves_and_contradictions_are_named() {
        assert!(wrong("host = 'mail.example:587'").contains("`port`"));
        assert!(wrong("host = ''").contains("`host`"));
        assert!(wrong("host = 'm'\nusername = 'u'").contains("password_file"));
        assert!(wrong("host = 'm'\npassword = 'p'").contains("username"));
        assert!(wrong("host = 'm'\nauth = 'login'").contains("username"));
        assert!(wrong("host = 'm'\nauth = 'none'\nusername = 'u'\npassword = 'p'").contains("auth"));
        assert!(wrong("host = 'm'\nhelo_name = \"x\\r\\nMAIL FROM:<a@b>\"").contains("helo_name"));
        let pin = format!("tls_pin = 'sha256:{}'", "00".repeat(32));
        assert!(wrong(&format!("host = 'm'\ntls_ca = '/x'\n{pin}")).contains("not both"));
        assert!(wrong(&format!("host = 'm'\ntls = 'none'\n{pin}")).contains("mean nothing"));
    }

    #[test]
    fn settings_print_without_the_password_and_unknown_keys_are_refused() {
        let settings = read("host = 'm'\nusername = 'u'\npassword = 'geheim'");
        assert!(!format!("{settings:?}").contains("geheim"));
        let error = crate::config_file::parse::<SmtpSettings>(Path::new("a.toml"), "host = 'm'\ntls_pn = 'x'").unwrap_err();
        assert!(error.to_string().contains("did you mean `tls_pin`?"), "{error}");
    }
}
