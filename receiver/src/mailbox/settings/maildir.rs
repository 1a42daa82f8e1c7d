//! A `maildir` table.

use std::path::PathBuf;

use serde::Deserialize;

use super::{SettingsError, check_folders, default_folders, default_processed, default_quarantine};
use crate::filing::Target;

/// A Maildir (<https://cr.yp.to/proto/maildir.html>) with folders after Maildir++.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaildirSettings {
    /// What this mailbox is called in the log, the store and on the pages.
    pub name: String,
    /// The directory with `new`, `cur` and `tmp`.
    pub path: PathBuf,
    /// Folders to read.
    #[serde(default = "default_folders")]
    pub folders: Vec<String>,
    /// Where mails go that became part of the store: `Mailbeat/Processed` is the directory `.Mailbeat.Processed`.
    #[serde(default = "default_processed")]
    pub processed: String,
    /// Where mails go that are no report we can believe.
    #[serde(default = "default_quarantine")]
    pub quarantine: String,
    /// How often to look, in seconds.
    #[serde(default = "default_poll_interval")]
    pub poll_interval_s: u64,
}

fn default_poll_interval() -> u64 {
    5
}

impl MaildirSettings {
    /// The default folders, looked at every `poll_interval_s` seconds.
    #[must_use]
    pub fn new(name: &str, path: impl Into<PathBuf>, poll_interval_s: u64) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            folders: default_folders(),
            processed: default_processed(),
            quarantine: default_quarantine(),
            poll_interval_s,
        }
    }

    pub(in super::super) fn check(&self) -> Result<(), SettingsError> {
        if self.poll_interval_s == 0 {
            return Err(SettingsError::Contradiction("`poll_interval_s` must be at least 1"));
        }
        let all = self.folders.iter().chain([&self.processed, &self.quarantine]);
        if let Some(dotted) = all.into_iter().find(|name| name.contains('.')) {
            return Err(SettingsError::Folder(dotted.clone()));
        }
        check_folders(&self.folders, &self.processed, &self.quarantine)
    }

    pub(in super::super) fn target(&self, target: Target) -> &str {
        match target {
            Target::Processed => &self.processed,
            Target::Quarantine => &self.quarantine,
        }
    }
}
