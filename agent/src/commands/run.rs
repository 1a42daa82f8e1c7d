//! `run`: the only place that sleeps.
//!
//! Between steps it waits for requests and for the end (SIGTERM, SIGINT); a step is never cut short. Under
//! systemd it says when it is ready and how it stands, and feeds the watchdog while its steps end. Where the configuration wants
//! it, a goodbye is the last word; it never holds up a shutdown for longer than [`GOODBYE`].

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use super::{Setup, runtime};
use crate::config::Goodbye;
use crate::home::Home;
use crate::os;
use crate::route::MailServers;
use crate::run::{Agent, Answer};
use crate::schedule;

/// How often requests and changed files are looked for where nobody tells of them.
const LOOK: Duration = Duration::from_secs(1);
/// The same where the system tells of them. A host that was suspended wakes so late.
#[cfg(unix)]
const LOOK_TOLD: Duration = Duration::from_secs(15);
/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(5);

pub(super) fn run(setup: &Setup) -> anyhow::Result<ExitCode> {
    setup.home.prepare()?;
    let runtime = runtime()?;
    // Before anybody can see that the agent runs, so that whoever asks it to end then is heard.
    let mut end = End::listen(&runtime)?;
    let _lock = setup.home.lock(true)?;
    end.listen_for_changes(&setup.home);
    let mut agent = Agent::open(setup.parts(MailServers::new(Rc::clone(&runtime)).saying(service::alive)))?;
    tracing::info!("running with the state in {}", setup.home.dir().display());
    service::ready();
    let mut said = String::new();
    loop {
        let due = agent.step(setup.now());
        let summary = agent.summary();
        if summary != said {
            service::status(&summary);
            said = summary;
        }
        // Sleeps in pieces: a suspended host wakes late, and requests must not wait.
        loop {
            service::alive();
            let wait = schedule::sleep_until(due, setup.now()).min(end.look());
            if end.within(&runtime, wait) {
                service::stopping();
                say_goodbye(setup, &mut agent);
                tracing::info!("stopped; {} reports wait in the queue", agent.waiting().len());
                return Ok(ExitCode::SUCCESS);
            }
            let asked = agent.answer_requests(setup.now()).unwrap_or_else(|error| {
                tracing::error!("requests: {error}");
                false
            });
            if asked || agent.is_out_of_date() || setup.now() >= due {
                break;
            }
        }
    }
}

/// Tells the vendor that silence is meant, where that is configured. When the time is over the process ends where it stands:
/// a crash at any point is harmless, and a notice that was not sent waits in the queue.
fn say_goodbye(setup: &Setup, agent: &mut Agent) {
    if setup.config.goodbye == Goodbye::Never {
        return;
    }
    std::thread::spawn(|| {
        std::thread::sleep(GOODBYE);
        tracing::warn!("the goodbye was not accepted within {} s; it waits in the queue", GOODBYE.as_secs());
        std::process::exit(0);
    });
    if setup.config.goodbye == Goodbye::Always || os::system_is_stopping() {
        match agent.say_goodbye(setup.now()) {
            Answer::Queued(sequence) if agent.waiting().contains(&sequence) => {
                tracing::warn!("#{sequence}, the goodbye, waits in the queue");
            }
            Answer::Queued(sequence) => tracing::info!("#{sequence}: said goodbye"),
            other => tracing::warn!("no goodbye: {other:?}"),
        }
    }
}

/// What ends the program, or wakes it early.
#[cfg(unix)]
struct End {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    changes: Option<os::Stirring>,
}

#[cfg(unix)]
impl End {
    fn listen(runtime: &tokio::runtime::Runtime) -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let _inside = runtime.enter();
        let (term, int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { term, int, changes: None })
    }

    /// From now on is woken by requests and by what other commands write.
    fn listen_for_changes(&mut self, home: &Home) {
        let (requests, tokens) = (home.requests(), home.tokens());
        let changes = os::Stirring::of(&[home.dir(), &requests, &tokens]);
        self.changes =
            changes.inspect_err(|error| tracing::debug!("requests are looked for each second: {error}")).ok();
    }

    fn look(&self) -> Duration {
        if self.changes.is_some() { LOOK_TOLD } else { LOOK }
    }

    /// Waits, at most so long; whether the end was asked for, also during the step before.
    fn within(&mut self, runtime: &tokio::runtime::Runtime, wait: Duration) -> bool {
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = self.term.recv() => true,
                _ = self.int.recv() => true,
                () = told(self.changes.as_ref()) => false,
                () = tokio::time::sleep(wait) => false,
            }
        })
    }
}

/// Completes when something changed, and never where nobody tells.
#[cfg(unix)]
async fn told(changes: Option<&os::Stirring>) {
    match changes {
        Some(changes) => changes.wait().await,
        None => std::future::pending().await,
    }
}

#[cfg(not(unix))]
struct End;

#[cfg(not(unix))]
impl End {
    fn listen(_: &tokio::runtime::Runtime) -> std::io::Result<Self> {
        Ok(Self)
    }

    fn listen_for_changes(&mut self, _: &Home) {}

    fn look(&self) -> Duration {
        LOOK
    }

    fn within(&mut self, runtime: &tokio::runtime::Runtime, wait: Duration) -> bool {
        runtime.block_on(async {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => true,
                () = tokio::time::sleep(wait) => false,
            }
        })
    }
}

/// What the service manager is told; without one nothing happens.
#[cfg(unix)]
mod service {
    use sd_notify::NotifyState::{Ready, Status, Stopping, Watchdog};

    pub(super) fn ready() {
        let _ = sd_notify::notify(&[Ready]);
    }

    pub(super) fn status(text: &str) {
        let _ = sd_notify::notify(&[Status(&mailbeat_shared::text::one_line(text, 300))]);
    }

    pub(super) fn alive() {
        let _ = sd_notify::notify(&[Watchdog]);
    }

    pub(super) fn stopping() {
        let _ = sd_notify::notify(&[Stopping]);
    }
}

#[cfg(not(unix))]
mod service {
    pub(super) fn ready() {}
    pub(super) fn status(_: &str) {}
    pub(super) fn alive() {}
    pub(super) fn stopping() {}
}
