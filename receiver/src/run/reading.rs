//! Reading a mailbox: every folder to its end, then waiting for more.
//!
//! `pipeline` reads a backlog, `folder` has its steps. A connection that breaks is the server's fault and not the mails'.

mod asking;
mod folder;
mod pipeline;
mod preparing;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::SignedDuration;

pub(super) use self::asking::Asking;
use self::folder::{FolderReader, STRETCH};
use super::{Receiver, SessionError, filing, usual_round};
use crate::intake::window::plan;
use crate::mailbox::{Mailbox, MailboxError, MailboxSettings};
use crate::store::{Folder, StoreError};

/// Time between two looks for folders that were missing and for mails that fell behind the cursor, and between two clean-ups on the
/// server.
const HOUSEKEEPING: SignedDuration = SignedDuration::from_hours(1);

/// One connection's life: rounds of reading with waits in between, until told to stop. `came_further` becomes true once mails were
/// recorded that nobody need read again.
pub(super) async fn session(
    receiver: &Receiver,
    settings: &MailboxSettings,
    failures: &mut u32,
    came_further: &AtomicBool,
    asking: &mut Asking,
) -> Result<(), SessionError> {
    let mut mailbox = Mailbox::connect(settings, receiver.observe).await?;
    let mut folders = register(receiver, settings, mailbox.folders().to_vec()).await?;
    let (mut housekept_at, mut is_trouble_over) = (None, false);
    while !receiver.is_stopping() {
        let now = receiver.now();
        let housekeeping = housekept_at.is_none_or(|at| now.duration_since(at).abs() >= HOUSEKEEPING);
        if housekeeping && housekept_at.is_some() {
            look_for_folders(receiver, settings, &mut mailbox, &mut folders).await?;
        }
        for folder in &folders {
            let way = Way { receiver, settings, came_further };
            read_folder(way, &mut mailbox, folder, housekeeping).await?;
        }
        if housekeeping {
            filing::purge(receiver, &mut mailbox, folders.first().map(|folder| folder.mailbox)).await?;
            housekept_at = Some(now);
        }
        if *failures > 0 {
            tracing::info!(mailbox = settings.name(), "the mailbox can be read again");
            *failures = 0;
        }
        receiver.round_completed(settings.name());
        if let Some(folder) = folders.first() {
            if !is_trouble_over {
                // A login alone is no end of it: there are mailboxes that can be entered and not be read.
                end_trouble(receiver, folder.mailbox).await?;
                is_trouble_over = true;
            }
            asking.ask(receiver, &mut mailbox, folder.mailbox).await?;
        }
        let first = folders.first().map_or("INBOX", |folder| folder.name.as_str());
        mailbox.wait(first, settings.poll_interval(), receiver.stopping()).await?;
    }
    mailbox.close().await;
    Ok(())
}

/// Registers again where a folder has come to be: many servers make Junk with the first junk mail.
async fn look_for_folders(
    receiver: &Receiver,
    settings: &MailboxSettings,
    mailbox: &mut Mailbox,
    folders: &mut Vec<Folder>,
) -> Result<(), SessionError> {
    match mailbox.look_for_folders().await {
        Ok(true) => *folders = register(receiver, settings, mailbox.folders().to_vec()).await?,
        Ok(false) => {}
        Err(error) if error.kind.ends_session() => return Err(error.into()),
        Err(error) => tracing::warn!(mailbox = settings.name(), %error, "folders were not looked for"),
    }
    Ok(())
}

/// The store's rows of this mailbox and its folders.
async fn register(
    receiver: &Receiver,
    settings: &MailboxSettings,
    names: Vec<String>,
) -> Result<Vec<Folder>, StoreError> {
    let name = settings.name().to_owned();
    receiver
        .store
        .write(move |tx| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            tx.put_mailbox(&name, &names)
        })
        .await
}

/// Notes that the mailbox was read to its end.
async fn end_trouble(receiver: &Receiver, mailbox: i64) -> Result<(), StoreError> {
    receiver.store.write(move |tx| tx.set_reachable(mailbox, None)).await
}

/// Notes since when the mailbox cannot be read; the receiver's own rules make a ticket of it.
pub(super) async fn note_trouble(
    receiver: &Receiver,
    settings: &MailboxSettings,
    error: &MailboxError,
) -> Result<(), StoreError> {
    let (name, words, now) =
        (settings.name().to_owned(), format!("{error}; {}", error.advice()), receiver.now());
    receiver
        .store
        .write(move |tx| {
            let mailbox = match tx.mailboxes()?.into_iter().find(|mailbox| mailbox.name == name) {
                Some(mailbox) => mailbox.id,
                None => match tx.put_mailbox(&name, &["INBOX"])?.first() {
                    Some(folder) => folder.mailbox,
                    None => return Ok(()),
                },
            };
            tx.set_reachable(mailbox, Some((now, &words)))
        })
        .await
}

/// What every folder of a session is read with.
#[derive(Clone, Copy)]
struct Way<'a> {
    receiver: &'a Receiver,
    settings: &'a MailboxSettings,
    came_further: &'a AtomicBool,
}

/// Reads one folder to the end it had when it was opened, and files what was read.
async fn read_folder(
    Way { receiver, settings, came_further }: Way<'_>,
    mailbox: &mut Mailbox,
    folder: &Folder,
    housekeeping: bool,
) -> Result<(), SessionError> {
    let view = mailbox.open(&folder.name, receiver.now()).await?;
    let (id, seen) = (folder.id, view);
    let (folder, open_windows) = receiver
        .store
        .write(move |tx| {
            tx.select_uidvalidity(id, seen.uidvalidity)?;
            tx.note_uidnext(id, seen.uidnext, seen.asked_at)?;
            let folder = tx.folder(id)?.ok_or(StoreError::Ended)?;
            Ok::<_, StoreError>((folder, tx.open_windows(id)?))
        })
        .await?;
    let reader =
        FolderReader { receiver, usual_round: usual_round(settings), folder: &folder, view, came_further };
    let cursor = match folder.last_uid {
        0 => below_the_first(mailbox.lowest().await?, view.uidnext),
        read => read,
    };
    let steps = plan(cursor, view.uidnext.saturating_sub(1), STRETCH, &open_windows);
    if open_windows.is_empty() {
        reader.read(mailbox, steps).await?;
    } else {
        reader.read_with_care(mailbox, steps).await?;
    }
    if receiver.is_stopping() {
        return Ok(());
    }
    reader.conclude().await?;
    // Who observes moves nothing and notes no moves: all of it would seem to have fallen behind.
    if housekeeping && !receiver.observe {
        reader.read_what_fell_behind(mailbox).await?;
    }
    filing::file(receiver, mailbox, &folder, view.uidvalidity).await
}

/// Where reading a folder for the first time begins: UIDs may begin with a billion. At least one step is left, so that the cursor comes
/// to stand at the end.
fn below_the_first(lowest: Option<u32>, uidnext: u32) -> u32 {
    let last = uidnext.saturating_sub(1);
    lowest.unwrap_or(last).min(last).saturating_sub(1)
}

/// The longest a loop of this program sleeps without looking at the clock.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
