//! Whose a file is, and being that user for a command. Where files have no owner that could be become, everybody is.

use std::io;
use std::path::Path;
use std::process::Command;

/// A user with a group, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    #[cfg(unix)]
    user: u32,
    #[cfg(unix)]
    group: u32,
}

#[cfg(unix)]
impl Owner {
    /// The owner of a file that is there.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path).ok()?;
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
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
    }

    /// Lets a command run as the owner; only root may.
    pub fn become_in(self, command: &mut Command) {
        use std::os::unix::process::CommandExt as _;
        command.uid(self.user).gid(self.group);
    }
}

/// On Windows everything belongs to whoever runs the program, as far as it can see.
#[cfg(not(unix))]
impl Owner {
    /// Nobody in particular.
    #[must_use]
    pub fn of(_: &Path) -> Option<Self> {
        None
    }

    /// Always.
    #[must_use]
    pub fn is_me(self) -> bool {
        true
    }

    /// Nothing is given.
    ///
    /// # Errors
    /// None.
    pub fn give(self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Nobody else is become.
    pub fn become_in(self, _: &mut Command) {}
}
