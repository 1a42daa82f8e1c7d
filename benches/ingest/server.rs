//! The private Dovecot with the mails in it: a mailbox to be read, and copies of it for those who change it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use mailbeat_tests::lab::{Lab, Storage, User};

use crate::processor;

/// Whose mailbox is only read.
pub(crate) const READ: &str = "bench";
/// Whose mailbox is emptied by filing and made anew from the other.
pub(crate) const FILED: &str = "filed";

pub(crate) struct Server {
    pub(crate) lab: Lab,
    storage: Storage,
}

impl Server {
    pub(crate) fn start(storage: Storage) -> anyhow::Result<Self> {
        Ok(Self {
            lab: Lab::builder().storage(storage).without_junk().users(&[READ, FILED]).start()?,
            storage,
        })
    }

    pub(crate) fn user(&self, name: &str) -> User {
        self.lab.user(name)
    }

    /// Processor time that the IMAP server and all its processes used so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let [_, imap] = self.lab.pid_files();
        processor::of_group(fs::read_to_string(imap)?.trim().parse()?)
    }

    /// A directory for one contestant's run, on the disk the mails are on.
    pub(crate) fn fresh_dir(&self, name: &str) -> anyhow::Result<PathBuf> {
        let dir = self.lab.dir().join("data").join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// The Maildir in which the mails are made.
    pub(crate) fn spool(&self) -> PathBuf {
        match self.storage {
            Storage::Maildir => self.home(READ).join("Maildir"),
            Storage::Mdbox => self.lab.dir().join("data/composed"),
        }
    }

    fn home(&self, user: &str) -> PathBuf {
        self.lab.dir().join("mail").join(user)
    }

    /// Makes what was composed the content of the mailbox.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        match self.storage {
            Storage::Maildir => run("chown", &["-R", "mail:mail", text(&self.home(READ))]),
            Storage::Mdbox => {
                run("chown", &["-R", "mail:mail", text(&self.spool())])?;
                let config = self.lab.dir().join("etc/imap.conf");
                let from = format!("maildir:{}", self.spool().display());
                let user = self.user(READ).address;
                run("doveadm", &["-c", text(&config), "import", "-u", &user, &from, "", "ALL"])
            }
        }
    }

    /// Gives the mailbox that is filed the same mails again, indexes and all.
    pub(crate) fn refill(&self) -> anyhow::Result<()> {
        let filed = self.home(FILED);
        if filed.exists() {
            fs::remove_dir_all(&filed)?;
        }
        run("cp", &["-a", text(&self.home(READ)), text(&filed)])
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

fn run(program: &str, args: &[&str]) -> anyhow::Result<()> {
    let out = Command::new(program).args(args).output()?;
    ensure!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    Ok(())
}
