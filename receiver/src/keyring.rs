//! The vendor's keys for encrypted reports: one file of age identities, one a line, the newest last.
//!
//! Contracts name the newest; all of them open reports, so that a key can be replaced while agents still use the one before. Made at
//! `init`, or at the first contract after an upgrade. Without its file encrypted reports wait in quarantine until it is back.

use std::path::{Path, PathBuf};

use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::sealed::{DecryptionKey, EncryptionKey, KeyError};

/// The keys that open encrypted reports. The default has none.
#[derive(Clone, Debug, Default)]
pub struct Keyring(Vec<DecryptionKey>);

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// It cannot be read or written.
    #[error("encryption keys {path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A line is no key.
    #[error("encryption keys {path}, line {line}: {error}", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        line: usize,
        /// What is wrong; never holds key material.
        error: KeyError,
    },
}

impl Keyring {
    /// No keys.
    pub const NONE: &'static Self = &Self(Vec::new());

    /// The keys of the file; none where there is no file. Blank lines and comments are passed over, as `age` does.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(KeyringError::File { path: path.to_owned(), error }),
        };
        let lines =
            text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let key = |(at, line): (usize, &str)| {
            line.parse().map_err(|error| KeyringError::Line { path: path.to_owned(), line: at + 1, error })
        };
        lines.map(key).collect::<Result<_, _>>().map(Self)
    }

    /// The same, with a first key made and durably written where there is none.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn load_or_create(path: &Path) -> Result<Self, KeyringError> {
        let keyring = Self::load(path)?;
        if !keyring.0.is_empty() {
            return Ok(keyring);
        }
        let key = DecryptionKey::generate();
        let text = format!("# public key: {}\n{}\n", key.public(), key.expose());
        durable::replace(path, text.as_bytes(), Access::Private)
            .map_err(|error| KeyringError::File { path: path.to_owned(), error })?;
        Ok(Self(vec![key]))
    }

    /// The keys, to open a report with.
    #[must_use]
    pub fn keys(&self) -> &[DecryptionKey] {
        &self.0
    }

    /// Whom contracts ask agents to encrypt for.
    #[must_use]
    pub fn newest(&self) -> Option<EncryptionKey> {
        self.0.last().map(DecryptionKey::public)
    }
}

impl From<DecryptionKey> for Keyring {
    fn from(key: DecryptionKey) -> Self {
        Self(vec![key])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_key_is_made_once_private_and_a_newer_one_is_put_below_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("encryption.keys");
        assert!(Keyring::load(&path).unwrap().newest().is_none(), "no file, no key");
        let first = Keyring::load_or_create(&path).unwrap();
        assert_eq!(Keyring::load_or_create(&path).unwrap().newest(), first.newest());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let second = DecryptionKey::generate();
        let text = std::fs::read_to_string(&path).unwrap() + "\n# since June\n" + &second.expose() + "\n";
        std::fs::write(&path, text).unwrap();
        let both = Keyring::load(&path).unwrap();
        assert_eq!((both.keys().len(), both.newest()), (2, Some(second.public())));
    }

    #[test]
    fn a_line_that_is_no_key_is_named_by_its_number_and_not_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("encryption.keys");
        std::fs::write(&path, "# keys\nAGE-SECRET-KEY-1BROKEN\n").unwrap();
        let refused = Keyring::load(&path).unwrap_err().to_string();
        assert!(refused.contains("line 2") && !refused.contains("BROKEN"), "{refused}");
    }
}
