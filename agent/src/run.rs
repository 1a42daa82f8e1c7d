//! The agent itself: one step at a time, from what is due to what was sent.
//!
//! [`Agent::step`] begins the checks that are due, composes every report that is, sends at most one, and says when to come again. It
//! never sleeps, never reads the clock and can be killed at any point: what it knows lies in the state directory. What fails is
//! logged, named in the next report and in `status`, and tried again; nothing here panics or gives up.

mod answering;
mod checking;
mod composing;
mod due;
mod error;
mod framing;
mod notes;
mod requests;
mod resending;
mod routing;
mod sending;
mod settling;
mod standing;
mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use composing::Preview;
pub use error::StepError;
use notes::Notes;
pub use requests::{Answer, Request, Requests};
use standing::{Stamp, Standing};

use crate::compose::Desk;
use crate::config::Config;
use crate::home::Home;
use crate::identity::{Entropy, draw};
use crate::redact::pseudonym::Pseudonyms;
use crate::render::Renderer;
use crate::route::Post;
use crate::route::rests::Rests;
use crate::route::retry::{self, Tries};
use crate::schedule;
use crate::sense::{HostFacts, Senses};
use crate::spool::{self, Entry};
use crate::state::State;

/// When this program was made, or a little before: a clock behind it is not set. Packages are made with the time of their commit.
pub const BUILD_TIME: &str = match option_env!("MAILBEAT_BUILD_TIME") {
    Some(time) => time,
    None => "2026-01-01T00:00:00Z",
};

/// How long at least until a report that could not be put away is tried again, however often heartbeats come: each attempt costs a disk
/// something that is in trouble already.
const BREATH: SignedDuration = SignedDuration::from_secs(5);

/// What an agent is made of; a simulation puts its own in.
pub struct Parts {
    /// Where its state lies.
    pub home: Home,
    /// What its administrator decided.
    pub config: Config,
    /// Its host.
    pub senses: Box<dyn Senses>,
    /// Its mail servers.
    pub post: Box<dyn Post>,
    /// Its randomness.
    pub entropy: Entropy,
}

/// The agent. Whoever makes one must hold the state directory's lock.
pub struct Agent {
    home: Home,
    config: Config,
    senses: Box<dyn Senses>,
    post: Box<dyn Post>,
    entropy: Entropy,
    renderer: Renderer,
    build_time: Timestamp,
    standing: Option<Standing>,
    /// What the identity and activation files looked like when they were read.
    stamp: Option<Stamp>,
    state: State,
    queue: Vec<Entry>,
    /// The checks that were begun and have not come to their end.
    running: BTreeSet<String>,
    /// Whether it begins any: only who stays can wait for their end.
    begins_checks: bool,
    /// Whether the queue may have come over its limits.
    grown: bool,
    tries: Tries,
    rests: Rests,
    stalled: due::Stalled,
    /// Decided reports whose end could not be written down yet: they must not be sent again.
    undecided: Vec<settling::Decided>,
    /// The reports that could not be read or put away, and why. Said as long as it lasts.
    hindered: BTreeMap<u64, String>,
    /// Why the trail is larger than it may be. Said as long as it lasts.
    overgrown: Option<String>,
    /// What the next heartbeat must say once.
    notes: Notes,
    /// Since when the clock is behind what it said before.
    doubted_since: Option<Timestamp>,
    /// What went wrong in the last step.
    trouble: Vec<String>,
}

/// One part of a step: does what it can, and says when it has something to do again.
type Part = fn(&mut Agent, Timestamp) -> Result<Timestamp, StepError>;

impl Agent {
    /// Takes up the work where the state directory says it was left: finishes what a crash left half done.
    ///
    /// # Errors
    /// [`StepError`]: the directory cannot be used. Everything else is found out by [`Agent::step`].
    ///
    /// # Panics
    /// Never: the build time is a constant that a test reads.
    pub fn open(parts: Parts) -> Result<Self, StepError> {
        let home = &parts.home;
        let failed = |error| StepError::State { dir: home.dir().to_owned(), error };
        spool::sweep(home).and_then(|()| Requests::of(home).sweep()).map_err(failed)?;
        let newest = spool::newest(home).map_err(failed)?;
        let (state, notes) = State::recover(home, newest).map_err(failed)?;
        for note in &notes {
            tracing::warn!("{note}");
        }
        let queue = spool::queued(home).map_err(failed)?;
        Ok(Self { notes: Notes::of(notes), ..Self::with(parts, state, queue) })
    }

    /// The same for a command that is over soon: it tells the last verdicts and begins no check, which would be left alone.
    #[must_use]
    pub fn for_a_moment(self) -> Self {
        Self { begins_checks: false, ..self }
    }

    /// An agent to look at, beside one that may be running: changes nothing on disk, and must not be stepped.
    ///
    /// # Panics
    /// As [`Agent::open`].
    #[must_use]
    pub fn peek(parts: Parts) -> Self {
        let seen = spool::with_queue(&parts.home, || Ok(State::peek(&parts.home)));
        let (queue, state) = seen.unwrap_or_else(|_| (vec![], State::peek(&parts.home)));
        Self::with(parts, state, queue)
    }

    fn with(parts: Parts, mut state: State, queue: Vec<Entry>) -> Self {
        let Parts { home, config, senses, post, entropy } = parts;
        state.checks.keep_only(&config.check);
        Self {
            renderer: Renderer::new(config.subject, config.encrypt),
            build_time: BUILD_TIME.parse().expect("the build time is a constant that a test reads"),
            home,
            config,
            senses,
            post,
            entropy,
            standing: None,
            stamp: None,
            state,
            queue,
            running: BTreeSet::new(),
            begins_checks: true,
            grown: true,
            tries: Tries::default(),
            rests: Rests::default(),
            stalled: due::Stalled::default(),
            undecided: vec![],
            hindered: BTreeMap::new(),
            overgrown: None,
            notes: Notes::default(),
            doubted_since: None,
            trouble: vec![],
        }
    }

    /// Composes what is due, sends at most one report, and says when the next step is due (now, if there is more to send).
    pub fn step(&mut self, now: Timestamp) -> Timestamp {
        let troubled_before = std::mem::take(&mut self.trouble);
        let steps: [Part; 4] = [Self::take_stock, Self::check_due, Self::compose_due, Self::send_one];
        let mut next = later(now, schedule::LONGEST_SLEEP);
        for step in steps {
            match step(self, now) {
                Ok(due) => next = next.min(due),
                Err(error) => {
                    next = next.min(self.soon(now));
                    self.trouble.push(error.to_string());
                }
            }
        }
        if !self.undecided.is_empty() {
            next = next.min(self.soon(now).max(later(now, BREATH)));
        }
        for why in self.hindered.values().chain(&self.overgrown) {
            if !self.trouble.contains(why) {
                self.trouble.push(why.clone());
            }
        }
        // Said once, not at every step it lasts.
        for trouble in self.trouble.iter().filter(|trouble| !troubled_before.contains(trouble)) {
            tracing::error!("{trouble}");
        }
        next.max(now)
    }

    /// Why the agent does less than it should, if so: for the service manager and `status`.
    #[must_use]
    pub fn trouble(&self) -> &[String] {
        &self.trouble
    }

    /// One line on how it stands, for the service manager.
    #[must_use]
    pub fn summary(&self) -> String {
        if let Some(trouble) = self.trouble.first() {
            return trouble.clone();
        }
        if self.standing.as_ref().is_none_or(|standing| standing.activation.consent.withdrawn_at.is_some()) {
            return "not activated; nothing is sent".into();
        }
        let accepted = match &self.state.last_accepted {
            Some(accepted) => {
                format!("#{} accepted by your mail server at {}", accepted.sequence, accepted.at)
            }
            None => "nothing accepted yet".into(),
        };
        format!("{accepted}; {} waiting", self.queue.len())
    }

    /// The sequences waiting to be sent.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        self.queue.iter().map(|entry| entry.sequence).collect()
    }

    /// What it remembers.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Reads the identity and activation files again if they changed, and finishes what was decided.
    fn take_stock(&mut self, now: Timestamp) -> Result<Timestamp, StepError> {
        self.state.rebase(now);
        self.tries.rebase(now);
        self.rests.rebase(now);
        self.stalled.rebase(now);
        self.reload()?;
        if let Some(standing) = &self.standing {
            self.state.pace =
                self.pace(standing).rebased(self.state.pace, self.mails_at_a_time(standing), now);
        }
        self.settle(now);
        Ok(Timestamp::MAX)
    }

    fn desk<'a>(
        &self,
        standing: &'a Standing,
        host: &'a HostFacts,
        pseudonyms: &'a Pseudonyms,
        state: &'a State,
        now: Timestamp,
    ) -> Desk<'a> {
        Desk {
            identity: &standing.identity,
            activation: &standing.activation,
            state,
            host,
            pseudonyms,
            promise: self.promise(standing),
            locale: self.config.locale_under(&standing.activation.contract),
            config_digest: self.config.digest(standing.identity.fingerprint_key()),
            now,
        }
    }

    fn failed(&self) -> impl Fn(io::Error) -> StepError + use<> {
        let dir = self.home.dir().to_owned();
        move |error| StepError::State { dir: dir.clone(), error }
    }

    /// When to try again what failed here and now.
    fn soon(&mut self, now: Timestamp) -> Timestamp {
        later(now, SignedDuration::try_from(self.delay(1)).unwrap_or_default())
    }

    /// How long to wait after so many failures.
    fn delay(&mut self, failures: u32) -> Duration {
        let interval =
            self.standing.as_ref().map_or(3_600, |standing| self.promise(standing).heartbeat_interval_s);
        retry::delay(failures, interval, u32::from_be_bytes(draw(&mut self.entropy)))
    }
}

/// `at + by`, at most the end of time.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
