//! Intake: a mail becomes a recorded report, or a named reason why not.
//!
//! Two halves. [`prepare()`] is pure and costly and runs on worker threads. [`record_batch`] is one transaction (R2): many mails of
//! one folder in mailbox order, each in a savepoint of its own, judged on the state read inside, with filing rows and
//! the cursor. [`reprocess()`] takes what was set aside, or comes from elsewhere, the same way. Unverified mail feeds
//! counters and quarantine, never a customer's tickets.

pub mod branch;
mod confirm;
mod files;
pub mod hole;
pub mod judge;
pub mod life;
mod prepare;
mod record;
mod reprocess;
mod trust;
pub mod verdict;
pub mod window;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::crash;
use mailbeat_shared::wire::extract::Bounce;
use mailbeat_shared::wire::id::Digest;

use self::life::Receipt;
use self::prepare::{Candidate, What};
pub use self::prepare::{Prepared, prepare, prepare_signed};
pub use self::reprocess::{ApproveError, Approved, Source, approve, reprocess, reprocess_waiting};
use self::trust::Trust;
pub use self::verdict::{IgnoreReason, QuarantineReason, Verdict};
use self::window::Window;
use crate::evaluate::rules::Rules;
use crate::filing::NewFiling;
use crate::keyring::Keyring;
use crate::notify::bounce::recognise;
use crate::store::{Claimed, Kept, NewQuarantined, Place, Store, StoreError, Tx};

/// What recording needs to know besides the mail.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The rules in force.
    pub rules: &'a Rules,
    /// What opens encrypted reports.
    pub keyring: &'a Keyring,
    /// The time between two rounds of reading when all is well: longer silence of ours is deafness.
    pub usual_round: SignedDuration,
}

/// A mail of a folder, taken apart.
#[derive(Debug)]
pub struct Mail {
    /// Its UID.
    pub uid: u32,
    /// When the server got it (INTERNALDATE), where it says so.
    pub internal_date: Option<Timestamp>,
    /// What it is.
    pub prepared: Prepared,
}

/// Mails of one folder, in mailbox order.
#[derive(Debug)]
pub struct Batch {
    /// Row of the folder.
    pub folder: i64,
    /// Row of its mailbox.
    pub mailbox: i64,
    /// The numbering of UIDs.
    pub uidvalidity: u32,
    /// The mails.
    pub mails: Vec<Mail>,
    /// Every UID up to here is in this or an earlier batch, or does not exist: the cursor goes here. 0 leaves it.
    pub covers: u32,
    /// Whether the mails are to be moved on the server.
    pub file: bool,
}

/// What became of one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its UID; 0 where it did not come from a folder.
    pub uid: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason in words, where the verdict's own are not enough.
    pub detail: String,
}

/// Counts the attempt to read a window (R1), durably, before any mail of it is parsed.
///
/// # Errors
/// [`StoreError`].
pub fn begin_window(
    store: &mut Store,
    folder: i64,
    window: &Window,
    now: Timestamp,
) -> Result<(), StoreError> {
    crash::point("R1.before");
    store.write(|tx| tx.begin_window(folder, window, now))?;
    crash::point("R1.after");
    Ok(())
}

/// Records a batch (R2): whole or not at all.
///
/// # Errors
/// [`StoreError`] where the database itself refuses; the batch has to come again. A single bad mail is no error.
pub fn record_batch(
    store: &mut Store,
    context: Context<'_>,
    batch: &Batch,
    now: Timestamp,
) -> Result<Vec<Recorded>, StoreError> {
    let recorded = store.write(|tx| {
        let mut recorded = Vec::with_capacity(batch.mails.len());
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        for mail in &batch.mails {
            let place = Place {
                mailbox: Some(batch.mailbox),
                folder: Some(batch.folder),
                uidvalidity: batch.uidvalidity,
                uid: mail.uid,
            };
            let receipt = Receipt::of(mail.internal_date, now);
            let outcome = record_mail(tx, context, &mail.prepared, place, receipt, now)?;
            *counts.entry(outcome.verdict.as_str()).or_default() += 1;
            if batch.file {
                let (folder, uidvalidity, uid) = (batch.folder, batch.uidvalidity, mail.uid);
                tx.put_filing(
                    &NewFiling { folder, uidvalidity, uid, target: outcome.verdict.target() },
                    now,
                )?;
            }
            recorded.push(outcome);
        }
        counts.into_iter().try_for_each(|(word, n)| tx.count(Some(batch.mailbox), word, now, n))?;
        learn_of_our_clock(tx, context, batch, now)?;
        tx.advance_cursor(batch.folder, batch.uidvalidity, batch.covers)?;
        tx.conclude_drained(batch.folder, context.usual_round)?;
        crash::point("R2.before");
        Ok::<_, StoreError>(recorded)
    })?;
    crash::point("R2.after");
    Ok(recorded)
}

/// New mails tell how far our clock is ahead of the mail server's. A batch that leaves the cursor alone may hold old ones.
fn learn_of_our_clock(
    tx: &Tx<'_>,
    context: Context<'_>,
    batch: &Batch,
    now: Timestamp,
) -> Result<(), StoreError> {
    let came = batch.mails.iter().filter_map(|mail| mail.internal_date);
    let waits: Vec<SignedDuration> = came.map(|at| now.duration_since(at)).collect();
    if batch.covers == 0 || waits.is_empty() {
        return Ok(());
    }
    tx.note_waits(batch.folder, &waits, context.usual_round, now)
}

/// Records one mail in a savepoint of its own. What fails on it is undone alone, and it is set aside.
fn record_mail(
    tx: &Tx<'_>,
    context: Context<'_>,
    prepared: &Prepared,
    place: Place,
    receipt: Receipt,
    now: Timestamp,
) -> Result<Recorded, StoreError> {
    let tried = tx.isolated(|| {
        catch_unwind(AssertUnwindSafe(|| settle(tx, context, prepared, place, receipt, now)))
            .unwrap_or_else(|_| Err(Failed::Panicked))
    })?;
    let (reason, detail) = match tried {
        Ok(recorded) => return Ok(recorded),
        Err(Failed::Store(error)) if !error.is_one_rows() => return Err(error),
        Err(Failed::Store(error)) => (QuarantineReason::NotRecorded, error.to_string()),
        Err(Failed::Panicked) => (QuarantineReason::Poison, "recording it failed".to_owned()),
    };
    tracing::error!(uid = place.uid, reason = reason.as_str(), detail, "a mail could not be recorded");
    let outcome = Outcome { verdict: Verdict::Quarantined(reason), detail, proven: true };
    set_aside(tx, prepared, &outcome, place, receipt.says, now)?;
    Ok(Recorded { uid: place.uid, verdict: outcome.verdict, detail: outcome.detail })
}

enum Failed {
    Store(StoreError),
    Panicked,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A verdict with its reason, not yet acted upon.
struct Outcome {
    verdict: Verdict,
    detail: String,
    proven: bool,
}

fn settle(
    tx: &Tx<'_>,
    context: Context<'_>,
    prepared: &Prepared,
    place: Place,
    receipt: Receipt,
    now: Timestamp,
) -> Result<Recorded, Failed> {
    let outcome = judge_mail(tx, context, prepared, place, receipt, now)?;
    if let Verdict::Quarantined(_) = outcome.verdict {
        set_aside(tx, prepared, &outcome, place, receipt.says, now)?;
    }
    Ok(Recorded { uid: place.uid, verdict: outcome.verdict, detail: outcome.detail })
}

/// What becomes of a mail; records it if it is a genuine report, and does nothing else about it.
fn judge_mail(
    tx: &Tx<'_>,
    context: Context<'_>,
    prepared: &Prepared,
    place: Place,
    receipt: Receipt,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    match &prepared.0 {
        What::Candidate(candidate) => take(tx, context, candidate, place, receipt, now),
        What::Refused(refused) => Ok(Outcome {
            verdict: Verdict::Quarantined(refused.reason),
            detail: refused.detail.clone(),
            proven: false,
        }),
        What::Ignored(reason, bounce) => {
            if let Some(bounce) = bounce {
                heed(tx, bounce, now)?;
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
    place: Place,
    receipt: Receipt,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    let (mut system, newly) = match trust::establish(tx, candidate, receipt.at)? {
        Trust::Known { system, newly } => (*system, newly),
        Trust::Refused { verdict, detail, proven } => return Ok(Outcome { verdict, detail, proven }),
    };
    for key in &newly {
        // What came before its key was admitted goes first.
        let id = system.id;
        reprocess_waiting(tx, context, key, now)?;
        system = tx.system(id)?.unwrap_or(system);
    }
    let (verdict, detail) = record::record(tx, system, candidate, receipt, place, context.rules, now)?;
    Ok(Outcome { verdict, detail, proven: true })
}

/// A bounce of one of our notifications that will not arrive: the address does not work. Its Message-ID cannot be guessed.
fn heed(tx: &Tx<'_>, bounce: &Bounce, now: Timestamp) -> Result<(), StoreError> {
    let secret = tx.notification_secret()?;
    let Some(ours) = recognise(bounce, &secret).filter(|ours| ours.failed) else { return Ok(()) };
    if tx.notification_refused(&secret.local_part(&ours.id), &ours.diagnostic, now)? {
        tracing::warn!(ticket = %ours.id.ticket, words = ours.diagnostic, "a notification came back");
    }
    Ok(())
}

fn set_aside(
    tx: &Tx<'_>,
    prepared: &Prepared,
    outcome: &Outcome,
    place: Place,
    received_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Verdict::Quarantined(reason) = outcome.verdict else { return Ok(()) };
    // What was not read is known by its place.
    let by_place = || Digest::of(format!("unread {place:?}").as_bytes());
    let (claimed, digest, kept) = match &prepared.0 {
        What::Candidate(candidate) => {
            (candidate.claimed(), candidate.digest, Kept::Report(candidate.packed.clone()))
        }
        What::Refused(refused) => {
            (refused.claimed.clone(), refused.digest.unwrap_or_else(by_place), refused.kept.clone())
        }
        What::Ignored(..) => (Claimed::default(), by_place(), Kept::Nothing),
    };
    let new = NewQuarantined {
        reason,
        detail: &outcome.detail,
        proven: outcome.proven,
        received_at,
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

#[cfg(test)]
mod tests;
