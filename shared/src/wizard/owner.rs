//! Whose a file is, and being that user for a command. Where files have no owner that could be become, everybody is.

use std::io;
use std::path::{Path, PathBuf};
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

    /// Whether this process may do everything.
    #[must_use]
    pub fn is_root() -> bool {
        rustix::process::geteuid().is_root()
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

/// The first place on the way to a path, itself included, that users other than its owner may not enter or, for a file, read
/// and run.
#[cfg(unix)]
#[must_use]
pub fn closed_at(path: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut on_the_way: Vec<&Path> = path.ancestors().collect();
    on_the_way.reverse();
    let is_closed = |path: &&Path| {
        let metadata = std::fs::metadata(path).ok();
        let needed = |is_dir| if is_dir { 0o001 } else { 0o005 };
        metadata.is_some_and(|found| {
            found.permissions().mode() & needed(found.is_dir()) != needed(found.is_dir())
        })
    };
    on_the_way.into_iter().find(is_closed).map(Path::to_owned)
}

/// Nothing is closed, as far as it can be seen.
#[cfg(not(unix))]
#[must_use]
pub fn closed_at(_: &Path) -> Option<PathBuf> {
    None
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

    /// Never.
    #[must_use]
    pub fn is_root() -> bool {
        false
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
