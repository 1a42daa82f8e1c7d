//! The way in for everything that does not come fresh from a folder: release from quarantine, a key that was admitted, import,
//! reading again after an upgrade. One function, the same judgement.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mailbeat_shared::wire::extract::Signed;
use mailbeat_shared::wire::signature::Signature;

use super::life::Receipt;
use super::prepare::{Candidate, Prepared, What, prepare, prepare_signed};
use super::settle::{Arrival, judge_mail, record_mail};
use super::trust;
use super::verdict::{QuarantineReason, Verdict};
use super::{Context, Recorded};
use crate::keyring::Keyring;
use crate::store::{AdmittedBy, Kept, PackedReport, Place, Quarantined, StoreError, SystemKey, Tx, unpack};

/// Most reports that are recorded at once when their key is admitted; the rest follows by `quarantine release`.
const AT_ONCE: u32 = 500;

/// What to process again.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A row of the quarantine.
    Quarantine(i64),
    /// A mail from elsewhere, and when it came.
    Mail {
        /// The mail as it came.
        raw: &'a [u8],
        /// When it came; not later than now.
        received_at: Timestamp,
    },
}

/// Processes something again. What leaves quarantine is marked released; what does not keeps its row with the new reason.
/// `None`: no such row, or its content is gone.
///
/// # Errors
/// [`StoreError`].
pub fn reprocess(
    tx: &Tx<'_>,
    context: Context<'_>,
    source: Source<'_>,
    now: Timestamp,
) -> Result<Option<Recorded>, StoreError> {
    match source {
        // What was released or discarded before has no content any more.
        Source::Quarantine(id) => match tx.quarantined(id)? {
            Some(row) => release(tx, context, &row, now),
            None => Ok(None),
        },
        Source::Mail { raw, received_at } => {
            let receipt = Receipt::earlier(received_at, now);
            let arrival = Arrival { place: Place::default(), receipt, now, by_itself: false };
            let recorded = record_mail(tx, context, &prepare(raw, context.keyring), arrival)?;
            tx.count(None, recorded.verdict.as_str(), now, 1)?;
            Ok(Some(recorded))
        }
    }
}

/// Records, in the order they were made, the reports that waited for this key.
///
/// # Errors
/// [`StoreError`].
pub fn reprocess_waiting(
    tx: &Tx<'_>,
    context: Context<'_>,
    key: &[u8; 32],
    now: Timestamp,
) -> Result<Vec<Recorded>, StoreError> {
    let rows = tx.waiting_of_signer(key, AT_ONCE)?;
    rows.iter().filter_map(|row| release(tx, context, row, now).transpose()).collect()
}

fn release(
    tx: &Tx<'_>,
    context: Context<'_>,
    row: &Quarantined,
    now: Timestamp,
) -> Result<Option<Recorded>, StoreError> {
    let Some(prepared) = prepared(&row.kept, context.keyring)? else { return Ok(None) };
    let receipt = Receipt::set_aside(row.received_at, row.added_at, now);
    let arrival = Arrival { place: row.place, receipt, now, by_itself: false };
    let outcome = match tx.isolated(|| judge_mail(tx, context, &prepared, arrival))? {
        Ok(outcome) => outcome,
        Err(error) if error.is_one_rows() => {
            let (reason, detail) = (QuarantineReason::NotRecorded, error.to_string());
            tx.still_quarantined(row.id, reason, &detail)?;
            return Ok(Some(Recorded { uid: 0, verdict: Verdict::Quarantined(reason), detail }));
        }
        Err(error) => return Err(error),
    };
    match outcome.verdict {
        Verdict::Quarantined(reason) => tx.still_quarantined(row.id, reason, &outcome.detail)?,
        verdict => drop(tx.release_quarantined(row.id, &verdict.to_string())?),
    }
    tx.count(row.place.mailbox, outcome.verdict.as_str(), now, 1)?;
    Ok(Some(Recorded { uid: 0, verdict: outcome.verdict, detail: outcome.detail }))
}

fn prepared(kept: &Kept, keyring: &Keyring) -> Result<Option<Prepared>, StoreError> {
    match kept {
        Kept::Report(packed) => signed(packed).map(|signed| signed.map(prepare_signed)),
        Kept::Mail(packed) => {
            Ok(Some(prepare(&unpack(&packed.content, packed.report_bytes as usize)?, keyring)))
        }
        Kept::Nothing => Ok(None),
    }
}

fn signed(packed: &PackedReport) -> Result<Option<Signed>, StoreError> {
    let (report, signature) = packed.unpack()?;
    Ok(Signature::parse(&signature).ok().map(|signature| Signed::new(report, signature)))
}

/// Why a key cannot be approved.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// No report of it waits.
    #[error("no report signed by this key waits in quarantine")]
    NothingWaits,
    /// Whoever holds it speaks for several systems: which of them is meant nobody can tell.
    #[error(
        "reports signed by this key name several systems ({0}); see `quarantine list`, discard those that are not meant, and repeat"
    )]
    SeveralSystems(String),
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
    /// What waited for it.
    pub recorded: Vec<Recorded>,
    /// The keys it follows.
    pub follows: Vec<[u8; 32]>,
    /// When what those have signed is refused.
    pub refused_from: Timestamp,
}

/// An operator admits the key of waiting reports, for the one system and under the contract they name, and what waited for it is
/// recorded. Neither proof nor the contract's number of systems stands against it: a person looked. The keys the system had are
/// followed by it as if they had spoken for it, unless `keep` says that they hold on.
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
    let waiting = tx.waiting_of_signer(key, AT_ONCE)?;
    let row = waiting.first().ok_or(ApproveError::NothingWaits)?;
    let named: BTreeSet<String> =
        waiting.iter().filter_map(|row| Some(row.claimed.system?.to_string())).collect();
    if named.len() > 1 {
        return Err(ApproveError::SeveralSystems(Vec::from_iter(named).join(", ")));
    }
    let candidate = candidate(row, context.keyring)?.ok_or(ApproveError::NothingWaits)?;
    let number = &candidate.report.contract;
    let contract = tx.contract(number)?.ok_or_else(|| ApproveError::UnknownContract(number.to_string()))?;
    let refused_from = trust::refused_from(now);
    let mut follows = vec![];
    match tx.system_of_customer(contract.terms.customer, candidate.report.system)? {
        Some(system) => {
            let before = tx.keys_of(system.id)?.into_iter().filter(|_| !keep);
            let holds = |old: &SystemKey| old.revoked_at.is_none_or(|at| at > refused_from);
            follows.extend(before.filter(holds).map(|old| old.key));
            tx.admit_key(system.id, key, AdmittedBy::Operator, now)?;
            follows.iter().try_for_each(|old| tx.revoke_key(old, refused_from).map(drop))?;
        }
        None => {
            trust::register(tx, &candidate, &contract.terms, AdmittedBy::Operator, now)?;
        }
    }
    let recorded = reprocess_waiting(tx, context, key, now)?;
    Ok(Approved { recorded, follows, refused_from })
}

fn candidate(row: &Quarantined, keyring: &Keyring) -> Result<Option<Box<Candidate>>, StoreError> {
    Ok(prepared(&row.kept, keyring)?.and_then(|prepared| match prepared.0 {
        What::Candidate(candidate) => Some(candidate),
        _ => None,
    }))
}
