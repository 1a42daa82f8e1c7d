//! The lock of a state directory: `run` and every command that writes hold it; what only reads does not.
//!
//! It is the operating system's lock on a file, so it ends with the process, however that ends. What stands in the file is for
//! people, and believed no further than to name who holds it.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};

use super::{Home, HomeError};

/// Who holds the lock, as written in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process id, where it could be read.
    pub pid: Option<u32>,
    /// Whether it is `run`, which answers requests; otherwise a command that will be done soon.
    pub runs: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.runs { "`mailbeat-agent run`" } else { "another mailbeat-agent" };
        match self.pid {
            Some(pid) => write!(f, "{what} (process {pid})"),
            None => f.write_str(what),
        }
    }
}

/// Held while this process may write; given back when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Home {
    /// Takes the lock; `runs` says whether this process will answer requests.
    ///
    /// # Errors
    /// [`HomeError::InUse`] if another process has it, else [`HomeError::Unusable`].
    pub fn lock(&self, runs: bool) -> Result<Lock, HomeError> {
        let unusable = |error| HomeError::Unusable { path: self.dir().to_owned(), error };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.dir().join("lock"))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(HomeError::InUse { path: self.dir().to_owned(), holder: read_holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let text = format!("{} {}\n", std::process::id(), if runs { "run" } else { "command" });
        file.set_len(0).and_then(|()| file.rewind()).map_err(unusable)?;
        file.write_all(text.as_bytes()).map_err(unusable)?;
        Ok(Lock(file))
    }

    /// Who holds the lock now, if anybody.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        let mut file = File::open(self.dir().join("lock")).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read_holder(&mut file)),
            _ => None,
        }
    }
}

fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    // On Windows a locked file cannot be read by others; then the holder stays unnamed.
    let _ = file.take(64).read_to_string(&mut text);
    let mut words = text.split_whitespace();
    Holder { pid: words.next().and_then(|pid| pid.parse().ok()), runs: words.next() == Some("run") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_is_refused_and_told_who_holds_the_state() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("state"));
        home.prepare().unwrap();
        assert_eq!(home.holder(), None);
        let lock = home.lock(true).unwrap();
        let refused = home.lock(false).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert_eq!(home.holder(), Some(Holder { pid: Some(std::process::id()), runs: true }));
        drop(lock);
        home.lock(false).unwrap();
    }
}
