//! The vendor's receiver: the real store, intake, evaluation and outbox, driven round by round as its loops drive them. Only the
//! connections are played: the mailbox is a value, and notifications go into a list.

mod decisions;
mod reading;
mod telling;

use std::collections::VecDeque;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::config::Retention;
use mailbeat_receiver::evaluate::own::Known;
use mailbeat_receiver::evaluate::rules::Rules;
use mailbeat_receiver::intake::{Context, Source, Verdict, reprocess};
use mailbeat_receiver::keyring::Keyring;
use mailbeat_receiver::run::clockwork;
use mailbeat_receiver::store::{EnrollmentMode, Store, StoreError, Tx};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::wire::contract::SealedContract;
use tempfile::TempDir;

pub(crate) use self::decisions::{Decisions, Expected};
pub(crate) use self::telling::Told;
use crate::host::scratch;
use crate::mail::{Mail, MailSystem, read};
use crate::model::{Answer, Point};

/// Time between two rounds when all is well.
const ROUND: SignedDuration = SignedDuration::from_mins(15);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The process died; it is started again in the next minute.
pub(crate) struct Crashed;

/// What came of one mail in one reading.
pub(crate) struct Judged {
    pub(crate) genuine: Option<usize>,
    pub(crate) came_back: bool,
    /// What had to become of it, if it is an agent's.
    pub(crate) expected: Option<Expected>,
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
    /// True time up to which every mail of a mailbox was read, by the last round that came to its end.
    pub(crate) drained_at: [Timestamp; 2],
    pub(crate) told: Vec<Told>,
    pub(crate) judged: Vec<Judged>,
    pub(crate) decisions: Decisions,
    /// What the mail server says to the next notifications.
    pub(crate) answers: VecDeque<Answer>,
    dir: TempDir,
    backup: Option<Backup>,
    connected: [bool; 2],
    /// UIDNEXT of each folder in the last round.
    seen: [[u32; 2]; 2],
    read_at: Option<Timestamp>,
    housekept_at: [Option<Timestamp>; 2],
    cleaned_at: Option<Timestamp>,
}

/// A copy of the database, and what was true when it was made.
struct Backup {
    dir: TempDir,
    told: Vec<Told>,
    drained_at: [Timestamp; 2],
    decisions: Decisions,
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
            drained_at: [now; 2],
            told: vec![],
            judged: vec![],
            decisions: Decisions::new(),
            answers: VecDeque::new(),
            dir,
            backup: None,
            connected: [false; 2],
            seen: [[1; 2]; 2],
            read_at: None,
            housekept_at: [None; 2],
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
        clockwork::look(&mut self.store, &self.rules, &Known::default(), now)?;
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
        mail.mailboxes.iter().enumerate().any(|(m, mailbox)| {
            let mut folders = mailbox.folders.iter().zip(&self.seen[m]);
            // A mailbox that was just added is connected to at once.
            let first_ever = mailbox.in_use && self.seen[m] == [1; 2];
            (self.connected[m] || first_ever)
                && mailbox.reachable
                && folders.any(|(folder, seen)| folder.uidnext > *seen)
        })
    }

    /// Nothing in memory is truth: the process is gone, and a new one opens the database.
    pub(crate) fn restart(&mut self) {
        self.store = Store::open(&self.path(), self.clock.now()).expect("the database opens again");
        (self.connected, self.read_at, self.housekept_at, self.cleaned_at) =
            ([false; 2], None, [None; 2], None);
    }

    pub(crate) fn back_up(&mut self) {
        let dir = scratch();
        self.store.backup(&dir.path().join("receiver.db")).expect("a backup can be made");
        let (told, decisions) = (self.told.clone(), self.decisions.clone());
        self.backup = Some(Backup { dir, told, drained_at: self.drained_at, decisions });
    }

    /// The database is lost; the backup takes its place, and an operator imports what was filed since. What else he did since
    /// then he forgets. Whether there was a backup.
    pub(crate) fn restore(&mut self, mail: &MailSystem) -> Result<bool, StoreError> {
        let Some(backup) = &self.backup else { return Ok(false) };
        let fresh = scratch();
        let files = [backup.dir.path(), fresh.path()].map(|dir| dir.join("receiver.db"));
        std::fs::copy(&files[0], &files[1]).expect("a copy");
        (self.told, self.drained_at) = (backup.told.clone(), backup.drained_at);
        self.decisions = backup.decisions.clone();
        self.dir = fresh;
        self.restart();
        self.import(&mail.filed)?;
        Ok(true)
    }

    /// `import`: the mails in the folders they were filed in, once more.
    fn import(&mut self, mails: &[Mail]) -> Result<(), StoreError> {
        let now = self.clock.now();
        for mail in mails {
            let expected = self.expect(mail)?;
            let source = Source::Mail { raw: &mail.raw, received_at: mail.received_at };
            let rules = &self.rules;
            let recorded = self.store.write(|tx| reprocess(tx, context(rules), source, now))?;
            let recorded = recorded.expect("a mail is always judged");
            self.judged.push(Judged {
                genuine: mail.genuine,
                came_back: mail.came_back,
                expected,
                verdict: recorded.verdict,
                detail: recorded.detail,
                changed: false,
                by_wrong_clock: self.clock_is_wrong,
            });
        }
        Ok(())
    }

    /// What must become of a mail that is read now, if it is an agent's.
    fn expect(&mut self, mail: &Mail) -> Result<Option<Expected>, StoreError> {
        if mail.genuine.is_none() {
            return Ok(None);
        }
        let received_at = mail.received_at.min(self.clock.now());
        let decisions = &self.decisions;
        self.store.read(|tx| decisions.expect(tx, &read(&mail.raw), received_at)).map(Some)
    }

    fn dies_at(&mut self, point: Point) -> Result<(), Crashed> {
        if self.crash_at == Some(point) {
            self.crash_at = None;
            return Err(Crashed);
        }
        Ok(())
    }

    /// Everything that is known of customers and of the people responsible, as text.
    fn state(&mut self) -> Result<Vec<String>, StoreError> {
        self.store.read(|tx| {
            let mut state: Vec<String> =
                tx.systems(0, 1000)?.iter().map(|system| format!("{system:?}")).collect();
            for system in tx.systems(0, 1000)? {
                state.push(format!("{:?}", tx.branches(system.id)?));
                state.push(format!("{:?}", tx.holes(system.id)?));
            }
            state.extend(customers_tickets(tx)?);
            for customer in tx.customers()?.iter().map(|customer| Some(customer.id)).chain([None]) {
                state.push(format!("{:?}", tx.contacts(customer)?));
            }
            Ok(state)
        })
    }
}

fn customers_tickets(tx: &Tx<'_>) -> Result<Vec<String>, StoreError> {
    let tickets = tx.tickets(false, i64::MAX, 10_000)?;
    Ok(tickets.iter().filter(|row| row.customer.is_some()).map(|row| format!("{row:?}")).collect())
}

/// What intake is told beside the mail.
pub(crate) fn context(rules: &Rules) -> Context<'_> {
    Context { rules, keyring: Keyring::NONE, usual_round: ROUND }
}
