//! What an administrator does about contract and key of a host: the files `activate` judges and writes, and those of the identity.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use mailbeat_agent::activation::permission::{Permission, permission};
use mailbeat_agent::activation::{self, Consent, Pin};
use mailbeat_agent::identity::{self, Identity, draw};
use mailbeat_agent::item::Item;
use mailbeat_agent::run::BUILD_TIME;
use mailbeat_agent::schedule::Slots;
use mailbeat_agent::state::State;
use mailbeat_shared::wire::contract::{Contract, SealedContract};
use mailbeat_shared::wire::signature::SigningKey;

use crate::host::Host;
use crate::world::vendor_key;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// When a contract ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// From then on only heartbeats.
    pub(crate) until: Option<Timestamp>,
    /// From then on nothing.
    pub(crate) end: Option<Timestamp>,
}

impl Term {
    pub(crate) fn of(contract: &Contract) -> Self {
        let grace = DAY * i32::try_from(contract.grace_days).expect("days");
        Self { until: contract.valid_until, end: contract.valid_until.map(|until| until + grace) }
    }

    /// The end with the day on which queues are still emptied.
    pub(crate) fn drained(&self) -> Option<Timestamp> {
        self.end.map(|end| end + DAY)
    }
}

/// What a host says by itself from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Says {
    Nothing,
    Heartbeats,
    Everything,
}

impl Host {
    /// The administrator consents, as `activate` does it with the newest file he was given. A new agent needs the first one
    /// too, which has the secret.
    pub(crate) fn activate(&mut self, newest: &SealedContract, now: Timestamp) {
        if self.active {
            return;
        }
        let kept = activation::secret_is_kept(&self.home, &newest.contract.number);
        let file = if kept { newest.clone() } else { self.contract.clone() };
        if !self.admits(&file) {
            return;
        }
        let mut identity = self.identity();
        identity.begin_life(Some("machine"), &mut self.entropy());
        identity.save(&self.home).expect("a temporary directory can be written");
        let consent = Consent {
            contract: file.contract.number.clone(),
            activated_at: self.clock.now(),
            activated_by: "root".into(),
            consented: Item::ALL.map(|item| item.name().to_owned()).to_vec(),
            added: vec![],
            withdrawn_at: None,
        };
        activation::store(&self.home, &file, Some(&consent)).expect("a temporary directory can be written");
        self.body.borrow_mut().said.clear();
        self.active = true;
        self.note_papers(now);
        if !kept {
            self.take_up(newest, now);
        }
    }

    /// A renewal, where the agent takes it.
    pub(crate) fn take_up(&mut self, file: &SealedContract, now: Timestamp) {
        if self.active && self.admits(file) {
            activation::store(&self.home, file, None).expect("a temporary directory can be written");
            self.note_papers(now);
        }
    }

    fn admits(&self, file: &SealedContract) -> bool {
        let kept = activation::secret_is_kept(&self.home, &file.contract.number);
        let in_force = activation::contract_in_force(&self.home).expect("the contract can be read");
        let in_force = in_force.map(|(contract, _)| contract);
        let last_seen = State::peek(&self.home).last_seen;
        let permission = permission(&file.contract, self.clock.now(), build_time(), last_seen);
        let pin = Pin::Key(vendor_key().public());
        activation::judge(file, Some(&pin), in_force.as_ref(), kept, &permission).is_ok()
    }

    /// The agent sees that its files are others now, however fast this test is; and the test knows what holds since when.
    pub(crate) fn note_papers(&mut self, now: Timestamp) {
        self.lives += 1;
        for path in [self.home.contract(), self.home.identity()] {
            look_changed(&path, self.lives);
        }
        self.wakes_at = now;
        if let Ok(Some((contract, _))) = activation::contract_in_force(&self.home) {
            self.doors.papers.borrow_mut().push((now, Term::of(&contract)));
        }
    }

    /// The host signs with a new key from now on. What is in its queue stays signed with the old one.
    pub(crate) fn new_key(&mut self, vouched: bool, now: Timestamp) {
        let mut identity = self.identity();
        let system = identity.system;
        let key = SigningKey::from_seed(&draw(&mut self.entropy()), &format!("mailbeat {system}"));
        self.keys_before.push(std::mem::replace(&mut identity.key, key.clone()));
        identity.save(&self.home).expect("a temporary directory can be written");
        let old: &[SigningKey] = if vouched { &self.keys_before } else { &[] };
        self.doors.vouching.borrow_mut().vouch(system, &key, old);
        self.note_papers(now);
    }

    /// The agent's state is lost, and somebody sets it up with the SystemId it had; or he asks for another one, as
    /// `identity new` does it.
    pub(crate) fn set_up_anew(&mut self, same_system: bool, newest: &SealedContract, now: Timestamp) {
        if !self.on {
            return;
        }
        self.agent = None;
        self.body.borrow_mut().said.clear();
        let (former, was_active) = (self.identity().system, self.active);
        let mut entropy = self.entropy();
        if same_system {
            self.empty();
            self.home.prepare().expect("a temporary directory can be written");
            self.active = false;
        } else {
            identity::retire(&self.home, former).expect("a temporary directory can be written");
        }
        let wanted = same_system.then_some(former);
        let fresh = Identity::create(wanted, Some("machine"), &mut entropy);
        fresh.save(&self.home).expect("a temporary directory can be written");
        self.home.prepare().expect("a temporary directory can be written");
        self.keys_before.clear();
        if was_active {
            self.activate(newest, now);
        }
        self.note_papers(now);
    }

    /// What can be expected of this host, by its own clock and papers.
    pub(crate) fn says(&self) -> Says {
        let Ok(Some((contract, _))) = activation::contract_in_force(&self.home) else { return Says::Nothing };
        let now = self.clock.now();
        let every = contract.heartbeat_interval_s.default;
        let next = Slots { system: self.identity().system, interval_s: every }.after(now);
        let is_last = Term::of(&contract).end.is_some_and(|end| next >= end);
        match permission(&contract, now, build_time(), None) {
            _ if !self.on || !self.active || is_last => Says::Nothing,
            Permission::Granted => Says::Everything,
            Permission::HeartbeatsOnly { .. } => Says::Heartbeats,
            _ => Says::Nothing,
        }
    }
}

fn build_time() -> Timestamp {
    BUILD_TIME.parse().expect("the build time is a constant")
}

fn look_changed(path: &Path, count: u64) {
    let Ok(file) = fs::File::options().append(true).open(path) else { return };
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(count);
    file.set_modified(time).expect("a temporary file's time can be set");
}
