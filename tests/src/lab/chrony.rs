//! A real chrony that follows a time signal of the story's making and steers no clock (`chronyd -x`).
//!
//! `tests/install-deps.sh` unpacks it into a cache of ours, because installing it would put another keeper of the clock out of its place.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use anyhow::ensure;

use super::INSTALL;
use super::process::{Place, Server};

/// "SOCK", which begins no sample but ends each one.
const MAGIC: i32 = 0x534f_434b;

/// A running chronyd; stopped and removed when dropped.
#[derive(Debug)]
pub struct Timekeeper {
    /// What the signal says: by how many seconds this machine's clock is behind; nothing while it is silent.
    signal: Arc<Mutex<Option<f64>>>,
    server: Server,
    chronyc: PathBuf,
    place: Place,
}

impl Timekeeper {
    /// One that is told that the clock is right.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let place = Place::make("chrony")?;
        let root = place.root().display().to_string();
        let config = format!(
            "refclock SOCK {root}/signal refid TEST poll 0 filter 1\nport 0\ncmdport 0\nbindcmdaddress {root}/run/chronyd.sock\n\
             pidfile {root}/chronyd.pid\n"
        );
        let file = format!("{root}/chrony.conf");
        fs::write(&file, config)?;
        // It believes no socket that everybody could have put there.
        fs::create_dir(place.root().join("run"))?;
        fs::set_permissions(place.root().join("run"), fs::Permissions::from_mode(0o750))?;
        let programs = programs()?;
        let chronyd = programs.join("sbin/chronyd").display().to_string();
        let command = [&chronyd, "-x", "-d", "-f", &file, "-u", "root"];
        let server = Server::new(place.root(), "chrony", "chrony", &command);
        let chronyc = programs.join("bin/chronyc");
        let keeper = Self { signal: Arc::new(Mutex::new(Some(0.0))), server, chronyc, place };
        keeper.server.start()?;
        let (signal, socket) = (Arc::downgrade(&keeper.signal), keeper.place.root().join("signal"));
        std::thread::spawn(move || broadcast(&signal, &socket));
        Ok(keeper)
    }

    /// A program that asks this one as `chronyc` asks the host's own.
    #[must_use]
    pub fn client(&self) -> String {
        let socket = self.place.root().join("run/chronyd.sock");
        format!("#!/bin/sh\nexec {} -h {} \"$@\"\n", self.chronyc.display(), socket.display())
    }

    /// From now on the signal says that this machine's clock is so many seconds behind.
    pub fn signals(&self, seconds: f64) {
        *self.signal.lock().unwrap_or_else(PoisonError::into_inner) = Some(seconds);
    }

    /// Starts anew without a signal, as after a boot without network.
    ///
    /// # Errors
    /// It had died before, or does not start.
    pub fn loses_the_signal(&self) -> anyhow::Result<()> {
        *self.signal.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.server.stop()?;
        self.server.start()
    }
}

impl Drop for Timekeeper {
    fn drop(&mut self) {
        self.place.close([&self.server]);
    }
}

/// Sends four samples a second, as `refclock_sock.c` of chrony reads them, until the keeper is gone.
fn broadcast(signal: &Weak<Mutex<Option<f64>>>, socket: &std::path::Path) {
    let Ok(sender) = UnixDatagram::unbound() else { return };
    while let Some(signal) = signal.upgrade() {
        let offset = *signal.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(offset) = offset {
            // Before it listens, nobody hears.
            let _ = sender.send_to(&sample(offset), socket);
        }
        drop(signal);
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// `struct timeval` of now, the offset of true time from it, pulse, leap, a filler and the magic number.
fn sample(offset: f64) -> Vec<u8> {
    #[allow(clippy::disallowed_methods, reason = "the signal is about the real clock")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let time = [now.as_secs(), u64::from(now.subsec_micros())];
    let mut bytes: Vec<u8> = time.iter().flat_map(|part| part.to_ne_bytes()).collect();
    bytes.extend(offset.to_ne_bytes());
    bytes.extend([0, 0, 0, MAGIC].iter().flat_map(|number| number.to_ne_bytes()));
    bytes
}

/// `sbin/chronyd` and `bin/chronyc` are below it.
fn programs() -> anyhow::Result<PathBuf> {
    let programs = super::cache()?.join("chrony/usr");
    ensure!(programs.join("sbin/chronyd").is_file(), "{} is not there; {INSTALL}", programs.display());
    Ok(programs)
}
