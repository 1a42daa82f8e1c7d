//! Rounds of reading, as the receiver's loop has them: every folder of every mailbox to its end.

use jiff::Timestamp;
use mailbeat_receiver::filing::by_target;
use mailbeat_receiver::intake::window::{Step, Window, plan};
use mailbeat_receiver::intake::{self, Batch, Prepared, begin_window, prepare, record_batch};
use mailbeat_receiver::keyring::Keyring;
use mailbeat_receiver::store::{Folder, StoreError};

use super::{Crashed, HOUR, Judged, ROUND, Vendor, context};
use crate::mail::{FOLDERS, Mail, MailSystem};
use crate::model::Point;

/// Mails of one window: few, so that a round has several.
const WINDOW: u32 = 4;

/// A folder of the played mail system: mailbox and folder.
type At = (usize, usize);

impl Vendor {
    /// Reads every mailbox that can be read.
    pub(super) fn round(&mut self, mail: &mut MailSystem) -> Result<Result<(), Crashed>, StoreError> {
        let now = self.clock.now();
        self.read_at = Some(now);
        for m in 0..mail.mailboxes.len() {
            if mail.mailboxes[m].in_use
                && let Err(crashed) = self.read_mailbox(mail, m, now)?
            {
                return Ok(Err(crashed));
            }
        }
        Ok(Ok(()))
    }

    fn read_mailbox(
        &mut self,
        mail: &mut MailSystem,
        m: usize,
        now: Timestamp,
    ) -> Result<Result<(), Crashed>, StoreError> {
        let (name, reachable) = (mail.mailboxes[m].name, mail.mailboxes[m].reachable);
        let folders = self.store.write(|tx| {
            let folders = tx.put_mailbox(name, &FOLDERS)?;
            if !reachable {
                tx.set_reachable(folders[0].mailbox, Some((now, "connection refused")))?;
            }
            Ok::<_, StoreError>(folders)
        })?;
        self.connected[m] = reachable;
        if !reachable {
            return Ok(Ok(()));
        }
        let housekeeping = self.housekept_at[m].is_none_or(|at| now.duration_since(at).abs() >= HOUR);
        for (n, folder) in folders.iter().enumerate() {
            if let Err(crashed) = self.read_folder(mail, (m, n), folder.id, housekeeping)? {
                return Ok(Err(crashed));
            }
        }
        if housekeeping {
            self.housekept_at[m] = Some(now);
        }
        let row = folders[0].mailbox;
        self.store.write(|tx| tx.set_reachable(row, None))?;
        self.drained_at[m] = mail.now;
        Ok(Ok(()))
    }

    fn read_folder(
        &mut self,
        mail: &mut MailSystem,
        at: At,
        id: i64,
        housekeeping: bool,
    ) -> Result<Result<(), Crashed>, StoreError> {
        let asked_at = self.clock.now();
        let there = &mail.mailboxes[at.0].folders[at.1];
        let (uidvalidity, uidnext) = (there.uidvalidity, there.uidnext);
        self.seen[at.0][at.1] = uidnext;
        let (folder, open) = self.store.write(|tx| {
            tx.select_uidvalidity(id, uidvalidity)?;
            tx.note_uidnext(id, uidnext, asked_at)?;
            Ok::<_, StoreError>((tx.folder(id)?.expect("it is there"), tx.open_windows(id)?))
        })?;
        for step in plan(folder.last_uid, uidnext - 1, WINDOW, &open) {
            if let Err(crashed) = self.read_step(mail, at, &folder, uidvalidity, step)? {
                return Ok(Err(crashed));
            }
        }
        self.store.write(|tx| tx.conclude_drained(id, ROUND).map(drop))?;
        if housekeeping {
            self.read_what_fell_behind(mail, at, &folder, uidvalidity)?;
        }
        self.file(mail, at, id, uidvalidity)
    }

    fn read_step(
        &mut self,
        mail: &MailSystem,
        at: At,
        folder: &Folder,
        uidvalidity: u32,
        step: Step,
    ) -> Result<Result<(), Crashed>, StoreError> {
        let now = self.clock.now();
        let window = match step {
            Step::Poison(uid) => {
                let poison = intake::Mail { uid, internal_date: None, prepared: Prepared::poison() };
                let batch = Batch { mails: vec![poison], ..batch(folder, uidvalidity, uid) };
                record_batch(&mut self.store, context(&self.rules), &batch, now)?;
                return Ok(Ok(()));
            }
            Step::Fetch(window) => window,
        };
        let there: Vec<(u32, Mail)> = listed(mail, at, &window);
        if !there.is_empty() {
            begin_window(&mut self.store, folder.id, &window, now)?;
            if let Err(crashed) = self.dies_at(Point::BeforeRecord) {
                return Ok(Err(crashed));
            }
            self.record(folder, uidvalidity, there)?;
        }
        self.record_none(folder, uidvalidity, window.last)?;
        Ok(self.dies_at(Point::AfterRecord))
    }

    /// Records mails one by one, to see what each of them changes.
    fn record(
        &mut self,
        folder: &Folder,
        uidvalidity: u32,
        mails: Vec<(u32, Mail)>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        for (uid, mail) in mails {
            let expected = self.expect(&mail)?;
            let before = if mail.genuine.is_none() { self.state()? } else { vec![] };
            let read = intake::Mail {
                uid,
                internal_date: Some(mail.received_at),
                prepared: prepare(&mail.raw, Keyring::NONE),
            };
            let batch = Batch { mails: vec![read], ..batch(folder, uidvalidity, 0) };
            let recorded = record_batch(&mut self.store, context(&self.rules), &batch, now)?.remove(0);
            let changed = mail.genuine.is_none() && before != self.state()?;
            let (verdict, detail) = (recorded.verdict, recorded.detail);
            let (genuine, came_back) = (mail.genuine, mail.came_back);
            let by_wrong_clock = self.clock_is_wrong;
            self.judged.push(Judged {
                genuine,
                came_back,
                expected,
                verdict,
                detail,
                changed,
                by_wrong_clock,
            });
        }
        Ok(())
    }

    fn record_none(&mut self, folder: &Folder, uidvalidity: u32, covers: u32) -> Result<(), StoreError> {
        let (now, batch) = (self.clock.now(), batch(folder, uidvalidity, covers));
        record_batch(&mut self.store, context(&self.rules), &batch, now).map(drop)
    }

    fn read_what_fell_behind(
        &mut self,
        mail: &MailSystem,
        at: At,
        folder: &Folder,
        uidvalidity: u32,
    ) -> Result<(), StoreError> {
        let there = listed(mail, at, &Window { first: 1, last: folder.last_uid, attempts: 1 });
        let uids: Vec<u32> = there.iter().map(|(uid, _)| *uid).collect();
        let again = self.store.write(|tx| tx.unfiled_below_cursor(folder.id, uidvalidity, &uids))?;
        self.record(folder, uidvalidity, there.into_iter().filter(|(uid, _)| again.contains(uid)).collect())
    }

    fn file(
        &mut self,
        mail: &mut MailSystem,
        at: At,
        folder: i64,
        uidvalidity: u32,
    ) -> Result<Result<(), Crashed>, StoreError> {
        let now = self.clock.now();
        let due = self.store.read(|tx| tx.due_filings(folder, uidvalidity, 500))?;
        for (_, filings) in by_target(&due) {
            filings.iter().for_each(|filing| mail.file(at.0, at.1, filing.uid));
            if let Err(crashed) = self.dies_at(Point::AfterMove) {
                return Ok(Err(crashed));
            }
            let rows: Vec<i64> = filings.iter().map(|filing| filing.id).collect();
            self.store.write(|tx| tx.filing_done(&rows, now))?;
        }
        Ok(Ok(()))
    }
}

fn batch(folder: &Folder, uidvalidity: u32, covers: u32) -> Batch {
    Batch { folder: folder.id, mailbox: folder.mailbox, uidvalidity, mails: vec![], covers, file: true }
}

fn listed(mail: &MailSystem, at: At, window: &Window) -> Vec<(u32, Mail)> {
    if window.first > window.last {
        return vec![];
    }
    let range = mail.mailboxes[at.0].folders[at.1].mails.range(window.first..=window.last);
    range.map(|(uid, mail)| (*uid, mail.clone())).collect()
}
