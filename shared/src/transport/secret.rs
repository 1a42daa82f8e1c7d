//! A text that must not be shown: passwords and tokens from configuration files.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::outcome::{Failure, FailureKind};

/// A secret text. Prints itself as hidden and cannot be serialised, so it reaches no log, error or report by accident.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The first line of a file. `key` is the configuration's word for it, for the message.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] when the file cannot be read.
    pub fn read(key: &str, file: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Failure::new(FailureKind::Settings, format!("{key} {}: {error}", file.display()))
        })?;
        Ok(Self::new(text.lines().next().unwrap_or_default()))
    }

    /// The text itself: only for the line that hands it to a server.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
