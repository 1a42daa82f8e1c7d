//! The `oauth` table of a route, a mailbox or the outgoing mail. Secrets stand in files of their own, never here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use serde::Deserialize;

use super::assertion::Algorithm;
use super::provider::{Cloud, Provider};
use super::sasl::Mechanism;
use crate::clock::Clock;
use crate::transport::dial::is_this_machine;
use crate::transport::http::{HttpClient, Uri, check_url};
use crate::transport::proxy::Proxy;
use crate::transport::tls::ClientTls;

/// Longest wait for one step of a request to a provider.
const STEP: Duration = Duration::from_secs(20);

/// How consent is shown to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// The application itself, by a certificate or a secret (RFC 6749 section 4.4, RFC 7523).
    ClientCredentials,
    /// A person in a browser, with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 8252).
    AuthorizationCode,
    /// A person at another device, by a code (RFC 8628).
    DeviceCode,
    /// A service account with domain-wide delegation, by a signed assertion (RFC 7523 section 2.1), as at Google.
    ServiceAccount,
}

impl Grant {
    /// Whether a person has to agree once, so that there is a refresh token.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::DeviceCode)
    }
}

/// How the application's secret is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// In the header (RFC 6749 section 2.3.1).
    Basic,
    /// In the body.
    Post,
}

/// What tokens are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// SMTP and IMAP.
    #[default]
    Mail,
    /// Microsoft Graph.
    Graph,
}

/// What the program knows of an account and its configuration does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The file its tokens are in; empty where nobody set it.
    pub file: PathBuf,
    /// What its tokens are for.
    pub purpose: Purpose,
    /// The mailbox.
    pub username: String,
    /// How a person signs in, for messages: `mailbeat-agent oauth login office`.
    pub command: String,
    /// Tells the time.
    pub clock: Clock,
}

/// An account at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthSettings {
    /// Whose account.
    pub provider: Provider,
    /// Microsoft: the directory, its id or one of its domains.
    pub tenant: Option<String>,
    /// Microsoft: which cloud.
    #[serde(default)]
    pub cloud: Cloud,
    /// Another provider's address, from which its endpoints are found (OpenID discovery, RFC 8414).
    pub issuer: Option<String>,
    /// Where tokens are given; by default the provider's.
    pub token_endpoint: Option<String>,
    /// Where a person agrees; by default the provider's.
    pub authorization_endpoint: Option<String>,
    /// Where device codes are given; by default the provider's.
    pub device_endpoint: Option<String>,
    /// How consent is shown.
    pub grant: Grant,
    /// The application's id at the provider.
    #[serde(default)]
    pub client_id: String,
    /// A file with the application's secret on its first line.
    pub client_secret_file: Option<PathBuf>,
    /// The secret's last day, as the provider showed it.
    pub client_secret_expires: Option<Date>,
    /// How the secret is sent; by default in the body at Microsoft and Google, in the header elsewhere.
    pub client_auth: Option<ClientAuth>,
    /// The application's certificate (PEM file), instead of a secret.
    pub certificate_file: Option<PathBuf>,
    /// The certificate's private key (PEM file).
    pub key_file: Option<PathBuf>,
    /// How assertions are signed; by default PS256 at Microsoft, else RS256, and ES256 for an EC key.
    pub algorithm: Option<Algorithm>,
    /// Google: the service account's key as downloaded (JSON file).
    pub service_account_file: Option<PathBuf>,
    /// What is asked for; by default what mail needs at this provider.
    pub scopes: Option<Vec<String>>,
    /// Days a refresh token lasts without being used, where the provider does not say.
    pub refresh_token_days: Option<u32>,
    /// Accounts of the same name share their tokens; by default the route's or mailbox's name.
    pub account: Option<String>,
    /// How the token is shown to mail servers; by default what the server offers.
    pub sasl: Option<Mechanism>,
    /// Believe only certificates of the provider issued under these authorities (PEM file).
    pub tls_ca: Option<PathBuf>,
    /// The HTTP proxy to go through; by default that of the route.
    pub proxy: Option<Proxy>,
    /// Set by the program.
    #[serde(skip)]
    pub kept: Kept,
}

/// An `oauth` table that cannot work or would not be safe.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A key that is missing.
    #[error("`oauth` needs `{0}`{1}")]
    Missing(&'static str, &'static str),
    /// Keys that exclude each other.
    #[error("`oauth`: {0}")]
    Contradiction(&'static str),
    /// An address that is none, or in clear.
    #[error("`oauth`: `{0}` must be an https:// address (http:// only to this machine itself)")]
    Address(&'static str),
}

impl OAuthSettings {
    /// Whether the table can work. Opens no file and no connection.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        use SettingsError::{Contradiction, Missing};
        self.check_addresses()?;
        if self.certificate_file.is_some() != self.key_file.is_some() {
            return Err(Contradiction("`certificate_file` and `key_file` belong together"));
        }
        if self.certificate_file.is_some() && self.client_secret_file.is_some() {
            return Err(Contradiction("set `client_secret_file` or `certificate_file`, not both"));
        }
        if self.client_secret_expires.is_some() && self.client_secret_file.is_none() {
            return Err(Contradiction("`client_secret_expires` means nothing without `client_secret_file`"));
        }
        let by_service = self.grant == Grant::ServiceAccount;
        match (by_service, &self.service_account_file) {
            (true, None) => return Err(Missing("service_account_file", " for grant = \"service_account\"")),
            (false, Some(_)) => {
                return Err(Contradiction("`service_account_file` is for grant = \"service_account\""));
            }
            (false, None) if self.client_id.is_empty() => {
                return Err(Missing("client_id", ", the application's id"));
            }
            _ => {}
        }
        let proves_itself = self.certificate_file.is_some() || self.client_secret_file.is_some();
        if self.grant == Grant::ClientCredentials && !proves_itself {
            return Err(Missing("certificate_file", " and `key_file`, or `client_secret_file`"));
        }
        match self.provider {
            Provider::Microsoft if self.tenant.is_none() && self.token_endpoint.is_none() => {
                Err(Missing("tenant", ", the directory's id or domain"))
            }
            Provider::Google if self.grant == Grant::ClientCredentials => Err(Contradiction(
                "Google has no client_credentials for mail; use grant = \"service_account\"",
            )),
            Provider::Other if self.issuer.is_none() && self.token_endpoint.is_none() => {
                Err(Missing("issuer", ", or `token_endpoint`"))
            }
            Provider::Other if self.scopes.is_none() => Err(Missing("scopes", ", what mail needs there")),
            _ => Ok(()),
        }
    }

    fn check_addresses(&self) -> Result<(), SettingsError> {
        let addresses = [
            ("issuer", &self.issuer),
            ("token_endpoint", &self.token_endpoint),
            ("authorization_endpoint", &self.authorization_endpoint),
            ("device_endpoint", &self.device_endpoint),
        ];
        let wrong = addresses.iter().find(|(_, url)| url.as_ref().is_some_and(|url| !is_safe(url)));
        wrong.map_or(Ok(()), |(key, _)| Err(SettingsError::Address(key)))
    }

    /// Lets the account keep its tokens below this directory, under the name set or this one.
    pub fn keep(&mut self, dir: &Path, name: &str, kept: Kept) {
        let name = self.account.as_deref().unwrap_or(name);
        self.kept = Kept { file: dir.join(format!("{}.json", file_name(name))), ..kept };
    }

    /// The name of the account its tokens are kept under.
    #[must_use]
    pub fn account(&self) -> String {
        self.kept.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The way to the provider.
    pub(super) fn client(&self) -> HttpClient {
        let tls = ClientTls { ca: self.tls_ca.clone(), ..ClientTls::default() };
        HttpClient { tls, proxy: self.proxy.clone(), step_limit: STEP, ..HttpClient::default() }
    }
}

/// Whether secrets may be sent there: TLS, or this machine itself.
pub(in crate::transport) fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    check_url(url).is_ok() && (uri.scheme_str() == Some("https") || is_this_machine(host))
}

/// A file name of its own for every account: what cannot stand in one becomes `=XX`.
fn file_name(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"_@+-".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            safe += &format!("={byte:02x}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> OAuthSettings {
        crate::config_file::parse(Path::new("agent.toml"), toml).unwrap()
    }

    fn wrong(toml: &str) -> String {
        read(toml).check().unwrap_err().to_string()
    }

    #[test]
    fn what_is_missing_or_contradicts_itself_is_named() {
        let microsoft = "provider = 'microsoft'\ntenant = 't'\nclient_id = 'c'\n";
        let app = format!("{microsoft}grant = 'client_credentials'\n");
        assert!(wrong(&app).contains("certificate_file"));
        assert_eq!(read(&format!("{app}client_secret_file = '/s'")).check(), Ok(()));
        assert!(wrong(&format!("{app}certificate_file = '/c'")).contains("belong together"));
        let both = format!("{app}certificate_file = '/c'\nkey_file = '/k'\nclient_secret_file = '/s'");
        assert!(wrong(&both).contains("not both"));
        assert!(wrong("provider = 'microsoft'\nclient_id = 'c'\ngrant = 'device_code'").contains("tenant"));
        assert!(wrong("provider = 'microsoft'\ntenant = 't'\ngrant = 'device_code'").contains("client_id"));
        assert!(wrong("provider = 'other'\nclient_id = 'c'\ngrant = 'device_code'").contains("issuer"));
        let other =
            "provider = 'other'\nclient_id = 'c'\ngrant = 'device_code'\nissuer = 'https://id.example'\n";
        assert!(wrong(other).contains("scopes"));
        assert_eq!(read(&format!("{other}scopes = ['mail']")).check(), Ok(()));
        assert!(wrong("provider = 'google'\ngrant = 'service_account'").contains("service_account_file"));
    }

    #[test]
    fn secrets_go_nowhere_in_clear() {
        let with = |url: &str| {
            read(&format!(
                "provider = 'other'\nclient_id = 'c'\ngrant = 'device_code'\nscopes = ['m']\nissuer = '{url}'"
            ))
            .check()
        };
        assert_eq!(with("https://id.example"), Ok(()));
        assert_eq!(with("http://127.0.0.1:8080"), Ok(()));
        assert_eq!(with("http://[::1]:8080"), Ok(()));
        assert_eq!(with("http://id.example"), Err(SettingsError::Address("issuer")));
        assert_eq!(with("id.example"), Err(SettingsError::Address("issuer")));
    }

    #[test]
    fn no_account_name_leads_out_of_its_directory() {
        let mut settings =
            read("provider = 'google'\nclient_id = 'c'\ngrant = 'device_code'\naccount = '../../etc/x'");
        settings.keep(Path::new("/state/oauth"), "office", Kept::default());
        assert_eq!(settings.kept.file, Path::new("/state/oauth/=2e=2e=2f=2e=2e=2fetc=2fx.json"));
    }
}
