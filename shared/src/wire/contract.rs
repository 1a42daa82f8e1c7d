//! The contract: the vendor-signed document that permits and addresses all sending.
//!
//! Here are its terms; `seal` makes a file of them and opens it again, `secret` proves that an agent was given one. Terms are
//! believed when their seal is, and refused where they make no sense.

mod seal;
mod secret;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use seal::{ContractError, SealedContract, rotation_statement, successor_statement};
pub use secret::EnrollmentSecret;

use super::id::{ContractNumber, SystemId};
use super::sealed::EncryptionKey;
use super::signature::PublicKey;
use crate::locale::Locale;

/// What vendor and customer agreed on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// The number people say.
    pub number: ContractNumber,
    /// Counts the versions of this contract; a lower one never replaces a higher one.
    pub revision: u32,
    /// The customer's name.
    pub customer: String,
    /// The vendor's name.
    pub vendor: String,
    /// The key the vendor signs contracts with.
    pub vendor_key: PublicKey,
    /// For a new vendor key: signatures over it by the keys before (namespace `mailbeat-rotate`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendor_succession: Vec<String>,
    /// When it was issued, RFC 3339 UTC.
    pub issued_at: Timestamp,
    /// Nothing is sent before.
    pub valid_from: Timestamp,
    /// Nothing but heartbeats in the grace days is sent after; `None` runs until revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Days after the end in which heartbeats go on.
    pub grace_days: u32,
    /// Where reports go. Systems spread over them evenly.
    pub report_addresses: Vec<String>,
    /// Most systems under this contract.
    pub systems: u32,
    /// Longest announced maintenance, in hours.
    pub maintenance_max_h: u32,
    /// Seconds from one heartbeat to the next.
    pub heartbeat_interval_s: Interval,
    /// Seconds from one system report to the next.
    pub system_interval_s: Interval,
    /// The language of the readable parts of mails, where the customer's administrator sets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Whom reports are encrypted for at the vendor, where the customer wants them encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<EncryptionKey>,
    /// Proves that an agent was given this contract; absent in a renewal, which may be mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment_secret: Option<EnrollmentSecret>,
    /// The vendor's relay, where one is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<Relay>,
}

/// The revision of a contract's first file: what a report is under that names none.
pub(super) fn first_revision() -> u32 {
    1
}

/// A duration the customer may set within bounds, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Where the customer sets nothing.
    pub default: u32,
    /// The shortest allowed.
    pub min: u32,
    /// The longest allowed.
    pub max: u32,
}

impl Interval {
    /// The wish, or the default, within the bounds.
    #[must_use]
    pub fn clamp(&self, wish: Option<u32>) -> u32 {
        wish.unwrap_or(self.default).clamp(self.min, self.max.max(self.min))
    }
}

/// When the connection to a relay becomes private; before that its password never travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayTls {
    /// From the first byte (RFC 8314).
    #[default]
    Implicit,
    /// By STARTTLS (RFC 3207).
    Starttls,
}

impl RelayTls {
    /// The port that is usual for it (RFC 8314 section 7).
    #[must_use]
    pub fn usual_port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::Starttls => 587,
        }
    }
}

/// The usual name of the file of a contract's revision.
#[must_use]
pub fn file_name(number: &ContractNumber, revision: u32) -> String {
    if revision <= 1 { format!("{number}.contract") } else { format!("{number}.{revision}.contract") }
}

/// The vendor's mail relay and this contract's account on it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// When its connection becomes private.
    pub tls: RelayTls,
    /// The sender address and account.
    pub username: String,
    /// The account's password.
    pub password: String,
    /// SHA-256 of the relay's certificate, `sha256:...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_pin: Option<String>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({}@{}:{})", self.username, self.host, self.port)
    }
}

impl Contract {
    /// Whether its file is not for everybody's eyes: it lets systems enroll, or into the vendor's relay.
    #[must_use]
    pub fn holds_secret(&self) -> bool {
        self.enrollment_secret.is_some() || self.relay.is_some()
    }

    /// The address this system sends to.
    #[must_use]
    pub fn report_address(&self, system: SystemId) -> &str {
        let count = self.report_addresses.len().max(1) as u64;
        let index = usize::try_from(system.spread() % count).unwrap_or(0);
        self.report_addresses.get(index).map_or("", String::as_str)
    }

    /// The domain Message-IDs are made with: that of the report address.
    #[must_use]
    pub fn domain(&self, system: SystemId) -> &str {
        self.report_address(system).rsplit_once('@').map_or("mailbeat.invalid", |(_, domain)| domain)
    }

    /// What is wrong with the terms themselves, if anything.
    fn check(&self) -> Result<(), &'static str> {
        let zero = |interval: &Interval| interval.min == 0 || interval.default == 0;
        if self.report_addresses.is_empty()
            || self.report_addresses.iter().any(|address| !address.contains('@'))
        {
            return Err("it names no report address");
        }
        if zero(&self.heartbeat_interval_s) || zero(&self.system_interval_s) {
            return Err("an interval is zero");
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
