//! Whose a file is, and being that user for a command.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// A user with a group, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// The owner of a file that is there.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self { user: metadata.uid(), group: metadata.gid() })
    }

    /// Whether this process runs as the user.
    #[must_use]
    pub fn is_me(self) -> bool {
        rustix::process::geteuid().as_raw() == self.user
    }

    /// Gives the owner a file.
    ///
    /// # Errors
    /// What the file system said; only root may do this.
    pub fn give(self, path: &Path) -> io::Result<()> {
        chown(path, Some(self.user), Some(self.group))
    }

    /// Lets a command run as the owner; only root may.
    pub fn become_in(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}
