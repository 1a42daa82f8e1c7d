//! Which settings are refused before anything is opened: those that cannot work, and those that would send a password
//! to whoever listens.

use std::net::IpAddr;

use super::{AuthMode, SmtpSettings, TlsMode};
use crate::transport::dial::is_this_machine;
use crate::transport::oauth;

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
    /// The `oauth` table.
    #[error(transparent)]
    Oauth(#[from] oauth::SettingsError),
    /// Settings that exclude each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

impl SmtpSettings {
    /// Whether these settings can work and are safe. Opens no file and no connection.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        use SettingsError::{Contradiction, Credentials};
        let is_address = self.host.parse::<IpAddr>().is_ok();
        if self.host.is_empty()
            || self.host.contains(|c: char| !c.is_ascii_graphic() || (c == ':' && !is_address))
        {
            return Err(SettingsError::Host(self.host.clone()));
        }
        if let Some(name) = self.helo_name.as_ref().filter(|name| !is_helo_name(name)) {
            return Err(SettingsError::Helo(name.clone()));
        }
        let wants_auth = self.wants_auth();
        self.check_oauth()?;
        match (&self.username, &self.password, &self.password_file) {
            _ if self.auth == AuthMode::Oauth => {}
            (_, Some(_), Some(_)) => return Err(Credentials("set `password` or `password_file`, not both")),
            (Some(_), None, None) => return Err(Credentials("`username` is set, but no `password_file`")),
            (None, Some(_), None) | (None, None, Some(_)) => {
                return Err(Credentials("a password is set, but no `username`"));
            }
            (None, None, None) if wants_auth => return Err(Credentials("`auth` needs a `username`")),
            (Some(_), ..) if !wants_auth => {
                return Err(Credentials("`auth = \"none\"`, but a `username` is set"));
            }
            _ => {}
        }
        let unprotected = match self.tls {
            TlsMode::None => Some("none"),
            TlsMode::Opportunistic => Some("opportunistic"),
            TlsMode::Starttls | TlsMode::Implicit => None,
        };
        let is_here = is_this_machine(&self.host) && self.proxy.is_none();
        if let (true, Some(mode), false) = (wants_auth, unprotected, is_here) {
            return Err(SettingsError::Unprotected(mode, self.host.clone()));
        }
        if self.tls_ca.is_some() && self.tls_pin.is_some() {
            return Err(Contradiction(
                "set `tls_ca` or `tls_pin`, not both: a pinned certificate needs no authority",
            ));
        }
        if self.tls == TlsMode::None && (self.tls_ca.is_some() || self.tls_pin.is_some()) {
            return Err(Contradiction("`tls_ca` and `tls_pin` mean nothing with `tls = \"none\"`"));
        }
        if self.timeout_s == 0 || self.verdict_timeout_s == 0 {
            return Err(Contradiction("`timeout_s` and `verdict_timeout_s` must be at least 1"));
        }
        Ok(())
    }

    /// A token takes the place of a password.
    fn check_oauth(&self) -> Result<(), SettingsError> {
        use SettingsError::Credentials;
        match (&self.oauth, self.auth) {
            (None, AuthMode::Oauth) => Err(Credentials("`auth = \"oauth\"` needs an `oauth` table")),
            (Some(_), AuthMode::Auto | AuthMode::None | AuthMode::Plain | AuthMode::Login) => {
                Err(Credentials("an `oauth` table is set, but not `auth = \"oauth\"`"))
            }
            (Some(_), _)
                if self
                    .username
                    .as_ref()
                    .is_none_or(|name| name.is_empty() || name.contains(char::is_control)) =>
            {
                Err(Credentials("`auth = \"oauth\"` needs a `username`, the mailbox's address"))
            }
            (Some(_), _) if self.password.is_some() || self.password_file.is_some() => {
                Err(Credentials("`auth = \"oauth\"` takes no password"))
            }
            (Some(oauth), _) => Ok(oauth.check()?),
            (None, _) => Ok(()),
        }
    }
}

/// One word of host name characters, or an address literal.
fn is_helo_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._[]:".contains(c))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(toml: &str) -> SmtpSettings {
        crate::config_file::parse(Path::new("agent.toml"), toml).unwrap()
    }

    fn wrong(toml: &str) -> String {
        read(toml).check().unwrap_err().to_string()
    }

    #[test]
    fn a_host_alone_means_starttls_on_587_and_every_mode_has_its_port() {
        assert_eq!(
            (read("host = 'mail.example'").tls, read("host = 'mail.example'").port()),
            (TlsMode::Starttls, 587)
        );
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
        assert!(
            error.contains("unprotected") && error.contains("mail.example") && !error.contains("geheim"),
            "{error}"
        );
        assert!(
            wrong(&format!("host = 'mail.example'\ntls = 'opportunistic'\n{login}")).contains("unprotected")
        );
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
    fn a_token_takes_the_place_of_a_password_and_travels_in_private() {
        let oauth = "[oauth]\nprovider = 'google'\nclient_id = 'c'\ngrant = 'device_code'\n";
        let with = |keys: &str| format!("host = 'm'\n{keys}\n{oauth}");
        assert_eq!(read(&with("auth = 'oauth'\nusername = 'a@b.example'")).check(), Ok(()));
        assert!(wrong(&with("auth = 'oauth'")).contains("username"));
        assert!(wrong(&with("username = 'u'\npassword = 'p'")).contains("auth = \"oauth\""));
        assert!(wrong(&with("auth = 'oauth'\nusername = 'u'\npassword = 'p'")).contains("no password"));
        assert!(wrong("host = 'm'\nauth = 'oauth'\nusername = 'u'").contains("`oauth` table"));
        assert!(wrong(&with("auth = 'oauth'\nusername = 'u'\ntls = 'none'")).contains("unprotected"));
        assert!(wrong(&with("auth = 'oauth'\nusername = 'u'").replace("'c'", "''")).contains("client_id"));
    }

    #[test]
    fn settings_print_without_the_password_and_unknown_keys_are_refused() {
        let settings = read("host = 'm'\nusername = 'u'\npassword = 'geheim'");
        assert!(!format!("{settings:?}").contains("geheim"));
        let error =
            crate::config_file::parse::<SmtpSettings>(Path::new("a.toml"), "host = 'm'\ntls_pn = 'x'")
                .unwrap_err();
        assert!(error.to_string().contains("did you mean `tls_pin`?"), "{error}");
    }
}
