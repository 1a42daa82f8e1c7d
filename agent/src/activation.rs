//! The contract this agent works under, and the consent of the person who activated it.
//!
//! A contract file is from outside. It is believed if its seal is whole, the vendor's key is the pinned one (or a successor it
//! signed), its time has come, and it is not older than what is there; every refusal says why and what to do. Order of
//! writing (A0): identity, vendor key, secret and contract first, the consent last; its presence is the activation, whatever is
//! in it. So a consent that cannot be read can be withdrawn, and the contract be activated anew.

mod judge;
pub mod permission;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mailbeat_shared::config_file::{self, ConfigError};
use mailbeat_shared::crash;
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::contract::{Contract, ContractError, EnrollmentSecret, SealedContract};
use mailbeat_shared::wire::id::{ContractNumber, Digest};
use mailbeat_shared::wire::signature::SignatureError;
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
    /// A file is not what was written.
    #[error("{0}; {anew}", anew = ANEW)]
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
            Self::File { error, .. } | Self::Toml(ConfigError::Unreadable { error, .. }) => {
                matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData)
            }
            _ => true,
        }
    }
}

fn advice(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound { format!("; {ANEW}") } else { String::new() }
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

/// Withdraws the consent: nothing is composed any more, and what is queued may go out for one day. One that cannot be read is set
/// aside, which ends the activation all the same.
///
/// # Errors
/// [`StorageError`].
pub fn withdraw(home: &Home, now: Timestamp) -> Result<(), StorageError> {
    let path = home.activation();
    let withdrawn = match config_file::load::<Consent>(&path) {
        Ok(mut consent) => {
            consent.withdrawn_at = Some(now);
            let text = toml::to_string(&consent).expect("a consent is plain TOML");
            write(&home.deactivated(), text.as_bytes())?;
            fs::remove_file(&path)
        }
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
mod tests {
    use super::*;
    use crate::testing::{contract, vendor};

    fn sealed(contract: &Contract) -> SealedContract {
        SealedContract::open(contract.seal(&vendor()).as_bytes()).unwrap()
    }

    #[test]
    fn a_stored_activation_is_read_back_and_a_renewal_without_secret_keeps_the_proof() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let identity = Identity::create(None, None, &mut crate::identity::system_entropy());
        assert!(load(&home, &identity).unwrap().is_none());
        let consent = Consent {
            contract: contract().number,
            activated_at: contract().issued_at,
            activated_by: "root".into(),
            consented: vec!["watch".into()],
            added: vec![],
            withdrawn_at: None,
        };
        store(&home, &sealed(&contract()), Some(&consent)).unwrap();
        let first = load(&home, &identity).unwrap().unwrap();
        assert_eq!((first.contract.clone(), first.consent), (contract(), consent));

        let mut renewed = contract();
        (renewed.enrollment_secret, renewed.revision) = (None, 2);
        store(&home, &sealed(&renewed), None).unwrap();
        let second = load(&home, &identity).unwrap().unwrap();
        assert_eq!((second.contract.revision, second.proof), (2, first.proof));

        let more = Agreement {
            at: renewed.issued_at,
            by: "anna".into(),
            items: vec!["load".into(), "watch".into()],
        };
        agree(&home, more.clone()).unwrap();
        let consent = load(&home, &identity).unwrap().unwrap().consent;
        assert_eq!((consent.consented, consent.added), (vec!["watch".into(), "load".into()], vec![more]));

        withdraw(&home, renewed.issued_at).unwrap();
        assert!(!home.activation().exists());
        assert_eq!(load(&home, &identity).unwrap().unwrap().consent.withdrawn_at, Some(renewed.issued_at));
        assert!(contract_in_force(&home).unwrap().is_none());
    }

    #[test]
    fn whichever_file_is_damaged_the_steps_that_are_named_lead_back_to_an_activation() {
        let identity = Identity::create(None, None, &mut crate::identity::system_entropy());
        let consent = Consent {
            contract: contract().number,
            activated_at: contract().issued_at,
            activated_by: "root".into(),
            consented: vec!["watch".into()],
            added: vec![],
            withdrawn_at: None,
        };
        for name in ["activation.toml", "contract.toml", "enrollment.toml"] {
            for damage in [Some("\0"), None] {
                let dir = tempfile::tempdir().unwrap();
                let home = Home::new(dir.path());
                store(&home, &sealed(&contract()), Some(&consent)).unwrap();
                let file = dir.path().join(name);
                match damage {
                    Some(text) => fs::write(&file, text).unwrap(),
                    // A consent that is not there is none.
                    None if name == "activation.toml" => continue,
                    None => fs::remove_file(&file).unwrap(),
                }
                let said = load(&home, &identity).unwrap_err().to_string();
                assert!(said.contains(name) && said.ends_with(ANEW), "{said}");
                withdraw(&home, contract().issued_at).unwrap();
                assert!(!home.activation().exists(), "{name}");
                assert!(load(&home, &identity).unwrap().is_none(), "{name}: nobody complains any more");
                store(&home, &sealed(&contract()), Some(&consent)).unwrap();
                assert_eq!(load(&home, &identity).unwrap().unwrap().consent, consent, "{name}");
            }
        }
    }
}
