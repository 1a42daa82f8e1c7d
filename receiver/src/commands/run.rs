//! `run`: everything, until SIGTERM or SIGINT.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use mailbeat_shared::clock::Clock;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Desk;
use crate::keyring::Keyring;
use crate::run::Receiver;
use crate::store::StoreHandle;

/// Runs the loops; ends cleanly when told to.
pub(super) fn run(desk: Desk, observe: bool) -> anyhow::Result<()> {
    start_log();
    let _only = only_one(&desk.config.state_dir.join("receiver.lock"))?;
    let rules = desk.config.load_rules()?;
    let keyring = Keyring::load(&desk.config.encryption_keys())?;
    let store = StoreHandle::spawn(desk.store()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let (stop, stopping) = watch::channel(false);
        let mailboxes: Vec<&str> = desk.config.mailboxes.iter().map(|mailbox| mailbox.name()).collect();
        tracing::info!(?mailboxes, observe, version = env!("CARGO_PKG_VERSION"), "running");
        let receiver =
            Receiver::new(desk.config.clone(), rules, keyring, store, Clock::system(), observe, stopping);
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            tracing::info!("stopping");
            tell_init(sd_notify::NotifyState::Stopping);
            let _ = stop.send(true); // nobody listens any more: all have stopped
        });
        tell_init(sd_notify::NotifyState::Ready);
        let alive = || tell_init(sd_notify::NotifyState::Watchdog);
        receiver.run(alive).await.with_context(|| desk.config.state_dir.display().to_string())?;
        anyhow::Ok(())
    })
}

/// Where there is no init system that listens, there is nothing to tell.
fn tell_init(state: sd_notify::NotifyState<'_>) {
    let _ = sd_notify::notify(&[state]);
}

fn start_log() {
    let level = std::env::var("MAILBEAT_LOG")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(tracing::Level::INFO);
    let under_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_writer(std::io::stderr);
    // The journal has its own clock.
    if under_systemd { log.without_time().init() } else { log.init() }
}

/// Holds the lock as long as the file is open; two receivers on one database would read every mail twice.
fn only_one(path: &Path) -> anyhow::Result<File> {
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    if file.try_lock().is_err() {
        let mut pid = String::new();
        let _ = file.read_to_string(&mut pid); // only to say who it is
        bail!(
            "another mailbeat-receiver (pid {}) runs with {}; stop it first",
            pid.trim(),
            path.parent().unwrap_or(path).display()
        );
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}
