//! The steps of reading one folder: a window is begun, fetched and prepared, and recorded in one transaction.
//!
//! Worker threads take the mails apart and check their signatures. Bytes in flight are bounded, whatever the size of the mailbox.
//! Where a connection breaks, the attempt to read is taken back; where an answer cannot be read, it counts: a mail in it may be to blame.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{FuturesOrdered, StreamExt as _};
use jiff::SignedDuration;

use super::super::{Receiver, SessionError};
use super::preparing::{CHUNK, ended, prepare_on_a_worker, workers_at_once};
use crate::filing::{NewFiling, Target};
use crate::intake::window::{Step, Window};
use crate::intake::{self, Batch, Context, Mail, Prepared, QuarantineReason, Recorded, Verdict};
use crate::mailbox::{Envelope, FetchReport, FolderView, Mailbox, MailboxError, Outlet, channel};
use crate::store::{Folder, Place, StoreError, Tx};

/// Bytes of mail between server and store; one larger mail is let through alone.
pub(super) const IN_FLIGHT: u32 = 16 * 1024 * 1024;
/// UIDs of one window, and so the most reports of one transaction. Three are begun at a time: fetched, prepared, recorded.
pub(super) const STRETCH: u32 = 500;
/// Prepared bytes after which a batch is recorded though its window goes on.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Reads one folder as it was seen when it was opened.
pub(super) struct FolderReader<'a> {
    pub(super) receiver: &'a Receiver,
    pub(super) usual_round: SignedDuration,
    pub(super) folder: &'a Folder,
    pub(super) view: FolderView,
    /// Set once mails were recorded and the cursor stands behind them.
    pub(super) came_further: &'a AtomicBool,
}

/// A step whose attempt is counted.
pub(super) enum Begun {
    /// Nothing is to be fetched.
    Here(Ready),
    /// To be fetched, with what lies there.
    Window(Window, Vec<Envelope>),
}

/// Mails prepared and not yet recorded, and the UID up to which they leave no gap; 0 leaves the cursor.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) mails: Vec<Mail>,
    pub(super) covers: u32,
}

impl FolderReader<'_> {
    /// One after the other: of several in the making a crash would not say which was to blame.
    pub(super) async fn read_with_care(
        &self,
        mailbox: &mut Mailbox,
        steps: Vec<Step>,
    ) -> Result<(), SessionError> {
        for step in steps {
            let Some(begun) = self.begin(mailbox, step).await? else { return Ok(()) };
            let ready = self.fetch(mailbox, begun).await?;
            self.record(ready).await?;
        }
        Ok(())
    }

    /// Lists a window and counts the attempt to read it (R1). None: it is time to stop.
    pub(super) async fn begin(
        &self,
        mailbox: &mut Mailbox,
        step: Step,
    ) -> Result<Option<Begun>, SessionError> {
        if self.receiver.is_stopping() {
            return Ok(None);
        }
        let window = match step {
            Step::Poison(uid) => {
                let mail = Mail { uid, internal_date: None, prepared: Prepared::poison() };
                return Ok(Some(Begun::Here(Ready { mails: vec![mail], covers: uid })));
            }
            Step::Fetch(window) => window,
        };
        let mails = mailbox.list(window.first, window.last).await?.mails;
        if mails.is_empty() {
            return Ok(Some(Begun::Here(Ready { mails: vec![], covers: window.last })));
        }
        let (id, now) = (self.folder.id, self.receiver.now());
        self.receiver.store.with(move |store| intake::begin_window(store, id, &window, now)).await?;
        Ok(Some(Begun::Window(window, mails)))
    }

    /// Fetches and prepares what was begun.
    async fn fetch(&self, mailbox: &mut Mailbox, begun: Begun) -> Result<Ready, SessionError> {
        let (window, mails) = match begun {
            Begun::Here(ready) => return Ok(ready),
            Begun::Window(window, mails) => (window, mails),
        };
        let (fetched, prepared) = self.stream(mailbox, &mails).await;
        let mails = prepared?;
        match fetched {
            Ok(report) => {
                self.warn_of_vanished(&report);
                // Whatever did not come does not exist: the cursor may pass the window.
                Ok(Ready { mails, covers: window.last })
            }
            Err(error) => {
                if !error.kind.may_be_a_mails_fault() {
                    self.abandon(window).await?;
                }
                Err(error.into())
            }
        }
    }

    pub(super) fn warn_of_vanished(&self, report: &FetchReport) {
        if !report.vanished.is_empty() {
            let (folder, count) = (self.folder.name.as_str(), report.vanished.len());
            tracing::warn!(
                folder,
                count,
                "mails vanished before they could be read; does another program or receiver read this folder?"
            );
        }
    }

    /// The connection broke: the mails are not to blame.
    pub(super) async fn abandon(&self, window: Window) -> Result<(), StoreError> {
        let id = self.folder.id;
        self.receiver.store.write(move |tx| tx.abandon_window(id, &window)).await
    }

    /// Fetches mails and prepares them meanwhile.
    async fn stream(
        &self,
        mailbox: &mut Mailbox,
        mails: &[Envelope],
    ) -> (Result<FetchReport, MailboxError>, Result<Vec<Mail>, StoreError>) {
        let (inlet, outlet) = channel(IN_FLIGHT);
        let fetching = async {
            let fetched = mailbox.fetch(mails, &inlet).await;
            drop(inlet);
            fetched
        };
        tokio::join!(fetching, self.take_in(outlet))
    }

    /// Takes mails as they come, prepares them on worker threads in order, and records them in batches of bounded size. What is
    /// left at the end is given back, to be recorded with the cursor.
    pub(super) async fn take_in(&self, mut outlet: Outlet) -> Result<Vec<Mail>, StoreError> {
        let (mut workers, at_once) = (FuturesOrdered::new(), workers_at_once());
        let crowded = outlet.crowded();
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
                        self.record(Ready { mails: std::mem::take(&mut ready), covers: 0 }).await?;
                        weight = 0;
                    }
                }
                fetched = outlet.next(), if workers.len() < at_once => match fetched {
                    Some(fetched) => {
                        chunk.push(fetched);
                        if chunk.len() >= CHUNK {
                            workers.push_back(prepare_on_a_worker(std::mem::take(&mut chunk), self.receiver.keyring()));
                        }
                    }
                    None => break,
                },
                // The next mail waits for what these take up.
                () = crowded.notified(), if !chunk.is_empty() && workers.len() < at_once => {
                    workers.push_back(prepare_on_a_worker(std::mem::take(&mut chunk), self.receiver.keyring()));
                }
            }
        }
        workers.push_back(prepare_on_a_worker(chunk, self.receiver.keyring()));
        while let Some(prepared) = workers.next().await {
            ready.extend(ended(prepared));
        }
        Ok(ready)
    }

    /// R2 for these mails.
    pub(super) async fn record(&self, ready: Ready) -> Result<(), StoreError> {
        let Ready { mails, covers } = ready;
        if mails.is_empty() && covers == 0 {
            return Ok(());
        }
        let batch = Batch {
            folder: self.folder.id,
            mailbox: self.folder.mailbox,
            uidvalidity: self.view.uidvalidity,
            mails,
            covers,
            file: !self.receiver.observe,
        };
        let (rules, keyring) = (self.receiver.rules(), self.receiver.keyring());
        let (usual_round, now) = (self.usual_round, self.receiver.now());
        let recorded = self
            .receiver
            .store
            .with(move |store| {
                let context = Context { rules: &rules, keyring: &keyring, usual_round };
                intake::record_batch(store, context, &batch, now)
            })
            .await?;
        // A mail set aside unread is no sign that the others can be read.
        let was_read = |mail: &Recorded| mail.verdict != Verdict::Quarantined(QuarantineReason::Poison);
        if covers > 0 && recorded.iter().any(was_read) {
            self.came_further.store(true, Ordering::Relaxed);
        }
        for mail in &recorded {
            tracing::debug!(folder = self.folder.name, uid = mail.uid, verdict = %mail.verdict, detail = mail.detail, "mail");
        }
        Ok(())
    }

    /// The folder is read to the end it had: how far it was heard follows, also where nothing was new.
    pub(super) async fn conclude(&self) -> Result<(), StoreError> {
        let (id, usual_round) = (self.folder.id, self.usual_round);
        self.receiver.store.write(move |tx| tx.conclude_drained(id, usual_round).map(drop)).await
    }

    /// Which of these are to be read again. Those that were set aside unread, while we only observed, would do the same harm as then:
    /// they are moved where such mails belong.
    async fn fell_behind(&self, uids: Vec<u32>) -> Result<Vec<u32>, StoreError> {
        let (folder, mailbox) = (self.folder.id, self.folder.mailbox);
        let (uidvalidity, now) = (self.view.uidvalidity, self.receiver.now());
        let decide = move |tx: &Tx<'_>| {
            let mut again = Vec::new();
            for uid in tx.unfiled_below_cursor(folder, uidvalidity, &uids)? {
                let place = Place { mailbox: Some(mailbox), folder: Some(folder), uidvalidity, uid };
                if tx.is_set_aside(intake::known_by_place(&place))? {
                    let target = Target::Quarantine;
                    tx.put_filing(&NewFiling { folder, uidvalidity, uid, target }, now)?;
                } else {
                    again.push(uid);
                }
            }
            Ok(again)
        };
        self.receiver.store.write(decide).await
    }

    /// Reads again what lies at or below the cursor and was never noted: the database was restored, or somebody moved it back.
    pub(super) async fn read_what_fell_behind(&self, mailbox: &mut Mailbox) -> Result<(), SessionError> {
        let mut first = 1;
        while first <= self.folder.last_uid {
            let window = mailbox.list(first, self.folder.last_uid).await?;
            let mails: Vec<Envelope> = window.mails.into_iter().filter(|mail| !mail.done).collect();
            let uids: Vec<u32> = mails.iter().map(|mail| mail.uid).collect();
            let again = self.fell_behind(uids).await?;
            let again: Vec<Envelope> = mails.into_iter().filter(|mail| again.contains(&mail.uid)).collect();
            if !again.is_empty() {
                tracing::info!(
                    folder = self.folder.name,
                    count = again.len(),
                    "reading mails that fell behind"
                );
                let (fetched, prepared) = self.stream(mailbox, &again).await;
                self.record(Ready { mails: prepared?, covers: 0 }).await?;
                match fetched {
                    Err(error) if !error.kind.ends_session() => {
                        tracing::warn!(folder = self.folder.name, %error, "they are asked for again later");
                    }
                    fetched => drop(fetched?),
                }
            }
            first = window.to.saturating_add(1);
        }
        Ok(())
    }
}
