//! A customer's host: the real agent on a state directory of its own, with the clock, disk and files it is told to have.

use std::cell::RefCell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use mailbeat_agent::config::Config;
use mailbeat_agent::home::Home;
use mailbeat_agent::identity::{Entropy, Identity};
use mailbeat_agent::run::{Agent, Parts, Request};
use mailbeat_agent::schedule::LONGEST_SLEEP;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file;
use mailbeat_shared::wire::contract::SealedContract;
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::signature::SigningKey;
use tempfile::TempDir;

use crate::body::{Body, Doors};
use crate::dice::Dice;
use crate::mail::{Died, MailSystem};
use crate::model::Said;

const CONFIG: &str =
    "[[route]]\nname = 'office'\ntype = 'smtp'\nfrom = 'agent@acme.example'\nhost = 'mail.acme.example'\n";
/// Every host's one check.
pub(crate) const CHECK: &str = "orders";

/// A host.
pub(crate) struct Host {
    pub(crate) number: usize,
    pub(crate) customer: usize,
    pub(crate) clock: Clock,
    pub(crate) body: Rc<RefCell<Body>>,
    /// How far its clock is ahead.
    pub(crate) wrong_by: SignedDuration,
    pub(crate) on: bool,
    pub(crate) active: bool,
    pub(crate) home: Home,
    /// Its history was set back once, or is shared with a copy.
    pub(crate) forked: bool,
    /// The keys it signed with before, as this system.
    pub(crate) keys_before: Vec<SigningKey>,
    /// The customer's first file, with the secret.
    pub(crate) contract: SealedContract,
    pub(crate) doors: Doors,
    pub(crate) agent: Option<Agent>,
    pub(crate) wakes_at: Timestamp,
    pub(crate) lives: u64,
    dir: TempDir,
    backup: Option<TempDir>,
    asleep_until: Option<Timestamp>,
    seed: u64,
}

impl Host {
    /// A host that begins its service now.
    pub(crate) fn new(
        number: usize,
        customer: usize,
        seed: u64,
        contract: &SealedContract,
        mail: &Rc<RefCell<MailSystem>>,
        now: Timestamp,
    ) -> Self {
        let body = Rc::new(RefCell::new(Body { disk: 50, ..Body::default() }));
        let clock = Clock::manual(now);
        let doors = Doors {
            host: number,
            body,
            mail: Rc::clone(mail),
            clock,
            made: Rc::default(),
            papers: Rc::default(),
            vouching: Rc::default(),
        };
        let mut host = Self::behind(doors, customer, seed, contract, now);
        host.home.prepare().expect("a temporary directory can be written");
        let identity = Identity::create(None, Some("machine"), &mut host.entropy());
        identity.save(&host.home).expect("a temporary directory can be written");
        host.activate(contract, now);
        host
    }

    fn behind(doors: Doors, customer: usize, seed: u64, contract: &SealedContract, now: Timestamp) -> Self {
        let dir = scratch();
        Self {
            number: doors.host,
            customer,
            clock: doors.clock.clone(),
            body: Rc::clone(&doors.body),
            wrong_by: SignedDuration::ZERO,
            on: true,
            active: false,
            home: Home::new(dir.path()),
            forked: false,
            keys_before: vec![],
            contract: contract.clone(),
            doors,
            agent: None,
            wakes_at: now,
            lives: 0,
            dir,
            backup: None,
            asleep_until: None,
            seed,
        }
    }

    /// The same host a second time, as a copied virtual machine.
    pub(crate) fn cloned(&mut self, number: usize, now: Timestamp) -> Self {
        self.forked = true;
        let body = Rc::new(RefCell::new(self.body.borrow().clone()));
        let doors = self.doors.copied(number, body, Clock::manual(self.clock.now()));
        let mut copy = Self::behind(doors, self.customer, self.seed ^ 0x5eed, &self.contract, now);
        copy_dir(self.dir.path(), copy.dir.path());
        copy.keys_before.clone_from(&self.keys_before);
        (copy.wrong_by, copy.active, copy.forked) = (self.wrong_by, self.active, true);
        copy
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::load(&self.home).expect("the identity can be read").expect("the host has one")
    }

    /// Randomness that differs between any two starts.
    pub(crate) fn entropy(&mut self) -> Entropy {
        self.lives += 1;
        let mut dice = Dice::new(self.seed ^ (self.number as u64) << 32 ^ self.lives << 48);
        Box::new(move |buffer| buffer.iter_mut().for_each(|byte| *byte = dice.next().to_be_bytes()[0]))
    }

    /// The administrator withdraws the consent.
    pub(crate) fn deactivate(&mut self, now: Timestamp) {
        let at = self.clock.now();
        if let (true, Some(agent)) = (self.active, self.open()) {
            agent.answer(&Request::Deactivate { reason: "a test".into() }, at);
            self.body.borrow_mut().said.clear();
            self.active = false;
            self.wakes_at = now;
        }
    }

    fn open(&mut self) -> Option<&mut Agent> {
        if self.agent.is_none() && self.on {
            // The runs of a process before ended with it.
            self.body.borrow_mut().begun.clear();
            let is_checked = self.body.borrow().check != Said::Gone;
            let parts = Parts {
                home: self.home.clone(),
                config: config(is_checked),
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

    /// The check says this from now on. One that goes or comes back is configured so, and the agent started again.
    pub(crate) fn check(&mut self, says: Said, now: Timestamp) {
        let mut body = self.body.borrow_mut();
        let was = std::mem::replace(&mut body.check, says);
        if (was == Said::Gone) != (says == Said::Gone) {
            body.gone_since = (says == Said::Gone).then_some(now);
            (body.blip, self.agent, self.wakes_at) = (None, None, now);
            // What nobody checks any more is forgotten.
            body.said.clear();
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

    /// The state as it was backed up, if it was.
    pub(crate) fn restore(&mut self, now: Timestamp) {
        if self.backup.is_none() {
            return;
        }
        self.agent = None;
        self.empty();
        if let Some(backup) = &self.backup {
            copy_dir(backup.path(), self.dir.path());
        }
        (self.active, self.forked) = (self.home.activation().exists(), true);
        self.note_papers(now);
    }

    /// Removes all that is in the state directory.
    pub(crate) fn empty(&self) {
        for entry in fs::read_dir(self.dir.path()).expect("it is there").flatten() {
            let path = entry.path();
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.expect("a temporary directory can be emptied");
        }
    }

    pub(crate) fn set_clock(&mut self, wrong_by: SignedDuration, now: Timestamp) {
        self.wrong_by = wrong_by;
        self.clock.set(now + wrong_by);
    }
}

fn config(is_checked: bool) -> Config {
    let check = format!(
        "[[check]]\nname = '{CHECK}'\ntype = 'plugin'\ncommand = ['/x']\ninterval_s = 600\nenabled = {is_checked}\n"
    );
    config_file::parse(Path::new("agent.toml"), &format!("{CONFIG}{check}"))
        .expect("the configuration is right")
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
