//! Who signed: the one place where a key becomes a system's.
//!
//! A registered key stands for its system. An unknown one is admitted by a proof with the contract's secret (a system never
//! seen before) or by the signature of a key before it (a system that is known). Whoever holds the secret alone cannot take
//! over a known system. Everything else waits for an operator, with a sentence that says what hinders it and how it can go on.

mod proof;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::contract::rotation_statement;
use mailbeat_shared::wire::signature::{Namespace, PublicKey, Signature};

pub(super) use self::proof::knows_the_secret;
use self::proof::{NO_SECRET, all_taken, other_contract, proves, waits};
use super::prepare::Candidate;
use super::verdict::{IgnoreReason, QuarantineReason as Reason, Verdict};
use crate::evaluate::integrity::key_changed;
use crate::store::{
    AdmittedBy, EnrollmentMode, NewSystem, Registered, StoreError, System, SystemKey, Terms, Tx,
};

/// How long mail signed by a key that was succeeded is still on its way.
const OVERLAP: SignedDuration = SignedDuration::from_hours(8 * 24);

/// When what the keys before one that is admitted at `at` have signed is refused.
pub(super) fn refused_from(at: Timestamp) -> Timestamp {
    at.saturating_add(OVERLAP).unwrap_or(Timestamp::MAX)
}

/// Whether a signer may speak, and for whom.
pub(super) enum Trust {
    /// It may, for this system. `newly`: the keys that were admitted just now, in the order in which they were used. `moves_to`:
    /// another contract that the report proves to hold or an operator lets it have; whether it says so of the present is seen
    /// when it is recorded.
    Known { system: Box<System>, newly: Vec<[u8; 32]>, moves_to: Option<Box<Terms>> },
    Refused {
        verdict: Verdict,
        detail: String,
        /// Signed by a known key or with a contract's secret.
        proven: bool,
    },
}

fn refused(reason: Reason, detail: impl Into<String>, proven: bool) -> Trust {
    Trust::Refused { verdict: Verdict::Quarantined(reason), detail: detail.into(), proven }
}

fn ended(contract: &Terms) -> Trust {
    let detail = format!("contract {} has ended", contract.number);
    Trust::Refused { verdict: Verdict::Ignored(IgnoreReason::ContractEnded), detail, proven: true }
}

/// Decides for whom the signer of this report speaks, and admits its key where a proof allows.
pub(super) fn establish(
    tx: &Tx<'_>,
    candidate: &Candidate,
    received_at: Timestamp,
) -> Result<Trust, StoreError> {
    decide(tx, candidate, received_at, AdmittedBy::Proof)
}

/// The same where an operator admitted the signer and what it signed: another contract of the same customer that the report names
/// is taken for its system's, whatever proof it shows and however many systems it covers.
pub(super) fn establish_approved(
    tx: &Tx<'_>,
    candidate: &Candidate,
    received_at: Timestamp,
) -> Result<Trust, StoreError> {
    decide(tx, candidate, received_at, AdmittedBy::Operator)
}

fn decide(
    tx: &Tx<'_>,
    candidate: &Candidate,
    received_at: Timestamp,
    by: AdmittedBy,
) -> Result<Trust, StoreError> {
    if !names_its_signer(candidate) {
        return Ok(refused(
            Reason::Malformed,
            "the identity names another key than the one that signed",
            false,
        ));
    }
    match tx.registered(&candidate.key)? {
        Some(registered) => known(tx, candidate, registered, received_at, by),
        None => unknown(tx, candidate, received_at),
    }
}

/// Whether the key that signed is the one the report says is its own. Anybody can sign what somebody else wrote.
pub(super) fn names_its_signer(candidate: &Candidate) -> bool {
    candidate.report.identity.public_key.parse::<PublicKey>().is_ok_and(|key| key == candidate.signer)
}

fn known(
    tx: &Tx<'_>,
    candidate: &Candidate,
    registered: Registered,
    received_at: Timestamp,
    by: AdmittedBy,
) -> Result<Trust, StoreError> {
    let Registered { system, key_revoked_at } = registered;
    let report = &candidate.report;
    if let Some(at) = key_revoked_at.filter(|at| *at <= received_at) {
        let detail = format!("{} was revoked at {at:.0}", candidate.signer.fingerprint());
        return Ok(refused(Reason::RevokedKey, detail, true));
    }
    if report.system != system.system_id {
        let detail = format!("it names {}; the key is {}'s", report.system, system.system_id);
        return Ok(refused(Reason::WrongSystem, detail, true));
    }
    let mut moves_to = None;
    if report.contract != system.contract.number {
        match other_contract(tx, candidate, &system, by)? {
            Ok(contract) => moves_to = Some(Box::new(contract)),
            Err(why) => {
                let (named, own) = (&report.contract, &system.contract.number);
                let detail = format!("it names {named}; the key's is {own}; {why}");
                return Ok(refused(Reason::WrongContract, detail, true));
            }
        }
    }
    let named = moves_to.as_deref().unwrap_or(&system.contract);
    if named.has_ended(received_at) {
        return Ok(ended(named));
    }
    Ok(Trust::Known { system: Box::new(system), newly: vec![], moves_to })
}

fn unknown(tx: &Tx<'_>, candidate: &Candidate, received_at: Timestamp) -> Result<Trust, StoreError> {
    let report = &candidate.report;
    let Some(row) = tx.contract(&report.contract)? else {
        return Ok(refused(
            Reason::UnknownContract,
            format!("contract {} is not known here", report.contract),
            false,
        ));
    };
    let contract = row.terms;
    let proven = proves(tx, candidate, &contract)?;
    if let Some(system) = tx.system_of_customer(contract.customer, report.system)? {
        return succeed(tx, candidate, system, proven, received_at);
    }
    if !proven {
        let detail =
            format!("its proof does not fit the secret of contract {}; {NO_SECRET}", contract.number);
        return Ok(refused(Reason::NotEnrolled, detail, false));
    }
    if contract.has_ended(received_at) {
        return Ok(ended(&contract));
    }
    if contract.enrollment == EnrollmentMode::Approve {
        return Ok(refused(Reason::NotEnrolled, waits(candidate), true));
    }
    if row.enrolled >= contract.systems {
        return Ok(refused(Reason::NotEnrolled, all_taken(&contract, candidate), true));
    }
    let system = register(tx, candidate, &contract, AdmittedBy::Proof, received_at)?;
    Ok(Trust::Known { system: Box::new(system), newly: vec![candidate.key], moves_to: None })
}

/// Registers a system never seen before with the key that signed.
pub(super) fn register(
    tx: &Tx<'_>,
    candidate: &Candidate,
    contract: &Terms,
    by: AdmittedBy,
    received_at: Timestamp,
) -> Result<System, StoreError> {
    let report = &candidate.report;
    let new = NewSystem {
        system_id: report.system,
        contract,
        host: &report.agent.host,
        key: candidate.key,
        by,
        received_at,
    };
    let id = tx.register_system(&new)?;
    tracing::info!(system = %report.system, contract = %contract.number, by = by.as_str(), "system registered");
    tx.system(id)?
        .ok_or_else(|| StoreError::Corrupt { what: "a system", detail: "not there after it was made".into() })
}

/// A new key for a known system: admitted where a key of the system that still holds signed it.
fn succeed(
    tx: &Tx<'_>,
    candidate: &Candidate,
    system: System,
    proven: bool,
    received_at: Timestamp,
) -> Result<Trust, StoreError> {
    let statement = rotation_statement(system.system_id, &candidate.signer);
    let vouched_by = |armored: &String| {
        let signature = Signature::parse(armored.as_bytes()).ok()?;
        let old = signature.signer().clone();
        signature.verify(&old, Namespace::Rotate, &statement).ok().map(|()| old.bytes())
    };
    let vouching: Vec<[u8; 32]> =
        candidate.report.identity.succession.iter().filter_map(vouched_by).collect();
    let keys = tx.keys_of(system.id)?;
    let holds =
        |old: &&SystemKey| old.revoked_at.is_none_or(|at| at > received_at) && vouching.contains(&old.key);
    if !keys.iter().any(|key| holds(&key)) {
        let why = match proven {
            true => waits(candidate),
            false => format!("its proof does not fit the contract's secret; {NO_SECRET}"),
        };
        let detail = format!("a new key for known system {}; {why}", system.system_id);
        return Ok(refused(Reason::NotEnrolled, detail, proven));
    }
    if system.contract.has_ended(received_at) {
        return Ok(ended(&system.contract));
    }
    another_key(tx, &system, &candidate.key, AdmittedBy::Succession, received_at)?;
    let mut newly = follow(tx, &system, &vouching, candidate, received_at)?;
    newly.push(candidate.key);
    tracing::info!(system = %system.system_id, key = %candidate.signer.fingerprint(), "key succeeded");
    // Under the contract the system has: if the report names another, that is looked at as for any known key.
    match tx.registered(&candidate.key)? {
        Some(registered) => Ok(match known(tx, candidate, registered, received_at, AdmittedBy::Proof)? {
            Trust::Known { system, moves_to, .. } => Trust::Known { system, newly, moves_to },
            refused @ Trust::Refused { .. } => refused,
        }),
        None => Ok(refused(Reason::NotEnrolled, "the key was not admitted", proven)),
    }
}

/// Admits one more key of a known system. That is a ticket too.
pub(super) fn another_key(
    tx: &Tx<'_>,
    system: &System,
    key: &[u8; 32],
    by: AdmittedBy,
    at: Timestamp,
) -> Result<(), StoreError> {
    let fingerprint = PublicKey::from_bytes(key).fingerprint();
    let evidence = match by {
        AdmittedBy::Operator => format!("{fingerprint}, admitted by an operator at {at:.0}"),
        AdmittedBy::Proof | AdmittedBy::Succession => {
            format!("{fingerprint}, admitted by the key before at {at:.0}")
        }
    };
    tx.admit_key(system.id, key, by, at)?;
    tx.put_finding(Some(system.id), &key_changed(&fingerprint, evidence, at))
}

/// The keys that spoke for this one are followed by it: what they signed is taken as long as it may be on its way. One of them may
/// be unknown yet, where a key was followed twice and the newest mail came first: the system's own word admits it. Gives those.
fn follow(
    tx: &Tx<'_>,
    system: &System,
    vouching: &[[u8; 32]],
    candidate: &Candidate,
    received_at: Timestamp,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let mut newly = Vec::new();
    for old in vouching.iter().filter(|old| **old != candidate.key) {
        match tx.registered(old)? {
            Some(registered) if registered.system.id != system.id => continue,
            Some(_) => {}
            None => {
                another_key(tx, system, old, AdmittedBy::Succession, received_at)?;
                newly.push(*old);
            }
        }
        tx.revoke_key(old, refused_from(received_at))?;
    }
    Ok(newly)
}
