//! Intake: a mail becomes a recorded report, or a named reason why not.
//!
//! Two halves. [`prepare()`] is pure and costly and runs on worker threads. [`record_batch`] is one transaction (R2): many mails of
//! one folder in mailbox order, in savepoints that keep a failure to its mail, judged on the state read inside, with filing rows and
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
mod settle;
mod trust;
pub mod verdict;
pub mod window;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::crash;

use self::life::Receipt;
pub use self::prepare::{Prepared, prepare, prepare_signed};
pub use self::reprocess::{
    ApproveError, Approved, Rest, Source, approve, reprocess, reprocess_waiting, take_up,
};
pub use self::settle::known_by_place;
use self::settle::{Arrival, record_mails};
pub use self::verdict::{IgnoreReason, QuarantineReason, Verdict};
use self::window::Window;
use crate::evaluate::rules::Rules;
use crate::filing::NewFiling;
use crate::keyring::Keyring;
use crate::store::{Place, Store, StoreError, Tx};

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
        let arrived = |mail: &Mail| Arrival {
            place: Place {
                mailbox: Some(batch.mailbox),
                folder: Some(batch.folder),
                uidvalidity: batch.uidvalidity,
                uid: mail.uid,
            },
            receipt: Receipt::of(mail.internal_date, now),
            now,
            by_itself: true,
        };
        let mails: Vec<_> = batch.mails.iter().map(|mail| (&mail.prepared, arrived(mail))).collect();
        let recorded = record_mails(tx, context, &mails)?;
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        for mail in &recorded {
            *counts.entry(mail.verdict.as_str()).or_default() += 1;
            if batch.file {
                let (folder, uidvalidity, target) = (batch.folder, batch.uidvalidity, mail.verdict.target());
                tx.put_filing(&NewFiling { folder, uidvalidity, uid: mail.uid, target }, now)?;
            }
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

#[cfg(test)]
mod tests;
