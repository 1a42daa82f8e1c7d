//! Whether a contract file is taken. Pure: the file, the pinned key, what is in force, what the time permits.

use jiff::Timestamp;
use mailbeat_shared::wire::contract::{Contract, ContractError, SealedContract};
use mailbeat_shared::wire::id::ContractNumber;
use mailbeat_shared::wire::signature::PublicKey;

use super::StorageError;
use super::permission::Permission;

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
    #[error(
        "the contract is sealed with the key {found}, and the vendor's key is {pinned}; ask the vendor. Nothing was changed"
    )]
    ForeignKey {
        /// Fingerprint of the key known.
        pinned: String,
        /// Fingerprint of the key in the contract.
        found: String,
    },
    /// Its time has not come.
    #[error(
        "the contract is not valid before {from}, and by this host's clock it is earlier; activate it then, or set the clock if it is wrong"
    )]
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
    #[error(
        "this is revision {found} of contract {number}, and revision {have} is in force here; use the newest file"
    )]
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
    #[error(
        "this system is activated under contract {have}; run `mailbeat-agent deactivate` first to change to {found}"
    )]
    OtherContract {
        /// In force.
        have: ContractNumber,
        /// In the file.
        found: ContractNumber,
    },
    /// A renewal before the first activation.
    #[error(
        "this is a renewal, which comes without the enrollment secret; activate with the contract's original file first"
    )]
    NoSecret,
    /// The state cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
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
            let refused = judge(&sealed(&contract()), Some(&pinned()), None, false, &permission)
                .unwrap_err()
                .to_string();
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
}
