//! A host without a package: configuration, states and own programs of its own, and somebody who answers for systemd.
//!
//! What is run on it is in a mount namespace, where copies and empty directories lie over `/etc`, `/var/lib`, `/usr/local/bin` and
//! `/root`; nothing changes for anybody else. `systemctl` is a stand-in: it writes down how it was called, knows the units in
//! `/etc/systemd/system`, and starts what a unit says as the user it says. Its fences it does not build; what systemd makes of
//! the unit is asked of `systemd-analyze`. Needs root with CAP_SYS_ADMIN.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::programs::{Build, Program, copy_program, file};

/// Puts this host over the machine's own, and becomes the program. `$0` is the host's directory, `$1` whether systemd is there.
const ENTER: &str = r#"set -e
mount --bind "$0/etc" /etc; mount --bind "$0/states" /var/lib
mount --bind "$0/programs" /usr/local/bin; mount --bind "$0/root" /root
mkdir -p /run/systemd; mount -t tmpfs none /run/systemd; [ "$1" = no ] || mkdir /run/systemd/system
shift; cd /root; PATH="$0/bin:/usr/local/bin:$PATH" exec "$@""#;

const SYSTEMCTL: &str = r#"#!/bin/sh
here=$(dirname "$(dirname "$0")")
for unit; do :; done
unit=/etc/systemd/system/${unit%.service}.service
case $1 in
cat) [ -e "$unit" ] || { echo "No files found for $unit." >&2; exit 1; } ;;
*)
    echo "$@" >>"$here/systemctl.log"
    [ "$1 $2" = "enable --now" ] || exit 0
    says() { sed -n "s|^$1=||p" "$unit"; }
    runuser -u "$(says User)" -- env $(says Environment) $(says ExecStart) >"$here/service.log" 2>&1 &
    echo $! >"$here/service.pid"
    ;;
esac
"#;

/// The host; what its service runs ends when it is dropped.
#[derive(Debug)]
pub struct BareHost {
    dir: TempDir,
}

impl BareHost {
    /// A host with this program in `/root`, where its administrator copied it to.
    ///
    /// # Errors
    /// The program was not built; what the file system said.
    pub fn with(program: Program) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("mailbeat-bare-").tempdir()?;
        let host = Self { dir };
        host.mode("", 0o755)?;
        for (name, mode) in [("states", 0o755), ("programs", 0o755), ("root", 0o700), ("bin", 0o755)] {
            fs::create_dir(host.path(name))?;
            host.mode(name, mode)?;
        }
        let copied = Command::new("cp").arg("-a").arg("/etc").arg(host.path("etc")).status()?;
        ensure!(copied.success(), "/etc cannot be copied");
        for unit in ["mailbeat-agent.service", "mailbeat-receiver.service"] {
            ensure!(
                !host.path("etc/systemd/system").join(unit).exists(),
                "{unit} is installed on this machine"
            );
        }
        fs::create_dir_all(host.path("etc/systemd/system"))?;
        fs::write(host.path("bin/systemctl"), SYSTEMCTL)?;
        host.mode("bin/systemctl", 0o755)?;
        let built = file(program, Build::Ordinary)?;
        copy_program(&built, &host.path("root").join(built.file_name().context("a program has a name")?))?;
        Ok(host)
    }

    /// A path on the host, seen from outside.
    #[must_use]
    pub fn path(&self, inside: &str) -> PathBuf {
        self.dir.path().join(inside)
    }

    fn mode(&self, inside: &str, mode: u32) -> anyhow::Result<()> {
        Ok(fs::set_permissions(self.path(inside), fs::Permissions::from_mode(mode))?)
    }

    /// The words before a command's own to run it there, with systemd or without.
    ///
    /// # Errors
    /// The host's path is not UTF-8.
    pub fn enter(&self, systemd: bool) -> anyhow::Result<Vec<String>> {
        let dir = self.dir.path().to_str().context("a path in UTF-8")?;
        let systemd = if systemd { "yes" } else { "no" };
        Ok(["unshare", "--mount", "--", "sh", "-c", ENTER, dir, systemd].map(str::to_owned).to_vec())
    }

    /// A command there, where systemd is at work.
    ///
    /// # Errors
    /// As [`BareHost::enter`].
    pub fn command(&self, command: &[&str]) -> anyhow::Result<Command> {
        let words = self.enter(true)?;
        let mut entered = Command::new(&words[0]);
        entered.args(&words[1..]).args(command).env_remove("SUDO_USER");
        Ok(entered)
    }

    /// How `systemctl` was called, but for looks at a unit.
    #[must_use]
    pub fn called(&self) -> String {
        fs::read_to_string(self.path("systemctl.log")).unwrap_or_default()
    }

    /// The number of a user that was made there.
    ///
    /// # Errors
    /// There is none.
    pub fn user(&self, name: &str) -> anyhow::Result<u32> {
        let users = fs::read_to_string(self.path("etc/passwd"))?;
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")));
        Ok(line.and_then(|line| line.split(':').nth(2)).context("no such user")?.parse()?)
    }

    /// Who runs the service's program, by the kernel's word: the users of all processes started from this file.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub fn runs(&self, program: &Path) -> anyhow::Result<Vec<u32>> {
        use std::os::unix::fs::MetadataExt as _;
        let wanted = fs::metadata(program)?;
        let is_it = |process: &PathBuf| {
            fs::metadata(process.join("exe"))
                .is_ok_and(|found| (found.dev(), found.ino()) == (wanted.dev(), wanted.ino()))
        };
        let processes = fs::read_dir("/proc")?.flatten().map(|process| process.path()).filter(is_it);
        Ok(processes.filter_map(|process| Some(fs::metadata(process).ok()?.uid())).collect())
    }

    /// What the service said.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("service.log")).unwrap_or_default()
    }
}

impl Drop for BareHost {
    fn drop(&mut self) {
        let Ok(pid) = fs::read_to_string(self.path("service.pid")) else { return };
        // It is `runuser`, which hands the signal on.
        let pid = pid.trim().parse().ok().and_then(rustix::process::Pid::from_raw);
        let _ = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
    }
}
