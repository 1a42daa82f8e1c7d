//! The contract: the vendor-signed document that permits and addresses all sending.
//!
//! One file: TOML (UTF-8, LF) followed by the vendor key's armored OpenSSH signature over every byte before it. It may pass
//! through mail and editors that turn LF into CRLF. [`SealedContract::open`] proves only that nobody changed the file since
//! its signer sealed it; whether that signer is *the* vendor is the reader's question ([`SealedContract::trusted_by`]).

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::{ContractNumber, Digest, SystemId};
use super::sealed::EncryptionKey;
use super::signature::{Namespace, PublicKey, Signature, SignatureError, SigningKey};
use crate::config_file;
use crate::locale::Locale;

const BEGIN_SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----";
/// Largest contract file, in bytes.
const LARGEST: usize = 64 * 1024;

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

/// The vendor's mail relay and this contract's account on it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `implicit` or `starttls`.
    pub tls: String,
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

/// 32 random bytes known to vendor and customer; never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrollmentSecret([u8; 32]);

impl EnrollmentSecret {
    /// The secret made of these random bytes.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// Proof that whoever made it knew the secret and meant exactly this contract, system and key:
    /// HMAC-SHA256(secret, `mailbeat-enroll-v1` 0 contract 0 system id (16 bytes) public key (32 bytes)).
    #[must_use]
    pub fn proof(&self, contract: &ContractNumber, system: SystemId, key: &PublicKey) -> Digest {
        let message: Vec<u8> = [
            b"mailbeat-enroll-v1\0",
            contract.as_str().as_bytes(),
            b"\0",
            system.as_bytes().as_slice(),
            key.bytes().as_slice(),
        ]
        .concat();
        Digest::keyed(&self.0, &message)
    }

    /// HMAC-SHA256 of a message under the secret.
    pub(super) fn keyed(&self, message: &[u8]) -> Digest {
        Digest::keyed(&self.0, message)
    }

    /// Whether `proof` is the right one, in constant time.
    #[must_use]
    pub fn proves(
        &self,
        proof: &Digest,
        contract: &ContractNumber,
        system: SystemId,
        key: &PublicKey,
    ) -> bool {
        let right = self.proof(contract, system, key);
        right.as_bytes().iter().zip(proof.as_bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl fmt::Debug for EnrollmentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrollmentSecret(hidden)")
    }
}

impl Serialize for EnrollmentSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for EnrollmentSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes =
            BASE64.decode(String::deserialize(deserializer)?).ok().and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("the enrollment secret is not 32 bytes in base64"))
    }
}

impl Contract {
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

    /// The contract file: this contract, sealed with the vendor's key.
    ///
    /// # Panics
    /// Never: a contract is plain TOML.
    #[must_use]
    pub fn seal(&self, vendor: &SigningKey) -> String {
        let head = format!(
            "# Mailbeat service contract {} for {}. Do not edit: the signature at the end covers every byte.\n",
            self.number, self.customer
        );
        let text = head + &toml::to_string(self).expect("a contract is plain TOML");
        let signature = vendor.sign(Namespace::Contract, text.as_bytes());
        text + &signature
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

/// A contract file whose seal is whole: nobody changed it since its signer sealed it.
#[derive(Clone, Debug)]
pub struct SealedContract {
    /// The terms.
    pub contract: Contract,
    /// The file with LF line ends, to keep and to verify again.
    pub file: String,
}

/// Why a contract file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// It has no signature or is not text.
    #[error("not a contract file: {0}")]
    NotAContract(&'static str),
    /// The seal is broken.
    #[error("the contract was altered after it was issued, or damaged on the way: {0}")]
    Seal(#[from] SignatureError),
    /// The text is not a contract this program understands.
    #[error("{0}")]
    Terms(#[from] config_file::ConfigError),
    /// The terms make no sense.
    #[error("the contract cannot be used: {0}")]
    Senseless(&'static str),
}

impl SealedContract {
    /// Reads a contract file and checks its seal against the key it names itself.
    ///
    /// # Errors
    /// [`ContractError`], in words for the person who was given the file.
    pub fn open(bytes: &[u8]) -> Result<Self, ContractError> {
        if bytes.len() > LARGEST {
            return Err(ContractError::NotAContract("it is larger than a contract can be"));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| ContractError::NotAContract("it is not UTF-8 text"))?;
        let file = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
        let split =
            file.rfind(BEGIN_SIGNATURE).ok_or(ContractError::NotAContract("it holds no signature"))?;
        let (terms, armored) = file.split_at(split);
        let signature = Signature::parse(armored.as_bytes())?;
        signature.verify(signature.signer(), Namespace::Contract, terms.as_bytes())?;
        let contract: Contract = config_file::parse(Path::new("contract"), terms)?;
        if &contract.vendor_key != signature.signer() {
            return Err(SignatureError::OtherKey(signature.signer().fingerprint()).into());
        }
        contract.check().map_err(ContractError::Senseless)?;
        Ok(Self { contract, file })
    }

    /// Whether the contract comes from the vendor whose key was pinned: signed by it, or by a successor it signed.
    #[must_use]
    pub fn trusted_by(&self, pinned: &PublicKey) -> bool {
        let key = &self.contract.vendor_key;
        let vouched = |armored: &String| {
            Signature::parse(armored.as_bytes()).is_ok_and(|signature| {
                signature.verify(pinned, Namespace::Rotate, &successor_statement(key)).is_ok()
            })
        };
        key == pinned || self.contract.vendor_succession.iter().any(vouched)
    }
}

/// What an old vendor key signs to name its successor.
#[must_use]
pub fn successor_statement(new: &PublicKey) -> Vec<u8> {
    [b"mailbeat-vendor-key-v1\0".as_slice(), &new.bytes()].concat()
}

/// What a system's old key signs to name the next one: system id (16 bytes) and new public key (32 bytes), in namespace
/// `mailbeat-rotate`.
#[must_use]
pub fn rotation_statement(system: SystemId, new: &PublicKey) -> Vec<u8> {
    [system.as_bytes().as_slice(), &new.bytes()].concat()
}

#[cfg(test)]
pub(crate) mod tests;
