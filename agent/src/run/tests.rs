//! Stories of one agent: a clock moved by hand, a host and mail servers that do as they are told.

mod checking;
mod content;
mod control;
mod life;
mod queue;
mod watching;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;
use std::rc::Rc;

use jiff::ToSpan as _;
use mailbeat_shared::config_file;
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind, Outcome};
use mailbeat_shared::wire::extract::{Extracted, extract};
use mailbeat_shared::wire::id::{Digest, SystemId};
use mailbeat_shared::wire::observation::{Observation, attributes, names};
use mailbeat_shared::wire::report::{Body, Kind, NoticeEvent, Report};
use mailbeat_shared::wire::snapshot::{self, Encoding, FileEntry, FileState, Snapshot, WatchedFile};

use super::*;
use crate::activation::{self, Consent};
use crate::check::probe::Sight;
use crate::check::runner::{Ended, Run};
use crate::identity::{self, Identity};
use crate::item::Item;
use crate::route::Route;
use crate::sense::{Files, Found, Inventory};
use crate::spool::Fate;
use crate::testing;
use crate::trail;
use mailbeat_shared::wire::contract::{Contract, SealedContract};

#[derive(Default)]
struct World {
    machine: String,
    files: Snapshot,
    whole: BTreeSet<String>,
    cut: bool,
    /// Places that cannot be looked into.
    unseen: BTreeSet<String>,
    watching_panics: bool,
    /// How often files were looked at.
    watched: usize,
    inventory: Inventory,
    observations: Vec<Observation>,
    observing_panics: bool,
    names: crate::redact::pseudonym::Names,
    /// What the servers say next; then everything is accepted.
    outcomes: VecDeque<Outcome>,
    size_limit: Option<u64>,
    /// How often a server was asked for it.
    limits_asked: usize,
    /// Runs of checks that were begun and have not ended.
    begun: Vec<Run>,
    /// A check ends a moment after it began, as one does that has something to do.
    takes_time: bool,
    /// Those that began since somebody looked.
    just_begun: BTreeSet<String>,
    /// What the checks see, by name; one that is not here does not come to its end.
    sights: BTreeMap<String, Sight>,
    sent: Vec<(String, String, Vec<u8>)>,
}

impl World {
    /// Ends the runs whose checks see something; their probes remember how often.
    fn look(&mut self) -> Vec<Ended> {
        let too_soon = if self.takes_time { std::mem::take(&mut self.just_begun) } else { BTreeSet::new() };
        let ends = |run: &Run| self.sights.contains_key(&run.name) && !too_soon.contains(&run.name);
        let (ended, begun) = self.begun.drain(..).partition(ends);
        self.begun = begun;
        let end = |run: Run| Ended {
            sight: self.sights[&run.name].clone(),
            memory: Some((run.memory.as_u64().unwrap_or_default() + 1).into()),
            name: run.name,
        };
        Vec::into_iter(ended).map(end).collect()
    }
}

#[derive(Clone, Default)]
struct Host(Rc<RefCell<World>>);

impl Senses for Host {
    fn host(&mut self) -> HostFacts {
        let machine_id = Some(self.0.borrow().machine.clone());
        let names = self.0.borrow().names.clone();
        HostFacts { name: "scada-01".into(), uptime_s: 7, boot_id: "boot".into(), machine_id, names }
    }
    fn observe(&mut self, _: &[String]) -> Found<Vec<Observation>> {
        assert!(!self.0.borrow().observing_panics, "a collector's fault");
        Found { value: self.0.borrow().observations.clone(), problems: vec![] }
    }
    fn watch(&mut self, _: &[String], _: &[u8; 32]) -> Found<Files> {
        assert!(!self.0.borrow().watching_panics, "a fault while watching");
        let mut world = self.0.borrow_mut();
        world.watched += 1;
        let (snapshot, whole, unseen) = (world.files.clone(), world.whole.clone(), world.unseen.clone());
        Found { value: Files { snapshot, whole, cut: world.cut, unseen }, problems: vec![] }
    }
    fn inventory(&mut self, _: &[String]) -> Found<Inventory> {
        let mut value = self.0.borrow().inventory.clone();
        value.facts.insert("os.type".into(), "linux".into());
        Found { value, problems: vec![] }
    }
    fn begin_check(&mut self, run: Run) {
        let mut world = self.0.borrow_mut();
        world.just_begun.insert(run.name.clone());
        world.begun.push(run);
    }
    fn ended_checks(&mut self, _: &[u8; 32], _: Duration) -> Vec<Ended> {
        self.0.borrow_mut().look()
    }
}

impl Post for Host {
    fn send(&mut self, route: &Route, to: &str, mail: &[u8], _: &str) -> Outcome {
        let mut world = self.0.borrow_mut();
        let outcome =
            world.outcomes.pop_front().unwrap_or(Outcome::Sent { reply: "250 2.0.0 queued".into() });
        if matches!(outcome, Outcome::Sent { .. } | Outcome::Unknown(_)) {
            world.sent.push((route.name.clone(), to.to_owned(), mail.to_vec()));
        }
        outcome
    }
    fn size_limit(&mut self, _: &Route) -> Option<u64> {
        let mut world = self.0.borrow_mut();
        world.limits_asked += 1;
        world.size_limit
    }
}

struct Story {
    home: Home,
    config: Config,
    host: Host,
    agent: Agent,
    now: Timestamp,
    _dir: tempfile::TempDir,
}

const TWO_ROUTES: &str = "cc.system = ['admin@acme.example']\n\
    [[route]]\nname = 'office'\ntype = 'smtp'\nfrom = 'agent@acme.example'\nhost = 'mail.acme.example'\n\
    [[route]]\nname = 'backup'\ntype = 'smtp'\nfrom = 'agent@acme.example'\nhost = 'backup.acme.example'\n";

fn down() -> Outcome {
    Outcome::Deferred(Failure::new(FailureKind::Connection(ConnectionProblem::Refused), "connection refused"))
}

fn refused() -> Outcome {
    Outcome::Refused(Failure::new(FailureKind::Permanent, "550 5.7.1 not from you"))
}

/// A directory in memory where there is one: weeks are lived through with every file synced, and it is no disk that is tried.
fn in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

impl Story {
    /// After an hour mail goes down for so many attempts, and a system report waits, of this number.
    fn with_one_that_waits(attempts: usize) -> (Self, u64) {
        let mut story = Self::begin();
        story.live(1.hours());
        story.say(&down(), attempts);
        let Answer::Queued(waits) = story.agent.answer(&Request::System, story.now) else { panic!() };
        story.agent.step(story.now);
        (story, waits)
    }

    fn begin() -> Self {
        Self::with(TWO_ROUTES, &testing::contract())
    }

    fn with(config: &str, contract: &Contract) -> Self {
        let dir = in_memory();
        let home = Home::new(dir.path());
        home.prepare().unwrap();
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let host = Host::default();
        host.0.borrow_mut().machine = "machine-a".into();
        let mut entropy = identity::system_entropy();
        Identity::create(Some(SystemId::from_random([1; 16])), Some("machine-a"), &mut entropy)
            .save(&home)
            .unwrap();
        activate(&home, contract, now);
        let config: Config = config_file::parse(Path::new("agent.toml"), config).unwrap();
        let agent = open(&home, &config, &host);
        Self { home, config, host, agent, now, _dir: dir }
    }

    fn restart(&mut self) {
        self.agent = open(&self.home, &self.config, &self.host);
    }

    /// Steps until the agent has nothing more to do now.
    fn settle(&mut self) -> Timestamp {
        for _ in 0..10_000 {
            let due = self.agent.step(self.now);
            if due > self.now {
                return due;
            }
        }
        panic!("the agent is always busy: {:?}", self.agent.summary());
    }

    /// Sleeps as `run` would, until `span` is over.
    fn live(&mut self, span: jiff::Span) {
        let until = self.now + span;
        while self.now < until {
            let due = self.settle();
            self.now = due.min(later(self.now, schedule::LONGEST_SLEEP)).min(until);
        }
        self.settle();
    }

    fn mails(&self) -> Vec<Report> {
        let key = Identity::load(&self.home).unwrap().unwrap().key.public();
        let world = self.host.0.borrow();
        world.sent.iter().map(|(_, _, mail)| read(mail, &key)).collect()
    }

    fn kinds(&self) -> Vec<Kind> {
        self.mails().iter().map(Report::kind).collect()
    }

    fn say(&self, outcome: &Outcome, times: usize) {
        self.host.0.borrow_mut().outcomes.extend(vec![outcome.clone(); times]);
    }

    fn fates(&self) -> Vec<(u64, Option<Fate>)> {
        let entries = trail::everything(&self.home).unwrap();
        entries.iter().map(|entry| (entry.sequence, entry.ending().map(|ending| ending.fate))).collect()
    }

    fn chain_is_whole(&self) {
        let key = Identity::load(&self.home).unwrap().unwrap().key.public();
        assert_eq!(trail::verify(&self.home, &key).unwrap().problems, []);
    }
}

fn open(home: &Home, config: &Config, host: &Host) -> Agent {
    Agent::open(Parts {
        home: home.clone(),
        config: config.clone(),
        senses: Box::new(host.clone()),
        post: Box::new(host.clone()),
        entropy: identity::system_entropy(),
    })
    .unwrap()
}

fn activate(home: &Home, contract: &Contract, now: Timestamp) {
    consent(home, contract, now, Item::ALL.map(|item| item.name().to_owned()).to_vec());
}

fn consent(home: &Home, contract: &Contract, now: Timestamp, consented: Vec<String>) {
    consent_to(home, &contract.seal(&testing::vendor()), now, consented);
}

/// The same for a contract as any vendor sealed it.
fn consent_to(home: &Home, file: &str, now: Timestamp, consented: Vec<String>) {
    let sealed = SealedContract::open(file.as_bytes()).unwrap();
    let consent = Consent {
        contract: sealed.contract.number.clone(),
        activated_at: now,
        activated_by: "root".into(),
        consented,
        added: vec![],
        withdrawn_at: None,
    };
    activation::store(home, &sealed, Some(&consent)).unwrap();
}

fn read(mail: &[u8], key: &mailbeat_shared::wire::signature::PublicKey) -> Report {
    let Extracted::Signed(signed) = extract(mail) else {
        panic!("no report in {}", String::from_utf8_lossy(mail))
    };
    signed.verify(key).unwrap().decode().unwrap()
}

fn text_file(path: &str, text: &str) -> WatchedFile {
    let entry = FileEntry {
        path: path.into(),
        size: text.len() as u64,
        state: FileState::Text,
        encoding: Some(Encoding::Utf8),
        digest: Some(Digest::of(text.as_bytes())),
        owner: None,
        mode: None,
        detail: None,
        muted: false,
    };
    WatchedFile { entry, text: Some(text.into()) }
}

fn write(story: &Story, path: &str, text: &str) {
    story.host.0.borrow_mut().files.insert(path.into(), text_file(path, text));
}

fn system_of(report: &Report) -> &mailbeat_shared::wire::report::SystemReport {
    let Body::System { system_report } = &report.body else {
        panic!("{:?} is no system report", report.kind())
    };
    system_report
}
