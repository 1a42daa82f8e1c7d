//! Filing on the server (R3): what was decided in the store is carried out, and cleaned up when it is old.

use jiff::SignedDuration;
use mailbeat_shared::crash;

use super::{Receiver, SessionError};
use crate::filing::{Filing as Due, Target, by_target};
use crate::mailbox::{Filing, Mailbox};
use crate::store::{Folder, StoreError};

/// Mails moved with one command. A server looks through the whole folder for each, so few large ones cost it least.
pub(super) const AT_ONCE: u32 = 2_000;

/// Moves what was recorded out of the folder.
pub(super) async fn file(
    receiver: &Receiver,
    mailbox: &mut Mailbox,
    folder: &Folder,
    uidvalidity: u32,
) -> Result<(), SessionError> {
    while !receiver.is_stopping() && file_next(receiver, mailbox, folder, uidvalidity).await? {}
    Ok(())
}

/// Moves the next mails, what was recorded first. False: there is nothing more to be moved.
pub(super) async fn file_next(
    receiver: &Receiver,
    mailbox: &mut Mailbox,
    folder: &Folder,
    uidvalidity: u32,
) -> Result<bool, SessionError> {
    if receiver.observe {
        return Ok(false);
    }
    let id = folder.id;
    let due =
        receiver.store.write::<_, StoreError>(move |tx| tx.due_filings(id, uidvalidity, AT_ONCE)).await?;
    // Rows of another UIDVALIDITY name mails of a folder that is no more; the next round starts from 1.
    Ok(!due.is_empty()
        && carry_out(receiver, mailbox, folder, uidvalidity, &due).await? != Filing::OtherFolder)
}

/// Moves these and marks them as moved.
async fn carry_out(
    receiver: &Receiver,
    mailbox: &mut Mailbox,
    folder: &Folder,
    uidvalidity: u32,
    due: &[Due],
) -> Result<Filing, SessionError> {
    let mut done = Filing::Moved;
    for (target, filings) in by_target(due) {
        let uids: Vec<u32> = filings.iter().map(|filing| filing.uid).collect();
        crash::point("R3.before");
        done = mailbox.file(&folder.name, uidvalidity, &uids, target).await?;
        crash::point("R3.after");
        if done == Filing::OtherFolder {
            break;
        }
        let (rows, now) = (filings.iter().map(|filing| filing.id).collect::<Vec<i64>>(), receiver.now());
        receiver.store.write(move |tx| tx.filing_done(&rows, now)).await?;
    }
    Ok(done)
}

/// Removes from our own folders what has been kept long enough. What is expunged is gone for good, so a clock that leapt of late removes
/// nothing, and one that mails tell to be ahead of the server's as much less. Of a clock that was wrong from the start nothing is known
/// before the first mail.
pub(super) async fn purge(
    receiver: &Receiver,
    mailbox: &mut Mailbox,
    row: Option<i64>,
) -> Result<(), SessionError> {
    let Some(now) = receiver.believed_now().filter(|_| !receiver.observe) else { return Ok(()) };
    let known =
        receiver.store.write::<_, StoreError>(move |tx| row.map(|row| tx.mailbox(row)).transpose()).await?;
    let ahead = known.flatten().map_or(SignedDuration::ZERO, |mailbox| mailbox.ahead);
    let retention = receiver.config.retention;
    for (target, days) in [
        (Target::Processed, retention.processed_mail_days),
        (Target::Quarantine, retention.quarantined_mail_days),
    ] {
        if days == 0 {
            continue;
        }
        let kept = SignedDuration::from_hours(24 * i64::from(days)).saturating_add(ahead);
        if let Ok(before) = now.saturating_sub(kept) {
            match mailbox.purge(target, before).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(?target, removed, "old mails removed from the server"),
                Err(error) if error.kind.ends_session() => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(?target, %error, "old mails stay on the server until the next look")
                }
            }
        }
    }
    Ok(())
}
