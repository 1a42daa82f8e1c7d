//! The vendor's receiver: the real store, intake, evaluation and outbox, driven round by round as its loops drive them. Only the
//! connections are played: the mailbox is a value, and notifications go into a list.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::config::Retention;
use mailbeat_receiver::evaluate::rules::Rules;
use mailbeat_receiver::filing::by_target;
use mailbeat_receiver::intake::window::{Step, Window, plan};
use mailbeat_receiver::intake::{
    self, Batch, Context, Prepared, Source, Verdict, begin_window, prepare, record_batch, reprocess,
};
use mailbeat_receiver::run::clockwork;
use mailbeat_receiver::run::outbox::{self, consider};
use mailbeat_receiver::store::{EnrollmentMode, Folder, Store, StoreError, Tx};
use mailbeat_receiver::ticket::{TicketNumber, What};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::wire::contract::SealedContract;
use tempfile::TempDir;

use crate::host::scratch;
use crate::mail::{FOLDERS, Mail, MailSystem};
use crate::model::Point;

/// Mails of one window: few, so that a round has several.
const WINDOW: u32 = 4;
/// Time between two rounds when all is well.
const ROUND: SignedDuration = SignedDuration::from_mins(15);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The process died; it is started again in the next minute.
pub(crate) struct Crashed;

/// What the fake sender sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) ticket: TicketNumber,
    pub(crate) contact: i64,
    pub(crate) what: What,
}

/// What came of one mail in one reading.
pub(crate) struct Judged {
    pub(crate) genuine: Option<usize>,
    pub(crate) verdict: Verdict,
    pub(crate) detail: String,
    /// The state of the customers changed with it.
    pub(crate) changed: bool,
    /// The receiver's own clock was wrong when it was read.
    pub(crate) by_wrong_clock: bool,
}

/// The receiver.
pub(crate) struct Vendor {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) on: bool,
    pub(crate) crash_at: Option<Point>,
    pub(crate) clock_is_wrong: bool,
    /// True time up to which every mail was read, by the last round that came to its end.
    pub(crate) drained_at: Timestamp,
    pub(crate) told: Vec<Told>,
    pub(crate) judged: Vec<Judged>,
    dir: TempDir,
    backup: Option<(TempDir, Vec<Told>, Timestamp)>,
    connected: bool,
    /// UIDNEXT of each folder in the last round.
    seen: [u32; 2],
    read_at: Option<Timestamp>,
    housekept_at: Option<Timestamp>,
    cleaned_at: Option<Timestamp>,
}

impl Vendor {
    pub(crate) fn new(contracts: &[SealedContract], now: Timestamp) -> Self {
        let dir = scratch();
        let mut store = Store::open(&dir.path().join("receiver.db"), now).expect("a new database");
        store
            .write(|tx| {
                tx.add_contact(None, "Olivia Operator", "operator@vendor.example")?;
                for sealed in contracts {
                    tx.put_contract(sealed, EnrollmentMode::Auto, now).expect("a new contract");
                }
                Ok::<_, StoreError>(())
            })
            .expect("a new database");
        Self {
            store,
            clock: Clock::manual(now),
            rules: Rules::built_in(),
            on: true,
            crash_at: None,
            clock_is_wrong: false,
            drained_at: now,
            told: vec![],
            judged: vec![],
            dir,
            backup: None,
            connected: false,
            seen: [1; 2],
            read_at: None,
            housekept_at: None,
            cleaned_at: None,
        }
    }

    /// The database file.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("receiver.db")
    }

    /// One look at everything, as the loops have it each second; whether there was anything to look at. Where no mail came,
    /// four times an hour is often enough.
    pub(crate) fn step(&mut self, mail: &mut MailSystem) -> Result<bool, StoreError> {
        if !self.on {
            return Ok(false);
        }
        let arrived = self.has_new(mail);
        let now = self.clock.now();
        let due = self.read_at.is_none_or(|at| now.duration_since(at).abs() >= ROUND);
        if !arrived && !due {
            return Ok(false);
        }
        if self.round(mail)?.is_err() {
            self.restart();
            return Ok(true);
        }
        let now = self.clock.now();
        clockwork::look(&mut self.store, &self.rules, now)?;
        if self.cleaned_at.is_none_or(|at| now.duration_since(at).abs() >= HOUR) {
            self.cleaned_at = Some(now);
            clockwork::clean_up(&mut self.store, Retention::default(), now)?;
        }
        if self.notify(now)?.is_err() {
            self.restart();
        }
        Ok(true)
    }

    /// What IDLE tells.
    fn has_new(&self, mail: &MailSystem) -> bool {
        let grown = |(folder, seen): (&crate::mail::Folder, &u32)| folder.uidnext > *seen;
        self.connected && mail.reachable && mail.folders.iter().zip(&self.seen).any(grown)
    }

    /// Nothing in memory is truth: the process is gone, and a new one opens the database.
    pub(crate) fn restart(&mut self) {
        self.store = Store::open(&self.path(), self.clock.now()).expect("the database opens again");
        (self.connected, self.read_at, self.housekept_at, self.cleaned_at) = (false, None, None, None);
    }

    pub(crate) fn back_up(&mut self) {
        let dir = scratch();
        self.store.backup(&dir.path().join("receiver.db")).expect("a backup can be made");
        self.backup = Some((dir, self.told.clone(), self.drained_at));
    }

    /// The database is lost; the backup takes its place, and an operator imports what was filed since. Whether there was one.
    pub(crate) fn restore(&mut self, mail: &MailSystem) -> Result<bool, StoreError> {
        let Some((backup, told, drained_at)) = &self.backup else { return Ok(false) };
        let fresh = scratch();
        std::fs::copy(backup.path().join("receiver.db"), fresh.path().join("receiver.db")).expect("a copy");
        (self.told, self.drained_at) = (told.clone(), *drained_at);
        self.dir = fresh;
        self.restart();
        self.import(&mail.filed)?;
        Ok(true)
    }

    /// `import`: the mails in the folders they were filed in, once more.
    pub(crate) fn import(&mut self, mails: &[Mail]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let context = Context { rules: &self.rules, usual_round: ROUND };
        for mail in mails {
            let source = Source::Mail { raw: &mail.raw, received_at: mail.received_at };
            self.store.write(|tx| reprocess(tx, context, source, now).map(drop))?;
        }
        Ok(())
    }

    fn dies_at(&mut self, point: Point) -> Result<(), Crashed> {
        if self.crash_at == Some(point) {
            self.crash_at = None;
            return Err(Crashed);
        }
        Ok(())
    }

    /// Reads every folder to its end.
    fn round(&mut self, mail: &mut MailSystem) -> Result<Result<(), Crashed>, StoreError> {
        let now = self.clock.now();
        self.read_at = Some(now);
        if !mail.reachable {
            self.connected = false;
            self.store.write(|tx| {
                let folders = tx.put_mailbox("reports", &FOLDERS)?;
                tx.set_reachable(folders[0].mailbox, Some((now, "connection refused")))
            })?;
            return Ok(Ok(()));
        }
        let folders = self.store.write(|tx| {
            let folders = tx.put_mailbox("reports", &FOLDERS)?;
            tx.set_reachable(folders[0].mailbox, None)?;
            Ok::<_, StoreError>(folders)
        })?;
        self.connected = true;
        let housekeeping = self.housekept_at.is_none_or(|at| now.duration_since(at).abs() >= HOUR);
        for (n, folder) in folders.iter().enumerate() {
            if let Err(crashed) = self.read_folder(mail, n, folder.id, housekeeping)? {
                return Ok(Err(crashed));
            }
        }
        if housekeeping {
            self.housekept_at = Some(now);
        }
        self.drained_at = mail.now;
        Ok(Ok(()))
    }

    fn read_folder(
        &mut self,
        mail: &mut MailSystem,
        n: usize,
        id: i64,
        housekeeping: bool,
    ) -> Result<Result<(), Crashed>, StoreError> {
        let asked_at = self.clock.now();
        let (uidvalidity, uidnext) = (mail.folders[n].uidvalidity, mail.folders[n].uidnext);
        self.seen[n] = uidnext;
        let (folder, open) = self.store.write(|tx| {
            tx.select_uidvalidity(id, uidvalidity)?;
            tx.note_uidnext(id, uidnext, asked_at)?;
            Ok::<_, StoreError>((tx.folder(id)?.expect("it is there"), tx.open_windows(id)?))
        })?;
        for step in plan(folder.last_uid, uidnext - 1, WINDOW, &open) {
            if let Err(crashed) = self.read_step(mail, n, &folder, uidvalidity, step)? {
                return Ok(Err(crashed));
            }
        }
        self.store.write(|tx| tx.conclude_drained(id, ROUND).map(drop))?;
        if housekeeping {
            self.read_what_fell_behind(mail, n, &folder, uidvalidity)?;
        }
        self.file(mail, n, id, uidvalidity)
    }

    fn read_step(
        &mut self,
        mail: &MailSystem,
        n: usize,
        folder: &Folder,
        uidvalidity: u32,
        step: Step,
    ) -> Result<Result<(), Crashed>, StoreError> {
        let now = self.clock.now();
        let window = match step {
            Step::Poison(uid) => {
                let poison = intake::Mail { uid, internal_date: None, prepared: Prepared::poison() };
                let batch = Batch { mails: vec![poison], ..batch(folder, uidvalidity, uid) };
                record_batch(
                    &mut self.store,
                    Context { rules: &self.rules, usual_round: ROUND },
                    &batch,
                    now,
                )?;
                return Ok(Ok(()));
            }
            Step::Fetch(window) => window,
        };
        let there: Vec<(u32, Mail)> = listed(mail, n, &window);
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
            let before = if mail.genuine.is_none() { self.state()? } else { vec![] };
            let read =
                intake::Mail { uid, internal_date: Some(mail.received_at), prepared: prepare(&mail.raw) };
            let batch = Batch { mails: vec![read], ..batch(folder, uidvalidity, 0) };
            let context = Context { rules: &self.rules, usual_round: ROUND };
            let recorded = record_batch(&mut self.store, context, &batch, now)?.remove(0);
            let changed = mail.genuine.is_none() && before != self.state()?;
            let (verdict, detail) = (recorded.verdict, recorded.detail);
            let by_wrong_clock = self.clock_is_wrong;
            self.judged.push(Judged { genuine: mail.genuine, verdict, detail, changed, by_wrong_clock });
        }
        Ok(())
    }

    fn record_none(&mut self, folder: &Folder, uidvalidity: u32, covers: u32) -> Result<(), StoreError> {
        let context = Context { rules: &self.rules, usual_round: ROUND };
        let now = self.clock.now();
        record_batch(&mut self.store, context, &batch(folder, uidvalidity, covers), now).map(drop)
    }

    fn read_what_fell_behind(
        &mut self,
        mail: &MailSystem,
        n: usize,
        folder: &Folder,
        uidvalidity: u32,
    ) -> Result<(), StoreError> {
        let there = listed(mail, n, &Window { first: 1, last: folder.last_uid, attempts: 1 });
        let uids: Vec<u32> = there.iter().map(|(uid, _)| *uid).collect();
        let again = self.store.write(|tx| tx.unfiled_below_cursor(folder.id, uidvalidity, &uids))?;
        self.record(folder, uidvalidity, there.into_iter().filter(|(uid, _)| again.contains(uid)).collect())
    }

    fn file(
        &mut self,
        mail: &mut MailSystem,
        n: usize,
        folder: i64,
        uidvalidity: u32,
    ) -> Result<Result<(), Crashed>, StoreError> {
        let now = self.clock.now();
        let due = self.store.read(|tx| tx.due_filings(folder, uidvalidity, 500))?;
        for (_, filings) in by_target(&due) {
            filings.iter().for_each(|filing| mail.file(n, filing.uid));
            if let Err(crashed) = self.dies_at(Point::AfterMove) {
                return Ok(Err(crashed));
            }
            let rows: Vec<i64> = filings.iter().map(|filing| filing.id).collect();
            self.store.write(|tx| tx.filing_done(&rows, now))?;
        }
        Ok(Ok(()))
    }

    /// Works off the outbox; the sender is always taken at its word.
    fn notify(&mut self, now: Timestamp) -> Result<Result<(), Crashed>, StoreError> {
        for due in self.store.read(|tx| tx.due_notifications(now, 20))? {
            let from = "mailbeat@vendor.example".to_owned();
            let verdict = self.store.write(|tx| consider(tx, &due, from, false, now))?;
            if let outbox::Verdict::Send(view) = verdict {
                let (ticket, contact, what) = (view.ticket.number, due.contact, view.event.what.clone());
                self.told.push(Told { ticket, contact, what });
                if let Err(crashed) = self.dies_at(Point::AfterNotifying) {
                    return Ok(Err(crashed));
                }
                self.store.write(|tx| tx.notification_sent(due.id, "250 queued", now))?;
            }
        }
        Ok(Ok(()))
    }

    /// Everything that is known of customers, as text.
    fn state(&mut self) -> Result<Vec<String>, StoreError> {
        self.store.read(|tx| {
            let mut state: Vec<String> =
                tx.systems(0, 1000)?.iter().map(|system| format!("{system:?}")).collect();
            for system in tx.systems(0, 1000)? {
                state.push(format!("{:?}", tx.branches(system.id)?));
                state.push(format!("{:?}", tx.holes(system.id)?));
            }
            state.extend(customers_tickets(tx)?);
            Ok(state)
        })
    }
}

fn customers_tickets(tx: &Tx<'_>) -> Result<Vec<String>, StoreError> {
    let tickets = tx.tickets(false, i64::MAX, 10_000)?;
    Ok(tickets.iter().filter(|row| row.customer.is_some()).map(|row| format!("{row:?}")).collect())
}

fn batch(folder: &Folder, uidvalidity: u32, covers: u32) -> Batch {
    Batch { folder: folder.id, mailbox: folder.mailbox, uidvalidity, mails: vec![], covers, file: true }
}

fn listed(mail: &MailSystem, n: usize, window: &Window) -> Vec<(u32, Mail)> {
    if window.first > window.last {
        return vec![];
    }
    let range = mail.folders[n].mails.range(window.first..=window.last);
    range.map(|(uid, mail)| (*uid, mail.clone())).collect()
}
