//! A host as its agent sees it: which units run, which programs there are, how much memory is in use.
//!
//! The agent is started in a mount namespace of its own, where the programs of the stage lie over `/usr/bin` and a file of the stage over
//! `/proc/meminfo`; nothing changes for anybody else. What answers for systemd is a fake: a unit is a process number in a file, and it
//! runs as long as that process does. Needs root with CAP_SYS_ADMIN, as [`crate::disk::Disk`] does.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use crate::programs::copy_program;

const SYSTEMCTL: &str = include_str!("../fixtures/systemctl");
/// Puts the stage over the host's own, and becomes the program.
const ENTER: &str = r#"mount -t overlay overlay -o "lowerdir=$0/bin:/usr/bin" /usr/bin &&
mount --bind "$0/meminfo" /proc/meminfo && exec "$@""#;

/// What lies over the host's own.
#[derive(Debug)]
pub struct Stage {
    dir: PathBuf,
}

impl Stage {
    /// A host without units, a third of its memory in use and none of its swap.
    ///
    /// # Errors
    /// What the file system said.
    pub fn set(dir: &Path) -> anyhow::Result<Self> {
        let stage = Self { dir: dir.to_owned() };
        for name in ["bin", "units"] {
            fs::create_dir_all(dir.join(name))?;
        }
        let units = dir.join("units").display().to_string();
        stage.program("systemctl", &SYSTEMCTL.replace("@UNITS@", &units))?;
        fs::write(dir.join("meminfo"), meminfo(33, 0))?;
        Ok(stage)
    }

    /// Puts a program over what is in `/usr/bin`.
    ///
    /// # Errors
    /// What the file system said.
    pub fn program(&self, name: &str, script: &str) -> anyhow::Result<()> {
        let path = self.dir.join("bin").join(name);
        fs::write(&path, script)?;
        Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
    }

    /// There is this unit, and it runs as long as the process does whose number is in this file.
    ///
    /// # Errors
    /// What the file system said.
    pub fn unit(&self, name: &str, pid_file: &Path) -> anyhow::Result<()> {
        Ok(symlink(pid_file, self.dir.join("units").join(name))?)
    }

    /// There is this unit, and it runs a program that does nothing.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn idle_unit(&self, name: &str) -> anyhow::Result<Idler> {
        let idler = Idler::new(&self.dir.join("idle").join(name))?;
        self.unit(name, &idler.pid_file())?;
        Ok(idler)
    }

    /// From now on so many per cent of the memory and of the swap are in use.
    ///
    /// # Errors
    /// What the file system said.
    pub fn uses(&self, memory: u64, swap: u64) -> anyhow::Result<()> {
        // As long as what was there and in one piece, so that nobody reads half of it.
        let mut file = fs::File::options().write(true).open(self.dir.join("meminfo"))?;
        Ok(file.write_all(meminfo(memory, swap).as_bytes())?)
    }

    /// The words that go before a program's own to start it on this stage.
    pub(crate) fn enter(&self) -> anyhow::Result<Vec<String>> {
        let dir = self.dir.to_str().context("a path in UTF-8")?;
        Ok(["unshare", "--mount", "--", "sh", "-c", ENTER, dir].map(str::to_owned).to_vec())
    }
}

/// What the kernel would say, of one million kB each.
fn meminfo(memory: u64, swap: u64) -> String {
    let free = |used: u64| (100 - used) * 10_000;
    let lines = [
        ("MemTotal", 1_000_000),
        ("MemFree", free(memory)),
        ("MemAvailable", free(memory)),
        ("Buffers", 0),
        ("Cached", 0),
        ("SReclaimable", 0),
        ("SwapTotal", 1_000_000),
        ("SwapFree", free(swap)),
    ];
    lines.iter().map(|(name, kib)| format!("{:<16}{kib:>8} kB\n", format!("{name}:"))).collect()
}

/// A program that does nothing, under a name of its own.
#[derive(Debug)]
pub struct Idler {
    program: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Idler {
    /// A running one, whose file is this.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn new(program: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(program.parent().context("a program lies in a directory")?)?;
        copy_program(Path::new("/bin/sleep"), program)?;
        let idler = Self { program: program.to_owned(), child: Mutex::default() };
        idler.start()?;
        Ok(idler)
    }

    /// Where its process number is.
    #[must_use]
    pub fn pid_file(&self) -> PathBuf {
        let name = self.program.file_name().unwrap_or_default().to_string_lossy();
        self.program.with_file_name(format!("{name}.pid"))
    }

    /// Starts it again.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self) -> anyhow::Result<()> {
        let child = Command::new(&self.program).arg("3600").spawn()?;
        fs::write(self.pid_file(), format!("{}\n", child.id()))?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    /// Ends it.
    pub fn stop(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut child) = child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Idler {
    fn drop(&mut self) {
        self.stop();
    }
}
