//! A small disk of its own: full or read-only on demand.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// A tmpfs, or an ext4 in a file; unmounted when dropped.
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

    /// The same as a filesystem that counts as a disk, in a file beside the directory.
    ///
    /// # Errors
    /// As [`Disk::mount`]; or there is no loop device.
    pub fn image(at: &Path, mib: u64) -> anyhow::Result<Self> {
        fs::create_dir_all(at)?;
        let image = at.with_extension("ext4");
        fs::File::create(&image)?.set_len(mib << 20)?;
        let disk = Self(at.to_owned());
        let made =
            Command::new("mkfs.ext4").args(["-q", "-m", "0", "-O", "^has_journal"]).arg(&image).output();
        ensure!(made.context("mkfs.ext4 (Debian package: e2fsprogs)")?.status.success(), "mkfs.ext4 failed");
        let image = image.to_str().context("a path in UTF-8")?;
        disk.run(&["mount", "-o", "loop", image])
            .context("a small disk is a file: mounting it needs root and loop devices")?;
        Ok(disk)
    }

    /// Fills it to so many per cent.
    ///
    /// # Errors
    /// It was full before.
    pub fn fill_to(&self, percent: u64) -> anyhow::Result<()> {
        let size = rustix::fs::statvfs(&self.0)?;
        let to_leave = size.f_blocks * (100 - percent) / 100;
        let bytes = size.f_bavail.saturating_sub(to_leave) * size.f_frsize;
        Ok(fs::write(self.filler(), vec![0; usize::try_from(bytes)?])?)
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
