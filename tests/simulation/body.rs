//! What an agent sees of its host, and the way its mails take.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailbeat_agent::check::probe::Sight;
use mailbeat_agent::check::runner::{Ended, Run};
use mailbeat_agent::route::{Post, Route};
use mailbeat_agent::sense::{Files, Found, HostFacts, Inventory, Senses};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::observation::{Observation, attributes, names};
use mailbeat_shared::wire::snapshot::{Encoding, FileEntry, FileState, Snapshot, WatchedFile};

use crate::mail::{MailSystem, Origin, read};
use crate::model::Said;
use crate::papers::Term;
use crate::vouching::Vouching;

/// What the agent sees of its host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) files: Snapshot,
    /// In percent; 0: no disk.
    pub(crate) disk: u8,
    pub(crate) uptime: SignedDuration,
    pub(crate) boots: u32,
    /// What its check says, and since when there is none, in true time.
    pub(crate) check: Said,
    pub(crate) gone_since: Option<Timestamp>,
    /// What it says at its next run alone.
    pub(crate) blip: Option<Said>,
    /// What it said that was not Ok, and when, in true time: a heartbeat must tell it.
    pub(crate) said: Vec<(Timestamp, Said)>,
    /// Runs that were begun and have not ended.
    pub(crate) begun: Vec<Run>,
}

impl Body {
    pub(crate) fn change_file(&mut self, file: u8, content: u8) {
        let path = format!("/etc/app/{file}.conf");
        if content == 0 {
            self.files.remove(&path);
        } else {
            let text = format!("# configuration {file}\nvalue = {content}\n");
            self.files.insert(path.clone(), text_file(path, text));
        }
    }
}

/// The two doors of the agent.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) host: usize,
    pub(crate) body: Rc<RefCell<Body>>,
    pub(crate) mail: Rc<RefCell<MailSystem>>,
    pub(crate) clock: Clock,
    /// When the reports were made that may still be sent, in true time.
    pub(crate) made: Rc<RefCell<BTreeMap<Digest, Timestamp>>>,
    /// The terms the agent works under, and since when, in true time.
    pub(crate) papers: Rc<RefCell<Vec<(Timestamp, Term)>>>,
    pub(crate) vouching: Rc<RefCell<Vouching>>,
}

impl Doors {
    /// The doors of a copy: what was is the same, what comes is its own.
    pub(crate) fn copied(&self, host: usize, body: Rc<RefCell<Body>>, clock: Clock) -> Self {
        Self {
            host,
            body,
            mail: Rc::clone(&self.mail),
            clock,
            made: Rc::new(RefCell::new(self.made.borrow().clone())),
            papers: Rc::new(RefCell::new(self.papers.borrow().clone())),
            vouching: Rc::new(RefCell::new(self.vouching.borrow().clone())),
        }
    }

    /// The terms that were in force then.
    fn term_at(&self, at: Timestamp) -> Term {
        let papers = self.papers.borrow();
        let then = papers.iter().rev().find(|(since, _)| *since < at).or(papers.first());
        then.expect("who sends was activated").1
    }
}

impl Senses for Doors {
    fn host(&mut self) -> HostFacts {
        let body = self.body.borrow();
        HostFacts {
            name: format!("host-{}", self.host),
            uptime_s: body.uptime.as_secs().unsigned_abs(),
            boot_id: format!("boot-{}", body.boots),
            machine_id: Some("machine".into()),
            ..HostFacts::default()
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

    fn begin_check(&mut self, run: Run) {
        self.body.borrow_mut().begun.push(run);
    }

    fn ended_checks(&mut self, _: &[u8; 32], _: Duration) -> Vec<Ended> {
        let (mut body, now) = (self.body.borrow_mut(), self.mail.borrow().now);
        let begun = std::mem::take(&mut body.begun);
        let end = |run: Run| {
            let says = body.blip.take().unwrap_or(body.check);
            let state = says.verdict()?;
            if says != Said::Ok {
                body.said.push((now, says));
            }
            let sight = Sight { state, ..Sight::ok(format!("orders: {says:?}")) };
            Some(Ended { name: run.name, sight, memory: Some(run.memory) })
        };
        begun.into_iter().filter_map(end).collect()
    }
}

impl Post for Doors {
    fn send(&mut self, _: &Route, _: &str, mail: &[u8], _: &str) -> Outcome {
        let mut system = self.mail.borrow_mut();
        let digest = Digest::of(&read(mail).encode());
        let made_at = *self.made.borrow_mut().entry(digest).or_insert(system.now);
        let origin = Origin {
            made_at,
            made_under: self.term_at(made_at),
            sent_under: self.term_at(system.now),
            sent_at: self.clock.now(),
        };
        let spoken = self.vouching.borrow_mut().speak(mail);
        system.submit(self.host, spoken.as_deref().unwrap_or(mail), origin)
    }

    fn size_limit(&mut self, _: &Route) -> Option<u64> {
        None
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
