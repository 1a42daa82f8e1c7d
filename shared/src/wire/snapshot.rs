//! The watched configuration files after redaction, and what differs from the last report.
//!
//! The agent makes a [`Snapshot`] and says [`diff`]; the receiver holds the last one and says [`apply`]. Both are pure,
//! and `apply(old, diff(old, new)) == new` holds for all snapshots (a property test below).
//! What arrives here is from outside: a change that does not fit what is held is an error, never a guess.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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

    /// Whether nothing is worth a change: all is equal but the size of content with an equal digest.
    fn is_as_it_was(&self, was: &Self) -> bool {
        let size = if self.digest.is_some() && self.digest == was.digest { self.size } else { was.size };
        *self == Self { size, ..was.clone() }
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

/// A change that does not fit what is held.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ApplyError {
    /// The change starts from content that is not the content held.
    #[error("{path}: the change starts from another version than the one held")]
    OtherBase {
        /// The file.
        path: String,
    },
    /// The diff is malformed or its context is not there.
    #[error("{path}: the diff does not apply")]
    DiffDoesNotApply {
        /// The file.
        path: String,
    },
    /// Manifest and changes contradict each other.
    #[error("{path}: {what}")]
    Contradiction {
        /// The file.
        path: String,
        /// What contradicts what.
        what: &'static str,
    },
}

/// What happened between two snapshots, in order of path. A changed text travels whole where `whole` says so of its path, else
/// as a diff.
#[must_use]
pub fn diff(old: &Snapshot, new: &Snapshot, whole: impl Fn(&str) -> bool) -> Vec<Change> {
    let removed = old.iter().filter(|(path, _)| !new.contains_key(*path)).map(|(path, was)| Change {
        path: path.clone(),
        kind: ChangeKind::Removed,
        before: was.entry.digest,
        after: None,
        diff: None,
        text: None,
        owner_before: None,
        mode_before: None,
    });
    let changed = |(path, is): (&String, &WatchedFile)| change(path, old.get(path), is, whole(path));
    let mut changes: Vec<Change> = new.iter().filter_map(changed).chain(removed).collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn change(path: &str, was: Option<&WatchedFile>, is: &WatchedFile, whole: bool) -> Option<Change> {
    if was.is_some_and(|was| was.text == is.text && is.entry.is_as_it_was(&was.entry)) {
        return None;
    }
    let (diff, text) = match (was.and_then(|was| was.text.as_deref()), is.text.as_deref()) {
        (Some(old), Some(new)) if old == new => (None, None),
        (Some(_), Some(new)) if whole => (None, Some(new.to_owned())),
        (Some(old), Some(new)) => shorter(old, new),
        (None, Some(new)) => (None, Some(new.to_owned())),
        (_, None) => (None, None),
    };
    Some(Change {
        path: path.to_owned(),
        kind: if was.is_some() { ChangeKind::Modified } else { ChangeKind::Added },
        before: was.and_then(|was| was.entry.digest),
        after: is.entry.digest,
        diff,
        text,
        owner_before: was
            .and_then(|was| was.entry.owner.clone().filter(|_| was.entry.owner != is.entry.owner)),
        mode_before: was.and_then(|was| was.entry.mode.clone().filter(|_| was.entry.mode != is.entry.mode)),
    })
}

/// A diff, because it shows what changed; the whole text where a long diff would be no shorter.
fn shorter(old: &str, new: &str) -> (Option<String>, Option<String>) {
    const SHORT: usize = 4 * 1024;
    if !worth_comparing(old, new) {
        return (None, Some(new.to_owned()));
    }
    let patch = diffy::create_patch(old, new).to_string();
    if patch.len() < new.len().max(SHORT) { (Some(patch), None) } else { (None, Some(new.to_owned())) }
}

/// Comparing costs (lines x differing lines); two large texts with little in common are not worth it.
fn worth_comparing(old: &str, new: &str) -> bool {
    const SMALL: usize = 2_000;
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    old.lines().for_each(|line| *lines.entry(line).or_default() += 1);
    let (mut total, mut common) = (0_usize, 0_usize);
    for line in new.lines() {
        total += 1;
        if let Some(left) = lines.get_mut(line).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    total < SMALL || common * 2 > total
}

/// The snapshot after a report: `files` is its manifest, `changes` what it says of `old`.
///
/// # Errors
/// [`ApplyError`] where a change does not start from what `old` holds, a diff does not apply, or manifest and changes
/// contradict each other. `old` is untouched then, and nothing of the report should be believed about the files.
pub fn apply(old: &Snapshot, files: &[FileEntry], changes: &[Change]) -> Result<Snapshot, ApplyError> {
    let by_path: BTreeMap<&str, &Change> =
        changes.iter().map(|change| (change.path.as_str(), change)).collect();
    let mut new = Snapshot::new();
    for entry in files {
        let was = old.get(&entry.path);
        let text = match by_path.get(entry.path.as_str()) {
            Some(change) => changed_text(change, was)?,
            None => was
                .ok_or_else(|| {
                    contradiction(&entry.path, "is in the manifest, was not before, and is no change")
                })?
                .text
                .clone(),
        };
        let text = text.filter(|_| entry.state == FileState::Text);
        if text.is_none() && entry.state == FileState::Text {
            return Err(contradiction(&entry.path, "is text, and its text is neither sent nor held"));
        }
        new.insert(entry.path.clone(), WatchedFile { entry: entry.clone(), text });
    }
    for change in changes {
        if (change.kind == ChangeKind::Removed) == new.contains_key(&change.path) {
            return Err(contradiction(&change.path, "manifest and changes disagree on whether it is there"));
        }
    }
    Ok(new)
}

fn contradiction(path: &str, what: &'static str) -> ApplyError {
    ApplyError::Contradiction { path: path.to_owned(), what }
}

fn changed_text(change: &Change, was: Option<&WatchedFile>) -> Result<Option<String>, ApplyError> {
    if was.is_some() != (change.kind == ChangeKind::Modified) {
        return Err(contradiction(&change.path, "added though it was there, or modified though it was not"));
    }
    if was.and_then(|was| was.entry.digest) != change.before {
        return Err(ApplyError::OtherBase { path: change.path.clone() });
    }
    let held = was.and_then(|was| was.text.as_deref());
    match (&change.diff, &change.text) {
        (Some(_), Some(_)) => Err(contradiction(&change.path, "both a diff and a text")),
        (None, Some(text)) => Ok(Some(text.clone())),
        (None, None) => Ok(held.map(str::to_owned)),
        (Some(diff), None) => {
            let fails = || ApplyError::DiffDoesNotApply { path: change.path.clone() };
            let patch = diffy::Patch::from_str(diff).map_err(|_| fails())?;
            diffy::apply(held.ok_or_else(fails)?, &patch).map(Some).map_err(|_| fails())
        }
    }
}

#[cfg(test)]
mod tests;
