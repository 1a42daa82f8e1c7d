//! What the wizard does on the system: commands of this program as the agent's user, files for that user, the service.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use mailbeat_shared::durable::{self, Access};

use crate::home::Home;
use crate::os::Owner;

/// Where systemd is at work (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";
/// The agent's unit.
const UNIT: &str = "mailbeat-agent";

/// Runs this program's commands as whoever owns the agent's state.
pub(super) struct Stage {
    program: PathBuf,
    config: PathBuf,
    state_dir: PathBuf,
    /// The agent's user, where it is another than the one who sets it up.
    agent: Option<Owner>,
}

impl Stage {
    pub(super) fn new(config: &Path, home: &Home) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("where this program is")?;
        let agent = Owner::of(home.dir()).filter(|owner| !owner.is_me());
        Ok(Self { program, config: config.to_owned(), state_dir: home.dir().to_owned(), agent })
    }

    /// Runs a command before the person's eyes; whether it went well.
    pub(super) fn run(&self, args: &[&str]) -> anyhow::Result<bool> {
        let mut command = Command::new(&self.program);
        command.args(args).arg("--config").arg(&self.config);
        if let Some(agent) = &self.agent {
            agent.become_in(&mut command);
        }
        let status = command.status().with_context(|| format!("running {}", self.program.display()))?;
        Ok(status.success())
    }

    /// Gives a file to the agent's user.
    pub(super) fn give(&self, file: &Path) -> io::Result<()> {
        self.agent.as_ref().map_or(Ok(()), |agent| agent.give(file))
    }

    /// The file where the agent's user can read it, for as long as what is returned is kept.
    pub(super) fn lend(&self, file: &Path) -> anyhow::Result<Lent> {
        if self.agent.is_none() {
            return Ok(Lent { path: file.to_owned(), copied: false });
        }
        let bytes = fs::read(file).with_context(|| file.display().to_string())?;
        let path = self.state_dir.join("setup.contract");
        durable::replace(&path, &bytes, Access::Private)
            .and_then(|()| self.give(&path))
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(Lent { path, copied: true })
    }
}

/// A file lent to the agent's user.
pub(super) struct Lent {
    path: PathBuf,
    copied: bool,
}

impl Lent {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.copied {
            let _ = fs::remove_file(&self.path); // it holds a secret, and it lies among others
        }
    }
}

/// Replaces a file by one that belongs to the same and may be read by the same.
pub(super) fn replace_alike(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let Ok(before) = fs::metadata(path) else { return durable::replace(path, bytes, Access::Shared) };
    let owner = Owner::of(path);
    durable::replace(path, bytes, Access::Private)?;
    if let Some(owner) = owner {
        owner.give(path)?;
    }
    fs::set_permissions(path, before.permissions())
}

/// Whether services are systemd's here.
pub(super) fn has_services() -> bool {
    Path::new(SYSTEMD).is_dir()
}

/// Starts the service, now and with the host.
pub(super) fn start_service() -> Result<(), String> {
    let mut command = Command::new("systemctl");
    command.args(["enable", "--now", UNIT]).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("systemctl: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
