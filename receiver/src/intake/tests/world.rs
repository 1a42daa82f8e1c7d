//! A vendor with one customer and one mailbox, and agents that write real report mails to it.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval, SealedContract};
use mailbeat_shared::wire::id::{Digest, Incarnation, ReportId, SystemId};
use mailbeat_shared::wire::mail::{Frame, ReportParts, compose_report, message_id};
use mailbeat_shared::wire::observation::{Observation, attributes, names};
use mailbeat_shared::wire::report::{
    AgentInfo, Body, Enrollment, Heartbeat, Identity, Promise, Report, SpoolInfo, SystemReport, VERSION,
};
use mailbeat_shared::wire::signature::{Namespace, SigningKey};
use mailbeat_shared::wire::snapshot::{Encoding, FileEntry, FileState, Snapshot, WatchedFile, diff};

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

/// An agent, as far as its reports go. A clone is a cloned host, or a backup.
#[derive(Clone)]
pub(super) struct Agent {
    pub(super) key: SigningKey,
    pub(super) system: SystemId,
    pub(super) contract: Contract,
    pub(super) incarnation: u64,
    pub(super) sequence: u64,
    pub(super) previous: Option<Digest>,
    pub(super) succession: Vec<String>,
    pub(super) superseded: Vec<(u64, u64)>,
    pub(super) interval: u32,
    pub(super) system_interval: u32,
    pub(super) host: &'static str,
    /// Makes ids of clones differ.
    pub(super) salt: u8,
    reported: Snapshot,
    baseline: Option<Digest>,
}

/// A report as it was made.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) mail: Vec<u8>,
    pub(super) report: Report,
}

impl Agent {
    pub(super) fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_seed(&[seed; 32], "agent"),
            system: SystemId::from_random([seed; 16]),
            contract: contract(|_| {}).contract,
            incarnation: 1,
            sequence: 0,
            previous: None,
            succession: vec![],
            superseded: vec![],
            interval: 3600,
            system_interval: 86400,
            host: "scada-01",
            salt: 0,
            reported: Snapshot::new(),
            baseline: None,
        }
    }

    pub(super) fn enrollment(&mut self, made_at: Timestamp) -> Made {
        let enrollment = Enrollment { activated_by: "root".into(), consented: vec![], revision: 1 };
        self.make(Body::Enrollment { enrollment }, made_at)
    }

    pub(super) fn heartbeat(&mut self, made_at: Timestamp) -> Made {
        self.heartbeat_with(made_at, 0.5)
    }

    /// A heartbeat whose root filesystem is this full.
    pub(super) fn heartbeat_with(&mut self, made_at: Timestamp, full: f64) -> Made {
        let disk = Observation::new(&names::FILESYSTEM_UTILIZATION, full)
            .with(attributes::MOUNTPOINT, "/")
            .with(attributes::FILESYSTEM_TYPE, "ext4");
        let heartbeat = Heartbeat {
            spool: SpoolInfo { queued: 0, oldest: None, route: None },
            maintenance: None,
            observations: vec![disk],
            checks: vec![],
            problems: vec![],
        };
        self.make(Body::Heartbeat { heartbeat }, made_at)
    }

    /// A system report: what differs from the last one, or everything.
    pub(super) fn system_report(&mut self, files: &[(&str, &str)], full: bool, made_at: Timestamp) -> Made {
        let now: Snapshot = files.iter().map(|(path, text)| ((*path).to_owned(), file(path, text))).collect();
        let nothing = Snapshot::new();
        let (base, baseline) = if full { (&nothing, None) } else { (&self.reported, self.baseline) };
        let system_report = SystemReport {
            baseline,
            files: now.values().map(|file| file.entry.clone()).collect(),
            changes: diff(base, &now, |_| false),
            ..SystemReport::default()
        };
        let made = self.make(Body::System { system_report }, made_at);
        (self.reported, self.baseline) = (now, self.previous);
        made
    }

    pub(super) fn make(&mut self, body: Body, made_at: Timestamp) -> Made {
        self.sequence += 1;
        let secret = self.contract.enrollment_secret.clone().unwrap();
        let public = self.key.public();
        let mut random = [self.salt; 10];
        random[..8].copy_from_slice(&self.sequence.to_be_bytes());
        let report = Report {
            mailbeat: VERSION,
            id: ReportId::new(made_at, &random),
            system: self.system,
            contract: self.contract.number.clone(),
            sequence: self.sequence,
            incarnation: Incarnation(self.incarnation),
            identity: Identity {
                public_key: public.to_string(),
                proof: secret.proof(&self.contract.number, self.system, &public),
                succession: self.succession.clone(),
            },
            previous: self.previous,
            superseded: self.superseded.clone(),
            lost: vec![],
            created_at: made_at,
            uptime_s: u64::try_from(made_at.duration_since(at(0)).as_secs()).unwrap(),
            boot_id: "boot".into(),
            agent: AgentInfo {
                version: "0.1.0".into(),
                host: self.host.into(),
                locale: "en".into(),
                config_digest: Digest::of(b"config"),
            },
            promise: Promise { heartbeat_interval_s: self.interval, system_interval_s: self.system_interval },
            body,
        };
        let made = self.sign(report);
        self.previous = Some(Digest::of(&made.report.encode()));
        made
    }

    /// The report as this agent signs and mails it, whatever it says.
    pub(super) fn sign(&self, report: Report) -> Made {
        let bytes = report.encode();
        let signature = self.key.sign(Namespace::Report, &bytes);
        Made { mail: framed(&report, &bytes, &signature), report }
    }
}

/// A report mail as the agent's route frames it.
pub(super) fn framed(report: &Report, bytes: &[u8], signature: &str) -> Vec<u8> {
    let frame = Frame {
        from: "agent@acme.example",
        to: "reports@vendor.example",
        cc: &[],
        subject: "[Mailbeat] report",
        message_id: &message_id(report.id, "vendor.example"),
        date: report.created_at.clamp(at(0), at(1_000_000)),
        text: "A report.\n",
        html: None,
    };
    let parts = ReportParts {
        id: report.id,
        system: report.system,
        kind: report.kind(),
        sequence: report.sequence,
        report: bytes,
        sealed: None,
        signature,
    };
    compose_report(&frame, &parts).unwrap()
}

fn file(path: &str, text: &str) -> WatchedFile {
    let entry = FileEntry {
        path: path.to_owned(),
        size: text.len() as u64,
        state: FileState::Text,
        encoding: Some(Encoding::Utf8),
        digest: Some(Digest::of(text.as_bytes())),
        owner: None,
        mode: None,
        detail: None,
        muted: false,
    };
    WatchedFile { entry, text: Some(text.to_owned()) }
}
