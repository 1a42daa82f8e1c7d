//! The contract this agent works under, and the consent of the person who activated it.
//!
//! A contract file is from outside. It is believed if its seal is whole, the vendor's key is the pinned one (or a successor it
//! signed), its time has come, and it is not older than what is there; every refusal says why and what to do. Order of
//! writing (A0): identity, vendor key, secret and contract first, the consent last; its presence is the activation, whatever is
//! in it. So a consent that is damaged can be withdrawn, and the contract be activated anew. What the disk does not give now is not
//! taken for damaged: the error names the file, and nothing is thrown away for it.

mod judge;
pub mod permission;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mailbeat_shared::config_file::{self, ConfigError};
use mailbeat_shared::crash;
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::contract::{
    Contract, ContractError, EnrollmentSecret, SealedContract, successor_statement,
};
use mailbeat_shared::wire::id::{ContractNumber, Digest};
use mailbeat_shared::wire::signature::{Namespace, Signature, SignatureError};
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::identity::Identity;
pub use judge::{Pin, Refusal, judge};

/// What the agent works under.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The contract as it is sealed.
    pub contract: Contract,
    /// Proof that this agent was given the contract, for every report's identity.
    pub proof: Digest,
    /// Who agreed to what.
    pub consent: Consent,
}

impl Activation {
    /// Whether what was made under a contract of this number, for the vendor with this key, is made under the one in force. Two vendors
    /// may number alike; where nobody wrote down whose it was, the number alone decides.
    #[must_use]
    pub fn covers(&self, number: &ContractNumber, vendor: Option<&str>) -> bool {
        &self.contract.number == number && vendor.is_none_or(|vendor| is_of(&self.contract, vendor))
    }
}

/// Whether the contract is of the vendor whose key has this fingerprint: sealed with it, or with a successor that it signed.
fn is_of(contract: &Contract, vendor: &str) -> bool {
    let key = &contract.vendor_key;
    let succeeded = |armored: &String| {
        Signature::parse(armored.as_bytes()).is_ok_and(|signature| {
            let former = signature.signer();
            former.fingerprint() == vendor
                && signature.verify(former, Namespace::Rotate, &successor_statement(key)).is_ok()
        })
    };
    key.fingerprint() == vendor || contract.vendor_succession.iter().any(succeeded)
}

/// `activation.toml`: who agreed to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Under which contract.
    pub contract: ContractNumber,
    /// When.
    pub activated_at: Timestamp,
    /// Who, as far as the operating system knows.
    pub activated_by: String,
    /// The kinds of items agreed to; others are not sent.
    pub consented: Vec<String>,
    /// What of it was agreed to after the activation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Agreement>,
    /// When the consent was withdrawn; then only what was queued before may still go out, for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
}

/// That somebody agreed to more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// When.
    pub at: Timestamp,
    /// Who, as far as the operating system knows.
    pub by: String,
    /// To which kinds of items.
    pub items: Vec<String>,
}

/// `enrollment.toml`: the secret, kept because a renewal comes without it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrollment {
    contract: ContractNumber,
    secret: EnrollmentSecret,
}

/// What helps where a file of the activation is damaged. While a consent is there, its contract counts as in force already.
const ANEW: &str = "to begin anew, run `mailbeat-agent deactivate`, then `mailbeat-agent activate FILE` with the contract file";

/// The files of an activation cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// What the system said.
    #[error("{path}: {error}{advice}", path = path.display(), advice = advice(error))]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// A file is not what was written, or cannot be read.
    #[error("{0}{advice}", advice = advice_on(.0))]
    Toml(#[from] ConfigError),
    /// The kept contract is damaged.
    #[error("contract.toml: {0}; {anew}", anew = ANEW)]
    Contract(#[from] ContractError),
    /// The pinned key is damaged.
    #[error("{path}: {error}", path = path.display())]
    VendorKey {
        /// The file.
        path: PathBuf,
        /// The error.
        error: SignatureError,
    },
    /// Consent and contract, or contract and secret, do not belong together.
    #[error("activation.toml, contract.toml and enrollment.toml are not of one contract; {anew}", anew = ANEW)]
    Mixed,
}

impl StorageError {
    /// Whether a file is gone or is not what was written. What the disk does not give now it may give later.
    fn is_damage(&self) -> bool {
        match self {
            Self::File { error, .. } => means_damage(error),
            Self::Toml(error) => is_spoilt(error),
            _ => true,
        }
    }
}

fn means_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData)
}

fn is_spoilt(error: &ConfigError) -> bool {
    match error {
        ConfigError::Unreadable { error, .. } => means_damage(error),
        ConfigError::Invalid { .. } => true,
    }
}

fn advice(error: &io::Error) -> String {
    if means_damage(error) { format!("; {ANEW}") } else { String::new() }
}

fn advice_on(error: &ConfigError) -> String {
    if is_spoilt(error) { format!("; {ANEW}") } else { String::new() }
}

/// The contract in force and what proves it, if the agent is activated, or was and may still empty its spool.
///
/// # Errors
/// [`StorageError`]. After the consent was withdrawn a damaged file is none: nobody is asked to mend what is not used any more.
pub fn load(home: &Home, identity: &Identity) -> Result<Option<Activation>, StorageError> {
    if home.activation().exists() {
        return consented(home, identity, &home.activation()).map(Some);
    }
    if !home.deactivated().exists() {
        return Ok(None);
    }
    match consented(home, identity, &home.deactivated()) {
        Err(error) if error.is_damage() => {
            tracing::warn!("what still waits stays unsent, for the agent is deactivated: {error}");
            Ok(None)
        }
        loaded => loaded.map(Some),
    }
}

/// The contract and what proves it, under the consent in this file.
fn consented(home: &Home, identity: &Identity, consent: &Path) -> Result<Activation, StorageError> {
    let consent: Consent = config_file::load(consent)?;
    let contract = SealedContract::open(&read(&home.contract())?)?.contract;
    let kept: Enrollment = config_file::load(&home.enrollment())?;
    if consent.contract != contract.number || kept.contract != contract.number {
        return Err(StorageError::Mixed);
    }
    let proof = kept.secret.proof(&contract.number, identity.system, &identity.key.public());
    Ok(Activation { contract, proof, consent })
}

/// The contract in force, without the identity: for what only reads.
///
/// # Errors
/// [`StorageError`]; `None` if there is none.
pub fn contract_in_force(home: &Home) -> Result<Option<(Contract, Consent)>, StorageError> {
    if !home.activation().exists() {
        return Ok(None);
    }
    let consent = config_file::load(&home.activation())?;
    Ok(Some((SealedContract::open(&read(&home.contract())?)?.contract, consent)))
}

/// The vendor key from a `vendor.pub`, if the file is there.
///
/// # Errors
/// [`StorageError`].
pub fn pinned_key(path: &Path) -> Result<Option<Pin>, StorageError> {
    if !path.exists() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    text.parse()
        .map(|key| Some(Pin::Key(key)))
        .map_err(|error| StorageError::VendorKey { path: path.to_owned(), error })
}

/// Whether the enrollment secret of this contract is kept from an earlier activation.
#[must_use]
pub fn secret_is_kept(home: &Home, number: &ContractNumber) -> bool {
    config_file::load::<Enrollment>(&home.enrollment()).is_ok_and(|kept| &kept.contract == number)
}

/// The enrollment secret kept from the activation, where there is one.
///
/// # Errors
/// [`StorageError`]: the file is there and cannot be read.
pub fn enrollment_secret(home: &Home) -> Result<Option<EnrollmentSecret>, StorageError> {
    if !home.enrollment().exists() {
        return Ok(None);
    }
    Ok(Some(config_file::load::<Enrollment>(&home.enrollment())?.secret))
}

/// Writes a judged contract durably, and with `consent` activates (A0). Without, it is a renewal: the contract is replaced
/// and the consent stands.
///
/// # Errors
/// [`StorageError`]; what is in force before stays in force then, or nothing is.
pub fn store(home: &Home, sealed: &SealedContract, consent: Option<&Consent>) -> Result<(), StorageError> {
    let contract = &sealed.contract;
    forget_withdrawn(home, sealed)?;
    let vendor = format!("{} {}\n", contract.vendor_key, contract.vendor);
    write(&home.vendor_key(), vendor.as_bytes())?;
    if let Some(secret) = &contract.enrollment_secret {
        let kept = Enrollment { contract: contract.number.clone(), secret: secret.clone() };
        write(&home.enrollment(), toml::to_string(&kept).expect("a secret is plain TOML").as_bytes())?;
    }
    write(&home.contract(), sealed.file.as_bytes())?;
    if let Some(consent) = consent {
        crash::point("A0.before");
        write(&home.activation(), toml::to_string(consent).expect("a consent is plain TOML").as_bytes())?;
        crash::point("A0.after");
        let _ = fs::remove_file(home.deactivated());
    }
    Ok(())
}

/// Removes the consent that was withdrawn from another vendor's contract. If the new one is numbered alike, the consent would count for
/// it after a crash, and what waits for the one vendor would go to the other.
fn forget_withdrawn(home: &Home, sealed: &SealedContract) -> Result<(), StorageError> {
    let before = fs::read(home.contract()).ok().and_then(|bytes| SealedContract::open(&bytes).ok());
    if before.is_some_and(|before| sealed.trusted_by(&before.contract.vendor_key)) {
        return Ok(());
    }
    let path = home.deactivated();
    match fs::remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed
            .and_then(|()| durable::sync_dir(home.dir()))
            .map_err(|error| StorageError::File { path, error }),
    }
}

/// Adds to the consent of an activated agent.
///
/// # Errors
/// [`StorageError`]; the consent stands as it was then.
pub fn agree(home: &Home, agreement: Agreement) -> Result<(), StorageError> {
    let mut consent: Consent = config_file::load(&home.activation())?;
    let new: Vec<String> =
        agreement.items.iter().filter(|item| !consent.consented.contains(item)).cloned().collect();
    consent.consented.extend(new);
    consent.added.push(agreement);
    write(&home.activation(), toml::to_string(&consent).expect("a consent is plain TOML").as_bytes())
}

/// Withdraws the consent: nothing is composed any more, and what is queued may go out for one day. One that is damaged is set aside,
/// which ends the activation all the same.
///
/// # Errors
/// [`StorageError`]; also where the consent only cannot be read now, and may be read later.
pub fn withdraw(home: &Home, now: Timestamp) -> Result<(), StorageError> {
    let path = home.activation();
    let withdrawn = match config_file::load::<Consent>(&path) {
        Ok(mut consent) => {
            consent.withdrawn_at = Some(now);
            let text = toml::to_string(&consent).expect("a consent is plain TOML");
            write(&home.deactivated(), text.as_bytes())?;
            fs::remove_file(&path)
        }
        Err(error) if !is_spoilt(&error) => return Err(error.into()),
        Err(error) => {
            let aside = path.with_extension("toml.corrupt");
            tracing::warn!("{error}; it is kept as {}", aside.display());
            fs::rename(&path, aside)
        }
    };
    withdrawn.and_then(|()| durable::sync_dir(home.dir())).map_err(|error| StorageError::File { path, error })
}

fn read(path: &Path) -> Result<Vec<u8>, StorageError> {
    fs::read(path).map_err(|error| StorageError::File { path: path.to_owned(), error })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    durable::replace(path, bytes, Access::Private)
        .map_err(|error| StorageError::File { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests;
