//! The way in for everything that does not come fresh from a folder: release from quarantine, a key that was admitted, import,
//! reading again after an upgrade. One function, the same judgement. What an operator says of a key is in `approve`.

mod approve;

use jiff::Timestamp;
use mailbeat_shared::wire::extract::Signed;
use mailbeat_shared::wire::signature::Signature;

pub use self::approve::{ApproveError, Approved, Rest, approve, take_up};
use super::life::Receipt;
use super::prepare::{Candidate, Prepared, What, prepare, prepare_signed};
use super::settle::{Arrival, judge_mail, record_mail};
use super::trust::{self, Trust};
use super::verdict::{QuarantineReason, Verdict};
use super::{Context, Recorded, record};
use crate::keyring::Keyring;
use crate::store::{AdmittedBy, Kept, PackedReport, Place, Quarantined, StoreError, Tx, unpack};

/// Most reports of a key that are recorded at once, so that nobody else waits long; what is left where a key was admitted by its
/// own proof follows by `systems approve`.
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
            Some(row) => release(tx, context, &row, AdmittedBy::Proof, now),
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
    release_all(tx, context, &rows, AdmittedBy::Proof, now)
}

fn release_all(
    tx: &Tx<'_>,
    context: Context<'_>,
    rows: &[Quarantined],
    by: AdmittedBy,
    now: Timestamp,
) -> Result<Vec<Recorded>, StoreError> {
    rows.iter().filter_map(|row| release(tx, context, row, by, now).transpose()).collect()
}

fn release(
    tx: &Tx<'_>,
    context: Context<'_>,
    row: &Quarantined,
    by: AdmittedBy,
    now: Timestamp,
) -> Result<Option<Recorded>, StoreError> {
    let Some(prepared) = prepared(&row.kept, context.keyring)? else { return Ok(None) };
    let receipt = Receipt::set_aside(row.received_at, row.added_at, now);
    let arrival = Arrival { place: row.place, receipt, now, by_itself: false };
    let (verdict, detail) = match tx.isolated(|| judged(tx, context, &prepared, arrival, by))? {
        Ok(judged) => judged,
        Err(error) if error.is_one_rows() => {
            let (reason, detail) = (QuarantineReason::NotRecorded, error.to_string());
            tx.still_quarantined(row.id, reason, &detail, None)?;
            return Ok(Some(Recorded { uid: 0, verdict: Verdict::Quarantined(reason), detail }));
        }
        Err(error) => return Err(error),
    };
    match verdict {
        Verdict::Quarantined(reason) => {
            tx.still_quarantined(row.id, reason, &detail, proven(tx, &prepared, reason)?)?;
        }
        verdict => drop(tx.release_quarantined(row.id, &verdict.to_string())?),
    }
    tx.count(row.place.mailbox, verdict.as_str(), now, 1)?;
    Ok(Some(Recorded { uid: 0, verdict, detail }))
}

/// What becomes of it now: by what it proves, or by what an operator says of its key and of the contract it names.
fn judged(
    tx: &Tx<'_>,
    context: Context<'_>,
    prepared: &Prepared,
    arrival: Arrival,
    by: AdmittedBy,
) -> Result<(Verdict, String), StoreError> {
    if let (AdmittedBy::Operator, What::Candidate(candidate)) = (by, &prepared.0) {
        return match trust::establish_approved(tx, candidate, arrival.receipt.at)? {
            Trust::Known { system, moves_to, .. } => {
                record::record(tx, *system, moves_to.as_deref(), candidate, arrival, context.rules)
            }
            Trust::Refused { verdict, detail, .. } => Ok((verdict, detail)),
        };
    }
    let outcome = judge_mail(tx, context, prepared, arrival)?;
    Ok((outcome.verdict, outcome.detail))
}

/// Whether the proof fits now: a contract that was not known then may have been taken up since.
fn proven(tx: &Tx<'_>, prepared: &Prepared, reason: QuarantineReason) -> Result<Option<bool>, StoreError> {
    match &prepared.0 {
        What::Candidate(candidate) if reason == QuarantineReason::NotEnrolled => {
            trust::knows_the_secret(tx, candidate).map(Some)
        }
        _ => Ok(None),
    }
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

/// The report in a row that was set aside, if it is one.
fn candidate(row: &Quarantined, keyring: &Keyring) -> Result<Option<Box<Candidate>>, StoreError> {
    Ok(prepared(&row.kept, keyring)?.and_then(|prepared| match prepared.0 {
        What::Candidate(candidate) => Some(candidate),
        _ => None,
    }))
}
