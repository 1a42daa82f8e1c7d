//! The contract this agent works under, and the consent of the person who activated it.
//!
//! A contract file is from outside. It is believed if its seal is whole, the vendor's key is the pinned one (or a successor it
//! signed), its time has come, and it is not older than what is there; every refusal says why and what to do. Order of
//! writing (A0): identity, vendor key, secret and contract first, the consent last; its presence is the activation.

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
use mailbeat_shared::wire::signature::{PublicKey, SignatureError};
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::identity::Identity;
use permission::Permission;

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
    /// When the consent was withdrawn; then only what was queued before may still go out, for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
}

/// `enrollment.toml`: the secret, kept because a renewal comes without it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrollment {
    contract: ContractNumber,
    secret: EnrollmentSecret,
}

/// How the vendor's key is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// From `vendor.pub`.
    Key(PublicKey),
    /// From `--vendor-key SHA256:...`, or confirmed by a person who compared it.
    Fingerprint(String),
}

impl Pin {
    fn admits(&self, sealed: &SealedContract) -> bool {
        match self {
            Self::Key(key) => sealed.trusted_by(key),
            Self::Fingerprint(fingerprint) => &sealed.contract.vendor_key.fingerprint() == fingerprint,
        }
    }

    fn fingerprint(&self) -> String {
        match self {
            Self::Key(key) => key.fingerprint(),
            Self::Fingerprint(fingerprint) => fingerprint.clone(),
        }
    }
}

/// Why a contract is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file is no whole contract.
    #[error(transparent)]
    File(#[from] ContractError),
    /// Nobody said yet which key is the vendor's.
    #[error(
        "the vendor's key is not known here yet. Ask the vendor for the fingerprint of the contract key by another way than the contract came; if it is {found}, repeat with --vendor-key {found}, or put the key into vendor.pub beside agent.toml"
    )]
    NotPinned {
        /// Fingerprint of the key in the contract.
        found: String,
    },
    /// Sealed with a key that is not the vendor's.
    #[error("the contract is sealed with the key {found}, and the vendor's key is {pinned}; ask the vendor. Nothing was changed")]
    ForeignKey {
        /// Fingerprint of the key known.
        pinned: String,
        /// Fingerprint of the key in the contract.
        found: String,
    },
    /// Its time has not come.
    #[error("the contract is not valid before {from}; activate it then")]
    NotYetValid {
        /// When it begins.
        from: Timestamp,
    },
    /// Its time is over.
    #[error("the contract ended on {ended}; ask the vendor for a renewal")]
    Expired {
        /// When it ended.
        ended: Timestamp,
    },
    /// The clock cannot be right.
    #[error("the clock is not set: {why}; set it (timedatectl set-ntp true) and try again")]
    ClockNotSet {
        /// What contradicts it.
        why: String,
    },
    /// An older version than the one in force.
    #[error("this is revision {found} of contract {number}, and revision {have} is in force here; use the newest file")]
    LowerRevision {
        /// The contract.
        number: ContractNumber,
        /// In force.
        have: u32,
        /// In the file.
        found: u32,
    },
    /// Already in force.
    #[error("revision {revision} of contract {number} is already in force; nothing to do")]
    AlreadyActive {
        /// The contract.
        number: ContractNumber,
        /// Its revision.
        revision: u32,
    },
    /// Another contract is in force.
    #[error("this system is activated under contract {have}; run `mailbeat-agent deactivate` first to change to {found}")]
    OtherContract {
        /// In force.
        have: ContractNumber,
        /// In the file.
        found: ContractNumber,
    },
    /// A renewal before the first activation.
    #[error("this is a renewal, which comes without the enrollment secret; activate with the contract's original file first")]
    NoSecret,
    /// The state cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The files of an activation cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// What the system said.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// A file is not what was written.
    #[error("{0}; activate again with the contract file")]
    Toml(#[from] ConfigError),
    /// The kept contract is damaged.
    #[error("contract.toml: {0}; activate again with the contract file")]
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
    #[error("activation.toml, contract.toml and enrollment.toml are not of one contract; activate again with the contract file")]
    Mixed,
}

/// The contract in force and what proves it, if the agent is activated, or was and may still empty its spool.
///
/// # Errors
/// [`StorageError`].
pub fn load(home: &Home, identity: &Identity) -> Result<Option<Activation>, StorageError> {
    let consent: Consent = match (home.activation().exists(), home.deactivated().exists()) {
        (true, _) => config_file::load(&home.activation())?,
        (false, true) => config_file::load(&home.deactivated())?,
        (false, false) => return Ok(None),
    };
    let contract = SealedContract::open(&read(&home.contract())?)?.contract;
    let kept: Enrollment = config_file::load(&home.enrollment())?;
    if consent.contract != contract.number || kept.contract != contract.number {
        return Err(StorageError::Mixed);
    }
    let proof = kept.secret.proof(&contract.number, identity.system, &identity.key.public());
    Ok(Some(Activation { contract, proof, consent }))
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
    text.parse().map(|key| Some(Pin::Key(key))).map_err(|error| StorageError::VendorKey { path: path.to_owned(), error })
}

/// Judges a contract file against what is in force here. Pure.
///
/// # Errors
/// [`Refusal`], the first that applies.
pub fn judge(
    sealed: &SealedContract,
    pin: Option<&Pin>,
    in_force: Option<&Contract>,
    secret_is_kept: bool,
    permission: &Permission,
) -> Result<(), Refusal> {
    let contract = &sealed.contract;
    let found = contract.vendor_key.fingerprint();
    match pin {
        None => return Err(Refusal::NotPinned { found }),
        Some(pin) if !pin.admits(sealed) => {
            return Err(Refusal::ForeignKey { pinned: pin.fingerprint(), found });
        }
        Some(_) => {}
    }
    match permission {
        Permission::Granted => {}
        Permission::HeartbeatsOnly { .. } | Permission::Ended { .. } => {
            return Err(Refusal::Expired { ended: contract.valid_until.unwrap_or(Timestamp::MAX) });
        }
        Permission::NotYetValid { from } => return Err(Refusal::NotYetValid { from: *from }),
        Permission::ClockNotSet { why } => return Err(Refusal::ClockNotSet { why: why.clone() }),
    }
    if let Some(have) = in_force {
        let (number, revision) = (contract.number.clone(), contract.revision);
        if have.number != number {
            return Err(Refusal::OtherContract { have: have.number.clone(), found: number });
        }
        if revision < have.revision {
            return Err(Refusal::LowerRevision { number, have: have.revision, found: revision });
        }
        if revision == have.revision {
            return Err(Refusal::AlreadyActive { number, revision });
        }
    }
    if contract.enrollment_secret.is_none() && !secret_is_kept {
        return Err(Refusal::NoSecret);
    }
    Ok(())
}

/// Whether the enrollment secret of this contract is kept from an earlier activation.
#[must_use]
pub fn secret_is_kept(home: &Home, number: &ContractNumber) -> bool {
    config_file::load::<Enrollment>(&home.enrollment()).is_ok_and(|kept| &kept.contract == number)
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

/// Withdraws the consent: nothing is composed any more, and what is queued may go out for one day.
///
/// # Errors
/// [`StorageError`].
pub fn withdraw(home: &Home, now: Timestamp) -> Result<(), StorageError> {
    let mut consent: Consent = config_file::load(&home.activation())?;
    consent.withdrawn_at = Some(now);
    write(&home.deactivated(), toml::to_string(&consent).expect("a consent is plain TOML").as_bytes())?;
    let path = home.activation();
    fs::remove_file(&path)
        .and_then(|()| durable::sync_dir(home.dir()))
        .map_err(|error| StorageError::File { path, error })
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
    use mailbeat_shared::wire::contract::successor_statement;
    use mailbeat_shared::wire::signature::{Namespace, SigningKey};

    use super::*;
    use crate::testing::{contract, vendor};

    fn sealed(contract: &Contract) -> SealedContract {
        SealedContract::open(contract.seal(&vendor()).as_bytes()).unwrap()
    }

    fn pinned() -> Pin {
        Pin::Key(vendor().public())
    }

    fn judged(of: &Contract, in_force: Option<&Contract>) -> Result<(), Refusal> {
        judge(&sealed(of), Some(&pinned()), in_force, false, &Permission::Granted)
    }

    #[test]
    fn a_first_contract_needs_a_pinned_key_and_the_right_one() {
        let file = sealed(&contract());
        let unknown = judge(&file, None, None, false, &Permission::Granted).unwrap_err().to_string();
        assert!(unknown.contains(&format!("--vendor-key {}", vendor().public().fingerprint())), "{unknown}");
        let foreign = Pin::Fingerprint("SHA256:foreign".into());
        let refused = judge(&file, Some(&foreign), None, false, &Permission::Granted).unwrap_err();
        assert!(matches!(refused, Refusal::ForeignKey { .. }), "{refused}");
        let compared = Pin::Fingerprint(vendor().public().fingerprint());
        for pin in [pinned(), compared] {
            judge(&file, Some(&pin), None, false, &Permission::Granted).unwrap();
        }
    }

    #[test]
    fn an_altered_contract_is_refused_before_anything_else() {
        let altered = contract().seal(&vendor()).replace("systems = 5", "systems = 9");
        let refused = Refusal::from(SealedContract::open(altered.as_bytes()).unwrap_err()).to_string();
        assert!(refused.starts_with("the contract was altered"), "{refused}");
    }

    #[test]
    fn time_and_clock_are_refused_each_by_its_own_words() {
        let at: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        for (permission, words) in [
            (Permission::NotYetValid { from: at }, "is not valid before 2026-06-01"),
            (Permission::Ended { drain_until: at }, "ended on 2027-01-01"),
            (Permission::HeartbeatsOnly { until: at }, "ended on 2027-01-01"),
            (Permission::ClockNotSet { why: "it says 1970".into() }, "the clock is not set"),
        ] {
            let refused =
                judge(&sealed(&contract()), Some(&pinned()), None, false, &permission).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
    }

    #[test]
    fn a_renewal_has_the_same_number_and_a_higher_revision() {
        let first = contract();
        let mut next = contract();
        next.enrollment_secret = None;
        next.revision = 2;
        assert!(matches!(judged(&next, None), Err(Refusal::NoSecret)));
        judge(&sealed(&next), Some(&pinned()), Some(&first), true, &Permission::Granted).unwrap();
        assert!(matches!(judged(&first, Some(&next)), Err(Refusal::LowerRevision { have: 2, found: 1, .. })));
        assert!(matches!(judged(&first, Some(&first)), Err(Refusal::AlreadyActive { .. })));
        let mut other = contract();
        other.number = "OTHER-1".parse().unwrap();
        assert!(matches!(judged(&other, Some(&first)), Err(Refusal::OtherContract { .. })));
    }

    #[test]
    fn a_renewal_by_the_successor_of_the_pinned_key_is_taken_and_by_a_stranger_not() {
        let new = SigningKey::from_seed(&[10; 32], "new");
        let mut renewed = contract();
        renewed.vendor_key = new.public();
        let open = |contract: &Contract| SealedContract::open(contract.seal(&new).as_bytes()).unwrap();
        let judged = |sealed| judge(&sealed, Some(&pinned()), None, false, &Permission::Granted);
        assert!(matches!(judged(open(&renewed)), Err(Refusal::ForeignKey { .. })));
        renewed.vendor_succession =
            vec![vendor().sign(Namespace::Rotate, &successor_statement(&new.public()))];
        judged(open(&renewed)).unwrap();
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

        withdraw(&home, renewed.issued_at).unwrap();
        assert!(!home.activation().exists());
        assert_eq!(load(&home, &identity).unwrap().unwrap().consent.withdrawn_at, Some(renewed.issued_at));
        assert!(contract_in_force(&home).unwrap().is_none());
    }
}
