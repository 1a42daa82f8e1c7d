//! `run`: the only place that sleeps.
//!
//! Between steps it looks every second for requests and for the end (SIGTERM, SIGINT); a step is never cut short. Under
//! systemd it says when it is ready and how it stands, and feeds the watchdog while its steps end. Where the configuration wants
//! it, a goodbye is the last word; it never holds up a shutdown for longer than [`GOODBYE`].

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use super::{Setup, runtime};
use crate::config::Goodbye;
use crate::os;
use crate::route::MailServers;
use crate::run::{Agent, Answer};
use crate::schedule;

/// How often requests and the end are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(5);

pub(super) fn run(setup: &Setup) -> anyhow::Result<ExitCode> {
    setup.home.prepare()?;
    let runtime = runtime()?;
    // Before anybody can see that the agent runs, so that whoever asks it to end then is heard.
    let mut end = End::listen(&runtime)?;
    let _lock = setup.home.lock(true)?;
    let mut agent = Agent::open(setup.parts(MailServers::new(Rc::clone(&runtime))))?;
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
        // Sleeps in short pieces: a suspended host wakes late, and requests must not wait.
        loop {
            service::alive();
            let wait = schedule::sleep_until(due, setup.now()).min(LOOK);
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

/// The signals that end the program.
#[cfg(unix)]
struct End {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl End {
    fn listen(runtime: &tokio::runtime::Runtime) -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let _inside = runtime.enter();
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    /// Waits; whether the end was asked for, also during the step before.
    fn within(&mut self, runtime: &tokio::runtime::Runtime, wait: Duration) -> bool {
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = self.term.recv() => true,
                _ = self.int.recv() => true,
                () = tokio::time::sleep(wait) => false,
            }
        })
    }
}

#[cfg(not(unix))]
struct End;

#[cfg(not(unix))]
impl End {
    fn listen(_: &tokio::runtime::Runtime) -> std::io::Result<Self> {
        Ok(Self)
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
