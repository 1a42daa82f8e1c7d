//! A vendor with one customer and one mailbox; `agent` has those who write real report mails to it.

mod agent;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval, SealedContract};
use mailbeat_shared::wire::signature::SigningKey;

pub(super) use self::agent::{Agent, Made, framed};
use crate::evaluate::rules::Rules;
use crate::intake::{Batch, Context, Mail, Recorded, Verdict, judge, prepare, record_batch};
use crate::keyring::Keyring;
use crate::store::{Branch, EnrollmentMode, Folder, Registered, Store, StoreError, System, Tx};

pub(super) const HOUR: i64 = 3600;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn vendor() -> SigningKey {
    SigningKey::from_seed(&[7; 32], "vendor")
}

/// The contract everybody starts with; `change` makes others of it.
pub(super) fn contract(change: impl FnOnce(&mut Contract)) -> SealedContract {
    let mut contract = Contract {
        number: "ACME-1".parse().unwrap(),
        revision: 1,
        customer: "ACME".into(),
        vendor: "Example GmbH".into(),
        vendor_key: vendor().public(),
        vendor_succession: vec![],
        issued_at: at(0),
        valid_from: at(0),
        valid_until: None,
        grace_days: 14,
        report_addresses: vec!["reports@vendor.example".into()],
        systems: 3,
        maintenance_max_h: 72,
        heartbeat_interval_s: Interval { default: 3600, min: 60, max: 86400 },
        system_interval_s: Interval { default: 86400, min: 60, max: 604_800 },
        locale: None,
        encryption_key: None,
        enrollment_secret: Some(EnrollmentSecret::from_random([9; 32])),
        relay: None,
    };
    change(&mut contract);
    SealedContract::open(contract.seal(&vendor()).as_bytes()).unwrap()
}

/// What a mail server writes back that will not deliver the mail with this left part of its Message-ID.
pub(super) fn bounce(token: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@acme.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nAction: failed\r\n\
         Diagnostic-Code: smtp; 550 no such user\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
         Message-ID: <{token}@vendor.example>\r\n\r\nx\r\n--b--\r\n"
    )
    .into_bytes()
}

/// The receiver with its database, and a folder that numbers what comes in.
pub(super) struct World {
    pub(super) store: Store,
    pub(super) rules: Rules,
    pub(super) keyring: Keyring,
    pub(super) folder: Folder,
    pub(super) uid: u32,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(EnrollmentMode::Auto, contract(|_| {}))
    }

    pub(super) fn with(mode: EnrollmentMode, sealed: SealedContract) -> Self {
        Self::over(Store::in_memory().unwrap(), mode, &sealed)
    }

    pub(super) fn over(mut store: Store, mode: EnrollmentMode, sealed: &SealedContract) -> Self {
        let folder = store
            .write(|tx| {
                tx.put_contract(sealed, mode, at(0)).unwrap();
                tx.add_contact(None, "Operator", "operator@vendor.example")?;
                let folder = tx.put_mailbox("reports", &["INBOX"])?.remove(0);
                tx.select_uidvalidity(folder.id, 1)?;
                Ok::<_, StoreError>(folder)
            })
            .unwrap();
        Self { store, rules: Rules::built_in(), keyring: Keyring::default(), folder, uid: 0 }
    }

    /// Reads these mails, each received when `now` says, as one batch.
    pub(super) fn receive(&mut self, raws: &[&[u8]], now: Timestamp) -> Vec<Recorded> {
        let mails: Vec<Mail> = raws.iter().map(|raw| self.mail(raw, now)).collect();
        self.record(mails, now)
    }

    pub(super) fn mail(&mut self, raw: &[u8], received_at: Timestamp) -> Mail {
        self.uid += 1;
        Mail { uid: self.uid, internal_date: Some(received_at), prepared: prepare(raw, &self.keyring) }
    }

    pub(super) fn record(&mut self, mails: Vec<Mail>, now: Timestamp) -> Vec<Recorded> {
        let batch = self.batch(mails);
        let context =
            Context { rules: &self.rules, keyring: &self.keyring, usual_round: SignedDuration::from_mins(5) };
        record_batch(&mut self.store, context, &batch, now).unwrap()
    }

    pub(super) fn batch(&self, mails: Vec<Mail>) -> Batch {
        let (folder, mailbox) = (self.folder.id, self.folder.mailbox);
        Batch { folder, mailbox, uidvalidity: 1, covers: self.uid, file: true, mails }
    }

    /// One mail; what became of it.
    pub(super) fn verdict(&mut self, raw: &[u8], now: Timestamp) -> Verdict {
        self.receive(&[raw], now)[0].verdict
    }

    pub(super) fn read<T>(&mut self, read: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> T {
        self.store.read(read).unwrap()
    }

    pub(super) fn write<T, E>(&mut self, write: impl FnOnce(&Tx<'_>, Context<'_>) -> Result<T, E>) -> T
    where
        E: From<StoreError> + std::fmt::Debug,
    {
        let context =
            Context { rules: &self.rules, keyring: &self.keyring, usual_round: SignedDuration::from_mins(5) };
        self.store.write(|tx| write(tx, context)).unwrap()
    }

    pub(super) fn registered(&mut self, agent: &Agent) -> Option<Registered> {
        self.read(|tx| tx.registered(&agent.key.public().bytes()))
    }

    pub(super) fn system(&mut self, agent: &Agent) -> System {
        self.registered(agent).expect("the agent is enrolled").system
    }

    /// The folder is read to its end.
    pub(super) fn hear(&mut self, now: Timestamp) {
        let folder = self.folder.id;
        self.write(|tx, context| {
            tx.note_uidnext(folder, 1, now)?;
            tx.conclude_drained(folder, context.usual_round)
        });
    }

    /// The mailbox is read all the time from the beginning of the story on, the last time at this second.
    pub(super) fn hear_until(&mut self, second: i64) {
        (0..second).step_by(600).chain([second]).for_each(|second| self.hear(at(second)));
    }

    /// Looks at every system that is due, as the clock's loop does each second.
    pub(super) fn tick(&mut self, now: Timestamp) {
        judge::tick_due(&mut self.store, &self.rules, now, 100).unwrap();
    }

    /// The branches, the one last heard of first.
    pub(super) fn branches(&mut self, agent: &Agent) -> Vec<Branch> {
        let id = self.system(agent).id;
        self.read(|tx| tx.branches(id))
    }

    /// The sequences on record, ascending.
    pub(super) fn sequences(&mut self, agent: &Agent) -> Vec<u64> {
        let id = self.system(agent).id;
        let mut all: Vec<u64> =
            self.read(|tx| tx.reports(id, i64::MAX, 1000)).iter().map(|report| report.sequence).collect();
        all.sort_unstable();
        all
    }

    /// The missing ranges.
    pub(super) fn holes(&mut self, agent: &Agent) -> Vec<(u64, u64)> {
        let id = self.system(agent).id;
        self.read(|tx| tx.holes(id)).iter().map(|hole| hole.range).collect()
    }
}
