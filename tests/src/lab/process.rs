//! Servers as child processes that never outlive their test.
//!
//! Each server leads a process group of its own, whose number stands in `pids/NAME` while it runs. A guardian, a
//! shell that waits for our end of a pipe to close, kills those groups and removes the directory: the same way
//! whether the lab was dropped or the test process was killed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use super::ports::Block;

/// One server: how it is started, and the process while it runs.
#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    package: &'static str,
    command: Vec<String>,
    leads_itself: bool,
    root: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Server {
    pub(super) fn new(root: &Path, name: &'static str, package: &'static str, command: &[&str]) -> Self {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        Self { name, package, command, leads_itself: false, root: root.to_owned(), child: Mutex::default() }
    }

    /// The program makes a process group of its own, and refuses to start when somebody did it before.
    pub(super) fn leading_itself(mut self) -> Self {
        self.leads_itself = true;
        self
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        self.root.join("pids").join(self.name)
    }

    /// What it prints.
    pub(super) fn log_file(&self) -> PathBuf {
        self.root.join("log").join(format!("{}-start.log", self.name))
    }

    /// Starts the program in the foreground, in its own process group, with its output in `log/`. Does nothing when it
    /// runs already.
    pub(super) fn start(&self) -> anyhow::Result<()> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if child.is_some() {
            return Ok(());
        }
        let log = fs::File::create(self.log_file())?;
        // Every daemon must lose our own output: whoever reads a test's output to its end would wait for the servers.
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if !self.leads_itself {
            command.process_group(0);
        }
        let started =
            command.spawn().map_err(|error| super::missing(&self.command[0], self.package, &error))?;
        fs::write(self.pid_file(), started.id().to_string())?;
        *child = Some(started);
        Ok(())
    }

    /// Asks the server to end (SIGTERM), and makes it after two seconds: Dovecot waits ten for clients in IDLE. Does
    /// nothing when it does not run.
    pub(super) fn stop(&self) -> anyhow::Result<()> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut running) = child.take() else { return Ok(()) };
        let pid = Pid::from_child(&running);
        kill_process(pid, Signal::TERM).with_context(|| format!("{} does not run any more", self.name))?;
        let asked = Instant::now();
        while running.try_wait()?.is_none() && asked.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(10));
        }
        // The leader may be gone and its children not; they hold its ports until they are, too.
        let _ = kill_process_group(pid, Signal::KILL);
        running.wait()?;
        while test_kill_process_group(pid).is_ok() && asked.elapsed() < Duration::from_secs(4) {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(fs::remove_file(self.pid_file())?)
    }

    /// Asks the server to read its configuration anew (SIGHUP).
    pub(super) fn reload(&self) -> anyhow::Result<()> {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let running = child.as_ref().with_context(|| format!("{} does not run", self.name))?;
        Ok(kill_process(Pid::from_child(running), Signal::HUP)?)
    }

    /// Whether the process is there.
    pub(super) fn is_running(&self) -> bool {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.as_mut().is_some_and(|running| matches!(running.try_wait(), Ok(None)))
    }

    /// Takes note of the death the guardian brought.
    pub(super) fn bury(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut dead) = child.take() {
            let _ = dead.wait();
        }
    }
}

/// The shell that cleans up after us.
#[derive(Debug)]
pub(super) struct Guardian(Child);

impl Guardian {
    const SCRIPT: &'static str = r#"read -r word
cd "$1" || exit 0
for file in pids/*; do [ -f "$file" ] && kill -s KILL -- "-$(cat "$file")"; done 2>/dev/null
cd / && [ "$word" = keep ] || rm -rf -- "$1""#;

    pub(super) fn over(root: &Path) -> anyhow::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", Self::SCRIPT, "guardian"]).arg(root).stdin(Stdio::piped());
        // An own group: Ctrl-C on the test must not take the guardian with it.
        let shell = shell.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
        Ok(Self(shell.context("sh")?))
    }

    /// Kills the servers now, and removes the directory unless it is to be kept.
    pub(super) fn finish(&mut self, keep: bool) {
        if let Some(mut pipe) = self.0.stdin.take() {
            let _ = std::io::Write::write_all(&mut pipe, if keep { b"keep\n" } else { b"remove\n" });
        }
        let _ = self.0.wait();
    }
}

/// Where a server that stands by itself has its files and its ports.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
    block: Block,
    guardian: Guardian,
}

impl Place {
    /// A directory for temporary files, readable for everybody, with `log/` and `pids/`.
    pub(super) fn make(what: &str) -> anyhow::Result<Self> {
        let block = Block::reserve()?;
        let root = tempfile::Builder::new().prefix(&format!("mailbeat-{what}-")).tempdir()?.keep();
        let guardian = Guardian::over(&root)?;
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755))?;
        for dir in ["log", "pids"] {
            fs::create_dir(root.join(dir))?;
        }
        Ok(Self { root, block, guardian })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn port(&self, number: u16) -> u16 {
        self.block.port(number)
    }

    /// Ends the servers and removes their files, unless `MAILBEAT_KEEP_LAB` is set.
    pub(super) fn close<'a>(&mut self, servers: impl IntoIterator<Item = &'a Server>) {
        self.guardian.finish(std::env::var_os("MAILBEAT_KEEP_LAB").is_some());
        servers.into_iter().for_each(Server::bury);
    }
}
