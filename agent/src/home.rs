//! The state directory: which file lies where. `lock` says who may write in it now.
//!
//! It belongs to one agent, mode 0700. Trusts the file system to keep its promises about rename and fsync; fails with the path and
//! what to do.

mod lock;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mailbeat_shared::durable;
use mailbeat_shared::owner::Owner;

pub use lock::{Holder, Lock};

/// The paths of one agent's state.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The directory or something in it cannot be made or written.
    #[error("{path}: {error}; the agent must be able to write there (mkdir -p {path}, and chown it to the agent's user)", path = path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It belongs to somebody else: what this process wrote there, the agent could not read.
    #[error("{path} belongs to user {owner}; run this command as root or as that user: sudo -u '#{owner}' mailbeat-agent ...", path = path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: Owner,
    },
    /// Another instance works here.
    #[error(
        "{path} is in use by {holder}; two agents on one state would contradict each other. Stop the other one first",
        path = path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who, as far as known.
        holder: Holder,
    },
}

impl Home {
    /// The state under this directory; touches nothing.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self(dir.into())
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// Makes the directories that are missing, for the owner only.
    ///
    /// # Errors
    /// [`HomeError::Foreign`] if the directory is another user's, [`HomeError::Unusable`].
    pub fn prepare(&self) -> Result<(), HomeError> {
        if let Some(owner) = Owner::other_than_me(&self.0) {
            return Err(HomeError::Foreign { path: self.0.clone(), owner });
        }
        for dir in [self.0.clone(), self.queue(), self.tmp(), self.trail(), self.requests()] {
            durable::private_dir(&dir)
                .map_err(|error| HomeError::Unusable { path: self.0.clone(), error })?;
        }
        Ok(())
    }

    /// The system's private key, OpenSSH format.
    #[must_use]
    pub fn identity_key(&self) -> PathBuf {
        self.0.join("identity.key")
    }

    /// SystemId, incarnation, machine and fingerprint key.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.0.join("identity.toml")
    }

    /// The sealed contract.
    #[must_use]
    pub fn contract(&self) -> PathBuf {
        self.0.join("contract.toml")
    }

    /// The contract's enrollment secret, kept because renewals come without.
    #[must_use]
    pub fn enrollment(&self) -> PathBuf {
        self.0.join("enrollment.toml")
    }

    /// The pinned vendor key.
    #[must_use]
    pub fn vendor_key(&self) -> PathBuf {
        self.0.join("vendor.pub")
    }

    /// The consent; its presence means activated.
    #[must_use]
    pub fn activation(&self) -> PathBuf {
        self.0.join("activation.toml")
    }

    /// The consent after it was withdrawn.
    #[must_use]
    pub fn deactivated(&self) -> PathBuf {
        self.0.join("deactivated.toml")
    }

    /// Reports waiting to be sent.
    #[must_use]
    pub fn queue(&self) -> PathBuf {
        self.0.join("queue")
    }

    /// Reports being written.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// What became of every report.
    #[must_use]
    pub fn trail(&self) -> PathBuf {
        self.0.join("trail")
    }

    /// Tokens of mail accounts, and when somebody last signed in.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.0.join("oauth")
    }

    /// What other processes ask of `run`.
    #[must_use]
    pub fn requests(&self) -> PathBuf {
        self.0.join("requests")
    }

    /// The collector state after the report with this sequence.
    #[must_use]
    pub fn state(&self, sequence: u64) -> PathBuf {
        self.0.join(format!("state.{sequence}"))
    }

    /// Watched files and packages as the system report with this sequence said them.
    #[must_use]
    pub fn snapshot(&self, sequence: u64) -> PathBuf {
        self.0.join(format!("snapshot.{sequence}"))
    }

    /// The sequences for which there is a file `PREFIX.SEQUENCE`, ascending.
    ///
    /// # Errors
    /// What the file system said.
    pub fn numbered(&self, prefix: &str) -> io::Result<Vec<u64>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let number: Option<u64> =
                name.to_str().and_then(|name| name.strip_prefix(prefix)?.strip_prefix('.')?.parse().ok());
            found.extend(number);
        }
        found.sort_unstable();
        Ok(found)
    }
}

/// A file that cannot be understood is moved out of the way, so that a person can look at it and work goes on.
pub(crate) fn set_aside(path: &Path) {
    let mut name = path.as_os_str().to_owned();
    name.push(".corrupt");
    if let Err(error) = durable::rename(path, Path::new(&name)) {
        tracing::warn!("{}: cannot be set aside: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_state_of_another_user_is_left_alone_even_by_root() {
        let dir = tempfile::tempdir().unwrap();
        // Only root can give a directory away; for others any directory of root's is another user's.
        let foreign = if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(dir.path(), Some(4711), None).unwrap();
            Home::new(dir.path())
        } else {
            Home::new("/")
        };
        assert!(matches!(foreign.prepare(), Err(HomeError::Foreign { .. })));
        assert!(!foreign.queue().exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_but_the_owner_may_look_into_the_state() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("state"));
        home.prepare().unwrap();
        assert_eq!(fs::metadata(home.dir()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
