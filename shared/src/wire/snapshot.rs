//! The watched configuration files after redaction, and what differs from the last report.
//!
//! The agent makes a [`Snapshot`] and says [`diff()`]; the receiver holds the last one and says [`apply()`]. Both are pure,
//! and `apply(old, diff(old, new)) == new` holds for all snapshots (a property test below).
//! What arrives here is from outside: a change that does not fit what is held is an error, never a guess.

mod apply;
mod diff;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use apply::{ApplyError, apply};
pub use diff::diff;

use super::id::Digest;

/// What a watched path was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Readable text; its redacted content is sent. Only and always this state has text.
    Text,
    /// Text that is not sent, by configuration or because the file is muted; only its keyed digest is.
    Withheld,
    /// Not text; only its keyed digest is sent.
    Binary,
    /// Larger than a watched file may be; only its size is sent.
    TooLarge,
    /// There, but the agent may not read it.
    Unreadable,
    /// A symbolic link; its target is in `detail`.
    Symlink,
    /// Left out because the report would have grown too large.
    Omitted,
}

/// How the bytes of a text file were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, by its byte order mark.
    #[serde(rename = "utf-16")]
    Utf16,
    /// Neither: read as Windows-1252.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// One watched file in the manifest. Every report names every watched file, changed or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEntry {
    /// The path in UTF-8, other bytes as `%XX` (and `%` itself as `%25`).
    pub path: String,
    /// Size on disk in bytes, before redaction.
    pub size: u64,
    /// What it was.
    pub state: FileState,
    /// How its text was read; only for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Keyed digest of the redacted text or of the binary content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Owner and group, `root:root`, where the system has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Permission bits, `0644`, where the system has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// A link's target, or why the file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// It changes in every report, so only its digest is sent until it has been quiet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
}

impl FileEntry {
    /// Whether the content is another one, as far as the manifest tells. Owner and mode are no content, and neither is the
    /// size where there is a digest: with a volatile part left out of the text, the size on disk changes alone.
    #[must_use]
    pub fn differs_in_content(&self, from: &Self) -> bool {
        match (self.digest, from.digest) {
            (Some(is), Some(was)) => is != was,
            _ => {
                (self.digest, self.state, self.size, &self.detail)
                    != (from.digest, from.state, from.size, &from.detail)
            }
        }
    }
}

/// One watched file with its redacted text, if it is sent as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedFile {
    /// What the manifest says of it.
    pub entry: FileEntry,
    /// The redacted text; `None` for what is not sent as text.
    pub text: Option<String>,
}

/// All watched files at one time, by path.
pub type Snapshot = BTreeMap<String, WatchedFile>;

/// How a file differs from the last report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Not in the last report.
    Added,
    /// Other content, state, owner or mode.
    Modified,
    /// In the last report and no longer there.
    Removed,
}

/// One file's difference from the last report. At most one of `diff` and `text` is there; neither means that only
/// digest, state, owner or mode changed or that the content is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The path, as in the manifest.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its digest in the last report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// Its digest now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Digest>,
    /// A unified diff of the redacted texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// The whole redacted text, where there was none before, a long diff would be no shorter, or the configuration wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its owner in the last report, where it has another one now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_before: Option<String>,
    /// Its permission bits in the last report, where it has others now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_before: Option<String>,
}

#[cfg(test)]
mod tests;
