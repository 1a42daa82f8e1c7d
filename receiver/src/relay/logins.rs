//! The relay's file of logins (Dovecot's passwd-file, `ADDRESS:HASH` a line), edited while Dovecot reads it.
//!
//! The file is replaced as a whole and keeps owner and mode, so Dovecot sees the old or the new one. Two who edit wait for each other.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use mailbeat_shared::durable;

/// The file, held against others who edit until dropped.
#[derive(Debug)]
pub struct Logins {
    path: PathBuf,
    _lock: File,
}

/// Why the logins could not be edited.
#[derive(Debug, thiserror::Error)]
pub enum LoginsError {
    /// The file cannot be read or written.
    #[error("the relay's logins, {path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A line for the login is there.
    #[error("the relay's logins, {path}, hold {login} already; take its line out first", path = path.display())]
    Taken {
        /// The file.
        path: PathBuf,
        /// The login.
        login: String,
    },
}

impl Logins {
    /// Opens the file for editing; proves that it can be, before anything else is done.
    ///
    /// # Errors
    /// [`LoginsError::File`].
    pub fn open(path: &Path) -> Result<Self, LoginsError> {
        let lock = || {
            // Its directory, because the file itself is replaced.
            let lock = File::open(path.parent().unwrap_or(Path::new(".")))?;
            lock.lock()?;
            OpenOptions::new().append(true).open(path).map(|_| lock)
        };
        match lock() {
            Ok(lock) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(error) => Err(LoginsError::File { path: path.to_owned(), error }),
        }
    }

    /// Lets a login in.
    ///
    /// # Errors
    /// [`LoginsError`]; nothing changed then.
    pub fn add(&self, login: &str, line: &str) -> Result<(), LoginsError> {
        let text = self.at_file(fs::read_to_string(&self.path))?;
        if text.lines().any(|line| is_of(line, login)) {
            return Err(LoginsError::Taken { path: self.path.clone(), login: login.to_owned() });
        }
        self.at_file(self.replace(&appended(&text, line)))
    }

    /// Lets a login in by this line and no other, whether it was there or not.
    ///
    /// # Errors
    /// [`LoginsError`]; nothing changed then.
    pub fn set(&self, login: &str, line: &str) -> Result<(), LoginsError> {
        let text = self.at_file(fs::read_to_string(&self.path))?;
        self.at_file(self.replace(&appended(&without(&text, login), line)))
    }

    /// Shuts a login out; `false` if it was not there.
    ///
    /// # Errors
    /// [`LoginsError`]; nothing changed then.
    pub fn remove(&self, login: &str) -> Result<bool, LoginsError> {
        let text = self.at_file(fs::read_to_string(&self.path))?;
        let rest = without(&text, login);
        if rest == text {
            return Ok(false);
        }
        self.at_file(self.replace(&rest)).map(|()| true)
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let before = fs::metadata(&self.path)?;
        let new = self.path.with_extension("users.new");
        // Nobody but us may open it before it has its owner and mode.
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        fchown(&file, Some(before.uid()), Some(before.gid()))?;
        file.set_permissions(before.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        durable::rename(&new, &self.path)
    }

    fn at_file<T>(&self, result: io::Result<T>) -> Result<T, LoginsError> {
        result.map_err(|error| LoginsError::File { path: self.path.clone(), error })
    }
}

/// The text without the lines of a login.
fn without(text: &str, login: &str) -> String {
    text.split_inclusive('\n').filter(|line| !is_of(line, login)).collect()
}

/// The text with one more line at its end.
fn appended(text: &str, line: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}{line}\n")
}

fn is_of(line: &str, login: &str) -> bool {
    line.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case(login))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_login_is_added_changed_and_removed_and_everything_else_stays_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("smtp.users");
        fs::write(&path, "# by hand\nb@x:{SHA512-CRYPT}$6$b").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let logins = Logins::open(&path).unwrap();
        logins.add("a@x", "a@x:HASH").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "# by hand\nb@x:{SHA512-CRYPT}$6$b\na@x:HASH\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(logins.add("A@x", "A@x:OTHER").unwrap_err().to_string().contains("hold A@x already"));
        logins.set("B@x", "b@x:NEW").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "# by hand\na@x:HASH\nb@x:NEW\n");
        assert!(logins.remove("b@x").unwrap() && !logins.remove("b@x").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "# by hand\na@x:HASH\n");
        logins.set("c@x", "c@x:FIRST").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "# by hand\na@x:HASH\nc@x:FIRST\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_is_not_there_is_named_before_anything_is_done() {
        let said = Logins::open(Path::new("/nonexistent/smtp.users")).unwrap_err().to_string();
        assert!(said.contains("the relay's logins, /nonexistent/smtp.users: "), "{said}");
    }
}
