//! The vendor's relay: a login of its own for each contract, with which the customer's agents send where they have no mail server.
//!
//! Pure but for [`logins`], which edits the file the relay's Dovecot reads. A login is the contract's sender address; its password
//! stands in the contract only, the relay knows a hash. packaging/mailserver is such a relay.

pub mod logins;

use std::path::PathBuf;

use mailbeat_shared::wire::contract::{Relay, RelayTls};
use mailbeat_shared::wire::id::ContractNumber;
use serde::Deserialize;
use sha_crypt::{PasswordHasher as _, ShaCrypt};

use crate::issuing;

/// The `relay` table of the receiver's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaySettings {
    /// The name agents connect to.
    pub host: String,
    /// 465 or 587, after `tls`, if not set.
    pub port: Option<u16>,
    /// `implicit` or `starttls`.
    #[serde(default)]
    pub tls: RelayTls,
    /// SHA-256 of the relay's certificate, `sha256:...`; without it agents want one from an authority they know.
    pub tls_pin: Option<String>,
    /// What logins end in; the host, if not set.
    pub domain: Option<String>,
    /// The relay's file of logins, where the receiver runs beside it.
    pub logins: Option<PathBuf>,
}

/// Random bytes for one login.
#[derive(Clone, Copy)]
pub struct Draw {
    /// Becomes the password.
    pub password: [u8; 24],
    /// Becomes the salt of its hash.
    pub salt: [u8; 12],
}

impl RelaySettings {
    /// What is wrong with the settings, if anything.
    ///
    /// # Errors
    /// A sentence without its subject, the relay.
    pub fn check(&self) -> Result<(), &'static str> {
        let number: Result<ContractNumber, _> = "X-1".parse();
        let random = Draw { password: [0; 24], salt: [0; 12] };
        number.map_or(Ok(()), |number| issuing::check_relay(&self.account(&number, random)))
    }

    /// The sender address and login of a contract.
    #[must_use]
    pub fn login(&self, number: &ContractNumber) -> String {
        let domain = self.domain.as_ref().unwrap_or(&self.host);
        format!("{}@{domain}", number.as_str()).to_lowercase()
    }

    /// What a contract says of the relay, with a new password.
    #[must_use]
    pub fn account(&self, number: &ContractNumber, random: Draw) -> Relay {
        Relay {
            host: self.host.clone(),
            port: self.port.unwrap_or(self.tls.usual_port()),
            tls: self.tls,
            username: self.login(number),
            password: random.password.iter().map(|byte| format!("{byte:02x}")).collect(),
            tls_pin: self.tls_pin.clone(),
        }
    }
}

/// The line that lets a login in, as Dovecot's passwd-file takes it: the password by its SHA-512-crypt hash.
///
/// # Errors
/// The hash cannot be made: what the library said.
pub fn line(relay: &Relay, random: Draw) -> Result<String, String> {
    let hash = ShaCrypt::SHA512.hash_password_with_salt(relay.password.as_bytes(), &random.salt);
    let hash = hash.map_err(|error| format!("the password's hash cannot be made: {error}"))?;
    Ok(format!("{}:{{SHA512-CRYPT}}{}", relay.username, hash.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: Draw = Draw { password: [0xab; 24], salt: [7; 12] };

    fn settings(more: &str) -> RelaySettings {
        toml::from_str(&format!("host = \"relay.vendor.example\"\n{more}")).unwrap()
    }

    #[test]
    fn a_contract_gets_a_login_of_its_own_name_and_the_relay_only_its_hash() {
        let number = "ACME-2026-001".parse().unwrap();
        let account = settings("tls_pin = \"sha256:00\"").account(&number, RANDOM);
        assert_eq!((account.username.as_str(), account.port), ("acme-2026-001@relay.vendor.example", 465));
        assert_eq!(
            (account.password.as_str(), account.tls_pin.as_deref()),
            (&*"ab".repeat(24), Some("sha256:00"))
        );
        let line = line(&account, RANDOM).unwrap();
        assert!(line.starts_with("acme-2026-001@relay.vendor.example:{SHA512-CRYPT}$6$"), "{line}");
        assert!(!line.contains("abab"), "{line}");
        let other = settings("tls = \"starttls\"\ndomain = \"vendor.example\"").account(&number, RANDOM);
        assert_eq!((other.username.as_str(), other.port), ("acme-2026-001@vendor.example", 587));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        assert_eq!(settings("").check(), Ok(()));
        for (wrong, said) in [("tls_pin = \"x\"", "tls_pin is not"), ("domain = \"a b\"", "username")] {
            assert!(settings(wrong).check().unwrap_err().contains(said), "{wrong}");
        }
        let clear =
            toml::from_str::<RelaySettings>("host = \"relay.vendor.example\"\ntls = \"none\"").unwrap_err();
        assert!(clear.to_string().contains("expected `implicit` or `starttls`"), "{clear}");
    }
}
