//! The loops: one a mailbox that reads and files, one that looks at the clock, one that works off the outbox.
//!
//! They hold no truth: every loop can be killed at any point, and what it knew is in the store. They share the writer's thread,
//! a clock, the rules and a signal to stop. A mailbox that fails, by a panic too, is tried again and stops nobody else.

pub mod clockwork;
mod filing;
pub mod mailing;
pub mod outbox;
mod reading;
mod set_clock;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::transport::oauth::CONSENTED;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::set_clock::SetClock;
use crate::config::Config;
use crate::evaluate::rules::Rules;
use crate::keyring::Keyring;
use crate::mailbox::{ErrorKind, MailboxError, MailboxSettings, backoff, failures_after};
use crate::notify::ping::PingError;
use crate::store::{StoreError, StoreHandle};

/// What all loops share.
#[derive(Debug)]
pub struct Receiver {
    config: Config,
    store: StoreHandle,
    clock: Clock,
    /// When this program began, by a clock that nobody sets.
    begun: Instant,
    set_clock: Mutex<SetClock>,
    observe: bool,
    rules: Mutex<Arc<Rules>>,
    keyring: Arc<Keyring>,
    /// When each mailbox was last read to its end.
    completed: Mutex<BTreeMap<String, Timestamp>>,
    stop: watch::Receiver<bool>,
}

/// Why a loop ended that should not have.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The outgoing ping cannot be set up.
    #[error("[ping]: {0}")]
    Ping(#[from] PingError),
    /// A loop panicked: a defect.
    #[error("a loop ended unexpectedly: {0}")]
    Panicked(String),
}

/// Why a session with a mailbox ended.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Receiver {
    /// A receiver over an open store. `observe`: read and judge, move no mail and tell nobody.
    #[must_use]
    pub fn new(
        config: Config,
        rules: Rules,
        keyring: Keyring,
        store: StoreHandle,
        clock: Clock,
        observe: bool,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let (rules, completed) = (Mutex::new(Arc::new(rules)), Mutex::new(BTreeMap::new()));
        let keyring = Arc::new(keyring);
        let (begun, set_clock) = (Instant::now(), Mutex::default());
        Self { config, store, clock, begun, set_clock, observe, rules, keyring, completed, stop }
    }

    /// Runs all loops until told to stop; a mail being recorded is recorded first.
    ///
    /// # Errors
    /// [`RunError`] where the database refuses: without it nothing can be done, and a restart may help.
    pub async fn run(self, alive: impl Fn() + Send + 'static) -> Result<(), RunError> {
        let receiver = Arc::new(self);
        let mut loops = JoinSet::new();
        for settings in receiver.config.mailboxes.clone() {
            loops.spawn(attend(Arc::clone(&receiver), settings));
        }
        loops.spawn(clockwork::run(Arc::clone(&receiver), alive));
        loops.spawn(outbox::run(Arc::clone(&receiver)));
        while let Some(ended) = loops.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(error),
                Err(panicked) => return Err(RunError::Panicked(panicked.to_string())),
            }
        }
        Ok(())
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring)
    }

    fn set_rules(&self, rules: Rules) {
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Now, where the clock is believed so far that what seems old may be forgotten. Whoever forgets asks each time.
    fn believed_now(&self) -> Option<Timestamp> {
        let (now, running) = (self.now(), self.begun.elapsed());
        let mut clock = self.set_clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.look(now, running);
        clock.is_believed(running).then_some(now)
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Completes when the receiver is told to stop.
    async fn stopping(&self) {
        let mut stop = self.stop.clone();
        // An error means that nobody is left who could say so: that is a stop too.
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Sleeps, and wakes early to stop. True if it is time to stop.
    async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.stopping() => {}
            () = tokio::time::sleep(time) => {}
        }
        self.is_stopping()
    }

    /// Sleeps as [`Receiver::sleep`], and wakes early when somebody signs in to a mail account.
    async fn sleep_unless_signed_in(&self, time: Duration) -> bool {
        let (until, before) = (Instant::now() + time, self.signed_in_at());
        loop {
            let left = until.saturating_duration_since(Instant::now()).min(reading::LONGEST_SLEEP);
            if self.sleep(left).await {
                return true;
            }
            if Instant::now() >= until || self.signed_in_at() != before {
                return false;
            }
        }
    }

    /// The time of the file that says when somebody last signed in.
    fn signed_in_at(&self) -> Option<SystemTime> {
        std::fs::metadata(self.config.tokens().join(CONSENTED)).ok()?.modified().ok()
    }

    fn round_completed(&self, mailbox: &str) {
        let now = self.now();
        self.completed.lock().unwrap_or_else(PoisonError::into_inner).insert(mailbox.to_owned(), now);
    }

    /// The time by which every mailbox was read to its end, if all were.
    fn all_completed(&self) -> Option<Timestamp> {
        let completed = self.completed.lock().unwrap_or_else(PoisonError::into_inner);
        let times: Option<Vec<Timestamp>> =
            self.config.mailboxes.iter().map(|mailbox| completed.get(mailbox.name()).copied()).collect();
        times.and_then(|times| times.into_iter().min())
    }
}

/// Reads one mailbox for ever: connects, reads, and starts again after a failure with growing patience.
async fn attend(receiver: Arc<Receiver>, settings: MailboxSettings) -> Result<(), RunError> {
    let (mut failures, mut asking) = (0, reading::Asking::default());
    while !receiver.is_stopping() {
        let came_further = AtomicBool::new(false);
        let session = reading::session(&receiver, &settings, &mut failures, &came_further, &mut asking);
        let error = match contained(session).await {
            Ok(()) => return Ok(()),
            Err(SessionError::Store(error)) => return Err(error.into()),
            Err(SessionError::Mailbox(error)) => error,
        };
        if error.kind == ErrorKind::SessionExpired && failures == 0 {
            // As often as tokens expire. If the next session fails too, that is trouble.
            tracing::info!(mailbox = settings.name(), "the session ended with its token and is opened again");
            failures = 1;
            continue;
        }
        failures = failures_after(failures, came_further.into_inner());
        tracing::warn!(mailbox = settings.name(), %error, advice = error.advice(), "the mailbox cannot be read");
        reading::note_trouble(&receiver, &settings, &error).await?;
        if receiver.sleep_unless_signed_in(backoff(&error, failures, jitter())).await {
            break;
        }
    }
    Ok(())
}

/// A session whose panic becomes an error: what a server says must not end the reading of all others.
async fn contained(session: impl Future<Output = Result<(), SessionError>>) -> Result<(), SessionError> {
    const WORDS: &str =
        "reading it failed inside this program: a defect; please report it with the lines of the log before";
    let ended = AssertUnwindSafe(session).catch_unwind().await;
    ended.unwrap_or_else(|_| Err(MailboxError::new(ErrorKind::Protocol, WORDS).into()))
}

/// Between 0 and 1, so that many receivers do not knock in step.
fn jitter() -> f64 {
    let mut byte = [0];
    // Without randomness there is no jitter, and nothing worse.
    let _ = getrandom::getrandom(&mut byte);
    f64::from(byte[0]) / 255.0
}

/// The longest time between two rounds when all is well; longer silence of ours is deafness.
fn usual_round(settings: &MailboxSettings) -> SignedDuration {
    SignedDuration::try_from(settings.poll_interval()).unwrap_or(SignedDuration::MAX)
}
