//! Reading a mailbox: every folder to its end, then waiting for more.
//!
//! Mails stream from the server through worker threads, which take them apart and check their signatures, into one transaction a
//! batch. Bytes in flight are bounded, whatever the size of the mailbox. A connection that breaks is the server's fault and
//! not the mails': their attempt is taken back.

use std::time::Duration;

use futures_util::stream::{FuturesOrdered, StreamExt as _};
use jiff::SignedDuration;

use super::{Receiver, SessionError, filing, usual_round};
use crate::intake::window::{Step, Window, plan};
use crate::intake::{self, Batch, Context, Mail, Prepared, prepare};
use crate::mailbox::{
    Envelope, Fetched, FolderView, Mailbox, MailboxError, MailboxSettings, Outlet, WINDOW, channel,
};
use crate::store::{Folder, StoreError};

/// Bytes of mail between server and store; one larger mail is let through alone.
const IN_FLIGHT: u32 = 16 * 1024 * 1024;
/// Mails one worker takes at a time.
const CHUNK: usize = 32;
/// Prepared bytes after which a batch is recorded though its window goes on.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Time between two looks for mails that fell behind the cursor, and between two clean-ups on the server.
const HOUSEKEEPING: SignedDuration = SignedDuration::from_hours(1);

/// One connection's life: rounds of reading with waits in between, until told to stop.
pub(super) async fn session(
    receiver: &Receiver,
    settings: &MailboxSettings,
    failures: &mut u32,
) -> Result<(), SessionError> {
    let mut mailbox = Mailbox::connect(settings, receiver.observe).await?;
    let folders = register(receiver, settings, mailbox.folders().to_vec()).await?;
    let mut housekept_at = None;
    while !receiver.is_stopping() {
        let now = receiver.now();
        let housekeeping = housekept_at.is_none_or(|at| now.duration_since(at).abs() >= HOUSEKEEPING);
        for folder in &folders {
            read_folder(receiver, settings, &mut mailbox, folder, housekeeping).await?;
        }
        if housekeeping {
            filing::purge(receiver, &mut mailbox).await?;
            housekept_at = Some(now);
        }
        if *failures > 0 {
            tracing::info!(mailbox = settings.name(), "the mailbox can be read again");
            *failures = 0;
        }
        receiver.round_completed(settings.name());
        let first = folders.first().map_or("INBOX", |folder| folder.name.as_str());
        mailbox.wait(first, settings.poll_interval(), receiver.stopping()).await?;
    }
    mailbox.close().await;
    Ok(())
}

/// The store's rows of this mailbox and its folders. Being connected ends any trouble.
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
            let folders = tx.put_mailbox(&name, &names)?;
            if let Some(folder) = folders.first() {
                tx.set_reachable(folder.mailbox, None)?;
            }
            Ok(folders)
        })
        .await
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

/// Reads one folder to the end it had when it was opened, and files what was read.
async fn read_folder(
    receiver: &Receiver,
    settings: &MailboxSettings,
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
    let reader = FolderReader { receiver, usual_round: usual_round(settings), folder: &folder, view };
    for step in plan(folder.last_uid, view.uidnext.saturating_sub(1), WINDOW, &open_windows) {
        if receiver.is_stopping() {
            return Ok(());
        }
        reader.step(mailbox, step).await?;
    }
    reader.conclude().await?;
    if housekeeping {
        reader.read_what_fell_behind(mailbox).await?;
    }
    filing::file(receiver, mailbox, &folder, view.uidvalidity).await
}

struct FolderReader<'a> {
    receiver: &'a Receiver,
    usual_round: SignedDuration,
    folder: &'a Folder,
    view: FolderView,
}

impl FolderReader<'_> {
    async fn step(&self, mailbox: &mut Mailbox, step: Step) -> Result<(), SessionError> {
        match step {
            Step::Poison(uid) => {
                let mail = Mail { uid, internal_date: None, prepared: Prepared::poison() };
                Ok(self.record(vec![mail], uid).await?)
            }
            Step::Fetch(window) => {
                let mails = mailbox.list(window.first, window.last).await?.mails;
                self.read_window(mailbox, window, &mails).await
            }
        }
    }

    /// R1, fetch, R2 for one window of UIDs.
    async fn read_window(
        &self,
        mailbox: &mut Mailbox,
        window: Window,
        mails: &[Envelope],
    ) -> Result<(), SessionError> {
        if mails.is_empty() {
            return Ok(self.record(vec![], window.last).await?);
        }
        let (id, now) = (self.folder.id, self.receiver.now());
        self.receiver.store.with(move |store| intake::begin_window(store, id, &window, now)).await?;
        let (inlet, outlet) = channel(IN_FLIGHT);
        let fetching = async {
            let fetched = mailbox.fetch(mails, &inlet).await;
            drop(inlet);
            fetched
        };
        let (fetched, recorded) = tokio::join!(fetching, self.take_in(outlet));
        match fetched {
            Ok(report) => {
                if !report.vanished.is_empty() {
                    let (folder, count) = (self.folder.name.as_str(), report.vanished.len());
                    tracing::warn!(
                        folder,
                        count,
                        "mails vanished before they could be read; does another program or receiver read this folder?"
                    );
                }
                // Whatever did not come does not exist: the cursor may pass the window.
                let rest = recorded?;
                Ok(self.record(rest, window.last).await?)
            }
            Err(error) => {
                recorded?;
                self.receiver.store.write(move |tx| tx.abandon_window(id, &window)).await?;
                Err(error.into())
            }
        }
    }

    /// Takes mails as they come, prepares them on worker threads in order, and records them in batches of bounded size. What is
    /// left at the end is given back, to be recorded with the cursor.
    async fn take_in(&self, mut outlet: Outlet) -> Result<Vec<Mail>, StoreError> {
        let mut workers = FuturesOrdered::new();
        let (mut chunk, mut ready, mut weight) = (Vec::with_capacity(CHUNK), Vec::new(), 0);
        loop {
            tokio::select! {
                biased;
                Some(prepared) = workers.next(), if !workers.is_empty() => {
                    for mail in ended(prepared) {
                        weight += mail.prepared.weight();
                        ready.push(mail);
                    }
                    if weight > BATCH_BYTES {
                        // The cursor stays before the window: if we die now, these are duplicates the next time.
                        self.record(std::mem::take(&mut ready), 0).await?;
                        weight = 0;
                    }
                }
                fetched = outlet.next() => match fetched {
                    Some(fetched) => {
                        chunk.push(fetched);
                        if chunk.len() >= CHUNK {
                            workers.push_back(prepare_on_a_worker(std::mem::take(&mut chunk)));
                        }
                    }
                    None => break,
                },
            }
        }
        workers.push_back(prepare_on_a_worker(chunk));
        while let Some(prepared) = workers.next().await {
            ready.extend(ended(prepared));
        }
        Ok(ready)
    }

    /// R2 for these mails.
    async fn record(&self, mails: Vec<Mail>, covers: u32) -> Result<(), StoreError> {
        let batch = Batch {
            folder: self.folder.id,
            mailbox: self.folder.mailbox,
            uidvalidity: self.view.uidvalidity,
            mails,
            covers,
            file: !self.receiver.observe,
        };
        let (rules, usual_round, now) = (self.receiver.rules(), self.usual_round, self.receiver.now());
        let recorded = self
            .receiver
            .store
            .with(move |store| {
                intake::record_batch(store, Context { rules: &rules, usual_round }, &batch, now)
            })
            .await?;
        for mail in &recorded {
            tracing::debug!(folder = self.folder.name, uid = mail.uid, verdict = %mail.verdict, detail = mail.detail, "mail");
        }
        Ok(())
    }

    /// The folder is read to the end it had: how far it was heard follows, also where nothing was new.
    async fn conclude(&self) -> Result<(), StoreError> {
        let (id, usual_round) = (self.folder.id, self.usual_round);
        self.receiver.store.write(move |tx| tx.conclude_drained(id, usual_round).map(drop)).await
    }

    /// Reads again what lies at or below the cursor and was never noted: the database was restored, or somebody moved it back.
    async fn read_what_fell_behind(&self, mailbox: &mut Mailbox) -> Result<(), SessionError> {
        let mut first = 1;
        while first <= self.folder.last_uid {
            let window = mailbox.list(first, self.folder.last_uid).await?;
            let mails: Vec<Envelope> = window.mails.into_iter().filter(|mail| !mail.done).collect();
            let uids: Vec<u32> = mails.iter().map(|mail| mail.uid).collect();
            let (id, uidvalidity) = (self.folder.id, self.view.uidvalidity);
            let again =
                self.receiver.store.write(move |tx| tx.unfiled_below_cursor(id, uidvalidity, &uids)).await?;
            let again: Vec<Envelope> = mails.into_iter().filter(|mail| again.contains(&mail.uid)).collect();
            if !again.is_empty() {
                tracing::info!(
                    folder = self.folder.name,
                    count = again.len(),
                    "reading mails that fell behind"
                );
                let (inlet, outlet) = channel(IN_FLIGHT);
                let fetching = async {
                    let fetched = mailbox.fetch(&again, &inlet).await;
                    drop(inlet);
                    fetched
                };
                let (fetched, recorded) = tokio::join!(fetching, self.take_in(outlet));
                self.record(recorded?, 0).await?;
                fetched?;
            }
            first = window.to.saturating_add(1);
        }
        Ok(())
    }
}

type Prepares = tokio::task::JoinHandle<Vec<Mail>>;

/// The costly half, on a thread of its own: taking apart, and checking signatures.
fn prepare_on_a_worker(fetched: Vec<Fetched>) -> Prepares {
    tokio::task::spawn_blocking(move || fetched.into_iter().map(prepare_one).collect())
}

fn prepare_one(fetched: Fetched) -> Mail {
    let prepared = match &fetched.raw {
        Some(raw) => prepare(raw),
        None => Prepared::too_large(fetched.size),
    };
    Mail { uid: fetched.uid, internal_date: Some(fetched.internal_date), prepared }
}

/// `prepare` catches panics; a worker that failed all the same has nothing to give, and its mails are read again.
fn ended(worker: Result<Vec<Mail>, tokio::task::JoinError>) -> Vec<Mail> {
    worker.unwrap_or_else(|error| {
        tracing::error!(%error, "a worker ended unexpectedly");
        vec![]
    })
}

/// The longest a loop of this program sleeps without looking at the clock.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_secs(1);
