//! A small disk of its own: full or read-only on demand.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// A tmpfs; unmounted when dropped.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts an empty disk of so many MiB on a new directory.
    ///
    /// # Errors
    /// The test may not mount: it has to run as root with CAP_SYS_ADMIN (`docker run --privileged`, or a machine).
    pub fn mount(at: &Path, mib: u32) -> anyhow::Result<Self> {
        fs::create_dir_all(at)?;
        let disk = Self(at.to_owned());
        disk.run(&["mount", "-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).context(
            "a small disk is a tmpfs: mounting it needs root with CAP_SYS_ADMIN, in a container --privileged",
        )?;
        Ok(disk)
    }

    /// Writes until nothing fits any more.
    ///
    /// # Errors
    /// It did not become full.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut file = fs::File::create(self.filler())?;
        for block in [vec![0; 64 * 1024], vec![0; 64]] {
            while file.write_all(&block).is_ok() {
                ensure!(file.metadata()?.len() < 1 << 30, "this is no small disk");
            }
        }
        Ok(())
    }

    /// Makes room again.
    ///
    /// # Errors
    /// It was not full.
    pub fn clear(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    /// Forbids or allows writing, as a file system does that met an error.
    ///
    /// # Errors
    /// Something has a file open for writing.
    pub fn read_only(&self, forbid: bool) -> anyhow::Result<()> {
        self.run(&["mount", "-o", if forbid { "remount,ro" } else { "remount,rw" }])
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    fn run(&self, command: &[&str]) -> anyhow::Result<()> {
        let output = Command::new(command[0]).args(&command[1..]).arg(&self.0).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {}", command.join(" "), said.trim());
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.run(&["umount", "-l"]);
    }
}
