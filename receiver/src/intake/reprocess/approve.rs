//! A person admits a key: for the one system that its waiting reports name, and under the contracts they name.
//!
//! A person looked, so neither proof nor the number of systems stands against it; that a key speaks for one system, and that a
//! contract is of the system's own customer, still does. Nothing is undone where it is done again: what was admitted is found
//! admitted, and what still waits is taken up.

use jiff::Timestamp;

use super::super::{Context, Recorded, trust};
use super::{AT_ONCE, candidate, release_all};
use crate::keyring::Keyring;
use crate::store::{AdmittedBy, Registered, StoreError, System, SystemKey, Tx};

/// Why a key cannot be approved.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// No report of it waits.
    #[error("no report signed by this key waits to be admitted; `quarantine list` shows what waits, and why")]
    NothingWaits,
    /// Whoever holds it speaks for several systems: which of them is meant nobody can tell.
    #[error(
        "reports signed by this key name several systems ({0}); see `quarantine list`, discard those that are not meant, and repeat"
    )]
    SeveralSystems(String),
    /// It names contracts of several customers: whose system it is nobody can tell.
    #[error(
        "reports signed by this key name contracts of several customers ({0}); see `quarantine list`, discard those that are not meant, and repeat"
    )]
    SeveralCustomers(String),
    /// It names a contract that is not known.
    #[error("contract {0} is not known here; take it up first")]
    UnknownContract(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a person's admitting a key.
#[derive(Clone, Debug)]
pub struct Approved {
    /// Whose key it is now, under the contract it has now.
    pub system: System,
    /// It was admitted before; only what still waited was taken up.
    pub before: bool,
    /// Since when, or from when on, what it signs is refused.
    pub revoked_at: Option<Timestamp>,
    /// What waited for it, or the first of very many.
    pub recorded: Vec<Recorded>,
    /// Where [`take_up`] goes on, if more may wait.
    pub rest: Option<Rest>,
    /// The keys it follows.
    pub follows: Vec<[u8; 32]>,
    /// When what those have signed is refused.
    pub refused_from: Timestamp,
}

/// The waiting report of a key after which its others are taken up: what waits on is not looked at twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    sequence: u64,
    row: i64,
}

/// An operator admits the key of waiting reports, for the one system and under the contract they name, and what waited for it is
/// recorded. Neither proof nor the contract's number of systems stands against it: a person looked. A known system that names
/// another contract of its customer moves to that one. The keys the system had are followed by it as if they had spoken for it,
/// unless `keep` says that they hold on.
///
/// # Errors
/// [`ApproveError`].
pub fn approve(
    tx: &Tx<'_>,
    context: Context<'_>,
    key: &[u8; 32],
    keep: bool,
    now: Timestamp,
) -> Result<Approved, ApproveError> {
    let refused_from = trust::refused_from(now);
    let registered = tx.registered(key)?;
    let before = registered.is_some();
    let (Registered { system, key_revoked_at }, follows) = match registered {
        // Its keys were looked at then: one that was admitted since is not ended by saying this once more.
        Some(registered) => (registered, vec![]),
        None => admit(tx, context.keyring, key, keep, now)?,
    };
    let (recorded, rest) = take_up(tx, context, key, Rest::default(), now)?;
    let system = tx.system(system.id)?.unwrap_or(system);
    Ok(Approved { system, before, revoked_at: key_revoked_at, recorded, rest, follows, refused_from })
}

/// Records what waits for a key that an operator admitted, some at a time in the order it was made: what became of each, and
/// where to go on in another transaction, if more may wait.
///
/// # Errors
/// [`StoreError`].
pub fn take_up(
    tx: &Tx<'_>,
    context: Context<'_>,
    key: &[u8; 32],
    after: Rest,
    now: Timestamp,
) -> Result<(Vec<Recorded>, Option<Rest>), StoreError> {
    let rows = tx.waiting_of_signer_after(key, (after.sequence, after.row), AT_ONCE)?;
    let last = rows.last().filter(|_| rows.len() == AT_ONCE as usize);
    let rest = last.map(|last| Rest { sequence: last.claimed.sequence, row: last.id });
    Ok((release_all(tx, context, &rows, AdmittedBy::Operator, now)?, rest))
}

/// Makes the key that of the system its reports name, and that system known if it is not: whose it is, and the keys it follows.
fn admit(
    tx: &Tx<'_>,
    keyring: &Keyring,
    key: &[u8; 32],
    keep: bool,
    now: Timestamp,
) -> Result<(Registered, Vec<[u8; 32]>), ApproveError> {
    let row = tx.waiting_of_signer(key, 1)?.pop().ok_or(ApproveError::NothingWaits)?;
    let named = tx.systems_named_by(key)?;
    if named.len() > 1 {
        let named: Vec<String> = named.iter().map(ToString::to_string).collect();
        return Err(ApproveError::SeveralSystems(named.join(", ")));
    }
    let candidate = candidate(&row, keyring)?.filter(|candidate| trust::names_its_signer(candidate));
    let candidate = candidate.ok_or(ApproveError::NothingWaits)?;
    let customers = tx.customers_named_by(key)?;
    if customers.len() > 1 {
        return Err(ApproveError::SeveralCustomers(customers.join(", ")));
    }
    let number = &candidate.report.contract;
    let contract = tx.contract(number)?.ok_or_else(|| ApproveError::UnknownContract(number.to_string()))?;
    let Some(system) = tx.system_of_customer(contract.terms.customer, candidate.report.system)? else {
        let system = trust::register(tx, &candidate, &contract.terms, AdmittedBy::Operator, now)?;
        return Ok((Registered { system, key_revoked_at: None }, vec![]));
    };
    let follows = if keep { vec![] } else { followed(tx, &system, now)? };
    trust::another_key(tx, &system, key, AdmittedBy::Operator, now)?;
    follows.iter().try_for_each(|old| tx.revoke_key(old, trust::refused_from(now)).map(drop))?;
    Ok((Registered { system, key_revoked_at: None }, follows))
}

/// The keys of a system that still hold when those before a new one end.
fn followed(tx: &Tx<'_>, system: &System, now: Timestamp) -> Result<Vec<[u8; 32]>, StoreError> {
    let holds = |old: &SystemKey| old.revoked_at.is_none_or(|at| at > trust::refused_from(now));
    Ok(tx.keys_of(system.id)?.into_iter().filter(holds).map(|old| old.key).collect())
}
