//! What becomes of one mail: recorded, ignored, or set aside with the reason.
//!
//! A mail is believed as far as its signature and its signer go; [`trust`] knows how far that is. Whatever fails on one mail, a
//! defect of ours too, is undone alone, and the mail is set aside; only where the database itself refuses does its batch fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use mailbeat_shared::wire::extract::Bounce;
use mailbeat_shared::wire::id::Digest;

use super::life::Receipt;
use super::prepare::{Candidate, Prepared, What};
use super::trust::{self, Trust};
use super::verdict::{QuarantineReason, Verdict};
use super::{Context, Recorded, record, reprocess_waiting};
use crate::notify::bounce::{local_part, recognise};
use crate::store::{Claimed, Kept, NewQuarantined, Place, Refusal, StoreError, Tx};

/// How a mail came, and when it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Where it was read.
    pub(super) place: Place,
    /// When it came.
    pub(super) receipt: Receipt,
    /// When it is looked at.
    pub(super) now: Timestamp,
    /// It came by itself, so that a flood is set aside; what somebody releases or imports is wanted.
    pub(super) by_itself: bool,
}

/// Mails that share a savepoint. It keeps each page they change as it was before: for one mail alone that is a dozen pages.
const GROUP: usize = 25;

/// Records mails in their order. Where something fails on one of a group, the group is undone, and each of its mails is recorded in a
/// savepoint of its own: what fails on it is undone alone, and it is set aside.
pub(super) fn record_mails(
    tx: &Tx<'_>,
    context: Context<'_>,
    mails: &[(&Prepared, Arrival)],
) -> Result<Vec<Recorded>, StoreError> {
    let mut recorded = Vec::with_capacity(mails.len());
    for group in mails.chunks(GROUP) {
        let each = || group.iter().map(|(prepared, arrival)| settle(tx, context, prepared, *arrival));
        match attempt(tx, || each().collect::<Result<Vec<_>, _>>())? {
            Ok(settled) => recorded.extend(settled),
            Err(_) => {
                for (prepared, arrival) in group {
                    recorded.push(record_mail(tx, context, prepared, *arrival)?);
                }
            }
        }
    }
    Ok(recorded)
}

/// Records one mail in a savepoint of its own. What fails on it is undone alone, and it is set aside.
pub(super) fn record_mail(
    tx: &Tx<'_>,
    context: Context<'_>,
    prepared: &Prepared,
    arrival: Arrival,
) -> Result<Recorded, StoreError> {
    let (reason, detail) = match attempt(tx, || settle(tx, context, prepared, arrival))? {
        Ok(recorded) => return Ok(recorded),
        Err(Failed::OneRow(error)) => (QuarantineReason::NotRecorded, error.to_string()),
        Err(Failed::Panicked) => (QuarantineReason::Poison, "recording it failed".to_owned()),
    };
    tracing::error!(
        uid = arrival.place.uid,
        reason = reason.as_str(),
        detail,
        "a mail could not be recorded"
    );
    let outcome = Outcome { verdict: Verdict::Quarantined(reason), detail, proven: true };
    set_aside(tx, prepared, &outcome, arrival)?;
    Ok(Recorded { uid: arrival.place.uid, verdict: outcome.verdict, detail: outcome.detail })
}

/// Work in a savepoint, undone where it fails. Outside: the database itself refuses, and nothing goes on.
fn attempt<T>(
    tx: &Tx<'_>,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<Result<T, Failed>, StoreError> {
    let tried = tx.isolated(|| match catch_unwind(AssertUnwindSafe(work)) {
        Ok(worked) => worked.map_err(Some),
        Err(_) => Err(None),
    })?;
    match tried {
        Ok(value) => Ok(Ok(value)),
        Err(Some(error)) if error.is_one_rows() => Ok(Err(Failed::OneRow(error))),
        Err(Some(error)) => Err(error),
        Err(None) => Ok(Err(Failed::Panicked)),
    }
}

/// What fails on a mail and not on the next.
enum Failed {
    OneRow(StoreError),
    Panicked,
}

/// A verdict with its reason, not yet acted upon.
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) detail: String,
    proven: bool,
}

/// Judges a mail, and sets it aside where that is the verdict.
fn settle(
    tx: &Tx<'_>,
    context: Context<'_>,
    prepared: &Prepared,
    arrival: Arrival,
) -> Result<Recorded, StoreError> {
    let outcome = judge_mail(tx, context, prepared, arrival)?;
    set_aside(tx, prepared, &outcome, arrival)?;
    Ok(Recorded { uid: arrival.place.uid, verdict: outcome.verdict, detail: outcome.detail })
}

/// What becomes of a mail; records it if it is a genuine report, and does nothing else about it.
pub(super) fn judge_mail(
    tx: &Tx<'_>,
    context: Context<'_>,
    prepared: &Prepared,
    arrival: Arrival,
) -> Result<Outcome, StoreError> {
    match &prepared.0 {
        What::Candidate(candidate) => take(tx, context, candidate, arrival),
        What::Refused(refused) => Ok(Outcome {
            verdict: Verdict::Quarantined(refused.reason),
            detail: refused.detail.clone(),
            proven: false,
        }),
        What::Ignored(reason, bounce) => {
            if let Some(bounce) = bounce {
                heed(tx, bounce, arrival.now)?;
            }
            Ok(Outcome { verdict: Verdict::Ignored(*reason), detail: String::new(), proven: false })
        }
    }
}

/// A report of whoever signed it.
fn take(
    tx: &Tx<'_>,
    context: Context<'_>,
    candidate: &Candidate,
    arrival: Arrival,
) -> Result<Outcome, StoreError> {
    let (mut system, newly, moves_to) = match trust::establish(tx, candidate, arrival.receipt.at)? {
        Trust::Known { system, newly, moves_to } => (*system, newly, moves_to),
        Trust::Refused { verdict, detail, proven } => return Ok(Outcome { verdict, detail, proven }),
    };
    for key in &newly {
        // What came before its key was admitted goes first.
        let id = system.id;
        reprocess_waiting(tx, context, key, arrival.now)?;
        system = tx.system(id)?.unwrap_or(system);
    }
    let (verdict, detail) =
        record::record(tx, system, moves_to.as_deref(), candidate, arrival, context.rules)?;
    Ok(Outcome { verdict, detail, proven: true })
}

/// A bounce of one of our mails to contacts that will not arrive. Its Message-ID cannot be guessed.
fn heed(tx: &Tx<'_>, bounce: &Bounce, now: Timestamp) -> Result<(), StoreError> {
    let (secret, words) = (tx.notification_secret()?, &bounce.diagnostic);
    let refusal = if bounce.blames_the_address() { Refusal::OfAddress } else { Refusal::OfMail };
    if !bounce.failed {
        return Ok(());
    }
    if let Some(ours) = recognise(bounce, &secret) {
        if tx.notification_refused(&secret.local_part(&ours.id), refusal, words, now)? {
            tracing::warn!(ticket = %ours.id.ticket, words, "a notification came back");
        }
        return Ok(());
    }
    for token in bounce.about.iter().filter_map(|id| local_part(id)) {
        if tx.mailing_refused(token, refusal, words, now)? {
            tracing::warn!(token, words, "a mail to a contact came back");
        }
    }
    Ok(())
}

/// What a mail that was not read is known by.
#[must_use]
pub fn known_by_place(place: &Place) -> Digest {
    Digest::of(format!("unread {place:?}").as_bytes())
}

/// Puts a mail into quarantine whose verdict says so.
fn set_aside(
    tx: &Tx<'_>,
    prepared: &Prepared,
    outcome: &Outcome,
    arrival: Arrival,
) -> Result<(), StoreError> {
    let Verdict::Quarantined(reason) = outcome.verdict else { return Ok(()) };
    let Arrival { place, receipt, now, .. } = arrival;
    let by_place = || known_by_place(&place);
    let (claimed, digest, kept) = match &prepared.0 {
        What::Candidate(candidate) => {
            (candidate.claimed(), candidate.digest, Kept::Report(candidate.packed.clone()))
        }
        What::Refused(refused) => {
            (refused.claimed.clone(), refused.digest.unwrap_or_else(by_place), refused.kept.clone())
        }
        What::Ignored(..) => (Claimed::default(), by_place(), Kept::Nothing),
    };
    // Who signs what another wrote has a row of their own: theirs tells nothing of the other's.
    let digest = match claimed.signer {
        Some(signer) => Digest::of(&[&digest.as_bytes()[..], &signer].concat()),
        None => digest,
    };
    let new = NewQuarantined {
        reason,
        detail: &outcome.detail,
        proven: outcome.proven,
        received_at: receipt.says,
        place,
        digest,
        claimed: &claimed,
        kept: &kept,
    };
    let made_room = tx.put_quarantined(&new, now)?;
    if made_room > 0 {
        tx.count(place.mailbox, "made_room", now, u64::from(made_room))?;
    }
    Ok(())
}
