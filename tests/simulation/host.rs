//! A customer's host: the real agent on a state directory of its own, with the clock, disk and files it is told to have.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use mailbeat_agent::activation::{self, Consent};
use mailbeat_agent::config::Config;
use mailbeat_agent::home::Home;
use mailbeat_agent::identity::{Entropy, Identity};
use mailbeat_agent::route::{Post, Route};
use mailbeat_agent::run::{Agent, Parts, Request};
use mailbeat_agent::schedule::LONGEST_SLEEP;
use mailbeat_agent::sense::{Files, Found, HostFacts, Inventory, Senses};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file;
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::wire::contract::SealedContract;
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::observation::{Observation, attributes, names};
use mailbeat_shared::wire::snapshot::{Encoding, FileEntry, FileState, Snapshot, WatchedFile};
use tempfile::TempDir;

use crate::mail::{Died, MailSystem, read};
use crate::model::Dice;

const CONFIG: &str =
    "[[route]]\nname = 'office'\ntype = 'smtp'\nfrom = 'agent@acme.example'\nhost = 'mail.acme.example'\n";

/// What the agent sees of its host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) files: Snapshot,
    /// In percent; 0: no disk.
    pub(crate) disk: u8,
    uptime: SignedDuration,
    boots: u32,
}

/// The two doors of the agent.
#[derive(Clone)]
struct Doors {
    host: usize,
    body: Rc<RefCell<Body>>,
    mail: Rc<RefCell<MailSystem>>,
    /// When the reports were made that may still be sent, in true time.
    made: Rc<RefCell<BTreeMap<Digest, Timestamp>>>,
}

impl Senses for Doors {
    fn host(&mut self) -> HostFacts {
        let body = self.body.borrow();
        HostFacts {
            name: format!("host-{}", self.host),
            uptime_s: body.uptime.as_secs().unsigned_abs(),
            boot_id: format!("boot-{}", body.boots),
            machine_id: Some("machine".into()),
        }
    }

    fn observe(&mut self, _: &[String]) -> Found<Vec<Observation>> {
        let disk = self.body.borrow().disk;
        let full = Observation::new(&names::FILESYSTEM_UTILIZATION, f64::from(disk) / 100.0)
            .with(attributes::MOUNTPOINT, "/")
            .with(attributes::FILESYSTEM_TYPE, "ext4");
        Found { value: if disk == 0 { vec![] } else { vec![full] }, problems: vec![] }
    }

    fn watch(&mut self, _: &[String], _: &[u8; 32]) -> Found<Files> {
        let files = Files { snapshot: self.body.borrow().files.clone(), ..Files::default() };
        Found { value: files, problems: vec![] }
    }

    fn inventory(&mut self, _: &[String]) -> Found<Inventory> {
        Found::default()
    }
}

impl Post for Doors {
    fn send(&mut self, _: &Route, _: &str, mail: &[u8], _: &str) -> Outcome {
        let mut system = self.mail.borrow_mut();
        let digest = Digest::of(&read(mail).encode());
        let made_at = *self.made.borrow_mut().entry(digest).or_insert(system.now);
        system.submit(self.host, mail, made_at)
    }

    fn size_limit(&mut self, _: &Route) -> Option<u64> {
        None
    }
}

/// A host.
pub(crate) struct Host {
    pub(crate) number: usize,
    pub(crate) clock: Clock,
    pub(crate) body: Rc<RefCell<Body>>,
    /// How far its clock is ahead.
    pub(crate) wrong_by: SignedDuration,
    pub(crate) on: bool,
    pub(crate) active: bool,
    pub(crate) home: Home,
    /// Its history was set back once, or is shared with a copy.
    pub(crate) forked: bool,
    dir: TempDir,
    backup: Option<TempDir>,
    doors: Doors,
    agent: Option<Agent>,
    asleep_until: Option<Timestamp>,
    wakes_at: Timestamp,
    seed: u64,
    lives: u64,
    contract: SealedContract,
}

impl Host {
    /// A host that begins its service now.
    pub(crate) fn new(
        number: usize,
        seed: u64,
        contract: &SealedContract,
        mail: &Rc<RefCell<MailSystem>>,
        now: Timestamp,
    ) -> Self {
        let body = Rc::new(RefCell::new(Body { disk: 50, ..Body::default() }));
        let mut host = Self::on(number, seed, contract, mail, body, now);
        host.home.prepare().expect("a temporary directory can be written");
        let identity = Identity::create(None, Some("machine"), &mut host.entropy());
        identity.save(&host.home).expect("a temporary directory can be written");
        host.activate(now);
        host
    }

    fn on(
        number: usize,
        seed: u64,
        contract: &SealedContract,
        mail: &Rc<RefCell<MailSystem>>,
        body: Rc<RefCell<Body>>,
        now: Timestamp,
    ) -> Self {
        let dir = scratch();
        let doors =
            Doors { host: number, body: Rc::clone(&body), mail: Rc::clone(mail), made: Rc::default() };
        Self {
            number,
            clock: Clock::manual(now),
            body,
            wrong_by: SignedDuration::ZERO,
            on: true,
            active: false,
            home: Home::new(dir.path()),
            forked: false,
            dir,
            backup: None,
            doors,
            agent: None,
            asleep_until: None,
            wakes_at: now,
            seed,
            lives: 0,
            contract: contract.clone(),
        }
    }

    /// The same host a second time, as a copied virtual machine.
    pub(crate) fn cloned(&mut self, number: usize, now: Timestamp) -> Self {
        self.forked = true;
        let body = Rc::new(RefCell::new(self.body.borrow().clone()));
        let mail = Rc::clone(&self.doors.mail);
        let mut copy = Self::on(number, self.seed ^ 0x5eed, &self.contract, &mail, body, now);
        copy_dir(self.dir.path(), copy.dir.path());
        copy.doors.made = Rc::new(RefCell::new(self.doors.made.borrow().clone()));
        copy.clock = Clock::manual(self.clock.now());
        (copy.wrong_by, copy.active, copy.forked) = (self.wrong_by, self.active, true);
        copy
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::load(&self.home).expect("the identity can be read").expect("the host has one")
    }

    /// Randomness that differs between any two starts.
    fn entropy(&mut self) -> Entropy {
        self.lives += 1;
        let mut dice = Dice::new(self.seed ^ (self.number as u64) << 32 ^ self.lives << 48);
        Box::new(move |buffer| buffer.iter_mut().for_each(|byte| *byte = dice.next().to_be_bytes()[0]))
    }

    /// The administrator consents, as `activate` does it.
    pub(crate) fn activate(&mut self, now: Timestamp) {
        if self.active {
            return;
        }
        let mut identity = self.identity();
        identity.begin_life(Some("machine"), &mut self.entropy());
        identity.save(&self.home).expect("a temporary directory can be written");
        let consent = Consent {
            contract: self.contract.contract.number.clone(),
            activated_at: self.clock.now(),
            activated_by: "root".into(),
            consented: vec!["filesystems".into(), "watched files".into()],
            withdrawn_at: None,
        };
        activation::store(&self.home, &self.contract, Some(&consent))
            .expect("a temporary directory can be written");
        self.active = true;
        self.wakes_at = now;
    }

    /// The administrator withdraws it.
    pub(crate) fn deactivate(&mut self, now: Timestamp) {
        let at = self.clock.now();
        if let (true, Some(agent)) = (self.active, self.open()) {
            agent.answer(&Request::Deactivate { reason: "a test".into() }, at);
            self.active = false;
            self.wakes_at = now;
        }
    }

    fn open(&mut self) -> Option<&mut Agent> {
        if self.agent.is_none() && self.on {
            let parts = Parts {
                home: self.home.clone(),
                config: config(),
                senses: Box::new(self.doors.clone()),
                post: Box::new(self.doors.clone()),
                entropy: self.entropy(),
            };
            self.agent = Some(Agent::open(parts).expect("a temporary directory can be read"));
        }
        self.agent.as_mut()
    }

    /// A minute passes.
    pub(crate) fn pass(&mut self, time: SignedDuration) {
        self.clock.advance(time);
        self.body.borrow_mut().uptime += time;
    }

    /// Does what `run` would do by now.
    pub(crate) fn step(&mut self, now: Timestamp) {
        if self.asleep_until.is_some_and(|until| until > now) || !self.on {
            return;
        }
        self.asleep_until = None;
        while self.wakes_at <= now {
            let at = self.clock.now();
            let Some(agent) = self.open() else { return };
            match catch_unwind(AssertUnwindSafe(|| agent.step(at))) {
                Ok(due) => {
                    let sleep = due.duration_since(at).clamp(SignedDuration::ZERO, LONGEST_SLEEP);
                    self.wakes_at = now + sleep;
                    self.note_made(now);
                }
                Err(payload) if payload.is::<Died>() => self.crash(now),
                Err(payload) => resume_unwind(payload),
            }
        }
    }

    /// When what waits in the queue was made.
    fn note_made(&mut self, now: Timestamp) {
        let Some(agent) = &self.agent else { return };
        let mut made = self.doors.made.borrow_mut();
        for sequence in agent.waiting() {
            let path = self.home.queue().join(format!("{sequence:010}/report.json"));
            if let Ok(bytes) = fs::read(path) {
                made.entry(Digest::of(&bytes)).or_insert(now);
            }
        }
    }

    /// The process dies and is started again in the next minute.
    pub(crate) fn crash(&mut self, now: Timestamp) {
        self.agent = None;
        self.wakes_at = now + SignedDuration::from_mins(1);
    }

    pub(crate) fn power(&mut self, on: bool, now: Timestamp) {
        if self.on == on {
            return;
        }
        (self.on, self.agent, self.asleep_until, self.wakes_at) = (on, None, None, now);
        let mut body = self.body.borrow_mut();
        body.boots += u32::from(on);
        body.uptime = SignedDuration::ZERO;
    }

    pub(crate) fn suspend(&mut self, until: Timestamp) {
        self.asleep_until = Some(until);
    }

    pub(crate) fn wake(&mut self) {
        self.asleep_until = None;
    }

    pub(crate) fn back_up(&mut self) {
        let backup = scratch();
        copy_dir(self.dir.path(), backup.path());
        self.backup = Some(backup);
    }

    /// The state as it was backed up; whether there was a backup.
    pub(crate) fn restore(&mut self, now: Timestamp) {
        let Some(backup) = &self.backup else { return };
        self.agent = None;
        for entry in fs::read_dir(self.dir.path()).expect("it is there").flatten() {
            let path = entry.path();
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.expect("a temporary directory can be emptied");
        }
        copy_dir(backup.path(), self.dir.path());
        self.active = self.home.activation().exists();
        (self.forked, self.wakes_at) = (true, now);
    }

    pub(crate) fn set_clock(&mut self, wrong_by: SignedDuration, now: Timestamp) {
        self.wrong_by = wrong_by;
        self.clock.set(now + wrong_by);
    }

    pub(crate) fn change_file(&self, file: u8, content: u8) {
        let path = format!("/etc/app/{file}.conf");
        let mut body = self.body.borrow_mut();
        if content == 0 {
            body.files.remove(&path);
        } else {
            let text = format!("# configuration {file}\nvalue = {content}\n");
            body.files.insert(path.clone(), text_file(path, text));
        }
    }
}

fn config() -> Config {
    config_file::parse(Path::new("agent.toml"), CONFIG).expect("the configuration is right")
}

/// A directory in memory where there is one: the agent syncs every file, and nobody's disk is tested here.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    dir.expect("a temporary directory")
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a temporary directory can be written");
    for entry in fs::read_dir(from).expect("it is there").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a temporary file can be copied");
        }
    }
}

fn text_file(path: String, text: String) -> WatchedFile {
    let entry = FileEntry {
        path,
        size: text.len() as u64,
        state: FileState::Text,
        encoding: Some(Encoding::Utf8),
        digest: Some(Digest::of(text.as_bytes())),
        owner: None,
        mode: None,
        detail: None,
        muted: false,
    };
    WatchedFile { entry, text: Some(text) }
}
